"""The kernels of dense layers, cross-entropies, batch normalization and optimizers equal their readable forms."""
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidl
from minidl import Tensor, config, ops, optimizers
from minidl.activations import linear
from minidl.kernels.numpy import threads

from .comparing import assert_equal, dyadic

DTYPES = st.sampled_from(["float32", "float64"])
SEEDS = st.integers(0, 2**32)


@given(SEEDS, DTYPES, st.lists(st.integers(1, 7), min_size=2, max_size=4), st.integers(1, 9), st.booleans(), st.integers(1, 3))
def test_dense(seed, dtype, shape, units, bias, count):
    rng = np.random.default_rng(seed)
    arrays = [dyadic(rng, tuple(shape), dtype), dyadic(rng, (shape[-1], units), dtype), dyadic(rng, (units,), dtype) if bias else None]
    for activation in (ops.relu, linear, ops.softmax):
        with config.using(threads=count), pytest.MonkeyPatch.context() as patch:
            patch.setattr(threads, "WORTH", 1)
            assert_equal(lambda *xs, a=activation: ops.dense_layer(*xs, activation=a), arrays, exactly=activation is not ops.softmax)


def test_dense_with_large_logits():
    """e¹⁰⁰⁰ is too large a number; the largest of a row is taken off first."""
    arrays = [np.array([[1000.0, -3.0], [-2000.0, 5.0]]), np.array([[1.0, -1.0, 0.5], [2.0, 0.0, 1.0]]), np.zeros(3)]
    assert_equal(lambda *xs: ops.dense_layer(*xs, activation=ops.softmax), arrays)


@pytest.mark.parametrize("activation", [ops.relu, linear, ops.softmax])
def test_each_gradient_of_a_dense_layer_alone(activation):
    rng = np.random.default_rng(0)
    tensors = [Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((4, 3), (3, 5), (5,))]
    y = ops.dense_layer(*tensors, activation=activation)
    everything = y.node.kernel.vjp(np.ones(y.shape), y.node.saved, [True] * 3)
    for i in range(3):
        one = y.node.kernel.vjp(np.ones(y.shape), y.node.saved, [i == j for j in range(3)])
        assert [g is not None for g in one] == [i == j for j in range(3)]
        np.testing.assert_array_equal(one[i], everything[i])
        assert one[i].shape == tensors[i].shape


def test_dense_hands_back_what_it_is_not_made_for():
    x, kernel = np.ones((2, 3)), np.ones((3, 4))
    for arrays, activation in (
        ([x.astype("float16"), kernel.astype("float16"), None], ops.relu),
        ([x, kernel, np.ones((2, 4))], linear),
        ([x[0], kernel, None], linear),
        ([x[:0], kernel, None], linear),
        ([x, kernel[None], None], linear),
        ([x, kernel, None], ops.tanh),
        ([x, kernel[:2], None], linear),
    ):
        assert_equal(lambda *xs, a=activation: ops.dense_layer(*xs, activation=a), arrays, expect_kernel=False)


@given(SEEDS, DTYPES, st.lists(st.integers(2, 5), min_size=1, max_size=3), st.integers(0, 5))
def test_crossentropies(seed, dtype, shape, axis):
    rng = np.random.default_rng(seed)
    axis = axis % (2 * len(shape)) - len(shape)
    scores, p = rng.normal(size=shape), rng.uniform(0.1, 1, shape).astype(dtype)
    targets = rng.dirichlet(np.ones(3), shape)[..., 0] * rng.integers(0, 2, shape)
    scores, targets = scores.astype(dtype), targets.astype(dtype)
    assert_equal(lambda x, t: ops.softmax_crossentropy(x, t, axis=axis), [scores, targets])
    assert_equal(lambda p, t: ops.crossentropy(p, t, axis=axis), [p, targets])
    assert_equal(lambda p, t: ops.crossentropy(p, t, axis=axis, smallest=0.2), [p, targets])


