"""A model as boxes and arrows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from minidl.activations import name_of
from minidl.checks import number, true_or_false
from minidl.symbolic import flat

from .canvas import new_picture, write
from .style import GREY, INK, MARGIN

WIDTH, LINE, GAP = 2.7, 0.22, 0.42  # inches: a box, a line of text in it, the way between two boxes
DIRECTIONS = ("TB", "LR")


def plot_model(
    model: Any, to_file: str | os.PathLike[str] | None = "model.png", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = False, rankdir: str = "TB", expand_nested: bool = False, dpi: float = 200,
    show_layer_activations: bool = False, show_trainable: bool = False,
) -> Figure:  # fmt: skip
    """A box for each layer of a connected model, in the order of the computation, and an arrow for what flows; Keras' arguments.

    It is written to ``to_file`` (None: not), missing folders are made, and returned. ``rankdir``: "TB", from top to bottom, or "LR", from
    left to right. ``dpi``: pixels of the file for each inch.

    Raises ValueError for a model that is not connected yet, and for models in the model if ``expand_nested``: draw these by themselves."""
    if not model.calls:
        raise ValueError(f"model {model.name!r} has no connected layers yet: give it an Input, or call build(…)")
    if rankdir not in DIRECTIONS:
        raise ValueError(f"rankdir must be 'TB' or 'LR'; got {rankdir!r}")
    if true_or_false("expand_nested", expand_nested):
        raise ValueError("expand_nested is left out: plot_model(model.get_layer(…)) draws a model in the model")
    shown = {
        "layer_names": show_layer_names, "layer_activations": show_layer_activations, "shapes": show_shapes, "dtype": show_dtype,
        "trainable": show_trainable,
    }  # fmt: skip
    shown = {what: true_or_false(f"show_{what}", given) for what, given in shown.items()}
    texts = {call: _lines(call, shown) for call in model.calls}
    height = LINE * (max(map(len, texts.values())) + 0.6)
    places, across, along = _places(model.calls)
    sizes = (across, along) if rankdir == "TB" else (along, across)
    title = f"{model.name}, {model.count_params():,} parameters"
    figure = new_picture(sizes[0] * (WIDTH + GAP), sizes[1] * (height + GAP), title, "", _in_words(model))
    page = _page(figure)
    top = figure.get_size_inches()[1] - sizes[1] * (height + GAP)
    corners = {}
    for call, (column, row) in places.items():
        x, y = (column, row) if rankdir == "TB" else (row, column)
        corners[call] = MARGIN + x * (WIDTH + GAP) + GAP / 2, top - GAP / 2 + y * (height + GAP)
    for call in model.calls:
        for symbol in flat(call.inputs):
            _arrow(page, corners[symbol.call], corners[call], height, places[call][1] - places[symbol.call][1], rankdir == "TB")
    for call, (left, upper) in corners.items():
        page.add_patch(Rectangle((left, upper), WIDTH, height, facecolor="white", edgecolor=GREY, linewidth=1, zorder=2))
        for i, line in enumerate(texts[call]):
            y = upper + (height - LINE * (len(texts[call]) - 1)) / 2 + i * LINE
            text = write(page, left + WIDTH / 2, y, line, color=INK if i == 0 else GREY, width=WIDTH - 0.15, ha="center", va="center")
            text.set(zorder=3, gid="layer")
    if to_file is not None:
        Path(to_file).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(to_file, dpi=number("dpi", dpi, above=0))
    return figure


def _lines(call: Any, shown: dict[str, bool]) -> list[str]:
    """What stands in a box."""
    layer, kind = call.layer, type(call.layer).__name__
    lines = [f"{layer.name} ({kind})" if shown["layer_names"] else kind]
    if shown["layer_activations"] and hasattr(layer, "activation"):
        lines.append(f"activation: {name_of(layer.activation)}")
    if shown["shapes"]:
        shapes = [str(symbol.shape) for symbol in flat(call.inputs)]
        outputs = [str(symbol.shape) for symbol in call.outputs]
        lines += [f"in: {', '.join(dict.fromkeys(shapes or outputs))}", f"out: {', '.join(dict.fromkeys(outputs))}"]
    if shown["dtype"]:
        lines.append(str(layer.dtype))
    if shown["trainable"]:
        lines.append("trained" if layer.trainable_variables else "not trained" if layer.weights else "nothing to train")
    return lines


def _places(calls: Any) -> tuple[dict[Any, tuple[float, int]], int, int]:
    """(column, row) of each call, how many columns and rows: as many steps from the inputs as the longest way has; rows centred."""
    rows: dict[Any, int] = {}
    for call in calls:
        rows[call] = max((rows[symbol.call] + 1 for symbol in flat(call.inputs)), default=0)
    beside = [[call for call in calls if rows[call] == row] for row in range(max(rows.values()) + 1)]
    columns = max(map(len, beside))
    return {call: ((columns - len(row)) / 2 + i, rows[call]) for row in beside for i, call in enumerate(row)}, columns, len(beside)


def _page(figure: Figure) -> Axes:
    """Axes over the whole figure, in inches from the top left corner."""
    width, height = figure.get_size_inches()
    page = figure.add_axes((0, 0, 1, 1))
    page.set(xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    return page


def _arrow(page: Axes, source: tuple[float, float], target: tuple[float, float], height: float, rows: int, down: bool) -> None:
    """From box to box; in a curve, where there are others between them."""
    start = (source[0] + WIDTH / 2, source[1] + height) if down else (source[0] + WIDTH, source[1] + height / 2)
    end = (target[0] + WIDTH / 2, target[1]) if down else (target[0], target[1] + height / 2)
    bend = "arc3,rad=0" if rows == 1 else f"arc3,rad={0.55 if down else -0.55}"
    page.add_patch(FancyArrowPatch(start, end, connectionstyle=bend, arrowstyle="-|>", mutation_scale=10, color=GREY, linewidth=1.2,
                                   shrinkA=0, shrinkB=0, zorder=1))  # fmt: skip


def _in_words(model: Any) -> str:
    steps = [f"{call.layer.name} after {', '.join(symbol.name for symbol in flat(call.inputs))}" for call in model.calls if call.inputs]
    return f"The layers of {model.name} as boxes and arrows: {'; '.join(steps)}."
