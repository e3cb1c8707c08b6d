"""What the ops compute, against loops, Python's ``math`` and formulas written another way."""

import math
import operator

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minidl import ops
from minidl.autograd import grad
from minidl.kernels import ladder
from minidl.tensor import Tensor

from .cases import CONDITION, all_cases, spread

RNG_SEED = 5
POINTS = [-40.0, -6.5, -2.3, -1.0, -1e-3, 0.0, 1e-3, 0.7, 1.0, 3.3, 40.0]


def sigma(x):
    return math.exp(x) / (1 + math.exp(x)) if x < 0 else 1 / (1 + math.exp(-x))


BY_NUMBER = {
    "exp": math.exp,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "abs": math.fabs,
    "negative": operator.neg,
    "square": lambda x: x**2,
    "sign": lambda x: (x > 0) - (x < 0),
    "step": lambda x: float(x > 0),
    "ones_like": lambda x: 1.0,
    "sigmoid": sigma,
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
    "softplus": lambda x: math.log1p(math.exp(x)) if x < 30 else x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "silu": lambda x: x * sigma(x),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "erf": math.erf,
}


@pytest.mark.parametrize("name", BY_NUMBER)
def test_elementwise(name, backend):
    y = getattr(ops, name)(backend.asarray(POINTS))
    np.testing.assert_allclose(backend.to_numpy(y), [BY_NUMBER[name](x) for x in POINTS], rtol=2e-14, atol=1e-15)


def test_every_elementwise_op_of_one_array_is_compared():
    assert {case.name for case in all_cases() if case.label == "shape (2, 1, 3)"} - set(BY_NUMBER) == {
        *("sqrt", "log", "transpose", "sum", "mean", "max", "softmax", "log_softmax")
    }


@pytest.mark.parametrize("x", [1e-300, 0.25, 1.0, 7.3, 1e300])
def test_sqrt_and_log(x):
    assert ops.sqrt(x).item() == math.sqrt(x)
    assert ops.log(x).item() == pytest.approx(math.log(x), rel=1e-15)


def test_gelu_by_tanh():
    x = np.array(POINTS)
    expected = [0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) for v in POINTS]
    np.testing.assert_allclose(ops.gelu(x, approximate=True).numpy(), expected, rtol=1e-13, atol=1e-15)


@given(st.floats(-8, 8))
def test_erf_to_14_digits(x):
    assert abs(ops.erf(np.array([x])).item() - math.erf(x)) <= 1e-14


def test_erf_far_out_and_at_0():
    assert ops.erf(np.array([np.inf, -np.inf, 1e300, 0.0])).numpy().tolist() == [1, -1, 1, 0]
    assert np.isnan(ops.erf(np.array([np.nan])).item())


