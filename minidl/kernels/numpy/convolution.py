"""Convolution, with bias and ReLU, and with the 2×2 maximum that follows, a block of rows at a time.

Bias and ReLU change nothing about which number is largest, so they come after the maximum, on a quarter of the numbers. (Numbers so close
that adding the bias rounds them to one are still told apart: there the gradient may go to another than the readable op's.) Of a pooled
convolution only two boolean masks are kept in place of the full-size result: of two neighbouring rows, was the first larger; of two
neighbours in what is left, the first. As rows are the picture's columns here, this is the order in which the first in C order wins a
tie, as `minidl.ops.max_pool2d` promises."""
from typing import Any, NamedTuple

import numpy as np

from minidl.activations import linear
from minidl.config import computing, settings
from minidl.kernels.numpy.correlation import Correlation, Geometry, add_kernel_gradient, geometry_of, input_gradient
from minidl.kernels.numpy.memory import images_first, in_one_type, mirrored, rows_first, scratch
from minidl.kernels.numpy.threads import parts_of, run_parts
from minidl.ops import conv2d, convolution_and_pooling, convolution_layer, relu
from minidl.ops.convolution import pair
from minidl.switches import recording
from minidl.tensor import Kernel

HANDED_BACK: tuple[None, None] = (NotImplemented, None)  # type: ignore[assignment]
CONVOLUTION = {"strides", "padding", "dilation", "activation"}  # the keywords of convolution_layer


class Saved(NamedTuple):
    """What the gradient needs."""

    x: np.ndarray  # the input (H, C, W, N)
    kernel: np.ndarray  # (kh, kw, C, F), mirrored
    at: Geometry
    y: np.ndarray | None  # the output (rows, F, columns, N), if a ReLU made it
    upper: np.ndarray | None  # where the maximum was in the first of two rows (half the rows, F, all columns, N)
    left: np.ndarray | None  # and in the first of two columns (half the rows, F, half the columns, N)
    bias: bool


def fitting(x: Any, kernel: Any, bias: Any = None) -> list[np.ndarray] | None:
    """x and kernel in one type, if the kernels are made for them; else None."""
    arrays = in_one_type(x, kernel)
    if arrays is None or x.ndim != 4 or kernel.ndim != 4 or x.shape[3] != kernel.shape[2] or not x.size or not kernel.size:
        return None
    return arrays if bias is None or fits_bias(bias, arrays[1]) else None


def fits_bias(bias: Any, kernel: np.ndarray) -> bool:
    return isinstance(bias, np.ndarray) and bias.dtype == kernel.dtype and bias.shape == kernel.shape[-1:]


def conv2d_forward(x: Any, kernel: Any, *, strides: Any = 1, padding: str = "valid", dilation: Any = 1) -> Any:
    if (arrays := fitting(x, kernel)) is None:
        return HANDED_BACK
    x, kernel = arrays
    return _forward(x, kernel, None, geometry_of(x.shape[1:3], kernel.shape[:2], strides, padding, dilation), False, False)


