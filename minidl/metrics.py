"""Metrics: how good the predictions are, averaged over all batches since the last `reset_state`. Names and values are Keras 3's.

To write your own, use any function ``(y_true, y_pred)``, or subclass `MeanMetric` and write ``call``, or `Metric` for what is no mean.
"""
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from minidl import backend, initializers, labels, losses, ops
from minidl.notes import about_broadcasting
from minidl.registry import Configured, look_up
from minidl.switches import no_grad
from minidl.tensor import Tensor
from minidl.variables import Variable


def read(numbers: list[Any]) -> list[float]:
    """Numbers and 0-d arrays as floats. Those on a device are read together: each reading would wait for it."""
    far = [isinstance(x, Tensor) or backend.is_array(x) and not isinstance(x, np.ndarray) for x in numbers]
    arrays = [Tensor(x).data.astype("float64").reshape(()) for x, is_far in zip(numbers, far) if is_far]
    together = iter(backend.to_numpy(backend.owner(*arrays).module.stack(arrays)).tolist() if arrays else ())
    return [next(together) if is_far else float(x) for x, is_far in zip(numbers, far)]


class Result(float):
    """A metric's value: a number, that can also be asked for as Tensors are, ``result().numpy()``."""

    def numpy(self) -> np.float32:
        return np.float32(self)


class Metric(Configured):
    """The base of all metrics. One of your own writes `update_state`, `result` and `reset_state`:

        class LargestError(Metric):
            def reset_state(self):                        # before every epoch
                self.largest = 0.0

            def update_state(self, y_true, y_pred, sample_weight=None):    # Tensors or arrays of one batch
                error = np.abs(np.asarray(y_true) - np.asarray(y_pred)).max()
                self.largest = max(self.largest, float(error))

            def result(self):
                return self.largest

    A mean over all examples is shorter: `MeanMetric`, with ``call(y_true, y_pred)`` alone; or a plain function, without a class."""

    def __init__(self, name: str | None = None):
        self.name = name or losses.default_name(type(self))

    def add_weight(self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str | None = None) -> Variable:
        """A Variable to count in, as Keras has it: ``self.total = self.add_weight(name="total")``, then ``self.total.assign_add(…)``."""
        return Variable(initializers.get(initializer or "zeros")(tuple(shape), dtype="float32"), False, name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        raise NotImplementedError(f"{type(self).__name__} must write update_state(y_true, y_pred, sample_weight=None)")

    def result(self) -> float:
        """The metric over all batches so far."""
        raise NotImplementedError(f"{type(self).__name__} must write result()")

    def reset_state(self) -> None:
        """Forget all batches."""
        raise NotImplementedError(f"{type(self).__name__} must write reset_state()")

    def __call__(self, *args: Any, **kwargs: Any) -> float:
        """`update_state`, then `result`."""
        self.update_state(*args, **kwargs)
        return self.result()


class MeanMetric(Metric):
    """Σ wᵢ vᵢ / Σ wᵢ over all examples, 0 without any. A metric of your own writes ``call(y_true, y_pred)``.

    Both sums stay on the values' device, in ``dtype`` (float64), until `result` reads them."""

    total: Any
    count: Any

    def __init__(self, name: str | None = None, dtype: Any = None):
        super().__init__(name)
        self.dtype = np.dtype(dtype or "float64")
        if self.dtype.kind != "f":
            raise ValueError(f"dtype must be a float type, got {dtype!r}")
        self.reset_state()

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        """A number for each example, (n,) or (n, …); or one for the batch, which then counts as one value and cannot be weighted."""
        raise NotImplementedError(f"{type(self).__name__} must write call(y_true, y_pred)")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred = labels.tensors(y_true, y_pred)
        with no_grad():
            values = Tensor(self.call(y_true, y_pred))
        if values.ndim and values.shape[0] != y_pred.shape[0]:
            raise ValueError(f"metric {self.name} must give a number for each of {y_pred.shape[0]} examples; it gave shape {values.shape}")
        if sample_weight is not None and not values.ndim:
            raise ValueError(f"sample_weight needs one number per example, metric {self.name} gave a single one")
        self.add(values, sample_weight)

    def add(self, values: Any, sample_weight: Any = None) -> None:
        """Add the values of one batch, (n, …) or a single one. An example with several values counts with their mean."""
        values = Tensor(values).detach().astype(self.dtype)
        if not values.size:
            raise ValueError(f"expected at least one value, got shape {values.shape}")
        xp, weighted, count = backend.owner(values.data).module, values.data, values.shape[0] if values.ndim else 1
        share = count / values.size
        if isinstance(sample_weight, int):  # how many examples a single value stands for
            weighted, count = weighted * sample_weight, count * sample_weight
        elif sample_weight is not None:
            weights = xp.broadcast_to(labels.weights_for(values, sample_weight).data, values.shape)
            weighted, count = weighted * weights, xp.sum(weights) * share
        self.total, self.count = self.total + xp.sum(weighted) * share, self.count + count

    def result(self) -> float:
        return Result(self.mean(*read([self.total, self.count])))

    @staticmethod
    def mean(total: float, count: float) -> float:
        """What the two sums amount to."""
        return total / count if count else 0.0

    def reset_state(self) -> None:
        self.total = self.count = 0.0


class Mean(MeanMetric):
    """The weighted mean of the values themselves: ``update_state(values, sample_weight=None)``."""

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        self.add(values, sample_weight)


class MeanMetricWrapper(MeanMetric):
    """The weighted mean of any function (or loss) ``fn(y_true, y_pred)``, under its name; see `MeanMetric.call` for what it may give."""

    def __init__(self, fn: Callable[[Tensor, Tensor], Any], name: str | None = None, dtype: Any = None):
        super().__init__(name or getattr(fn, "__name__", None) or getattr(fn, "name", type(fn).__name__), dtype)
        self.fn = fn

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return self.fn(y_true, y_pred)


class Accuracy(MeanMetric):
    """How often y_pred equals y_true, which has its shape. (The *string* "accuracy" fits itself to the labels, see `get`.)"""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = labels.same_shape(y_true, y_pred)
        return y_true == y_pred


class BinaryAccuracy(MeanMetric):
    """How often y_true (0 or 1) says whether y_pred is above the ``threshold``; both have one shape."""

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5):
        super().__init__(name, dtype)
        self.threshold = float(threshold)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = labels.same_shape(y_true, y_pred, probabilities=True)
        return y_true == (y_pred > self.threshold)


