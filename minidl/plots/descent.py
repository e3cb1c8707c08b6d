"""Gradient descent, from the error of one example to optimisers that race on one surface."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, product
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from minidl import optimizers
from minidl.ledger import Ledger, descend
from minidl.tensor import Tensor

from .canvas import heading_height, listing, new_picture, text_width, write
from .inputs import Numbers, as_array, same_length
from .panels import GUTTER, LEFT, LINES, end_labels, key, key_width, log_axis, name_axes, panels, plain, short, space
from .style import BLUE, BLUES, FAINT, GREY, GREYS, INK, MARGIN, ORANGE, SMALL, TEXT

GRID = 61  # points along each side of a surface
FINER = 4  # times that the lowest point of a grid is looked for again, each time four times as finely
STAR: dict[str, Any] = {"color": "white", "markeredgecolor": INK, "markersize": 13, "zorder": 6}

Range = tuple[float, float]
Walks = Mapping[str, Ledger]


class Land(NamedTuple):
    """A loss over two parameters: on a grid, and where it is least."""

    ws: Numbers
    bs: Numbers
    losses: Numbers
    best: list[float]
    least: float

    @property
    def flat(self) -> bool:
        return bool(np.nanmax(self.losses) == np.nanmin(self.losses))


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
    low, high = _range(between, "between")
    values = np.linspace(low, high, 241)
    losses = np.array([_number(loss(float(v))) for v in values])
    best = int(np.nanargmin(losses))
    (lowest,), least = _finer(loss, [float(values[best])], [values])
    lowest = lowest if abs(lowest) > 1e-9 * (high - low) else 0.0
    finding = f"The loss is least at {name} = {short(lowest, 3)}" if 0 < best < 240 else f"The loss over {name}"
    subtitle = "" if walk is None else "ring: the start   dot: the end"
    figure, (axes,) = panels(1, title or finding, subtitle, f"{finding}: {short(least)}.", width=6.4, height=3.6)
    axes.plot(values, losses, color=BLUE, linewidth=2.2, label="loss", zorder=2)
    axes.set_xlim(low, high)
    name_axes(axes, name, y_label)
    if walk is not None:
        points = walk.path(name) if isinstance(walk, Ledger) else _flat(walk, "walk")
        heights = np.array([_number(loss(float(v))) for v in points])
        axes.plot(points, heights, "o-", color=ORANGE, markersize=4.5, linewidth=1.1, label="walk", zorder=3)
        _end(axes, points, heights)
    for i, value in enumerate(marks):
        height = _number(loss(float(value)))
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


def loss_surface(
    loss: Callable[[float, float], Any], w: Range, b: Range, walks: Any = None, names: tuple[str, str] = ("w", "b"), kind: str = "contour",
    title: str | None = None,
) -> Figure:  # fmt: skip
    """The loss over two parameters, as contour lines, or ``kind="3d"`` as a surface. ``loss`` is a function of both; ``w`` and ``b``:
    from, to. ``walks``: a `Ledger` or a dictionary of several, drawn as paths; the ring is the start, the star the least loss found."""
    if kind not in ("contour", "3d"):
        raise ValueError(f"kind must be 'contour' or '3d'; got {kind!r}")
    land = _surface(loss, w, b)
    paths = walks_of(walks)
    finding = _lowest(land, names)
    subtitle = "ring: the start   dot: the end   star: the least loss" if paths else ""
    alt = f"{finding}. " + " ".join(_told(label, walk, names) for label, walk in paths.items())
    if kind == "3d":
        return _in_space(land, paths, names, title or finding, subtitle, alt)
    room = key_width(list(paths))
    figure, (axes,) = panels(1, title or finding, subtitle, alt, width=5.6, height=4.4, room=room + 0.2)
    _contours(axes, land, paths, names)
    key(figure, MARGIN + LEFT + 5.6 + 0.15, heading_height(subtitle) + 0.05, list(paths) if room else [], room)
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
    alt = f"{finding}. " + " ".join(_told(label, walk, names) for label, walk in paths.items())
    subtitle = "ring: the start   dot: the end   star: the least loss"
    width, room = 3.5, 1.4
    figure, (left, right) = panels(2, title or finding, subtitle, alt, width=width, height=3.5, room=room)
    _contours(left, _surface(loss, w, b), paths, names)
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


# ---------------------------------------------------------------- what the panels show


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


def contours(axes: Axes, x: Numbers, y: Numbers, losses: Numbers) -> None:
    """Contour lines with their values, the darker the higher."""
    levels = _levels(losses, 14)
    axes.contourf(x, y, losses, levels=levels, cmap=GREYS, extend="both")
    lines = axes.contour(x, y, losses, levels=levels, colors=FAINT, linewidths=0.5)
    axes.clabel(lines, levels[1::3], fontsize=SMALL - 0.5, fmt=lambda v: f"{v:.4g}", inline_spacing=3)


def _contours(axes: Axes, land: Land, paths: Walks, names: tuple[str, str]) -> None:
    ws, bs, losses = land.ws, land.bs, land.losses
    contours(axes, ws, bs, losses)
    for (label, walk), (colour, line) in zip(paths.items(), cycle(LINES)):
        x, y = (walk.path(name) for name in names)
        marker: dict[str, Any] = {"marker": "o", "markersize": 2.8} if len(x) <= 60 else {}
        axes.plot(x, y, color=colour, linestyle=line, linewidth=1.8, label=label, zorder=4, **marker)
        _end(axes, x, y, colour=colour)
    if not land.flat:
        axes.plot(land.best[:1], land.best[1:], "*", label="least loss", **STAR)
    axes.set(xlim=(ws[0], ws[-1]), ylim=(bs[0], bs[-1]))
    name_axes(axes, *names)
    axes.grid(False)


def _end(axes: Axes, *at: Numbers, colour: str = ORANGE) -> None:
    """A ring where a walk starts, a dot where it ends."""
    ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": colour, "markeredgewidth": 1.8}
    axes.plot(*(values[:1] for values in at), "o", markersize=9, zorder=5, label="_start", **ring)
    axes.plot(*(values[-1:] for values in at), "o", markersize=7, color=colour, zorder=5, label="_end")


def _in_space(land: Land, paths: Walks, names: tuple[str, str], title: str, subtitle: str, alt: str) -> Figure:
    ws, bs, losses = land.ws, land.bs, land.losses
    room = key_width(list(paths))
    figure = new_picture(6.2 + room, 4.9, title, subtitle, alt)
    axes = space(figure, heading_height(subtitle), 6.4, names)
    axes.plot_surface(*np.meshgrid(ws, bs), losses, cmap=BLUES.reversed(), alpha=0.8, linewidth=0, antialiased=True, rcount=60, ccount=60)
    lift = 0.01 * float(np.nanmax(losses) - np.nanmin(losses))
    halo = withStroke(linewidth=4, foreground="white")  # a blue line is seen on blue, too
    if paths and lift:
        axes.plot(land.best[:1], land.best[1:], [land.least + lift], "*", label="least loss", **STAR)
    for (label, walk), (colour, line) in zip(paths.items(), cycle(LINES)):
        x, y, z = walk.path(names[0]), walk.path(names[1]), walk.path("loss")
        inside = (x >= ws[0]) & (x <= ws[-1]) & (y >= bs[0]) & (y <= bs[-1])
        look: dict[str, Any] = {"color": colour, "linestyle": line, "linewidth": 2, "path_effects": [halo]}
        look |= {"marker": "o", "markersize": 2.8} if len(x) <= 60 else {}
        place = [np.where(inside, values, np.nan) for values in (x, y, z + lift)]
        axes.plot(*place, zorder=4, label=label, **look)
        _end(axes, *place, colour=colour)
    key(figure, MARGIN + 6.2, heading_height(subtitle) + 0.05, list(paths) if room else [], room)
    return figure


# ---------------------------------------------------------------- numbers


def _finer(loss: Callable[..., Any], best: list[float], grids: Sequence[Numbers]) -> tuple[list[float], float]:
    """The lowest point and its loss, looked for around the lowest one of a grid: a coarse one would name a point beside the bottom."""
    steps, least = [float(grid[1] - grid[0]) for grid in grids], _number(loss(*best))
    for _ in range(FINER):
        around = [np.clip(x + step * np.linspace(-1, 1, 9), grid[0], grid[-1]) for x, step, grid in zip(best, steps, grids)]
        for point in product(*around):
            here = _number(loss(*map(float, point)))
            if here < least:
                best, least = [*map(float, point)], here
        steps = [step / 4 for step in steps]
    return best, least


def _surface(loss: Callable[[float, float], Any], w: Range, b: Range) -> Land:
    ws, bs = (np.linspace(*_range(given, name), GRID) for given, name in ((w, "w"), (b, "b")))
    with np.errstate(all="ignore"):
        losses = np.array([[_number(loss(float(one), float(other))) for one in ws] for other in bs])
        if not np.isfinite(losses).any():
            raise ValueError("the loss is finite nowhere in this range")
        losses = np.where(np.isfinite(losses), losses, np.nan)
        row, column = np.unravel_index(np.nanargmin(losses), losses.shape)
        return Land(ws, bs, losses, *_finer(loss, [float(ws[column]), float(bs[row])], [ws, bs]))


def _levels(losses: Numbers, count: int) -> Numbers:
    """Contour levels that are dense where the surface is flat."""
    low, high = float(np.nanmin(losses)), float(np.nanmax(losses))
    if not high > low:
        return np.array([low, low + 1])
    levels: Numbers = low + (high - low) * np.linspace(0.02, 1, count) ** 2
    unit = 10 ** np.floor(np.log10(levels[1] - levels[0]))  # the smallest gap: what is rounded to it stays apart, and is soon read
    rounded: Numbers = unit * np.round(levels / unit)
    return rounded if (np.diff(rounded) > 0).all() else levels


def _lowest(land: Land, names: tuple[str, str]) -> str:
    if land.flat:
        return f"The loss is {short(land.least, 4)} everywhere"
    place = ", ".join(f"{name} = {short(value, 2)}" for name, value in zip(names, land.best))
    least = land.least if abs(land.least) > 1e-6 * np.nanmax(np.abs(land.losses)) else 0.0  # so near to 0, it is what the search left
    return f"Least loss {short(least)}, near {place}"


def _told(label: str, walk: Ledger, names: tuple[str, str]) -> str:
    start, end = ([short(float(walk.path(name)[i]), 3) for name in names] for i in (0, -1))
    first, last = (short(float(walk.path("loss")[i]), 4) for i in (0, -1))
    who = label or "The walk"
    return f"{who} goes from ({', '.join(start)}), loss {first}, to ({', '.join(end)}), loss {last}, in {len(walk['loss'])} updates."


def walks_of(walks: Any) -> dict[str, Ledger]:
    """A Ledger, or several by label, as a dictionary."""
    found = {"": walks} if isinstance(walks, Ledger) else dict(walks or {})
    for label, walk in found.items():
        if not isinstance(walk, Ledger):
            raise TypeError(f"walks must be Ledger objects, as minidl.descend returns them; {label!r} is {type(walk).__name__}")
    return {str(label): walk for label, walk in found.items()}


def _around(paths: Sequence[Numbers]) -> Range:
    values = np.concatenate([path[np.isfinite(path) & (np.abs(path) < 1e6)] for path in paths])
    low, high = (float(values.min()), float(values.max())) if len(values) else (-1.0, 1.0)
    room = 0.15 * (high - low) or 1.0
    return low - room, high + room


def _range(given: Range, name: str) -> Range:
    low, high = (float(v) for v in given)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"{name} must be (from, to) with from < to; got {given!r}")
    return low, high


def _flat(values: Any, name: str) -> Numbers:
    array = as_array(values, name).astype(float).reshape(-1)
    if not len(array) or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, and at least one")
    return array


def _number(value: Any) -> float:
    return float(value.item() if isinstance(value, Tensor) else value)
