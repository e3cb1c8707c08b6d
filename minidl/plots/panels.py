"""Panels side by side, with named axes, and labels at the ends of their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle, pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from .canvas import box, heading_height, new_picture, text_width, write
from .style import BLUE, GREEN, GREY, INK, MARGIN, ORANGE, PINK, SMALL, SUBTITLE, TEXT

WIDTH, HEIGHT, LEFT, GUTTER = 4.2, 3.0, 0.75, 0.95  # inches: a panel, the room for its y axis, the gap to the next panel
LINES: tuple[tuple[str, Any], ...] = (
    (ORANGE, "-"), (BLUE, (0, (5, 1.5))), (GREEN, (0, (1, 1.2))), (PINK, (0, (5, 1.5, 1, 1.5))), (INK, (0, (8, 2))), (GREY, (0, (3, 3))),
)  # fmt: skip


def panels(
    count: int, title: str, subtitle: str, alt: str, width: float = WIDTH, height: float = HEIGHT, room: float = 0.0, titled: bool = False
) -> tuple[Figure, list[Axes]]:
    """``count`` panels side by side; ``room``: inches for labels at the right of each."""
    step, above = LEFT + width + room + GUTTER - 0.75, 0.35 if titled else 0.05
    figure = new_picture(count * step - (GUTTER - 0.75), above + height + 0.55, title, subtitle, alt)
    top = heading_height(subtitle) + above
    return figure, [box(figure, MARGIN + LEFT + i * step, top, width, height, label=f"panel {i}") for i in range(count)]


def name_axes(axes: Axes, x: str, y: str, title: str = "") -> None:
    """The names of the axes, faint lines, few ticks; ``title`` stands above the panel."""
    axes.set(xlabel=x, ylabel=y)
    axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    axes.set_axisbelow(True)
    if axes.get_yscale() == "linear":
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.4g}".replace("-", "−"))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.4g}".replace("-", "−"))
    if title:
        write(axes, 0, 1.03, title, size=SUBTITLE + 0.5, weight="bold", va="bottom", transform=axes.transAxes, gid="panel")


def log_axis(axes: Axes) -> None:
    """A logarithmic y axis for what was drawn: labelled at the powers of ten, and between them where it spans few."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < 100 * low:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5) if high < 4 * low else LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: short(value, 3))
    else:
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_minor_formatter(NullFormatter())


def space(figure: Figure, above: float, width: float, names: tuple[str, str]) -> Any:
    """Axes for a surface over two parameters: below so many inches, and so wide. A higher zorder lies on top: no surface hides a walk."""
    w, h = figure.get_size_inches()
    axes: Any = figure.add_axes((0.2 / w, 0.25 / h, width / w, 1 - (above + 0.25) / h), projection="3d", label="panel 0")
    axes.computed_zorder = False
    axes.set(xlabel=names[0], ylabel=names[1], zlabel="loss")
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(nbins=5))
        axis.set_major_formatter(lambda value, _: short(value, 4))
        axis.set_pane_color((0.97, 0.97, 0.97))
        axis.line.set_color("#B3B3B3")
        axis.label.set(color=GREY, fontsize=TEXT)
        axis.labelpad = 7
        axis._axinfo["grid"].update(color="#E6E6E6", linewidth=0.8)
    axes.tick_params(labelsize=SMALL, colors=GREY)
    axes.view_init(elev=28, azim=-58)
    return axes


def key(figure: Figure, left: float, top: float, labels: Sequence[str], width: float) -> None:
    """The names of lines drawn in the order of `LINES`, below each other, each with a piece of its line. In inches; see `key_width`."""
    w, h = figure.get_size_inches()
    for i, (label, (colour, line)) in enumerate(zip(labels, cycle(LINES))):
        y = top + 0.12 + 0.24 * i
        piece = [left / w, (left + 0.42) / w], [1 - y / h] * 2
        figure.add_artist(Line2D(*piece, color=colour, linestyle=line, linewidth=2, transform=figure.transFigure, gid="key"))
        write(figure, left + 0.5, y, label, color=colour, weight="bold", width=max(width - 0.5, 0.3), name=True, va="center", gid="path")


def key_width(labels: Sequence[str]) -> float:
    """The inches that `key` needs for these names: nothing if there are none, not more than 2.2."""
    return min(2.2, 0.55 + max(text_width(label, TEXT, "bold") for label in labels)) if any(labels) else 0.0


def end_labels(axes: Axes, ends: Mapping[str, tuple[float, str]]) -> None:
    """The names of the curves at the right, pushed apart where they would meet."""
    texts, places = [text for _, text in ends.values()], []
    for height, _ in ends.values():
        y = axes.transLimits.transform(axes.transScale.transform((0, height)))[1] if np.isfinite(height) else 1.0
        places.append(float(np.clip(y, 0, 1)))
    inches = float(axes.bbox.height) / axes.figure.dpi
    gap = min(0.19 / inches, 1 / max(len(places) - 1, 1))
    size = min(TEXT, gap * inches * 72 / 1.3)
    order = sorted(range(len(places)), key=places.__getitem__)
    for below, above in pairwise(order):
        places[above] = max(places[above], places[below] + gap)
    highest = 1.0
    for i in reversed(order):  # and down again, where they were pushed beyond the panel; the others stay at their curves
        places[i] = min(places[i], highest)
        highest = places[i] - gap
    for y, text, (colour, _) in zip(places, texts, cycle(LINES)):
        write(axes, 1.03, y, text, size=size, color=colour, weight="bold", va="center", transform=axes.transAxes, gid="end label")


def short(value: float, digits: int = 6) -> str:
    """A number in so many digits, with a minus sign as printed."""
    return f"{value:,.{digits}g}".replace("-", "−")


def plain(value: float) -> str:
    """A number with two decimals, where these say what it is and are not lost behind many digits."""
    return f"{value:,.2f}".replace("-", "−") if value == 0 or 0.1 <= abs(value) < 1e6 else short(value, 4)
