"""shapes10: small colour pictures of ten shapes, drawn by minidl itself. No download, no licence.

It has the form of CIFAR-10 (32×32 RGB, ten classes, as many pictures of each) and the same lesson in it:
colour, place, size, rotation and background vary so much that a linear model or a nearest neighbour gets
lost, while a small convolutional network learns the shapes in a few epochs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .outlines import OUTLINES, Array

CLASS_NAMES: tuple[str, ...] = tuple(OUTLINES)
SIZE = 32
CHUNK = 120  # pictures drawn at a time: few enough for the processor's cache

Pictures: TypeAlias = npt.NDArray[np.uint8]


def load_data(
    n_train: int = 10_000, n_test: int = 2_000, seed: int = 0
) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures]]:
    """Draw the data set: `((x_train, y_train), (x_test, y_test))`.

    Pictures are uint8 of shape (n, 32, 32, 3) in 0…255, labels uint8 of shape (n, 1) in 0…9;
    `CLASS_NAMES[label]` is a label's name. The classes are balanced and shuffled. One seed gives the same
    pictures every time, and the test pictures do not depend on `n_train`. Takes about two seconds for the
    default sizes.

    Raises ValueError for a size that is not a whole number ≥ 1 or a seed that is not a whole number ≥ 0.
    """
    for name, value, least in (("n_train", n_train, 1), ("n_test", n_test, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be a whole number ≥ {least}, got {value!r}")
    train_stream, test_stream = np.random.SeedSequence(seed).spawn(2)
    train = _split(n_train, np.random.default_rng(train_stream))
    return train, _split(n_test, np.random.default_rng(test_stream))


def _split(n: int, rng: np.random.Generator) -> tuple[Pictures, Pictures]:
    labels = rng.permutation(np.arange(n) % len(CLASS_NAMES)).astype(np.uint8)
    pictures = np.empty((n, SIZE, SIZE, 3), np.uint8)
    for start in range(0, n, CHUNK):
        pictures[start : start + CHUNK] = draw(labels[start : start + CHUNK], rng)
    return pictures, labels[:, None]


def draw(labels: npt.NDArray[np.uint8], rng: np.random.Generator) -> Pictures:
    """One new picture for each label of shape (n,): uint8, shape (n, 32, 32, 3). Painted from back to front.

    The canvas holds its colours first, (n, 3, 32, 32), because NumPy is several times faster along long rows.
    """
    n = len(labels)
    shape_is_light = rng.random(n) < 0.5
    back, front = np.where(shape_is_light, 0.3, 0.7), np.where(shape_is_light, 0.78, 0.22)

    kind = rng.integers(len(TEXTURES), size=n)
    texture = _choose(TEXTURES, kind, *_turned_grid(n, rng), *_uniform(rng, n, 0, 1, 2))
    canvas = _mix(_colour(back, rng), _colour(back, rng), texture)
    for _ in range(3):  # clutter: small discs, which tell nothing
        _paint(canvas, _disc(n, rng), _colour(0.65 * back + 0.35 * front, rng))

    x, y = _turned_grid(n, rng, turn=0.35, shift=0.3)
    radius, stretch = _uniform(rng, n, 0.5, 0.84)[0], _uniform(rng, n, 0.88, 1.14)[0]
    mirror = np.where(rng.random(n) < 0.5, -1, 1).astype(np.float32)[:, None, None]
    x_in, y_in = x * mirror / (radius * stretch), y * stretch / radius  # the shape fills the unit circle
    distance = radius * _choose(list(OUTLINES.values()), labels, x_in, y_in)
    shading = np.clip(0.5 + 0.5 * x, 0, 1)
    _paint(canvas, _coverage(distance), _mix(_colour(front, rng), _colour(front, rng), shading))

    _paint(canvas, _bar(n, rng), _colour(back, rng))  # something in front hides a part
    noise = rng.standard_normal(canvas.shape, np.float32) * _uniform(rng, n, 0.01, 0.04)[0][:, None]
    pictures: Pictures = (np.clip(canvas + noise, 0, 1) * 255 + 0.5).astype(np.uint8)
    return pictures.transpose(0, 2, 3, 1)


def _uniform(rng: np.random.Generator, n: int, low: float, high: float, count: int = 1) -> list[Array]:
    """`count` random numbers per picture, each of shape (n, 1, 1)."""
    return [rng.uniform(low, high, (n, 1, 1)).astype(np.float32) for _ in range(count)]


def _turned_grid(
    n: int, rng: np.random.Generator, turn: float = np.pi, shift: float = 1
) -> tuple[Array, Array]:
    """Pixel coordinates x, y of shape (n, 32, 32), −1…1 over the picture, moved and turned at random."""
    axis = ((np.arange(SIZE) + 0.5) / SIZE * 2 - 1).astype(np.float32)
    x, y = axis[None, None, :], -axis[None, :, None]
    (angle,), (dx, dy) = _uniform(rng, n, -turn, turn), _uniform(rng, n, -shift, shift, 2)
    x, y, cos, sin = x - dx, y - dy, np.cos(angle), np.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def _choose(functions: Sequence[Callable[..., Array]], which: npt.NDArray[Any], *arrays: Array) -> Array:
    """`functions[which[i]]` applied to picture i, for all i."""
    out = np.empty((len(which), SIZE, SIZE), np.float32)
    for k, function in enumerate(functions):
        out[which == k] = function(*(a[which == k] for a in arrays))
    return out


# ---- backgrounds: x, y of shape (n, 32, 32) and two random numbers 0…1 per picture give a mixture 0…1


def gradient(x: Array, y: Array, a: Array, b: Array) -> Array:
    return np.clip(0.5 + 0.5 * x, 0, 1)


def stripes(x: Array, y: Array, a: Array, b: Array) -> Array:
    return 0.5 + (0.2 + 0.3 * b) * np.sin((5 + 15 * a) * x)


def checks(x: Array, y: Array, a: Array, b: Array) -> Array:
    wave = np.sin((4 + 8 * a) * x) * np.sin((4 + 8 * a) * y)
    return np.clip(0.5 + 4 * wave, 0.3 * b, 1 - 0.3 * b)


def clouds(x: Array, y: Array, a: Array, b: Array) -> Array:
    bend = np.sin(3 * y + 6 * a) + np.sin(5 * x + 6 * b)
    return 0.5 + 0.25 * (np.sin(3 * x + 2 * bend) + np.sin(4 * y - 2 * bend))


TEXTURES = (gradient, stripes, checks, clouds)


# ---- painting


def _colour(lightness: Any, rng: np.random.Generator) -> Array:
    """A random hue of the given lightness (mean of red, green and blue) for each picture: (n, 3, 1, 1)."""
    n = len(lightness)
    hue, chroma = rng.uniform(0, 2 * np.pi, n), rng.uniform(0.05, 0.5, n)
    lightness = lightness + rng.uniform(-0.12, 0.12, n)
    thirds = 2 * np.pi / 3 * np.arange(3)
    rgb = lightness[:, None] + chroma[:, None] * np.cos(hue[:, None] - thirds)
    return np.clip(rgb, 0, 1).astype(np.float32)[:, :, None, None]


def _mix(first: Array, second: Array, share: Array) -> Array:
    """From `first` (share 0) to `second` (share 1); share has shape (n, 32, 32), the result (n, 3, 32,
    32)."""
    return first + (second - first) * share[:, None]


def _coverage(distance: Array) -> Array:
    """How much of each pixel lies inside, 0…1, from the signed distance at its centre: smooth edges."""
    return np.clip(0.5 - distance * (SIZE / 2), 0, 1)


def _paint(canvas: Array, coverage: Array, colour: Array) -> None:
    canvas += (colour - canvas) * coverage[:, None]


def _disc(n: int, rng: np.random.Generator) -> Array:
    x, y = _turned_grid(n, rng)
    return _coverage(np.hypot(x, y) - _uniform(rng, n, -0.05, 0.22)[0])


def _bar(n: int, rng: np.random.Generator) -> Array:
    """A narrow bar across the picture; negative widths leave almost half of the pictures without one."""
    x, _ = _turned_grid(n, rng, shift=0.7)
    return _coverage(np.abs(x) - _uniform(rng, n, -0.06, 0.07)[0])
