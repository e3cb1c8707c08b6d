"""Jacobians and Hessian–vector products: nothing but `grad`, used more than once."""
from typing import Any

from minidl import backend
from minidl.autograd import grad
from minidl.ops import stack
from minidl.tensor import Tensor


def jacobian(y: Tensor, x: Tensor, create_graph: bool = False) -> Tensor:
    """All dy_i/dx_j, of shape ``y.shape + x.shape``: one walk back for each number in y. The graph of y is kept."""
    xp, zeros, rows = backend.owner(y.data).module, backend.owner(x.data).module.zeros, []
    for i in range(y.size):
        one = xp.reshape(xp.arange(y.size) == i, y.shape).astype(y.dtype)
        row = grad(y, x, seed=one, create_graph=create_graph, keep_graph=True)[0]
        rows.append(zeros(x.shape, x.dtype) if row is None else row)
    if not rows:
        return Tensor(zeros(y.shape + x.shape, x.dtype))
    return stack(*rows, axis=0).reshape(y.shape + x.shape)


def hvp(y: Tensor, xs: Any, vs: Any) -> Any:
    """The Hessian of y times v without the Hessian: the gradient of (dy/dx · v). A Tensor for one x, a tuple for several.

    ``y`` is one number; ``vs`` has the shapes of ``xs``. The graph of y is kept. Pearlmutter, "Fast exact multiplication by the
    Hessian" (1994)."""
    if isinstance(xs, Tensor):
        return hvp(y, (xs,), (vs,))[0]
    vs = [v if isinstance(v, Tensor) else Tensor(v) for v in vs]
    for x, v in zip(xs, vs, strict=True):
        if v.shape != x.shape:
            raise ValueError(f"each v has the shape of its x, {x.shape}; got {v.shape}")
    slope: Any = 0.0
    for g, v in zip(grad(y, xs, create_graph=True), vs, strict=True):
        slope = slope if g is None else slope + (g * v).sum()
    second = grad(slope, xs, keep_graph=True) if isinstance(slope, Tensor) else [None] * len(xs)
    return tuple(x.detach() * 0 if h is None else h for x, h in zip(xs, second))
