"""Diagrams of what computes: a net as circles and lines, and the graph of a calculation with its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from minidl.autograd import backward_steps
from minidl.checks import whole
from minidl.tensor import Tensor

from .canvas import bare_box, heading_height, new_picture, number, write
from .panels import short
from .style import BLUE, FAINT, GREEN, GREY, INK, MARGIN, ORANGE, SMALL, SUBTITLE, TEXT

MOST = 8  # circles in a column; of more, the first and the last are shown
SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "power": "^", "matmul": "@"}
BOX, STEP = (1.42, 0.8), (2.15, 1.08)  # inches: a box of a graph, and the way to the next

Place = tuple[float, float]


def neurons(sizes: Sequence[int], names: Sequence[str] = (), title: str | None = None) -> Figure:
    """A fully connected net as circles and lines: ``sizes`` neurons in each layer, the inputs first. ``names``: of the layers.

    The heading counts its parameters: one weight for each line, one bias for each neuron behind the inputs."""
    sizes = [whole("a layer's size", size) for size in sizes]
    if len(sizes) < 2:
        raise ValueError("sizes needs the inputs and at least one layer")
    weights, biases = sum(a * b for a, b in pairwise(sizes)), sum(sizes[1:])
    names = list(names) or ["inputs", *["hidden layer"] * (len(sizes) - 2), "outputs"]
    if len(names) != len(sizes):
        raise ValueError(f"{len(sizes)} layers need as many names, got {len(names)}")
    total = number(weights + biases)
    lines, circles = (f"{number(n)} {word}{'' if n == 1 else end}" for n, word, end in ((weights, "weight", "s"), (biases, "bias", "es")))
    counted = f"{lines} (lines) + {circles} (circles behind the inputs) = {total} parameters"
    heading = title or f"A fully connected net, {' → '.join(number(size) for size in sizes)}"
    told = ", ".join(f"{name}: {size}" for name, size in zip(names, sizes))
    shown = [min(size, MOST) for size in sizes]
    width, height = max(1.9 * len(sizes), 5.6), max(0.5 * max(shown) + 0.5, 1.6)
    figure = new_picture(width, height, heading, counted, f"{heading}. {told}. {counted}.")
    axes = _sheet(figure, width, height, counted)
    middle = (height - 0.45) / 2
    columns = [[(width * (i + 0.5) / len(sizes), middle + 0.5 * (k - (n - 1) / 2)) for k in range(n)] for i, n in enumerate(shown)]
    for i, (left, right) in enumerate(pairwise(columns)):
        for a in _seen(left, sizes[i]):
            for b in _seen(right, sizes[i + 1]):
                axes.plot(*zip(a, b), color=FAINT, linewidth=0.7, zorder=1)
    for i, (places, size, name) in enumerate(zip(columns, sizes, names)):
        colour = BLUE if i == 0 else ORANGE if i == len(sizes) - 1 else GREEN
        x, y = zip(*_seen(places, size))
        axes.plot(x, y, "o", markersize=19, color="white", markeredgecolor=colour, markeredgewidth=2, zorder=2, linestyle="none")
        if size > MOST:
            write(axes, *places[MOST // 2], "⋮", size=SUBTITLE + 3, ha="center", va="center", gid="more")
        write(axes, places[0][0], height - 0.1, f"{name}: {number(size)}", color=colour, weight="bold", ha="center", gid="layer",
              width=width / len(sizes) - 0.1, name=True)  # fmt: skip
    return figure


def computation_graph(y: Tensor, gradients: bool = True, title: str | None = None) -> Figure:
    """The calculation that made the number ``y``, from left to right: each value in a box, with the op that made it; and, in orange,
    dy/dvalue. Where a value is used more than once, each arrow carries what it contributes to that gradient.

    ``y``: one number; a Tensor's ``name`` is written in its box. ValueError for arrays: there is no room for their numbers."""
    if not isinstance(y, Tensor) or y.node is None:
        raise ValueError("y must be a Tensor that was computed from others, with requires_grad=True")
    order = _calculated(y)
    if big := [t for t in order if t.size != 1]:
        raise ValueError(f"each value must be one number; there is one of shape {big[0].shape}")
    steps = {step.output: step for step in backward_steps(y)} if gradients else {}
    total: dict[Tensor, float] = {y: 1.0} if gradients else {}
    for step in steps.values():
        for x, g in zip(step.inputs, step.grads):
            if g is not None:
                total[x] = total.get(x, 0.0) + float(g.item())
    places = _places(order)
    columns, rows = (max(place[k] for place in places.values()) + 1 for k in (0, 1))
    width, height = (columns - 1) * STEP[0] + BOX[0], (rows - 1) * STEP[1] + BOX[1]
    subtitle = "in each box: the value; in orange: the derivative of the result by that value" if gradients else "in each box: its value"
    told = "; ".join(
        f"{_label(t)}: {short(float(t.item()), 4)}" + (f", derivative {short(total[t], 4)}" if t in total else "") for t in order
    )
    figure = new_picture(max(width, 5.6), height, title or "The graph of the calculation", subtitle, f"{title or 'A graph'}. {told}.")
    axes = _sheet(figure, max(width, 5.6), height, subtitle)
    centre = {t: (BOX[0] / 2 + c * STEP[0], BOX[1] / 2 + r * STEP[1]) for t, (c, r) in places.items()}
    uses = Counter(x for t in order for x in _inputs(t))
    for t in order:
        given = _inputs(t)
        for k, x in enumerate(given):
            (x0, y0), (x1, y1) = centre[x], centre[t]
            start, end = (x0 + BOX[0] / 2, y0), (x1 - BOX[0] / 2, y1)
            bend = (0.22 if k else -0.22) if given.count(x) > 1 else _around(start, end, centre.values())
            axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=10, color=GREY,
                                           connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0, linewidth=1, zorder=1))  # fmt: skip
            g = steps[t].grads[_slots(t)[k]] if t in steps else None
            if g is not None and uses[x] > 1:
                at = x1 - BOX[0] / 2 - 0.34, y1 - (y1 - y0) * 0.34 / (STEP[0] - BOX[0]) * (x1 - x0 > BOX[0]) + 1.2 * bend
                adds = short(float(g.item()), 4)
                write(axes, *at, adds, size=SMALL, color=ORANGE, ha="center", va="center", gid="contribution",
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6}, zorder=2)  # fmt: skip
    for t, (x, middle) in centre.items():
        colour = BLUE if t.node is None else INK if t is y else GREY
        axes.add_patch(FancyBboxPatch((x - BOX[0] / 2, middle - BOX[1] / 2), *BOX, boxstyle="round,pad=0,rounding_size=0.08",
                                      facecolor="white", edgecolor=colour, linewidth=1.5, zorder=3, clip_on=False))  # fmt: skip
        has = t in total
        write(axes, x, middle - (0.24 if has else 0.15), _label(t), size=SMALL + 0.5, color=GREY if t.node else BLUE, weight="bold",
              width=BOX[0] - 0.1, ha="center", va="center", gid="op", zorder=4)  # fmt: skip
        write(axes, x, middle + (0.0 if has else 0.15), short(float(t.item()), 4), ha="center", va="center", gid="value", zorder=4)
        if has:
            write(axes, x, middle + 0.25, short(total[t], 4), size=TEXT, color=ORANGE, ha="center", va="center", gid="gradient", zorder=4)
    return figure


