"""Jacobians and Hessian–vector products: nothing but `grad`, used more than once."""
from typing import Any

from minidl import backend
from minidl.autograd import grad
from minidl.ops import stack
from minidl.tensor import Tensor


def jacobian(y: Any, x: Any, create_graph: bool = False) -> Tensor:
    """All dy_i/dx_j, of shape ``y.shape + x.shape``: one walk back for each number in y.

    ``y`` is a Tensor that was computed from the Tensor x (its graph is kept), or a function of x, which may then be an array."""
    y, (x,) = _evaluated(y, (x,))
    xp, rows = backend.owner(y.data).module, []
    for i in range(y.size):
        one = xp.reshape(xp.arange(y.size) == i, y.shape).astype(y.dtype)
        row = grad(y, x, seed=one, create_graph=create_graph, keep_graph=True)[0]
        rows.append(_zeros(x.shape, x) if row is None else row)
    return stack(*rows, axis=0).reshape(y.shape + x.shape) if rows else _zeros(y.shape + x.shape, x)


def hvp(y: Any, xs: Any, vs: Any) -> Any:
    """The Hessian of y times v without the Hessian: the gradient of (dy/dx · v). A Tensor for one x, a tuple for several.

    ``y`` is one number: a Tensor that was computed from the Tensors xs (its graph is kept), or a function of the xs, which may then be
    arrays. ``vs`` have the shapes of the ``xs``. Pearlmutter, "Fast exact multiplication by the Hessian" (1994)."""
    if not isinstance(xs, (tuple, list)):
        return hvp(y, (xs,), (vs,))[0]
    y, xs = _evaluated(y, tuple(xs))
    vs = [v if isinstance(v, Tensor) else Tensor(v) for v in vs]
    for x, v in zip(xs, vs, strict=True):
        if v.shape != x.shape:
            raise ValueError(f"each v has the shape of its x, {x.shape}; got {v.shape}")
    slope: Any = 0.0
    for g, v in zip(grad(y, xs, create_graph=True), vs):
        slope = slope if g is None else slope + (g * v).sum()
    second = grad(slope, xs, keep_graph=True) if isinstance(slope, Tensor) else [None] * len(xs)
    return tuple(_zeros(x.shape, x) if h is None else h for x, h in zip(xs, second))


def _evaluated(y: Any, xs: tuple[Any, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """y and its xs as Tensors; a function y is called on them."""
    if callable(y):
        xs = tuple(x if isinstance(x, Tensor) and x.requires_grad else Tensor(x, requires_grad=True) for x in xs)
        y = y(*xs)
    return y, xs


def _zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    return Tensor(backend.owner(like.data).module.zeros(shape, like.dtype))