ARITHMETIC = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "maximum": max,
    "minimum": min,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "dropout": operator.mul,
}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_of_two(name):
    a, b = np.array([0.5, 2.0, 3.0])[:, None], np.array([2.0, -1.5, 0.5, 3.0])
    expected = [[ARITHMETIC[name](p, q) for q in b.tolist()] for p in a[:, 0].tolist()]
    np.testing.assert_allclose(getattr(ops, name)(a, b).numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("name", ["divide", "mean"])
def test_whole_numbers_become_floats(name):
    y = ops.divide(np.array([3, 4]), 2) if name == "divide" else ops.mean(np.array([3, 4]))
    assert y.dtype == np.float64
    assert y.numpy().tolist() == ([1.5, 2.0] if name == "divide" else 3.5)


def test_where_clip_astype():
    a, b = np.arange(6.0).reshape(2, 3), -np.ones(3)
    assert ops.where(CONDITION, a, b).numpy().tolist() == [[0, -1, 2], [-1, -1, 5]]
    assert ops.clip(a, low=1, high=3.5).numpy().tolist() == [[1, 1, 2], [3, 3.5, 3.5]]
    assert ops.astype(a, dtype=np.int32).dtype == np.int32


# ---------------------------------------------------------------- shapes and sums


def test_sum_mean_max(backend):
    x = np.random.default_rng(RNG_SEED).standard_normal((2, 3, 4))
    for axis, loops in {
        None: lambda f: f([v for plane in x.tolist() for row in plane for v in row]),
        1: lambda f: [[f([x[i, j, k] for j in range(3)]) for k in range(4)] for i in range(2)],
        (0, 2): lambda f: [f([x[i, j, k] for i in range(2) for k in range(4)]) for j in range(3)],
        (-1, 0): lambda f: [f([x[i, j, k] for i in range(2) for k in range(4)]) for j in range(3)],
    }.items():
        for op, f in (ops.sum, math.fsum), (ops.mean, lambda v: math.fsum(v) / len(v)), (ops.max, max):
            y = backend.to_numpy(op(backend.asarray(x), axis=axis))
            np.testing.assert_allclose(y, loops(f), rtol=1e-13, atol=1e-14)
            kept = op(backend.asarray(x), axis=axis, keepdims=True)
            assert kept.ndim == 3
            np.testing.assert_array_equal(backend.to_numpy(kept).ravel(), np.ravel(y))


def test_reshape_transpose_concatenate_stack_pad(backend):
    x = backend.asarray(np.arange(6))
    m = ops.reshape(x, shape=(2, 3))
    assert backend.to_numpy(m).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert backend.to_numpy(ops.transpose(m)).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert backend.to_numpy(ops.concatenate(m, m[:, :1])).tolist() == [[0, 1, 2, 0], [3, 4, 5, 3]]
    assert backend.to_numpy(ops.stack(x[:2], x[2:4], axis=-1)).tolist() == [[0, 2], [1, 3]]
    assert backend.to_numpy(ops.pad(m, widths=((0, 1), (1, 0)))).tolist() == [[0, 0, 1, 2], [0, 3, 4, 5], [0, 0, 0, 0]]
    assert backend.to_numpy(ops.add_at(x[:3], index=[1, 1, 0], shape=(3,))).tolist() == [2, 1, 0]
    assert ops.flatten(ops.reshape(x, shape=(2, 1, 3))).shape == (2, 3)
    assert backend.to_numpy(ops.broadcast_to(m[0], shape=(2, 3))).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_flatten_of_an_empty_batch():
    assert ops.flatten(np.zeros((0, 2, 3))).shape == (0, 6)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.int32])
def test_one_hot(backend, dtype):
    y = ops.one_hot(backend.asarray(np.array([2, 0], dtype)), classes=3)
    assert backend.to_numpy(y).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("a", "b"), [((3, 4), (4, 2)), ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 3)), ((2, 3, 4), (4, 2)), ((2, 1, 2, 3), (5, 3, 1))]
)
def test_matmul(a, b):
    rng = np.random.default_rng(RNG_SEED)
    a, b = rng.standard_normal(a), rng.standard_normal(b)
    left, right = a[None] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b
    expected = np.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)
    expected = expected[..., 0] if b.ndim == 1 else expected
    expected = expected[..., 0, :] if a.ndim == 1 and b.ndim > 1 else expected[..., 0] if a.ndim == 1 else expected
    np.testing.assert_allclose(ops.matmul(a, b).numpy(), expected, rtol=1e-13, atol=1e-13)


def test_softmax_is_finite_for_any_scores():
    x = np.array([[1000.0, 0.0, -1000.0], [-1e300, -1e300, -1e300], [3.0, 3.0, 3.0]])
    np.testing.assert_allclose(ops.softmax(x).numpy(), [[1, 0, 0], [1 / 3] * 3, [1 / 3] * 3], rtol=1e-15)
    np.testing.assert_allclose(ops.log_softmax(x).numpy(), [[0, -1000, -2000], [-math.log(3)] * 3, [-math.log(3)] * 3], rtol=1e-15)


