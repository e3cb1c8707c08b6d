"""A convolution, pooling or dropout at one place: what goes into one number of the output, and where its gradient goes."""
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minidl.backend import to_numpy
from minidl.stepper.again import Bodies
from minidl.stepper.geometry import Geometry, convolution_geometry, padded_places, pooling_geometry
from minidl.stepper.steps import Backward, Forward, Value

CONVOLUTIONS = ("conv2d", "convolution_layer", "convolution_and_pooling")
POOLINGS = ("max_pool2d", "average_pool2d")
OPENED = (*CONVOLUTIONS, *POOLINGS, "dropout")


@dataclass(frozen=True, eq=False)
class PoolingWindow:
    """One number of a pooling's output: ``output`` = products.sum(), products = patch · share."""

    pixel: tuple[int, int, int]  # row, column, channel of the output
    patch: np.ndarray  # (kh, kw), nan in the padding
    share: np.ndarray  # (kh, kw): of a maximum, 1 for the winner; of a mean, 1 / how many are inside
    products: np.ndarray  # (kh, kw), 0 in the padding
    output: float
    rows: np.ndarray  # (kh,) in the image; outside of it is padding
    columns: np.ndarray  # (kw,)
    winner: tuple[int, int] | None  # row and column in the image of what won (the first of equals)
    touches: np.ndarray  # (H, W): how many windows touch each pixel of the image
    g: float | None  # dL/doutput
    to_input: np.ndarray | None  # (kh, kw): g · share, what goes to the image at rows × columns


@dataclass(frozen=True, eq=False)
class ConvolutionWindow:
    """One number of a convolution: ``sum`` = products.sum(), products = patch · filter; bias and activation come after."""

    pixel: tuple[int, int, int]  # row, column, filter of the convolution
    patch: np.ndarray  # (kh, kw, C), 0 in the padding
    row: np.ndarray  # (kh · kw · C,): the patch as a row of im2col's matrix
    filter: np.ndarray  # (kh, kw, C)
    products: np.ndarray  # (kh, kw, C)
    sum: float
    bias: float | None
    activation: str | None
    output: float  # activation(sum + bias)
    rows: np.ndarray  # (kh,) in the image; outside of it is padding
    columns: np.ndarray  # (kw,)
    touches: np.ndarray  # (H, W): how many windows touch each pixel of the image
    g: float | None  # dL/dsum: after the activation was passed backwards
    to_filter: np.ndarray | None  # (kh, kw, C): g · patch, what this place adds to the filter's gradient
    to_input: np.ndarray | None  # (kh, kw, C): g · filter, what col2im adds to the image's gradient at rows × columns
    pooling: PoolingWindow | None = None  # where a pooling ran with it: its window, which this convolution won


@dataclass(frozen=True, eq=False)
class DropoutWindow:
    """One number of a dropout: output = x · mask, to_input = g · mask."""

    pixel: tuple[int, ...]
    x: float
    mask: float  # 0: dropped; 1 / (1 − rate): kept
    output: float
    g: float | None
    to_input: float | None


Window = ConvolutionWindow | PoolingWindow | DropoutWindow


class Parts(NamedTuple):
    """The convolution and the pooling of a step, as arrays; gradients are None where the step is not backwards."""

    x: np.ndarray
    kernel: np.ndarray | None
    bias: np.ndarray | None
    activation: str | None
    convolution: Geometry | None
    before: np.ndarray | None  # x ∗ kernel, without bias
    after: np.ndarray | None  # activation(before + bias)
    g: np.ndarray | None  # dL/dbefore
    pooling: Geometry | None
    kind: str  # of the pooling: "max_pool2d" or "average_pool2d"
    y: np.ndarray
    gy: np.ndarray | None  # dL/dy


def _array(value: Value | None) -> np.ndarray | None:
    return None if value is None else to_numpy(value.array)


def parts(step: Forward | Backward, bodies: Bodies) -> Parts:
    """What a step of one of the ops in ``OPENED`` (but dropout) works with; for fused steps, its body is computed again."""
    forward = step.forward if isinstance(step, Backward) else step
    if forward is None or step.op.name not in (*CONVOLUTIONS, *POOLINGS):
        raise ValueError(f"{step.op.name} has no windows; these ops have: {', '.join(OPENED)}")
    name, options = step.op.name, forward.metadata
    x, y = to_numpy(forward.inputs[0].array), to_numpy(forward.output.array)  # type: ignore[union-attr]
    gy = to_numpy(step.g) if isinstance(step, Backward) else None
    if name in POOLINGS:
        return Parts(x, None, None, None, None, None, None, None, pooling_geometry(x.shape, **options), name, y, gy)
    kernel, bias = _array(forward.inputs[1]), _array(forward.inputs[2]) if len(forward.inputs) > 2 else None
    assert kernel is not None
    layer = options["convolution"] if name == "convolution_and_pooling" else options
    sizes = {key: layer[key] for key in ("strides", "padding", "dilation") if key in layer}
    geometry = convolution_geometry(x.shape, kernel.shape, **sizes)
    pool = None
    if name == "convolution_and_pooling":
        pool = pooling_geometry((x.shape[0], *padded_places(geometry, x.shape)), **options["pooling"])
    if name == "conv2d":
        return Parts(x, kernel, None, None, geometry, y, y, gy, None, "", y, gy)
    again = bodies.forward(forward)
    before, after = (_find(again, wanted) for wanted in ("conv2d", "convolution_layer"))
    assert before is not None
    z = to_numpy(before.output.array)
    a = y if name == "convolution_layer" else to_numpy(after.output.array) if after else z
    back = bodies.backward(step) if isinstance(step, Backward) else ()
    g = next((to_numpy(passed.g) for passed in back if passed.output is before.output), None)
    chosen = layer.get("activation")
    activation = getattr(chosen, "name", None) or getattr(chosen, "__name__", None)
    return Parts(x, kernel, bias, None if activation == "linear" else activation, geometry, z, a, g, pool, "max_pool2d", y, gy)


