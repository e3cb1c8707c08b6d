"""shapes10: form, determinism, balance, variety, and pictures too hard for a nearest neighbour."""

import numpy as np
import pytest

from minidl.data import shapes10
from minidl.data.outlines import OUTLINES


@pytest.fixture(scope="module")
def data():
    return shapes10.load_data(3000, 500)


def test_form(data):
    (x_train, y_train), (x_test, y_test) = data
    assert (x_train.shape, y_train.shape) == ((3000, 32, 32, 3), (3000, 1))
    assert (x_test.shape, y_test.shape) == ((500, 32, 32, 3), (500, 1))
    assert {a.dtype for part in data for a in part} == {np.dtype(np.uint8)}
    assert all(a.flags.c_contiguous for part in data for a in part)
    assert len(shapes10.CLASS_NAMES) == len(set(shapes10.CLASS_NAMES)) == 10


def test_the_default_sizes_are_in_the_signature():
    assert shapes10.load_data.__defaults__ == (10_000, 2_000, 0)


def test_balanced_and_shuffled(data):
    for (_, labels), each in zip(data, (300, 50), strict=True):
        np.testing.assert_array_equal(np.bincount(labels[:, 0]), [each] * 10)
        assert len(np.unique(labels[:40])) >= 8


@pytest.mark.parametrize("n", [1, 7, 23])
def test_small_sets(n):
    (x, y), (x_test, _) = shapes10.load_data(n, 1, seed=3)
    assert (len(x), len(y), len(x_test)) == (n, n, 1)
    counts = np.bincount(y[:, 0], minlength=10)
    assert counts.max() - counts.min() <= 1


def test_one_seed_gives_the_same_pictures_and_another_gives_others():
    (x, y), (x_test, y_test) = shapes10.load_data(200, 50, seed=5)
    (again, y_again), (test_again, y_test_again) = shapes10.load_data(200, 50, seed=5)
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(y, y_again)
    np.testing.assert_array_equal(x_test, test_again)
    np.testing.assert_array_equal(y_test, y_test_again)
    assert not np.array_equal(x, shapes10.load_data(200, 50, seed=6)[0][0])


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    shapes10.load_data(10, 10)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_the_test_pictures_do_not_depend_on_the_number_of_training_pictures(data):
    np.testing.assert_array_equal(shapes10.load_data(10, 500)[1][0], data[1][0])


def test_no_two_pictures_alike(data):
    pictures = np.concatenate([data[0][0], data[1][0]])
    assert len({p.tobytes() for p in pictures}) == len(pictures)
    # Nor nearly alike: the nearest other picture of the class is still far away.
    one_class = data[0][0][data[0][1][:, 0] == 3].reshape(300, -1).astype(np.float32)
    squares = (one_class**2).sum(1)
    distances = squares[:, None] + squares[None, :] - 2 * one_class @ one_class.T + np.diag([np.inf] * 300)
    assert np.sqrt(distances.min() / one_class.shape[1]) > 5  # root mean square, in grey levels


def test_train_and_test_share_no_picture_even_when_they_are_as_many():
    (x, _), (x_test, _) = shapes10.load_data(60, 60)
    assert not {p.tobytes() for p in x} & {p.tobytes() for p in x_test}


def test_colour_does_not_give_the_class_away(data):
    means = data[0][0].astype(np.float32).mean((1, 2))
    labels = data[0][1][:, 0]
    by_class = np.array([means[labels == k].mean(0) for k in range(10)])
    assert by_class.std(0).max() < 0.15 * means.std(0).min()


def test_nearest_neighbour_stays_below_sixty_percent(data):
    (x, y), (x_test, y_test) = data
    x, x_test = (a.reshape(len(a), -1).astype(np.float32) / 255 for a in (x, x_test))
    nearest = ((x**2).sum(1) - 2 * x_test @ x.T).argmin(1)
    accuracy = (y[nearest] == y_test).mean()
    assert 0.15 < accuracy < 0.6


@pytest.mark.parametrize("name", OUTLINES)
def test_outlines_are_distances_of_shapes_that_fill_the_unit_circle(name):
    axis = np.linspace(-1.5, 1.5, 301)
    x, y = axis[None, :] + 0 * axis[:, None], axis[:, None] + 0 * axis[None, :]
    distance = OUTLINES[name](x, y)
    assert distance.shape == x.shape
    inside = distance < 0
    assert 0.9 < inside.mean() * 9 < 2.4  # the area; the unit circle has 3.14
    radius = np.hypot(x, y)[inside].max()
    assert 0.7 < radius < 1.2
    steps = np.abs(np.diff(distance, axis=0)).max() / (axis[1] - axis[0])
    assert steps < 1.01  # a distance never changes by more than the way gone


def test_the_ten_outlines_differ():
    axis = np.linspace(-1, 1, 64)
    x, y = axis[None, :] + 0 * axis[:, None], axis[:, None] + 0 * axis[None, :]
    masks = np.array([(f(x, y) < 0).ravel() for f in OUTLINES.values()])
    overlap = (masks[:, None] & masks).sum(2) / (masks[:, None] | masks).sum(2)
    assert (overlap - np.eye(10)).max() < 0.85


@pytest.mark.parametrize(
    "wrong", [{"n_train": 0}, {"n_test": -1}, {"n_train": 2.5}, {"seed": -1}, {"seed": None}]
)
def test_arguments(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=rf"{name} must be a whole number ≥ \d, got {value}"):
        shapes10.load_data(**wrong)
