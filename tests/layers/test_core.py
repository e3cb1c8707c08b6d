"""The simple layers: values, gradients, arguments."""
import numpy as np
import pytest

import minidl
from minidl import Input, Tensor, grad, layers
from minidl.layers import Activation, Add, Concatenate, Dense, Dropout, Flatten, LeakyReLU, ReLU, Rescaling, Reshape, Softmax

from .helpers import check_layer_gradients

RNG = np.random.default_rng(3)
X = np.array([[-2.0, -0.5, 0.0, 0.5, 1.0, 3.0, 7.0]])


# ---- Dense


def test_dense_is_a_matrix_product():
    x, dense = RNG.random((5, 4)), Dense(3, "relu", bias_initializer="normal", dtype="float64")
    y = dense(x)
    np.testing.assert_allclose(y.numpy(), np.maximum(x @ dense.kernel.data + dense.bias.data, 0), rtol=1e-12)
    assert [w.shape for w in dense.weights] == [(4, 3), (3,)]


def test_dense_starts_with_glorot_uniform_and_zeros():
    dense = Dense(200)
    dense(np.ones((1, 100)))
    limit = np.sqrt(6 / 300)
    assert 0.99 * limit < np.abs(dense.kernel.data).max() <= limit
    np.testing.assert_array_equal(dense.bias.data, 0)
    with pytest.raises(ValueError, match=r"no initializer is called 'he_norml': did you mean .*'HeNormal'"):
        Dense(2, kernel_initializer="he_norml")


def test_dense_works_along_the_last_axis():
    x, dense = RNG.random((2, 3, 4)), Dense(5, use_bias=False, dtype="float64")
    np.testing.assert_allclose(dense(x).numpy(), x @ dense.kernel.data, rtol=1e-12)
    assert dense(np.ones((1, 7, 4))).shape == (1, 7, 5), "only the last axis is fixed"


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (1, 1)])
def test_gradients_of_dense(shape):
    check_layer_gradients(Dense(2, "tanh"), shape)


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True])
def test_units_are_checked(units):
    with pytest.raises(ValueError, match="units must be a whole number ≥ 1"):
        Dense(units)
    assert Dense(np.int64(3))(np.ones((1, 2))).shape == (1, 3)


# ---- activations as layers


@pytest.mark.parametrize("maximum", [None, 2.0])
@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_relu_is_keras_formula(maximum, slope, threshold):
    x = X.astype("float32")
    expected = np.where(x >= threshold, x, slope * (x - threshold))
    expected = expected if maximum is None else np.where(x >= maximum, maximum, expected)
    np.testing.assert_allclose(ReLU(maximum, slope, threshold)(x).numpy(), expected, rtol=1e-6, atol=1e-7)
    check_layer_gradients(ReLU(maximum, slope, threshold), (4, 5))


def test_leaky_relu():
    np.testing.assert_allclose(LeakyReLU()(X).numpy(), np.where(X > 0, X, 0.3 * X), rtol=1e-6)
    np.testing.assert_allclose(LeakyReLU(negative_slope=0.1)(X).numpy(), np.where(X > 0, X, 0.1 * X), rtol=1e-6)
    np.testing.assert_allclose(LeakyReLU(alpha=0.2)(X).numpy(), np.where(X > 0, X, 0.2 * X), rtol=1e-6)