def test_softmax_by_the_formula():
    x = np.random.default_rng(RNG_SEED).standard_normal((3, 5))
    expected = [[math.exp(v) / math.fsum(map(math.exp, row)) for v in row] for row in x.tolist()]
    np.testing.assert_allclose(ops.softmax(x).numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose(ops.log_softmax(x).numpy(), np.log(expected), rtol=1e-14)
    np.testing.assert_allclose(ops.softmax(x.T, axis=0).numpy().T, expected, rtol=1e-14)


def test_crossentropies():
    scores, targets = np.array([[1.0, 2.0, -1.0]]), np.array([[0.2, 0.5, 0.3]])
    p = [math.exp(v) / sum(math.exp(w) for w in (1.0, 2.0, -1.0)) for v in (1.0, 2.0, -1.0)]
    expected = -sum(t * math.log(q) for t, q in zip(targets[0], p))
    assert ops.softmax_crossentropy(scores, targets).numpy() == pytest.approx([expected])
    assert ops.crossentropy(np.array([p]), targets).numpy() == pytest.approx([expected])
    assert ops.crossentropy(7 * np.array([p]), targets).numpy() == pytest.approx([expected])
    q = sigma(0.8)
    expected = -(0.3 * math.log(q) + 0.7 * math.log(1 - q))
    assert ops.sigmoid_crossentropy(np.array([0.8]), np.array([0.3])).numpy() == pytest.approx([expected])
    assert ops.binary_crossentropy(np.array([q]), np.array([0.3])).numpy() == pytest.approx([expected])


def test_crossentropies_stay_finite():
    far = np.array([[1e4, -1e4]])
    assert ops.softmax_crossentropy(far, np.array([[0.0, 1.0]])).item() == 2e4
    assert ops.sigmoid_crossentropy(far, np.array([[0.0, 1.0]])).numpy().tolist() == [[1e4, 1e4]]
    assert ops.crossentropy(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])).item() == pytest.approx(-math.log(1e-7))
    assert ops.binary_crossentropy(np.array([1.0, 0.0]), np.array([0.0, 1.0])).numpy() == pytest.approx([-math.log(1e-7)] * 2, rel=1e-6)


def test_batch_normalization():
    x = np.random.default_rng(RNG_SEED).standard_normal((5, 2))
    y = ops.batch_normalization(x, x.mean(0), x.var(0), np.array([2.0, 3.0]), np.array([1.0, -1.0]), epsilon=0.0).numpy()
    np.testing.assert_allclose(y.mean(0), [1, -1], atol=1e-14)
    np.testing.assert_allclose(y.std(0), [2, 3], rtol=1e-14)
    plain = ops.batch_normalization(x, x.mean(0), x.var(0), None, None, epsilon=1e-3).numpy()
    np.testing.assert_allclose(plain, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), rtol=1e-14)


# ---------------------------------------------------------------- images

SETTINGS = st.tuples(
    *[st.integers(1, 7)] * 2, *[st.integers(1, 3)] * 6, st.sampled_from(["valid", "same"]), st.integers(0, 2), st.integers(1, 2)
)


def fits(size, window, dilation, padding):
    return padding == "same" or all(d * (k - 1) + 1 <= n for n, k, d in zip(size, window, dilation))


@settings(max_examples=50)
@given(SETTINGS)
def test_convolution_equals_seven_loops(geometry):
    h, w, kh, kw, sh, sw, dh, dw, padding, n, channels = geometry
    assume(fits((h, w), (kh, kw), (dh, dw), padding))
    rng = np.random.default_rng(RNG_SEED)
    x, kernel = rng.standard_normal((n, h, w, channels)), rng.standard_normal((kh, kw, channels, 2))
    options = {"strides": (sh, sw), "padding": padding, "dilation": (dh, dw)}
    expected = ladder.conv2d_loops(x, kernel, **options)
    found = ops.conv2d(x, kernel, **options).numpy()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ladder.conv2d_patches(x, kernel, **options), expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=50)
@given(SETTINGS)
def test_pools_equal_loops(geometry):
    h, w, kh, kw, sh, sw, _, _, padding, n, channels = geometry
    assume(fits((h, w), (kh, kw), (1, 1), padding))
    x = np.random.default_rng(RNG_SEED).standard_normal((n, h, w, channels))
    options = {"pool_size": (kh, kw), "strides": (sh, sw), "padding": padding}
    for op, loops in (ops.max_pool2d, ladder.max_pool2d_loops), (ops.average_pool2d, ladder.average_pool2d_loops):
        found, expected = op(x, **options).numpy(), loops(x, **options)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


@given(SETTINGS)
def test_im2col_and_col2im_are_adjoint(geometry):
    h, w, kh, kw, sh, sw, dh, dw, padding, n, channels = geometry
    assume(fits((h, w), (kh, kw), (dh, dw), padding))
    rng = np.random.default_rng(RNG_SEED)
    widths = ops.convolution.padding_widths((h, w), (kh, kw), (sh, sw), (dh, dw), padding)
    x = np.pad(rng.standard_normal((n, h, w, channels)), ((0, 0), *widths, (0, 0)))
    columns = ops.im2col(x, window=(kh, kw), strides=(sh, sw), dilation=(dh, dw)).numpy()
    c = rng.standard_normal(columns.shape)
    back = ops.col2im(c, image=x.shape[1:3], strides=(sh, sw), dilation=(dh, dw)).numpy()
    assert np.sum(columns * c) == pytest.approx(np.sum(x * back), rel=1e-12, abs=1e-12)


