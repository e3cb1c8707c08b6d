"""What cannot be seen directly: the loss around a solution with thousands of parameters, and the border between classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .canvas import new_picture, write
from .descent import contours
from .inputs import Numbers, as_labels, as_names, same_length, whole
from .panels import name_axes, panels, short
from .style import BLUE, BLUES, GREEN, INK, ORANGE, PINK, SMALL, TEXT

COLOURS, MARKS = (BLUE, ORANGE, GREEN, PINK, INK), ("o", "s", "^", "D", "v")


def loss_landscape(
    model: Any, x: Any, y: Any, span: float = 1.0, points: int = 21, seed: int = 0, kind: str = "contour", title: str | None = None
) -> Figure:
    """The loss of a trained, compiled model around its weights, along two random directions, each filter of them as long as the model's own
    (Li et al. 2018, "Visualizing the loss landscape of neural nets"): from −``span`` to ``span`` of them, ``points``² evaluations on the
    data. The weights are the same afterwards."""
    if kind not in ("contour", "3d"):
        raise ValueError(f"kind must be 'contour' or '3d'; got {kind!r}")
    points = whole(points, "points")
    start = [np.array(w, float) for w in model.get_weights()]
    trainable = {id(w) for w in model.trainable_variables}
    moving = [id(w) in trainable for w in model.weights]
    rng = np.random.default_rng(seed)
    directions = [[_direction(w, rng) if moves else np.zeros_like(w) for w, moves in zip(start, moving)] for _ in range(2)]
    steps = np.linspace(-span, span, points)
    losses = np.empty((points, points))
    try:
        for i, b in enumerate(steps):
            for j, a in enumerate(steps):
                model.set_weights([w + a * u + b * v for w, u, v in zip(start, *directions)])
                losses[i, j] = model.evaluate(x, y, verbose=0, batch_size=256, return_dict=True)["loss"]
    finally:
        model.set_weights(start)
    middle, worst = losses[points // 2, points // 2], float(np.nanmax(losses))
    finding = f"The loss around the solution: {short(float(middle), 3)} there, up to {short(worst, 3)} around it"
    subtitle = f"two random directions, ±{short(span, 2)} times the length of each filter; cross: the trained weights"
    if kind == "3d":
        page = new_picture(6.2, 4.8, title or finding, subtitle, f"{finding}.")
        space: Any = page.add_axes((0.02, 0.02, 0.92, 0.8), projection="3d", label="panel 0")
        space.plot_surface(*np.meshgrid(steps, steps), losses, cmap=BLUES.reversed(), linewidth=0, rcount=points, ccount=points)
        space.set(xlabel="direction 1", ylabel="direction 2", zlabel="loss")
        space.tick_params(labelsize=SMALL)
        return page
    figure, (axes,) = panels(1, title or finding, subtitle, f"{finding}.", width=4.8, height=4.4, room=1.2)
    contours(axes, steps, steps, losses)
    axes.plot([0], [0], "x", color=ORANGE, markersize=11, markeredgewidth=3, zorder=5, label="solution")
    name_axes(axes, "direction 1", "direction 2")
    axes.grid(False)
    return figure


def decision_boundary(
    model: Any, x: Any, y: Any, class_names: Iterable[Any] | None = None, points: int = 121, names: tuple[str, str] = ("x₁", "x₂"),
    title: str | None = None,
) -> Figure:  # fmt: skip
    """Which class a model with two inputs answers where, and how surely (the paler, the less), with the examples. ``x``: (n, 2); ``y``:
    labels (n,), (n, 1) or one-hot. ``model``: anything with ``predict``."""
    x = np.asarray(x, float)
    if x.ndim != 2 or x.shape[1] != 2 or not len(x):
        raise ValueError(f"x must have shape (n, 2): two features that span the plane; got {x.shape}")
    labels = as_labels(y, "y")
    same_length(x=x, y=labels)
    low, high = x.min(axis=0), x.max(axis=0)
    room = 0.12 * np.where(high > low, high - low, 1)
    first, second = (np.linspace(low[k] - room[k], high[k] + room[k], whole(points, "points")) for k in (0, 1))
    grid = np.stack(np.meshgrid(first, second), axis=-1).reshape(-1, 2)
    answers = _probabilities(model, grid)
    classes = max(answers.shape[1], int(labels.max()) + 1)
    known = as_names(class_names, classes)
    own = _probabilities(model, x).argmax(axis=1)
    right = int((own == labels).sum())
    finding = f"{right} of {len(x)} examples lie on the right side"
    figure, (axes,) = panels(1, title or finding, "colour: the answer   line: the border between answers   shapes: the examples",
                             f"{finding}. Classes: {', '.join(known)}.", width=5.2, height=4.4, room=1.3)  # fmt: skip
    picture = np.ones((len(second), len(first), 3))
    winner, sure = answers.argmax(axis=1), answers.max(axis=1)
    for k in range(answers.shape[1]):
        tint = np.array([int(COLOURS[k % 5][i : i + 2], 16) / 255 for i in (1, 3, 5)])
        chosen = (winner == k).reshape(picture.shape[:2])
        strength = 0.55 * ((sure - 1 / answers.shape[1]) / (1 - 1 / answers.shape[1])).reshape(picture.shape[:2])[chosen]
        picture[chosen] = 1 - strength[:, None] * (1 - tint)
    extent = (first[0], first[-1], second[0], second[-1])
    axes.imshow(picture, extent=extent, origin="lower", aspect="auto", interpolation="nearest", zorder=0)
    if len(set(winner.tolist())) > 1:
        levels = np.arange(answers.shape[1] - 1) + 0.5
        axes.contour(first, second, winner.reshape(picture.shape[:2]), levels=levels, colors=INK, linewidths=1.2)
    for k, name in enumerate(known):
        at = x[labels == k]
        mark = MARKS[k % 5]
        axes.plot(at[:, 0], at[:, 1], mark, color=COLOURS[k % 5], markeredgecolor="white", markeredgewidth=0.6, markersize=6, label=name)
        y_text = 0.97 - 0.07 * k
        axes.plot([1.05], [y_text], mark, color=COLOURS[k % 5], transform=axes.transAxes, clip_on=False, markersize=7, label="_key")
        write(axes, 1.09, y_text, name, size=TEXT, va="center", transform=axes.transAxes, gid="class")
    axes.set(xlim=extent[:2], ylim=extent[2:])
    name_axes(axes, *names)
    axes.grid(False)
    return figure


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
