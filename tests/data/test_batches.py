"""Labels as vectors, and data in batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.data import batches, one_hot

# ---- one_hot


@given(
    st.lists(st.integers(0, 12), max_size=20),
    st.booleans(),
    st.sampled_from(["u1", "i2", "i8", "u8", "f4", "f8"]),
)
def test_one_hot_is_a_row_of_the_identity(labels, column, dtype):
    given = np.array(labels, dtype)[:, None] if column else np.array(labels, dtype)
    rows = one_hot(given, 13)
    assert rows.shape == (len(labels), 13)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.eye(13)[labels])


def test_one_hot_finds_the_number_of_classes_and_takes_a_dtype():
    assert one_hot([0, 4, 2]).shape == (3, 5)
    assert one_hot([[1], [0]], dtype="int8").dtype == np.int8
    assert one_hot(np.zeros((0, 1), np.uint8), 10).shape == (0, 10)


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 10], 10, "labels must lie in 0…9 for 10 classes, got 10"),
        ([0, -1], 3, "labels must lie in 0…2 for 3 classes, got -1"),
        ([0, -1], None, "got -1"),
        ([0.0, 1.5], 3, "labels must be whole numbers, got 1.5"),
        ([0.0, np.nan], 3, "labels must be whole numbers, got nan"),
        ([0.0, np.inf], None, "labels must be whole numbers, got inf"),
        (["cat", "dog"], None, "labels must be whole numbers, got an array of <U3"),
        ([[0, 1], [1, 0]], 2, r"labels must have shape \(n,\) or \(n, 1\), got \(2, 2\)"),
        (3, 5, r"got \(\)"),
        ([], None, "num_classes must be given"),
        ([0], 0, "num_classes must be a whole number ≥ 1, got 0"),
        ([0], 2.0, "num_classes must be a whole number ≥ 1, got 2.0"),
    ],
)
def test_one_hot_refuses(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        one_hot(labels, classes)


# ---- batches


@given(st.integers(1, 40), st.integers(1, 50), st.booleans(), st.booleans())
def test_a_pass_is_every_row_once_and_aligned(n, batch_size, shuffle, drop_last):
    x, y = np.arange(n)[:, None] * np.ones(3), np.arange(n)
    parts = batches(x, y, batch_size=batch_size, shuffle=shuffle, seed=0, drop_last=drop_last)
    seen = list(parts)
    assert len(seen) == len(parts) == (n // batch_size if drop_last else -(-n // batch_size))
    for x_batch, y_batch in seen:
        np.testing.assert_array_equal(x_batch[:, 0], y_batch)
    rows = [row for _, y_batch in seen for row in y_batch]
    assert len(set(rows)) == len(rows)
    assert len(rows) == (n // batch_size * batch_size if drop_last else n)
    if not shuffle:
        assert rows == sorted(rows)


def test_every_pass_is_in_a_new_order_and_the_seed_repeats_them():
    first, second = (batches(np.arange(50), batch_size=50, seed=7) for _ in range(2))
    orders = [next(iter(first)) for _ in range(3)]
    assert not np.array_equal(orders[0], orders[1])
    for order in orders:
        np.testing.assert_array_equal(order, next(iter(second)))
    assert not np.array_equal(orders[0], next(iter(batches(np.arange(50), batch_size=50, seed=8))))


def test_two_passes_at_once_do_not_disturb_each_other():
    parts = batches(np.arange(6), batch_size=1, seed=0)
    pairs = list(zip(parts, parts, strict=True))
    assert sorted(int(a[0]) for a, _ in pairs) == sorted(int(b[0]) for _, b in pairs) == list(range(6))


def test_the_seed_may_be_a_generator_and_batches_of_shuffled_data_are_copies():
    x = np.arange(10)
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(
        next(iter(batches(x, batch_size=10, seed=rng))), next(iter(batches(x, batch_size=10, seed=3)))
    )
    for batch in batches(x, batch_size=4):
        batch[:] = -1
    np.testing.assert_array_equal(x, np.arange(10))


@pytest.mark.parametrize(
    ("arrays", "batch_size", "message"),
    [
        ((), 2, "at least one array"),
        ((np.zeros((0, 3)),), 2, r"at least one row, got shapes \[\(0, 3\)\]"),
        ((np.float64(3),), 2, "at least one row"),
        ((np.zeros(3), np.zeros(4)), 2, "one length, got 3, 4"),
        ((np.zeros(3),), 0, "batch_size must be a whole number ≥ 1, got 0"),
        ((np.zeros(3),), 1.5, "batch_size must be a whole number ≥ 1, got 1.5"),
        ((np.zeros(3),), True, "batch_size must be a whole number ≥ 1, got True"),
    ],
)
def test_batches_refuses(arrays, batch_size, message):
    with pytest.raises(ValueError, match=message):
        batches(*arrays, batch_size=batch_size)
