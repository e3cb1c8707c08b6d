"""Datasets: what `fit` trains on is made step by step, each step a line, and nothing happens until somebody asks for an element.

    data = Dataset.from_tensor_slices((x, y)).shuffle(1000).batch(32).map(lambda x, y: (x / 255, y))
    for images, labels in data: …
    model.fit(data, epochs=3)

The names are those of tf.data. A Dataset holds no elements but a recipe for going through them, so it can be gone through again and again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from minidl.checks import true_or_false, whole
from minidl.random_numbers import random_generator, random_numbers_apart
from minidl.registry import explain_keywords, nearest
from minidl.switches import no_grad
from minidl.tensor import Tensor

Element: TypeAlias = Any  # an array or a text, or a tuple or dictionary of elements

AUTOTUNE = -1
INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -2


class Count(int):
    """A whole number that answers `.numpy()` too, as TensorFlow's counts do."""

    def numpy(self) -> np.int64:
        return np.int64(self)


class TensorSpec(NamedTuple):
    """What an element (or a part of it) looks like; None in a shape is what may differ from element to element."""

    shape: tuple[int | None, ...]
    dtype: npt.DTypeLike


class _Elements(Iterator[Any]):
    """An iterator that also has TensorFlow's ``next()``."""

    def __init__(self, elements: Iterator[Any]):
        self._elements = elements

    def __next__(self) -> Any:
        return next(self._elements)

    def next(self) -> Any:
        """The next element."""
        return next(self._elements)


