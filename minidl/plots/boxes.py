"""The architecture of a model as a picture: its layers as boxes, in the order of the computation."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from minidl.symbolic import Call, flat

from .canvas import heading_height, new_picture, number, write
from .style import BLUE, GREEN, GREY, INK, MARGIN, ORANGE, PINK, SMALL, SUBTITLE, TEXT

WIDTH, HEIGHT, STEP_X, STEP_Y = 3.3, 0.62, 3.7, 0.98  # inches: a box, and the way to the next
TINTS = {"Conv": BLUE, "Pool": GREEN, "Dense": ORANGE, "Dropout": PINK, "Normalization": PINK}


def architecture(model: Any, title: str | None = None) -> Figure:
    """The layers of a model as boxes from top to bottom, each with its class, the shape of its output and its number of parameters; arrows
    show what flows where. ``model``: with connected layers."""
    if not getattr(model, "calls", None):
        raise ValueError("this needs a model whose layers are connected: Model(inputs, outputs), or a Sequential with an Input")
    levels = _levels(list(model.calls))
    rows: dict[int, list[Call]] = {}
    for call, level in levels.items():
        rows.setdefault(level, []).append(call)
    across = max(map(len, rows.values()))
    total = model.count_params()
    subtitle = f"{number(total)} parameters in {len(model.layers)} layers; shapes without the batch"
    told = "; ".join(f"{call.layer.name} {_shape(call)}" for call in model.calls)
    width = max(across * STEP_X - (STEP_X - WIDTH), 5.6)
    figure = new_picture(width, len(rows) * STEP_Y - 0.2, title or f"{model.name}", subtitle, f"{model.name}: {subtitle}. {told}.")
    w, h = figure.get_size_inches()
    places: dict[Call, tuple[float, float]] = {}
    for level, calls in rows.items():
        for i, call in enumerate(calls):
            left = MARGIN + (width - (len(calls) * STEP_X - (STEP_X - WIDTH))) / 2 + i * STEP_X
            places[call] = left, heading_height(subtitle) + level * STEP_Y
    for call, (left, top) in places.items():
        for symbol in flat(call.inputs):
            x, y = places[symbol.call]
            arrow = ((x + WIDTH / 2) / w, 1 - (y + HEIGHT + 0.02) / h), ((left + WIDTH / 2) / w, 1 - (top - 0.02) / h)
            figure.add_artist(FancyArrowPatch(*arrow, transform=figure.transFigure, arrowstyle="-|>", mutation_scale=9, color=GREY,
                                              linewidth=1, shrinkA=0, shrinkB=0))  # fmt: skip
        kind = type(call.layer).__name__
        colour = next((tint for word, tint in TINTS.items() if word in kind), GREY)
        style = "round,pad=0,rounding_size=0.01"
        place = (left / w, 1 - (top + HEIGHT) / h)
        figure.add_artist(FancyBboxPatch(place, WIDTH / w, HEIGHT / h, boxstyle=style, transform=figure.transFigure, facecolor="white",
                                         edgecolor=colour, linewidth=1.6, mutation_aspect=w / h))  # fmt: skip
        write(figure, left + 0.12, top + 0.2, call.layer.name, size=SUBTITLE, weight="bold", color=INK, width=1.9, va="center", gid="name")
        write(figure, left + 0.12, top + 0.43, kind + _details(call.layer), size=SMALL, color=GREY, width=1.9, va="center", gid="kind")
        write(figure, left + WIDTH - 0.12, top + 0.2, _shape(call), size=TEXT, width=1.2, ha="right", va="center", gid="shape")
        parameters = call.layer.count_params()
        text = f"{number(parameters)} parameters" if parameters else "no parameters"
        write(figure, left + WIDTH - 0.12, top + 0.43, text, size=SMALL, color=GREY, width=1.3, ha="right", va="center", gid="parameters")
    return figure


def _levels(calls: list[Call]) -> dict[Call, int]:
    """How many steps each call is from the inputs, at most."""
    levels: dict[Call, int] = {}
    for call in calls:
        levels[call] = max((levels[symbol.call] + 1 for symbol in flat(call.inputs)), default=0)
    return levels


def _shape(call: Call) -> str:
    return " × ".join("?" if n is None else str(n) for n in call.outputs[0].shape[1:])


def _details(layer: Any) -> str:
    """What is most worth knowing: the size of windows, the rate."""
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    rate = getattr(layer, "rate", None)
    return f" {size[0]}×{size[1]}" if isinstance(size, tuple) and len(size) == 2 else f" {rate:g}" if isinstance(rate, float) else ""