def test_activation_and_softmax():
    np.testing.assert_allclose(Activation("sigmoid")(X).numpy(), 1 / (1 + np.exp(-X)), rtol=1e-5)
    np.testing.assert_allclose(Activation(lambda x: x * 2.0)(X).numpy(), 2 * X)
    x = RNG.random((2, 3, 4))
    for axis in (1, -1):
        e = np.exp(x)
        np.testing.assert_allclose(Softmax(axis)(x).numpy(), e / e.sum(axis, keepdims=True), rtol=1e-5)
    with pytest.raises(ValueError, match=r"layer 's' .*axis 5"):
        Softmax(5, name="s")(x)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: ReLU(max_value=-1), "max_value"), (lambda: ReLU(negative_slope=-1), "negative_slope"),
        (lambda: ReLU(threshold="a"), "threshold"), (lambda: LeakyReLU(-0.1), "negative_slope"),
        (lambda: LeakyReLU(np.nan), "negative_slope"),
        (lambda: Rescaling("a"), "scale"), (lambda: Rescaling(1, np.inf), "offset"), (lambda: Dropout(1.1), "rate"),
        (lambda: Dropout(-0.1), "rate"), (lambda: Dropout(True), "rate"), (lambda: Dropout("0.5"), "rate"),
    ],
)  # fmt: skip
def test_numbers_are_checked(make, name):
    with pytest.raises(ValueError, match=f"^{name} must be a "):
        make()


# ---- shapes


def test_rescaling_of_bytes():
    x = np.array([[0, 51, 255]], "uint8")
    np.testing.assert_allclose(Rescaling(1 / 255, offset=-0.5)(x).numpy(), [[-0.5, -0.3, 0.5]], atol=1e-6)


def test_rescaling_of_a_tensor_of_bytes_gives_floats():
    y = Rescaling(1 / 255)(Tensor(np.array([[255]], "uint8")))
    assert y.dtype.kind == "f"
    np.testing.assert_allclose(y.numpy(), [[1]], rtol=1e-6)


def test_flatten_and_reshape_keep_the_order():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(Flatten()(x).numpy(), x.reshape(2, 12))
    np.testing.assert_array_equal(Reshape((4, 3))(x).numpy(), x.reshape(2, 4, 3))
    np.testing.assert_array_equal(Reshape((2, -1, 3))(x).numpy(), x.reshape(2, 2, 2, 3))
    np.testing.assert_array_equal(Reshape([-1])(x).numpy(), x.reshape(2, 12))
    assert Flatten()(np.ones((3,))).shape == (3, 1)
    assert Reshape((-1, 2))(Input((4, 3))).shape == (None, 6, 2)


def test_reshape_checks():
    for wrong in ((-1, -1), (0, 2), (2.5,), (-2,), ("a",)):
        with pytest.raises(ValueError, match="target_shape"):
            Reshape(wrong)
    for wrong in ((5,), (5, -1)):
        with pytest.raises(ValueError, match=r"layer 'r' .*12 numbers of an example of shape \(3, 4\) do not fit"):
            Reshape(wrong, name="r")(np.ones((2, 3, 4)))


@pytest.mark.parametrize("layer", [Flatten(), Reshape((4, 3)), Rescaling(2.0, 1.0), Softmax(1), Activation("tanh"), LeakyReLU()])
def test_gradients_of_the_simple_layers(layer):
    check_layer_gradients(layer, (2, 3, 4))


# ---- merging


def test_add_and_concatenate():
    a, b, c = (RNG.random((2, 3)).astype("float32") for _ in range(3))
    np.testing.assert_array_equal(Add()([a, b, c]).numpy(), a + b + c)
    np.testing.assert_array_equal(Concatenate()([a, b, c]).numpy(), np.concatenate([a, b, c], -1))
    x, y = RNG.random((2, 3, 1)).astype("float32"), RNG.random((2, 5, 1)).astype("float32")
    np.testing.assert_array_equal(Concatenate(axis=1)([x, y]).numpy(), np.concatenate([x, y], 1))
    tensors = [Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)]
    for g in grad(Concatenate()(tensors)[:, 1:].sum(), tensors)[:1]:
        np.testing.assert_array_equal(g.numpy(), [[0, 1, 1]] * 2)
    one = Tensor(a, requires_grad=True)
    np.testing.assert_array_equal(grad(Add()([one, one]).sum(), [one])[0].numpy(), np.full((2, 3), 2))