def test_crossentropy_of_probabilities_that_are_nearly_0_or_1():
    p = np.array([[1e-9, 1.5e-7, 1 - 1.5e-7], [0.0, 1.0, 0.0]])
    assert_equal(ops.crossentropy, [p, np.array([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]])])


def test_crossentropy_of_any_scores_is_finite():
    x = Tensor([[1e30, -1e30, 0], [-800.0, 900.0, 900.0]], requires_grad=True)
    y = ops.softmax_crossentropy(x, np.array([[0.0, 1, 0], [0, 0, 1]]))
    (dx,) = minidl.grad(y.sum(), [x])
    np.testing.assert_allclose(y.numpy(), [2e30, np.log(2)])
    np.testing.assert_allclose(dx.numpy(), [[1, -1, 0], [0, 0.5, -0.5]])


def test_crossentropies_hand_back_what_they_are_not_made_for():
    p, targets = np.full((2, 3), 1 / 3), np.eye(3)[:2]
    for op in (ops.crossentropy, ops.softmax_crossentropy):
        for arrays in ([p.astype("float16"), targets.astype("float16")], [p, targets[:1]], [p[:0], targets[:0]]):
            assert_equal(op, arrays, expect_kernel=False)
        for arrays in ([p.astype("float32"), targets], [p, targets.astype(int)], [p.astype("float32"), targets > 0]):
            assert_equal(op, arrays)


@given(SEEDS, DTYPES, st.integers(0, 3), st.booleans(), st.booleans())
def test_batch_normalization(seed, dtype, axis, has_gamma, has_beta):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 6, 4))
    small = tuple(n if i == axis else 1 for i, n in enumerate(shape))
    x, mean, variance = rng.uniform(1, 2, shape), rng.normal(size=small), rng.uniform(0.5, 2, small)
    gamma, beta = (rng.uniform(0.5, 2, small).astype(dtype) if given else None for given in (has_gamma, has_beta))
    arrays = [x.astype(dtype), mean.astype(dtype), variance.astype(dtype), gamma, beta]
    assert_equal(lambda *xs: ops.batch_normalization(*xs, epsilon=1e-3), arrays)


def test_batch_normalization_with_statistics_of_several_shapes():
    rng = np.random.default_rng(0)
    x, mean, variance = rng.normal(size=(3, 4, 5, 2)), rng.normal(size=(4, 1, 1)), rng.uniform(0.5, 2, (1, 1, 1, 2))
    for gamma, beta in ((None, np.array(0.5)), (rng.normal(size=2), None), (rng.normal(size=(5, 1)).astype("float32"), rng.normal(size=2))):
        assert_equal(lambda *xs: ops.batch_normalization(*xs, epsilon=0.1), [x, mean, variance, gamma, beta])
    whole, one = np.array([[3, 250]], "uint8"), np.array(2.0)
    for arrays in (
        [x[:0], mean, variance, None, None], [x, rng.normal(size=(2, 1, 1, 1, 1)), variance, None, None],
        [whole, whole[:, ::-1], one, None, None], [one, one, one, one, one],
    ):  # fmt: skip
        assert_equal(lambda *xs: ops.batch_normalization(*xs, epsilon=0.1), arrays, expect_kernel=False)


def test_gradients_of_a_batch_normalization_have_the_shapes_of_its_arrays():
    rng = np.random.default_rng(0)
    tensors = [Tensor(rng.uniform(0.5, 2, shape), requires_grad=True) for shape in ((3, 4, 5, 2), *((1, 1, 1, 2),) * 4)]
    y = ops.batch_normalization(*tensors, epsilon=0.1)
    grads = y.node.kernel.vjp(np.ones(y.shape), y.node.saved, [True] * 5)
    assert [g.shape for g in grads] == [t.shape for t in tensors]


