"""chests2: schematic chest X-rays with a normal or an enlarged heart shadow, drawn by minidl itself.

What decides is the cardiothoracic ratio, the width of the heart's shadow over the inner width of the chest;
above one half the heart counts as enlarged (Danzer 1919, "The cardiothoracic ratio: an index of cardiac
enlargement"). Size and place of the chest, exposure, contrast and noise vary in both classes, so that the
mean brightness says little.

These are drawings for lessons. A model trained on them knows nothing about patients.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

CLASS_NAMES: tuple[str, ...] = ("normal", "enlarged")
RATIOS = ((0.34, 0.43), (0.58, 0.7))  # cardiothoracic ratios of the two classes
SIZE = 256
SPLIT = (400, 100, 100)
CHUNK = 25  # pictures drawn at a time: few enough for the processor's cache

Array: TypeAlias = Any  # a float array; more cannot be said, NumPy's functions are typed as returning Any
Pictures: TypeAlias = npt.NDArray[np.uint8]


def load_data(
    seed: int = 0,
) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures], tuple[Pictures, Pictures]]:
    """Draw the data set: `((x_train, y_train), (x_validation, y_validation), (x_test, y_test))`.

    400, 100 and 100 pictures: uint8 of shape (n, 256, 256, 1) in 0…255, bright where little radiation came
    through. Labels are uint8 of shape (n, 1): 0 = "normal", 1 = "enlarged", half of each in every part,
    shuffled. One seed gives the same pictures every time. Takes about three seconds.

    Raises ValueError for a seed that is not a whole number ≥ 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a whole number ≥ 0, got {seed!r}")
    rng = np.random.default_rng(seed)
    train, validation, test = (_split(n, rng) for n in SPLIT)
    return train, validation, test


def _split(n: int, rng: np.random.Generator) -> tuple[Pictures, Pictures]:
    labels = rng.permutation(np.arange(n) % 2).astype(np.uint8)
    pictures = np.empty((n, SIZE, SIZE, 1), np.uint8)
    for start in range(0, n, CHUNK):
        pictures[start : start + CHUNK] = draw(labels[start : start + CHUNK], rng)
    return pictures, labels[:, None]


def draw(labels: npt.NDArray[np.uint8], rng: np.random.Generator) -> Pictures:
    """One new picture for each label 0 or 1 of shape (n,): uint8, shape (n, 256, 256, 1).

    Drawn at half the size, because an X-ray has no sharp edges; then enlarged, exposed and made grainy.
    """
    n, half = len(labels), SIZE // 2

    def vary(low: float, high: float) -> Array:
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    axis = ((np.arange(half) + 0.5) / half * 2 - 1).astype(np.float32)
    tilt, zoom = vary(-0.05, 0.05), vary(0.92, 1.08)
    across, down = axis[None, None, :] - vary(-0.08, 0.08), axis[None, :, None] - vary(-0.08, 0.08)
    x, y = (across + tilt * down) * zoom, (down - tilt * across) * zoom  # x to the right, y downwards

    # The body absorbs; the lungs, full of air, let the rays through.
    chest = vary(0.7, 0.82)  # half of the inner width of the chest
    trunk = _ellipse(x, y - 0.35, chest + vary(0.1, 0.2), 1.25)
    shoulders = _ellipse(x, y + vary(0.42, 0.5), vary(1.15, 1.3), 0.36)
    neck = np.maximum(np.abs(x) - vary(0.2, 0.26), y + 0.4)
    body = _inside(np.minimum(np.minimum(trunk, shoulders), neck), 0.05)
    lungs = _lung(x + chest * 0.53, y, chest * 0.47, vary(0.48, 0.6)) + _lung(
        x - chest * 0.53, y, chest * 0.47, vary(0.5, 0.64)
    )
    air = vary(0.48, 0.58)
    absorbed = body * vary(0.6, 0.72) - lungs * air

    # Bones.
    arch = y - vary(0.5, 0.8) * x * x
    ribs = np.maximum(np.sin(vary(21, 25) * arch + vary(0, 6)), 0) ** 2
    absorbed += ribs * _inside(_ellipse(x, y + 0.08, chest * 1.06, 0.78), 0.05) * vary(0.07, 0.14)
    vertebrae = 1 + 0.2 * np.sin(vary(24, 30) * y)
    absorbed += _inside(np.abs(x) - vary(0.09, 0.12), 0.03) * vertebrae * body * vary(0.1, 0.17)
    collar = y + vary(0.66, 0.76) + vary(0.1, 0.2) * (np.abs(x) - 0.4)
    clavicles = np.abs(collar) - 0.035
    absorbed += _inside(np.maximum(clavicles, np.abs(np.abs(x) - 0.42) - 0.34), 0.02) * vary(0.12, 0.2)

    # The heart, more of it on the picture's right. Its height varies by itself: only the width tells.
    low, high = np.array(RATIOS, np.float32)[labels].T[:, :, None, None]
    ratio = low + (high - low) * vary(0, 1)
    width = ratio * chest
    heart_x, heart_y = x - vary(0.25, 0.4) * width, y - vary(0.28, 0.36)
    height, lean = vary(0.3, 0.4), vary(0.1, 0.35)
    upright = np.sqrt(width**2 - (lean * height) ** 2)  # because leaning widens it again
    heart = _inside(_ellipse(heart_x - lean * heart_y, heart_y, upright, height), 0.04)
    absorbed += heart * lungs * (air - 0.04) + heart * vary(0.12, 0.2)

    picture = _enlarge(np.clip(absorbed, 0, 1.2))
    picture = vary(0.0, 0.06) + picture * vary(0.9, 1.15)
    picture += rng.standard_normal(picture.shape, np.float32) * vary(0.01, 0.03)
    pictures: Pictures = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
    return pictures[..., None]


def _ellipse(x: Array, y: Array, half_width: Any, half_height: Any) -> Array:
    """About the distance to an ellipse around the origin, negative inside."""
    u, v = x / half_width, y / half_height
    return (np.sqrt(u * u + v * v) - 1) * np.minimum(half_width, half_height)


def _lung(x: Array, y: Array, half_width: Array, bottom: Array) -> Array:
    """One lung: narrow at the top, standing on the dome of the diaphragm."""
    outline = _ellipse(x, y - 0.05, half_width * (0.86 + 0.16 * y), 0.78)
    diaphragm = y - bottom - 0.6 * x * x
    return _inside(np.maximum(outline, diaphragm), 0.04)


def _inside(distance: Array, softness: float) -> Array:
    """1 inside, 0 outside, with an edge that is `softness` wide on either side."""
    return np.clip(0.5 - distance / (2 * softness), 0, 1)


def _enlarge(picture: Array) -> Array:
    """Twice as high and wide, linear between neighbours: (n, h, w) → (n, 2h, 2w)."""
    for axis in (1, 2):
        before, after = (np.take(picture, _neighbour(picture.shape[axis], s), axis) for s in (-1, 1))
        both = np.stack([0.75 * picture + 0.25 * before, 0.75 * picture + 0.25 * after], axis + 1)
        shape = list(picture.shape)
        shape[axis] *= 2
        picture = both.reshape(shape)
    return picture


def _neighbour(n: int, step: int) -> npt.NDArray[np.int64]:
    return np.clip(np.arange(n) + step, 0, n - 1)
