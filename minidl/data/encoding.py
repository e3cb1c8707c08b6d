"""Labels as vectors and vectors of length one, under the names that Keras' utils have."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from minidl.checks import whole
from minidl.registry import explain_keywords

from .splits import one_hot

Array = npt.NDArray[Any]


@explain_keywords
def to_categorical(y: Any, num_classes: int | None = None, dtype: Any = "float32") -> Array:
    """Rows with a one at the label: labels of any shape (…) or (…, 1) → (…, num_classes) of `dtype`.

    Labels are whole numbers, as integers or floats, in an array, a Tensor or a list; `num_classes` is the largest label + 1 if not given.
    Raises ValueError for labels that are not whole or lie outside 0…num_classes − 1 (Keras takes −1 for the last class).
    """
    labels = np.asarray(y)
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    rows = one_hot(labels.reshape(-1), num_classes or None, dtype)
    return rows.reshape(*shape, rows.shape[1])


@explain_keywords
def normalize(x: Any, axis: int = -1, order: int = 2) -> Array:
    """`x` divided by the length of its vectors along `axis`: (Σ |x|^order)^(1/order), 2 being Euclid's. Vectors of zeros stay as they are.

    Returns floats of the shape of `x`, in its dtype if that is a float type. Raises ValueError for an axis that is not there.
    """
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype("float64")
    if not -x.ndim <= whole("axis", axis, -x.ndim) < x.ndim:
        raise ValueError(f"there is no axis {axis} in shape {x.shape}")
    length = (np.abs(x) ** whole("order", order)).sum(axis=axis, keepdims=True) ** (1 / order)
    made: Array = x / np.where(length == 0, 1, length).astype(x.dtype)
    return made
