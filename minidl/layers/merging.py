"""Layers that make one of several inputs."""
from functools import reduce
from operator import add
from typing import Any

from minidl import ops
from minidl.checks import whole
from minidl.layers.base import Layer
from minidl.tensor import Tensor


def _several(xs: Any) -> list[Tensor]:
    if not isinstance(xs, (list, tuple)) or len(xs) < 2:
        raise ValueError("expected a list of two or more inputs")
    return list(xs)


class Add(Layer):
    """y = the sum of the inputs: ``Add()([a, b])``, as in residual networks."""

    def call(self, xs: Any) -> Tensor:
        shapes = [x.shape for x in _several(xs)]
        if len(set(shapes)) > 1:
            raise ValueError(f"expected inputs of one shape, got {' and '.join(map(str, shapes))}")
        y: Tensor = reduce(add, xs)
        return y


class Concatenate(Layer):
    """y = the inputs one after the other along ``axis``: ``Concatenate()([a, b])``."""

    def __init__(self, axis: int = -1, name: str | None = None):
        super().__init__(name)
        self.axis = whole("axis", axis, at_least=-99)

    def call(self, xs: Any) -> Tensor:
        shapes = [x.shape for x in _several(xs)]
        axis = self.axis % len(shapes[0])
        if not -len(shapes[0]) <= self.axis < len(shapes[0]) or axis == 0 or len({(*s[:axis], *s[axis + 1 :]) for s in shapes}) > 1:
            raise ValueError(f"inputs of shapes {' and '.join(map(str, shapes))} cannot be joined along axis {self.axis}")
        return ops.concatenate(*xs, axis=axis)
