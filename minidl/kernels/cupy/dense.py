"""Dense layers on the GPU: a convolution with a 1×1 kernel on pictures of one pixel, so the same kernels do it."""
from typing import Any

from minidl import ops
from minidl.backend import Array
from minidl.devices import recording
from minidl.kernels.cupy import products
from minidl.kernels.cupy.convolution import ACTIVATIONS, relu_gradient
from minidl.kernels.cupy.launching import dense_copy, suits
from minidl.kernels.cupy.products import ONE_PIXEL, countable
from minidl.tensor import Kernel


def _forward(x: Array, kernel: Array, bias: Array | None, *, activation: Any) -> Any:
    arrays = [x, kernel] if bias is None else [x, kernel, bias]
    fits = x.ndim >= 2 and kernel.ndim == 2 and x.shape[-1] == kernel.shape[0] and (bias is None or bias.shape == kernel.shape[1:])
    if not fits or activation not in ACTIVATIONS or not suits(*arrays):
        return NotImplemented, None
    pixels, kernel = dense_copy(x).reshape(-1, 1, 1, x.shape[-1]), dense_copy(kernel)
    if not countable(pixels, kernel, ONE_PIXEL):
        return NotImplemented, None
    relu = activation is ops.relu
    y = products.forward(pixels, kernel, None if bias is None else dense_copy(bias), ONE_PIXEL, relu)
    y = y.reshape(*x.shape[:-1], kernel.shape[1])
    return y, (pixels, kernel, x.shape, y if relu else None)


def _vjp(g: Array, saved: Any, needs: Any) -> list[Array | None]:
    pixels, kernel, shape, y = saved
    dz = relu_gradient(g, y).reshape(-1, 1, 1, kernel.shape[1])
    dx = products.input_gradient(dz, kernel, ONE_PIXEL).reshape(shape) if needs[0] else None
    dk, db = products.weight_gradient(pixels, dz, ONE_PIXEL) if any(needs[1:]) else (None, None)
    return [dx, dk, db][: len(needs)]


def _matmul(a: Array, b: Array) -> Any:
    """Only while a graph is recorded: CuPy's own product (cuBLAS) is faster, but cannot be."""
    if not recording.get() or a.ndim != 2 or b.ndim != 2:
        return NotImplemented, None
    return _forward(a, b, None, activation=ACTIVATIONS[1])


dense_layer, matmul = Kernel(_forward, _vjp), Kernel(_matmul, _vjp)