def _sheet(figure: Figure, width: float, height: float, subtitle: str) -> Axes:
    """Axes over the content, in inches from its top left corner."""
    axes = bare_box(figure, MARGIN, heading_height(subtitle), width, height)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_clip_on(False)
    axes.patch.set_alpha(0)
    return axes


def _seen(places: list[Place], size: int) -> list[Place]:
    """Where circles stand: all places, or all but the one for the dots."""
    return [place for k, place in enumerate(places) if size <= MOST or k != MOST // 2]


def _slots(t: Tensor) -> list[int]:
    return [k for k, x in enumerate((t.node and t.node.inputs) or ()) if isinstance(x, Tensor)]


def _inputs(t: Tensor) -> list[Tensor]:
    return [t.node.inputs[k] for k in _slots(t)] if t.node and t.node.inputs else []


def _calculated(y: Tensor) -> list[Tensor]:
    """y and all it was made of, inputs before what is made of them; the left input first."""
    order: list[Tensor] = []
    todo: list[tuple[Tensor, bool]] = [(y, False)]
    seen: set[Tensor] = set()
    while todo:
        t, ready = todo.pop()
        if ready:
            order.append(t)
        elif t not in seen:
            seen.add(t)
            todo.append((t, True))
            todo += [(x, False) for x in reversed(_inputs(t))]
    return order


def _places(order: list[Tensor]) -> dict[Tensor, Place]:
    """Column and row of each value: an op stands to the right of its inputs, half-way between them; a leaf just left of its first use."""
    column: dict[Tensor, int] = {}
    for t in order:
        column[t] = max((column[x] + 1 for x in _inputs(t)), default=0)
    for t in order:
        if not _inputs(t):
            column[t] = min((column[u] for u in order if any(x is t for x in _inputs(u))), default=1) - 1
    row: dict[Tensor, float] = {}
    taken: dict[int, list[float]] = {}
    leaves = 0
    for t in order:
        if _inputs(t):
            wish = float(np.mean([row[x] for x in _inputs(t)]))
        else:
            wish, leaves = float(leaves), leaves + 1
        others = taken.setdefault(column[t], [])
        tries = (at for k in range(2 * len(order)) for at in (wish + k / 2, wish - k / 2))
        row[t] = next(at for at in tries if at >= 0 and all(abs(at - other) >= 1 for other in others))
        others.append(row[t])
    return {t: (column[t], row[t]) for t in order}


def _around(start: Place, end: Place, boxes: Iterable[Place]) -> float:
    """How much an arrow must be bent so that it meets no box: the control point of matplotlib's arc3, as a share of the length."""
    s = np.linspace(0.03, 0.97, 40)
    (x0, y0), (x1, y1) = start, end
    for bend in (0.0, -0.13, 0.13, -0.22, 0.22, -0.32, 0.32, -0.45, 0.45):
        x = (1 - s) ** 2 * x0 + 2 * s * (1 - s) * ((x0 + x1) / 2 - bend * (y1 - y0)) + s**2 * x1
        y = (1 - s) ** 2 * y0 + 2 * s * (1 - s) * ((y0 + y1) / 2 + bend * (x1 - x0)) + s**2 * y1
        aside = (np.hypot(*(np.maximum(abs(at - c) - side / 2, 0) for at, c, side in zip((x, y), box, BOX))) for box in boxes)
        if all((gap > 0.02).all() for gap in aside):
            return bend
    return 0.0


def _label(t: Tensor) -> str:
    """The name and the op, as in "c = a × b"."""
    if t.node is None:
        return t.name or ""
    sign = SIGNS.get(t.node.op.name, t.node.op.name)
    words = [(x.name or "·") if isinstance(x, Tensor) else short(float(x)) for x in t.node.inputs or () if x is not None]
    if t.node.op.name in SIGNS and len(words) == 2:
        made = f"{words[0]} {sign} {words[1]}" if words != ["·", "·"] else sign
    else:
        made = f"{sign}({words[0]})" if words and words[0] != "·" else sign
    return f"{t.name} = {made}" if t.name else made
