"""25 steps beside Keras' own optimisers, and its schedules at 60 steps."""
import os
import warnings
from collections.abc import Iterator
from typing import Any
from unittest import mock

import numpy as np
import pytest

from minidl import optimizers
from minidl.optimizers import schedules
from minidl.tensor import Tensor

pytestmark = pytest.mark.oracle

COMMON: list[dict[str, Any]] = [
    {}, {"weight_decay": 0.05}, {"clipnorm": 0.5}, {"clipvalue": 0.2}, {"global_clipnorm": 0.6}, {"weight_decay": 0.01, "clipnorm": 1e3},
]  # fmt: skip
OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"nesterov": True}, {"momentum": 1.0}],
    "Adagrad": [{}, {"initial_accumulator_value": 0.0, "epsilon": 1e-3}],
    "RMSprop": [{}, {"momentum": 0.9}, {"centered": True}, {"rho": 0.5, "momentum": 0.5, "centered": True, "epsilon": 1e-3}],
    "Adam": [{}, {"amsgrad": True}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2}, {"amsgrad": True, "beta_2": 0.5}],
    "AdamW": [{}, {"amsgrad": True, "beta_2": 0.5}],
}
RATES: dict[str, Any] = {
    "constant": lambda module: {"learning_rate": 0.05},
    "default": lambda module: {},
    "schedule": lambda module: {"learning_rate": module.ExponentialDecay(0.05, 5, 0.7)},
}
SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.6}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.6, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [3, 10, 40], "values": [0.1, 0.05, 0.02, 0.001]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.01, "power": 0.5}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.01, "power": 2.0, "cycle": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.6}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.6, "staircase": True}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 30}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 30, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 30, "alpha": 0.1, "warmup_target": 0.2, "warmup_steps": 9}),
    ("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 30, "warmup_target": 0.2}),
]


@pytest.fixture(scope="module")
def keras() -> Iterator[Any]:
    """Keras on PyTorch, one thread, on the CPU; its own warnings are not ours."""
    with mock.patch.dict(os.environ, KERAS_BACKEND="torch"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="PyTorch is not installed: Keras' optimisers run on it here", exc_type=ImportError)
        keras = pytest.importorskip("keras", reason="Keras is not installed: its optimisers are the oracle", exc_type=ImportError)
        if keras.backend.backend() != "torch":
            pytest.skip(f"Keras is already running on {keras.backend.backend()}, not on PyTorch")
        floatx, threads = keras.config.floatx(), torch.get_num_threads()
        torch.set_num_threads(1)
        with torch.device("cpu"):
            yield keras
        keras.config.set_floatx(floatx)
        torch.set_num_threads(threads)


def _deviation(keras: Any, name: str, rate: str, arguments: dict[str, Any], dtype: str) -> float:
    """The largest difference after any of 25 steps, relative to the largest magnitude among the parameters."""
    keras.config.set_floatx(dtype)
    rng = np.random.default_rng(7)
    starts = [rng.standard_normal(shape).astype(dtype) for shape in ((4, 3), (3,), (2, 2, 1, 3))]
    a = getattr(optimizers, name)(**RATES[rate](schedules), **arguments)
    b = getattr(keras.optimizers, name)(**RATES[rate](keras.optimizers.schedules), **arguments)
    params, variables = [Tensor(w, requires_grad=True) for w in starts], [keras.Variable(w, dtype=dtype) for w in starts]
    worst = 0.0
    for _ in range(25):
        grads = [(0.5 * rng.standard_normal(w.shape)).astype(dtype) for w in starts]
        a.apply(grads, params)
        b.apply([keras.ops.convert_to_tensor(g, dtype=dtype) for g in grads], variables)
        results = [v.value.detach().cpu().numpy() for v in variables]
        magnitude = max(np.abs(v).max() for v in results)
        worst = max(worst, *(np.abs(w.data - v).max() / magnitude for w, v in zip(params, results)))
    return float(worst)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-7)])
def test_25_steps(keras: Any, name: str, rate: str, dtype: str, tolerance: float) -> None:
    for own in OWN[name]:
        for common in COMMON if rate == "constant" else COMMON[:2]:
            deviation = _deviation(keras, name, rate, {**own, **common}, dtype)
            assert deviation < tolerance, (own, common)


@pytest.mark.parametrize(("name", "arguments"), SCHEDULES)
def test_schedules(keras: Any, name: str, arguments: dict[str, Any]) -> None:
    keras.config.set_floatx("float32")
    ours, theirs = getattr(schedules, name)(**arguments), getattr(keras.optimizers.schedules, name)(**arguments)
    for step in range(60):
        expected = float(theirs(step))
        assert ours(step) == pytest.approx(expected, rel=1e-6, abs=1e-8), step
