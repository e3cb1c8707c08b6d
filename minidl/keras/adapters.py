"""Functions of Keras whose arguments differ from those of the engine's."""
from typing import Any

import numpy as np

from minidl import layers
from minidl.symbolic import Symbol


def Input(
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: bool | None = None, batch_shape: Any = None,
    name: str | None = None, tensor: Any = None,
) -> Symbol:  # fmt: skip
    """``Input(shape=(32, 32, 3))``: a symbol for a batch of such examples; `minidl.Input` with the arguments of Keras'.

    ``batch_shape`` is the shape with the batch first. A model of minidl takes batches of every size and Tensors of floats: another
    ``batch_size``, ``dtype``, ``sparse`` or ``tensor`` raises TypeError."""
    if (shape is None) == (batch_shape is None):
        raise TypeError("Input takes a shape, like Input(shape=(32, 32, 3)), or a batch_shape with the batch first")
    if batch_shape is not None:
        batch_size, *shape = batch_shape
    for what, value, allowed in (
        ("batch_size", batch_size, (None,)), ("sparse", sparse, (None, False)), ("tensor", tensor, (None,)),
        ("dtype", None if dtype is None else np.dtype(dtype).name, (None, "float16", "float32", "float64")),
    ):  # fmt: skip
        if value not in allowed:
            raise TypeError(f"Input has no argument {what!r} for {value!r}: minidl's models take batches of any size, of float Tensors")
    return layers.Input(shape, name=name)


class Reduction:
    """How a loss makes one number of those of the examples, by Keras 2's names."""

    AUTO, NONE, SUM, SUM_OVER_BATCH_SIZE = "auto", "none", "sum", "sum_over_batch_size"


# ---------------------------------------------------------------- keras.backend


def clear_session(free_memory: bool = True) -> None:
    """Count the names of layers anew, from ``conv2d`` and ``dense``. (There is nothing else to clear; memory is always freed.)"""
    layers.reset_names()


def epsilon() -> float:
    """What probabilities are kept away from 0 and 1."""
    return 1e-7


def floatx() -> str:
    """The dtype of weights."""
    return "float32"


def image_data_format() -> str:
    """Where the channels of pictures are."""
    return "channels_last"


def get_value(x: Any) -> Any:
    """A Tensor as a NumPy array; a learning rate, which is a number already, as it is."""
    return x.numpy() if hasattr(x, "numpy") else x


def set_value(x: Any, value: Any) -> None:
    """Write into a Tensor. The learning rate of an optimiser is a number in minidl: set ``optimizer.learning_rate``."""
    if not hasattr(x, "numpy"):
        raise TypeError("set_value writes into Tensors; for a learning rate, write optimizer.learning_rate = …")
    x[...] = np.asarray(value, x.dtype)


