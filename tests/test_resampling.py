"""Looking up the pixels of one picture in another."""
import itertools
import math

import numpy as np
import pytest

from minidl import Tensor, gradcheck, reference_only
from minidl.resampling import FILL_MODES, about_centre, affine

ROW = {  # what lies around a b c d = 1 2 3 4, five places on each side
    "reflect": [4, 4, 3, 2, 1, 1, 2, 3, 4, 4, 3, 2, 1, 1],
    "wrap": [4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1],
    "constant": [9, 9, 9, 9, 9, 1, 2, 3, 4, 9, 9, 9, 9, 9],
    "nearest": [1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4],
}


def matrices(n, seed=0, spread=0.7, far=3.0):
    rng = np.random.default_rng(seed)
    return np.concatenate([np.eye(2) + rng.uniform(-spread, spread, (n, 2, 2)), rng.uniform(-far, far, (n, 2, 1))], axis=2)


def pixel(image, r, c, fill_mode, cval):
    """The pixel that stands at row r and column c, written from the table of patterns."""
    h, w = image.shape[:2]
    if fill_mode == "constant":
        return image[r, c] if 0 <= r < h and 0 <= c < w else np.full(image.shape[2], cval)
    around = {
        "reflect": lambda i, n: [*range(n), *reversed(range(n))][i % (2 * n)],
        "wrap": lambda i, n: i % n,
        "nearest": lambda i, n: min(max(i, 0), n - 1),
    }[fill_mode]
    return image[around(r, h), around(c, w)]


def by_hand(images, matrices, order, fill_mode, cval):
    out = np.empty_like(images)
    for n, r, c in itertools.product(*map(range, images.shape[:3])):
        y, x = matrices[n] @ (r, c, 1)
        top, left = math.floor(y), math.floor(x)
        if order == 0:
            out[n, r, c] = pixel(images[n], math.floor(y + 0.5), math.floor(x + 0.5), fill_mode, cval)
            continue
        corners = itertools.product(((top, top + 1 - y), (top + 1, y - top)), ((left, left + 1 - x), (left + 1, x - left)))
        out[n, r, c] = sum(a * b * pixel(images[n], i, j, fill_mode, cval) for (i, a), (j, b) in corners)
    return out


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("shape", [(3, 5, 7, 2), (1, 1, 1, 1), (2, 1, 6, 3), (4, 8, 2, 1)])
def test_the_same_as_pixel_by_pixel(shape, order, fill_mode):
    images = np.random.default_rng(1).random(shape)
    m = matrices(shape[0])
    np.testing.assert_allclose(affine(images, m, order, fill_mode, 0.3).data, by_hand(images, m, order, fill_mode, 0.3), atol=1e-6)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1])
def test_what_lies_outside(fill_mode, order):
    row = np.array([1.0, 2, 3, 4])[None, None, :, None]
    found = [affine(row, [[[1, 0, 0], [0, 1, start]]], order, fill_mode, 9).data.ravel()[0] for start in range(-5, 9)]
    assert found == ROW[fill_mode]


def test_nothing_changes_where_nothing_is_to_change():
    images = np.random.default_rng(0).random((2, 5, 4, 3), "float32")
    for order, fill_mode in itertools.product((0, 1), FILL_MODES):
        np.testing.assert_array_equal(affine(images, np.tile(np.eye(2, 3), (2, 1, 1)), order, fill_mode).data, images)


def test_a_quarter_turn_about_the_centre():
    images = np.arange(2 * 5 * 5 * 1, dtype="float64").reshape(2, 5, 5, 1)
    turned = affine(images, about_centre([[[0, 1], [-1, 0]], [[0, -1], [1, 0]]], np.zeros((2, 2)), (5, 5)))
    np.testing.assert_allclose(turned.data[0], np.rot90(images[0], 1), atol=1e-9)  # row 0 shows column 4
    np.testing.assert_allclose(turned.data[1], np.rot90(images[1], -1), atol=1e-9)


def test_about_the_centre_and_then_farther():
    images = np.random.default_rng(0).random((1, 6, 4, 1))
    moved = affine(images, about_centre([np.eye(2)], [[2, -1]], (6, 4)), fill_mode="constant").data[0, :, :, 0]
    np.testing.assert_allclose(moved[:4, 1:], images[0, 2:, :3, 0])
    assert not moved[4:].any() and not moved[:, 0].any()


@pytest.mark.parametrize("fill_mode", FILL_MODES)
@pytest.mark.parametrize("order", [0, 1])
def test_gradients(order, fill_mode):
    images, m = np.random.default_rng(2).random((2, 4, 3, 2)), matrices(2, seed=5)
    report = gradcheck(lambda x: affine(x, m, order, fill_mode, 0.5), images)
    assert report, str(report)
    report = gradcheck(lambda x: affine(x * x, m, order, fill_mode, 0.5), images, order=2)
    assert report, str(report)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_dtype_and_where_it_runs(fill_mode, backend):
    images = np.random.default_rng(0).random((2, 6, 5, 3), "float32")
    here = affine(images, matrices(2), fill_mode=fill_mode)
    there = affine(Tensor(images).to(backend.name), matrices(2), fill_mode=fill_mode)
    assert there.dtype == "float32" and here.shape == images.shape
    np.testing.assert_allclose(there.numpy(), here.data, rtol=1e-6, atol=1e-6)
    with reference_only():
        np.testing.assert_array_equal(affine(images, matrices(2), fill_mode=fill_mode).data, here.data)


def test_no_pictures():
    assert affine(np.zeros((0, 4, 4, 3)), np.zeros((0, 2, 3))).shape == (0, 4, 4, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((4, 4, 3)), np.eye(2, 3)[None]), "a 2×3 matrix for each"),
        ((np.zeros((2, 4, 4, 3)), np.eye(2, 3)[None]), r"got shapes \(2, 4, 4, 3\) and \(1, 2, 3\)"),
        ((np.zeros((1, 4, 4, 3)), np.eye(2, 3)[None], 3), "order is 0 or 1"),
        ((np.zeros((1, 4, 4, 3)), np.eye(2, 3)[None], 1, "mirror"), "one of reflect, wrap, constant, nearest; got 1 and 'mirror'"),
        ((np.zeros((1, 4, 4, 3)), np.full((1, 2, 3), np.nan)), "not finite"),
        ((np.zeros((1, 4, 4, 3)), np.full((1, 2, 3), 1e7)), "≥ 1e\\+06"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        affine(*arguments)


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match="must be floats; got uint8"):
        affine(np.zeros((1, 4, 4, 3), "uint8"), np.eye(2, 3)[None])
