"""gradcheck where there is more to compute: nets, large arrays, higher orders of a pair."""

import numpy as np
import pytest

import minidl
from minidl import gradcheck, layers, losses
from minidl.tensor import Op, registry


def normal(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)


def test_the_intro_net_with_its_loss():
    model = minidl.nets.intro()
    x = np.random.default_rng(0).random((4, 32, 32, 3), np.float32)
    before = model.get_weights()
    report = gradcheck((model, losses.SparseCategoricalCrossentropy()), x, np.array([0, 3, 9, 3]))
    assert report, str(report)
    assert "9 arguments" in str(report)
    for a, b in zip(before, model.get_weights()):
        assert a.dtype == b.dtype and (a == b).all()


def test_the_wrong_op_in_a_net_is_named():
    relu = Op(lambda xp, x: xp.maximum(x, 0))
    registry.pop("<lambda>", None)
    relu.vjp(lambda g, y, x: g)

    class Relu(layers.Layer):
        def call(self, x):
            return relu(x)

    net = [layers.Input((32, 32, 3)), layers.Conv2D(4, 3), Relu(), layers.Flatten(), layers.Dense(10, activation="softmax")]
    x = np.random.default_rng(0).random((2, 32, 32, 3))
    report = gradcheck((minidl.Sequential(net), losses.SparseCategoricalCrossentropy()), x, np.array([3, 1]))
    assert report.diagnosis[0].kind == "missing_mask" and "its rule: " in str(report) and __file__ in str(report)


def test_large_arrays_are_cut():
    x, w, b = normal(50, 40), normal(2, 40, 30)[0], normal(30)
    pair = lambda x, w, b: np.maximum(x @ w + b, 0), lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0))
    report = gradcheck(pair, x, w, b)
    assert not report and report.diagnosis[0].kind == "missing_mask"


def test_a_diagnosis_is_the_same_every_time():
    pair = lambda x: x / np.linalg.norm(x), lambda g, x: g / np.linalg.norm(x)
    assert str(gradcheck(pair, normal(40, 20))) == str(gradcheck(pair, normal(40, 20)))


PAIRS = {
    "tanh": (np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2)),
    "product": (lambda a, b: a * b, lambda g, a, b: (g * b, g * a)),
    "matmul": (lambda a, b: a @ b.T, lambda g, a, b: (g @ b, g.T @ a)),
    "loss": (lambda a, b: float(((a - b) ** 2).sum()), lambda g, a, b: (2 * g * (a - b), -2 * g * (a - b))),
    "linear": (lambda x: 3 * x, lambda g, x: 3 * g),
    "relu": (lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0)),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("order", [2, 3])
def test_a_right_pair_has_every_order(name, order):
    arrays = [normal(3, 4), normal(2, 3, 4)[0] + 1][: PAIRS[name][1].__code__.co_argcount - 1]
    report = gradcheck(PAIRS[name], *arrays, order=order)
    assert report, str(report)


def test_a_pair_that_cannot_be_differentiated_twice():
    rounded = np.sin, lambda g, x: g * np.cos(x).astype(np.float32)
    assert gradcheck(rounded, normal(3, 4))
    report = gradcheck(rounded, normal(3, 4), order=2)
    assert not report and report.order == 2 and report.diagnosis
