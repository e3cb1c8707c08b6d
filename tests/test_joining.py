"""Neighbouring layers that run as one op."""
import numpy as np
import pytest

import minidl
from minidl import layers, ops


def _ops_of(y):
    found, todo = [], [y]
    while todo:
        t = todo.pop()
        if t.node:
            found.append(t.node.op.name)
            todo += [x for x in t.node.inputs if isinstance(x, minidl.Tensor)]
    return found


@pytest.fixture
def joining(monkeypatch):
    """A kernel that does nothing but say that it ran."""
    body = ops.convolution_and_pooling.function

    def forward(x, kernel, bias, **settings):
        with minidl.reference_only(), minidl.no_grad():
            return body(minidl.Tensor(x), minidl.Tensor(kernel), minidl.Tensor(bias), **settings).data, None

    monkeypatch.setitem(ops.convolution_and_pooling.kernels, "numpy", minidl.Kernel(forward, None))


def _net(conv=layers.Conv2D, pool=layers.MaxPooling2D, also_between=False):
    minidl.set_seed(0)
    inputs = minidl.Input((8, 8, 2))
    between = conv(3, 3, activation="relu")(inputs)
    outputs = pool()(between)
    return minidl.Model(inputs, [outputs, between] if also_between else outputs)


def test_convolution_and_pooling_run_as_one_op(joining):
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 2))
    net = _net()
    y = net(x)
    assert "convolution_and_pooling" in _ops_of(y) and "max_pool2d" not in _ops_of(y)
    with minidl.reference_only():
        apart = net(x)
    assert "max_pool2d" in _ops_of(apart)
    np.testing.assert_array_equal(y.numpy(), apart.numpy())


def test_a_value_between_that_somebody_needs_stays(joining):
    y, between = _net(also_between=True)(np.ones((2, 8, 8, 2)))
    assert "max_pool2d" in _ops_of(y) and between.shape == (2, 6, 6, 3)


@pytest.mark.parametrize("which", ["conv", "pool"])
def test_own_layers_run_by_themselves(joining, which):
    kind = {"conv": layers.Conv2D, "pool": layers.MaxPooling2D}[which]
    own = type("Own", (kind,), {"call": lambda self, x: kind.call(self, x) * 2.0})
    y = _net(**{which: own})(np.ones((2, 8, 8, 2)))
    assert "convolution_and_pooling" not in _ops_of(y) and "multiply" in _ops_of(y)


@pytest.mark.parametrize("which", [1, 2])
def test_an_object_with_a_call_of_its_own_runs_by_itself(joining, which):
    net = _net()
    layer = net.layers[which]
    before = layer.call
    layer.call = lambda x: before(x) * 2.0
    y = net(np.ones((2, 8, 8, 2)))
    assert "convolution_and_pooling" not in _ops_of(y) and "multiply" in _ops_of(y)


@pytest.mark.parametrize("kind", [layers.Conv2D, layers.MaxPooling2D])
def test_a_class_with_another_call_runs_by_itself(joining, monkeypatch, kind):
    before = kind.call
    net = _net()
    monkeypatch.setattr(kind, "call", lambda self, x: before(self, x) * 2.0)
    y = net(np.ones((2, 8, 8, 2)))
    assert "convolution_and_pooling" not in _ops_of(y) and "multiply" in _ops_of(y)


@pytest.mark.parametrize(
    ("which", "name", "wrong"),
    [(1, "padding", "full"), (1, "padding", ["same"]), (1, "strides", 0), (2, "pool_size", 0), (2, "strides", 0), (2, "padding", "SAME")],
)
def test_the_layer_in_which_something_is_wrong_is_named(which, name, wrong):
    net = _net()
    setattr(net.layers[which], name, wrong)
    with pytest.raises(ValueError, match=rf"layer '{net.layers[which].name}'.*{name}"):
        net(np.ones((2, 8, 8, 2)))
