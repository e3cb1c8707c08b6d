"""Convolution on the GPU: with bias, ReLU and a 2×2 max-pool in one kernel."""
from typing import Any

from minidl import ops
from minidl.activations import linear
from minidl.backend import Array, owner
from minidl.kernels.cupy import products
from minidl.kernels.cupy.launching import LARGEST, dense_copy, each, suits
from minidl.kernels.cupy.products import Geometry, countable, geometry
from minidl.ops.convolution import padding_widths, pair, places
from minidl.tensor import Kernel

ACTIVATIONS = (ops.relu, linear)  # what the kernels can do on the way


def _fits(x: Array, kernel: Array, bias: Array | None, activation: Any) -> bool:
    arrays = [x, kernel] if bias is None else [x, kernel, bias]
    shapes = x.ndim == kernel.ndim == 4 and x.shape[3] == kernel.shape[2] and (bias is None or bias.shape == kernel.shape[3:])
    return shapes and activation in ACTIVATIONS and suits(*arrays)


def _forward(x: Array, kernel: Array, bias: Array | None, strides: Any, padding: str, dilation: Any, activation: Any) -> Any:
    if not _fits(x, kernel, bias, activation):
        return NotImplemented, None
    at, relu = geometry(x.shape[1:3], kernel.shape[:2], strides, dilation, padding), activation is ops.relu
    if not countable(x, kernel, at):
        return NotImplemented, None
    x, kernel = dense_copy(x), dense_copy(kernel)
    y = products.forward(x, kernel, None if bias is None else dense_copy(bias), at, relu)
    return y, (x, kernel, at, y if relu else None)


def _layer(x: Array, kernel: Array, bias: Array | None, *, strides: Any, padding: str, dilation: Any, activation: Any) -> Any:
    return _forward(x, kernel, bias, strides, padding, dilation, activation)


def _plain(x: Array, kernel: Array, *, strides: Any = 1, padding: str = "valid", dilation: Any = 1) -> Any:
    return _forward(x, kernel, None, strides, padding, dilation, linear)


def _pooled(x: Array, kernel: Array, bias: Array | None, *, convolution: dict[str, Any], pooling: dict[str, Any]) -> Any:
    if not _fits(x, kernel, bias, convolution["activation"]):
        return NotImplemented, None
    at = geometry(x.shape[1:3], kernel.shape[:2], convolution["strides"], convolution["dilation"], convolution["padding"])
    window = pair(pooling["pool_size"], "pool_size")
    strides = window if pooling["strides"] is None else pair(pooling["strides"], "strides")
    if window != (2, 2) or strides != (2, 2) or min(at.places) < 2 or not countable(x, kernel, at):
        return NotImplemented, None
    if any(map(any, padding_widths(at.places, window, strides, (1, 1), pooling["padding"]))):
        return NotImplemented, None
    x, kernel = dense_copy(x), dense_copy(kernel)
    relu = convolution["activation"] is ops.relu
    y, winner = products.forward_and_pool(x, kernel, None if bias is None else dense_copy(bias), at, relu)
    return y, (x, kernel, at, winner)


def _vjp(g: Array, saved: Any, needs: Any) -> list[Array | None]:
    x, kernel, at, y = saved
    return _gradients(relu_gradient(g, y), x, kernel, at, needs)


def _pooled_vjp(g: Array, saved: Any, needs: Any) -> list[Array | None]:
    x, kernel, at, winner = saved
    shape = (x.shape[0], *at.places, kernel.shape[-1])
    dz = owner(x).module.empty(shape, x.dtype)
    g = dense_copy(g)
    vec = products.side_by_side(dz, g, winner)
    each("around.cu", "unpool", dz.size // vec, g, winner, dz, dz.size // vec, *shape[1:3], shape[3] // vec, VEC=vec)
    return _gradients(dz, x, kernel, at, needs)


def relu_gradient(g: Array, y: Array | None) -> Array:
    """g where the ReLU let pass (y is its result; None: there was none)."""
    g = dense_copy(g)
    if y is None:
        return g
    dz = owner(g).module.empty(g.shape, g.dtype)
    vec = products.side_by_side(dz, g, y)
    each("around.cu", "relu_gradient", g.size // vec, g, y, dz, g.size // vec, VEC=vec)
    return dz


def _gradients(dz: Array, x: Array, kernel: Array, at: Geometry, needs: Any) -> list[Array | None]:
    dx = products.input_gradient(dz, kernel, at) if needs[0] else None
    dk, db = products.weight_gradient(x, dz, at) if any(needs[1:]) else (None, None)
    return [dx, None if dk is None else dk.reshape(kernel.shape), db][: len(needs)]


conv2d, convolution_layer, convolution_and_pooling = Kernel(_plain, _vjp), Kernel(_layer, _vjp), Kernel(_pooled, _pooled_vjp)


# ---------------------------------------------------------------- all patches as rows


def _im2col(x: Array, *, window: Any, strides: Any = (1, 1), dilation: Any = (1, 1)) -> Any:
    at = Geometry(x.shape[1:3], window, strides, dilation, ((0, 0), (0, 0)), places(x.shape[1:3], window, strides, dilation))
    shape = (x.shape[0], *at.places, *window, x.shape[3])
    columns = owner(x).module.empty(shape, x.dtype)
    if not suits(x) or not suits(columns):
        return NotImplemented, None
    _copy_patches("im2col", dense_copy(x), columns, at, x.shape[3])
    return columns, at


def _im2col_vjp(g: Array, at: Geometry, needs: Any) -> list[Array]:
    x = owner(g).module.empty((g.shape[0], *at.image, g.shape[-1]), g.dtype)
    _copy_patches("col2im", dense_copy(g), x, at, g.shape[-1])
    return [x]


def _col2im(columns: Array, *, image: Any, strides: Any = (1, 1), dilation: Any = (1, 1)) -> Any:
    at = Geometry(tuple(image), columns.shape[3:5], strides, dilation, ((0, 0), (0, 0)), columns.shape[1:3])
    if not suits(columns) or columns.shape[0] * image[0] * image[1] * columns.shape[-1] > LARGEST:
        return NotImplemented, None
    return _im2col_vjp(columns, at, [True])[0], at


def _col2im_vjp(g: Array, at: Geometry, needs: Any) -> list[Array]:
    columns = owner(g).module.empty((g.shape[0], *at.places, *at.window, g.shape[-1]), g.dtype)
    _copy_patches("im2col", dense_copy(g), columns, at, g.shape[-1])
    return [columns]


def _copy_patches(name: str, source: Array, target: Array, at: Geometry, channels: int) -> None:
    each(
        "patches.cu", name, target.size, source, target, target.size,
        *at.image, channels, *at.places, *at.window, *at.strides, *at.dilation, 0, 0,
    )  # fmt: skip


im2col, col2im = Kernel(_im2col, _im2col_vjp), Kernel(_col2im, _col2im_vjp)
