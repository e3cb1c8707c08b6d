"""Convolution kernels equal `minidl.ops`, for every way in which windows can lie."""
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidl
from minidl import Tensor, config, ops
from minidl.activations import linear
from minidl.kernels.numpy import correlation, memory, threads
from minidl.kernels.numpy.convolution import halving
from minidl.tensor import registry

from .comparing import assert_equal, dirty_memory, dyadic

PAIRS = st.just((1, 1)) | st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def convolutions(draw: Any) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """Arrays x, kernel, bias and the keywords of convolution_layer; block size and threads."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, c, f = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 3, 9])), draw(st.integers(1, 4))
    h, w, kh, kw = draw(st.integers(1, 10)), draw(st.integers(1, 10)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    bias = dyadic(rng, (f,), dtype) if draw(st.booleans()) else None
    arrays = [dyadic(rng, (n, h, w, c), dtype), dyadic(rng, (kh, kw, c, f), dtype), bias]
    keywords = {
        "strides": draw(PAIRS),
        "dilation": draw(PAIRS),
        "padding": draw(st.sampled_from(["valid", "same"])),
        "activation": draw(st.sampled_from([ops.relu, linear])),
    }
    return arrays, keywords, {"block_bytes": draw(st.sampled_from([1, 500, 5000, 2**22])), "threads": draw(st.integers(1, 3))}


@pytest.fixture(autouse=True)
def _threads_for_little_work(monkeypatch):
    monkeypatch.setattr(threads, "WORTH", 1)


@given(convolutions())
def test_convolution(case):
    arrays, keywords, settings = case
    with config.using(**settings):
        assert_equal(lambda *xs: ops.convolution_layer(*xs, **keywords), arrays, exactly=True)


@given(convolutions())
def test_bare_convolution(case):
    arrays, keywords, settings = case
    bare = {name: value for name, value in keywords.items() if name != "activation"}
    with config.using(**settings):
        assert_equal(lambda *xs: ops.conv2d(*xs, **bare), arrays[:2], exactly=True)


@given(convolutions(), st.sampled_from(["valid", "same"]))
def test_convolution_and_pooling(case, padding):
    arrays, convolution, settings = case
    pooling = {"pool_size": 2, "strides": None, "padding": padding}
    with config.using(**settings):
        assert_equal(
            lambda *xs: ops.convolution_and_pooling(*xs, convolution=convolution, pooling=pooling),
            arrays, exactly=True, expect_kernel=padding == "valid",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("pool_size", "strides"),
    [(2, 1), (2, 3), (2, (2, 1)), (2, (2, 4)), (2, (4, 2)), (3, 2), ((1, 2), 2), ((2, 1), None), (1, None)],
)
def test_maxima_over_other_windows_are_handed_back(pool_size, strides):
    rng = np.random.default_rng(0)
    convolution = {"strides": 1, "padding": "same", "dilation": 1, "activation": ops.relu}
    pooling = {"pool_size": pool_size, "strides": strides, "padding": "valid"}
    arrays = [dyadic(rng, shape, "float64") for shape in ((2, 6, 7, 2), (3, 3, 2, 3), (3,))]
    assert_equal(
        lambda *xs: ops.convolution_and_pooling(*xs, convolution=convolution, pooling=pooling), arrays, exactly=True, expect_kernel=False
    )


@pytest.mark.parametrize(
    ("keywords", "side_by_side"),
    [
        ({}, True),
        ({"pool_size": 2, "strides": 2}, True),
        ({"pool_size": [2, 2], "strides": [2, 2], "padding": "same"}, True),
        ({"pool_size": 3}, False),
        *[({"pool_size": size}, False) for size in ((1, 2), (2, 1), (3, 2), (2, 3))],
        *[({"strides": steps}, False) for steps in ((1, 2), (2, 1), (3, 2), (2, 3))],
    ],
)
def test_windows_of_2_side_by_side_are_recognised(keywords, side_by_side):
    assert halving(**keywords) is side_by_side


def test_a_maximum_without_keywords_takes_windows_of_2():
    rng = np.random.default_rng(0)
    convolution = {"strides": 1, "padding": "same", "dilation": 1, "activation": ops.relu}
    arrays = [dyadic(rng, shape, "float64") for shape in ((2, 9, 8, 2), (3, 3, 2, 3), (3,))]
    for pooling in ({}, {"strides": 2}, {"strides": (2, 2), "padding": "valid"}, {"pool_size": (2, 2)}):
        assert_equal(lambda *xs, p=pooling: ops.convolution_and_pooling(*xs, convolution=convolution, pooling=p), arrays, exactly=True)


def test_values_without_a_graph():
    rng = np.random.default_rng(0)
    convolution = {"strides": 1, "padding": "same", "dilation": 1, "activation": ops.relu}
    pooling = {"pool_size": 2, "strides": None, "padding": "valid"}
    arrays = [dyadic(rng, shape, "float64") for shape in ((2, 6, 7, 2), (3, 3, 2, 3), (3,))]
    for op in (ops.convolution_and_pooling, lambda *xs, convolution, pooling: ops.convolution_layer(*xs, **convolution)):
        with minidl.no_grad():
            fast = op(*arrays, convolution=convolution, pooling=pooling)
            with minidl.reference_only():
                plain = op(*arrays, convolution=convolution, pooling=pooling)
        np.testing.assert_array_equal(fast.numpy(), plain.numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("images", "window", "strides", "padding", "dilation"),
    [
        ((5, 17, 19, 3), (3, 3, 3, 16), 1, "valid", 1),
        ((3, 13, 13, 16), (3, 3, 16, 32), 1, "same", 1),
        ((2, 16, 16, 8), (5, 5, 8, 7), 2, "same", 1),
        ((2, 15, 16, 5), (3, 2, 5, 9), (3, 1), "valid", (1, 2)),
        ((1, 9, 9, 2), (1, 1, 2, 3), (2, 2), "same", 1),
        ((4, 8, 8, 1), (8, 8, 1, 3), 1, "valid", 1),
    ],
)
def test_random_numbers(dtype, images, window, strides, padding, dilation):
    rng = np.random.default_rng(4)
    arrays = [rng.uniform(0.1, 1, images), rng.normal(size=window), rng.normal(size=window[-1:])]
    keywords = {"strides": strides, "padding": padding, "dilation": dilation, "activation": ops.relu}
    for count in (1, 2, 3):
        with config.using(threads=count):
            assert_equal(lambda *xs: ops.convolution_layer(*xs, **keywords), [a.astype(dtype) for a in arrays])


@pytest.mark.parametrize("strides", [1, 2, (1, 2), (2, 1)])
@pytest.mark.parametrize("dilation", [2, 3, 4, (2, 1), (1, 3), (3, 2), (4, 5)])
def test_dilated_windows_that_reach_far_over_the_border(dilation, strides):
    """More of what a row of the window sees lies outside the picture than inside it."""
    rng = np.random.default_rng(0)
    pictures = ((2, 3, 3, 2), (3, 3, 2, 2)), ((1, 4, 2, 1), (3, 4, 1, 2)), ((1, 5, 4, 3), (5, 2, 3, 1)), ((2, 2, 3, 9), (5, 3, 9, 2))
    for images, window in pictures:
        arrays = [dyadic(rng, images, "float64"), dyadic(rng, window, "float64")]
        assert_equal(lambda *xs: ops.conv2d(*xs, strides=strides, dilation=dilation, padding="same"), arrays, exactly=True)


@pytest.mark.parametrize(
    ("images", "window"),
    [*[((1, 5, 12, c), (2, 3, c, f)) for c, f in ((9, 4), (4, 9), (33, 2))], ((1, 1, 40, 8), (1, 17, 8, 4))],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_block_size_will_do(images, window, dtype):
    rng = np.random.default_rng(0)
    arrays = [dyadic(rng, images, dtype), dyadic(rng, window, dtype)]
    for exponent in range(18):
        with config.using(block_bytes=2**exponent, threads=1):
            assert_equal(lambda *xs: ops.conv2d(*xs, padding="same"), arrays, exactly=True)


@pytest.mark.parametrize("strides", [(1, 1), (1, 2)])
@pytest.mark.parametrize("part", range(3))
def test_each_thread_writes_its_own_part_of_the_gradient_of_the_input(monkeypatch, part, strides):
    """What two threads write at once would depend on which of them comes first."""
    rng, ran = np.random.default_rng(0), []
    x, kernel = dyadic(rng, (2, 6, 7, 7), "float64"), dyadic(rng, (3, 2, 7, 4), "float64")
    at = correlation.geometry_of(x.shape[1:3], kernel.shape[:2], strides, "same")
    g = dyadic(rng, (at.places[0], 4, at.places[1], 2), "float64")

    def one_part(function, parts):
        ran.append(parts[part])
        function(part, *parts[part])

    arguments = g, memory.mirrored(kernel), (7, 6), at
    with config.using(threads=3), dirty_memory():
        dx = correlation.input_gradient(*arguments)
        monkeypatch.setattr(correlation, "run_parts", one_part)
        mine = correlation.input_gradient(*arguments)
    assert ran == [[(0, 2), (2, 4), (4, 7)][part]]
    written, own = ~np.isnan(mine), np.isin(np.arange(7), range(*ran[0]))
    rows, channels = own[:, None, None, None], own[:, None, None]  # either may be divided: each is a sum by itself
    assert any(np.array_equal(written, np.broadcast_to(part, dx.shape)) for part in (rows, channels))
    np.testing.assert_array_equal(mine[written], dx[written])


def test_any_order_of_memory_will_do():
    rng = np.random.default_rng(0)
    keywords = {"strides": 1, "padding": "same", "dilation": 1, "activation": ops.relu}
    x, kernel, bias = dyadic(rng, (4, 6, 5, 3), "float32"), dyadic(rng, (3, 3, 3, 2), "float32"), dyadic(rng, (2,), "float32")
    wide = dyadic(rng, (4, 12, 5, 6), "float32")
    wide[:, ::2, :, 1::2] = x
    orders = [x, np.asfortranarray(x), wide[:, ::2, :, 1::2], x[::-1, :, ::-1][::-1, :, ::-1], np.ascontiguousarray(x.T).T]
    kernels = [kernel, np.asfortranarray(kernel), kernel[::-1][::-1]]
    found = [
        assert_equal(lambda t, k=k: ops.convolution_layer(t, k, bias, **keywords), [a], exactly=True) for a in orders for k in kernels
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other[0], found[0][0])


def test_other_numbers_are_handed_back():
    rng = np.random.default_rng(0)
    keywords = {"strides": 1, "padding": "same", "dilation": 1, "activation": ops.relu}
    x, kernel = dyadic(rng, (2, 4, 4, 1), "float64"), dyadic(rng, (3, 3, 1, 2), "float64")
    half = x.astype("float16"), kernel.astype("float16")
    for arrays in (half, [x[:0], kernel], [x, kernel[..., :0]]):
        assert_equal(lambda *xs: ops.convolution_layer(*xs, None, **keywords), [*arrays], expect_kernel=False)
    whole = x.astype("int64"), kernel.astype("int64")
    assert ops.conv2d(*whole).dtype == np.int64
    assert_equal(lambda *xs: ops.convolution_layer(*xs, **keywords), [x, kernel, np.ones(2, "float32")], expect_kernel=False)
    for other in (x.astype("int64"), x.astype("float16"), x.astype("float32"), x > 0):  # in the type of the product
        assert_equal(lambda *xs: ops.convolution_layer(*xs, None, **keywords), [other, kernel], exactly=True)
        assert_equal(lambda *xs: ops.conv2d(*xs), [other, kernel], exactly=True)
    swapped = x.astype(x.dtype.newbyteorder())
    assert_equal(lambda *xs: ops.convolution_layer(*xs, None, **keywords), [swapped, kernel], exactly=True)
    assert_equal(lambda *xs: ops.convolution_layer(*xs, None, **{**keywords, "activation": ops.tanh}), [x, kernel], expect_kernel=False)


@pytest.mark.parametrize(
    ("images", "window", "more", "message"),
    [
        ((1, 3, 3, 1), (4, 2, 1, 1), {}, "does not fit"),
        ((1, 3, 3, 2), (2, 2, 1, 1), {}, "same C"),
        ((1, 3, 3, 1), (2, 2, 1, 1), {"strides": 0}, "strides"),
        ((1, 3, 3, 1), (2, 2, 1, 1), {"padding": "full"}, "padding"),
        ((1, 3, 3, 1), (2, 2, 1, 1), {"dilation": (1, 2, 3)}, "dilation"),
    ],
)
def test_errors_are_those_of_the_op(images, window, more, message):
    for switch in (minidl.reference_only, minidl.no_grad):
        with switch(), pytest.raises(ValueError, match=message):
            ops.conv2d(np.ones(images), np.ones(window), **more)


def test_keywords_are_those_of_the_op():
    x, kernel = np.arange(16.0).reshape(1, 4, 4, 1), np.ones((1, 1, 1, 1))
    convolution = {"strides": 1, "padding": "valid", "dilation": 1, "activation": linear}
    for pooling in ({}, {"pool_size": 2}, {"strides": (2, 2)}, {"pool_size": 3, "strides": 1}):
        assert_equal(
            lambda *xs, p=pooling: ops.convolution_and_pooling(*xs, None, convolution=convolution, pooling=p),
            [x, kernel], exactly=True, expect_kernel=pooling.get("pool_size", 2) == 2,
        )  # fmt: skip
    for pooling in ({"strides": 0}, {"padding": "SAME"}, {"padding": [1]}):
        with pytest.raises(ValueError, match=next(iter(pooling))):
            ops.convolution_and_pooling(x, kernel, None, convolution=convolution, pooling=pooling)
    with pytest.raises(ValueError, match="padding must be 'valid' or 'same'"):
        ops.conv2d(x, kernel, padding=["same"])
    wrong = {"convolution": convolution, "pooling": {"size": 2}}, {"convolution": convolution | {"size": 2}, "pooling": {}}
    for keywords in wrong:
        with pytest.raises(TypeError, match="size"):
            ops.convolution_and_pooling(x, kernel, None, **keywords)


def test_an_unknown_keyword_is_answered_with_the_name_of_the_op():
    kernels = {name: op.kernels["numpy"] for name, op in registry.items() if "numpy" in op.kernels}
    assert "conv2d" in kernels
    for name, kernel in kernels.items():
        if name != "convolution_and_pooling":  # it leaves unknown keywords to its two halves
            with pytest.raises(TypeError, match=rf"^{name}_forward\(\) got an unexpected keyword argument 'stride'"):
                kernel.forward(stride=2)


def test_results_of_kernels_can_be_pickled_as_those_of_ops_can():
    x = Tensor(np.arange(16.0).reshape(1, 4, 4, 1), requires_grad=True)
    y = ops.max_pool2d(ops.conv2d(x, np.ones((2, 2, 1, 1))), pool_size=3)
    again = pickle.loads(pickle.dumps(y))
    assert again.node.kernel == y.node.kernel
    np.testing.assert_array_equal(again.numpy(), y.numpy())


def test_the_first_in_c_order_wins_a_tie():
    """All 16 patterns of a 2×2 window whose numbers are 0 or 1, each in its own channel."""
    patterns = np.array([[[p >> i & 1 for i in range(2)], [p >> i & 1 for i in (2, 3)]] for p in range(16)], float)
    x = Tensor(patterns[..., None], requires_grad=True)
    y = ops.convolution_and_pooling(
        x, np.ones((1, 1, 1, 1)), None,
        convolution={"strides": 1, "padding": "valid", "dilation": 1, "activation": linear},
        pooling={"pool_size": 2, "strides": None, "padding": "valid"},
    )  # fmt: skip
    (dx,) = minidl.grad(y.sum(), [x])
    winners = dx.numpy()[..., 0].reshape(16, 4)
    assert (winners.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(winners.argmax(axis=1), patterns.reshape(16, 4).argmax(axis=1))


@pytest.mark.parametrize("activation", [linear, ops.relu])
@pytest.mark.parametrize("pooled", [False, True])
def test_only_the_gradients_that_are_wanted_are_computed(activation, pooled):
    rng = np.random.default_rng(0)
    tensors = [Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((2, 5, 5, 2), (3, 3, 2, 3), (3,))]
    y = _layer(tensors, activation, pooled)
    everything = y.node.kernel.vjp(np.ones(y.shape), y.node.saved, [True] * 3)
    for i in range(3):
        one = y.node.kernel.vjp(np.ones(y.shape), y.node.saved, [i == j for j in range(3)])
        assert [a is None for a in one] == [i != j for j in range(3)]
        np.testing.assert_allclose(one[i], everything[i], rtol=1e-12, atol=1e-12)


def _layer(tensors, activation, pooled):
    convolution = {"strides": 1, "padding": "same", "dilation": 1, "activation": activation}
    if not pooled:
        return ops.convolution_layer(*tensors, **convolution)
    return ops.convolution_and_pooling(
        *tensors, convolution=convolution, pooling={"pool_size": 2, "strides": None, "padding": "valid"}
    )


@pytest.mark.parametrize("activation", [linear, ops.relu])
@pytest.mark.parametrize("pooled", [False, True])
def test_the_gradient_that_comes_in_is_not_changed(activation, pooled):
    """Whoever gave it may need it again. In the kernels' own order of memory it is not copied on the way."""
    rng = np.random.default_rng(0)
    tensors = [Tensor(dyadic(rng, shape, "float64"), requires_grad=True) for shape in ((2, 6, 6, 2), (3, 3, 2, 3), (3,))]
    y = _layer(tensors, activation, pooled)
    g = memory.images_first(memory.rows_first(dyadic(rng, y.shape, "float64")).copy())
    before = g.copy()
    for needs in ([True, True, True], [False, True, True], [True, False, False], [False, False, True]):
        y.node.kernel.vjp(g, y.node.saved, needs)
        np.testing.assert_array_equal(g, before)