def test_strides_default_to_the_pool_size():
    x = spread(np.random.default_rng(RNG_SEED), (1, 6, 9, 1))
    assert ops.max_pool2d(x, pool_size=(2, 3)).shape == (1, 3, 3, 1)
    assert ops.average_pool2d(x, pool_size=3).shape == (1, 2, 3, 1)


def test_global_average():
    x = np.arange(24.0).reshape(2, 2, 3, 2)
    np.testing.assert_allclose(ops.global_average_pool2d(x).numpy(), [[5, 6], [17, 18]])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ops.conv2d(np.ones((2, 3, 3)), np.ones((1, 1, 3, 1))), r"\(2, 3, 3\)"),
        (lambda: ops.conv2d(np.ones((2, 3, 3, 2)), np.ones((1, 1, 3, 1))), r"same C"),
        (lambda: ops.conv2d(np.ones((1, 3, 3, 1)), np.ones((4, 4, 1, 1))), "padding='same'"),
        (lambda: ops.conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), padding="SAME "), "'valid' or 'same'"),
        (lambda: ops.conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), strides=0), "strides"),
        (lambda: ops.conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), dilation=(1, 2, 3)), "dilation"),
        (lambda: ops.max_pool2d(np.ones((3, 3))), r"\(3, 3\)"),
        (lambda: ops.max_pool2d(np.ones((1, 3, 3, 1)), pool_size=1.5), "pool_size"),
        (lambda: ops.average_pool2d(np.ones((1, 3, 3, 1)), pool_size=True), "pool_size"),
    ],
)
def test_what_does_not_fit_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---------------------------------------------------------------- at the edges


def slope(f, x):
    x = Tensor(x, requires_grad=True)
    y = f(x)
    return grad(y, x, seed=np.ones(y.shape))[0].numpy()


def test_ties_of_a_maximum_go_to_the_first(backend):
    x = Tensor(backend.asarray(np.full((1, 4, 4, 1), 2.0)), requires_grad=True)
    (g,) = grad(ops.max_pool2d(x).sum(), x)
    assert backend.to_numpy(g)[0, :, :, 0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]] * 2
    assert slope(ops.max, np.array([[1.0, 3.0], [3.0, 3.0]])).tolist() == [[0, 1], [0, 0]]
    assert slope(lambda x: ops.max(x, axis=0), np.array([[3.0, 1.0], [3.0, 1.0]])).tolist() == [[1, 1], [0, 0]]
    assert slope(lambda x: ops.max(x, axis=(0, 2)), np.ones((2, 1, 2))).tolist() == [[[1, 0]], [[0, 0]]]


def test_overlapping_windows_tie_each_for_itself():
    assert slope(lambda x: ops.max_pool2d(x, pool_size=2, strides=1), np.ones((1, 3, 3, 1)))[0, :, :, 0].tolist() == [
        [1, 1, 0],
        [1, 1, 0],
        [0, 0, 0],
    ]


def test_ties_of_two_go_to_a():
    for op in ops.maximum, ops.minimum:
        a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
        da, db = grad(op(a, b).sum(), (a, b))
        assert da.numpy().tolist() == [1, 1]
        assert db.numpy().tolist() == [0, 0]


@pytest.mark.parametrize(
    ("op", "at_0"), [(ops.relu, 0), (ops.abs, 0), (ops.leaky_relu, 0.2), (ops.elu, 1), (ops.sign, None), (ops.step, None)]
)
def test_the_derivative_at_0(op, at_0):
    x = Tensor([0.0, -0.0], requires_grad=True)
    (g,) = grad(op(x).sum(), x)
    assert g is None if at_0 is None else g.numpy().tolist() == [at_0, at_0]


def test_clip_passes_the_gradient_on_its_borders():
    assert slope(lambda x: ops.clip(x, low=-1, high=2), np.array([-3.0, -1, 0, 2, 2.5])).tolist() == [0, 1, 1, 1, 0]


