"""The functions that nets are made of: activations with their slopes, and losses of a probability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minidl import activations as known
from minidl.autograd import grad
from minidl.checks import whole
from minidl.tensor import Tensor

from .canvas import box, heading_height, listing, new_picture, write
from .inputs import Numbers
from .style import BLUE, MARGIN, ORANGE, SUBTITLE, TEXT

SIDE, STEP_X, STEP_Y = 2.1, 2.75, 2.95  # inches: a small panel, and the way to the next
ALONE = 1.4  # times as large, if there is only one
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu")


def activations(
    names: Sequence[str | Callable[..., Any]] = ACTIVATIONS, between: tuple[float, float] = (-4.0, 4.0), columns: int = 3,
    title: str | None = None,
) -> Figure:  # fmt: skip
    """Activation functions and their derivatives, one panel for each. ``names``: those of `minidl.activations`, or functions of a Tensor.

    The derivatives are not written down anywhere for this: they are what backpropagation gives."""
    if isinstance(names, str) or not names:
        raise ValueError("names must be a list of activations, and not empty")
    functions = [(name if isinstance(name, str) else getattr(name, "name", "") or name.__name__, known.get(name)) for name in names]
    x = np.linspace(*between, 401)
    curves = [(name, *_with_slope(function, x)) for name, function in functions]
    flat = [name for name, _, slope in curves if np.abs(slope[[0, -1]]).max() < 0.05]
    verb = "is" if len(flat) == 1 else "are"
    finding = f" {listing(flat)} {verb} flat far from 0: there hardly any gradient passes." if flat else ""
    columns = min(whole("columns", columns), len(curves))
    rows = -(-len(curves) // columns)
    side = SIDE * (ALONE if len(curves) == 1 else 1)
    heights = np.concatenate([(y, slope) for _, y, slope in curves], axis=None)
    low, high = max(-1.3, heights.min()), min(2.7, heights.max())
    limits = low - 0.08 * (high - low), high + 0.2 * (high - low)  # the same for all; above there is room for the steepest slope
    subtitle = "solid: the function   dashed: its derivative"
    headline = title or "Activations and their derivatives"
    alt = f"{headline}: {listing([name for name, *_ in curves])}.{finding}"
    figure = new_picture(max(columns * STEP_X - 0.2, 5.6), rows * STEP_Y - 0.2 + side - SIDE, headline, subtitle, alt)
    for i, (name, y, slope) in enumerate(curves):
        row, column = divmod(i, columns)
        left, top = MARGIN + 0.4 + column * STEP_X, heading_height(subtitle) + 0.3 + row * STEP_Y
        axes = box(figure, left, top, side, side, label=name)
        axes.axhline(0, color="#B3B3B3", linewidth=0.8)
        axes.axvline(0, color="#B3B3B3", linewidth=0.8)
        axes.plot(x, y, color=BLUE, linewidth=2.2, label="function")
        axes.plot(x, slope, color=ORANGE, linewidth=1.8, linestyle=(0, (4, 1.6)), label="derivative")
        axes.set(xlim=between, ylim=limits)
        axes.set_xlabel("x", labelpad=1)
        write(figure, left, top - 0.12, name, size=SUBTITLE + 0.5, weight="bold", width=side)
        steepest = f"steepest: {slope.max():.2f}"
        write(axes, 0.04, 0.95, steepest, size=TEXT - 0.5, color=ORANGE, va="top", transform=axes.transAxes, gid="slope",
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2})  # fmt: skip
    return figure


def losses_of_a_probability(title: str | None = None) -> Figure:
    """Cross-entropy −ln p and the squared loss (1 − p)², and their slopes, over the probability p that a model gives to the right class:
    why classifiers are trained with cross-entropy."""
    p = np.linspace(0.004, 1, 400)
    finding = "The surer a wrong answer, the harder cross-entropy pulls; the squared loss lets go"
    subtitle = "solid: cross-entropy −ln p   dashed: squared loss (1 − p)²"
    figure = new_picture(9.6, 3.9, title or finding, subtitle, f"{finding}. At p = 0.01: cross-entropy 4.61 with slope −100, squared loss "
                         "0.98 with slope −1.98.")  # fmt: skip
    panels = [
        ("loss", -np.log(p), (1 - p) ** 2, (0, 5.2)),
        ("slope with respect to p", -1 / p, -2 * (1 - p), (-21, 0.6)),
    ]
    for i, (name, entropy, squared, limits) in enumerate(panels):
        left, top = MARGIN + 0.5 + i * 4.9, heading_height(subtitle) + 0.3
        axes = box(figure, left, top, 4.0, 3.0, label=name)
        axes.plot(p, entropy, color=BLUE, linewidth=2.2, label="cross-entropy")
        axes.plot(p, squared, color=ORANGE, linewidth=2, linestyle=(0, (4, 1.6)), label="squared loss")
        axes.set(xlim=(0, 1), ylim=limits)
        axes.set_xlabel("p, the probability of the right class")
        axes.grid(axis="y", color="#E6E6E6", linewidth=0.8)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
        write(figure, left, top - 0.12, name, size=SUBTITLE + 0.5, weight="bold", width=4.0)
        for text, colour, x, y in (
            ("cross-entropy", BLUE, 0.34 if i else 0.2, 0.62 if i else 0.55),
            ("squared loss", ORANGE, 0.04 if i else 0.02, 0.945 if i else 0.05),
        ):
            write(axes, x, y, text, color=colour, weight="bold", transform=axes.transAxes, gid="curve")
    return figure


def _with_slope(function: Callable[..., Any], x: Numbers) -> tuple[Numbers, Numbers]:
    t = Tensor(x, requires_grad=True)
    y = function(t)
    (slope,) = grad(y.sum(), [t])
    return y.numpy(), slope.numpy()
