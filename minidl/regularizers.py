"""What large weights cost. A penalty is added to the loss, so gradient descent makes weights smaller unless they earn their size:
``Dense(64, kernel_regularizer=L2(1e-4))``. What is reported as ``loss`` holds it, in training and in `evaluate`, as in Keras.

The numbers depend on the weights alone: with a loss that is a mean over the samples, a penalty weighs the same at every batch size.
An ``activity_regularizer`` is called with a layer's output, and divided by the batch size."""
from collections.abc import Callable
from typing import Any

from minidl import ops
from minidl.checks import number
from minidl.registry import Configured, look_up
from minidl.tensor import Tensor


class Regularizer(Configured):
    """The base class: an own regularizer writes ``__call__(self, x)``, which gives a 0-d Tensor for a weight of any shape."""

    def __call__(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method: write __call__(self, x)")


class L1(Regularizer):
    """l1 · Σ |w|: pulls every weight towards 0 with the same force, so that many end there. Its derivative at 0 counts as 0."""

    def __init__(self, l1: float = 0.01):
        self.l1 = number("l1", l1, at_least=0)

    def __call__(self, x: Any) -> Tensor:
        return ops.sum(ops.abs(x)) * self.l1


class L2(Regularizer):
    """l2 · Σ w²: pulls a weight the more the larger it is ("weight decay": with SGD, each step takes 2 · rate · l2 of it away)."""

    def __init__(self, l2: float = 0.01):
        self.l2 = number("l2", l2, at_least=0)

    def __call__(self, x: Any) -> Tensor:
        return ops.sum(ops.square(x)) * self.l2


class L1L2(Regularizer):
    """l1 · Σ |w| + l2 · Σ w²        "elastic net", Zou & Hastie 2005"""

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1, self.l2 = number("l1", l1, at_least=0), number("l2", l2, at_least=0)

    def __call__(self, x: Any) -> Tensor:
        return L1(self.l1)(x) + L2(self.l2)(x)


l1, l2, l1_l2 = L1, L2, L1L2  # Keras' other names

_by_name: dict[str, Callable[[], Regularizer]] = {"L1": L1, "L2": L2, "L1L2": lambda: L1L2(0.01, 0.01)}  # the last as in Keras 2


def get(identifier: Any) -> Callable[[Any], Tensor] | None:
    """The regularizer of that name ("l2", "L2", "l1_l2", with factors of 0.01) or class; None is None; any other function of a Tensor is
    itself."""
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    made: Regularizer = look_up(identifier, _by_name, "regularizer")()
    return made
