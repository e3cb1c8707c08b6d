"""Panels side by side, with named axes, and labels at the ends of their curves."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .canvas import box, heading_height, new_picture, write
from .style import BLUE, GREEN, GREY, INK, MARGIN, ORANGE, PINK, SUBTITLE

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


def end_labels(axes: Axes, ends: Mapping[str, tuple[float, str]]) -> None:
    """The names of the curves at the right, pushed apart where they would meet."""
    texts, places = [text for _, text in ends.values()], []
    for height, _ in ends.values():
        y = axes.transLimits.transform(axes.transScale.transform((0, height)))[1] if np.isfinite(height) else 1.0
        places.append(float(np.clip(y, 0, 1)))
    gap = 0.19 / float(axes.get_position().height * axes.get_figure(root=True).get_size_inches()[1])  # type: ignore[union-attr]
    order = sorted(range(len(places)), key=places.__getitem__)
    for below, above in pairwise(order):
        places[above] = max(places[above], places[below] + gap)
    over = max(max(places, default=0) - 1, 0)
    for y, text, (colour, _) in zip(places, texts, cycle(LINES)):
        write(axes, 1.03, y - over, text, color=colour, weight="bold", va="center", transform=axes.transAxes, gid="end label")


def short(value: float, digits: int = 6) -> str:
    """A number in so many digits, with a minus sign as printed."""
    return f"{value:,.{digits}g}".replace("-", "−")
