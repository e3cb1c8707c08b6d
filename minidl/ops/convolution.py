"""Convolution as one matrix product.

A k×k convolution gives, at every place (r, c) of the output, the products of a patch of the image with a kernel, summed:

    y[n, r, c, f] = Σᵢⱼₘ x[n, s·r + d·i, s·c + d·j, m] · kernel[i, j, m, f]          s: stride, d: dilation, m: input channel

Write each patch as a row, and the sum is a row times a column. *im2col* writes all patches of all images as rows of one matrix:

    columns[n, r, c, (i, j, m)] = x[n, s·r + d·i, s·c + d·j, m]
    y[n, r, c, f]               = columns[n, r, c, :] @ kernel[(i, j, m), f]

Nothing else is needed for the gradients. The product's rule gives dL/dcolumns and dL/dkernel. im2col copies each number of x to
every row whose patch holds it; so dL/dx collects, for each number of x, the gradients of all its copies: *col2im* adds them up.
The two are each other's transpose, as linear maps, and so each is the other's gradient rule, at any order.

"same" padding keeps ⌈size / stride⌉ places, as TensorFlow defines it: where the padding is odd, the bottom and the right get one more.
"""
import math

from minidl.checks import whole
from minidl.ops.shapes import pad, reshape
from minidl.tensor import composite, op


def pair(value, name="size"):
    """An int or a pair of ints ≥ 1, as a pair."""
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(sizes) != 2:
        raise ValueError(f"{name} must be a whole number ≥ 1, or two of them; got {value!r}")
    return whole(name, sizes[0]), whole(name, sizes[1])


def padding_widths(image, window, strides, dilation, padding):
    """The zeros to add: ((top, bottom), (left, right)), for an image, window, stride and dilation of (height, width)."""
    if padding not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}")
    widths = []
    for size, k, s, d in zip(image, window, strides, dilation):
        reach = d * (k - 1) + 1
        total = max(0, (math.ceil(size / s) - 1) * s + reach - size) if padding == "same" else 0
        if size + total < reach:
            reaches = f"a window of {window} with dilation {dilation}"
            raise ValueError(f"{reaches} does not fit an image of {image}: use a smaller one, or padding='same'")
        widths.append((total // 2, total - total // 2))
    return tuple(widths)


def places(image, window, strides, dilation):
    """How many places a window has in a (padded) image: (rows, columns)."""
    return tuple((size - d * (k - 1) - 1) // s + 1 for size, k, s, d in zip(image, window, strides, dilation))


def shifted(i, j, rows, columns, strides, dilation):
    """The index of what element (i, j) of the window sees as the window goes over all its places."""
    (sh, sw), (dh, dw) = strides, dilation
    return slice(None), slice(i * dh, i * dh + rows * sh, sh), slice(j * dw, j * dw + columns * sw, sw)


@op
def im2col(xp, x, *, window, strides=(1, 1), dilation=(1, 1)):
    """columns[n, r, c, i, j, m] = x[n, s·r + d·i, s·c + d·j, m]          dL/dx = col2im(g)

    (N, H, W, C) → (N, rows, columns, kh, kw, C). Padding is added before, by ``pad``."""
    n, h, w, channels = x.shape
    rows, cols = places((h, w), window, strides, dilation)
    columns = xp.empty((n, rows, cols, *window, channels), x.dtype)
    for i in range(window[0]):
        for j in range(window[1]):
            columns[:, :, :, i, j] = x[shifted(i, j, rows, cols, strides, dilation)]
    return columns


@im2col.vjp
def _(g, y, x, *, window, strides=(1, 1), dilation=(1, 1)):
    return col2im(g, image=x.shape[1:3], strides=strides, dilation=dilation)


@op
def col2im(xp, columns, *, image, strides=(1, 1), dilation=(1, 1)):
    """x[n, s·r + d·i, s·c + d·j, m] += columns[n, r, c, i, j, m], from zero          dL/dcolumns = im2col(g)

    (N, rows, columns, kh, kw, C) → (N, *image, C): the transpose of im2col."""
    n, rows, cols, kh, kw, channels = columns.shape
    x = xp.zeros((n, *image, channels), columns.dtype)
    for i in range(kh):
        for j in range(kw):
            x[shifted(i, j, rows, cols, strides, dilation)] += columns[:, :, :, i, j]
    return x


@col2im.vjp
def _(g, x, columns, *, image, strides=(1, 1), dilation=(1, 1)):
    return im2col(g, window=columns.shape[3:5], strides=strides, dilation=dilation)


@composite
def conv2d(x, kernel, *, strides=1, padding="valid", dilation=1):
    """y[n, r, c, f] = Σᵢⱼₘ x[n, s·r + d·i, s·c + d·j, m] kernel[i, j, m, f]

    x: (N, H, W, C_in), kernel: (kh, kw, C_in, C_out) → (N, rows, columns, C_out). ``strides`` and ``dilation``: an int or a pair.
    ``padding``: "valid" or "same". (Strictly a correlation: the kernel is not flipped, as in every deep-learning library.)"""
    if x.ndim != 4 or kernel.ndim != 4 or x.shape[3] != kernel.shape[2]:
        shapes = f"{x.shape} and {kernel.shape}"
        raise ValueError(f"conv2d takes images (N, H, W, C) and a kernel (kh, kw, C, filters) with the same C; got {shapes}")
    strides, dilation = pair(strides, "strides"), pair(dilation, "dilation")
    kh, kw, c_in, c_out = kernel.shape
    widths = padding_widths(x.shape[1:3], (kh, kw), strides, dilation, padding)
    columns = im2col(pad_image(x, widths), window=(kh, kw), strides=strides, dilation=dilation)
    n, rows, cols = columns.shape[:3]
    y = reshape(columns, shape=(n * rows * cols, kh * kw * c_in)) @ reshape(kernel, shape=(kh * kw * c_in, c_out))
    return reshape(y, shape=(n, rows, cols, c_out))


def pad_image(x, widths):
    """Images with the zeros of ``padding_widths`` around them."""
    return pad(x, widths=((0, 0), *widths, (0, 0))) if any(map(any, widths)) else x


@composite
def convolution_layer(x, kernel, bias, *, strides, padding, dilation, activation):
    """y = activation(x ∗ kernel + bias); ``bias`` is None for none."""
    y = conv2d(x, kernel, strides=strides, padding=padding, dilation=dilation)
    return activation(y if bias is None else y + bias)
