"""What gradcheck must call right, and what wrong: small functions at ordinary and at awkward places. Quick, so that its own mutants can be
asked too."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minidl import gradcheck, ops


@dataclass(frozen=True)
class Case:
    right: bool
    f: Callable[[], Any]  # makes what is checked, anew
    arrays: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def verdict(self) -> bool:
        return bool(gradcheck(self.f(), *self.arrays, **self.options))


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def pair(forward: Any, backward: Any) -> Callable[[], Any]:
    return lambda: (forward, backward)


def square(factor: Any = 2.0) -> Callable[[], Any]:
    return pair(lambda x: x**2, lambda g, x: factor * g * x)


def dense(dx: float = 1.0, dw: Any = 1.0) -> Callable[[], Any]:
    return pair(lambda x, w: x @ w, lambda g, x, w: (dx * (g @ w.T), dw * (x.T @ g)))


def relu(at_zero: float, above: float = 1.0) -> Callable[[], Any]:
    return pair(lambda x: np.maximum(x, 0), lambda g, x: g * np.where(x == 0, at_zero, above * (x > 0)))


def first_input_kept() -> Any:
    kept: list[Any] = []

    def forward(x: np.ndarray) -> np.ndarray:
        kept.append(x.copy())
        return x**3

    return forward, lambda g, x: 3 * g * kept[0] ** 2


def adding() -> Any:
    total = [0.0]

    def backward(g: np.ndarray, x: np.ndarray) -> Any:
        total[0] = total[0] + 2 * g * x
        return total[0]

    return lambda x: x**2, backward


def random_forward() -> Any:
    rng = np.random.default_rng(0)

    def forward(x: np.ndarray) -> Any:
        keep = rng.random(x.shape) > 0.5
        return x * keep, keep

    return forward, lambda g, keep: g * keep


def noisy_backward() -> Any:
    rng = np.random.default_rng(0)
    return lambda x: x**2, lambda g, x: 2 * g * x * (1 + 1e-7 * rng.random(x.shape))


def refusing(factor: float) -> Callable[[], Any]:
    def forward(x: np.ndarray) -> np.ndarray:
        if (x <= 0).any() or (x > 1).any():
            raise AssertionError("probabilities only")
        return np.log(x)

    return pair(forward, lambda g, x: factor * g / x)


def relu_near_zero(factor: float) -> Callable[[], Any]:
    return pair(lambda x: np.where(np.abs(x) < 0.01, np.maximum(x, 0), np.nan), lambda g, x: factor * g * (x >= 0))


def near_one(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x - 1) < 0.2, x**2, np.nan)


ZEROS, NEAR = np.array([0.0, 1.0, -2.0]), np.array([1e-6, 1.0, -1e-6, -1.0])
ONE_OFF = np.where(np.arange(12).reshape(3, 4) == 7, 1.001, 1.0)

CASES: dict[str, Case] = {
    "square": Case(True, square(), (normal(3, 4),)),
    "square, factor": Case(False, square(2.0002), (normal(3, 4),)),
    "square, a little less": Case(False, square(1.9998), (normal(3, 4),)),
    "square, one part in a million": Case(False, square(2.00002), (normal(3, 4),)),
    "square, within the tolerance": Case(True, square(2.0000002), (normal(3, 4),)),
    "square, wide tolerance": Case(True, square(2.02), (normal(3, 4),), {"rtol": 0.1}),
    "square, wide absolute tolerance": Case(True, square(2.02), (normal(3, 4),), {"atol": 10.0}),
    "square, one entry": Case(False, square(2 * ONE_OFF), (normal(3, 4),)),
    "square, minus": Case(False, square(-2.0), (normal(3, 4),)),
    "square, zero": Case(False, square(0.0), (normal(3, 4),)),
    "square, NaN": Case(False, square(np.nan), (normal(3, 4),)),
    "square, one NaN": Case(False, square(np.where(ONE_OFF > 1, np.nan, 2.0)), (normal(3, 4),)),
    "square, infinite": Case(False, square(np.inf), (normal(3, 4),)),
    "square at the point of 7": Case(False, pair(lambda x: x**2, lambda g, x: 7 * g), (np.array([3.5]),)),
    "square, many": Case(True, square(), (normal(50, 100),)),
    "square, many, wrong": Case(False, square(2.001), (normal(50, 100),)),
    "square, g forgotten": Case(False, pair(lambda x: x**2, lambda g, x: 2 * x), (normal(3),)),
    "softmax": Case(True, pair(softmax, lambda g, x: (lambda y: y * (g - (g * y).sum(-1, keepdims=True)))(softmax(x))), (normal(2, 3),)),
    "softmax, diagonal": Case(False, pair(softmax, lambda g, x: g * softmax(x) * (1 - softmax(x))), (normal(2, 3),)),
    "softmax, zero": Case(False, pair(softmax, lambda g, x: 0 * g), (normal(2, 3),)),
    "dense": Case(True, dense(), (normal(3, 4), normal(4, 2))),
    "dense, first": Case(False, dense(dx=1.0001), (normal(3, 4), normal(4, 2))),
    "dense, last": Case(False, dense(dw=1.0001), (normal(3, 4), normal(4, 2))),
    "dense, one weight": Case(False, dense(dw=np.where(np.arange(8).reshape(4, 2) == 5, 1.01, 1.0)), (normal(3, 4), normal(4, 2))),
    "wrong shape": Case(False, pair(lambda x, b: x + b, lambda g, x, b: (g, g)), (normal(3, 4), normal(4))),
    "wrong shape, same size": Case(False, pair(lambda x: x.T, lambda g, x: g), (normal(3, 4),)),
    "too few": Case(False, pair(lambda a, b: a * b, lambda g, a, b: (g * b,)), (normal(3), normal(3, seed=1))),
    "none for one": Case(False, pair(lambda a, b: a * b, lambda g, a, b: (g * b, None)), (normal(3), normal(3, seed=1))),
    "none where none is": Case(True, pair(lambda a, b: 2 * a, lambda g, a, b: (2 * g, None)), (normal(3), normal(3, seed=1))),
    "text": Case(False, pair(np.exp, lambda g, x: "g"), (normal(3),)),
    "function without values": Case(False, pair(np.log, lambda g, x: g / x), (np.array([-1.0, 2.0]),)),
    "argument without values": Case(False, square(), (np.array([np.nan, 2.0]),)),
    "random forward": Case(False, random_forward, (normal(4, 4),)),
    "random backward, far within the tolerance": Case(False, noisy_backward, (normal(4, 4),)),
    "adds up": Case(False, adding, (normal(3),)),
    "first input": Case(False, first_input_kept, (normal(3),)),
    "refuses, right": Case(True, refusing(1.0), (np.array([0.2, 0.9999]),)),
    "refuses, wrong": Case(False, refusing(1.1), (np.array([0.2, 0.9999]),)),
    "threshold far away": Case(False, pair(lambda s: np.maximum(0, 1 - s), lambda g, s: -g), (np.array([0.1, -0.2, 0.3, -0.1]),)),
    "right at one point, values only near it": Case(False, pair(near_one, lambda g, x: 2 * g), (np.array([1.0, 1.0]),)),
    "only for negative": Case(False, pair(np.abs, lambda g, x: g), (np.array([0.5, 1.5, 2.0]),)),
    "kink": Case(True, relu(0.0), (ZEROS,)),
    "kink, other side": Case(True, relu(1.0), (ZEROS,)),
    "kink, between": Case(True, relu(0.4), (ZEROS,)),
    "kink, above": Case(False, relu(1.1), (ZEROS,)),
    "kink, below": Case(False, relu(-0.1), (ZEROS,)),
    "kink, exactly half, wrong elsewhere": Case(False, relu(0.5, above=1.01), (ZEROS,)),
    "kink, NaN": Case(False, relu(np.nan), (ZEROS,)),
    "kink, wrong beside": Case(False, relu(0.0, above=1.01), (ZEROS,)),
    "kink nearby": Case(True, relu(0.0), (NEAR,)),
    "kink nearby, wrong": Case(False, relu(0.0, above=1.01), (NEAR,)),
    "kink, values only near it": Case(True, relu_near_zero(1.0), (np.zeros(3),)),
    "kink, values only near it, above": Case(False, relu_near_zero(1.1), (np.zeros(3),)),
    "absolute value at 0": Case(True, pair(np.abs, lambda g, x: g * np.sign(x)), (ZEROS,)),
    "absolute value, −2 at 0": Case(False, pair(np.abs, lambda g, x: g * np.where(x == 0, -2, np.sign(x))), (ZEROS,)),
    "largest, tie": Case(True, lambda: lambda x: x.max(axis=1), (np.array([[1.0, 1.0, 0.0], [2.0, 0.0, 1.0]]),)),
    "large numbers": Case(True, square(), (1e6 * normal(3, 4),)),
    "large numbers, wrong": Case(False, square(2.001), (1e6 * normal(3, 4),)),
    "very large numbers": Case(True, square(), (1e12 * normal(3, 4),)),
    "very large numbers, wrong": Case(False, square(2.001), (1e12 * normal(3, 4),)),
    "very small numbers, wrong": Case(False, square(2.001), (1e-9 * normal(3, 4),), {"atol": 0.0}),
    "very small numbers": Case(True, square(), (1e-9 * normal(3, 4),), {"atol": 0.0}),
    "small numbers": Case(True, square(), (1e-4 * normal(3, 4),)),
    "small numbers, wrong": Case(False, square(2.01), (1e-4 * normal(3, 4),)),
    "large and small": Case(True, dense(), (1e5 * normal(3, 4), 1e-5 * normal(4, 2))),
    "large and small, wrong": Case(False, dense(dw=1.001), (1e5 * normal(3, 4), 1e-5 * normal(4, 2))),
    "logarithm near 0": Case(True, pair(np.log, lambda g, x: g / x), (np.array([1e-8, 1e-3, 1.0]),)),
    "logarithm near 0, wrong": Case(False, pair(np.log, lambda g, x: 1.001 * g / x), (np.array([1e-8, 1e-3, 1.0]),)),
    "fast wave": Case(True, pair(lambda x: np.sin(1000 * x), lambda g, x: 1000 * g * np.cos(1000 * x)), (normal(4),)),
    "fast wave, wrong": Case(False, pair(lambda x: np.sin(1000 * x), lambda g, x: 1001 * g * np.cos(1000 * x)), (normal(4),)),
    "tiny slope on a large value": Case(True, pair(lambda x: x * 1e-6 + 1e6, lambda g, x: g * 1e-6), (normal(4),)),
    "slope 1 on a large value": Case(True, pair(lambda x: x + 1e6, lambda g, x: g), (normal(4),)),
    "slope 1 on a large value, wrong": Case(False, pair(lambda x: x + 1e6, lambda g, x: 1.001 * g), (normal(4),)),
    "number": Case(True, pair(lambda x: float((x**2).sum()), lambda g, x: 2 * g * x), (normal(3),)),
    "number, wrong": Case(False, pair(lambda x: float((x**2).sum()), lambda g, x: g * x), (normal(3),)),
    "0-d": Case(True, square(), (np.array(0.7),)),
    "0-d, infinite": Case(False, square(np.inf), (np.array(0.7),)),
    "0-d, wrong": Case(False, square(3.0), (np.array(0.7),)),
    "empty": Case(True, square(), (np.zeros((0, 3)),)),
    "no output": Case(True, pair(lambda x: x[:0], lambda g, x: 0 * x), (normal(3),)),
    "constant": Case(True, pair(lambda x: np.ones(3), lambda g, x: 0 * x), (normal(3),)),
    "constant, no tolerance": Case(True, pair(lambda x: np.ones(3), lambda g, x: 0 * x), (normal(3),), {"atol": 0.0, "rtol": 0.0}),
    "constant, wrong": Case(False, pair(lambda x: np.ones(3), lambda g, x: g), (normal(3),)),
    "Tensors": Case(True, lambda: lambda a, b: ops.tanh(a @ b), (normal(2, 3), normal(3, 2)), {"order": 2}),
    "Tensors, path cut": Case(False, lambda: lambda a, b: ops.tanh(a.detach() @ b), (normal(2, 3), normal(3, 2))),
    "Tensors, second order cut at this very point": Case(
        False, lambda: lambda x: ops.where(x.data == 1, x * x.detach() * 2 - x.detach() ** 2, x * x), (np.array([1.0, 2.0]),), {"order": 2}
    ),
    "Tensors, second order cut": Case(False, lambda: lambda x: (x * x.detach() * 2 - x.detach() ** 2).sum(), (normal(3),), {"order": 2}),
}


def first_wrong() -> str | None:
    """The first case with the wrong verdict."""
    for name, case in CASES.items():
        if case.verdict() != case.right:
            return f"{name}: called {'wrong' if case.right else 'right'}"
    return None
