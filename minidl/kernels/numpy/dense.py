"""The fully connected layer: product, bias and activation at once."""
from typing import Any, NamedTuple

import numpy as np

from minidl.activations import linear
from minidl.config import computing
from minidl.kernels.numpy.convolution import HANDED_BACK, fits_bias
from minidl.kernels.numpy.memory import in_one_type
from minidl.kernels.numpy.threads import parts_of, run_parts
from minidl.ops import dense_layer, relu, softmax
from minidl.tensor import Kernel


class Saved(NamedTuple):
    x: np.ndarray  # (examples, inputs)
    shape: tuple[int, ...]  # of the input as it came
    kernel: np.ndarray
    y: np.ndarray
    activation: Any
    bias: bool


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b for matrices, divided among the threads."""
    (rows, inner), columns = a.shape, b.shape[1]
    parts = parts_of(max(rows, columns), rows * inner * columns)
    y: np.ndarray = np.empty((rows, columns), a.dtype)
    if len(parts) == 1:
        np.matmul(a, b, out=y)
    elif rows >= columns:
        run_parts(lambda _, low, high: np.matmul(a[low:high], b, out=y[low:high]), parts)
    else:
        run_parts(lambda _, low, high: np.matmul(a, b[:, low:high], out=y[:, low:high]), parts)
    return y


def dense_layer_forward(x: Any, kernel: Any, bias: Any, *, activation: Any) -> Any:
    if activation not in (relu, linear, softmax) or (arrays := in_one_type(x, kernel)) is None:
        return HANDED_BACK
    x, kernel = arrays
    if x.ndim < 2 or kernel.ndim != 2 or x.shape[-1] != kernel.shape[0] or not x.size or not kernel.size:
        return HANDED_BACK
    if bias is not None and not fits_bias(bias, kernel):
        return HANDED_BACK
    rows = x.reshape(-1, kernel.shape[0])
    with computing:
        y = product(rows, kernel)
    if bias is not None:
        y += bias
    if activation is relu:
        np.clip(y, x.dtype.type(0), x.dtype.type(np.inf), out=y)
    elif activation is softmax:
        y -= np.maximum.reduce(y, axis=1, keepdims=True)
        np.exp(y, out=y)
        y /= np.add.reduce(y, axis=1, keepdims=True)
    return y.reshape(*x.shape[:-1], -1), Saved(rows, x.shape, kernel, y, activation, bias is not None)


def vjp(g: np.ndarray, saved: Saved, needs: list[bool]) -> list[Any]:
    x, shape, kernel, y, activation, has_bias = saved
    g = g.reshape(y.shape)
    if activation is relu:
        g = g * (y > 0)
    elif activation is softmax:
        g = y * (g - np.add.reduce(g * y, axis=1, keepdims=True))
    with computing:
        dx = product(g, kernel.T).reshape(shape) if needs[0] else None
        dkernel = product(x.T, g) if needs[1] else None
    return [dx, dkernel, np.add.reduce(g, axis=0) if has_bias and needs[2] else None]


dense_layer.kernels["numpy"] = Kernel(dense_layer_forward, vjp)
