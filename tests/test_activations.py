"""Activations by name, their values, and Keras as the judge."""

import math
import os
from typing import Any

import numpy as np
import pytest

from minidl import activations, gradcheck, ops
from minidl.autograd import grad
from minidl.tensor import Tensor

X = np.array([-7.3, -3.0, -2.1, -0.4, 0.0, 0.3, 1.7, 2.9, 5.9, 7.1])


def np_sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def np_sparsemax(x: np.ndarray) -> np.ndarray:
    """By bisection: the τ for which what is above it sums to 1."""
    low, high = x.max() - 1, x.max()
    for _ in range(100):
        tau = (low + high) / 2
        low, high = (tau, high) if np.maximum(x - tau, 0).sum() > 1 else (low, tau)
    return np.maximum(x - tau, 0)


VALUES: dict[str, Any] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1)),
    "gelu": lambda x: np.array([v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x]),
    "silu": lambda x: x * np_sigmoid(x),
    "swish": lambda x: x * np_sigmoid(x),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sigmoid": np_sigmoid,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "tanh": np.tanh,
    "exponential": np.exp,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
    "log_softmax": lambda x: x - np.log(np.exp(x).sum()),
    "celu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "glu": lambda x: x[: x.size // 2] * np_sigmoid(x[x.size // 2 :]),
    "hard_shrink": lambda x: np.where(abs(x) > 0.5, x, 0),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "log_sigmoid": lambda x: -np.log1p(np.exp(-x)),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0),
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "sparsemax": lambda x: np_sparsemax(x),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "tanh_shrink": lambda x: x - np.tanh(x),
}


def test_every_known_activation_has_a_formula_here() -> None:
    assert set(VALUES) == set(activations.KNOWN)


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    np.testing.assert_allclose(activations.get(name)(X).numpy(), VALUES[name](X), rtol=1e-12, atol=1e-14)


HERE = [
    "relu6", "hard_sigmoid", "softsign", "mish", "linear", "celu", "hard_shrink", "hard_silu", "hard_tanh", "log_sigmoid", "soft_shrink",
    "sparse_plus", "sparse_sigmoid", "squareplus", "tanh_shrink",
]  # fmt: skip


@pytest.mark.parametrize("name", HERE)
def test_gradients_and_second_derivatives_of_those_written_here(name: str) -> None:
    points = np.array([-7.3, -2.1, -0.4, 0.3, 1.7, 2.9, 5.9, 7.1])  # no kinks
    x, h = Tensor(points, requires_grad=True), 1e-5
    (first,) = grad(activations.get(name)(x).sum() + 0 * x.sum(), x, create_graph=True)
    (second,) = grad((first * np.arange(1.0, 9.0)).sum() + 0 * (x * x).sum(), x)

    def slope(at: np.ndarray) -> np.ndarray:
        return (VALUES[name](at + h) - VALUES[name](at - h)) / (2 * h)

    np.testing.assert_allclose(first.numpy(), slope(points), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(second.numpy(), np.arange(1.0, 9.0) * (slope(points + 1e-4) - slope(points - 1e-4)) / 2e-4, atol=2e-4)


@pytest.mark.parametrize("axis", [-1, 1, 0])
@pytest.mark.parametrize("name", ["sparsemax", "glu"])
def test_those_along_an_axis(name: str, axis: int) -> None:
    x = np.random.default_rng(3).normal(0, 1, (4, 6, 2))
    y = activations.KNOWN[name](x, axis=axis)  # type: ignore[call-arg]
    for one, found in zip(np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]), np.moveaxis(y.numpy(), axis, -1).reshape(-1, y.shape[axis])):
        np.testing.assert_allclose(found, VALUES[name](one), atol=1e-12)
    report = gradcheck(lambda x: activations.KNOWN[name](x, axis=axis), x)  # type: ignore[call-arg]
    assert report, str(report)


def test_their_arguments() -> None:
    np.testing.assert_allclose(activations.celu(X, 2.0).numpy(), np.where(X > 0, X, 2 * (np.exp(X / 2) - 1)))
    np.testing.assert_allclose(activations.hard_shrink(X, 2.0).numpy(), np.where(abs(X) > 2, X, 0))
    np.testing.assert_allclose(activations.soft_shrink(X, 2.0).numpy(), np.sign(X) * np.maximum(abs(X) - 2, 0))
    np.testing.assert_allclose(activations.squareplus(X, 9.0).numpy(), (X + np.sqrt(X * X + 9)) / 2)
    np.testing.assert_allclose(activations.threshold(X, 0.3, -1.0).numpy(), np.where(X > 0.3, X, -1))
    np.testing.assert_allclose(activations.sparsemax(np.zeros((2, 4))).numpy(), 0.25)
    with pytest.raises(ValueError, match="glu halves axis -1, and its size 3 is odd"):
        activations.glu(np.ones((2, 3)))


@pytest.mark.parametrize(
    "name", ["softmax", "log_softmax", "mish", "sigmoid", "softplus", "silu", "gelu", "softsign", "celu", "log_sigmoid", "sparsemax"]
)
def test_large_scores_stay_finite(name: str) -> None:
    y = activations.get(name)(np.array([[-1e4, 0, 1e4]], np.float32))
    assert y.dtype == np.float32
    assert np.isfinite(y.numpy()).all()


def test_get() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get("relu") is ops.relu
    assert activations.get("ReLU") is ops.relu
    assert activations.get("swish") is activations.get("silu") is ops.silu
    assert activations.get(np.tanh) is np.tanh
    x = Tensor([1.0, 2.0])
    assert activations.linear(x) is x


def test_get_explains() -> None:
    with pytest.raises(ValueError, match=r"no activation is called 'sofmax': did you mean 'softmax'"):
        activations.get("sofmax")
    with pytest.raises(TypeError, match=r"activation: expected a name, an object or a function; got int"):
        activations.get(3)

    class LeakyReLU:
        def __call__(self, x: Any) -> Any:
            return x

    with pytest.raises(TypeError, match=r"got the class LeakyReLU: make an object of it, LeakyReLU\(\)"):
        activations.get(LeakyReLU)
    layer = LeakyReLU()
    assert activations.get(layer) is layer
    assert activations.name_of(layer) == "LeakyReLU"


def test_names() -> None:
    first = {"swish": "silu", "hard_swish": "hard_silu"}
    assert [activations.name_of(activations.get(name)) for name in VALUES] == [first.get(name, name) for name in VALUES]
    assert activations.name_of(None) == "linear"
    assert activations.name_of("swish") == "silu"

    def bent(x: Any) -> Any:
        return x * x

    assert activations.name_of(bent) == "bent"


def test_on_every_backend(backend: Any) -> None:
    for name, function in VALUES.items():
        y = activations.get(name)(backend.asarray(X))
        np.testing.assert_allclose(backend.to_numpy(y), function(X), rtol=1e-12, atol=1e-14)


@pytest.mark.oracle
@pytest.mark.parametrize("name", sorted(set(VALUES) - {"sparsemax"}))  # Keras 3.15's does not sum to 1: it adds up sums
def test_as_keras(name: str) -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras", reason="Keras is not installed: it is the judge here")
    x = np.random.default_rng(1).normal(0, 3, (5, 8)).astype(np.float32)
    expected = np.array(keras.activations.get(name)(keras.ops.convert_to_tensor(x)).tolist())
    found = activations.get(name)(x)
    assert found.dtype == np.float32
    assert np.abs(found.numpy() - expected).max() <= 2e-6 * np.abs(expected).max()
