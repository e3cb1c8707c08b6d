"""What a convolution looks for: its kernels as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minidl.checks import whole

from .canvas import box, heading_height, new_picture, show, write
from .inputs import Numbers, as_array
from .style import DIVERGING, GREY, MARGIN, SMALL

LEAST_WIDTH = 5.6  # inches: room for the heading


def filters(kernel: Any, count: int = 64, columns: int = 8, title: str | None = None) -> Figure:
    """The kernels of a convolution, (kh, kw, c_in, c_out), numbered as in ``kernel[:, :, :, number]``; the first ``count`` of them.

    Kernels on three channels are colour pictures, each scaled by its largest weight, with mid-grey for 0. Others are heat maps on one
    scale, blue below 0 and orange above; with several input channels, one row per filter and one column per channel (the first 16).

    Raises ValueError for a kernel of another shape or with numbers that are not finite."""
    weights = as_array(kernel, "kernel").astype(np.float64)
    if weights.ndim != 4 or not weights.size:
        raise ValueError(f"kernel must have shape (kh, kw, c_in, c_out), got {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("kernel holds numbers that are not finite")
    count, columns = min(whole("count", count), weights.shape[3]), whole("columns", columns)
    kh, kw, c_in, c_out = weights.shape
    headline = f"{c_out} filters of {kh}×{kw} on {c_in} channels" if c_in > 1 else f"{c_out} filters of {kh}×{kw}"
    headline = headline.replace("1 filters", "1 filter") if c_out == 1 else headline
    of_all = "" if count == c_out else f"the first {count} of "
    if c_in == 3:
        return _colour_filters(weights[..., :count], columns, title or headline, of_all + headline)
    return _heat_maps(weights[..., :count], columns, title or headline, of_all + headline)


def _colour_filters(weights: Numbers, columns: int, title: str, what: str) -> Figure:
    kh, kw, _, count = weights.shape
    largest = np.abs(weights).max(axis=(0, 1, 2), keepdims=True)
    pictures = 0.5 + 0.5 * weights / np.where(largest == 0, 1, largest)
    subtitle = "colour: the weights of red, green and blue, each filter scaled by itself; mid-grey is 0"
    width, height, step_x, step_y, columns = _grid(kh, kw, count, columns)
    figure = new_picture(max(columns * step_x - 0.16, LEAST_WIDTH + 0.6), -(-count // columns) * step_y, title, subtitle,
                         f"Colour pictures of {what}. Each is scaled by its largest weight; mid-grey is 0.")  # fmt: skip
    for k in range(count):
        left, top = _cell(figure, subtitle, k, step_x, step_y, columns)
        show(figure, pictures[..., k], left, top, width, height, "#CCCCCC", 0.6)
    return figure


def _heat_maps(weights: Numbers, columns: int, title: str, what: str) -> Figure:
    kh, kw, c_in, count = weights.shape
    shown = min(c_in, 16)
    if c_in > 1:
        count, columns = min(count, 16), shown
    limit = float(np.abs(weights).max()) or 1.0
    width, height, step_x, step_y, columns = _grid(kh, kw, count * shown, columns, 0.72 if c_in == 1 else 0.46)
    subtitle = "orange: weights above 0, blue: below"
    if c_in > 1:
        subtitle += f"; a row for each filter ({count} shown), a column for each input channel ({shown} shown)"
        step_x, step_y = width + 0.06, height + 0.06
    rows, header = -(-count * shown // columns), 0.3 if c_in > 1 else 0.0
    indent = 0.35 if c_in > 1 else 0.0
    grid_width = indent + columns * step_x
    tall = max(header + rows * step_y, 1.5)
    figure = new_picture(max(grid_width + 0.9, LEAST_WIDTH + (2.2 if c_in > 1 else 0)), tall, title, subtitle,
                         f"Heat maps of {what}, on one scale from −{limit:.2g} to {limit:.2g}.")  # fmt: skip
    top = heading_height(subtitle)
    for k in range(count * shown):
        if c_in == 1:
            left, upper = _cell(figure, subtitle, k, step_x, step_y, columns)
        else:
            row, column = divmod(k, columns)
            left, upper = MARGIN + indent + column * step_x, top + header + row * step_y
            if column == 0:
                write(figure, left - 0.1, upper + height / 2, str(row), size=SMALL, color=GREY, ha="right", va="center", gid="number")
            if row == 0:
                write(figure, left + width / 2, top + 0.16, str(column), size=SMALL, color=GREY, ha="center", va="center", gid="channel")
        heat = weights[:, :, k % shown, k // shown]
        image = show(figure, heat, left, upper, width, height, "#CCCCCC" if c_in == 1 else "", 0.6, cmap=DIVERGING, vmin=-limit, vmax=limit)
    bar_top, bar_height = top + (header or 0.22), max(min(tall - header - 0.32, 2.0), 1.0)
    bar = box(figure, MARGIN + grid_width + 0.2, bar_top, 0.13, bar_height, label="colour bar")
    scale = figure.colorbar(image, cax=bar, ticks=[-limit, 0, limit], format=lambda v, _: f"{v:.2g}".replace("-", "−"))
    scale.outline.set_visible(False)
    bar.tick_params(labelsize=SMALL, colors=GREY, length=0)
    return figure


def _grid(kh: int, kw: int, count: int, columns: int, side: float = 0.72) -> tuple[float, float, float, float, int]:
    """Width and height of a cell, the steps to the next, and the columns really needed."""
    width, height = side * kw / max(kh, kw), side * kh / max(kh, kw)
    return width, height, side + 0.16, height + 0.34, min(columns, count)


def _cell(figure: Figure, subtitle: str, k: int, step_x: float, step_y: float, columns: int) -> tuple[float, float]:
    """Write the number of filter k, and tell where its picture goes."""
    row, column = divmod(k, columns)
    left, top = MARGIN + column * step_x, heading_height(subtitle) + row * step_y
    write(figure, left, top + 0.1, str(k), size=SMALL, color=GREY, va="center", gid="number")
    return left, top + 0.22
