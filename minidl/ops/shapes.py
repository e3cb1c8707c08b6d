"""Ops that move numbers without changing them: their gradients move the same way back."""
import math

from minidl import backend
from minidl.tensor import Tensor, op


@op
def reshape(xp, x, *, shape):
    """y = the same numbers in C order in another shape          dL/dx = g in x's shape"""
    return xp.reshape(x, shape)


@reshape.vjp
def _(g, y, x, *, shape):
    return reshape(g, shape=x.shape)


@op
def transpose(xp, x, *, axes=None):
    """y has x's axes in the order ``axes`` (reversed, if None)          dL/dx = g with the order undone"""
    return xp.transpose(x, axes)


@transpose.vjp
def _(g, y, x, *, axes=None):
    if axes is None:
        return transpose(g)
    axes = [axis % x.ndim for axis in axes]
    return transpose(g, axes=[axes.index(i) for i in range(x.ndim)])


@op
def broadcast_to(xp, x, *, shape):
    """y = x repeated along new axes and axes of size 1          dL/dx = g summed over them (by the engine)"""
    return xp.broadcast_to(x, shape)


@broadcast_to.vjp
def _(g, y, x, *, shape):
    return g


@op
def concatenate(xp, *xs, axis=-1):
    """y = the xs one after the other along ``axis``          dL/dx = the part of g that came from x"""
    return xp.concatenate([xp.asarray(x) for x in xs], axis=axis)


@concatenate.vjp
def _(g, y, *xs, axis=-1):
    before, grads, axis = 0, [], axis % y.ndim
    for x in xs:
        part = (slice(None),) * axis + (slice(before, before + x.shape[axis]),)
        grads.append(lambda part=part: g[part])
        before += x.shape[axis]
    return grads


@op
def stack(xp, *xs, axis=0):
    """y = the xs (of one shape) side by side along a new ``axis``          dL/dx = its slice of g"""
    return xp.stack([xp.asarray(x) for x in xs], axis=axis)


@stack.vjp
def _(g, y, *xs, axis=0):
    before = (slice(None),) * (axis % y.ndim)
    return [lambda i=i: g[(*before, i)] for i in range(len(xs))]


@op
def pad(xp, x, *, widths):
    """y = x in a frame of zeros; ``widths`` has a pair (before, after) for each axis          dL/dx = g without the frame"""
    if len(widths) != x.ndim or any(len(pair) != 2 for pair in widths):
        raise ValueError(f"widths has a pair (before, after) for each of the {x.ndim} axes; got {widths!r}")
    return xp.pad(x, widths)


@pad.vjp
def _(g, y, x, *, widths):
    return g[tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape))]


def _plain_index(index):
    """``index`` as arrays understand it: a Tensor in it becomes its array."""
    if isinstance(index, tuple):
        return tuple(map(_plain_index, index))
    return index.data if isinstance(index, Tensor) else index


@op
def getitem(xp, x, *, index):
    """y = x[index], as NumPy indexes          dL/dx = zeros, with g added at the index"""
    return x[_plain_index(index)]


@getitem.vjp
def _(g, y, x, *, index):
    return add_at(g, index=index, shape=x.shape)


@op
def add_at(xp, x, *, index, shape):
    """y = zeros of ``shape``, then y[index] += x, adding up where an index comes twice          dL/dx = g[index]"""
    y = xp.zeros(shape, x.dtype)
    xp.add.at(y, _plain_index(index), x)
    return y


@add_at.vjp
def _(g, y, x, *, index, shape):
    return g[index]


def flatten(x):
    """y = one row of numbers for each example: (n, …) → (n, product of the rest)."""
    return reshape(x, shape=(x.shape[0], math.prod(x.shape[1:])))


def one_hot(labels, *, classes):
    """An array with 1.0 at each label and 0.0 elsewhere: (…) whole numbers → (…, classes)."""
    xp = backend.owner(labels).module
    return 1.0 * (labels[..., None] == xp.arange(classes))
