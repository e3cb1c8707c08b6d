"""From what fit is given to batches."""
import numpy as np
import pytest

import minidl
from minidl import Tensor
from minidl.batches import (
    ArrayBatches,
    Batch,
    GivenBatches,
    arrays_of,
    as_batch,
    is_iterable_of_batches,
    length_of,
    make_batches,
    split_off,
)  # fmt: skip

X, Y = np.arange(14.0).reshape(7, 2), np.arange(7)


class Frame:
    """Stands for pandas' tables."""

    def to_numpy(self):
        return X


def test_arrays_of_all_kinds():
    for data in (X, X.tolist(), Tensor(X), Frame(), tuple(map(tuple, X.tolist()))):
        array = arrays_of(data, "x")
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, X)
    nested = arrays_of({"a": X, "b": [X, Y]}, "x")
    assert [type(nested["b"]), nested["a"].shape, nested["b"][1].shape] == [list, (7, 2), (7,)]
    assert arrays_of([np.float32(1), np.float32(2)], "x").tolist() == [1, 2], "a list of NumPy's numbers is one array"
    assert arrays_of(None, "x") is None
    assert arrays_of(np.array([1, 2], ">i4"), "x").dtype.isnative
    for wrong in ([[1], [2, 3]], ["a"], np.array([None]), object()):
        with pytest.raises(TypeError, match=r"x must be an array of numbers"):
            arrays_of(wrong, "x")


def test_what_makes_batches_itself():
    assert is_iterable_of_batches(x for x in ())
    assert is_iterable_of_batches(iter([]))
    assert is_iterable_of_batches(range(3))
    for data in (X, [X], (X, Y), {"a": X}, Tensor(X), None, 3, Frame()):
        assert not is_iterable_of_batches(data)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("shuffle", [True, False])