def test_optimizers_with_the_same_gradient_each_time():
    """The mean of g² less the square of the mean of g is 0 then, but for rounding, which may leave less than that."""
    w, rule = Tensor(np.zeros(50, "float32"), requires_grad=True), optimizers.RMSprop(0.01, centered=True)
    for step in range(400):
        rule.apply([np.linspace(1e3, 1e4, 50, dtype="float32") * (3 if step < 50 else 1)], [w])
    assert np.isfinite(w.numpy()).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(0.1),
        lambda: optimizers.SGD(0.1, momentum=0.9),
        lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda: optimizers.Momentum(0.1, clipnorm=1.0),
        lambda: optimizers.RMSprop(0.01),
        lambda: optimizers.RMSprop(0.01, momentum=0.9, centered=True),
        lambda: optimizers.Adam(0.01),
        lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 5, 0.5), amsgrad=True),
        lambda: optimizers.AdamW(0.01),
    ],
)
def test_optimizers(make, dtype):
    rng = np.random.default_rng(0)
    shapes = [(3, 3, 2, 5), (), (1,), (20000,), (200, 170)]
    start = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    fast, plain = ([Tensor(a, requires_grad=True) for a in start] for _ in range(2))
    fast_optimizer, plain_optimizer = make(), make()
    for _ in range(7):
        grads = [np.array(rng.normal(size=shape), dtype, order="F") for shape in shapes]
        before = [g.copy() for g in grads]
        fast_optimizer.apply(grads, fast)
        with minidl.reference_only():
            plain_optimizer.apply(before, plain)
        assert all(np.array_equal(a, b) for a, b in zip(grads, before)), "a gradient was changed"
    states = [[*optimizer.state_arrays(params)] for optimizer, params in ((fast_optimizer, fast), (plain_optimizer, plain))]
    tolerance = {"float16": 3e-2, "float32": 1e-6, "float64": 1e-13}[dtype]
    for a, b in [*zip(fast, plain), *zip(*states)]:
        a, b = np.asarray(a), np.asarray(b)
        assert np.abs(a - b).max() <= tolerance * np.abs(b).max()


def test_optimizers_of_subclasses_keep_their_own_rule():
    class Mine(optimizers.Adam):
        def update(self, xp: Any, w: Any, g: Any, state: Any, learning_rate: float, t: int) -> None:
            w -= 1.0

    w = Tensor(np.zeros(3), requires_grad=True)
    Mine().apply([np.ones(3)], [w])
    np.testing.assert_array_equal(w.numpy(), [-1, -1, -1])


def test_state_arrays_are_found_by_name():
    class Counting(optimizers.Adam):
        def __init__(self) -> None:
            super().__init__(0.1)
            self.slots = {"count": 0.0, **self.slots}

    w, optimizer = Tensor(np.zeros(3), requires_grad=True), Counting()
    optimizer.apply([np.ones(3)], [w])
    state = optimizer._state[w]
    np.testing.assert_array_equal(state["count"], 0)
    np.testing.assert_allclose(state["momentum"], 0.1)


@pytest.mark.parametrize(
    ("make", "name"),
    [(optimizers.SGD, "momentum"), (optimizers.RMSprop, "momentum"), (optimizers.RMSprop, "centered"), (optimizers.Adam, "amsgrad")],
)
def test_what_needs_a_state_that_is_not_there_fails_as_the_rule_does(make, name):
    for switch in (minidl.reference_only, minidl.no_grad):
        w, optimizer = Tensor(np.zeros(3), requires_grad=True), make(0.1)
        optimizer.apply([np.ones(3)], [w])
        setattr(optimizer, name, 0.5 if name == "momentum" else True)
        with switch(), pytest.raises(KeyError):
            optimizer.apply([np.ones(3)], [w])


def test_optimizers_of_parameters_that_are_no_block_of_memory():
    whole = np.zeros((4, 6))
    w = Tensor(np.zeros((2, 3)), requires_grad=True)
    w.data = whole[::2, ::2]
    optimizers.Adam(0.1).apply([np.ones((2, 3))], [w])
    np.testing.assert_allclose(whole[::2, ::2], -0.1, rtol=1e-5)