class Dataset:
    """Elements to be gone through in order: made by `from_tensor_slices`, `range`, `zip` or `image_dataset_from_directory`.

    An element is a Tensor, or a tuple or dictionary of them (texts stay texts). Iterating gives Tensors of one's own, which may be changed
    in place. Every method returns a new Dataset; this one stays as it is. The names of the classes go along (`class_names`).
    """

    class_names: list[str]  # those two, where the Dataset was made from a folder
    file_paths: list[str]

    def __init__(
        self, make: Callable[[], Iterator[Element]], count: int = UNKNOWN_CARDINALITY, class_names: Sequence[str] | None = None
    ) -> None:
        """`make()` starts one pass: an iterator over elements made of NumPy arrays. `count`: how many there are, if that is known."""
        self._make, self._count, self._batched = make, count, False
        if class_names is not None:
            self.class_names = list(class_names)

    def _like(self, make: Callable[[], Iterator[Element]], count: int, batched: bool | None = None) -> Dataset:
        """Another Dataset that is gone through in this way, and has the rest from this one."""
        made = Dataset(make, count, vars(self).get("class_names"))
        made._batched = self._batched if batched is None else batched
        return made

    # ---------------------------------------------------------------- where elements come from

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """One element for each row: `from_tensor_slices((x, y))` of arrays or Tensors of one length (also a dictionary of them, or a plain
        list of numbers or texts, which becomes float32 or int32). ValueError for different lengths, or for a number, which has no rows."""
        arrays = _plain(tensors)
        lengths = {array.shape[0] if np.ndim(array) else -1 for array in _leaves(arrays)}
        if len(lengths) != 1 or -1 in lengths:
            raise ValueError(f"from_tensor_slices takes arrays of one length; got shapes {[np.shape(a) for a in _leaves(arrays)]}")
        (n,) = lengths
        return Dataset(lambda: (_row(arrays, i) for i in range(n)), n)

    @staticmethod
    def range(*bounds: int) -> Dataset:
        """The whole numbers that Python's `range` gives, as int64."""
        numbers = range(*bounds)
        return Dataset(lambda: (np.asarray(i, np.int64) for i in numbers), len(numbers))

    @staticmethod
    def zip(*datasets: Any) -> Dataset:
        """Tuples with an element of each: `zip(a, b)` or `zip((a, b))`. The shortest decides how many."""
        parts: Sequence[Any] = datasets[0] if len(datasets) == 1 and isinstance(datasets[0], tuple) else datasets
        if not parts or not all(isinstance(part, Dataset) for part in parts):
            raise TypeError(f"zip takes Datasets; got {', '.join(type(part).__name__ for part in parts) or 'none'}")
        known = [part._count for part in parts if part._count != INFINITE_CARDINALITY]
        first: Dataset = parts[0]
        return first._like(lambda: zip(*(part._make() for part in parts)), min(known, default=INFINITE_CARDINALITY))

    # ---------------------------------------------------------------- going through them

    def __iter__(self) -> Iterator[Any]:
        return (_tensors(element) for element in self._make())

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as NumPy arrays and numbers in place of Tensors."""
        return _Elements(_each(lambda value: np.array(value)[()], element) for element in self._make())

    def __len__(self) -> int:
        if self._count < 0:
            raise TypeError(f"how many elements this Dataset has is {'infinite' if self.endless else 'not known'}: see cardinality()")
        return self._count

    def __bool__(self) -> bool:
        return True  # not the length: it may not be known

    @property
    def endless(self) -> bool:
        """Whether it never ends: `repeat()` without a count."""
        return self._count == INFINITE_CARDINALITY

    def cardinality(self) -> Count:
        """How many elements there are; −1 (`INFINITE_CARDINALITY`) if it never ends, −2 (`UNKNOWN_CARDINALITY`) if that is not known."""
        return Count(self._count)

    @property
    def element_spec(self) -> Any:
        """Shape and dtype of the elements, looked up in the first one; the axis of batches that may be smaller is None. ValueError if there
        is no element."""
        with random_numbers_apart():
            first = next(self._make(), None)
        if first is None:
            raise ValueError("this Dataset has no elements")
        return _each(lambda a: TensorSpec((None, *np.shape(a)[1:]) if self._batched else np.shape(a), np.asarray(a).dtype), first)

    def __repr__(self) -> str:
        many = {INFINITE_CARDINALITY: "endless", UNKNOWN_CARDINALITY: "of unknown length"}.get(self._count, f"{self._count} elements")
        return f"<Dataset: {many}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("class_names", "file_paths"):
            raise AttributeError(f"this Dataset has no {name}: those of image_dataset_from_directory have")
        raise AttributeError(f"a Dataset has no {name!r}: {nearest(name, [n for n in dir(Dataset) if not n.startswith('_')])}")

    # ---------------------------------------------------------------- other elements

    @explain_keywords
    def map(self, map_func: Callable[..., Any], num_parallel_calls: int | None = None, deterministic: bool | None = None) -> Dataset:
        """`map_func` of each element: it is given Tensors (the parts of a tuple one by one) and returns a Tensor, or a tuple or dictionary
        of them. No gradient is recorded. It is called for one element after the other, when that is asked for: how many calls others
        would do at once (`num_parallel_calls`), and whether the order stays (`deterministic`: it does), makes no difference here."""
        return self._like(lambda: (_called(map_func, element) for element in self._make()), self._count)

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """The elements for which `predicate` (called as the function of `map` is) gives True."""

        def keep(element: Element) -> bool:
            with no_grad():
                return bool(predicate(*_arguments(element)))

        return self._like(lambda: filter(keep, self._make()), UNKNOWN_CARDINALITY)

    def enumerate(self, start: int = 0) -> Dataset:
        """Pairs (number, element), counted from `start`; the numbers are int64."""
        start = whole("start", start, 0)
        return self._like(
            lambda: ((np.asarray(i, np.int64), element) for i, element in enumerate(self._make(), start)), self._count, batched=False
        )

    # ---------------------------------------------------------------- batches

    @explain_keywords
    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """So many elements joined into one, along a new first axis. The last batch may be smaller; `drop_remainder` leaves it out.
        ValueError, when they are gone through, for elements of different shapes."""
        size, drop = whole("batch_size", batch_size), true_or_false("drop_remainder", drop_remainder)

        def one_pass() -> Iterator[Element]:
            elements = self._make()
            while batch := list(itertools.islice(elements, size)):
                if len(batch) == size or not drop:
                    yield _stacked(batch)

        count = self._count if self._count < 0 else self._count // size if drop else -(-self._count // size)
        return self._like(one_pass, count, batched=not drop)

    def unbatch(self) -> Dataset:
        """The rows of the elements one by one: undoes `batch`."""

        def one_pass() -> Iterator[Element]:
            for element in self._make():
                for i in range(len(next(_leaves(element)))):
                    yield _row(element, i)

        return self._like(one_pass, self._count if self.endless else UNKNOWN_CARDINALITY, batched=False)

    # ---------------------------------------------------------------- which elements, how often and in what order

    def take(self, count: int) -> Dataset:
        """The first `count` elements (−1: all)."""
        count = whole("count", count, -1)
        if count == -1:
            return self
        fewer = count if self.endless else min(count, self._count) if self._count >= 0 else UNKNOWN_CARDINALITY
        return self._like(lambda: itertools.islice(self._make(), count), fewer)

    def skip(self, count: int) -> Dataset:
        """All but the first `count` elements."""
        count = whole("count", count, 0)
        left = max(self._count - count, 0) if self._count >= 0 else self._count
        return self._like(lambda: itertools.islice(self._make(), count, None), left)

    def concatenate(self, dataset: Dataset) -> Dataset:
        """These elements, and then those of another Dataset."""
        counts = (self._count, dataset._count)
        count = sum(counts) if min(counts) >= 0 else INFINITE_CARDINALITY if INFINITE_CARDINALITY in counts else UNKNOWN_CARDINALITY
        return self._like(lambda: itertools.chain(self._make(), dataset._make()), count)

    def repeat(self, count: int | None = None) -> Dataset:
        """All elements `count` times; without a count (or −1) without end: then say `steps_per_epoch` in `fit`."""
        times = -1 if count is None else whole("count", count, -1)

        def one_pass() -> Iterator[Element]:
            for _ in itertools.count() if times == -1 else range(times):
                empty = True
                for element in self._make():
                    yield element
                    empty = False
                if empty:
                    return  # or it would be repeated for ever

        total = self._count * times if self._count >= 0 else self._count
        return self._like(one_pass, total if times != -1 else INFINITE_CARDINALITY if self._count else 0)

    @explain_keywords
    def shuffle(self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool | None = True) -> Dataset:
        """In random order: `buffer_size` elements wait, one of them is drawn, and the next takes its place. Only with as many places as
        elements is every order equally likely; with few, an element stays near to where it was. Each pass draws a new order, unless
        `reshuffle_each_iteration=False`. A `seed` makes the orders repeatable; without one `minidl.set_seed` does. (They are not those
        that TensorFlow draws for the same seed.)"""
        size, again = whole("buffer_size", buffer_size), reshuffle_each_iteration is None or reshuffle_each_iteration
        true_or_false("reshuffle_each_iteration", again)
        own = None if seed is None else random_generator(seed)
        always = None if again else _key(own)

        def one_pass() -> Iterator[Element]:
            rng = np.random.default_rng(_key(own) if always is None else always)
            elements = self._make()
            waiting = list(itertools.islice(elements, size))
            for element, place in zip(elements, _places(rng, size)):
                yield waiting[place]
                waiting[place] = element
            yield from (waiting[i] for i in rng.permutation(len(waiting)))

        return self._like(one_pass, self._count)

    # ---------------------------------------------------------------- speed

    def cache(self, filename: str = "") -> Dataset:
        """The elements are kept in memory when they have been gone through to the end, and not made anew after that. What is random in
        making them is then always the same. A `filename` raises ValueError: nothing is kept in files."""
        if filename:
            raise ValueError("cache keeps the elements in memory, not in a file: leave filename out")
        complete: list[list[Element]] = []

        def one_pass() -> Iterator[Element]:
            seen = []
            for element in complete[0] if complete else self._make():
                seen.append(element)
                yield element
            complete[:] = [seen]

        return self._like(one_pass, self._count)

    def prefetch(self, buffer_size: int) -> Dataset:
        """The same elements. Elsewhere this makes `buffer_size` of them ahead, while the model trains; here each is made when its time has
        come, because what a second thread draws at random would not be the same in each run."""
        whole("buffer_size", buffer_size, AUTOTUNE)
        return self._like(self._make, self._count)


def cardinality(dataset: Dataset) -> Count:
    """How many elements a Dataset has: `dataset.cardinality()`."""
    return dataset.cardinality()


def _places(rng: np.random.Generator, n: int) -> Iterator[int]:
    """Random numbers below `n` without end; many are drawn at once, because that costs as much as one."""
    while True:
        yield from rng.integers(n, size=256).tolist()


def _key(generator: np.random.Generator | None) -> int:
    """A seed for one pass, so that two passes at once do not disturb each other."""
    return int((generator or random_generator()).integers(2**63))


# -------------------------------------------------------------------- elements


def _each(function: Callable[[Any], Any], element: Element) -> Element:
    """The same tuples and dictionaries with `function` of what they hold."""
    if isinstance(element, dict):
        return {key: _each(function, value) for key, value in element.items()}
    return tuple(_each(function, value) for value in element) if isinstance(element, tuple) else function(element)


def _row(element: Element, i: int) -> Element:
    return _each(lambda array: array[i], element)


def _leaves(element: Element) -> Iterator[Any]:
    """The arrays and texts in an element."""
    if isinstance(element, (tuple, dict)):
        for value in element.values() if isinstance(element, dict) else element:
            yield from _leaves(value)
    else:
        yield element


def _plain(structure: Any) -> Element:
    """What a user gives, as an element: Tensors, arrays, numbers, texts and lists become NumPy arrays."""
    return _each(_array, structure)


def _array(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.numpy()
    if value is None:
        raise ValueError("an element of a Dataset is an array, or a tuple or dictionary of arrays; got None (does the function return?)")
    if isinstance(value, list) and any(isinstance(one, Tensor) for one in value):
        value = np.stack([_array(one) for one in value])
    array = np.asarray(value)
    if array.dtype.kind not in "fiubU":
        raise TypeError(f"an element of a Dataset holds numbers or texts; got {type(value).__name__} ({array.dtype})")
    if not isinstance(value, (int, float, list)):
        return array
    if array.dtype == np.float64:  # Python's numbers become what TensorFlow makes of them
        return array.astype(np.float32)
    return array.astype(np.int32) if array.dtype == np.int64 and (abs(array) < 2**31).all() else array


def _tensors(element: Element) -> Any:
    """An element as it is given to users: Tensors, and texts as they are."""
    return _each(lambda a: Tensor(np.array(a)) if np.asarray(a).dtype.kind != "U" else a if np.ndim(a) else str(a), element)


def _arguments(element: Element) -> tuple[Any, ...]:
    given = _tensors(element)
    return given if isinstance(given, tuple) else (given,)


def _called(function: Callable[..., Any], element: Element) -> Element:
    with no_grad():
        return _plain(function(*_arguments(element)))


def _stacked(elements: list[Element]) -> Element:
    """Elements of one structure joined along a new first axis."""
    first = elements[0]
    if isinstance(first, dict):
        return {key: _stacked([element[key] for element in elements]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stacked([element[i] for element in elements]) for i in range(len(first)))
    shapes = list(dict.fromkeys(np.shape(element) for element in elements))
    if len(shapes) > 1:
        several = ", ".join(map(str, shapes[:5]))
        raise ValueError(f"a batch takes elements of one shape; these have {several}: resize or crop them with map first")
    return np.stack(elements)
