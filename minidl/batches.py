"""From what `fit` is given (arrays, or batches that somebody else makes) to the batches that a model trains on."""
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minidl import backend
from minidl.checks import number, true_or_false, whole
from minidl.conversion import as_array
from minidl.devices import free_memory
from minidl.random_numbers import random_generator
from minidl.symbolic import flat, map_structure
from minidl.tensor import Tensor


class Batch(NamedTuple):
    """What one step works on: arrays, or lists or dictionaries of arrays; ``y`` and ``sample_weight`` may be None."""

    x: Any
    y: Any
    sample_weight: Any


def arrays_of(data: Any, what: str) -> Any:
    """``data`` as an array, or a list, tuple or dictionary of arrays; a plain nested list of numbers is one array."""
    if data is None or isinstance(data, dict):
        return data and {key: arrays_of(value, what) for key, value in data.items()}
    if isinstance(data, (list, tuple)) and any(hasattr(item, "shape") for item in data):
        if any(not getattr(item, "shape", ()) for item in data if not isinstance(item, (list, tuple, dict))):  # there are numbers
            return as_array([float(item) for item in data])
        return [arrays_of(item, what) for item in data]
    if isinstance(data, Tensor):
        return data.data
    if not backend.is_array(data) and not isinstance(data, (list, tuple)) and hasattr(data, "to_numpy"):
        data = data.to_numpy()
    try:
        return as_array(data)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} must be an array of numbers (or a list or dictionary of arrays): {error}") from None


def is_iterable_of_batches(x: Any) -> bool:
    """Whether ``x`` makes the batches itself: a list of tuples, a generator, a dataset, anything to iterate that is no array or list."""
    if isinstance(x, list) and x and all(isinstance(item, tuple) for item in x):
        return True  # [(x, y), (x, y), …]
    return not (isinstance(x, (list, tuple, dict, Tensor)) or hasattr(x, "shape") or x is None) and isinstance(x, Iterable)


def count(data: Any, what: str) -> int:
    """How many examples there are; ValueError if none, or if the arrays do not agree."""
    sizes = {array.shape[0] if array.ndim else None for array in flat(data)}
    if None in sizes:
        raise ValueError(f"{what} is one number: give an array with one entry for each example")
    if len(sizes) != 1:
        raise ValueError(f"the arrays of {what} have different numbers of examples: {sizes}")
    n = int(sizes.pop())  # type: ignore[arg-type]
    if n == 0:
        raise ValueError(f"{what} is empty: there are no examples")
    return n


def _take(part: slice, orders: dict[str, Any], array: Any) -> Any:
    """The examples of that part, in an order that was moved to where the array is (None: as they lie)."""
    if array is None:
        return None
    order = orders[backend.owner(array).name]
    return array[part] if order is None else array[order[part]]


class ArrayBatches:
    """Batches of arrays held in memory, in a new order each time they are gone through if ``shuffle``."""

    def __init__(self, x: Any, y: Any, sample_weight: Any, batch_size: int, shuffle: bool):
        self.data, self.batch_size, self.shuffle = Batch(x, y, sample_weight), batch_size, shuffle
        self.n = count(x, "x")
        for other, what in ((y, "y"), (sample_weight, "sample_weight")):
            if other is not None and count(other, what) != self.n:
                raise ValueError(f"x has {self.n} examples, {what} has {count(other, what)}")

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        order = random_generator().permutation(self.n) if self.shuffle else None
        homes = {backend.owner(array) for array in flat(list(self.data))}
        orders = {home.name: None if order is None else backend.move(order, home) for home in homes}
        for start in range(0, self.n, self.batch_size):
            part = slice(start, start + self.batch_size)
            yield Batch(*(map_structure(partial(_take, part, orders), one) for one in self.data))


