"""More layers that make one of several inputs, and each of them as a function: ``add([a, b])`` is ``Add()([a, b])``."""
from collections.abc import Callable
from functools import reduce
from typing import Any, ClassVar

from minidl import ops
from minidl.layers.base import Layer
from minidl.layers.merging import Add, Concatenate, one_shape
from minidl.tensor import Tensor

__all__ = [
    "Average", "Maximum", "Minimum", "Multiply", "Subtract",
    "add", "average", "concatenate", "maximum", "minimum", "multiply", "subtract",
]  # fmt: skip


class _Elementwise(Layer):
    op: ClassVar[Callable[[Any, Any], Any]]

    def call(self, xs: Any) -> Tensor:
        y: Tensor = reduce(type(self).op, one_shape(xs))
        return y


class Multiply(_Elementwise):
    """y = the product of the inputs, number by number: ``Multiply()([a, b])``, as in gates and attention."""

    op = ops.multiply


class Maximum(_Elementwise):
    """y = the largest of the inputs, number by number; in a tie the gradient goes to the first."""

    op = ops.maximum


class Minimum(_Elementwise):
    """y = the smallest of the inputs, number by number; in a tie the gradient goes to the first."""

    op = ops.minimum


class Average(Add):
    """y = the mean of the inputs, number by number."""

    def call(self, xs: Any) -> Tensor:
        return super().call(xs) / len(xs)


class Subtract(_Elementwise):
    """y = the first of two inputs minus the second."""

    op = ops.subtract

    def call(self, xs: Any) -> Tensor:
        if isinstance(xs, (list, tuple)) and len(xs) > 2:
            raise ValueError(f"expected a list of two inputs, got {len(xs)}")
        return super().call(xs)


def concatenate(inputs: Any, axis: int = -1, name: str | None = None) -> Any:
    """`Concatenate` as a function: the inputs one after the other along ``axis``."""
    return Concatenate(axis, name)(inputs)


def add(inputs: Any, name: str | None = None) -> Any:
    """`Add` as a function: the sum of the inputs."""
    return Add(name)(inputs)


def subtract(inputs: Any, name: str | None = None) -> Any:
    """`Subtract` as a function: the first of two inputs minus the second."""
    return Subtract(name)(inputs)


def multiply(inputs: Any, name: str | None = None) -> Any:
    """`Multiply` as a function: the product of the inputs."""
    return Multiply(name)(inputs)


def average(inputs: Any, name: str | None = None) -> Any:
    """`Average` as a function: the mean of the inputs."""
    return Average(name)(inputs)


def maximum(inputs: Any, name: str | None = None) -> Any:
    """`Maximum` as a function: the largest of the inputs."""
    return Maximum(name)(inputs)


def minimum(inputs: Any, name: str | None = None) -> Any:
    """`Minimum` as a function: the smallest of the inputs."""
    return Minimum(name)(inputs)
