"""Convolution of pictures that lie rows first, as (H, C, W, N): a few rows at a time become one matrix, and that a matrix product.
(What are rows and columns, H and W, here, are columns and rows elsewhere: see `minidl.kernels.numpy.memory`.)

For an output row, the kh input rows that its windows see are a stretch of memory, a matrix (kh · C, W · N), for the next output row
overlapping with this one: the vertical half of im2col costs nothing. For the horizontal half there are two ways:

* *gather*: each input row is copied kw times, shifted, and kh neighbouring rows of copies are the columns (kh · kw · C, W · N);
* *shift*: nothing is copied; the product with kernels for all kw shifts at once, (kw · F, kh · C), gives kw outputs that lie shifted, and
  are added. This is less work where there are many channels and few filters.

The same code serves for the forward pass and, at stride 1, for the gradient of the input: a correlation with the flipped kernel."""
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minidl import config
from minidl.kernels.numpy.memory import PADDING, scratch
from minidl.kernels.numpy.threads import parts_of, run_parts
from minidl.ops.convolution import padding_widths, pair, places

MANY_CHANNELS = 32  # from here on the larger products of the shifted form pay for as many additions as there were copies
FEW_CHANNELS = 8  # fewer make matrix products with so few rows that copying them together pays


Span = tuple[int, int]  # from … to


class Geometry(NamedTuple):
    """How the windows lie; every pair is (vertical, horizontal)."""

    window: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    first: tuple[int, int]  # the padding before the first row and column
    places: tuple[int, int]  # of the output


def geometry_of(image: tuple[int, ...], window: tuple[int, ...], strides: Any, padding: str, dilation: Any = 1) -> Geometry:
    """The geometry, mirrored, for an op's keywords and its sizes in the order (H, W). ValueError as from the op."""
    known = _geometry_of if isinstance(padding, str) else _geometry_of.__wrapped__  # what has no hash is refused in the op's words
    return known(tuple(image), tuple(window), pair(strides, "strides"), padding, pair(dilation, "dilation"))


@lru_cache(maxsize=256)
def _geometry_of(image: Any, window: Any, strides: tuple[int, int], padding: str, dilation: tuple[int, int]) -> Geometry:
    widths = padding_widths(image, window, strides, dilation, padding)
    padded = [size + before + after for size, (before, after) in zip(image, widths)]
    pairs = window, strides, dilation, (widths[0][0], widths[1][0]), places(padded, window, strides, dilation)
    return Geometry(*((a[1], a[0]) for a in pairs))


def gather(x: np.ndarray, rows: Span, columns: Span, at: Geometry) -> np.ndarray:
    """The columns for output rows and columns from … to: (rows, kh · kw · C, columns · N), in scratch memory."""
    channels, images = x.shape[1::2]
    (kh, kw), (sh, sw), (dh, dw), (top, left) = at.window, at.strides, at.dilation, at.first
    count, n = rows[1] - rows[0], columns[1] - columns[0]
    copies = 1 if dh == 1 else kh  # rows that are dilated are no neighbours: then each is copied for every place in the window
    start = rows[0] * sh - top
    length = (count - 1) * sh + (kh - 1 if copies == 1 else 0) + 1
    row = n * images + PADDING // x.itemsize
    table = scratch("table", (copies, length, kw, channels, row), x.dtype)
    for i in range(copies):
        _copy_rows(x, table[i], start + i * dh, columns[0] * sw - left, n, sw, dw)
    size = x.itemsize
    if copies == 1:
        return np.ndarray(
            (count, kh * kw * channels, n * images), x.dtype, table, 0, (sh * kw * channels * row * size, row * size, size)
        )
    chosen = table[:, ::sh].transpose(1, 0, 2, 3, 4)[..., : n * images]
    return np.ascontiguousarray(chosen).reshape(count, kh * kw * channels, n * images)