def test_powers_at_0():
    assert slope(lambda x: x**2, np.array([0.0, 3.0])).tolist() == [0, 6]
    assert slope(lambda x: x**1, np.array([0.0])).tolist() == [1]
    assert slope(lambda x: x**0, np.array([0.0])).tolist() == [0]
    assert slope(lambda b: np.array([0.0, 1.0]) ** b, np.array([2.0, 2.0])).tolist() == [0, 0]
    assert slope(lambda b: 0.0**b, np.array([2.0])).tolist() == [0]
    assert slope(lambda b: 2**b, np.array([3.0])) == pytest.approx([8 * math.log(2)])


def test_same_padding_never_wins():
    x = np.full((1, 3, 3, 1), -5.0)
    assert ops.max_pool2d(x, padding="same").numpy().tolist() == np.full((1, 2, 2, 1), -5.0).tolist()
    assert slope(lambda x: ops.max_pool2d(x, padding="same"), x)[0, :, :, 0].tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


def test_minus_infinity_in_an_image():
    x = np.full((1, 3, 3, 1), -np.inf)
    assert (ops.max_pool2d(x, pool_size=3, strides=1, padding="same").numpy() == -np.inf).all()
    g = slope(lambda x: ops.max_pool2d(x, padding="same"), x)
    assert np.isfinite(g).all()
    x[0, 1, 1] = 0.0
    assert slope(lambda x: ops.max_pool2d(x, pool_size=3), x)[0, :, :, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_what_same_pads_is_left_out_of_a_mean():
    assert (
        ops.average_pool2d(np.ones((1, 5, 3, 2)), pool_size=3, strides=2, padding="same").numpy().tolist() == np.ones((1, 3, 2, 2)).tolist()
    )


def test_nan_and_infinity_go_where_numpy_takes_them():
    x = np.array([np.nan, -np.inf, np.inf, 1.0])
    np.testing.assert_array_equal(ops.maximum(x, 0).numpy(), np.maximum(x, 0))
    np.testing.assert_array_equal(ops.relu(x).numpy(), np.maximum(x, 0))
    np.testing.assert_array_equal(ops.max(x).numpy(), np.nan)
    np.testing.assert_array_equal(ops.tanh(x).numpy(), np.tanh(x))
    np.testing.assert_array_equal(ops.sigmoid(x).numpy(), [np.nan, 0, 1, 1 / (1 + math.exp(-1))])
    np.testing.assert_array_equal(ops.softplus(x).numpy()[:3], [np.nan, 0, np.inf])
    np.testing.assert_array_equal(ops.elu(x).numpy(), [np.nan, -1, np.inf, 1])
    image = x.reshape(1, 2, 2, 1)
    assert np.isnan(ops.max_pool2d(image).item())
    assert np.isnan(ops.average_pool2d(image).item())


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
def test_images_of_whole_numbers(dtype):
    x = (np.arange(1, 10).reshape(1, 3, 3, 1) * 7 % 5 > 1) if dtype is bool else (np.arange(9).reshape(1, 3, 3, 1) + 3).astype(dtype)
    y = ops.max_pool2d(x, padding="same")
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), ladder.max_pool2d_loops(x, padding="same"))
    if dtype is not bool:
        lowest = np.full((1, 3, 3, 1), np.iinfo(dtype).min, dtype)
        np.testing.assert_array_equal(ops.max_pool2d(lowest, padding="same").numpy(), lowest[:, :2, :2])
        np.testing.assert_allclose(ops.average_pool2d(x, padding="same").numpy(), ladder.average_pool2d_loops(x, padding="same"))
        kernel = np.random.default_rng(RNG_SEED).standard_normal((2, 2, 1, 2))
        np.testing.assert_allclose(ops.conv2d(x, kernel).numpy(), ladder.conv2d_loops(x, kernel))


def test_a_gradient_reaches_the_kernel_of_an_image_of_bytes():
    kernel = Tensor(np.ones((2, 2, 1, 1), np.float32), requires_grad=True)
    (g,) = grad(ops.conv2d(np.full((1, 3, 3, 1), 200, np.uint8), kernel).sum(), kernel)
    assert g.dtype == np.float32
    assert g.numpy().ravel().tolist() == [800] * 4
