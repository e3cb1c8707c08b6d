"""The page with real recordings in a browser: every step can be shown, and nothing is complained about."""

import numpy as np
import pytest

import minidl
from minidl import Tensor, layers, ops

from . import computations
from .pages import go, position, press, state


def several_steps():
    w, optimizer = Tensor(0.5, requires_grad=True), minidl.optimizers.Adam(0.1)
    with minidl.record() as tape:
        for _ in range(3):
            ((ops.tanh(w * 2.0) - 1.0) ** 2).backward()
            optimizer.step([w])
    return tape


def dropout():
    minidl.set_seed(0)
    model = minidl.Sequential([layers.Input((6,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(3, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    with minidl.record() as tape:
        model.train_on_batch(np.random.default_rng(0).normal(size=(4, 6)), np.array([0, 1, 2, 0]))
    return tape


def own_op():
    cube = minidl.op(lambda xp, x: x**3)
    cube.vjp(lambda g, y, x: 3 * g * x * x)
    x = Tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
    with minidl.record() as tape:
        (cube(x) @ x).sum().backward()
    return tape


def second_order():
    x = Tensor(0.5, requires_grad=True)
    with minidl.record() as tape:
        (slope,) = minidl.grad(x * ops.tanh(x), [x], create_graph=True)
        minidl.grad(slope, [x])
    return tape


def begun_late():
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    with minidl.record() as tape:
        loss.backward()
    return tape


def strange():
    w = Tensor([0.5, -1.0, 0.0], requires_grad=True, name="<script>alert(1)</script>")
    with np.errstate(all="ignore"), minidl.record() as tape:
        (ops.log(w) / w).sum().backward()
        ops.sum(np.zeros((0, 3)))
        ops.add(np.arange(3), True)
        w -= 0.1 * w.grad
    return tape


def empty():
    with minidl.record() as tape:
        pass
    return tape


MAKERS = [computations.scalar, computations.dense, several_steps, dropout, own_op, second_order, begun_late, strange, empty]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_step_of_a_recording(show, make):
    tape = make()
    page = show(tape.data())
    for expected in range(1, len(tape) + 1):
        press(page, "Step")
        assert position(page) == expected
    there = state(page)
    for expected in (0, len(tape)) if len(tape) else ():
        go(page, expected)
    assert position(page) == len(tape) and state(page) == there


def test_the_intro_net(show):
    tape = computations.intro(32)
    page = show(tape.data())
    for expected in range(len(tape) + 1):
        go(page, expected)
        assert position(page) == expected


def test_a_comparison(show):
    a, b = computations.dense(), computations.dense(rate=0.25)
    page = show(a.data(a.compare(b)))
    assert "They are equal up to step" in page.locator("#notes").inner_text()


def test_ten_thousand_ops(show):
    x = Tensor(1.0, requires_grad=True)
    with minidl.record() as tape:
        y = x
        for _ in range(10_000):
            y = y * 1.0001
        y.backward()
    page = show(tape.data())
    press(page, "End")
    assert position(page) == 2000
