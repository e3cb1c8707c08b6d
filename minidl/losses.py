"""Losses: how wrong the predictions are, as one number whose gradient says how to improve them.

Every loss is called ``loss(y_true, y_pred)`` with arrays or Tensors whose first axis counts the examples. Names, arguments and values are
Keras 3's. To write your own, subclass `Loss` and write ``call``, or use any function ``(y_true, y_pred)`` of ops and operators.
"""
import inspect
import re
from collections.abc import Callable
from typing import Any

from minidl import labels, ops
from minidl.registry import Configured, look_up
from minidl.switches import recording
from minidl.tensor import Tensor

REDUCTIONS = ("sum_over_batch_size", "mean", "auto", "sum", "mean_with_sample_weight", "none", None)


def default_name(kind: type) -> str:
    """MeanSquaredError → "mean_squared_error", TopKCategoricalAccuracy → "top_k_categorical_accuracy"."""
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", re.sub("([A-Z])([A-Z][a-z])", r"\1_\2", kind.__name__)).lower()


class Loss(Configured):
    """The base of all losses. A loss of your own writes ``call(y_true, y_pred) -> one number per example``; this class makes them one.

    ``reduction``: "sum_over_batch_size" (or "mean") is Σ wᵢ lossᵢ / n, "sum" is Σ wᵢ lossᵢ, "mean_with_sample_weight" is
    Σ wᵢ lossᵢ / Σ wᵢ, "none" (or None) leaves wᵢ lossᵢ; without ``sample_weight`` every wᵢ is 1, and n counts the losses."""

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size"):
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {', '.join(map(repr, REDUCTIONS))}; got {reduction!r}")
        self.name = name or default_name(type(self))
        self.reduction = reduction

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The loss of each example, shape (n,) (or (n, …), where an example has several)."""
        raise NotImplementedError(f"{type(self).__name__} must write call(y_true, y_pred)")

    def prepare(self, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
        """y_true and y_pred as ``call`` wants them; ValueError for shapes or labels that this loss cannot mean."""
        return labels.finite(y_true, y_pred)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss as a 0-d Tensor of y_pred's dtype, or one per example for reduction "none".

        TypeError if y_pred requires a gradient and ``call`` lost it; ValueError for labels or shapes that do not fit."""
        y_true, y_pred = self.prepare(y_true, y_pred)
        losses = self.call(y_true, y_pred)
        if recording.get() and y_pred.requires_grad and not getattr(losses, "requires_grad", False):
            raise TypeError(f"loss {self.name} gave a {type(losses).__name__} without a gradient: use minidl.ops and operators on y_pred")
        losses = losses if isinstance(losses, Tensor) else Tensor(losses)
        losses = losses if losses.dtype == y_pred.dtype else losses.astype(y_pred.dtype)
        if losses.ndim and losses.shape[0] != y_pred.shape[0]:
            raise ValueError(f"loss {self.name} must give one number for each of {y_pred.shape[0]} examples; it gave shape {losses.shape}")
        if sample_weight is not None and not losses.ndim:
            raise ValueError(f"sample_weight needs one number per example, loss {self.name} gave a single one")
        return self._reduce(losses, None if sample_weight is None else labels.weights_for(losses, sample_weight))

    def _reduce(self, losses: Tensor, weights: Tensor | None) -> Tensor:
        if weights is not None:
            losses = losses * weights
        if self.reduction in (None, "none") or not losses.ndim:
            return losses
        if self.reduction == "sum":
            return losses.sum()
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            total = ops.broadcast_to(weights, shape=losses.shape).sum()
            return losses.sum() / (total + (total == 0))  # weights that are all 0 give loss 0
        return losses.mean()


