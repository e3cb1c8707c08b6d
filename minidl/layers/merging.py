"""Layers that make one of several inputs."""
from typing import Any

from minidl import ops
from minidl.checks import whole
from minidl.layers.base import Layer
from minidl.tensor import Tensor


def _several(xs: Any) -> list[Tensor]:
    if not isinstance(xs, (list, tuple)) or len(xs) < 2:
        raise ValueError("expected a list of two or more inputs")
    return list(xs)


def one_shape(xs: Any) -> list[Tensor]:
    """The inputs, if they have one shape but for sizes of 1, which are repeated."""
    shapes = [x.shape for x in _several(xs)]
    if len({len(s) for s in shapes}) > 1 or any(len({*sizes} - {1}) > 1 for sizes in zip(*shapes)):
        raise ValueError(f"expected inputs of one shape, got {' and '.join(map(str, shapes))}")
    return list(xs)


class Add(Layer):
    """y = the sum of the inputs: ``Add()([a, b])``, as in residual networks."""

    def call(self, xs: Any) -> Tensor:
        first, *others = one_shape(xs)
        return sum(others, start=first)


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
