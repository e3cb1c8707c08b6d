"""A loss over two parameters, as a map or in space, with walks downhill on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, product
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from minidl.ledger import Ledger
from minidl.tensor import Tensor

from .canvas import heading_height, new_picture
from .inputs import Numbers
from .panels import LEFT, LINES, key, key_width, name_axes, panels, short, space
from .style import BLUES, FAINT, GREYS, INK, MARGIN, ORANGE, SMALL

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


def loss_surface(
    loss: Callable[[float, float], Any], w: Range, b: Range, walks: Any = None, names: tuple[str, str] = ("w", "b"), kind: str = "contour",
    title: str | None = None,
) -> Figure:  # fmt: skip
    """The loss over two parameters, as contour lines, or ``kind="3d"`` as a surface. ``loss`` is a function of both; ``w`` and ``b``:
    from, to. ``walks``: a `Ledger` or a dictionary of several, drawn as paths; the ring is the start, the star the least loss found."""
    if kind not in ("contour", "3d"):
        raise ValueError(f"kind must be 'contour' or '3d'; got {kind!r}")
    land = surface(loss, w, b)
    paths = walks_of(walks)
    finding = _lowest(land, names)
    subtitle = "ring: the start   dot: the end   star: the least loss" if paths else ""
    alt = f"{finding}. " + " ".join(told(label, walk, names) for label, walk in paths.items())
    if kind == "3d":
        return _in_space(land, paths, names, title or finding, subtitle, alt)
    room = key_width(list(paths))
    figure, (axes,) = panels(1, title or finding, subtitle, alt, width=5.6, height=4.4, room=room + 0.2)
    draw_map(axes, land, paths, names)
    key(figure, MARGIN + LEFT + 5.6 + 0.15, heading_height(subtitle) + 0.05, list(paths) if room else [], room)
    return figure


# ---------------------------------------------------------------- drawing


def contours(axes: Axes, x: Numbers, y: Numbers, losses: Numbers) -> None:
    """Contour lines with their values, the darker the higher."""
    levels = _levels(losses, 14)
    axes.contourf(x, y, losses, levels=levels, cmap=GREYS, extend="both")
    lines = axes.contour(x, y, losses, levels=levels, colors=FAINT, linewidths=0.5)
    axes.clabel(lines, levels[1::3], fontsize=SMALL - 0.5, fmt=lambda v: f"{v:.4g}", inline_spacing=3)


def draw_map(axes: Axes, land: Land, paths: Walks, names: tuple[str, str]) -> None:
    ws, bs, losses = land.ws, land.bs, land.losses
    contours(axes, ws, bs, losses)
    for (label, walk), (colour, line) in zip(paths.items(), cycle(LINES)):
        x, y = (walk.path(name) for name in names)
        marker: dict[str, Any] = {"marker": "o", "markersize": 2.8} if len(x) <= 60 else {}
        axes.plot(x, y, color=colour, linestyle=line, linewidth=1.8, label=label, zorder=4, **marker)
        mark_ends(axes, x, y, colour=colour)
    if not land.flat:
        axes.plot(land.best[:1], land.best[1:], "*", label="least loss", **STAR)
    axes.set(xlim=(ws[0], ws[-1]), ylim=(bs[0], bs[-1]))
    name_axes(axes, *names)
    axes.grid(False)


def mark_ends(axes: Axes, *at: Numbers, colour: str = ORANGE) -> None:
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
        mark_ends(axes, *place, colour=colour)
    key(figure, MARGIN + 6.2, heading_height(subtitle) + 0.05, list(paths) if room else [], room)
    return figure


# ---------------------------------------------------------------- numbers


def surface(loss: Callable[[float, float], Any], w: Range, b: Range) -> Land:
    ws, bs = (np.linspace(*bounds(given, name), GRID) for given, name in ((w, "w"), (b, "b")))
    with np.errstate(all="ignore"):
        losses = np.array([[as_float(loss(float(one), float(other))) for one in ws] for other in bs])
        if not np.isfinite(losses).any():
            raise ValueError("the loss is finite nowhere in this range")
        losses = np.where(np.isfinite(losses), losses, np.nan)
        row, column = np.unravel_index(np.nanargmin(losses), losses.shape)
        return Land(ws, bs, losses, *finer(loss, [float(ws[column]), float(bs[row])], [ws, bs]))


def finer(loss: Callable[..., Any], best: list[float], grids: Sequence[Numbers]) -> tuple[list[float], float]:
    """The lowest point and its loss, looked for around the lowest one of a grid: a coarse one would name a point beside the bottom."""
    steps, least = [float(grid[1] - grid[0]) for grid in grids], as_float(loss(*best))
    for _ in range(FINER):
        around = [np.clip(x + step * np.linspace(-1, 1, 9), grid[0], grid[-1]) for x, step, grid in zip(best, steps, grids)]
        for point in product(*around):
            here = as_float(loss(*map(float, point)))
            if here < least:
                best, least = [*map(float, point)], here
        steps = [step / 4 for step in steps]
    return best, least


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


def told(label: str, walk: Ledger, names: tuple[str, str]) -> str:
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


def bounds(given: Range, name: str) -> Range:
    low, high = (float(v) for v in given)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"{name} must be (from, to) with from < to; got {given!r}")
    return low, high


def as_float(value: Any) -> float:
    return float(value.item() if isinstance(value, Tensor) else value)
