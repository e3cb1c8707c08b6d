"""Layers that make pictures larger or smaller, without weights."""
from typing import Any

import numpy as np

from minidl import ops
from minidl.backend import move, owner
from minidl.checks import whole
from minidl.layers.base import Layer
from minidl.ops.convolution import pair
from minidl.tensor import Tensor

__all__ = ["Cropping2D", "UpSampling2D", "ZeroPadding2D"]


def _margins(name: str, value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """A number for all four sides, a pair (top and bottom, left and right), or ((top, bottom), (left, right))."""
    sides = value if isinstance(value, (tuple, list)) else (value, value)
    rows = [side if isinstance(side, (tuple, list)) else (side, side) for side in sides]
    if len(rows) != 2 or any(len(row) != 2 for row in rows):
        raise ValueError(f"{name} is a number, a pair of numbers, or ((top, bottom), (left, right)); got {value!r}")
    (top, bottom), (left, right) = ((whole(name, one, at_least=0) for one in row) for row in rows)
    return (top, bottom), (left, right)


class ZeroPadding2D(Layer):
    """Rows and columns of zeros around the picture: (batch, H, W, C) → (batch, top + H + bottom, left + W + right, C).

    ``padding``: a number, a pair (top and bottom, left and right), or ((top, bottom), (left, right))."""

    input_rank = 4

    def __init__(self, padding: Any = (1, 1), name: str | None = None):
        super().__init__(name)
        self.padding = _margins("padding", padding)

    def call(self, x: Tensor) -> Tensor:
        return ops.pad(x, widths=((0, 0), *self.padding, (0, 0)))


class Cropping2D(Layer):
    """The picture without rows and columns at its edges: (batch, H, W, C) → (batch, H − top − bottom, W − left − right, C).

    ``cropping``: a number, a pair (top and bottom, left and right), or ((top, bottom), (left, right))."""

    input_rank = 4

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), name: str | None = None):
        super().__init__(name)
        self.cropping = _margins("cropping", cropping)

    def call(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.cropping
        h, w = x.shape[1:3]
        if top + bottom >= h or left + right >= w:
            raise ValueError(f"nothing is left of a picture of {h} × {w} pixels without {self.cropping}")
        return x[:, top : h - bottom, left : w - right]


class UpSampling2D(Layer):
    """The picture ``size`` times as large: (batch, H, W, C) → (batch, size[0] · H, size[1] · W, C).

    ``interpolation``: "nearest" repeats every pixel; "bilinear" draws straight lines between the pixels' centres. Two matrix products do
    that, rows first: each new row is a mean of two old ones."""

    input_rank = 4

    def __init__(self, size: Any = (2, 2), interpolation: str = "nearest", name: str | None = None):
        super().__init__(name)
        self.size, self.interpolation = pair(size, "size"), interpolation
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(f"interpolation must be 'nearest' or 'bilinear'; got {interpolation!r}")

    def call(self, x: Tensor) -> Tensor:
        (n, h, w, channels), (down, across) = x.shape, self.size
        if self.interpolation == "nearest":
            y = ops.broadcast_to(ops.reshape(x, shape=(n, h, 1, w, 1, channels)), shape=(n, h, down, w, across, channels))
            return ops.reshape(y, shape=(n, h * down, w * across, channels))
        rows, columns = (move(_between(*sizes).astype(x.dtype), owner(x.data)) for sizes in ((h, down), (w, across)))
        y = ops.reshape(rows @ ops.reshape(x, shape=(n, h, w * channels)), shape=(n, h * down, w, channels))
        larger: Tensor = columns @ y
        return larger


def _between(n: int, times: int) -> np.ndarray:
    """The matrix (times · n, n) that draws lines between n numbers: those stand in the middles of n equal parts; beyond the outermost,
    nothing changes."""
    places = np.clip((np.arange(n * times) + 0.5) / times - 0.5, 0, n - 1)
    return np.maximum(0, 1 - abs(places[:, None] - np.arange(n)))
