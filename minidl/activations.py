"""Activations by name: what ``activation="relu"`` in a layer means. The functions themselves are ops; the rest is written here in ops."""
import inspect
from collections.abc import Callable
from typing import Any

from minidl import ops
from minidl.registry import look_up
from minidl.tensor import Tensor


def linear(x: Any) -> Tensor:
    """y = x"""
    return x if isinstance(x, Tensor) else Tensor(x)


def relu6(x: Any) -> Tensor:
    """y = min(max(0, x), 6)"""
    return ops.minimum(ops.relu(x), 6.0)


def hard_sigmoid(x: Any) -> Tensor:
    """y = relu6(x + 3) / 6: straight lines in the place of the sigmoid"""
    return relu6(linear(x) + 3.0) / 6.0


def softsign(x: Any) -> Tensor:
    """y = x / (1 + |x|)"""
    return ops.divide(x, 1.0 + ops.abs(x))


def mish(x: Any) -> Tensor:
    """y = x tanh(softplus(x))        Misra 2019"""
    return ops.multiply(x, ops.tanh(ops.softplus(x)))


KNOWN: dict[str, Callable[[Any], Tensor]] = {
    "linear": linear,
    "relu": ops.relu,
    "relu6": relu6,
    "leaky_relu": ops.leaky_relu,
    "elu": ops.elu,
    "selu": ops.selu,
    "gelu": ops.gelu,
    "silu": ops.silu,
    "swish": ops.silu,
    "mish": mish,
    "softplus": ops.softplus,
    "softsign": softsign,
    "sigmoid": ops.sigmoid,
    "hard_sigmoid": hard_sigmoid,
    "tanh": ops.tanh,
    "exponential": ops.exp,
    "softmax": ops.softmax,
    "log_softmax": ops.log_softmax,
}


def get(identifier: Any) -> Callable[[Any], Tensor]:
    """The activation that ``identifier`` means: a name (see `KNOWN`), None for `linear`, or a function, op or layer, as it is.

    An unknown name raises ValueError with the nearest ones; a class in place of a layer object, or anything else, TypeError."""
    if identifier is None:
        return linear
    if inspect.isclass(identifier):
        raise TypeError(f"expected an activation, got the class {identifier.__name__}: make an object of it, {identifier.__name__}()")
    if callable(identifier):
        return identifier  # type: ignore[no-any-return]
    return look_up(identifier, KNOWN, "activation")  # type: ignore[no-any-return]


def name_of(activation: Any) -> str:
    """The name that `get` knows an activation by; for a function of one's own its ``__name__``, for an object its class's name."""
    activation = get(activation)
    for name, known in KNOWN.items():
        if known is activation:
            return name
    return getattr(activation, "__name__", type(activation).__name__)
