"""Penalties: their values, where they are added, what they do to weights."""
import numpy as np
import pytest
from gradients import check_gradients

import minidl
from minidl import Input, Sequential, Tensor, grad, layers, no_grad, ops, regularizers
from minidl.layers import BatchNormalization, Conv2D, Dense, Layer
from minidl.regularizers import L1, L1L2, L2, Regularizer

RNG = np.random.default_rng(7)
W = np.array([[0.5, -2.0], [0.0, 3.0]])


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(0)


# ---- the regularizers themselves


def test_values():
    assert float(L1(0.1)(Tensor(W))) == pytest.approx(0.55)
    assert float(L2(0.1)(Tensor(W))) == pytest.approx(1.325)
    assert float(L1L2(0.1, 0.2)(Tensor(W))) == pytest.approx(0.55 + 2.65)
    assert L1().l1 == L2().l2 == 0.01
    assert (L1L2().l1, L1L2().l2) == (0, 0)


@pytest.mark.parametrize("rule", [L1(0.3), L2(0.2), L1L2(0.3, 0.2)])
def test_gradients(rule):
    check_gradients(rule, [RNG.standard_normal((3, 2)) + 0.1])


def test_l1_does_not_move_what_is_at_zero():
    w = Tensor(W, requires_grad=True)
    np.testing.assert_allclose(grad(L1(0.1)(w), [w])[0].data, 0.1 * np.sign(W))


def test_the_dtype_stays():
    assert L1L2(0.1, 0.1)(Tensor(W.astype("float32"))).dtype == "float32"


def test_by_name_object_class_and_function():
    for given in ("l2", "L2", L2, regularizers.l2):
        assert isinstance(regularizers.get(given), L2)
    both = regularizers.get("l1_l2")
    assert isinstance(both, L1L2)
    assert (both.l1, both.l2) == (0.01, 0.01), "a name that means no penalty at all would be a trap"
    mine = L1(3)
    assert regularizers.get(mine) is mine
    assert regularizers.get(ops.sum) is ops.sum
    assert regularizers.get(None) is None
    assert L2(0.5).get_config() == {"l2": 0.5}
    with pytest.raises(ValueError, match="no regularizer is called 'l3': there are L1, L1L2, L2"):
        regularizers.get("l3")
    with pytest.raises(TypeError, match="regularizer: expected a name, an object or a function; got int"):
        regularizers.get(3)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "0.1", None, True])
def test_factors_are_checked(value):
    for make in (L1, L2, lambda v: L1L2(v, 0.1), lambda v: L1L2(0.1, v)):
        with pytest.raises(ValueError, match="must be a finite number ≥ 0"):
            make(value)


def test_a_base_class_says_what_to_write():
    with pytest.raises(NotImplementedError, match="Regularizer has no __call__ method"):
        Regularizer()(W)


# ---- in a model


def model(**arguments):
    m = Sequential([Input((4,)), Dense(3, dtype="float32", **arguments)])
    m.compile(minidl.optimizers.SGD(0.1), "mse")
    return m


X, Y = RNG.standard_normal((6, 4)).astype("float32"), RNG.standard_normal((6, 3)).astype("float32")


def test_the_loss_holds_the_penalty():
    m, plain = model(kernel_regularizer=L2(0.5), bias_regularizer="l1"), model()
    m.set_weights([w + 1 for w in m.get_weights()])
    plain.set_weights(m.get_weights())
    kernel, bias = m.get_weights()
    extra = 0.5 * np.square(kernel).sum() + 0.01 * np.abs(bias).sum()
    assert m.evaluate(X, Y, batch_size=4, verbose=0) == pytest.approx(plain.evaluate(X, Y, batch_size=4, verbose=0) + extra, rel=1e-6)
    assert m.test_on_batch(X, Y) == pytest.approx(plain.test_on_batch(X, Y) + extra, rel=1e-6)
    assert m.train_on_batch(X, Y) == pytest.approx(plain.train_on_batch(X, Y) + extra, rel=1e-6)
    step, plain_step = (before - after for before, after in zip((kernel, kernel), (m.get_weights()[0], plain.get_weights()[0])))
    np.testing.assert_allclose(step - plain_step, 0.1 * 2 * 0.5 * kernel, rtol=1e-4, atol=1e-5)


