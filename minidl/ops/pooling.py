"""Pooling: each window of an image becomes one number, channel by channel."""
from minidl.ops.convolution import col2im, convolution_layer, im2col, pad_image, padding_widths, pair, places, shifted
from minidl.ops.elementwise import ones_like
from minidl.ops.reductions import mean, sum
from minidl.ops.shapes import reshape
from minidl.tensor import composite, op


def _settings(x, pool_size, strides, padding):
    """(window, strides, padding widths), with the checks."""
    if x.ndim != 4:
        raise ValueError(f"pooling takes images (N, H, W, C); got shape {x.shape}")
    window = pair(pool_size, "pool_size")
    strides = window if strides is None else pair(strides, "strides")
    return window, strides, padding_widths(x.shape[1:3], window, strides, (1, 1), padding)


@op
def max_pool2d(xp, x, *, pool_size=2, strides=None, padding="valid"):
    """y = the largest number of each window          dL/dx = g for the largest, 0 for the others

    (N, H, W, C) → (N, rows, columns, C); ``strides`` default to ``pool_size``. "same" padding never wins. In a tie the first of the
    window in C order is the largest."""
    window, strides, widths = _settings(x, pool_size, strides, padding)
    x = _pad_with_losers(xp, x, widths)
    rows, cols = places(x.shape[1:3], window, strides, (1, 1))
    y = None
    for i in range(window[0]):
        for j in range(window[1]):
            seen = x[shifted(i, j, rows, cols, strides, (1, 1))]
            y = xp.array(seen) if y is None else xp.maximum(y, seen)
    return y


@max_pool2d.vjp
def _(g, y, x, *, pool_size=2, strides=None, padding="valid"):
    window, strides, widths = _settings(x, pool_size, strides, padding)
    n, rows, cols, channels = y.shape
    winners = pool_winners(x, y, window=window, strides=strides, widths=widths)
    to_windows = winners * reshape(g, shape=(n, rows, cols, 1, 1, channels))
    (top, bottom), (left, right) = widths
    h, w = x.shape[1:3]
    dx = col2im(to_windows, image=(h + top + bottom, w + left + right), strides=strides)
    return dx if dx.shape == x.shape else dx[:, top : top + h, left : left + w]


@op
def pool_winners(xp, x, y, *, window, strides, widths):
    """1 where a window's number is the window's maximum y (the first of equals), else 0: (N, rows, columns, kh, kw, C). No gradient."""
    n, rows, cols, channels = y.shape
    x = _pad_with_losers(xp, x, widths)
    winners, open_ = xp.empty((n, rows, cols, *window, channels), x.dtype), xp.ones(y.shape, bool)
    for i in range(window[0]):
        for j in range(window[1]):
            won = (x[shifted(i, j, rows, cols, strides, (1, 1))] == y) & open_
            winners[:, :, :, i, j] = won
            open_ &= ~won
    return winners


@pool_winners.vjp
def _(g, y, x, maximum, *, window, strides, widths):
    return None, None


def _pad_with_losers(xp, x, widths):
    """``x`` in a frame of numbers that no maximum ever takes."""
    if not any(map(any, widths)):
        return x
    loser = -xp.inf if x.dtype.kind == "f" else False if x.dtype.kind == "b" else xp.iinfo(x.dtype).min
    return xp.pad(x, ((0, 0), *widths, (0, 0)), constant_values=loser)


@composite
def convolution_and_pooling(x, kernel, bias, *, convolution, pooling):
    """y = max_pool2d(convolution_layer(x, kernel, bias)); ``convolution`` and ``pooling`` hold the keywords of each."""
    return max_pool2d(convolution_layer(x, kernel, bias, **convolution), **pooling)


@composite
def average_pool2d(x, *, pool_size=2, strides=None, padding="valid"):
    """y = the mean of each window; what "same" pads is left out of the mean.

    (N, H, W, C) → (N, rows, columns, C); ``strides`` default to ``pool_size``."""
    window, strides, widths = _settings(x, pool_size, strides, padding)
    windows = im2col(pad_image(x, widths), window=window, strides=strides)
    if not any(map(any, widths)):
        return mean(windows, axis=(3, 4))
    inside = im2col(pad_image(ones_like(x[:1, :, :, :1]), widths), window=window, strides=strides)
    return sum(windows, axis=(3, 4)) / sum(inside, axis=(3, 4))


@composite
def global_average_pool2d(x, *, keepdims=False):
    """y = the mean of each channel over the whole image: (N, H, W, C) → (N, C), or (N, 1, 1, C) with ``keepdims``."""
    return mean(x, axis=(1, 2), keepdims=keepdims)
