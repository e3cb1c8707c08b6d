"""Gradient descent, from the error of one example to optimisers that race on one surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minidl import optimizers
from minidl.ledger import Ledger, descend

from .canvas import heading_height, listing, text_width, write
from .inputs import Numbers, as_array, same_length
from .panels import GUTTER, LEFT, LINES, end_labels, key, log_axis, name_axes, panels, plain, short
from .style import BLUE, GREY, INK, MARGIN, ORANGE, TEXT
from .surfaces import Range, Walks, as_float, bounds, draw_map, finer, mark_ends, surface, told, walks_of


def errors(x: Any, y: Any, w: float, b: float, x_label: str = "x", y_label: str = "y", title: str | None = None) -> Figure:
    """The line ŷ = w·x + b through the data, with the error y − ŷ of each example; and beside it the squared errors and their mean.

    ``x``, ``y``: numbers of shape (n,). Raises ValueError if their lengths differ or something is not finite."""
    x, y = _flat(x, "x"), _flat(y, "y")
    same_length(x=x, y=y)
    error = y - (w * x + b)
    loss = float(np.mean(error**2))
    finding = f"ŷ = {short(w)}·x {'+' if b >= 0 else '−'} {short(abs(b))}: mean squared error {plain(loss)}"
    mean = float(error.mean()) if abs(error.mean()) > 1e-9 * np.abs(error).max() else 0.0  # what rounding leaves of 0 is called 0
    subtitle = f"the mean of the errors is {short(mean, 4)}"
    if error.min() < 0 < error.max():
        subtitle += ": those above and below cancel, their squares do not"
    figure, (left, right) = panels(2, title or finding, subtitle, f"{finding}. {len(x)} examples; {subtitle}.",
                                     width=3.5, room=0.45, titled=True)  # fmt: skip
    left.vlines(x, w * x + b, y, color=[BLUE if e >= 0 else ORANGE for e in error], linewidth=1.4, zorder=2, label="error")
    ends = np.array([x.min(), x.max()]) + np.array([-0.06, 0.06]) * (np.ptp(x) or 1)
    left.plot(ends, w * ends + b, color=INK, linewidth=1.8, zorder=3, label="line")
    left.plot(x, y, "o", color="white", markeredgecolor=INK, markersize=5, zorder=4, label="data")
    name_axes(left, x_label, y_label, "errors  y − ŷ")
    order = np.argsort(x, kind="stable")
    right.bar(np.arange(len(x)), error[order] ** 2, color=[BLUE if e >= 0 else ORANGE for e in error[order]], width=0.75, label="squares")
    right.axhline(loss, color=INK, linewidth=1.4, linestyle=(0, (5, 2)))
    said = plain(loss) if loss < 1e4 else short(loss, 4)
    write(right, 1.02, loss, f"mean\n{said}", va="center", size=TEXT, transform=right.get_yaxis_transform(), gid="mean")
    right.set_xlim(-0.7, len(x) - 0.3)
    right.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    name_axes(right, f"example, in the order of {x_label}", "(y − ŷ)²", "squared errors")
    return figure


def loss_curve(
    loss: Callable[[float], Any], between: Range, name: str = "w", marks: Sequence[float] = (), walk: Any = None, title: str | None = None,
    y_label: str = "loss",
) -> Figure:  # fmt: skip
    """The loss over one parameter, which ``loss`` is a function of; ``between``: from, to. ``marks``: values whose loss is written beside
    them. ``walk``: a `Ledger`, or a list of values: the steps downhill are drawn on the curve."""
    low, high = bounds(between, "between")
    values = np.linspace(low, high, 241)
    losses = np.array([as_float(loss(float(v))) for v in values])
    best = int(np.nanargmin(losses))
    (lowest,), least = finer(loss, [float(values[best])], [values])
    lowest = lowest if abs(lowest) > 1e-9 * (high - low) else 0.0
    finding = f"The loss is least at {name} = {short(lowest, 3)}" if 0 < best < 240 else f"The loss over {name}"
    subtitle = "" if walk is None else "ring: the start   dot: the end"
    figure, (axes,) = panels(1, title or finding, subtitle, f"{finding}: {short(least)}.", width=6.4, height=3.6)
    axes.plot(values, losses, color=BLUE, linewidth=2.2, label="loss", zorder=2)
    axes.set_xlim(low, high)
    name_axes(axes, name, y_label)
    if walk is not None:
        points = walk.path(name) if isinstance(walk, Ledger) else _flat(walk, "walk")
        heights = np.array([as_float(loss(float(v))) for v in points])
        axes.plot(points, heights, "o-", color=ORANGE, markersize=4.5, linewidth=1.1, label="walk", zorder=3)
        mark_ends(axes, points, heights)
    for i, value in enumerate(marks):
        height = as_float(loss(float(value)))
        level = 0.93 - 0.085 * i  # each at its own height, so that close ones do not meet
        axes.plot([value], [height], "o", color=INK, markersize=6, zorder=4, label="mark")
        text = f"{name} = {short(float(value))}: {plain(height)}"
        half = (text_width(text, TEXT) / 2 + 0.05) / 6.4 * (high - low)
        middle = min(max(value, low + half), max(high - half, low + half))  # within the panel
        axes.annotate("", (value, height), (value, level - 0.03), textcoords=axes.get_xaxis_transform(),
                      arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.8, "linestyle": (0, (1, 2))})  # fmt: skip
        write(axes, middle, level, text, ha="center", va="center", transform=axes.get_xaxis_transform(), gid="mark", zorder=5,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
    return figure


def optimizer_race(
    walks: Walks, loss: Callable[[float, float], Any], w: Range | None = None, b: Range | None = None,
    names: tuple[str, str] = ("w", "b"), title: str | None = None,
) -> Figure:  # fmt: skip
    """Several walks on one surface, and their losses over the updates. ``walks``: `Ledger` objects by label; ``w``, ``b``: from, to (by
    default, what the walks need)."""
    paths = walks_of(walks)
    if not paths:
        raise ValueError("walks is empty: give a dictionary of label and Ledger")
    arriving = [walk for walk in paths.values() if walk.path("loss")[-1] <= walk.path("loss")[0]] or [*paths.values()]
    w, b = (given or _around([walk.path(name) for walk in arriving]) for given, name in zip((w, b), names))
    ends = {label: float(walk.path("loss")[-1]) for label, walk in paths.items()}
    finite = {label: end for label, end in ends.items() if np.isfinite(end)}
    winner = min(finite, key=finite.__getitem__) if finite else ""
    steps = max(len(walk["loss"]) for walk in paths.values())
    finding = f"After {steps} updates " + (f"{winner} is lowest: loss {short(finite[winner], 4)}" if winner else "none has arrived")
    alt = f"{finding}. " + " ".join(told(label, walk, names) for label, walk in paths.items())
    subtitle = "ring: the start   dot: the end   star: the least loss"
    width, room = 3.5, 1.4
    figure, (left, right) = panels(2, title or finding, subtitle, alt, width=width, height=3.5, room=room)
    draw_map(left, surface(loss, w, b), paths, names)
    key(figure, MARGIN + LEFT + width + 0.15, heading_height(subtitle) + 0.05, list(paths), room + GUTTER - 0.75 - 0.15)
    _losses(right, paths)
    return figure


def learning_rate_sweep(
    loss: Callable[..., Any], start: Mapping[str, float], rates: Sequence[float], steps: int = 30, optimizer: Any = optimizers.SGD,
    title: str | None = None,
) -> Figure:  # fmt: skip
    """What the learning rate changes: the loss over the updates of one walk for each of ``rates``. ``loss`` is a function of the
    parameters in ``start``; ``optimizer``: a class, called with each learning rate."""
    paths = {f"η = {short(rate)}": descend(loss, dict(start), optimizer(rate), steps) for rate in rates}
    if not paths:
        raise ValueError("rates is empty")
    first = float(next(iter(paths.values())).path("loss")[0])
    ends = {label: float(walk.path("loss")[-1]) for label, walk in paths.items()}
    bad = [label for label, end in ends.items() if not end <= first]
    good = {label: end for label, end in ends.items() if label not in bad}
    best = min(good, key=good.__getitem__) if good else ""
    finding = f"{best} comes lowest in {steps} updates" if best else "Every rate is too large"
    sentence = f"{listing(bad)} {'moves' if len(bad) == 1 else 'move'} away from the minimum" if bad else "none moves away from the minimum"
    figure, (axes,) = panels(1, title or finding, sentence, f"{finding}; {sentence}.", width=6.0, height=3.8, room=1.6)
    _losses(axes, paths)
    return figure


def _losses(axes: Axes, paths: Walks) -> None:
    """The loss of each walk over its updates, up to a thousand times what it began with; on a logarithmic scale where that helps."""
    curves = {label: walk.path("loss") for label, walk in paths.items()}
    highest = max((1e3 * abs(float(values[0])) for values in curves.values() if np.isfinite(values[0])), default=np.inf)
    curves = {label: np.where(np.abs(values) <= highest, values, np.nan) for label, values in curves.items()}
    finite = np.concatenate([values[np.isfinite(values)] for values in curves.values()])
    for (label, values), (colour, line) in zip(curves.items(), cycle(LINES)):
        shown = np.where(np.isfinite(values), values, np.nan)
        axes.plot(np.arange(len(values)), shown, color=colour, linestyle=line, linewidth=2, label=label)
    if len(finite) and finite.min() > 0 and finite.max() > 20 * finite.min():
        log_axis(axes)
    axes.set_xlim(0, max(max(map(len, curves.values())) - 1, 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    name_axes(axes, "update", "loss")
    ends = {}
    for label, values in curves.items():
        known = np.flatnonzero(np.isfinite(values))
        gone = len(known) < len(values)
        ends[label] = (float(values[known[-1]]) if len(known) else float("nan"), f"{label}, diverges" if gone else label)
    end_labels(axes, ends)


def _around(paths: Sequence[Numbers]) -> Range:
    values = np.concatenate([path[np.isfinite(path) & (np.abs(path) < 1e6)] for path in paths])
    low, high = (float(values.min()), float(values.max())) if len(values) else (-1.0, 1.0)
    room = 0.15 * (high - low) or 1.0
    return low - room, high + room


def _flat(values: Any, name: str) -> Numbers:
    array = as_array(values, name).astype(float).reshape(-1)
    if not len(array) or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, and at least one")
    return array
