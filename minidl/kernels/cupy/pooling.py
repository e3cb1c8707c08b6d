"""Pooling on the GPU."""
from typing import Any

from minidl.backend import Array, owner
from minidl.kernels.cupy.launching import dense_copy, each, suits
from minidl.kernels.cupy.products import Geometry, geometry
from minidl.ops.convolution import pair
from minidl.tensor import Kernel


def _prepared(x: Array, pool_size: Any, strides: Any, padding: str) -> tuple[Geometry, Array] | None:
    """Where the windows lie, and an empty result."""
    window = pair(pool_size, "pool_size")
    if x.ndim != 4 or not suits(x) or window[0] * window[1] > 256:
        return None
    at = geometry(x.shape[1:3], window, window if strides is None else strides, 1, padding)
    y = owner(x).module.empty((x.shape[0], *at.places, x.shape[3]), x.dtype)
    return (at, y) if suits(y) else None


def _run(name: str, arrays: tuple[Array, ...], at: Geometry) -> None:
    result = arrays[1] if name in ("max_pool", "average_pool") else arrays[-1]
    (top, _), (left, _) = at.widths
    each(
        "pooling.cu", name, result.size, *arrays, result.size,
        *at.image, result.shape[3], *at.places, *at.window, *at.strides, *at.dilation, top, left,
    )  # fmt: skip


def _max(x: Array, *, pool_size: Any = 2, strides: Any = None, padding: str = "valid") -> Any:
    if (prepared := _prepared(x, pool_size, strides, padding)) is None:
        return NotImplemented, None
    at, y = prepared
    winner = owner(x).module.empty(y.shape, "uint8")
    _run("max_pool", (dense_copy(x), y, winner), at)
    return y, (at, winner)


def _max_vjp(g: Array, saved: Any, needs: Any) -> list[Array]:
    at, winner = saved
    dx = owner(g).module.empty((g.shape[0], *at.image, g.shape[3]), g.dtype)
    _run("max_pool_gradient", (dense_copy(g), winner, dx), at)
    return [dx]


def _average(x: Array, *, pool_size: Any = 2, strides: Any = None, padding: str = "valid") -> Any:
    if (prepared := _prepared(x, pool_size, strides, padding)) is None:
        return NotImplemented, None
    at, y = prepared
    _run("average_pool", (dense_copy(x), y), at)
    return y, at


def _average_vjp(g: Array, at: Geometry, needs: Any) -> list[Array]:
    dx = owner(g).module.empty((g.shape[0], *at.image, g.shape[3]), g.dtype)
    _run("average_pool_gradient", (dense_copy(g), dx), at)
    return [dx]


max_pool2d, average_pool2d = Kernel(_max, _max_vjp), Kernel(_average, _average_vjp)
