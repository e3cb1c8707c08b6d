"""`Variable`: a Tensor that changes, with TensorFlow's way to write into it. The weights of layers are such ones."""
from typing import Any

import numpy as np

from minidl.backend import move, owner
from minidl.checks import true_or_false
from minidl.tensor import Tensor


class Variable(Tensor):
    """A Tensor that changes: Python's floats become float32, and floats require a gradient unless ``trainable`` is False."""

    __slots__ = ()

    def __init__(self, initial_value: Any, trainable: bool = True, name: str | None = None, dtype: Any = None):
        value = tensor_of(initial_value, dtype)
        super().__init__(value.data.copy(), true_or_false("trainable", trainable) and value.dtype.kind == "f", name)

    def assign(self, value: Any) -> "Variable":
        """Take this value; the shape stays."""
        new = tensor_of(value, self.dtype)
        if new.shape != self.shape:
            raise ValueError(f"the variable has shape {self.shape}, the value {new.shape}")
        self[...] = move(new.data, owner(self.data))
        return self

    def assign_add(self, value: Any) -> "Variable":
        return self.assign(self.detach() + tensor_of(value, self.dtype).detach())

    def assign_sub(self, value: Any) -> "Variable":
        return self.assign(self.detach() - tensor_of(value, self.dtype).detach())

    def value(self) -> Tensor:
        """What it is now, as a Tensor of its own."""
        return self.detach()


def tensor_of(value: Any, dtype: Any = None) -> Tensor:
    """A Tensor as TensorFlow makes it: Python's floats are float32 and its whole numbers int32; arrays and Tensors keep their dtype."""
    if isinstance(value, Tensor):
        return value if dtype is None or value.dtype == np.dtype(dtype) else value.astype(dtype)
    array = value if hasattr(value, "dtype") else np.asarray([np.asarray(v) for v in value] if isinstance(value, (list, tuple)) else value)
    if dtype is None and not hasattr(value, "dtype"):
        dtype = {"f": "float32", "i": "int32"}.get(array.dtype.kind)
    return Tensor(array if dtype is None else array.astype(dtype))
