"""chests2: form, determinism, variety, and that the heart's width and not the brightness decides."""

import numpy as np
import pytest

from minidl.data import chests2


@pytest.fixture(scope="module")
def data():
    return chests2.load_data()


def test_form(data):
    assert [len(y) for _, y in data] == [400, 100, 100]
    for x, y in data:
        assert (x.shape, y.shape) == ((len(x), 256, 256, 1), (len(x), 1))
        assert x.dtype == y.dtype == np.uint8
        assert x.flags.c_contiguous
        np.testing.assert_array_equal(np.bincount(y[:, 0]), [len(y) // 2] * 2)
        assert len(np.unique(y[:20])) == 2
    assert chests2.CLASS_NAMES == ("normal", "enlarged")


def test_one_seed_gives_the_same_pictures_and_another_gives_others(monkeypatch):
    monkeypatch.setattr(chests2, "SPLIT", (30, 10, 10))
    first, again, other = chests2.load_data(1), chests2.load_data(1), chests2.load_data(2)
    for (x, y), (x_again, y_again) in zip(first, again, strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)
    assert not np.array_equal(first[0][0], other[0][0])


def test_no_two_pictures_alike(data):
    pictures = np.concatenate([x for x, _ in data])
    assert len({p.tobytes() for p in pictures}) == 600


def test_brightness_does_not_decide(data):
    x, y = data[0]
    mean, enlarged = x.mean((1, 2, 3)), y[:, 0] == 1
    best = max(((mean > threshold) == enlarged).mean() for threshold in mean)
    assert best < 0.7


def test_an_enlarged_heart_is_wider():
    """The same chest twice, from one stream: they differ around the heart, and nowhere in the upper third."""
    normal = chests2.draw(np.zeros(20, np.uint8), np.random.default_rng(0)).astype(float)
    enlarged = chests2.draw(np.ones(20, np.uint8), np.random.default_rng(0)).astype(float)
    difference = (enlarged - normal)[..., 0].mean(0)
    assert difference[140:200, 80:200].mean() > 5
    assert np.abs(difference[:85]).max() == 0


def test_the_gap_between_the_classes_is_clear():
    (_, largest_normal), (smallest_enlarged, _) = chests2.RATIOS
    assert largest_normal < 0.5 < smallest_enlarged
    assert smallest_enlarged - largest_normal > 0.1


@pytest.mark.parametrize("seed", [-1, 1.5, None, True])
def test_arguments(seed):
    with pytest.raises(ValueError, match=rf"seed must be a whole number ≥ 0, got {seed}"):
        chests2.load_data(seed)
