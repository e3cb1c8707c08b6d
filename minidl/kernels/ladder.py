"""The ladder of convolution: the same numbers three times, each time with less Python.

    rung 1   conv2d_loops     seven loops, one multiplication at a time: the definition, word for word
    rung 2   conv2d_patches   one patch at a time: the inner loops have become one product in NumPy
    rung 3   minidl.ops       all patches at once: im2col, then a single matrix product

Take these two to see what a convolution is, and rung 3 to see why nobody computes it like this. Plain NumPy arrays in and out, no
gradients. The lower rungs share no code with ``minidl.ops``, so they can judge it: minidl's tests take their expected values here.
"""

from itertools import product
from typing import Any, Literal

import numpy as np

Sizes = int | tuple[int, int]
Padding = Literal["valid", "same"]


def _pair(size: Sizes) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


def _line(size: int, window: int, stride: int, dilation: int, padding: Padding) -> tuple[int, int]:
    """(places, first): how many places a window has along one axis, and where the first one starts (below 0: in the padding).

    As TensorFlow defines it: "same" has ⌈size / stride⌉ places, and of an odd padding the smaller half comes first."""
    reach = dilation * (window - 1) + 1  # from the window's first number to its last
    if padding == "valid":
        return -(-(size - reach + 1) // stride), 0
    count = -(-size // stride)
    missing = max((count - 1) * stride + reach - size, 0)
    return count, -(missing // 2)


def conv2d_loops(x: np.ndarray, kernel: np.ndarray, *, strides: Sizes = 1, padding: Padding = "valid", dilation: Sizes = 1) -> np.ndarray:
    """Rung 1: seven loops. Images (N, H, W, C) and a kernel (kh, kw, C, F) give (N, rows, columns, F).

    y[n, r, c, f] = Σᵢⱼₘ x[n, s·r + d·i, s·c + d·j, m] · kernel[i, j, m, f], where x is 0 outside the image."""
    (sh, sw), (dh, dw) = _pair(strides), _pair(dilation)
    images, height, width, channels = x.shape
    kh, kw, _, filters = kernel.shape
    rows, top = _line(height, kh, sh, dh, padding)
    columns, left = _line(width, kw, sw, dw, padding)
    y = np.zeros((images, rows, columns, filters), np.result_type(x, kernel))
    for n in range(images):
        for r in range(rows):
            for c in range(columns):
                for f in range(filters):
                    for i in range(kh):
                        for j in range(kw):
                            for m in range(channels):
                                h, w = top + sh * r + dh * i, left + sw * c + dw * j
                                if 0 <= h < height and 0 <= w < width:
                                    y[n, r, c, f] += x[n, h, w, m] * kernel[i, j, m, f]
    return y


def conv2d_patches(x: np.ndarray, kernel: np.ndarray, *, strides: Sizes = 1, padding: Padding = "valid", dilation: Sizes = 1) -> np.ndarray:
    """Rung 2: one patch at a time, of all images at once; all of its products and sums are one call of ``np.tensordot``.

    Arguments and result as for `conv2d_loops`. The zeros outside the image are really there, in a larger copy."""
    (sh, sw), (dh, dw) = _pair(strides), _pair(dilation)
    images, height, width, channels = x.shape
    kh, kw, _, filters = kernel.shape
    rows, top = _line(height, kh, sh, dh, padding)
    columns, left = _line(width, kw, sw, dw, padding)
    reach_h, reach_w = dh * (kh - 1) + 1, dw * (kw - 1) + 1
    bottom, right = max(height, top + sh * (rows - 1) + reach_h), max(width, left + sw * (columns - 1) + reach_w)
    framed = np.zeros((images, bottom - top, right - left, channels), x.dtype)
    framed[:, -top : height - top, -left : width - left] = x
    y = np.zeros((images, rows, columns, filters), np.result_type(x, kernel))
    for r in range(rows):
        for c in range(columns):
            patch = framed[:, sh * r : sh * r + reach_h : dh, sw * c : sw * c + reach_w : dw]
            y[:, r, c] = np.tensordot(patch, kernel, axes=3)
    return y


def _pool_loops(x: np.ndarray, pool_size: Sizes, strides: Sizes | None, padding: Padding, dtype: Any, take: Any) -> np.ndarray:
    """What ``take`` makes of the list of numbers that a window sees, for each image, place and channel."""
    window = _pair(pool_size)
    step = window if strides is None else _pair(strides)
    images, height, width, channels = x.shape
    rows, top = _line(height, window[0], step[0], 1, padding)
    columns, left = _line(width, window[1], step[1], 1, padding)
    y = np.zeros((images, rows, columns, channels), dtype)
    for n, r, c, m in product(range(images), range(rows), range(columns), range(channels)):
        seen = []
        for i in range(window[0]):
            for j in range(window[1]):
                h, w = top + step[0] * r + i, left + step[1] * c + j
                if 0 <= h < height and 0 <= w < width:
                    seen.append(x[n, h, w, m])
        y[n, r, c, m] = take(seen)
    return y


def _mean(seen: list[Any]) -> float:
    return sum(map(float, seen)) / len(seen)


def max_pool2d_loops(x: np.ndarray, *, pool_size: Sizes = 2, strides: Sizes | None = None, padding: Padding = "valid") -> np.ndarray:
    """The largest number of each window, by loops: (N, H, W, C) → (N, rows, columns, C). ``strides`` default to ``pool_size``.

    What lies outside the image is not looked at: "same" padding never wins."""
    return _pool_loops(x, pool_size, strides, padding, x.dtype, max)


def average_pool2d_loops(x: np.ndarray, *, pool_size: Sizes = 2, strides: Sizes | None = None, padding: Padding = "valid") -> np.ndarray:
    """The mean of each window, by loops: (N, H, W, C) → (N, rows, columns, C). ``strides`` default to ``pool_size``.

    Only the numbers inside the image are counted: at a border, "same" gives the mean of fewer."""
    return _pool_loops(x, pool_size, strides, padding, x.dtype if x.dtype.kind == "f" else np.dtype(float), _mean)
