"""Data split into parts and folds: against scikit-learn, and by what must always hold."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.data import k_fold, train_test_split, train_validation_test_split

needs_sklearn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="scikit-learn, the oracle here, is not installed"
)

# ---- two and three parts


@needs_sklearn
@pytest.mark.parametrize("n", [2, 7, 10, 101])
@pytest.mark.parametrize("test_size", [0.2, 0.33, 0.5, 1])
@pytest.mark.parametrize("seed", [0, 42])
def test_the_plain_split_is_that_of_scikit_learn(n, test_size, seed):
    from sklearn.model_selection import train_test_split as oracle

    x, y = np.arange(3 * n).reshape(n, 3), np.arange(n)
    expected = oracle(x, y, test_size=test_size, random_state=seed)
    for ours, theirs in zip(train_test_split(x, y, test_size=test_size, seed=seed), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_plain_split_by_hand():
    order = np.random.RandomState(0).permutation(10)
    train, test = train_test_split(np.arange(10), test_size=0.25)
    np.testing.assert_array_equal(test, order[:3])
    np.testing.assert_array_equal(train, order[3:])


@given(st.lists(st.integers(2, 15), min_size=2, max_size=5), st.floats(0.05, 0.95), st.integers(0, 5))
def test_stratified_parts_keep_every_share(sizes, test_size, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    n, n_test = len(labels), int(np.ceil(test_size * len(labels)))
    if not len(sizes) <= n_test <= n - len(sizes):
        with pytest.raises(ValueError, match=r"no part left empty|classes need a test part of"):
            train_test_split(labels, test_size=test_size, stratify=labels, seed=seed)
        return
    rows, test_rows = train_test_split(np.arange(n), test_size=test_size, stratify=labels, seed=seed)
    assert sorted([*rows, *test_rows]) == list(range(n))
    assert len(test_rows) == n_test
    counts, wanted = np.bincount(labels[test_rows], minlength=len(sizes)), np.array(sizes) * n_test / n
    assert np.all((counts >= 1) & (counts < sizes))
    if np.all((wanted >= 1) & (wanted <= np.array(sizes) - 1)):
        assert np.abs(counts - wanted).max() < 1


def test_stratify_takes_names_and_columns_and_shuffles():
    names = np.array(["cat"] * 40 + ["dog"] * 10)[:, None]
    train, test = train_test_split(names[:, 0], test_size=10, stratify=names)
    assert (np.sum(test == "cat"), np.sum(test == "dog")) == (8, 2)
    assert "dog" in train[:30]
    assert "cat" in train[-10:]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"test_size": 0}, "test_size must be a fraction .* got 0 of 10 rows"),
        ({"test_size": 10}, "got 10 of 10 rows"),
        ({"test_size": 0.0}, "got 0.0 of 10 rows"),
        ({"test_size": 1.0}, "got 1.0 of 10 rows"),
        ({"test_size": 0.95}, "no part left empty, got 0.95 of 10 rows"),
        ({"test_size": -0.1}, "got -0.1"),
        ({"test_size": float("nan")}, "got nan"),
        ({"test_size": True}, "got True"),
        ({"test_size": "half"}, "got 'half'"),
        ({"stratify": [0] * 9}, r"one label for each of the 10 rows, got shape \(9,\)"),
        ({"stratify": [0] * 9 + [1]}, "at least 2 rows .* got one with 1"),
        (
            {"stratify": [0, 1, 2, 3, 4] * 2, "test_size": 2},
            "5 classes need a test part of 5…5 of 10 rows, got 2",
        ),
    ],
)
def test_split_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        train_test_split(np.arange(10), **arguments)


@pytest.mark.parametrize("arrays", [(), (np.zeros(0),), (np.zeros(3), np.zeros(2))])
def test_split_refuses_data(arrays):
    with pytest.raises(ValueError, match=r"expected at least one array|one length"):
        train_test_split(*arrays)


@given(st.integers(3, 60), st.floats(0.05, 0.45), st.floats(0.05, 0.45), st.integers(0, 3))
def test_three_parts_are_all_rows_once(n, validation_size, test_size, seed):
    n_val, n_test = int(np.ceil(validation_size * n)), int(np.ceil(test_size * n))
    x = np.arange(n)
    if n_val + n_test >= n:
        with pytest.raises(ValueError, match="no part left empty"):
            train_validation_test_split(x, x, validation_size, test_size, seed=seed)
        return
    parts = train_validation_test_split(x, -x, validation_size, test_size, seed=seed)
    assert [len(a) for a, _ in parts] == [n - n_val - n_test, n_val, n_test]
    assert sorted(np.concatenate([a for a, _ in parts])) == list(range(n))
    for a, b in parts:
        np.testing.assert_array_equal(a, -b)


def test_three_stratified_parts():
    y = np.repeat([0, 1], [70, 30])[:, None]
    parts = train_validation_test_split(np.arange(100), y, 0.2, 0.1, stratify=y)
    assert [np.bincount(labels[:, 0]).tolist() for _, labels in parts] == [[49, 21], [14, 6], [7, 3]]


# ---- folds


@given(st.integers(2, 40), st.integers(2, 8), st.booleans(), st.integers(0, 3))
def test_every_row_is_tested_once(n, k, shuffle, seed):
    if k > n:
        with pytest.raises(ValueError, match=f"k must be a whole number in 2…{n} for {n} rows, got {k}"):
            k_fold(n, k=k)
        return
    folds = list(k_fold(n, k=k, shuffle=shuffle, seed=seed))
    assert len(folds) == k
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(n))
    for train, test in folds:
        assert sorted([*train, *test]) == list(range(n))
        assert n // k <= len(test) <= -(-n // k)


@needs_sklearn
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("n", "k"), [(10, 5), (11, 3), (7, 7)])
def test_folds_are_those_of_scikit_learn(n, k, shuffle):
    from sklearn.model_selection import KFold

    oracle = KFold(k, shuffle=shuffle, random_state=4 if shuffle else None).split(np.zeros(n))
    for ours, theirs in zip(k_fold(np.zeros(n), k=k, shuffle=shuffle, seed=4), oracle, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


@given(st.lists(st.integers(3, 12), min_size=1, max_size=4), st.booleans())
def test_stratified_folds_deal_every_class_evenly(sizes, shuffle):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    folds = list(k_fold(labels, labels, k=3, shuffle=shuffle, stratify=labels))
    lengths = [len(test) for _, test in folds]
    assert max(lengths) - min(lengths) <= 1
    counts = np.array([np.bincount(labels[test], minlength=len(sizes)) for _, test in folds])
    assert np.ptp(counts, axis=0).max() <= 1
    np.testing.assert_array_equal(counts.sum(0), sizes)


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        ((10,), {"k": 1}, "k must be a whole number in 2…10 for 10 rows, got 1"),
        ((10,), {"k": 2.5}, "got 2.5"),
        ((0,), {}, "2…0 for 0 rows"),
        ((), {}, "at least one array"),
        ((np.zeros(5), np.zeros(6)), {}, "one length, got 5, 6"),
        ((6,), {"k": 3, "stratify": [0, 0, 0, 0, 1, 1]}, "at least k = 3 rows .* got one with 2"),
        ((6,), {"k": 3, "stratify": [0, 1]}, "one label for each of the 6 rows"),
    ],
)
def test_k_fold_refuses_at_once(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        k_fold(*data, **arguments)