def _copy_rows(x: np.ndarray, table: np.ndarray, start: int, left: int, n: int, stride: int, dilation: int) -> None:
    """Rows from ``start`` of x into the table, once for each horizontal place j of the window: from column left + j · dilation on, n
    columns, every ``stride``-th. What lies outside is 0."""
    height, channels, width, images = x.shape
    length, kw = table.shape[:2]
    places_ = table[..., : n * images].reshape(length, kw, channels, n, images)
    if min(start, left) >= 0 and start + length <= height and left + (n - 1) * stride + (kw - 1) * dilation < width:  # all is inside
        row, channel, column, size = x.strides  # the copies are one overlapping view
        first, strides = start * row + left * column, (row, dilation * column, channel, stride * column, size)
        places_[...] = np.ndarray(places_.shape, x.dtype, x, first, strides)
        return
    low, high = max(start, 0), min(start + length, height)
    low, high = (low, high) if low < high else (start, start)
    table[: low - start] = 0
    table[high - start :] = 0
    for j in range(kw):
        begin = left + j * dilation  # the input column that the first of the n places sees
        skip = min(n, max(0, -(begin // stride)))  # places that see the padding at the left
        end = min(n, max(skip, -((begin - width) // stride)))  # the first place that sees the padding at the right
        rows = places_[low - start : high - start, j]
        if skip:
            rows[:, :, :skip] = 0
        if end < n:
            rows[:, :, end:] = 0
        if skip < end:
            rows[:, :, skip:end] = x[low:high, :, begin + skip * stride : begin + (end - 1) * stride + 1 : stride]


def blocks(x: np.ndarray, rows: Span, at: Geometry) -> tuple[tuple[Span, Span], ...]:
    """Output rows and columns whose gathered copies fit the block size."""
    return _blocks(x.shape[1] * x.shape[3], rows, at, config.settings().block_bytes // x.itemsize)


@lru_cache(maxsize=1024)
def _blocks(numbers: int, rows: Span, at: Geometry, limit: int) -> tuple[tuple[Span, Span], ...]:
    (kh, kw), (sh, _), width = at.window, at.strides, at.places[1]
    column = kw * numbers * (1 if at.dilation[0] == 1 else 2 * kh)  # numbers in one column of one row of copies
    across = max(1, min(width, limit // (column * (kh + sh)) or 1))
    across = -(-width // -(-width // across))  # parts of about the same size
    down = max(1, (limit // (column * across) - kh) // sh + 1)
    parts_across = [(begin, min(width, begin + across)) for begin in range(0, width, across)]
    return tuple(((row, min(rows[1], row + down)), columns) for columns in parts_across for row in range(rows[0], rows[1], down))


def seen_rows(x: np.ndarray, rows: Span, row_bytes: int, at: Geometry) -> Iterator[tuple[Span, Span, np.ndarray]]:
    """Output rows, of which each needs ``row_bytes`` of scratch, in blocks; the rows i of the window that lie inside the picture there,
    from … to; and the matrices (rows, (to − from) · C, W · N) that these see, without a copy. Output rows at the border come one by one."""
    (height, channels, width, images), kh, top = x.shape, at.window[0], at.first[0]
    down, row = max(1, config.settings().block_bytes // row_bytes), width * images * x.itemsize
    r1 = rows[0]
    for r0 in range(*rows):
        if r0 < r1:
            continue  # it was in the block before
        low, high = max(0, top - r0), min(kh, height + top - r0)
        r1 = r0 + 1 if high - low < kh else min(rows[1], r0 + down, height - kh + top + 1)
        shape, strides = (r1 - r0, (high - low) * channels, width * images), (channels * row, row, x.itemsize)
        yield (r0, r1), (low, high), np.ndarray(shape, x.dtype, x, (r0 - top + low) * channels * row, strides)


@lru_cache(maxsize=1024)
def shifts(width: int, at: Geometry) -> list[tuple[int, int, int]]:
    """For each horizontal place j of the window (at stride 1): the output columns for which it lies inside the picture, from … to, and the
    column that the first of them sees."""
    offsets = [j * at.dilation[1] - at.first[1] for j in range(at.window[1])]
    return [(max(0, -o), max(0, -o, min(at.places[1], width - o)), max(0, o)) for o in offsets]


class Correlation:
    """out[r, f, c, n] = Σᵢⱼₘ kernel[i, j, m, f] · x[s·r + d·i − top, m, s·c + d·j − left, n] for a kernel (kh, kw, C, F)."""

    def __init__(self, kernel: np.ndarray, at: Geometry):
        kh, kw, channels, filters = kernel.shape
        self.at = at
        fewer = channels > filters or 2 * channels > filters and channels >= MANY_CHANNELS  # numbers to add than to copy
        self.shifting = at.strides == (1, 1) and at.dilation[0] == 1 and (fewer or kw == 1)
        self.matrix = kernel.reshape(-1, filters).T
        if self.shifting:
            self.matrix = np.ascontiguousarray(kernel.transpose(1, 3, 0, 2)).reshape(kw * filters, kh * channels)

    def rows(self, x: np.ndarray, out: np.ndarray, first_row: int) -> None:
        """Compute ``out``: the rows from ``first_row`` on."""
        (self._shift if self.shifting else self._gather)(x, out, first_row)

    def _gather(self, x: np.ndarray, out: np.ndarray, first_row: int) -> None:
        count, filters, width, images = out.shape
        flat = out.reshape(count, filters, width * images)
        for (r0, r1), (c0, c1) in blocks(x, (first_row, first_row + count), self.at):
            columns = gather(x, (r0, r1), (c0, c1), self.at)
            np.matmul(self.matrix, columns, out=flat[r0 - first_row : r1 - first_row, :, c0 * images : c1 * images])

    def _shift(self, x: np.ndarray, out: np.ndarray, first_row: int) -> None:
        (count, filters, columns, images), (width, kw) = out.shape, (x.shape[2], self.at.window[1])
        order = sorted(enumerate(shifts(width, self.at)), key=lambda shift: shift[1][0] - shift[1][1])  # the widest first
        direct = kw == 1 and columns == width  # then nothing lies shifted
        bytes_ = kw * filters * width * images * x.itemsize
        channels = x.shape[1]
        for (r0, r1), (i0, i1), seen in seen_rows(x, (first_row, first_row + count), bytes_, self.at):
            rows = out[r0 - first_row : r1 - first_row]
            table = rows if direct else scratch("table", (r1 - r0, kw, filters, width, images), x.dtype)
            matrix = self.matrix[:, i0 * channels : i1 * channels]
            np.matmul(matrix, seen, out=table.reshape(r1 - r0, kw * filters, width * images))
            for number, (j, (low, high, start)) in enumerate([] if direct else order):
                part = table[:, j, :, start : start + high - low]
                if number == 0:
                    rows[:, :, :low] = 0
                    rows[:, :, high:] = 0
                    rows[:, :, low:high] = part
                else:
                    rows[:, :, low:high] += part


def add_kernel_gradient(x: np.ndarray, g: np.ndarray, gradient: np.ndarray, first_row: int, at: Geometry) -> None:
    """gradient[i, j, m, f] += Σᵣ꜀ₙ x[s·r + d·i − top, m, s·c + d·j − left, n] · g[r − first_row, f, c, n] over the rows of ``g``."""
    (count, filters, width, images), (kh, kw, channels) = g.shape, gradient.shape[:3]
    flat = g.reshape(count, filters, width * images).transpose(0, 2, 1)
    if at.strides == (1, 1) and at.dilation[0] == 1 and channels >= FEW_CHANNELS:
        for (r0, r1), (i0, i1), seen in seen_rows(x, (first_row, first_row + count), kh * channels * filters * x.itemsize, at):
            products = scratch("products", (r1 - r0, (i1 - i0) * channels, filters), g.dtype)
            for j, (low, high, start) in enumerate(shifts(x.shape[2], at)):
                columns = seen[:, :, start * images : (start + high - low) * images]
                rows = flat[r0 - first_row : r1 - first_row, low * images : high * images]
                np.matmul(columns, rows, out=products)
                gradient[i0:i1, j] += np.add.reduce(products, axis=0).reshape(i1 - i0, channels, filters)
        return
    for (r0, r1), (c0, c1) in blocks(x, (first_row, first_row + count), at):
        columns = gather(x, (r0, r1), (c0, c1), at)
        rows = flat[r0 - first_row : r1 - first_row, c0 * images : c1 * images]
        products = scratch("products", (r1 - r0, kh * kw * channels, filters), g.dtype)
        gradient += np.add.reduce(np.matmul(columns, rows, out=products), axis=0).reshape(gradient.shape)


def input_gradient(g: np.ndarray, kernel: np.ndarray, image: tuple[int, int], at: Geometry) -> np.ndarray:
    """dL/dx (H, C, W, N) from g = dL/dy (rows, F, columns, N) and the kernel (kh, kw, C, F)."""
    channels = kernel.shape[2]
    dx = np.empty((image[0], channels, image[1], g.shape[3]), g.dtype)
    work = g.size * channels * at.window[0] * at.window[1]
    if at.strides == (1, 1):
        before = tuple(d * (k - 1) - first for d, k, first in zip(at.dilation, at.window, at.first))
        back = Geometry(at.window, (1, 1), at.dilation, before, image)  # type: ignore[arg-type]
        flipped = Correlation(np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2)), back)
        run_parts(lambda _, low, high: flipped.rows(g, dx[low:high], low), parts_of(image[0], work))
    else:
        rows = np.ascontiguousarray(kernel.transpose(2, 0, 1, 3))
        run_parts(lambda _, low, high: _scatter(g, rows[low:high], dx[:, low:high], at), parts_of(channels, work))
    return dx


def _scatter(g: np.ndarray, kernel: np.ndarray, dx: np.ndarray, at: Geometry) -> None:
    """dx = the sum, over the places of the window, of kernel[:, i, j] @ g, added where that place of the window was looking.
    kernel: (C, kh, kw, F), dx: (H, C, W, N)."""
    dx[...] = 0
    (height, channels, width, images), filters = dx.shape, g.shape[1]
    (sh, sw), (dh, dw), (top, left) = at.strides, at.dilation, at.first
    for i in range(at.window[0]):
        r0, r1, y0 = _inside(i * dh - top, sh, at.places[0], height)
        for j in range(at.window[1]):
            c0, c1, x0 = _inside(j * dw - left, sw, at.places[1], width)
            if r0 >= r1 or c0 >= c1:
                continue
            part = g[r0:r1, :, c0:c1]
            part = np.matmul(kernel[:, i, j], part.reshape(r1 - r0, filters, -1)).reshape(r1 - r0, channels, c1 - c0, images)
            dx[y0 : y0 + (r1 - r0 - 1) * sh + 1 : sh, :, x0 : x0 + (c1 - c0 - 1) * sw + 1 : sw] += part


def _inside(offset: int, stride: int, count: int, size: int) -> tuple[int, int, int]:
    """The places p in 0…count whose number offset + p · stride lies in 0…size, from … to; and the number that the first of them sees."""
    low = max(0, -(offset // stride))
    high = min(count, -((offset - size) // stride))
    return low, high, offset + low * stride
