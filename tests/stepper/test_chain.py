"""The maths of a step with its numbers."""

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops
from minidl.stepper import Backward, Forward, Update, chain
from minidl.stepper.arrays import text
from minidl.stepper.chain import forward_numbers, local_derivatives, update_numbers, update_says

from .computations import dense, scalar


def backward_of(f, *arrays):
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    with minidl.record() as tape:
        ops.sum(f(*tensors)).backward()
    return next(step for step in tape.steps if isinstance(step, Backward) and step.op.name != "sum")


def test_upstream_times_local_is_downstream():
    tape = scalar()
    tanh = next(step for step in tape.steps if isinstance(step, Backward) and step.op.name == "tanh")
    (row,) = chain.chain(tanh)
    assert row["local"] == "dy/dx = 1 − y²"
    y = tape.steps[2].output.array
    assert row["text"] == f"{text(tanh.grads[0])} = ({text(tanh.g)}) × {text(1 - y**2)}"


def test_forward_numbers():
    tape = scalar()
    assert [forward_numbers(step) for step in tape.steps[:5]] == [
        "1 = 0.5 × 2", "1.1 = 1 + 0.1", "0.8005 = tanh(1.1)", "−0.1995 = 0.8005 − 1", "0.0398 = (−0.1995) ^ 2",
    ]  # fmt: skip
    with minidl.record() as tape:
        ops.sum(np.array([1.0, 2.0]), axis=0)
        ops.exp(np.zeros(5))
    assert forward_numbers(tape.steps[0]) == "3 = sum([1, 2], axis=0)" and forward_numbers(tape.steps[1]) is None


@pytest.mark.parametrize("op", [ops.exp, ops.tanh, ops.sigmoid, ops.relu, ops.sqrt, ops.log, ops.square, ops.softplus])
def test_local_derivatives_number_by_number(op):
    x = np.linspace(0.5, 2, 6).reshape(2, 3)
    step = backward_of(op, x)
    (local,) = local_derivatives(step)
    h = 1e-6
    np.testing.assert_allclose(local, (op(x + h).numpy() - op(x - h).numpy()) / (2 * h), rtol=1e-6)
    assert chain.chain(step)[0]["text"].startswith("at [")


@pytest.mark.parametrize("f", [lambda x: ops.matmul(x, x), lambda x: ops.softmax(x) * np.arange(4.0).reshape(2, 2)])
def test_what_is_not_number_by_number_has_no_local_numbers(f):
    x = np.random.default_rng(0).normal(size=(2, 2))
    tensor = Tensor(x, requires_grad=True)
    with minidl.record() as tape:
        (f(tensor) * np.array([[1.0, 2], [3, 5]])).sum().backward()
    step = next(step for step in reversed(tape.steps) if isinstance(step, Backward) and step.op.name in ("matmul", "softmax"))
    assert local_derivatives(step) == [None] * len(step.inputs)
    row = chain.chain(step)[0]
    assert row["text"] is None and row["local"].startswith("dL/d")


def test_symbols():
    assert chain.chain(backward_of(ops.subtract, 1.0, 2.0))[1]["local"] == "dy/db = −1"
    assert chain.chain(backward_of(ops.add, 1.0, 2.0))[0]["local"] == "dy/da = 1"
    assert chain.chain(backward_of(ops.multiply, 3.0, 2.0))[0]["local"] == "dy/da = b"
    assert chain.chain(backward_of(ops.relu, 1.0))[0]["local"].startswith("dy/dx = 1 where x > 0")
    rows = chain.chain(backward_of(ops.add, np.ones((3, 2)), np.ones(2)))
    assert [row["local"] for row in rows] == ["dy/da = 1", "dL/db = g, summed to the shape of b"]
    own = minidl.op(lambda xp, x: 3 * x)
    own.vjp(lambda g, y, x: 3 * g)
    (row,) = chain.chain(backward_of(own, 1.0))
    assert row["local"] == "dy/dx" and row["text"] == "3 = 1 × 3"


def test_composites_have_formulas():
    rows = [
        row["local"]
        for step in dense("relu").steps
        if isinstance(step, Backward) and step.op.name == "dense_layer"
        for row in chain.chain(step)
    ]
    assert rows and rows[0].startswith("dL/d") and "δ = g before the activation" in rows[0]
    scores, targets = Tensor(np.array([[1.0, 2.0, 0.5]]), requires_grad=True), np.array([[0.0, 1.0, 0.0]])
    with minidl.record() as tape:
        ops.softmax_crossentropy(scores, targets).sum().backward()
    (step,) = (step for step in tape.steps if isinstance(step, Backward) and step.op.name == "softmax_crossentropy")
    assert "softmax(x) Σ targets − targets" in chain.chain(step)[0]["local"]
    np.testing.assert_allclose(step.grads[0], ops.softmax(scores).numpy() - targets, atol=1e-12)


def test_a_rule_that_fails_when_asked_again_is_no_drama():
    calls = []

    def forward(xp, x):
        calls.append(1)
        if len(calls) > 1:
            raise OSError("only once")
        return 2 * x

    own = minidl.op(forward)
    own.vjp(lambda g, y, x: 2 * g)
    (row,) = chain.chain(backward_of(own, 1.0))
    assert row["text"] is None


def test_a_wrong_rule_shows_what_it_gave():
    """The numbers are the rule's, whatever it says: that is how a mistake is found."""
    wrong = minidl.op(lambda xp, x: x * x)
    wrong.vjp(lambda g, y, x: g * x)
    step = backward_of(wrong, 3.0)
    assert chain.chain(step)[0]["text"] == "3 = 1 × 3"


def test_updates():
    tape = scalar()
    update = tape.steps[11]
    assert update_says(update) == "w ← w − 0.1 g" and update_numbers(update) == "0.5287 = 0.5 − 0.1 × (−0.2866)"
    sgd = next(step for step in dense().steps if isinstance(step, Update))
    assert update_says(sgd) == "w ← w − η g"
    w = Tensor(1.0, requires_grad=True)
    with minidl.record() as tape:
        (w * w).backward()
        minidl.optimizers.Adam(0.1).step([w])
        w[...] = 7.0
    adam, by_hand = (step for step in tape.steps if isinstance(step, Update))
    assert update_says(adam).startswith("w ← w − η √") and update_numbers(adam) == "0.9 = 1 − 0.05 × 2"
    assert update_says(by_hand) == "w changed in place" and update_numbers(by_hand) == "7 = 0.9 + 6.1"


def test_an_update_without_a_gradient_or_without_numbers():
    w = Tensor(np.zeros((0, 2)), requires_grad=True)
    with minidl.record() as tape:
        ops.exp(w)
        w[...] = 0.0
    (update,) = (step for step in tape.steps if isinstance(step, Update))
    assert update.g is None and update_numbers(update) is None


def test_nan_has_its_chain():
    with np.errstate(all="ignore"):
        step = backward_of(ops.log, np.array([-1.0, 0.0, 2.0]))
        assert chain.chain(step)[0]["text"] is not None
    assert isinstance(step.forward, Forward)