class GivenBatches:
    """Batches that come from an iterable, ``steps`` of them each time (all of them, if None); a generator goes on where it was."""

    def __init__(self, source: Any, steps: int | None, what: str):
        if steps is None and getattr(source, "endless", False):
            raise ValueError(f"{what} repeats without end: say how many batches (steps_per_epoch, validation_steps, steps)")
        self.source, self.steps, self.what = source, steps, what
        self.running: Any = None  # where to go on, if ``steps`` end before the source does

    def __len__(self) -> int:
        if self.steps is not None:
            return self.steps
        return len(self.source)  # TypeError where nobody knows

    def __iter__(self) -> Iterator[Batch]:
        running = self.running or once_through(self.source)
        done, fresh = 0, not self.running
        while self.steps is None or done < self.steps:
            try:
                item = next(running)
            except StopIteration:
                if self.steps is None or fresh:
                    break
                running, fresh = once_through(self.source), True
                continue
            done, fresh = done + 1, False
            yield as_batch(item)
        self.running = running if self.steps is not None else None
        if not done or (self.steps and done < self.steps):
            raise ValueError(
                f"{self.what} ran out of batches ({done} came): a generator can be gone through once; give a list of batches, or "
                "minidl.data.batches(…), or fewer steps"
            )


def once_through(source: Any) -> Iterator[Any]:
    """All batches once: of what has a length and is indexed (as Keras' Sequence; ``for`` may never end there) by their numbers, after
    which it is told that an epoch has ended; else what iterating gives."""
    if isinstance(source, (list, tuple)) or not (hasattr(source, "__getitem__") and hasattr(source, "__len__")):
        return iter(source)

    def by_number() -> Iterator[Any]:
        for i in range(len(source)):
            yield source[i]
        if hasattr(source, "on_epoch_end"):
            source.on_epoch_end()

    return by_number()


def as_batch(item: Any) -> Batch:
    """What an iterable yields: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``."""
    parts = item if isinstance(item, tuple) else (item,)
    if len(parts) > 3:
        raise ValueError(f"a batch is x, (x, y) or (x, y, sample_weight); got {len(parts)} things")
    arrays = [arrays_of(part, what) for part, what in zip(parts, ("x", "y", "sample_weight"))]
    return Batch(*arrays, *[None] * (3 - len(arrays)))


def check_finite(data: Any, what: str) -> None:
    """ValueError if a NumPy array in ``data`` holds nan or infinity. (The sum tells, and costs less than looking at each.)"""
    for array in flat(data):
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            with np.errstate(all="ignore"):
                suspicious = not np.isfinite(array.sum())
            if suspicious and not (finite := np.isfinite(array)).all():
                bad = array.size - int(finite.sum())
                raise ValueError(f"{what} holds values that are nan, infinite, or too large for {array.dtype}: {bad} in this batch")


def make_batches(
    x: Any, y: Any, sample_weight: Any, batch_size: int | None, shuffle: bool, steps: int | None, what: str = "x"
) -> ArrayBatches | GivenBatches:
    """Batches of the arrays given, or those that ``x`` makes itself; ``steps`` of them (None: all)."""
    steps, shuffle = None if steps is None else whole("steps", steps), true_or_false("shuffle", shuffle)
    if is_iterable_of_batches(x):
        if y is not None or sample_weight is not None or batch_size is not None:
            raise ValueError("an iterable of batches brings its own y, sample_weight and batch size")
        return GivenBatches(x, steps, what)
    if x is None:
        raise ValueError("there is no x: give arrays or an iterable of batches")
    size = 32 if batch_size is None else whole("batch_size", batch_size)
    batches = ArrayBatches(arrays_of(x, "x"), arrays_of(y, "y"), arrays_of(sample_weight, "sample_weight"), size, shuffle)
    return batches if steps is None else GivenBatches(batches, steps, what)


