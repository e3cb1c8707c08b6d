"""Softmax and cross-entropy on the GPU, for rows of few classes."""
from typing import Any

from minidl.backend import Array, owner
from minidl.kernels.cupy.launching import dense_copy, each, suits
from minidl.tensor import Kernel

MOST_CLASSES = 256  # one thread goes through a row: for longer ones CuPy's own reductions are faster


def _rows(x: Array, axis: int) -> tuple[int, int] | None:
    """(rows, classes), if the classes lie along the last axis and are few."""
    if not x.ndim or axis not in (-1, x.ndim - 1) or not suits(x) or x.shape[-1] > MOST_CLASSES:
        return None
    return x.size // x.shape[-1], x.shape[-1]


def _softmax(x: Array, *, axis: int = -1) -> Any:
    if (sizes := _rows(x, axis)) is None:
        return NotImplemented, None
    y = owner(x).module.empty(x.shape, x.dtype)
    each("probabilities.cu", "softmax", sizes[0], dense_copy(x), y, *sizes)
    return y, (y, sizes)


def _softmax_vjp(g: Array, saved: Any, needs: Any) -> list[Array]:
    y, sizes = saved
    dx = owner(g).module.empty(g.shape, g.dtype)
    each("probabilities.cu", "softmax_gradient", sizes[0], dense_copy(g), y, dx, *sizes)
    return [dx]


def _crossentropy(p: Array, targets: Array, *, axis: int = -1, smallest: float = 1e-7) -> Any:
    sizes = _rows(p, axis)
    if sizes is None or getattr(targets, "shape", None) != p.shape or not suits(p, targets):
        return NotImplemented, None
    p, targets = dense_copy(p), dense_copy(targets)
    loss = owner(p).module.empty(p.shape[:-1], p.dtype)
    each("probabilities.cu", "crossentropy", sizes[0], p, targets, loss, *sizes, float(smallest))
    return loss, (p, targets, sizes, float(smallest))


def _crossentropy_vjp(g: Array, saved: Any, needs: Any) -> list[Array | None]:
    p, targets, sizes, smallest = saved
    xp, dp, dt = owner(g).module, None, None
    if needs[0]:
        dp = xp.empty(p.shape, p.dtype)
        each("probabilities.cu", "crossentropy_gradient", sizes[0], dense_copy(g), p, targets, dp, *sizes, smallest)
    if needs[1]:
        dt = -g[..., None] * xp.log(xp.clip(p / xp.sum(p, axis=-1, keepdims=True), smallest, 1 - smallest))
    return [dp, dt]


softmax, crossentropy = Kernel(_softmax, _softmax_vjp), Kernel(_crossentropy, _crossentropy_vjp)