def test_array_batches_hold_everything_once(size, shuffle):
    batches = make_batches({"a": X, "b": [Y]}, Y, -Y, size, shuffle, None)
    assert len(batches) == length_of(batches) == -(-7 // size)
    for _ in range(2):
        rounds = list(batches)
        assert [len(b.y) for b in rounds] == [min(size, 7 - start) for start in range(0, 7, size)]
        assert sorted(np.concatenate([b.y for b in rounds]).tolist()) == Y.tolist()
        for b in rounds:
            np.testing.assert_array_equal(b.x["a"][:, 0], 2 * b.y)
            np.testing.assert_array_equal(b.x["b"][0], b.y)
            np.testing.assert_array_equal(b.sample_weight, -b.y)
        if not shuffle:
            np.testing.assert_array_equal(np.concatenate([b.y for b in rounds]), Y)


def test_the_order_comes_from_the_seed():
    def orders(seed):
        minidl.set_seed(seed)
        batches = make_batches(Y, None, None, 7, True, None)
        return [next(iter(batches)).x.tolist() for _ in range(3)]

    assert orders(1) == orders(1) != orders(2)
    assert len({tuple(order) for order in orders(1)}) > 1


def test_batches_that_are_not_shuffled_are_views():
    assert np.shares_memory(next(iter(make_batches(X, Y, None, 3, False, None))).x, X)


def test_sizes_are_checked():
    cases = [
        ((X[:0], None, None), "x is empty"), ((X, Y[:3], None), "x has 7 examples, y has 3"),
        ((X, Y, np.ones(8)), "x has 7 examples, sample_weight has 8"), (([X, Y[:3]], None, None), "arrays of x have different numbers"),
        ((np.array(3.0), None, None), "x is one number"), ((X, {"a": Y, "b": Y[:2]}, None), "arrays of y have different"),
    ]  # fmt: skip
    for data, message in cases:
        with pytest.raises(ValueError, match=message):
            ArrayBatches(*data, batch_size=2, shuffle=False)
    for size in (0, -1, 2.5, True, "8"):
        with pytest.raises(ValueError, match="batch_size must be a whole number ≥ 1"):
            make_batches(X, Y, None, size, False, None)


def test_given_batches():
    assert [b.x.tolist() for b in make_batches(iter([X[:1], X[1:2]]), None, None, None, True, None)] == [[[0, 1]], [[2, 3]]]
    several = as_batch((X, Y, -Y))
    assert isinstance(several, Batch)
    assert as_batch(X).y is None
    assert as_batch([X, Y]).y is None, "a list is several inputs"
    assert as_batch(([X, Y], {"a": Y})).x[1] is Y
    with pytest.raises(ValueError, match="got 4 things"):
        as_batch((X, Y, Y, Y))
    assert length_of(GivenBatches(iter([X]), None, "x")) is None
    assert length_of(GivenBatches(iter([X]), 4, "x")) == 4


def test_a_sequence_of_batches_is_gone_through_by_number():
    """As Keras' Sequence: iterating it may never end, and it is told of each end of an epoch."""

    class Sequence:
        ends = 0

        def __len__(self):
            return 3

        def __getitem__(self, i):
            return np.array([i])

        def __iter__(self):
            return self

        def __next__(self):
            return np.array([7])

        def on_epoch_end(self):
            self.ends += 1

    def seen(batches):
        return [int(b.x[0]) for b in batches]

    sequence = Sequence()
    whole = GivenBatches(sequence, None, "x")
    assert (len(whole), seen(whole), seen(whole), sequence.ends) == (3, [0, 1, 2], [0, 1, 2], 2)
    stepped = GivenBatches(sequence, 4, "x")
    assert (seen(stepped), seen(stepped), sequence.ends) == ([0, 1, 2, 0], [1, 2, 0, 1], 4)


def test_a_generator_is_not_closed_when_its_batches_are_forgotten():
    generator = (np.array([k]) for k in range(4))
    for expected in ([0, 1], [2, 3]):
        assert [int(b.x[0]) for b in GivenBatches(generator, 2, "x")] == expected


def test_a_generator_goes_on_where_it_was():
    batches = GivenBatches((np.array([k]) for k in range(5)), 2, "x")
    assert [[int(b.x[0]) for b in batches] for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match=r"x ran out of batches \(1 came\)"):
        list(batches)


def test_what_can_be_gone_through_again_starts_anew():
    class Dataset:
        def __iter__(self):
            return iter([np.array([0]), np.array([1]), np.array([2])])

    assert [[int(b.x[0]) for b in batches] for batches in [GivenBatches(Dataset(), None, "x")] * 2] == [[0, 1, 2]] * 2
    stepped = GivenBatches(Dataset(), 2, "x")
    assert [[int(b.x[0]) for b in stepped] for _ in range(3)] == [[0, 1], [2, 0], [1, 2]]

    class Empty:
        def __iter__(self):
            return iter([])

    with pytest.raises(ValueError, match=r"x ran out of batches \(0 came\)"):
        list(GivenBatches(Empty(), None, "x"))


def test_split_off_keeps_the_structure():
    x, y, w, (vx, vy, vw) = split_off({"a": X}, Y, None, 0.3)
    np.testing.assert_array_equal(x["a"], X[:4])
    np.testing.assert_array_equal(vx["a"], X[4:])
    assert (y.tolist(), vy.tolist(), w, vw) == ([0, 1, 2, 3], [4, 5, 6], None, None)


class Restartable:
    """A data set that gives the same two batches each time it is gone through."""

    def __init__(self):
        self.starts = 0

    def __iter__(self):
        self.starts += 1
        yield np.ones((2, 2)), np.ones((2, 1))
        yield np.ones((2, 2)), np.ones((2, 1))


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_steps_that_end_anywhere_in_the_data(steps):
    batches = make_batches(Restartable(), None, None, None, True, steps)
    for _ in range(4):
        assert len(list(batches)) == steps


def test_a_data_set_is_gone_through_only_when_it_is_asked_for():
    data = Restartable()
    batches = make_batches(data, None, None, None, True, None)
    assert data.starts == 0
    assert len(list(batches)) == len(list(batches)) == data.starts == 2


def test_an_exhausted_iterator_that_calls_itself_iterable_ends():
    class Once:
        def __init__(self):
            self.running = iter([(np.ones((2, 2)), np.ones((2, 1)))])

        def __iter__(self):
            return self.running

    with pytest.raises(ValueError, match=r"ran out of batches \(1 came\)"):
        list(make_batches(Once(), None, None, None, True, 5))


def test_a_list_of_batches():
    batches = make_batches([(np.ones((2, 2)), np.ones((2, 1)))] * 3, None, None, None, True, None)
    assert len(batches) == len(list(batches)) == 3
