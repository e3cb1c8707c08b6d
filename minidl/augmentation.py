"""Layers that change pictures at random, each picture in its own way: what a net sees is never quite the same twice, so it learns what
stays. In a model, after its ``Input``, they do so in training only, and pictures to predict for pass unchanged; or on a data set,
``data.map(lambda x, y: (augment(x, training=True), y))``, on a batch (N, H, W, C) or on one picture (H, W, C). Where nobody says what it
is for, ``augment(x)``, they do it, as in Keras. What comes out has the shape and dtype of what goes in (integers become float32), and
gradients pass.

``seed`` gives a layer random numbers of its own; without one it shares those of ``minidl.set_seed``. Names, arguments and meanings are
those of Keras; where its versions differ, the one that its documentation describes."""
import math
from typing import Any

import numpy as np

from minidl import ops
from minidl.backend import move, owner
from minidl.checks import number
from minidl.layers.base import Layer
from minidl.random_numbers import random_generator
from minidl.resampling import FILL_MODES, about_centre, affine
from minidl.tensor import Tensor

__all__ = ["RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom"]

Range = tuple[float, float]


class _RandomLayer(Layer):
    """In training, ``change(pictures, random numbers)``."""

    draws_in_python = True  # a recorded step would draw nothing new

    def __init__(self, seed: int | None, name: str | None):
        super().__init__(name)
        self.seed = seed
        self._generator = None if seed is None else random_generator(seed)

    def change(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        """What becomes of the pictures (N, H, W, C)."""
        raise NotImplementedError

    def call(self, x: Tensor, training: bool = True) -> Tensor:
        if x.ndim not in (3, 4):
            raise ValueError(f"expected pictures (batch, height, width, channels), or one without the batch; got shape {x.shape}")
        x = x if x.dtype.kind == "f" else x.astype(self.dtype)
        if not training:
            return x
        y = self.change(x if x.ndim == 4 else x[None], self._generator or random_generator())
        return y if x.ndim == 4 else y[0]


class RandomFlip(_RandomLayer):
    """Mirror every second picture: ``mode`` "horizontal" (left and right change places), "vertical" (upside down), or
    "horizontal_and_vertical" (both, independently)."""

    def __init__(self, mode: str = "horizontal_and_vertical", seed: int | None = None, name: str | None = None):
        super().__init__(seed, name)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ValueError(f"mode must be 'horizontal', 'vertical' or 'horizontal_and_vertical'; got {mode!r}")
        self.mode = mode

    def change(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        for axis, name in ((2, "horizontal"), (1, "vertical")):
            if name in self.mode:
                flipped = rng.random((x.shape[0], 1, 1, 1)) < 0.5
                mirrored = x[(slice(None),) * axis + (slice(None, None, -1),)]
                x = ops.where(move(flipped, owner(x.data)), mirrored, x)
        return x


class _Resampled(_RandomLayer):
    """Pictures looked up through a matrix each."""

    def __init__(self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float, name: str | None):
        super().__init__(seed, name)
        if fill_mode not in FILL_MODES:
            raise ValueError(f"fill_mode must be one of {', '.join(FILL_MODES)}; got {fill_mode!r}")
        if interpolation not in ("bilinear", "nearest"):
            raise ValueError(f"interpolation must be 'bilinear' or 'nearest'; got {interpolation!r}")
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, number("fill_value", fill_value)

    def matrices(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """Where each of n pictures of that size, (H, W), is to be looked up: (n, 2, 3), see `affine`."""
        raise NotImplementedError

    def change(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        matrices = self.matrices(x.shape[0], (x.shape[1], x.shape[2]), rng)
        return affine(x, matrices, int(self.interpolation == "bilinear"), self.fill_mode, self.fill_value)


class RandomRotation(_Resampled):
    """Turn each picture about its centre, by up to ``factor`` of a full turn either way, or between ``factor[0]`` and ``factor[1]`` of
    one; positive is counter-clockwise. ``fill_mode`` ("reflect", "wrap", "constant" with ``fill_value``, "nearest") says what comes in from
    outside, ``interpolation`` ("bilinear", "nearest") what stands between pixels."""

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
        name: str | None = None,
    ):  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, name)
        self.factor = _range("factor", factor, -1, 1)

    def matrices(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        angle = 2 * math.pi * rng.uniform(*self.factor, n)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
        return about_centre(turn, np.zeros((n, 2)), size)


class RandomZoom(_Resampled):
    """Stretch each picture about its centre: 0.2 shows up to 20 % more or less of the height than there is; (-0.3, -0.1) zooms in by 10 to
    30 %, positive numbers zoom out. Without ``width_factor`` the width changes as the height does. The rest: see `RandomRotation`."""

    def __init__(
        self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, name: str | None = None,
    ):  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, name)
        self.height_factor = _range("height_factor", height_factor, -1, 1)
        self.width_factor = None if width_factor is None else _range("width_factor", width_factor, -1, 1)
        if -1 in (*self.height_factor, *(self.width_factor or ())):
            raise ValueError("a factor of -1 would show a single point: zoom factors are above -1")

    def matrices(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        stretch = np.zeros((n, 2, 2))
        stretch[:, 0, 0] = stretch[:, 1, 1] = 1 + rng.uniform(*self.height_factor, n)
        if self.width_factor:
            stretch[:, 1, 1] = 1 + rng.uniform(*self.width_factor, n)
        return about_centre(stretch, np.zeros((n, 2)), size)


class RandomTranslation(_Resampled):
    """Shift each picture by up to ``height_factor`` of its height and ``width_factor`` of its width, or between two such numbers; positive
    is down and to the right. The rest: see `RandomRotation`."""

    def __init__(
        self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None,
        fill_value: float = 0.0, name: str | None = None,
    ):  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, name)
        self.height_factor = _range("height_factor", height_factor, -1, 1)
        self.width_factor = _range("width_factor", width_factor, -1, 1)

    def matrices(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        down, right = rng.uniform(*self.height_factor, n) * size[0], rng.uniform(*self.width_factor, n) * size[1]
        return about_centre(np.tile(np.eye(2), (n, 1, 1)), -np.stack([down, right], axis=1), size)


class RandomContrast(_RandomLayer):
    """y = (x − μ) · f + μ with μ the mean of each channel of each picture, f between 1 − ``factor`` and 1 + ``factor`` (or 1 −
    ``factor[0]`` and 1 + ``factor[1]``), kept within ``value_range``."""

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, name: str | None = None):
        super().__init__(seed, name)
        pair = factor if isinstance(factor, (tuple, list)) else (factor, factor)
        if len(pair) != 2:
            raise ValueError(f"factor must be a number or a pair of them; got {factor!r}")
        self.factor = number("factor", pair[0], at_least=0, at_most=1), number("factor", pair[1], at_least=0)
        self.value_range = _range("value_range", value_range)

    def change(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        f = rng.uniform(1 - self.factor[0], 1 + self.factor[1], (x.shape[0], 1, 1, 1)).astype(x.dtype)
        mean = ops.mean(x, axis=(1, 2), keepdims=True)
        y = (x - mean) * move(f, owner(x.data)) + mean
        return ops.clip(y, low=self.value_range[0], high=self.value_range[1])


class RandomBrightness(_RandomLayer):
    """y = x + f · (high − low), f up to ``factor`` either way (or between ``factor[0]`` and ``factor[1]``), kept within ``value_range``
    (low, high): for pictures of 0 to 1, give ``value_range=(0, 1)``."""

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, name: str | None = None):
        super().__init__(seed, name)
        self.factor, self.value_range = _range("factor", factor, -1, 1), _range("value_range", value_range)

    def change(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        low, high = self.value_range
        shift = (rng.uniform(*self.factor, (x.shape[0], 1, 1, 1)) * (high - low)).astype(x.dtype)
        return ops.clip(x + move(shift, owner(x.data)), low=low, high=high)


def _range(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> Range:
    """(lower, upper), of a number (− to +) or of two."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name} must be a number or a pair of them; got {value!r}")
        lower, upper = sorted(number(name, one, at_least=least, at_most=most) for one in value)
        return lower, upper
    value = abs(number(name, value, at_least=least, at_most=most))
    return -value, value
