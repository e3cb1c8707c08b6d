"""Labels as vectors, data in batches, and data split into parts. All of it on NumPy arrays, along axis 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]


def one_hot(labels: npt.ArrayLike, num_classes: int | None = None, dtype: npt.DTypeLike = "float32") -> Array:
    """Rows with a one at the label: labels of shape (n,) or (n, 1) → shape (n, num_classes) of `dtype`.

    Labels are integers, or floats that are whole; `num_classes` is the largest label + 1 if not given. Raises
    ValueError for labels of another shape, that are not whole or lie outside 0…num_classes − 1.
    """
    given = np.asarray(labels)
    if given.ndim not in (1, 2) or (given.ndim == 2 and given.shape[1] != 1):
        raise ValueError(f"labels must have shape (n,) or (n, 1), got {given.shape}")
    if given.dtype.kind not in "buif":
        raise ValueError(f"labels must be whole numbers, got an array of {given.dtype}")
    flat = given.reshape(-1)
    if num_classes is None:
        if not flat.size:
            raise ValueError("num_classes must be given when there are no labels")
    elif not _is_whole(num_classes) or num_classes < 1:
        raise ValueError(f"num_classes must be a whole number ≥ 1, got {num_classes!r}")
    if flat.dtype.kind == "f" and not np.all(np.isfinite(flat) & (flat == np.floor(flat))):
        wrong = flat[~(np.isfinite(flat) & (flat == np.floor(flat)))][0]
        raise ValueError(f"labels must be whole numbers, got {wrong}")
    limit = num_classes if num_classes is not None else int(flat.max()) + 1
    outside = flat[(flat < 0) | (flat >= limit)]
    if outside.size:
        raise ValueError(f"labels must lie in 0…{limit - 1} for {limit} classes, got {outside[0]}")
    rows = np.zeros((len(flat), limit), dtype)
    rows[np.arange(len(flat)), flat.astype(np.int64)] = 1
    return rows


class Batches:
    """Aligned arrays, cut into batches; made by `batches`. Can be gone through again and again; has a
    length."""

    def __init__(
        self, arrays: tuple[npt.ArrayLike, ...], batch_size: int, shuffle: bool, seed: Any, drop_last: bool
    ) -> None:
        self.arrays = _aligned(arrays)
        self.size = len(self.arrays[0])
        if not _is_whole(batch_size) or batch_size < 1:
            raise ValueError(f"batch_size must be a whole number ≥ 1, got {batch_size!r}")
        self.batch_size, self.shuffle, self.drop_last = batch_size, shuffle, drop_last
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        """The number of batches in one pass."""
        return self.size // self.batch_size if self.drop_last else -(-self.size // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """One pass. The order is drawn here and now, so that two passes at once do not disturb each other."""
        order = self._rng.permutation(self.size) if self.shuffle else None
        return (self._batch(order, i * self.batch_size) for i in range(len(self)))

    def _batch(self, order: Indices | None, start: int) -> Any:
        part = slice(start, start + self.batch_size)
        rows = part if order is None else order[part]
        batch = tuple(a[rows] for a in self.arrays)
        return batch if len(batch) > 1 else batch[0]


def batches(
    *arrays: npt.ArrayLike, batch_size: int, shuffle: bool = True, seed: Any = None, drop_last: bool = False
) -> Batches:
    """Cut arrays of one length into batches: `for x_batch, y_batch in batches(x, y, batch_size=32): …`.

    A batch is a tuple with a part of each array, or just the part if there is one array. Every pass draws a
    new order; `seed` (a whole number or a numpy Generator) makes the sequence of orders repeatable. The last
    batch may be smaller; `drop_last=True` leaves it out. With `shuffle=False` the batches are views, not
    copies.

    Raises ValueError for no or empty arrays, unequal lengths and a batch size that is not a whole number ≥ 1.
    """
    return Batches(arrays, batch_size, shuffle, seed, drop_last)


def train_test_split(
    *arrays: npt.ArrayLike,
    test_size: float | int = 0.2,
    stratify: npt.ArrayLike | None = None,
    seed: int | None = 0,
) -> list[Array]:
    """Split arrays of one length n at random into two parts: `[a_train, a_test, b_train, b_test, …]`.

    `test_size` is a fraction (the test part then has ⌈fraction · n⌉ rows) or a count. With one seed the parts
    are those of scikit-learn's `train_test_split(…, random_state=seed)`. `stratify`, labels of length n,
    keeps the classes' shares in both parts, with at least one of each class in either (the parts then differ
    from scikit-learn's).

    Raises ValueError for no or empty arrays, unequal lengths, or a size that leaves a part (or, with
    `stratify`, a class in a part) empty.
    """
    parts = _aligned(arrays)
    n = len(parts[0])
    n_test = _count(test_size, n, "test_size", n - 1)
    rng = np.random.RandomState(seed)  # the old generator, because it is scikit-learn's
    if stratify is None:
        order = rng.permutation(n)
        test, train = order[:n_test], order[n_test:]
    else:
        test, train = _stratified(_classes(stratify, n), n_test, rng)
    return [a[rows] for a in parts for rows in (train, test)]


def train_validation_test_split(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    validation_size: float | int = 0.2,
    test_size: float | int = 0.2,
    stratify: npt.ArrayLike | None = None,
    seed: int | None = 0,
) -> tuple[tuple[Array, Array], tuple[Array, Array], tuple[Array, Array]]:
    """Split into three: `((x_train, y_train), (x_validation, y_validation), (x_test, y_test))`.

    Both sizes are counts or fractions of the whole, rounded up. `stratify` and errors as in
    `train_test_split`.
    """
    x, y = _aligned((x, y))
    n = len(x)
    n_test = _count(test_size, n, "test_size", n - 2)
    n_validation = _count(validation_size, n, "validation_size", n - n_test - 1)
    labels = None if stratify is None else _classes(stratify, n)
    rest, test = train_test_split(np.arange(n), test_size=n_test, stratify=labels, seed=seed)
    of_rest = None if labels is None else labels[rest]
    train, validation = train_test_split(rest, test_size=n_validation, stratify=of_rest, seed=seed)
    return (x[train], y[train]), (x[validation], y[validation]), (x[test], y[test])


def k_fold(
    *data: npt.ArrayLike,
    k: int = 5,
    shuffle: bool = True,
    seed: int | None = 0,
    stratify: npt.ArrayLike | None = None,
) -> Iterator[tuple[Indices, Indices]]:
    """k pairs `(train_indices, test_indices)`; every row is in exactly one test part. Indices ascend.

    `data` is the number of rows or arrays of one length. Without `stratify` the folds are those of
    scikit-learn's `KFold(k, shuffle=shuffle, random_state=seed)`. `stratify`, labels of that length, deals
    each class evenly to the folds. Raises ValueError at once for no data, unequal lengths, or fewer rows (or
    members of a class) than k.
    """
    only: Any = data[0] if len(data) == 1 else None
    n = int(only) if _is_whole(only) else len(_aligned(data)[0])
    if not _is_whole(k) or not 2 <= k <= n:
        raise ValueError(f"k must be a whole number in 2…{n} for {n} rows, got {k!r}")
    rng = np.random.RandomState(seed)
    order = rng.permutation(n) if shuffle else np.arange(n)
    if stratify is None:
        fold = np.empty(n, np.int64)
        fold[order] = np.sort(np.arange(n) % k)
    else:
        classes = _classes(stratify, n)
        smallest = int(np.bincount(classes).min())
        if smallest < k:
            raise ValueError(
                f"every class needs at least k = {k} rows to be in every fold, got one with {smallest}"
            )
        by_class = order[np.argsort(classes[order], kind="stable")]
        fold = np.empty(n, np.int64)
        fold[by_class] = np.arange(n) % k  # dealt like cards, class after class
    return ((np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k))


def _stratified(classes: Indices, n_test: int, rng: np.random.RandomState) -> tuple[Indices, Indices]:
    """(test, train) indices with shares of every class as near as possible to n_test / n."""
    sizes = np.bincount(classes)
    if sizes.min() < 2:
        raise ValueError("every class needs at least 2 rows to be in both parts, got one with 1")
    if not len(sizes) <= n_test <= len(classes) - len(sizes):
        raise ValueError(
            f"{len(sizes)} classes need a test part of {len(sizes)}…{len(classes) - len(sizes)} of "
            f"{len(classes)} rows, got {n_test}"
        )
    wanted = sizes * (n_test / len(classes))
    counts = np.clip(np.floor(wanted), 1, sizes - 1)
    while counts.sum() != n_test:  # the class that is furthest from its share takes or gives one
        step = np.sign(n_test - counts.sum())
        possible = (counts + step >= 1) & (counts + step <= sizes - 1)
        counts[np.argmax(np.where(possible, step * (wanted - counts), -np.inf))] += step
    order = rng.permutation(len(classes))
    is_test = np.zeros(len(classes), bool)
    for label, count in enumerate(counts.astype(int)):
        is_test[order[classes[order] == label][:count]] = True
    return order[is_test[order]], order[~is_test[order]]


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _count(size: float | int, n: int, name: str, most: int) -> int:
    """Rows in a part of `size`: a count, or a fraction of n."""
    if _is_whole(size) and 1 <= size <= most:
        return int(size)
    if isinstance(size, (float, np.floating)) and 0 < size < 1:
        count = int(np.ceil(size * n))
        if count <= most:
            return count
    raise ValueError(
        f"{name} must be a fraction between 0 and 1 or a count, with no part left empty, "
        f"got {size!r} of {n} rows"
    )


def _classes(labels: npt.ArrayLike, n: int) -> Indices:
    """Labels of any kind, (n,) or (n, 1), as numbers 0, 1, … without gaps."""
    given = np.asarray(labels)
    if given.shape not in ((n,), (n, 1)):
        raise ValueError(f"stratify must hold one label for each of the {n} rows, got shape {given.shape}")
    return np.unique(given.reshape(-1), return_inverse=True)[1].astype(np.int64)


def _aligned(arrays: tuple[npt.ArrayLike, ...]) -> list[Array]:
    result = [np.asarray(a) for a in arrays]
    shapes = [a.shape for a in result]
    if not result or any(len(shape) == 0 or shape[0] == 0 for shape in shapes):
        raise ValueError(f"expected at least one array with at least one row, got shapes {shapes}")
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(
            f"all arrays must have one length, got {', '.join(str(shape[0]) for shape in shapes)}"
        )
    return result