class MeanSquaredError(Loss):
    """loss = mean of (y_pred − y_true)² along the last axis. y_true and y_pred have one shape."""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error"):
        super().__init__(name, reduction)

    def prepare(self, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
        return labels.same_shape(y_true, y_pred)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ops.mean(ops.square(y_pred - y_true), axis=-1)


class MeanAbsoluteError(Loss):
    """loss = mean of |y_pred − y_true| along the last axis. y_true and y_pred have one shape."""

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error"):
        super().__init__(name, reduction)

    def prepare(self, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
        return labels.same_shape(y_true, y_pred)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ops.mean(ops.abs(y_pred - y_true), axis=-1)


class _Crossentropy(Loss):
    """What the cross-entropies share: ``from_logits``: y_pred holds scores, not probabilities (which are kept 1e-7 away from 0 and 1)."""

    def __init__(self, from_logits: bool, label_smoothing: float, axis: int, reduction: str | None, name: str | None):
        super().__init__(name, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must lie between 0 and 1, got {label_smoothing}")
        if type(axis) is not int or axis == 0:
            raise ValueError(f"axis must be a whole number, and not 0, which counts the examples; got {axis!r}")
        self.from_logits, self.label_smoothing, self.axis = bool(from_logits), float(label_smoothing), axis

    def smooth(self, y_true: Tensor, choices: int) -> Tensor:
        """y_true (1 − α) + α / choices: no class is ever quite certain. α is the ``label_smoothing``."""
        return y_true * (1 - self.label_smoothing) + self.label_smoothing / choices if self.label_smoothing else y_true


class BinaryCrossentropy(_Crossentropy):
    """loss = mean of −t ln p − (1 − t) ln(1 − p) along ``axis``, for answers t = y_true that are 0 or 1 (or between), p = y_pred or,
    from logits, sigmoid(y_pred). y_true and y_pred have one shape. Each output is a yes or no of its own."""

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str | None = "binary_crossentropy",
    ):
        super().__init__(from_logits, label_smoothing, axis, reduction, name)

    def prepare(self, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
        return labels.same_shape(y_true, y_pred, probabilities=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        crossentropy = ops.sigmoid_crossentropy if self.from_logits else ops.binary_crossentropy
        return ops.mean(crossentropy(y_pred, self.smooth(y_true, 2)), axis=self.axis)


class CategoricalCrossentropy(_Crossentropy):
    """loss = −Σ t ln p along ``axis``, for one-hot labels t = y_true (n, K), p = y_pred divided by its sum or, from logits,
    softmax(y_pred). For class numbers, there is `SparseCategoricalCrossentropy`."""

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_crossentropy",
    ):
        super().__init__(from_logits, label_smoothing, axis, reduction, name)

    def prepare(self, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
        return labels.one_hot(y_true, y_pred, self.axis)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        crossentropy = ops.softmax_crossentropy if self.from_logits else ops.crossentropy
        return crossentropy(y_pred, self.smooth(y_true, y_pred.shape[self.axis]), axis=self.axis)


class SparseCategoricalCrossentropy(_Crossentropy):
    """loss = −ln p[t], for class numbers t = y_true (n,) or (n, 1), whole and from 0 to K − 1, and p as in `CategoricalCrossentropy`."""

    def __init__(
        self, from_logits: bool = False, *, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str | None = "sparse_categorical_crossentropy",
    ):
        super().__init__(from_logits, 0.0, axis, reduction, name)

    def prepare(self, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
        return labels.from_classes(y_true, y_pred, self.axis)  # one-hot

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        crossentropy = ops.softmax_crossentropy if self.from_logits else ops.crossentropy
        return crossentropy(y_pred, y_true, axis=self.axis)


class LossFunctionWrapper(Loss):
    """Any function ``fn(y_true, y_pred)`` as a loss. It gives one number per example, or a single one (then without sample_weight)."""

    def __init__(self, fn: Callable[[Tensor, Tensor], Any], reduction: str | None = "sum_over_batch_size", name: str | None = None):
        super().__init__(name or getattr(fn, "__name__", type(fn).__name__), reduction)
        self.fn = fn

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.fn(y_true, y_pred)  # type: ignore[no-any-return]


KNOWN: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "bce": BinaryCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}


def get(identifier: Any) -> Loss:
    """The loss that ``identifier`` means: a name (see `KNOWN`), a `Loss`, a class of losses, or a function ``(y_true, y_pred)``.

    An unknown name raises ValueError with the nearest ones, anything else TypeError."""
    if isinstance(identifier, Loss):
        return identifier
    if inspect.isclass(identifier) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier) and not inspect.isclass(identifier):
        return LossFunctionWrapper(identifier)
    return look_up(identifier, KNOWN, "loss")()  # type: ignore[no-any-return]


# ---------------------------------------------------------------- the same as functions: one number per example


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    return MeanSquaredError("none")(y_true, y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    return MeanAbsoluteError("none")(y_true, y_pred)


def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1) -> Tensor:
    return BinaryCrossentropy(from_logits, label_smoothing, axis, "none")(y_true, y_pred)


def categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1) -> Tensor:
    return CategoricalCrossentropy(from_logits, label_smoothing, axis, "none")(y_true, y_pred)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    return SparseCategoricalCrossentropy(from_logits, axis=axis, reduction="none")(y_true, y_pred)