def _find(steps: tuple[Forward, ...], name: str) -> Forward | None:
    for step in steps:
        if step.op.name == name:
            return step
        if step.body and (found := _find(step.body, name)):
            return found
    return None


def window(step: Forward | Backward, pixel: tuple[int, ...], image: int, bodies: Bodies) -> Window:
    """The window behind ``pixel`` = (row, column, channel) of the step's output, for one image of the batch. (Of a dropout, ``pixel`` is
    an index of any shape, the batch's axis left out.)"""
    if step.op.name == "dropout":
        return _dropout(step, pixel, image)
    p = parts(step, bodies)
    if len(pixel) != 3 or not all(0 <= i < n for i, n in zip((image, *pixel), p.y.shape)):
        raise IndexError(f"pixel is (row, column, channel) inside {p.y.shape[1:]} and image below {p.y.shape[0]}; got {pixel} and {image}")
    place = (pixel[0], pixel[1], pixel[2])
    if p.convolution is None:
        return _pooled(p, p.x, place, image)
    if p.pooling is None:
        return _convolved(p, place, image)
    assert p.after is not None
    pooled = _pooled(p, p.after, place, image)
    won = pooled.winner or (int(pooled.rows[0]), int(pooled.columns[0]))
    return _convolved(p, (*won, place[2]), image, pooled)


def _seen(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, padding: float) -> tuple[np.ndarray, np.ndarray]:
    """x at rows × columns, (kh, kw, …), with ``padding`` outside; and what is inside, (kh, kw)."""
    inside = ((rows >= 0) & (rows < x.shape[0]))[:, None] & ((columns >= 0) & (columns < x.shape[1]))[None, :]
    patch = x[np.clip(rows, 0, x.shape[0] - 1)][:, np.clip(columns, 0, x.shape[1] - 1)]
    return np.where(inside.reshape(*inside.shape, *([1] * (x.ndim - 2))), patch, padding), inside


def _convolved(p: Parts, pixel: tuple[int, int, int], image: int, pooling: PoolingWindow | None = None) -> ConvolutionWindow:
    assert p.convolution is not None and p.kernel is not None and p.before is not None and p.after is not None
    r, c, f = pixel
    rows, columns = p.convolution.rows(r), p.convolution.columns(c)
    patch, _ = _seen(p.x[image], rows, columns, 0)
    kernel = p.kernel[..., f]
    products = patch * kernel
    g = None if p.g is None else p.g[image, r, c, f]
    return ConvolutionWindow(
        pixel, patch, patch.ravel(), kernel, products, float(products.sum()), None if p.bias is None else float(p.bias[f]), p.activation,
        float(p.after[image, r, c, f]), rows, columns, p.convolution.touches(p.x.shape[1:3], p.before.shape[1:3]),
        None if g is None else float(g), None if g is None else patch * g, None if g is None else kernel * g, pooling,
    )  # fmt: skip


def _pooled(p: Parts, x: np.ndarray, pixel: tuple[int, int, int], image: int) -> PoolingWindow:
    assert p.pooling is not None
    r, c, channel = pixel
    rows, columns = p.pooling.rows(r), p.pooling.columns(c)
    wide = x[image, :, :, channel].astype(x.dtype if x.dtype.kind == "f" else float)
    patch, inside = _seen(wide, rows, columns, np.nan)
    winner = None
    if p.kind == "max_pool2d":
        share = np.zeros(patch.shape, patch.dtype)
        if not np.isnan(patch[inside]).any():  # nothing is as large as nan
            i, j = _first_largest(patch, inside)
            share[i, j], winner = 1, (int(rows[i]), int(columns[j]))
    else:
        share = inside / patch.dtype.type(inside.sum())
    products = np.where(share > 0, np.where(inside, patch, 0) * share, 0)
    g = None if p.gy is None else p.gy[image, r, c, channel]
    return PoolingWindow(
        pixel, patch, share, products, float(p.y[image, r, c, channel]), rows, columns, winner,
        p.pooling.touches(x.shape[1:3], p.y.shape[1:3]), None if g is None else float(g), None if g is None else share * g,
    )  # fmt: skip


def _first_largest(patch: np.ndarray, inside: np.ndarray) -> tuple[int, int]:
    i, j = np.unravel_index(int(np.argmax(np.where(inside, patch, -np.inf))), patch.shape)
    return int(i), int(j)


def _dropout(step: Forward | Backward, pixel: tuple[int, ...], image: int) -> DropoutWindow:
    x, mask, y = (np.broadcast_to(to_numpy(v.array), to_numpy(step.output.array).shape) for v in (*step.inputs[:2], step.output) if v)
    at = (image, *pixel)
    g = float(to_numpy(step.g)[at]) if isinstance(step, Backward) else None
    return DropoutWindow(pixel, float(x[at]), float(mask[at]), float(y[at]), g, None if g is None else g * float(mask[at]))
