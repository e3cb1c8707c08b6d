"""Batch normalization: training and inference, running values, gradients through the statistics of the batch."""
import numpy as np
import pytest

from minidl import Input, Sequential, Tensor
from minidl.layers import BatchNormalization, Dense

from .helpers import as_float64, check_layer_gradients

RNG = np.random.default_rng(11)
X = 3 + 2 * RNG.standard_normal((6, 4, 3, 5))


def _own(axis=-1, **arguments):
    layer = BatchNormalization(axis, gamma_initializer="normal", beta_initializer="normal", dtype="float64", **arguments)
    layer(Input(X.shape[1:]))
    return layer


@pytest.mark.parametrize("axis", [-1, 1, 2, -2])
def test_training_uses_the_batch_and_updates_the_running_values_by_keras_formula(axis):
    layer = _own(axis, momentum=0.9)
    others = tuple(i for i in range(4) if i != axis % 4)
    shape = [n if i == axis % 4 else 1 for i, n in enumerate(X.shape)]
    mean, variance = np.zeros(X.shape[axis]), np.ones(X.shape[axis])
    for step in range(1, 4):
        x = X * step
        y = layer(x, training=True).numpy()
        m, v = x.mean(others), x.var(others)
        mean, variance = 0.9 * mean + 0.1 * m, 0.9 * variance + 0.1 * v
        gamma, beta = layer.gamma.data.reshape(shape), layer.beta.data.reshape(shape)
        expected = gamma * (x - m.reshape(shape)) / np.sqrt(v.reshape(shape) + 1e-3) + beta
        np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(layer.moving_mean.data, mean, rtol=1e-12)
        np.testing.assert_allclose(layer.moving_variance.data, variance, rtol=1e-12)
    y = layer(X).numpy()
    expected = gamma * (X - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + 1e-3) + beta
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(layer.moving_mean.data, mean, rtol=1e-12, err_msg="inference changes nothing")


def test_defaults_and_order_of_the_weights():
    layer = BatchNormalization(name="bn")
    layer(X)
    assert (layer.axis, layer.momentum, layer.epsilon, layer.center, layer.scale) == (-1, 0.99, 0.001, True, True)
    assert [w.name for w in layer.weights] == ["bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance"]
    assert [w.name for w in layer.trainable_variables] == ["bn/gamma", "bn/beta"]
    np.testing.assert_array_equal(np.array(layer.get_weights())[:, 0], [1, 0, 0, 1])
    assert layer.count_params() == 20


@pytest.mark.parametrize(("center", "scale"), [(False, True), (True, False), (False, False)])
def test_without_center_or_scale(center, scale):
    layer = BatchNormalization(center=center, scale=scale, epsilon=1e-9)
    y = layer(X, training=True).numpy()
    assert len(layer.trainable_variables) == center + scale
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, rtol=1e-4)


@pytest.mark.parametrize("freeze", ["layer", "model"])
def test_a_frozen_layer_is_in_inference_mode(freeze):
    layer = BatchNormalization()
    model = Sequential([Input((3,)), Dense(5), layer])
    model.compile("sgd", "mse")
    x, y = RNG.random((8, 3)), RNG.random((8, 5))
    model.train_on_batch(x, y)
    (layer if freeze == "layer" else model).trainable = False
    before = layer.get_weights()
    features = model.layers[0](x)
    np.testing.assert_array_equal(layer(features, training=True).numpy(), layer(features).numpy())
    model.train_on_batch(x, y)
    for old, new in zip(before, layer.get_weights()):
        np.testing.assert_array_equal(old, new)
    layer.trainable = True
    layer(features, training=True)
    assert (layer.moving_mean.data != before[2]).any()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("arguments", [{}, {"center": False}, {"scale": False}, {"axis": 1}])
def test_gradients(training, arguments):
    check_layer_gradients(BatchNormalization(**arguments), (5, 3, 2), training)


def test_the_gradient_goes_through_the_statistics():
    layer = as_float64(_own())
    x = Tensor(X, requires_grad=True)
    layer(x, training=True).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 0, atol=1e-12)  # Σ y is Σ β whatever x is


def test_one_example_in_training_gives_beta():
    layer = BatchNormalization()
    np.testing.assert_allclose(layer(np.full((1, 3), 5.0), training=True).numpy(), 0, atol=1e-6)


def test_on_every_backend(backend):
    layer = BatchNormalization(momentum=0.5)
    layer(Input((5,)))
    layer.to(backend.name)
    x = RNG.random((4, 5)).astype("float32")
    y = backend.to_numpy(layer(Tensor(backend.asarray(x)), training=True))
    np.testing.assert_allclose(y, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(backend.to_numpy(layer.moving_mean), x.mean(0) / 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"momentum": 1.5}, "momentum must be"), ({"epsilon": -1}, "epsilon must be"), ({"momentum": "a"}, "momentum must be")],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        BatchNormalization(**arguments)


@pytest.mark.parametrize("axis", [0, 2, -2, 7])
def test_the_axis_is_checked_when_the_shape_is_known(axis):
    with pytest.raises(ValueError, match=rf"axis {axis} is not an axis of \(batch, 3\) beside the batch"):
        BatchNormalization(axis)(np.ones((2, 3)))


def test_another_number_of_channels_is_refused():
    layer = BatchNormalization(name="bn")
    layer(X)
    with pytest.raises(ValueError, match=r"layer 'bn' .*\(batch, any, any, 5\), got \(batch, 4, 3, 1\)"):
        layer(X[..., :1])
