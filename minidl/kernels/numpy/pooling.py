"""Pooling: the windows as shifted views of the picture, rows first, with the number of the winner kept instead of a mask for each."""
from collections.abc import Iterator
from typing import Any

import numpy as np

from minidl.kernels.numpy.convolution import HANDED_BACK
from minidl.kernels.numpy.correlation import Geometry, geometry_of
from minidl.kernels.numpy.memory import images_first, rows_first
from minidl.kernels.numpy.threads import parts_of, run_parts
from minidl.ops import average_pool2d, max_pool2d
from minidl.ops.convolution import pair
from minidl.tensor import Kernel

Corner = tuple[slice, slice, slice, slice]  # output rows and columns; input rows and columns


def _geometry(x: Any, pool_size: Any, strides: Any, padding: str) -> Geometry | None:
    if not isinstance(x, np.ndarray) or x.dtype.char not in "fd" or x.ndim != 4 or not x.size:
        return None
    window = pair(pool_size, "pool_size")
    return geometry_of(x.shape[1:3], window, window if strides is None else strides, padding)


def corners(image: tuple[int, int], at: Geometry) -> Iterator[Corner]:
    """For each place in the window: the outputs whose windows have it inside the image, and what it sees there. In the order of the
    picture: columns (which are rows here) run fastest, so that the first in C order wins a tie."""
    for j in range(at.window[1]):
        for i in range(at.window[0]):
            out, seen = [], []
            for offset, stride, count, size in zip((i - at.first[0], j - at.first[1]), at.strides, at.places, image):
                low = max(0, -(offset // stride))
                high = max(low, min(count, -((offset - size) // stride)))  # low, if no window has this place inside the image
                first = offset + low * stride
                out.append(slice(low, high))
                seen.append(slice(first, first + (high - low) * stride, stride))
            yield out[0], out[1], seen[0], seen[1]


def max_pool2d_forward(x: Any, *, pool_size: Any = 2, strides: Any = None, padding: str = "valid") -> Any:
    at = _geometry(x, pool_size, strides, padding)
    if at is None:
        return HANDED_BACK
    x = rows_first(x)
    y = np.full((at.places[0], x.shape[1], at.places[1], x.shape[3]), -np.inf, x.dtype)
    places = list(enumerate(corners(x.shape[::2], at)))
    winner = np.zeros(y.shape, np.min_scalar_type(len(places)))

    def run(_: int, low: int, high: int) -> None:
        for k, (rows, columns, seen_rows, seen_columns) in places:
            seen, best, who = (a[:, low:high] for a in (x[seen_rows, :, seen_columns], y[rows, :, columns], winner[rows, :, columns]))
            if k:  # k only grows, so the last that was larger than all before stays: the first of equals
                np.maximum(who, np.multiply(seen > best, winner.dtype.type(k)), out=who)
            np.maximum(best, seen, out=best)

    run_parts(run, parts_of(x.shape[1], y.size * len(places)))
    return images_first(y), (x.shape, at, winner)


def max_vjp(g: np.ndarray, saved: Any, needs: list[bool]) -> list[Any]:
    shape, at, winner = saved
    g = rows_first(g)
    dx = np.zeros(shape, g.dtype)
    places = list(enumerate(corners(shape[::2], at)))

    def run(_: int, low: int, high: int) -> None:
        for k, (rows, columns, seen_rows, seen_columns) in places:
            part = g[rows, low:high, columns] * (winner[rows, low:high, columns] == k)
            dx[seen_rows, low:high, seen_columns] += part

    run_parts(run, parts_of(shape[1], g.size * len(places)))
    return [images_first(dx)]


def average_pool2d_forward(x: Any, *, pool_size: Any = 2, strides: Any = None, padding: str = "valid") -> Any:
    at = _geometry(x, pool_size, strides, padding)
    if at is None:
        return HANDED_BACK
    x = rows_first(x)
    y = np.zeros((at.places[0], x.shape[1], at.places[1], x.shape[3]), x.dtype)
    counts = np.zeros((at.places[0], 1, at.places[1], 1), x.dtype)  # of the numbers inside the image
    for rows, columns, seen_rows, seen_columns in corners(x.shape[::2], at):
        y[rows, :, columns] += x[seen_rows, :, seen_columns]
        counts[rows, :, columns] += 1
    y /= counts
    return images_first(y), (x.shape, at, counts)


def average_vjp(g: np.ndarray, saved: Any, needs: list[bool]) -> list[Any]:
    shape, at, counts = saved
    g = rows_first(g) / counts
    dx = np.zeros(shape, g.dtype)
    for rows, columns, seen_rows, seen_columns in corners(shape[::2], at):
        dx[seen_rows, :, seen_columns] += g[rows, :, columns]
    return [images_first(dx)]


max_pool2d.kernels["numpy"] = Kernel(max_pool2d_forward, max_vjp)
average_pool2d.kernels["numpy"] = Kernel(average_pool2d_forward, average_vjp)
