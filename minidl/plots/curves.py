"""How training went: one panel per quantity, training and validation in the same panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from .canvas import box, heading_height, listing, new_picture, write
from .inputs import Numbers, as_array
from .panels import log_axis
from .style import BLUE, GREY, INK, MARGIN, ORANGE, SUBTITLE, TEXT

WIDTH, HEIGHT, LABELS, GUTTER = 3.2, 2.5, 1.05, 0.65  # inches: a panel, the room for labels at its right, the gap to the next panel
Curve = tuple[Numbers, str, str, Any, float]  # values, name, colour, kind of line, width of line
SMALLER = ("loss", "error", "mse", "mae", "rmse", "msle", "mape", "perplexity", "divergence", "crossentropy")
DECADES = 1e4  # a panel whose largest value is more than so many times the least is logarithmic: else it shows one value and a flat line
SETTINGS = ("lr", "learning_rate")  # neither training nor validation: one grey curve
LARGER = ("acc", "auc", "precision", "recall", "f1", "score", "iou", "dice", "r2")


def learning_curves(history: Any, title: str | None = None) -> Figure:
    """One panel per quantity over the epochs, with the best validation epoch marked where it is known which direction is better.

    ``history`` is a dict of lists such as ``{"loss": […], "val_loss": […], "accuracy": […]}``, or what ``fit`` returns. A name that
    starts with ``val_`` goes with the quantity after it. Values that are not finite leave gaps.

    Raises ValueError if it is empty or the lists differ in length."""
    while hasattr(history, "history"):  # a model's .history is what fit returned, and that has one too
        history = history.history
    curves = _curves(history)
    epochs = len(next(iter(curves.values())))
    quantities = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    best = {q: _best(q, curves["val_" + q]) for q in quantities if "val_" + q in curves}
    headline, sentence = _headline(quantities, curves, best, epochs)

    columns = min(2, len(quantities))  # three would be so wide that a page shows their letters too small
    rows = -(-len(quantities) // columns)
    cell_width, cell_height = 0.55 + WIDTH + LABELS, 0.35 + HEIGHT + 0.55
    subtitle = "dashed: training   solid: validation" if best and epochs > 1 else ""
    if subtitle and any(epoch is not None for epoch in best.values()):
        subtitle += "   ring: the best validation epoch"
    figure = new_picture(
        columns * cell_width + (columns - 1) * (GUTTER - 0.55), rows * cell_height + (rows - 1) * 0.3, title or headline, subtitle,
        f"Learning curves of {listing(quantities)} over {_epochs(epochs)}. {sentence}",
    )  # fmt: skip
    for i, quantity in enumerate(quantities):
        row, column = divmod(i, columns)
        left = MARGIN + 0.55 + column * (cell_width + GUTTER - 0.55)
        top = heading_height(subtitle) + 0.35 + row * (cell_height + 0.3)
        axes = box(figure, left, top, WIDTH, HEIGHT, label=quantity)
        write(figure, left, top - 0.14, quantity.replace("_", " "), size=SUBTITLE + 0.5, weight="bold", width=WIDTH)
        if quantity in SETTINGS:
            _panel(axes, [(curves[quantity], "", GREY, "-", 2.0)], None)
            continue
        pair: list[Curve] = [(curves[quantity], "training", BLUE, (0, (4, 1.6)), 1.8)] if quantity in curves else []
        pair += [(curves["val_" + quantity], "validation", ORANGE, "-", 2.2)] if "val_" + quantity in curves else []
        _panel(axes, pair, best.get(quantity))
    return figure


def _curves(history: Any) -> dict[str, Numbers]:
    if not isinstance(history, Mapping):
        raise TypeError(f"history must be what fit returned, or a dict of lists; got {type(history).__name__}")
    curves = {str(name): as_array(values, f"history[{name!r}]").astype(float) for name, values in history.items() if str(name) != "epoch"}
    for name, values in curves.items():
        if values.ndim != 1 or not len(values):
            raise ValueError(f"history[{name!r}] must be a list with one number per epoch, got shape {values.shape}")
    if not curves:
        raise ValueError("history is empty: nothing was trained yet")
    if len({len(values) for values in curves.values()}) > 1:
        raise ValueError("history: all lists must have one number per epoch, got " + ", ".join(f"{n}: {len(v)}" for n, v in curves.items()))
    return curves


def _direction(quantity: str) -> int:
    """−1 where less is better, 1 where more is, 0 where nobody knows."""
    name = quantity.lower()
    return -1 if any(word in name for word in SMALLER) else 1 if any(word in name for word in LARGER) else 0


def _best(quantity: str, values: Numbers) -> int | None:
    direction = _direction(quantity)
    finite = values[np.isfinite(values)]
    if not direction or not len(finite) or (len(values) > 1 and finite.min() == finite.max()):  # of equals, none is best
        return None
    return int(np.where(np.isfinite(values), direction * values, -np.inf).argmax())


def _headline(quantities: list[str], curves: dict[str, Numbers], best: dict[str, int | None], epochs: int) -> tuple[str, str]:
    """The finding, as a title and as a sentence."""
    found = [q for q in quantities if best.get(q) is not None]
    found.sort(key=_direction, reverse=True)  # an accuracy says more than a loss
    if found:
        quantity = found[0]
        epoch = best[quantity] or 0
        value = _value(curves["val_" + quantity][epoch])
        finding = f"validation {quantity.replace('_', ' ')} was best in epoch {epoch + 1} of {epochs}: {value}"
        if epochs == 1:
            finding = f"validation {quantity.replace('_', ' ')} after one epoch: {value}"
    else:
        quantity = quantities[0]
        first, last = (_value(v) for v in curves.get(quantity, curves.get("val_" + quantity, np.zeros(1)))[[0, -1]])
        finding = f"{quantity.replace('_', ' ')} went from {first} to {last} in {_epochs(epochs)}"
        if np.ptp(curves.get(quantity, curves.get("val_" + quantity, np.zeros(1)))) == 0:
            finding = f"{quantity.replace('_', ' ')} stayed at {last} in {_epochs(epochs)}"
        if epochs == 1:
            finding = f"{quantity.replace('_', ' ')} after one epoch: {last}"
    finding = finding[0].upper() + finding[1:]
    return finding, finding + "."


def _panel(axes: Axes, drawn: list[Curve], best: int | None) -> None:
    """Draw the curves; ``best`` is the epoch to mark on the last one."""
    count = len(drawn[0][0])
    marker: dict[str, Any] = {"marker": "o", "markersize": 4.5 if count > 1 else 7} if count <= 12 else {}
    for place, (values, name, colour, line, width) in enumerate(drawn):  # a dashed first one lies on top: it shows where both are equal
        axes.plot(np.arange(1, count + 1), np.where(np.isfinite(values), values, np.nan), color=colour, linestyle=line, linewidth=width,
                  label=name or "_", clip_on=False, zorder=3.5 - place / 10, solid_capstyle="round", **marker)  # fmt: skip
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    _limits(axes, [values for values, *_ in drawn])
    axes.set_xlim((0.5, 1.5) if count == 1 else (1 - 0.03 * (count - 1), count))
    axes.xaxis.set_major_locator(FixedLocator(_ticks(count)))
    if axes.get_yscale() == "linear":
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}".replace("-", "−"))
    axes.set_xlabel("epoch")
    if best is not None and count > 1:
        axes.plot([best + 1], [drawn[-1][0][best]], "o", markersize=10, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.4,
                  clip_on=False, zorder=4, label="best validation epoch")  # fmt: skip
        axes.axvline(best + 1, color=GREY, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    _end_labels(axes, [(name, colour, values) for values, name, colour, *_ in drawn])


def _limits(axes: Axes, curves: list[Numbers]) -> None:
    values = np.concatenate(curves)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low > 0 and high > DECADES * low:
        return log_axis(axes)
    room = 0.07 * (high - low) or 0.1 * abs(high) or 0.1
    bottom = 0.0 if 0 <= low < 0.35 * high else low - room  # zero is shown where it is near
    axes.set_ylim(bottom, high + room)


def _ticks(epochs: int) -> list[int]:
    step = next(s * 10**power for power in range(9) for s in (1, 2, 5) if epochs / (s * 10**power) <= 6.5)
    first = [1] if step > 2 else []
    return first + list(range(step, epochs + 1, step))


def _end_labels(axes: Axes, curves: list[tuple[str, str, Numbers]]) -> None:
    """The name and last value of each curve at its right end, pushed apart where they would meet."""
    height = (SUBTITLE * 2.9) / 72 / HEIGHT  # two lines of text, as a share of the panel
    ends: list[tuple[float, str, str, str]] = []
    for name, colour, values in curves:
        finite = np.flatnonzero(np.isfinite(values))
        last = float(values[finite[-1]]) if len(finite) else np.nan
        at = axes.transLimits.transform(axes.transScale.transform((1, last)))[1] if len(finite) else 0.5
        after = values[-1] if len(finite) else last
        gone = "" if np.isfinite(after) else f" → {'NaN' if np.isnan(after) else '∞' if after > 0 else '−∞'}"
        ends.append((float(at), name, colour, _value(last) + (gone if len(finite) else "")))
    ends.sort()
    places = [end[0] for end in ends]
    if len(ends) == 2 and places[1] - places[0] < height:
        middle = min(max(sum(places) / 2, height), 1 - height)
        places = [middle - height / 2, middle + height / 2]
    for y, (_, name, colour, value) in zip(places, ends):
        x = 1 + 0.13 / WIDTH
        line = 0.23 * height if name else 0.0
        write(axes, x, y + line, name, color=colour, size=TEXT, weight="bold", va="center", transform=axes.transAxes, gid="end label")
        write(axes, x, y - line, value, color=colour, size=TEXT, width=LABELS - 0.08, va="center", transform=axes.transAxes,
              gid="end value")  # fmt: skip


def _value(value: float) -> str:
    if not np.isfinite(value):
        return "not finite"
    return (f"{value:.3f}" if 1e-2 <= abs(value) < 1e3 or value == 0 else f"{value:.2e}").replace("-", "−")


def _epochs(count: int) -> str:
    return "one epoch" if count == 1 else f"{count} epochs"
