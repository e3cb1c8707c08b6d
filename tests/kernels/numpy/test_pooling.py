"""Pooling kernels equal `minidl.ops`."""
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import config, ops
from minidl.kernels.numpy import threads

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
    for other in (x, x.astype("float16"), x.astype(float)[:0]):
        assert_equal(pool, [other], expect_kernel=False)
    with pytest.raises(ValueError, match="does not fit"):
        pool(x.astype(float), pool_size=5)


def test_a_window_with_more_places_than_a_byte_can_count():
    x = np.random.default_rng(0).normal(size=(1, 20, 20, 1))
    assert_equal(lambda x: ops.max_pool2d(x, pool_size=16, strides=2), [x], exactly=True)


@pytest.mark.parametrize("pool", [ops.max_pool2d, ops.average_pool2d])
def test_places_of_a_large_window_that_never_lie_inside_the_image(pool):
    rng = np.random.default_rng(0)
    for shape, size, strides in (((2, 5, 4, 3), (3, 12), 2), ((1, 9, 3, 2), 10, (4, 1)), ((1, 2, 3, 1), 50, 1)):
        assert_equal(lambda x, s=size, t=strides: pool(x, pool_size=s, strides=t, padding="same"), [rng.normal(size=shape)])