def test_what_is_frozen_has_no_penalty():
    m = model(kernel_regularizer=L2(0.5))
    assert len(m.losses) == 1
    m.layers[0].trainable = False
    assert m.losses == []


def test_activity_is_a_mean_over_the_batch():
    m, plain = model(activity_regularizer=L1(0.5)), model()
    plain.set_weights(m.get_weights())
    outputs = m.predict(X, verbose=0)
    expected = plain.test_on_batch(X, Y) + 0.5 * np.abs(outputs).sum() / 6
    assert m.test_on_batch(X, Y) == pytest.approx(expected, rel=1e-6)
    assert [float(loss) for loss in m.losses] == pytest.approx([0.5 * np.abs(outputs).sum() / 6])


def test_only_the_last_call_counts():
    dense = Dense(2, activity_regularizer="l2")
    for x in (X, 2 * X):
        y = dense(x)
        assert [float(loss) for loss in dense.losses] == pytest.approx([0.01 * float(ops.sum(y * y)) / 6])


def test_a_layer_used_twice_pays_for_both_outputs_and_once_for_its_weights():
    i = Input((4,))
    shared = Dense(4, kernel_regularizer="l2", activity_regularizer="l1")
    m = minidl.Model(i, shared(shared(i)))
    y1 = shared(X)
    y2 = shared(y1)
    expected = [0.01 * float(ops.sum(ops.abs(y))) / 6 for y in (y1, y2)] + [0.01 * np.square(shared.kernel.data).sum()]
    m(X)
    assert [float(loss) for loss in m.losses] == pytest.approx(expected, rel=1e-5)
    nested = Sequential([Input((4,)), m, Dense(2, kernel_regularizer="l2")])
    nested(X)
    assert [float(loss) for loss in nested.losses[:3]] == pytest.approx(expected, rel=1e-5)
    assert len(nested.losses) == 4


@pytest.mark.parametrize("regularizer", [None, "l2"])
def test_a_convolution_with_pooling_behind_it_loses_no_penalty(regularizer):
    """Neighbours run as one op, unless there is something to pay for between them."""
    x = RNG.random((2, 6, 6, 1), "float32")
    m = Sequential([Input((6, 6, 1)), Conv2D(2, 3, activity_regularizer=regularizer), layers.MaxPooling2D()])
    m(x)
    assert len(m.losses) == (regularizer is not None)
    with minidl.reference_only():
        m(x)
    assert len(m.losses) == (regularizer is not None)


def test_every_weight_that_can_have_one():
    x = RNG.random((2, 5, 5, 3), "float32")
    conv = Conv2D(2, 3, kernel_regularizer=L2(1), bias_regularizer=L1(1))
    norm = BatchNormalization(gamma_regularizer=L1(2), beta_regularizer="l2")
    norm(conv(x))
    conv.bias.data = np.array([3.0, -4.0], "float32")
    norm.beta.data = np.array([1.0, 2.0], "float32")
    assert [float(loss) for loss in conv.losses] == pytest.approx([np.square(conv.kernel.data).sum(), 7.0])
    assert [float(loss) for loss in norm.losses] == pytest.approx([4.0, 0.05])


def test_gradients_of_a_whole_loss():
    dense = Dense(2, "tanh", kernel_regularizer=L1L2(0.1, 0.2), bias_regularizer=L2(0.3), activity_regularizer=L2(0.4), dtype="float64")
    dense(X)

    def loss(kernel, bias):
        dense.kernel, dense.bias = kernel, bias
        dense._regularized = [(kernel, dense.regularizers[0]), (bias, dense.regularizers[1])]
        y = dense(X.astype("float64"))
        return ops.sum(y) + sum(dense.losses, start=Tensor(0.0))

    check_gradients(loss, [RNG.standard_normal((4, 2)), RNG.standard_normal(2)])


