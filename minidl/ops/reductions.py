"""Ops that make many numbers into one, along ``axis`` (an int, a tuple, or None for all)."""
import math

from minidl.ops.shapes import broadcast_to, reshape
from minidl.tensor import op


def _axes(axis, ndim):
    axes = range(ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple(a % ndim for a in axes) if ndim else ()


def _spread(g, x, axis):
    """``g``, as if the reduction had kept its axes, with size 1."""
    axes = _axes(axis, x.ndim)
    return reshape(g, shape=[1 if i in axes else n for i, n in enumerate(x.shape)])


@op
def sum(xp, x, *, axis=None, keepdims=False):
    """y = Σ x          dL/dx = g, for every x that was summed"""
    return xp.sum(x, axis=axis, keepdims=keepdims)


@sum.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    return broadcast_to(_spread(g, x, axis), shape=x.shape)


@op
def mean(xp, x, *, axis=None, keepdims=False):
    """y = Σ x / n          dL/dx = g / n"""
    return xp.mean(x, axis=axis, keepdims=keepdims)


@mean.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    n = math.prod(x.shape[a] for a in _axes(axis, x.ndim))
    return broadcast_to(_spread(g * (1 / n if n else 0.0), x, axis), shape=x.shape)


@op
def max(xp, x, *, axis=None, keepdims=False):
    """y = the largest x          dL/dx = g for the largest, 0 for all others; in a tie the first in C order is the largest"""
    return xp.max(x, axis=axis, keepdims=keepdims)


@max.vjp
def _(g, y, x, *, axis=None, keepdims=False):
    return _spread(g, x, axis) * argmax_mask(x, axis=axis)


@op
def argmax_mask(xp, x, *, axis=None):
    """y = 1 where x is the largest along ``axis`` (the first of equals, in C order), 0 elsewhere. It has no gradient."""
    axes = _axes(axis, x.ndim)
    others = [i for i in range(x.ndim) if i not in axes]
    rows = xp.transpose(x, [*others, *axes])
    shape = rows.shape
    rows = xp.reshape(rows, (*shape[: len(others)], math.prod(shape[len(others) :])))
    mask = xp.argmax(rows, axis=-1)[..., None] == xp.arange(rows.shape[-1])
    order = [*others, *axes]
    return xp.transpose(xp.reshape(mask, shape), [order.index(i) for i in range(x.ndim)]).astype(x.dtype)


@argmax_mask.vjp
def _(g, y, x, *, axis=None):
    return None
