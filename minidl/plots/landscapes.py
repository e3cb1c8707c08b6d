"""What cannot be seen directly: the loss around a solution with thousands of parameters, and the border between classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minidl.checks import whole

from .canvas import heading_height, new_picture, text_width, write
from .inputs import Numbers, as_labels, as_names, same_length
from .panels import name_axes, panels, short, space
from .style import BLUE, BLUES, GREEN, GREY, INK, ORANGE, PINK, TEXT
from .surfaces import contours

SIDE, MOST = 4.6, 24  # inches of the plane; how many classes are named beside it
COLOURS, MARKS = (BLUE, ORANGE, GREEN, PINK, INK), ("o", "s", "^", "D", "v")


def loss_landscape(
    model: Any, x: Any, y: Any, span: float = 1.0, points: int = 21, seed: int = 0, kind: str = "contour", title: str | None = None
) -> Figure:
    """The loss of a trained, compiled model around its weights, along two random directions, each filter of them as long as the model's own
    (Li et al. 2018, "Visualizing the loss landscape of neural nets"): from −``span`` to ``span`` of them, ``points``² evaluations on the
    data. The weights are the same afterwards."""
    if kind not in ("contour", "3d"):
        raise ValueError(f"kind must be 'contour' or '3d'; got {kind!r}")
    if (points := whole("points", points)) < 2:
        raise ValueError("points must be at least 2: a landscape has a width")
    start = [np.array(w, float) for w in model.get_weights()]
    trainable = {id(w) for w in model.trainable_variables}
    moving = [id(w) in trainable for w in model.weights]
    rng = np.random.default_rng(seed)
    directions = [[_direction(w, rng) if moves else np.zeros_like(w) for w, moves in zip(start, moving)] for _ in range(2)]
    steps = np.linspace(-span, span, points)
    losses = np.empty((points, points))

    def loss() -> float:
        return float(model.evaluate(x, y, verbose=0, batch_size=256, return_dict=True)["loss"])

    middle = loss()
    try:
        for i, b in enumerate(steps):
            for j, a in enumerate(steps):
                model.set_weights([w + a * u + b * v for w, u, v in zip(start, *directions)])
                losses[i, j] = loss()
    finally:
        model.set_weights(start)
    worst = float(np.max(losses, initial=middle, where=np.isfinite(losses)))
    finding = f"The loss around the solution: {short(middle, 3)} there, up to {short(worst, 3)} around it"
    subtitle = f"two random directions, ±{short(span, 2)} times the length of each filter"
    if kind == "3d":
        page = new_picture(6.2, 4.9, title or finding, subtitle, f"{finding}.")
        around = space(page, heading_height(subtitle), 6.4, ("direction 1", "direction 2"))
        around.plot_surface(*np.meshgrid(steps, steps), losses, cmap=BLUES.reversed(), linewidth=0, rcount=points, ccount=points)
        return page
    subtitle += "; cross: the trained weights"
    figure, (axes,) = panels(1, title or finding, subtitle, f"{finding}.", width=4.8, height=4.8, room=0.2)
    contours(axes, steps, steps, losses)
    axes.plot([0], [0], "x", color=ORANGE, markersize=11, markeredgewidth=3, zorder=5, label="solution")
    name_axes(axes, "direction 1", "direction 2")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
    axes.grid(False)
    return figure


def decision_boundary(
    model: Any, x: Any, y: Any, class_names: Iterable[Any] | None = None, points: int = 121, names: tuple[str, str] = ("x₁", "x₂"),
    title: str | None = None,
) -> Figure:  # fmt: skip
    """Which class a model with two inputs answers where, and how surely (the paler, the less), with the examples. ``x``: (n, 2); ``y``:
    labels (n,), (n, 1) or one-hot. ``model``: anything with ``predict``."""
    examples = Examples(x, y, class_names, whole("points", points))
    return boundary_picture(examples, examples.ask(model), names, title)


class Examples:
    """Examples in the plane, and the grid of points around them that a model is asked about. ValueError where they do not fit."""

    def __init__(self, x: Any, y: Any, class_names: Iterable[Any] | None, points: int):
        self.x = np.asarray(x, float)
        if self.x.ndim != 2 or self.x.shape[1] != 2 or not len(self.x):
            raise ValueError(f"x must have shape (n, 2): two features that span the plane; got {self.x.shape}")
        self.labels, self.class_names = as_labels(y, "y"), None if class_names is None else list(class_names)
        same_length(x=self.x, y=self.labels)
        low, high = self.x.min(axis=0), self.x.max(axis=0)
        room = 0.12 * np.where(high > low, high - low, 1)
        self.first, self.second = (np.linspace(low[k] - room[k], high[k] + room[k], points) for k in (0, 1))

    def ask(self, model: Any) -> tuple[Numbers, Numbers]:
        """The probabilities (points, points, classes) of the grid, and those (n, classes) of the examples."""
        grid = np.stack(np.meshgrid(self.first, self.second), axis=-1).reshape(-1, 2)
        answers = _probabilities(model, np.concatenate([grid, self.x]))
        return answers[: len(grid)].reshape(len(self.second), len(self.first), -1), answers[len(grid) :]

    def finding(self, own: Numbers) -> str:
        return f"{int((own.argmax(axis=1) == self.labels).sum())} of {len(self.x)} examples lie on the right side"


def boundary_picture(
    examples: Examples, answers: tuple[Numbers, Numbers], names: tuple[str, str] = ("x₁", "x₂"), title: str | None = None
) -> Figure:
    """See `decision_boundary`; ``answers``: what `Examples.ask` gave."""
    grid, own = answers
    known = as_names(examples.class_names, max(grid.shape[2], int(examples.labels.max()) + 1))
    finding = examples.finding(own)
    named = known[:MOST]
    room = min(2.2, max(text_width(name, TEXT) for name in [*named, "and more"]))
    figure, (axes,) = panels(1, title or finding, "colour: the answer   line: the border between answers   shapes: the examples",
                             f"{finding}. Classes: {', '.join(known)}.", width=SIDE, height=SIDE, room=0.5 + room)  # fmt: skip
    draw_answers(axes, examples, grid)
    for k, name in enumerate(known):
        at, mark, y_text = examples.x[examples.labels == k], MARKS[(k + k // 5) % 5], 0.97 - min(0.07, 1 / (len(named) + 1)) * k
        axes.plot(at[:, 0], at[:, 1], mark, color=COLOURS[k % 5], markeredgecolor="white", markeredgewidth=0.6, markersize=6, label=name)
        size = min(TEXT, SIDE * 72 / 1.3 / (len(named) + 1))  # many names are small, and do not meet
        if k < MOST:
            axes.plot([1.05], [y_text], mark, color=COLOURS[k % 5], transform=axes.transAxes, clip_on=False, markersize=7, label="_key")
            write(axes, 1.09, y_text, name, size=size, width=room + 0.05, name=True, va="center", transform=axes.transAxes, gid="class")
        elif k == MOST:
            write(axes, 1.04, y_text, f"and {len(known) - MOST} more", size=size, color=GREY, va="center", transform=axes.transAxes)
    axes.set(xlim=examples.first[[0, -1]], ylim=examples.second[[0, -1]])
    name_axes(axes, *names)
    axes.grid(False)
    return figure


def draw_answers(axes: Axes, examples: Examples, grid: Numbers) -> list[Artist]:
    """The answers as tints, the paler the less sure, and the border between them; what was drawn."""
    classes, winner, sure = grid.shape[2], grid.argmax(axis=2), grid.max(axis=2)
    tints = np.array([[int(COLOURS[k % 5][i : i + 2], 16) / 255 for i in (1, 3, 5)] for k in range(classes)])
    strength = 0.55 * (sure - 1 / classes) / (1 - 1 / classes)
    picture = 1 - strength[..., None] * (1 - tints[winner])
    extent = (examples.first[0], examples.first[-1], examples.second[0], examples.second[-1])
    drawn: list[Artist] = [axes.imshow(picture, extent=extent, origin="lower", aspect="auto", interpolation="nearest", zorder=0)]
    for k in np.unique(winner)[1:]:  # the first one's borders are those of the others, too
        ahead = grid[..., k] - np.delete(grid, k, axis=2).max(axis=2)  # above 0 where the answer is k
        drawn.append(axes.contour(examples.first, examples.second, ahead, levels=[0], colors=INK, linewidths=1.2))
    return drawn


def _direction(w: Numbers, rng: np.random.Generator) -> Numbers:
    """Random, with the norm of w for each filter (the last axis); a bias stays where it is."""
    if w.ndim < 2:
        return np.zeros_like(w)
    d = rng.standard_normal(w.shape)
    axes = tuple(range(w.ndim - 1))
    norm = np.sqrt((d**2).sum(axis=axes, keepdims=True))
    return np.asarray(d / np.where(norm > 0, norm, 1) * np.sqrt((w**2).sum(axis=axes, keepdims=True)))


def _probabilities(model: Any, x: Numbers) -> Numbers:
    """Probabilities (n, classes) of what predict gives: probabilities, one number for class 1, or scores."""
    given = np.asarray(model.predict(x, verbose=0) if hasattr(model, "optimizer") else model.predict(x), float)
    given = given.reshape(len(x), -1)
    if given.shape[1] == 1:
        one = given if given.min() >= 0 and given.max() <= 1 else 1 / (1 + np.exp(-given))
        return np.concatenate([1 - one, one], axis=1)
    if given.min() < 0 or not np.allclose(given.sum(axis=1), 1, atol=1e-3):
        e = np.exp(given - given.max(axis=1, keepdims=True))
        given = e / e.sum(axis=1, keepdims=True)
    return given