def test_own_functions_and_own_weights():
    class Scale(Layer):
        def build(self, input_shape):
            self.factor = self.add_weight((input_shape[-1],), "ones", regularizer=lambda w: ops.sum(w * w * w))

        def call(self, x):
            return x * self.factor

    scale = Scale(activity_regularizer=lambda y: ops.max(y))
    y = scale(np.full((2, 3), 4.0))
    assert [float(loss) for loss in scale.losses] == pytest.approx([2.0, 3.0])
    assert y.shape == (2, 3)


def test_no_penalty_costs_nothing():
    m = model()
    assert m.losses == []


# ---- add_loss


class Spread(Layer):
    """Outputs should be far apart."""

    def call(self, x, training=False):
        if training:
            self.add_loss(ops.mean(x * x) * 0.1)
        return x


def test_a_layer_can_add_to_the_loss():
    m = Sequential([Input((4,)), Dense(3), Spread()])
    m.compile("sgd", "mse")
    plain = Sequential([Input((4,)), Dense(3)])
    plain.compile("sgd", "mse")
    plain.set_weights(m.get_weights())
    extra = 0.1 * np.square(m.predict(X, verbose=0)).mean()
    assert m.test_on_batch(X, Y) == pytest.approx(plain.test_on_batch(X, Y), rel=1e-6)
    assert m.train_on_batch(X, Y) == pytest.approx(plain.train_on_batch(X, Y) + extra, rel=1e-5)
    assert not np.allclose(m.get_weights()[0], plain.get_weights()[0])


def test_a_model_can_be_trained_for_nothing_else():
    m = Sequential([Input((4,)), Dense(3, use_bias=False, kernel_regularizer=L2(1.0))])
    m.compile(minidl.optimizers.SGD(0.1))
    before = np.abs(m.get_weights()[0]).sum()
    losses = m.fit(X, epochs=3, verbose=0).history["loss"]
    assert losses[2] == pytest.approx(0.64 * losses[1], rel=1e-5), "each step takes 0.2 of each weight away"
    assert np.abs(m.get_weights()[0]).sum() == pytest.approx(0.8**3 * before, rel=1e-5)
    plain = Sequential([Input((4,)), Dense(3)])
    plain.compile("sgd")
    with pytest.raises(ValueError, match="compiled without a loss"):
        plain.fit(X, verbose=0)


def test_add_loss_takes_one_number_inside_a_call():
    with pytest.raises(RuntimeError, match="add_loss is for what a layer's call method computes"):
        Spread().add_loss(1.0)

    class Wrong(Layer):
        def call(self, x):
            self.add_loss(x)
            return x

    with pytest.raises(ValueError, match=r"layer 'wrong'.*add_loss takes one number, got shape \(6, 4\)"):
        Wrong(name="wrong")(X)


def test_what_was_added_does_not_pass_for_a_weight():
    m = Sequential([Input((4,)), Dense(3, activity_regularizer="l2"), Spread()])
    m(X, training=True)
    assert len(m.weights) == len(m.get_weights()) == 2
    with no_grad():
        m(X)
    assert len(m.weights) == 2


def test_constraints_are_not_taken():
    with pytest.raises(TypeError, match="Dense has no argument 'kernel_constraint'"):
        Dense(3, kernel_constraint="max_norm")


def test_on_every_backend(backend):
    m = model(kernel_regularizer=L1L2(0.1, 0.2), activity_regularizer="l2")
    twin = model(kernel_regularizer=L1L2(0.1, 0.2), activity_regularizer="l2")
    twin.set_weights(m.get_weights())
    twin.to(backend.name)
    for _ in range(3):
        assert twin.train_on_batch(X, Y) == pytest.approx(m.train_on_batch(X, Y), rel=1e-5)
