"""Pooling kernels equal `minidl.ops`."""
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidl
from minidl import config, ops
from minidl.kernels.numpy import pooling, threads

from .comparing import assert_equal, dyadic

PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def pools(draw: Any) -> tuple[np.ndarray, dict[str, Any]]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 3))
    x = dyadic(rng, shape, draw(st.sampled_from(["float32", "float64"])))
    return x, {"pool_size": draw(PAIRS), "strides": draw(st.none() | PAIRS), "padding": draw(st.sampled_from(["valid", "same"]))}


@pytest.fixture(autouse=True)
def _threads_for_little_work(monkeypatch):
    monkeypatch.setattr(threads, "WORTH", 1)


@given(pools(), st.integers(1, 3))
def test_maximum(case, count):
    x, keywords = case
    with config.using(threads=count):
        assert_equal(lambda x: ops.max_pool2d(x, **keywords), [x], exactly=True)


@given(pools())
def test_average(case):
    x, keywords = case
    assert_equal(lambda x: ops.average_pool2d(x, **keywords), [x])


@given(st.integers(0, 2**32), st.tuples(*[st.integers(1, 4)] * 2), st.tuples(*[st.integers(5, 12)] * 2), PAIRS)
def test_windows_far_larger_than_the_picture(seed, size, pool_size, strides):
    x = dyadic(np.random.default_rng(seed), (2, *size, 2), "float64")
    for pool in (ops.max_pool2d, ops.average_pool2d):
        assert_equal(lambda x, pool=pool: pool(x, pool_size=pool_size, strides=strides, padding="same"), [x])


@pytest.mark.parametrize("pool", [ops.max_pool2d, ops.average_pool2d])
def test_nan_and_infinity_pass(pool):
    x = np.arange(36.0).reshape(1, 6, 6, 1)
    x[0, 1, 1], x[0, 3, 3], x[0, 4, 0], x[0, 5, 0] = np.nan, np.inf, -np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        y = pool(x, pool_size=2).numpy()[0, :, :, 0]
        np.testing.assert_array_equal(y, pool(x.astype("longdouble"), pool_size=2).numpy()[0, :, :, 0].astype(float))


@pytest.mark.parametrize("pool", [ops.max_pool2d, ops.average_pool2d])
def test_other_numbers_are_handed_back(pool):
    x = np.arange(16).reshape(1, 4, 4, 1)
    for other in (x, x.astype("uint8"), x.astype("float16"), x.astype("longdouble"), x.astype(float)[:0], x.astype(float)[..., :0]):
        assert_equal(pool, [other], expect_kernel=False)
        assert pool.kernels["numpy"].forward(other)[0] is NotImplemented
    assert_equal(pool, [x.tolist()], expect_kernel=False)
    with pytest.raises(ValueError, match="does not fit"):
        pool(x.astype(float), pool_size=5)


@pytest.mark.parametrize("pool", [ops.max_pool2d, ops.average_pool2d])
@pytest.mark.parametrize("x", [2.0, None, np.ones(4), np.ones((4, 4)), np.ones((4, 4, 1)), np.ones((1, 4, 4, 1, 1)), np.ones((1, 0, 4, 1))])
def test_what_is_no_picture_is_refused_in_the_words_of_the_op(pool, x):
    with minidl.reference_only(), pytest.raises((ValueError, AttributeError)) as plain:
        pool(x)
    with pytest.raises(plain.type) as fast:
        pool(x)
    assert str(fast.value) == str(plain.value)


@pytest.mark.parametrize("pool", [ops.max_pool2d, ops.average_pool2d])
@pytest.mark.parametrize("more", [{"pool_size": 0}, {"pool_size": (1, 2, 3)}, {"strides": 0}, {"strides": [1, 2, 3]}, {"padding": "full"}])
def test_wrong_keywords_are_refused_in_the_words_of_the_op(pool, more):
    x = np.ones((1, 4, 4, 1))
    with minidl.reference_only(), pytest.raises(ValueError, match=next(iter(more))) as plain:
        pool(x, **more)
    with pytest.raises(ValueError, match=next(iter(more))) as fast:
        pool(x, **more)
    assert str(fast.value) == str(plain.value)


@pytest.mark.parametrize("part", range(3))
def test_each_thread_writes_its_own_channels_only(monkeypatch, part):
    """What two threads write at once would depend on which of them comes first."""
    x, ran = np.random.default_rng(0).normal(size=(2, 6, 7, 7)), []

    def one_part(function, parts):
        ran.append(parts[part])
        function(part, *parts[part])

    kernel = ops.max_pool2d.kernels["numpy"]
    keywords = {"pool_size": (3, 2), "strides": (1, 2), "padding": "same"}
    with config.using(threads=3):
        y, saved = kernel.forward(x, **keywords)
        (dx,) = kernel.vjp(np.ones(y.shape), saved, [True])
        monkeypatch.setattr(pooling, "run_parts", one_part)
        mine, (_, _, winner) = kernel.forward(x, **keywords)
        (part_of_dx,) = kernel.vjp(np.ones(y.shape), saved, [True])
    assert ran == [[(0, 2), (2, 4), (4, 7)][part]] * 2
    own = np.isin(np.arange(7), range(*ran[0]))
    np.testing.assert_array_equal(mine, np.where(own, y, -np.inf))
    np.testing.assert_array_equal(winner, np.where(own[:, None, None], saved[2], 0))
    np.testing.assert_array_equal(part_of_dx, np.where(own, dx, 0))


def test_a_window_with_more_places_than_a_byte_can_count():
    x = np.random.default_rng(0).normal(size=(1, 20, 20, 1))
    assert_equal(lambda x: ops.max_pool2d(x, pool_size=16, strides=2), [x], exactly=True)


@pytest.mark.parametrize("pool", [ops.max_pool2d, ops.average_pool2d])
def test_places_of_a_large_window_that_never_lie_inside_the_image(pool):
    rng = np.random.default_rng(0)
    for shape, size, strides in (((2, 5, 4, 3), (3, 12), 2), ((1, 9, 3, 2), 10, (4, 1)), ((1, 2, 3, 1), 50, 1)):
        assert_equal(lambda x, s=size, t=strides: pool(x, pool_size=s, strides=t, padding="same"), [rng.normal(size=shape)])
