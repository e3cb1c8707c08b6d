"""Conv2D and pooling against the loops of the ladder, and their arguments."""
import itertools

import numpy as np
import pytest

from minidl import Input, layers, ops
from minidl.kernels.ladder import average_pool2d_loops, conv2d_loops, max_pool2d_loops
from minidl.layers import AveragePooling2D, Conv2D, GlobalAveragePooling2D, MaxPooling2D

from .helpers import check_layer_gradients

RNG = np.random.default_rng(5)
PICTURES = RNG.standard_normal((2, 7, 6, 3))


def test_conv2d_has_keras_defaults():
    conv = Conv2D(8, 3)
    assert (conv.filters, conv.kernel_size, conv.strides, conv.padding) == (8, (3, 3), (1, 1), "valid")
    assert (conv.dilation_rate, conv.use_bias) == ((1, 1), True)
    conv(PICTURES)
    assert [w.shape for w in conv.weights] == [(3, 3, 3, 8), (8,)]
    assert [w.dtype for w in conv.weights] == [np.float32] * 2
    limit = np.sqrt(6 / (9 * 3 + 9 * 8))  # glorot_uniform
    assert 0.8 * limit < np.abs(conv.kernel.data).max() <= limit
    np.testing.assert_array_equal(conv.bias.data, 0)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation"),
    [c for c in itertools.product([1, 2, (2, 1), (3, 2)], ["valid", "same"], [1, 2, (1, 2)]) if c[0] == 1 or c[2] == 1],
)
@pytest.mark.parametrize("kernel", [1, 2, (3, 2)])
def test_conv2d_is_the_definition(strides, padding, dilation, kernel):
    conv = Conv2D(4, kernel, strides, padding, dilation, activation="relu", bias_initializer="normal", dtype="float64")
    y = conv(PICTURES)
    expected = conv2d_loops(PICTURES, conv.kernel.data, strides=strides, padding=padding, dilation=dilation) + conv.bias.data
    np.testing.assert_allclose(y.numpy(), np.maximum(expected, 0), rtol=1e-10, atol=1e-10)
    assert conv(Input((7, 6, 3))).shape == (None, *expected.shape[1:])


@pytest.mark.parametrize("activation", ["tanh", ops.tanh, lambda x: ops.tanh(x), layers.Activation("tanh")])
def test_the_activation_is_a_name_a_function_or_a_layer(activation):
    for layer, x in ((Conv2D(2, 3, activation=activation), PICTURES), (layers.Dense(2, activation=activation), PICTURES[:, 0, 0])):
        y = layer(x).numpy()
        layer.activation = lambda z: z
        np.testing.assert_allclose(y, np.tanh(layer(x).numpy()), rtol=1e-5, atol=1e-6)


def test_an_unknown_activation_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="no activation is called 'rellu': did you mean 'relu'"):
        Conv2D(2, 3, activation="rellu")
    with pytest.raises(TypeError, match=r"make an object of it, ReLU\(\)"):
        Conv2D(2, 3, activation=layers.ReLU)


def test_without_bias_there_is_one_weight():
    conv = Conv2D(4, 2, use_bias=False, dtype="float64")
    np.testing.assert_allclose(conv(PICTURES).numpy(), conv2d_loops(PICTURES, conv.kernel.data), rtol=1e-10, atol=1e-10)
    assert len(conv.weights) == 1
    assert conv.bias is None


@pytest.mark.parametrize(
    "arguments", [{}, {"strides": 2, "padding": "same"}, {"dilation_rate": 2}, {"use_bias": False, "activation": "tanh"}]
)
def test_gradients_of_conv2d(arguments):
    check_layer_gradients(Conv2D(2, 3, **arguments), (2, 5, 5, 2))


def test_pooling_has_keras_defaults():
    for kind in (MaxPooling2D, AveragePooling2D):
        pool = kind()
        assert (pool.pool_size, pool.strides, pool.padding, pool.count_params()) == ((2, 2), (2, 2), "valid", 0)
        assert kind((3, 1)).strides == (3, 1)
        np.testing.assert_array_equal(kind((2, 2))(PICTURES).numpy(), kind()(PICTURES).numpy())
        assert kind()(Input((7, 6, 3))).shape == (None, 3, 3, 3)


@pytest.mark.parametrize("size", [2, 3, (1, 3)])
@pytest.mark.parametrize("strides", [None, 1, (2, 3)])
@pytest.mark.parametrize("padding", ["valid", "same", "SAME"])
def test_pooling_is_the_definition(size, strides, padding):
    x = PICTURES - 3  # all below 0: padding must not win a maximum
    for kind, loops in ((MaxPooling2D, max_pool2d_loops), (AveragePooling2D, average_pool2d_loops)):
        expected = loops(x, pool_size=size, strides=strides, padding=padding.lower())
        np.testing.assert_allclose(kind(size, strides, padding)(x).numpy(), expected, rtol=1e-5)


def test_global_average_pooling():
    mean = PICTURES.mean((1, 2))
    np.testing.assert_allclose(GlobalAveragePooling2D()(PICTURES).numpy(), mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(GlobalAveragePooling2D(keepdims=True)(PICTURES).numpy(), mean[:, None, None], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layer", [MaxPooling2D(padding="same"), AveragePooling2D(3, 2, "same"), GlobalAveragePooling2D()])
def test_gradients_of_pooling(layer):
    check_layer_gradients(layer, (2, 5, 4, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0, 3), "filters must be a whole number ≥ 1; got 0"),
        (lambda: Conv2D(2.5, 3), "filters must be a whole number"),
        (lambda: Conv2D(True, 3), "filters must be a whole number"),
        (lambda: Conv2D(2, 0), "kernel_size must be"),
        (lambda: Conv2D(2, (3, 3, 3)), "kernel_size must be"),
        (lambda: Conv2D(2, 3, strides=0), "strides must be"),
        (lambda: Conv2D(2, 3, strides=1.5), "strides must be"),
        (lambda: Conv2D(2, 3, dilation_rate=-1), "dilation_rate must be"),
        (lambda: Conv2D(2, 3, padding="sane"), "padding must be 'valid' or 'same'; got 'sane'"),
        (lambda: Conv2D(2, 3, padding=1), "padding must be"),
        (lambda: MaxPooling2D(0), "pool_size must be"),
        (lambda: MaxPooling2D(2, (1, 0)), "strides must be"),
        (lambda: AveragePooling2D(padding="full"), "padding must be"),
    ],
)
def test_arguments_are_checked_when_the_layer_is_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()