def resident(batches: Any, home: backend.Backend) -> Any:
    """The same batches with all their arrays moved to ``home`` at once, where that says what it has free and they take a quarter of it
    at most; else each batch is moved when its time has come."""
    if not isinstance(batches, ArrayBatches) or home.name not in free_memory:
        return batches
    if sum(array.nbytes for array in flat(list(batches.data))) > free_memory[home.name]() / 4:
        return batches
    for data, what in zip(batches.data, ("x", "y")):
        check_finite(data, what)
    batches.data = Batch(*(map_structure(lambda a: a if a is None else backend.move(a, home), one) for one in batches.data))
    return batches


def validation_batches(data: Any, batch_size: int | None, steps: int | None) -> ArrayBatches | GivenBatches:
    """Batches of ``(x, y)``, of ``(x, y, sample_weight)``, or those that ``data`` makes itself."""
    if is_iterable_of_batches(data):
        return GivenBatches(data, None if steps is None else whole("validation_steps", steps), "validation_data")
    if not isinstance(data, (list, tuple)) or len(data) not in (2, 3):
        raise ValueError("validation_data is (x, y), (x, y, sample_weight) or an iterable of batches")
    return make_batches(data[0], data[1], data[2] if len(data) > 2 else None, batch_size, False, steps, "validation_data")


def split_off(x: Any, y: Any, sample_weight: Any, share: float) -> tuple[Any, Any, Any, tuple[Any, Any, Any]]:
    """The first part of the data for training and the last ``share`` of it for validation."""
    share = number("validation_split", share, 0, 1)
    data = Batch(arrays_of(x, "x"), arrays_of(y, "y"), arrays_of(sample_weight, "sample_weight"))
    n = ArrayBatches(*data, batch_size=1, shuffle=False).n
    first = int(n * (1 - share))
    if first in (0, n):
        raise ValueError(f"validation_split={share} of {n} examples leaves none for {'training' if first == 0 else 'validation'}")
    train = [map_structure(lambda a: a if a is None else a[:first], one) for one in data]
    validation = tuple(map_structure(lambda a: a if a is None else a[first:], one) for one in data)
    return train[0], train[1], train[2], (validation[0], validation[1], validation[2])


def length_of(batches: Any) -> int | None:
    """How many batches there are; None where nobody knows."""
    try:
        return len(batches)
    except TypeError:
        return None


def class_weigher(class_weight: Any, outputs: int | None) -> Callable[[Batch], Batch]:
    """A function that turns class weights (a dictionary) into sample weights of a batch. ``outputs``: of the model, if that is known."""
    if not class_weight:
        return lambda batch: batch
    if not isinstance(class_weight, dict):
        raise TypeError(f"class_weight is a dictionary, like {{0: 1.0, 1: 5.0}}; got {class_weight!r}")
    given = {whole("class_weight's classes", key, 0): number("class_weight", value, 0) for key, value in class_weight.items()}

    def weigh(batch: Batch) -> Batch:
        y = next(iter(flat(batch.y)), None)
        if y is None:
            raise ValueError("class_weight needs y: it says how much each class counts")
        one_hot = y.ndim > 1 and y.shape[-1] > 1
        classes = y.shape[-1] if one_hot else max(2, outputs or max(given) + 1)
        if max(given) >= classes:
            raise ValueError(f"class_weight has a class {max(given)}, but the classes are 0 to {classes - 1}")
        xp = backend.owner(y).module
        labels = xp.argmax(y, axis=-1) if one_hot else xp.clip(y.reshape(-1).astype(int), 0, classes - 1)  # the loss checks them
        weights = xp.asarray(np.array([given.get(c, 1.0) for c in range(classes)], "float32"))[labels]
        already = next(iter(flat(batch.sample_weight)), None)
        return batch._replace(sample_weight=weights if already is None else weights * already.reshape(-1))

    return weigh


def joined(outputs: list[Any]) -> Any:
    """The outputs of several batches as one array, or a list or dictionary of arrays."""
    first = outputs[0]
    if isinstance(first, dict):
        return {key: joined([output[key] for output in outputs]) for key in first}
    if isinstance(first, (list, tuple)):
        return [joined([output[i] for output in outputs]) for i in range(len(first))]
    return np.concatenate(outputs)
