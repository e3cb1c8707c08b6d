"""Activations by name, their values, and Keras as the judge."""

import math
import os
from typing import Any

import numpy as np
import pytest

from minidl import activations, ops
from minidl.autograd import grad
from minidl.tensor import Tensor

X = np.array([-7.3, -3.0, -2.1, -0.4, 0.0, 0.3, 1.7, 2.9, 5.9, 7.1])


def np_sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


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
}


def test_every_known_activation_has_a_formula_here() -> None:
    assert set(VALUES) == set(activations.KNOWN)


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    np.testing.assert_allclose(activations.get(name)(X).numpy(), VALUES[name](X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["relu6", "hard_sigmoid", "softsign", "mish", "linear"])
def test_gradients_and_second_derivatives_of_those_written_here(name: str) -> None:
    points = np.array([-7.3, -2.1, -0.4, 0.3, 1.7, 2.9, 5.9, 7.1])  # no kinks
    x, h = Tensor(points, requires_grad=True), 1e-5
    (first,) = grad(activations.get(name)(x).sum() + 0 * x.sum(), x, create_graph=True)
    (second,) = grad((first * np.arange(1.0, 9.0)).sum() + 0 * (x * x).sum(), x)

    def slope(at: np.ndarray) -> np.ndarray:
        return (VALUES[name](at + h) - VALUES[name](at - h)) / (2 * h)

    np.testing.assert_allclose(first.numpy(), slope(points), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(second.numpy(), np.arange(1.0, 9.0) * (slope(points + 1e-4) - slope(points - 1e-4)) / 2e-4, atol=2e-4)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "mish", "sigmoid", "softplus", "silu", "gelu", "softsign"])
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
    assert [activations.name_of(activations.get(name)) for name in VALUES] == [{"swish": "silu"}.get(name, name) for name in VALUES]
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
@pytest.mark.parametrize("name", VALUES)
def test_as_keras(name: str) -> None:
    os.environ["KERAS_BACKEND"] = "torch"
    keras = pytest.importorskip("keras", reason="Keras is not installed: it is the judge here")
    x = np.random.default_rng(1).normal(0, 3, (5, 7)).astype(np.float32)
    expected = np.array(keras.activations.get(name)(keras.ops.convert_to_tensor(x)).tolist())
    found = activations.get(name)(x)
    assert found.dtype == np.float32
    assert np.abs(found.numpy() - expected).max() <= 2e-6 * np.abs(expected).max()
