"""What the pictures are made of, checked: one sentence about whatever does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from minidl import backend
from minidl.tensor import Tensor

Numbers = npt.NDArray[Any]


def as_array(values: Any, name: str) -> Numbers:
    """Arrays of any backend, Tensors and nested lists as NumPy arrays of numbers."""
    if isinstance(values, Tensor):
        values = values.numpy()
    elif backend.is_array(values):
        values = backend.to_numpy(values)
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name}: the rows have different lengths") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be numbers, got {array.dtype if array.dtype.kind != 'O' else type(values).__name__}")
    return array


def as_labels(values: Any, name: str, classes: int | None = None) -> npt.NDArray[np.int64]:
    """Class numbers of shape (n,) from (n,), (n, 1), or from scores or one-hot rows (n, classes)."""
    array = as_array(values, name)
    if array.ndim == 2 and array.shape[1] > 1:
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds numbers that are not finite")
        if classes is not None and array.shape[1] != classes:
            raise ValueError(f"{name} has {array.shape[1]} columns for {classes} classes")
        return np.asarray(array.argmax(axis=1), np.int64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (n,), (n, 1) or (n, classes), got {array.shape}")
    if not len(array):
        raise ValueError(f"{name} is empty")
    if array.dtype.kind == "f" and not (np.isfinite(array) & (array == np.floor(array))).all():
        raise ValueError(f"{name} must be whole class numbers; of a sigmoid's output of shape (n, 1), take output > 0.5")
    labels = array.astype(np.int64)
    if labels.min() < 0 or (classes is not None and labels.max() >= classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"{name} holds the class {wrong}; " + (f"the classes are 0…{classes - 1}" if classes else "classes start from 0"))
    return labels


def as_names(class_names: Iterable[Any] | None, classes: int) -> list[str]:
    """One name per class; the class's number where there are no names."""
    if class_names is None:
        return [str(k) for k in range(classes)]
    if isinstance(class_names, str):
        raise TypeError(f"class_names must be a list of names, got the one string {class_names!r}")
    names = [str(name) for name in class_names]
    if len(names) != classes:
        raise ValueError(f"class_names has {len(names)} names for {classes} classes")
    return names


def as_images(values: Any) -> Numbers:
    """Pictures as floats 0…1 or uint8, of shape (n, height, width, 3), or (n, height, width) for grey ones."""
    images = as_array(values, "images")
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)):
        raise ValueError(f"images must have shape (n, height, width), (n, height, width, 1) or (n, height, width, 3), got {images.shape}")
    if not images.size:
        raise ValueError(f"images is empty: its shape is {images.shape}")
    low, high = images.min(), images.max()
    if images.dtype.kind == "f":
        if not (low >= -1e-6 and high <= 1 + 1e-6):  # also if one is NaN
            raise ValueError(f"images of {images.dtype} must lie in 0…1, these lie in {low:g}…{high:g}: undo the scaling, or give uint8")
        return np.clip(images, 0, 1)
    if images.dtype.kind == "b":
        return images.astype(np.float32)
    if low < 0 or high > 255:
        raise ValueError(f"images of {images.dtype} must lie in 0…255, these lie in {low}…{high}")
    return images.astype(np.uint8)


def as_probabilities(values: Any) -> Numbers:
    """Probabilities of shape (n, classes); (n,) or (n, 1) is the probability of class 1 of two."""
    array = as_array(values, "probabilities").astype(np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"probabilities must have shape (n, classes), or (n, 1) for two classes, got {array.shape}")
    if not ((array >= -1e-6) & (array <= 1 + 1e-6)).all():
        raise ValueError(f"probabilities must lie in 0…1, these lie in {array.min():g}…{array.max():g}: apply softmax or sigmoid first")
    array = np.clip(array, 0, 1)
    if array.ndim == 1 or array.shape[1] == 1:
        one = array.reshape(-1)
        return np.stack([1 - one, one], axis=1)
    return array


def same_length(**arrays: Numbers) -> None:
    """Raise ValueError unless all have the same length."""
    if len({len(a) for a in arrays.values()}) > 1:
        raise ValueError("expected the same length, got " + ", ".join(f"{name} with {len(a)}" for name, a in arrays.items()))
