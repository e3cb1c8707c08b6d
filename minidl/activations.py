"""Activations by name: what ``activation="relu"`` in a layer means. The functions themselves are ops; the rest is written here in ops."""
import inspect
from collections.abc import Callable
from typing import Any

from minidl import ops
from minidl.backend import owner
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


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """y = x where x > 0, else α (exp(x / α) − 1)        Barron 2017"""
    return ops.relu(x) + alpha * (ops.exp(ops.minimum(x, 0.0) / alpha) - 1.0)


def hard_silu(x: Any) -> Tensor:
    """y = x · hard_sigmoid(x)        "hard swish", Howard et al. 2019"""
    return ops.multiply(x, hard_sigmoid(x))


def hard_tanh(x: Any) -> Tensor:
    """y = x kept within −1 and 1"""
    return ops.clip(x, low=-1.0, high=1.0)


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """y = x where |x| > threshold, else 0"""
    return ops.where(ops.abs(x) > threshold, x, 0.0)


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """y = x moved towards 0 by the threshold, and 0 where it is nearer than that"""
    return ops.relu(linear(x) - threshold) - ops.relu(-linear(x) - threshold)


def tanh_shrink(x: Any) -> Tensor:
    """y = x − tanh(x)"""
    return ops.subtract(x, ops.tanh(x))


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """y = x where x > threshold, else default_value"""
    return ops.where(linear(x) > threshold, x, default_value)


def log_sigmoid(x: Any) -> Tensor:
    """y = log sigmoid(x) = −softplus(−x)"""
    return -ops.softplus(-linear(x))


def squareplus(x: Any, b: float = 4.0) -> Tensor:
    """y = (x + √(x² + b)) / 2: a softplus without exp        Barron 2021"""
    return (linear(x) + ops.sqrt(ops.square(x) + b)) / 2.0


def sparse_plus(x: Any) -> Tensor:
    """y = 0 below −1, (x + 1)² / 4 up to 1, then x"""
    return ops.where(linear(x) < 1.0, ops.square(ops.relu(linear(x) + 1.0)) / 4.0, x)


def sparse_sigmoid(x: Any) -> Tensor:
    """y = 0 below −1, (x + 1) / 2 up to 1, then 1"""
    return ops.clip((linear(x) + 1.0) / 2.0, low=0.0, high=1.0)


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """y = the probabilities that are nearest to x: max(0, x − τ) with the τ for which they sum to 1        Martins & Astudillo 2016"""
    x = linear(x)
    xp, last = owner(x.data).module, [*range(x.ndim)]
    last[axis], last[-1] = last[-1], last[axis]
    falling = -xp.sort(-xp.transpose(x.data, last), axis=-1)
    places = xp.arange(1, falling.shape[-1] + 1)
    count = xp.sum(1 + places * falling > xp.cumsum(falling, axis=-1), axis=-1, keepdims=True)  # how many are above 0
    least = xp.min(xp.where(places <= count, falling, xp.inf), axis=-1, keepdims=True)
    count, least = (xp.transpose(array, last).astype(x.dtype) for array in (count, least))
    tau = (ops.sum(ops.where(x >= least, x, 0.0), axis=axis, keepdims=True) - 1.0) / count
    return ops.relu(ops.subtract(x, tau))


def glu(x: Any, axis: int = -1) -> Tensor:
    """y = a · sigmoid(b) with a the first half of x along ``axis`` and b the second        Dauphin et al. 2017"""
    x = linear(x)
    if x.shape[axis] % 2:
        raise ValueError(f"glu halves axis {axis}, and its size {x.shape[axis]} is odd")
    before, half = (slice(None),) * (axis % x.ndim), x.shape[axis] // 2
    return ops.multiply(x[(*before, slice(None, half))], ops.sigmoid(x[(*before, slice(half, None))]))


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
    "celu": celu,
    "glu": glu,
    "hard_shrink": hard_shrink,
    "hard_silu": hard_silu,
    "hard_swish": hard_silu,
    "hard_tanh": hard_tanh,
    "log_sigmoid": log_sigmoid,
    "soft_shrink": soft_shrink,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "sparsemax": sparsemax,
    "squareplus": squareplus,
    "tanh_shrink": tanh_shrink,
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
