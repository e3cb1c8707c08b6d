"""The rungs of the ladder agree with each other and with numbers computed by hand."""

import numpy as np
import pytest

from minidl.kernels import ladder


def test_a_convolution_by_hand():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    kernel = np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1, 1)
    expected = np.array([[0 + 2 + 9 + 16, 1 + 4 + 12 + 20], [3 + 8 + 18 + 28, 4 + 10 + 21 + 32]])
    np.testing.assert_array_equal(ladder.conv2d_loops(x, kernel)[0, :, :, 0], expected)


def test_an_odd_same_padding_is_at_the_bottom_and_the_right():
    x, kernel = np.ones((1, 2, 2, 1)), np.ones((2, 2, 1, 1))
    np.testing.assert_array_equal(ladder.conv2d_loops(x, kernel, padding="same")[0, :, :, 0], [[4, 2], [2, 1]])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (3, 2), ((1, 2), (2, 1)), (5, 1)])
@pytest.mark.parametrize("image", [(5, 7), (4, 4), (3, 8)])
def test_both_rungs_agree(image, strides, dilation, padding):
    rng = np.random.default_rng(3)
    x, kernel = rng.standard_normal((2, *image, 2)), rng.standard_normal((2, 3, 2, 3))
    loops = ladder.conv2d_loops(x, kernel, strides=strides, padding=padding, dilation=dilation)
    patches = ladder.conv2d_patches(x, kernel, strides=strides, padding=padding, dilation=dilation)
    assert loops.shape == patches.shape
    np.testing.assert_allclose(patches, loops, rtol=1e-13, atol=1e-13)
    if padding == "same":
        assert loops.shape[1:3] == tuple(-(-n // s) for n, s in zip(image, strides if isinstance(strides, tuple) else (strides,) * 2))


def test_pools_by_hand():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(ladder.max_pool2d_loops(x)[0, :, :, 0], [[4]])
    np.testing.assert_array_equal(ladder.average_pool2d_loops(x)[0, :, :, 0], [[2]])
    np.testing.assert_array_equal(ladder.max_pool2d_loops(-x, padding="same")[0, :, :, 0], [[0, -2], [-6, -8]])
    np.testing.assert_array_equal(ladder.average_pool2d_loops(x, padding="same")[0, :, :, 0], [[2, 3.5], [6.5, 8]])
    np.testing.assert_array_equal(ladder.max_pool2d_loops(x, pool_size=2, strides=1)[0, :, :, 0], [[4, 5], [7, 8]])


def test_dtypes_are_kept():
    x = np.ones((1, 2, 2, 1), np.float32)
    assert ladder.conv2d_loops(x, np.ones((1, 1, 1, 1), np.float32)).dtype == np.float32
    assert ladder.conv2d_patches(x, np.ones((1, 1, 1, 1), np.float32)).dtype == np.float32
    assert ladder.max_pool2d_loops(x.astype(np.uint8)).dtype == np.uint8
    assert ladder.average_pool2d_loops(x).dtype == np.float32
    assert ladder.average_pool2d_loops(np.full((1, 2, 2, 1), 200, np.uint8)).item() == 200