class CategoricalAccuracy(MeanMetric):
    """How often the largest of y_pred (n, K) is at the largest of y_true (n, K), one-hot; the first of equals is the largest."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return _same_winner(*labels.one_hot(y_true, y_pred))


class SparseCategoricalAccuracy(MeanMetric):
    """How often the largest of y_pred (n, K) is at the class number in y_true (n,) or (n, 1); the first of equals is the largest."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return _same_winner(*labels.from_classes(y_true, y_pred))


class TopKCategoricalAccuracy(MeanMetric):
    """How often fewer than k of y_pred (n, K) are larger than that of the right class; y_true (n, K) is one-hot."""

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None):
        super().__init__(name, dtype)
        if type(k) is not int or k < 1:
            raise ValueError(f"k must be a whole number, at least 1; got {k!r}")
        self.k = k

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return _among_top(*labels.one_hot(y_true, y_pred), self.k)


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """How often fewer than k of y_pred (n, K) are larger than that of the right class; y_true (n,) or (n, 1) holds class numbers."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return _among_top(*labels.from_classes(y_true, y_pred), self.k)


def _same_winner(targets: Tensor, y_pred: Tensor) -> Tensor:
    xp = backend.owner(y_pred.data).module
    return Tensor(xp.argmax(targets.data, axis=-1) == xp.argmax(y_pred.data, axis=-1))


def _among_top(targets: Tensor, y_pred: Tensor, k: int) -> Tensor:
    xp = backend.owner(y_pred.data).module
    right = xp.max(xp.where(ops.argmax_mask(targets, axis=-1).data > 0, y_pred.data, -xp.inf), axis=-1, keepdims=True)
    return Tensor(xp.sum(~(y_pred.data <= right), axis=-1) < k)  # written so that a NaN is never right


def resolve_accuracy(y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> type[MeanMetric]:
    """What "accuracy" means for these shapes: `BinaryAccuracy` for one output, `SparseCategoricalAccuracy` for class numbers (n,) or
    (n, 1), else `CategoricalAccuracy`."""
    if len(y_pred_shape) == 1 or y_pred_shape[-1] == 1:
        return BinaryAccuracy
    return SparseCategoricalAccuracy if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1 else CategoricalAccuracy


class _AccuracyByShape(MeanMetric):
    made: ClassVar[dict[type[MeanMetric], MeanMetric]] = {c: c() for c in (BinaryAccuracy, SparseCategoricalAccuracy, CategoricalAccuracy)}

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return self.made[resolve_accuracy(y_true.shape, y_pred.shape)].call(y_true, y_pred)


class _Difference(MeanMetricWrapper):
    """A difference of numbers. Class numbers (n,) or (n, 1) are compared with each of several outputs (n, K), as in Keras, with a note."""

    told = False

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        if y_pred.ndim == 2 and y_pred.shape[1] > 1 and y_true.shape in ((y_pred.shape[0],), (y_pred.shape[0], 1)):
            if not self.told:
                self.told = True
                about_broadcasting(self.name, y_true.shape, y_pred.shape)
            y_true = ops.broadcast_to(y_true.reshape(-1, 1), shape=y_pred.shape)
        return super().call(y_true, y_pred)


class MeanSquaredError(_Difference):
    def __init__(self, name: str | None = None, dtype: Any = None):
        super().__init__(losses.MeanSquaredError("none"), name, dtype)


class MeanAbsoluteError(_Difference):
    def __init__(self, name: str | None = None, dtype: Any = None):
        super().__init__(losses.MeanAbsoluteError("none"), name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    def __init__(self, name: str | None = None, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0.0):
        super().__init__(losses.BinaryCrossentropy(from_logits, label_smoothing, reduction="none"), name, dtype)


class CategoricalCrossentropy(MeanMetricWrapper):
    def __init__(
        self, name: str | None = None, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
    ):
        super().__init__(losses.CategoricalCrossentropy(from_logits, label_smoothing, axis, "none"), name, dtype)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    def __init__(self, name: str | None = None, dtype: Any = None, from_logits: bool = False, *, axis: int = -1):
        super().__init__(losses.SparseCategoricalCrossentropy(from_logits, axis=axis, reduction="none"), name, dtype)


KNOWN: dict[str, type[Metric]] = {
    losses.default_name(kind): kind
    for kind in (
        BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy,
        MeanSquaredError, MeanAbsoluteError, BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy,
    )
} | {"accuracy": _AccuracyByShape, "acc": _AccuracyByShape, "mse": MeanSquaredError, "mae": MeanAbsoluteError, "bce": BinaryCrossentropy}


def get(identifier: Any) -> Metric:
    """The metric that ``identifier`` means: a name (see `KNOWN`), which it then bears; a `Metric`, a class of metrics, or a function
    ``(y_true, y_pred)``. "accuracy" and "acc" fit themselves to each batch, see `resolve_accuracy`.
    An unknown name raises ValueError with the nearest ones, anything else TypeError."""
    if isinstance(identifier, Metric):
        return identifier
    if inspect.isclass(identifier) and issubclass(identifier, Metric):
        return identifier()
    if callable(identifier) and not inspect.isclass(identifier):
        return MeanMetricWrapper(identifier)
    return look_up(identifier, KNOWN, "metric")(name=identifier)  # type: ignore[no-any-return]


def confusion_matrix(y_true: Any, y_pred: Any, num_classes: int | None = None) -> np.ndarray:
    """How often class i was taken for class j, at [i, j]: whole numbers (K, K) in NumPy; K = ``num_classes``, or as many as appear.

    Each argument holds class numbers (n,) or (n, 1), or one-hot labels or probabilities (n, K); in y_pred also (n,) or (n, 1)
    probabilities of class 1. ValueError if the examples are not equally many, and for class numbers that are not 0 … K − 1."""
    true, width = labels.class_numbers(y_true, "y_true")
    predicted, other_width = labels.class_numbers(y_pred, "y_pred", probabilities=True)
    if true.shape != predicted.shape or not true.size:
        raise ValueError(f"expected the same number of examples, at least one; y_true has {true.size}, y_pred {predicted.size}")
    k = num_classes if num_classes is not None else max(width, other_width, int(true.max()) + 1, int(predicted.max()) + 1)
    for name, numbers in (("y_true", true), ("y_pred", predicted)):
        for bad in numbers[(numbers < 0) | (numbers >= k)][:1]:
            raise ValueError(f"{name} holds class {bad}, there are {k} classes: they are whole numbers from 0 to {k - 1}")
    return np.bincount(k * true + predicted, minlength=k * k).reshape(k, k)
