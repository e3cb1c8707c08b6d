"""What losses and metrics take as y_true and sample_weight. They never broadcast: shapes that do not fit are an error that names them.

Values are checked too (is a label a class, is a target between 0 and 1), which reads one number from the arrays' device.
``with switch(checking, False):`` leaves that out where the same labels were checked before; ``with switch(doubts, a_list):`` puts off the
reading, where much is read together later.
"""
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np

from minidl import backend, ops
from minidl.backend import Array, Backend
from minidl.conversion import as_array
from minidl.tensor import Tensor

Doubt = tuple[Array, Callable[[], ValueError]]  # whether something is wrong, 0-d on a device; and what is to be raised then
checking: ContextVar[bool] = ContextVar("checking", default=True)
doubts: ContextVar[list[Doubt] | None] = ContextVar("doubts", default=None)


def tensors(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors of one backend, y_pred with floats; (n,) beside (n, 1) gets y_pred's shape.

    ValueError if there are no examples or not equally many."""
    owner = backend.owner(*(y.data if isinstance(y, Tensor) else y for y in (y_true, y_pred)))
    y_true, y_pred = _tensor(y_true, owner), _tensor(y_pred, owner)
    if not y_pred.ndim or not y_pred.size or y_true.shape[:1] != y_pred.shape[:1]:
        raise ValueError(f"expected the same number of examples, at least one; {_shapes(y_true, y_pred)}")
    n = y_pred.shape[0]
    if y_true.shape != y_pred.shape and {y_true.shape, y_pred.shape} == {(n,), (n, 1)}:
        y_true = y_true.reshape(y_pred.shape)
    return y_true, y_pred if y_pred.dtype.kind == "f" else y_pred.astype("float64")


def finite(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """`tensors`, and y_true holds finite numbers only."""
    y_true, y_pred = tensors(y_true, y_pred)
    if y_true.dtype.kind == "f":
        _refuse(lambda: ~_module(y_true).isfinite(y_true.data), y_true, "y_true holds {}: it must be finite")
    return y_true, y_pred


def same_shape(y_true: Any, y_pred: Any, probabilities: bool = False) -> tuple[Tensor, Tensor]:
    """Both in one shape and in y_pred's dtype, at least (n, 1). With ``probabilities``, y_true must lie between 0 and 1."""
    y_true, y_pred = tensors(y_true, y_pred) if probabilities else finite(y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y_true and y_pred must have the same shape, only (n,) and (n, 1) may meet; {_shapes(y_true, y_pred)}")
    if probabilities:
        _refuse(lambda: ~((y_true.data >= 0) & (y_true.data <= 1)), y_true, "y_true holds {}: it must lie between 0 and 1")
    if y_pred.ndim == 1:
        y_true, y_pred = y_true.reshape(-1, 1), y_pred.reshape(-1, 1)
    return _cast(y_true, y_pred), y_pred


def one_hot(y_true: Any, y_pred: Any, axis: int = -1) -> tuple[Tensor, Tensor]:
    """For one-hot labels (or probabilities): y_true in y_pred's shape and dtype, between 0 and 1; the classes lie along ``axis``."""
    y_true, y_pred = tensors(y_true, y_pred)
    if y_true.shape != y_pred.shape and y_true.shape in _sparse_shapes(y_pred, axis):
        raise ValueError(
            "y_true must be one-hot, it has the shape of class numbers: use SparseCategoricalCrossentropy or SparseCategoricalAccuracy, "
            f"or make it one-hot with minidl.data.one_hot; {_shapes(y_true, y_pred)}"
        )
    _sparse_shapes(y_pred, axis)
    return same_shape(y_true, y_pred, probabilities=True)


def from_classes(y_true: Any, y_pred: Any, axis: int = -1) -> tuple[Tensor, Tensor]:
    """For class numbers: y_true made one-hot, in y_pred's shape and dtype. They are whole numbers from 0, of any dtype, in y_pred's shape
    without ``axis``, or with 1 there: (n,) or (n, 1) for y_pred (n, K)."""
    y_true, y_pred = tensors(y_true, y_pred)
    shapes = _sparse_shapes(y_pred, axis)
    if y_true.shape == y_pred.shape:
        raise ValueError(
            "y_true must hold class numbers, it has the shape of one-hot labels: use CategoricalCrossentropy or CategoricalAccuracy, "
            f"or y_true.argmax({axis}); {_shapes(y_true, y_pred)}"
        )
    if y_true.shape not in shapes:
        raise ValueError(f"y_true must hold one class number for each prediction, in shape {shapes[0]}; {_shapes(y_true, y_pred)}")
    xp, classes, labels = _module(y_true), y_pred.shape[axis], y_true.data.reshape(shapes[0])

    def bad() -> Array:
        outside = ~((labels >= 0) & (labels < classes))
        return outside | (labels != xp.floor(labels)) if labels.dtype.kind == "f" else outside

    _refuse(bad, y_true, f"y_true holds {{}}, y_pred has {classes} classes: labels must be whole numbers from 0 to {classes - 1}")
    hot = ops.one_hot(labels, classes=classes)
    return _cast(Tensor(hot if axis in (-1, y_pred.ndim - 1) else xp.moveaxis(hot, -1, axis)), y_pred), y_pred


def class_numbers(y: Any, name: str, probabilities: bool = False) -> tuple[np.ndarray, int]:
    """The class numbers (n,) in ``y``, on the host, and how many classes its shape tells of (0 if it does not): (n,) or (n, 1) holds class
    numbers or, where ``probabilities`` are allowed, those of class 1; (n, K) a row for each example, whose largest wins."""
    y = Tensor(y).numpy()
    if y.ndim not in (1, 2):
        raise ValueError(f"{name} must have shape (n,), (n, 1) or (n, K), got {y.shape}")
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(axis=1), y.shape[1]
    y = y.ravel()
    bad = y[~np.isfinite(y) | (y != np.floor(y))]
    if probabilities and bad.size and ((y >= 0) & (y <= 1)).all():
        return (y > 0.5).astype(np.int64), 2
    if bad.size:
        raise ValueError(f"{name} holds {bad[0]}: class numbers must be whole")
    return y.astype(np.int64), 0


def weights_for(values: Tensor, sample_weight: Any) -> Tensor:
    """``sample_weight`` ready to be multiplied with values (n, …), in their dtype: it is one number, or has shape (n,) or (n, 1), or
    further axes as the values have them. ValueError for another shape, and if a weight is not finite."""
    weights = _tensor(sample_weight, backend.owner(values.data))
    shape = weights.shape
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    if shape != values.shape[: len(shape)]:
        raise ValueError(f"sample_weight must have a number for each of the values, {values.shape}; it has shape {weights.shape}")
    if weights.dtype.kind == "f":
        _refuse(lambda: ~_module(weights).isfinite(weights.data), weights, "sample_weight holds {}: it must be finite")
    return _cast(weights, values).reshape(*shape, *(1,) * (values.ndim - len(shape)))


def _tensor(x: Any, owner: Backend) -> Tensor:  # lists and numbers go where the arrays are; arrays stay where they are
    return x if isinstance(x, Tensor) else Tensor(x if backend.is_array(x) else backend.move(as_array(x), owner))


def _module(t: Tensor) -> Any:
    return backend.owner(t.data).module


def _cast(t: Tensor, like: Tensor) -> Tensor:
    return t if t.dtype == like.dtype else t.astype(like.dtype)


def _shapes(y_true: Tensor, y_pred: Tensor) -> str:
    return f"y_true has shape {y_true.shape}, y_pred {y_pred.shape}"


def _sparse_shapes(y_pred: Tensor, axis: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """y_pred's shape without the axis of the classes, and with 1 there."""
    if y_pred.ndim < 2 or axis not in (*range(1, y_pred.ndim), *range(1 - y_pred.ndim, 0)):
        raise ValueError(f"expected y_pred as (examples, classes), classes along axis {axis}; it has shape {y_pred.shape}")
    axis %= y_pred.ndim
    before, after = y_pred.shape[:axis], y_pred.shape[axis + 1 :]
    if y_pred.shape[axis] == 1:
        raise ValueError(
            f"expected y_pred with at least 2 classes along axis {axis}, it has shape {y_pred.shape}: "
            "a single output (0 or 1) is for BinaryCrossentropy and BinaryAccuracy"
        )
    return (*before, *after), (*before, 1, *after)


def _refuse(find: Callable[[], Array], y: Tensor, message: str) -> None:
    """ValueError with the first number of y where what ``find`` finds is true; ``message`` has a place for it."""
    if not checking.get():
        return
    wrong = Tensor(_module(y).any(bad := find()))

    def error() -> ValueError:
        return ValueError(message.format(y.numpy().ravel()[backend.to_numpy(bad).ravel()][0].item()))

    if (later := doubts.get()) is not None and not isinstance(wrong.data, np.ndarray):
        later.append((wrong.data, error))
    elif wrong.item():
        raise error()
