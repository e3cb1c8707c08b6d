"""Bodies are the readable ops, computed again; they change nothing."""

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops
from minidl.stepper import Backward, Forward
from minidl.stepper.again import derivatives

from .computations import intro, scalar


def names(steps):
    return [step.op.name for step in steps]


def test_a_body_opens_level_by_level():
    tape = intro(n=2)
    layer, pooling = tape.body(0)
    assert names([layer, pooling]) == ["convolution_layer", "max_pool2d"]
    assert names(layer.body) == ["conv2d", "add", "relu"]
    assert names(layer.body[0].body) == ["im2col", "reshape", "reshape", "matmul", "reshape"]
    assert pooling.body is None and tape.body(pooling) == () and tape.body(layer) == layer.body
    assert pooling.output.again and not tape.steps[0].output.again
    np.testing.assert_allclose(pooling.output.array, tape.steps[0].output.array, atol=1e-5)


def test_a_body_has_the_inputs_the_line_and_the_layer_of_its_step():
    tape = intro(n=1)
    layer, _ = tape.body(0)
    assert layer.inputs == tape.steps[0].inputs
    assert layer.line == tape.steps[0].line and layer.group.parent is tape.steps[0].group


@pytest.mark.parametrize("n", [1, 3])
def test_the_body_backwards_gives_the_same_gradients(n):
    tape = intro(n=n)
    for step in tape.steps:
        if isinstance(step, Backward) and (inside := tape.body(step)):
            for value, own in zip(step.inputs, step.grads):
                if own is not None:
                    total = next(t for s in reversed(inside) for v, t in zip(s.inputs, s.totals) if v is value)
                    np.testing.assert_allclose(total, own, atol=1e-5)


def test_the_body_backwards_speaks_of_the_tensors_of_the_body():
    tape = intro(n=1)
    forward = {step.output for step in tape.body(0)}
    backward = next(step for step in tape.steps if isinstance(step, Backward) and step.forward is tape.steps[0])
    assert forward <= {step.output for step in tape.body(backward)}


def test_opening_changes_nothing():
    minidl.set_seed(0)
    x = Tensor(np.random.default_rng(0).normal(size=(2, 6, 6, 1)), requires_grad=True)
    kernel, bias = Tensor(np.ones((3, 3, 1, 2)), requires_grad=True), Tensor(np.zeros(2), requires_grad=True)
    with minidl.record() as tape:
        y = ops.convolution_layer(x, kernel, bias, strides=1, padding="same", dilation=1, activation=ops.relu)
        y.sum().backward(keep_graph=True)
    before = [x.grad.numpy().copy(), kernel.version, len(tape.steps), minidl.random_numbers.random_generator().bit_generator.state]
    for step in tape.steps:
        tape.body(step)
    assert np.array_equal(before[0], x.grad.numpy())
    assert before[1:] == [kernel.version, len(tape.steps), minidl.random_numbers.random_generator().bit_generator.state]


def test_bodies_inside_a_recording_are_not_recorded():
    with minidl.record() as tape:
        ops.softmax_crossentropy(np.zeros((2, 3), "float32"), np.eye(3, dtype="float32")[:2])
        count = len(tape.steps)
        assert len(tape.body(0)) > 3
        assert len(tape.steps) == count
        ops.exp(1.0)
    assert len(tape.steps) == count + 1


def test_what_has_no_body():
    tape = scalar()
    assert all(tape.body(step) == () for step in tape.steps)
    with minidl.record() as tape:
        loss = ops.conv2d(np.ones((1, 3, 3, 1)), Tensor(np.ones((2, 2, 1, 1)), requires_grad=True)).sum()
    with minidl.record() as later:
        loss.backward()
    assert later.body(1) == ()  # recorded only backwards


def test_batch_normalization_opens():
    minidl.set_seed(0)
    model = minidl.Sequential([minidl.layers.Input((4,)), minidl.layers.BatchNormalization()])
    with minidl.record() as tape:
        model(np.random.default_rng(0).normal(size=(8, 4)), training=True)
    step = next(step for step in tape.steps if isinstance(step, Forward) and step.op.name == "batch_normalization")
    assert names(tape.body(step)) == ["subtract", "add", "sqrt", "divide", "multiply", "add"]


def test_derivatives():
    with minidl.record() as tape:
        ops.multiply(Tensor(3.0, requires_grad=True), 4.0)
    step = tape.steps[0]
    assert derivatives(step.op, step.inputs, step.metadata)[0] == 4
    assert derivatives(minidl.op(lambda xp, x: x), step.inputs[:1], {}) == [None]
