"""Pictures turned, shifted and stretched: every pixel of the new picture is looked up in the old one.

A matrix says where: the new picture's row r and column c show what the old one has at M @ (r, c, 1). That place mostly lies between
pixels, so it is the mean of its four neighbours, each weighted by how near it is ("bilinear"), or simply the nearest one. Looking up,
weighting and adding are ops: a gradient goes the same way back, and everything runs where the pictures are.

Rows and columns are counted from the centre of the first pixel, as in Keras' augmentation layers and in scipy.ndimage."""
from collections.abc import Iterator
from typing import Any

import numpy as np

from minidl import ops
from minidl.backend import move, owner
from minidl.conversion import as_array
from minidl.tensor import Tensor, op

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
FARTHEST = 1e6  # pixels: what lies beyond is no place in a picture


@op
def look_up(xp: Any, x: Any, rows: Any) -> Any:
    """y = x[rows], a row for each number in ``rows``, by the quickest way          dL/dx = zeros, with g added at the rows"""
    return xp.take(x, rows, axis=0)


@look_up.vjp
def _(g: Tensor, y: Tensor, x: Tensor, rows: Tensor) -> Any:
    return lambda: ops.add_at(g, index=rows, shape=x.shape), None


def affine(images: Any, matrices: Any, order: int = 1, fill_mode: str = "reflect", cval: float = 0.0) -> Tensor:
    """Each picture seen through a matrix of its own: images (N, H, W, C) and matrices (N, 2, 3) → (N, H, W, C), of the images' dtype.

    ``images``: a Tensor or an array, of floats (else TypeError); a gradient passes. ``matrices``: NumPy arrays; ``matrices[n]`` @ (row,
    column, 1) of a new pixel is the place in ``images[n]`` that it shows. ``order``: 1 bilinear, 0 nearest. ``fill_mode`` is for places
    outside: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d | a b c d), "nearest" (a a a a | a b c d | d d d d), or
    "constant" (k k k k | a b c d | k k k k, k = ``cval``). ValueError for other choices, and for shapes that do not fit."""
    x, matrices = images if isinstance(images, Tensor) else Tensor(as_array(images)), np.asarray(matrices, "float64")
    if x.ndim != 4 or matrices.shape != (x.shape[0], 2, 3):
        raise ValueError(f"expected images (N, H, W, C) and a 2×3 matrix for each; got shapes {x.shape} and {matrices.shape}")
    if x.dtype.kind != "f":
        raise TypeError(f"pixels get mixed, so they must be floats; got {x.dtype}")
    if order not in (0, 1) or fill_mode not in FILL_MODES:
        raise ValueError(f"order is 0 or 1, fill_mode one of {', '.join(FILL_MODES)}; got {order!r} and {fill_mode!r}")
    if not (np.abs(matrices) < FARTHEST).all():
        raise ValueError(f"a matrix holds numbers that are not finite, or ≥ {FARTHEST:g}")
    if x.size == 0:
        return x
    n, h, w, channels = x.shape
    pixels, home = ops.reshape(x, shape=(n * h * w, channels)), owner(x.data)
    if fill_mode == "constant":  # one more pixel, for all places outside
        pixels = ops.concatenate(pixels, move(np.full((1, channels), cval, x.dtype), home), axis=0)
    y: Any = None
    for index, weight in _neighbours(matrices, n, h, w, order, fill_mode):
        seen = look_up(pixels, move(index.reshape(-1), home))
        if weight is not None:
            seen = seen * move(weight.astype(x.dtype).reshape(-1, 1), home)
        y = seen if y is None else y + seen
    return ops.reshape(y, shape=x.shape)


def about_centre(linear: Any, shift: Any, size: tuple[int, int]) -> np.ndarray:
    """The matrices (N, 2, 3) that turn and stretch by ``linear`` (N, 2, 2) with the middle of the picture staying where it is, and then
    look ``shift`` (N, 2) pixels farther; ``size`` is (H, W)."""
    centre = (np.array(size, "float64") - 1) / 2
    offset = np.asarray(shift) + centre - np.asarray(linear) @ centre
    return np.concatenate([linear, offset[..., None]], axis=2)


def _neighbours(matrices: np.ndarray, n: int, h: int, w: int, order: int, fill_mode: str) -> Iterator[tuple[np.ndarray, Any]]:
    """For each of the four neighbours (or the nearest one) of all places: which pixel it is, (N, H, W), and its weight (None: 1)."""
    rows, columns = [_along(matrices[:, axis], h, w, size, order, fill_mode) for axis, size in enumerate((h, w))]
    first = np.arange(0, n * h * w, h * w)[:, None, None]
    for row, row_inside, row_weight in rows:
        for column, column_inside, column_weight in columns:
            index = row * w + column + first
            if fill_mode == "constant":
                index = np.where(row_inside & column_inside, index, n * h * w)
            yield index, row_weight * column_weight if order else None


def _along(m: np.ndarray, h: int, w: int, size: int, order: int, fill_mode: str) -> list[tuple[np.ndarray, Any, Any]]:
    """For one coordinate m @ (r, c, 1) of all places, with one or two neighbours: (its row or column, whether it is inside, weight)."""
    place = (m[:, :1] * np.arange(h))[:, :, None] + (m[:, 1:2] * np.arange(w) + m[:, 2:])[:, None, :]
    start = np.floor(place if order else place + 0.5)
    number, beyond = start.astype("int32"), (place - start).astype("float32")
    return [(*_inside(number + i, size, fill_mode), beyond if i else 1 - beyond) for i in range(order + 1)]


def _inside(i: np.ndarray, size: int, fill_mode: str) -> tuple[np.ndarray, Any]:
    """The row (or column) that stands for ``i``, and for "constant" whether it is ``i`` itself."""
    if fill_mode == "wrap":
        return i % size, None
    if fill_mode == "reflect":
        i = i % (2 * size)
        return np.minimum(i, 2 * size - 1 - i), None
    kept = np.clip(i, 0, size - 1)
    return kept, kept == i if fill_mode == "constant" else None