def test_merging_checks():
    a = np.ones((2, 3))
    for layer in (Add(name="m"), Concatenate(name="m")):
        for wrong in ([a], a):
            with pytest.raises(ValueError, match=r"layer 'm' .*a list of two or more inputs"):
                layer(wrong)
        with pytest.raises(ValueError, match=r"layer 'm' .*\(2, 3\) and \(2, 3, 1\)"):
            layer([a, a[..., None]])
    with pytest.raises(ValueError, match=r"one shape, got \(2, 3\) and \(2, 4\)"):
        Add()([a, np.ones((2, 4))])
    for axis in (0, -2, 2, 5, -3):
        with pytest.raises(ValueError, match=f"cannot be joined along axis {axis}"):
            Concatenate(axis)([a, a])


# ---- Dropout


def test_dropout_is_inverted_and_keeps_its_share():
    x = np.ones((100, 1000), "float32")
    y = Dropout(0.25, seed=1)(x, training=True).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert (y > 0).mean() == pytest.approx(0.75, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert y.dtype == np.float32
    assert (y > 0).mean(0).std() < 0.06, "each place has its own chance"


def test_dropout_does_nothing_outside_training():
    x = Tensor(RNG.random((3, 4)))
    assert Dropout(0.5)(x) is x
    assert Dropout(0.5)(x, training=False) is x
    assert Dropout(0)(x, training=True) is x


def test_dropout_of_everything():
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    y = Dropout(1)(x, training=True)
    np.testing.assert_array_equal(y.numpy(), 0)
    np.testing.assert_array_equal(grad(y.sum(), [x])[0].numpy(), 0)


def test_the_seed_of_dropout():
    x = np.ones((4, 50), "float32")

    def masks(layer):
        return [layer(x, training=True).numpy() for _ in range(2)]

    a, b, c = masks(Dropout(0.5, seed=7)), masks(Dropout(0.5, seed=7)), masks(Dropout(0.5, seed=8))
    np.testing.assert_array_equal(a, b)
    assert (a[0] != a[1]).any(), "a new mask each time"
    assert (a[0] != c[0]).any()
    minidl.set_seed(3)
    first = masks(Dropout(0.5))
    minidl.set_seed(3)
    np.testing.assert_array_equal(first, masks(Dropout(0.5)))


def test_the_gradient_of_dropout_is_its_mask():
    x = Tensor(RNG.standard_normal((5, 6)), requires_grad=True)
    y = Dropout(0.4, seed=2)(x, training=True)
    g = grad(y.sum(), [x])[0].numpy()
    np.testing.assert_allclose(g * x.numpy(), y.numpy(), rtol=1e-12)
    assert 0 < (g == 0).sum() < g.size
    assert y.dtype == g.dtype == np.float64


def test_dropout_on_every_backend(backend):
    x = Tensor(backend.asarray(np.full((40, 50), 3, "float32")), requires_grad=True)

    def masks(seed):
        layer = Dropout(0.25, seed=seed)
        return [layer(x, training=True) for _ in range(2)]

    (first, second), again, (other, _) = masks(4), masks(4), masks(5)
    y = backend.to_numpy(first)
    np.testing.assert_allclose(np.unique(y), [0, 4], rtol=1e-6)
    assert abs((y == 0).mean() - 0.25) < 0.04  # four times the standard deviation of 2000 numbers
    np.testing.assert_array_equal(backend.to_numpy(grad(first.sum(), [x])[0]) * 3, y)
    for one, same in zip((first, second), again):
        np.testing.assert_array_equal(backend.to_numpy(one), backend.to_numpy(same))
    assert (backend.to_numpy(second) != y).any()
    assert (backend.to_numpy(other) != y).any()
    if backend.name != "cupy":  # whose kernels draw on the GPU
        np.testing.assert_array_equal(y, Dropout(0.25, seed=4)(np.full((40, 50), 3, "float32"), training=True).numpy())


@pytest.mark.parametrize("name", [n for n in layers.__all__ if n not in ("Input", "InputLayer", "Layer", "reset_names")])
def test_every_layer_has_a_docstring_that_says_what_it_computes(name):
    assert len(getattr(layers, name).__doc__) > 40
