"""A numeric check of gradients, for the tests: independent of what minidl offers to students for the same purpose."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minidl.autograd import grad
from minidl.backend import to_numpy
from minidl.tensor import Tensor

STEP = 1e-3  # of the fourth-order differences below: truncation and rounding meet near ε^(1/5)
TOLERANCE = 1e-7


def check_gradients(
    f: Callable[..., Tensor],
    arrays: Sequence[Any],
    order: int = 1,
    *,
    asarray: Callable[[np.ndarray], Any] = np.asarray,
    draws: int = 2,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> None:
    """Compare the gradients of ``f`` with central differences, for every array of floats (float64) among ``arrays``.

    f takes Tensors for them (made by ``asarray``), arrays for integers and booleans, and what else stands there as it is; it returns
    one Tensor of any shape. For a random cotangent u and a random direction v, ⟨u, J v⟩ is once ⟨grad, v⟩ and once a difference
    quotient. A plain sum as the result would hide much: softmax, whose outputs always sum to 1, has any wrong rule right then.

    ``order=2`` also takes the gradient for a function, of the arrays and of u, and checks *its* gradients: Hessian times vector, exactly
    and by differences; 3 and more go on in the same way. AssertionError names the order, the argument and both numbers."""
    _check(f, list(arrays), 1, order, asarray, draws, tolerance, np.random.default_rng(seed))


def is_float(a: Any) -> bool:
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def _argument(a: Any, asarray: Any) -> Any:
    if not isinstance(a, np.ndarray):
        return a
    return Tensor(asarray(a), requires_grad=True) if is_float(a) else asarray(a)


def _check(f: Any, arrays: list[Any], level: int, order: int, asarray: Any, draws: int, tolerance: float, rng: Any) -> None:
    floats = [i for i, a in enumerate(arrays) if is_float(a)]

    def call(values: list[Any]) -> tuple[list[Any], Tensor]:
        tensors = [_argument(a, asarray) for a in values]
        y = f(*tensors)
        assert isinstance(y, Tensor), f"f must return a Tensor, got {type(y).__name__}"
        return tensors, y

    tensors, y = call(arrays)
    shape, value = y.shape, to_numpy(y.data)
    for draw in range(draws):
        u = np.asarray(rng.standard_normal(shape))
        grads: Any = [None] * len(floats)
        if y.requires_grad:
            grads = grad(y, [tensors[i] for i in floats], seed=asarray(u), keep_graph=True)
        for i, g in zip(floats, grads):
            x, tensor = arrays[i], tensors[i]
            if g is not None:
                same = (g.shape, g.dtype, type(g.data)) == (tensor.shape, tensor.dtype, type(tensor.data))
                assert same, f"{_name(level, i)}the gradient has another shape, dtype or backend"
            v = np.asarray(rng.standard_normal(x.shape))
            v = v / max(1.0, np.abs(v).max(initial=0))
            h = STEP * max(1.0, np.abs(x).max(initial=0))
            beside = {}
            for k in (-2, -1, 1, 2):
                moved = [*arrays[:i], np.asarray(x + k * h * v), *arrays[i + 1 :]]
                beside[k] = np.asarray(to_numpy(call(moved)[1].data), float)
            slope = (8 * (beside[1] - beside[-1]) - (beside[2] - beside[-2])) / (12 * h)
            numeric = float(np.sum(u * slope))
            gradient = np.zeros(x.shape) if g is None else to_numpy(g.data)
            exact = float(np.sum(gradient * v))
            scale = max(_norm(u) * _norm(slope), _norm(gradient) * _norm(v))
            rounding = 100 * np.finfo(float).eps * _norm(u) * _norm(value) / h
            if not abs(exact - numeric) <= tolerance * scale + rounding:  # "not <=": so that NaN fails
                raise AssertionError(f"{_name(level, i)}the rule gives {exact:.12g}, differences give {numeric:.12g} (draw {draw})")
    if level < order:
        for i in floats:
            u = np.asarray(rng.standard_normal(shape))
            _check(_gradient_function(f, i), [*arrays, u], level + 1, order, asarray, draws, tolerance, rng)


def _gradient_function(f: Any, i: int) -> Any:
    """(the arguments of f, a cotangent u) ↦ the gradient of ⟨u, f⟩ for argument i."""

    def gradient(*tensors: Any) -> Tensor:
        *xs, u = tensors
        y = f(*xs)
        g = grad(y, xs[i], seed=u, create_graph=True)[0] if y.requires_grad else None
        return xs[i] * 0 if g is None else g

    return gradient


def _norm(a: np.ndarray) -> float:
    return float(np.sqrt(np.sum(np.square(a))))


def _name(level: int, i: int) -> str:
    return f"order {level}, argument {i}: "