def convolution_layer_forward(x: Any, kernel: Any, bias: Any, *, strides: Any, padding: str, dilation: Any, activation: Any) -> Any:
    if activation not in (relu, linear) or (arrays := fitting(x, kernel, bias)) is None:
        return HANDED_BACK
    x, kernel = arrays
    at = geometry_of(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    return _forward(x, kernel, bias, at, activation is relu, False)


def halving(*, pool_size: Any = 2, strides: Any = None, padding: Any = "valid", **more: Any) -> bool:
    """Whether these are the keywords of windows of 2×2 side by side."""
    size, steps = pair(pool_size, "pool_size"), None if strides is None else pair(strides, "strides")
    return size == (2, 2) and steps in (None, (2, 2)) and padding in ("valid", "same") and not more


def pooled_forward(x: Any, kernel: Any, bias: Any, *, convolution: dict[str, Any], pooling: dict[str, Any]) -> Any:
    activation = convolution.get("activation")
    if convolution.keys() != CONVOLUTION or activation not in (relu, linear) or not halving(**pooling):
        return HANDED_BACK
    if (arrays := fitting(x, kernel, bias)) is None:
        return HANDED_BACK
    x, kernel = arrays
    at = geometry_of(x.shape[1:3], kernel.shape[:2], convolution["strides"], convolution["padding"], convolution["dilation"])
    if min(at.places) < 2 or (pooling.get("padding") == "same" and (at.places[0] % 2 or at.places[1] % 2)):
        return HANDED_BACK
    return _forward(x, kernel, bias, at, activation is relu, True)


def _forward(x: np.ndarray, kernel: np.ndarray, bias: Any, at: Geometry, rectified: bool, pooled: bool) -> tuple[np.ndarray, Saved]:
    x, kernel = rows_first(x), mirrored(kernel)
    (height, width), filters, images, dtype = at.places, kernel.shape[3], x.shape[3], x.dtype
    rows, columns = (height // 2, width // 2) if pooled else at.places
    correlation = Correlation(kernel, at)
    y = np.empty((rows, filters, columns, images), dtype)
    upper = left = None
    if pooled and recording.get():
        upper, left = np.empty((rows, filters, width, images), bool), np.empty(y.shape, bool)
    zero, infinity, added = dtype.type(0), dtype.type(np.inf), None if bias is None else bias[:, None, None]

    def run(_: int, low: int, high: int) -> None:
        for a, e in row_blocks(low, high, y, pooled):
            out = y[a:e]
            if pooled:
                z = scratch("z", (2 * (e - a), filters, width, images), dtype)
                correlation.rows(x, z, 2 * a)
                _largest_of_four(z, out, None if upper is None else upper[a:e], None if left is None else left[a:e])
            else:
                correlation.rows(x, out, a)
            if added is not None:
                np.add(out, added, out=out)
            if rectified:
                np.clip(out, zero, infinity, out=out)  # three times as fast as a maximum with a number

    with computing:
        run_parts(run, parts_of(rows, height * width * images * kernel.size))
    return images_first(y), Saved(x, kernel, at, y if rectified else None, upper, left, bias is not None)


def _largest_of_four(z: np.ndarray, out: np.ndarray, upper: np.ndarray | None, left: np.ndarray | None) -> None:
    first, second, columns = z[0::2], z[1::2], out.shape[2]
    larger = scratch("table", first.shape, z.dtype)  # in the place of what the correlation needed
    np.maximum(first, second, out=larger)
    a, b = larger[:, :, 0 : 2 * columns : 2], larger[:, :, 1::2]
    np.maximum(a, b, out=out)
    if upper is not None:
        np.greater_equal(first, second, out=upper)
        np.greater_equal(a, b, out=left)


def row_blocks(low: int, high: int, y: np.ndarray, pooled: bool) -> list[tuple[int, int]]:
    """Output rows low … high in blocks, of which what is computed at a time fits the block size."""
    row = y[0].nbytes * (4 if pooled else 1)
    size = max(1, settings().block_bytes // row)
    return [(a, min(high, a + size)) for a in range(low, high, size)]


def vjp(g: np.ndarray, saved: Saved, needs: list[bool]) -> list[Any]:
    """dL/dx, dL/dkernel and (for the layers) dL/dbias."""
    x, kernel, at, y, upper, left, has_bias = saved
    g = rows_first(g)
    rows, filters, columns, images = g.shape
    height, width = at.places
    dtype, pooled = g.dtype, left is not None
    needs_x, needs_kernel, needs_bias = needs[0], needs[1], has_bias and needs[2]
    whole = needs_x and (y is not None or pooled)
    dz = scratch("dz", (height, filters, width, images), dtype) if whole else g  # dL/d(x ∗ kernel)
    parts = parts_of(rows, height * width * images * kernel.size)
    kernel_parts = np.zeros((len(parts), *kernel.shape), dtype)
    ones = np.ones(columns * images, dtype)

    def run(i: int, low: int, high: int) -> Any:
        bias_gradient: Any = 0
        for a, e in row_blocks(low, high, g, pooled):
            part = g[a:e]
            if y is not None:
                mask = scratch("mask", part.shape, np.dtype(bool))
                np.greater(y[a:e], 0, out=mask)
                out = dz[a:e] if whole and not pooled else scratch("part", part.shape, dtype)
                part = np.multiply(part, mask, out=out)
            if needs_bias:
                bias_gradient = bias_gradient + (part.reshape(e - a, filters, -1) @ ones).sum(axis=0)
            if upper is not None and left is not None and (needs_x or needs_kernel):
                full = dz[2 * a : 2 * e] if whole else scratch("z", (2 * (e - a), filters, width, images), dtype)
                part = _to_winners(part, upper[a:e], left[a:e], full)
            if needs_kernel:
                add_kernel_gradient(x, part, kernel_parts[i], 2 * a if pooled else a, at)
        return bias_gradient

    with computing:
        bias_parts = run_parts(run, parts)
        dx = None
        if needs_x:
            if pooled:
                dz[2 * rows :] = 0  # a last row that no window of the maximum reached
            dx = images_first(input_gradient(dz, kernel, x.shape[::2], at))
    dkernel = mirrored(kernel_parts.sum(axis=0)) if needs_kernel else None
    return [dx, dkernel, sum(bias_parts) if needs_bias else None]


def conv2d_vjp(g: np.ndarray, saved: Saved, needs: list[bool]) -> list[Any]:
    return vjp(g, saved, needs)[:2]


def _to_winners(g: np.ndarray, upper: np.ndarray, left: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Each number of g where the largest of its four was; 0 elsewhere."""
    columns = g.shape[2]
    larger = scratch("table", upper.shape, g.dtype)
    a, b = larger[:, :, 0 : 2 * columns : 2], larger[:, :, 1::2]
    np.multiply(g, left, out=a)
    np.subtract(g, a, out=b)
    larger[:, :, 2 * columns :] = 0
    np.multiply(larger, upper, out=out[0::2])
    np.subtract(larger, out[0::2], out=out[1::2])
    return out


conv2d.kernels["numpy"] = Kernel(conv2d_forward, conv2d_vjp)
convolution_layer.kernels["numpy"] = Kernel(convolution_layer_forward, vjp)
convolution_and_pooling.kernels["numpy"] = Kernel(pooled_forward, vjp)
