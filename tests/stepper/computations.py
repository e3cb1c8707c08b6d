"""Small computations, recorded, that several tests look at."""

import numpy as np

import minidl
from minidl import Tensor, layers, ops


def scalar() -> minidl.stepper.Tape:
    """One neuron: L = (tanh(w x + b) − t)², backward, and an update by hand."""
    w, b = Tensor(0.5, requires_grad=True), Tensor(0.1, requires_grad=True)
    x, target = 2.0, 1.0
    with minidl.record() as tape:
        y = ops.tanh(w * x + b)
        loss = (y - target) ** 2
        loss.backward()
        for p in (w, b):
            p -= 0.1 * p.grad
    return tape


def dense(activation: str = "tanh", seed: int = 0, rate: float = 0.5, dtype: str = "float32") -> minidl.stepper.Tape:
    """A training step of a net of two dense layers with SGD."""
    minidl.set_seed(seed)
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (6, 2))
    inside = (points**2).sum(1, keepdims=True) < 0.5
    model = minidl.Sequential([layers.Input((2,)), layers.Dense(4, activation=activation), layers.Dense(1, activation="sigmoid")])
    for weight in model.weights:
        weight.data = weight.data.astype(dtype)
    model.compile(optimizer=minidl.optimizers.SGD(rate), loss="binary_crossentropy")
    with minidl.record() as tape:
        model.train_on_batch(points, inside)
    return tape


def images(n: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.random((n, 32, 32, 3)).astype("float32"), rng.integers(0, 10, (n, 1))


def intro(n: int = 4, seed: int = 0) -> minidl.stepper.Tape:
    """A training step of the intro net with Adam."""
    minidl.set_seed(seed)
    model = minidl.nets.intro()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    x, y = images(n)
    with minidl.record() as tape:
        model.train_on_batch(x, y)
    return tape


def phases(tape: minidl.stepper.Tape) -> list[str]:
    """Phases and names: ["forward tanh", …]"""
    return [f"{step.phase} {minidl.stepper.steps.step_name(step)}" for step in tape.steps]