def test_nan_and_infinity_pass():
    x = np.ones((1, 4, 4, 1))
    x[0, 1, 1], x[0, 3, 3] = np.nan, np.inf
    pooling = {"pool_size": 2, "strides": None, "padding": "valid"}
    convolution = {"strides": 1, "padding": "valid", "dilation": 1, "activation": ops.relu}
    kernel = np.ones((1, 1, 1, 1))
    y = ops.convolution_and_pooling(x, kernel, None, convolution=convolution, pooling=pooling).numpy()
    np.testing.assert_array_equal(y[0, :, :, 0], [[np.nan, 1], [1, np.inf]])


def test_the_comparison_notices_a_wrong_kernel(monkeypatch):
    right = ops.conv2d.kernels["numpy"]
    rng = np.random.default_rng(0)
    arrays = [dyadic(rng, (2, 4, 4, 1), "float64"), dyadic(rng, (2, 2, 1, 2), "float64")]
    wrong = [
        minidl.Kernel(lambda *a, **k: (right.forward(*a, **k)[0] + 1e-9, right.forward(*a, **k)[1]), right.vjp),
        minidl.Kernel(right.forward, lambda g, saved, needs: [2 * d for d in right.vjp(g, saved, needs)]),
        minidl.Kernel(lambda *a, **k: (NotImplemented, None), right.vjp),
    ]
    for kernel in wrong:
        monkeypatch.setitem(ops.conv2d.kernels, "numpy", kernel)
        with pytest.raises(AssertionError):
            assert_equal(ops.conv2d, arrays)
