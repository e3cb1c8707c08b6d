"""The three products of a convolution; ``product.cu`` says what they are."""
from typing import Any, NamedTuple

from minidl.backend import Array, owner
from minidl.devices import tf32_allowed
from minidl.kernels.cupy.launching import LARGEST, each, launch
from minidl.ops.convolution import padding_widths, pair, places

FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT = range(3)
ROWS, TILE, THREADS = 128, 16, 256  # as in product.cu
BLOCKS = 512  # wanted at once: a few for each of the hundred or so processors of a large GPU
SHORTEST = 4  # tiles of k that a part should have at least


class Geometry(NamedTuple):
    """Where the windows of a convolution lie."""

    image: tuple[int, int]
    window: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    widths: tuple[tuple[int, int], tuple[int, int]]  # the padding
    places: tuple[int, int]


def geometry(image: tuple[int, int], window: tuple[int, int], strides: Any, dilation: Any, padding: str) -> Geometry:
    """For the arguments of ``conv2d``; ValueError as there."""
    strides, dilation = pair(strides, "strides"), pair(dilation, "dilation")
    widths = padding_widths(image, window, strides, dilation, padding)
    padded = image[0] + sum(widths[0]), image[1] + sum(widths[1])
    return Geometry(image, window, strides, dilation, widths, places(padded, window, strides, dilation))


ONE_PIXEL = geometry((1, 1), (1, 1), 1, 1, "valid")


def forward(x: Array, kernel: Array, bias: Array | None, at: Geometry, relu: bool) -> Array:
    """activation(x ∗ kernel + bias): (N, rows, columns, F)."""
    n, filters = x.shape[0], kernel.shape[-1]
    sizes = n * at.places[0] * at.places[1], filters, kernel.size // filters
    y = _product(FORWARD, x, kernel, sizes, at, at.image, at.places, bias, relu)
    return y.reshape(n, *at.places, filters)


def forward_and_pool(x: Array, kernel: Array, bias: Array | None, at: Geometry, relu: bool) -> tuple[Array, Array]:
    """The same and then the largest of each 2×2 window; and which of the four it was (4: none, the result is 0)."""
    xp, (n, filters), (rows, cols) = owner(x).module, (x.shape[0], kernel.shape[-1]), (at.places[0] // 2, at.places[1] // 2)
    y, winner = xp.empty((n, rows, cols, filters), x.dtype), xp.empty((n, rows, cols, filters), "uint8")
    sizes = n * rows * cols, filters, kernel.size // filters
    grid = -(-sizes[0] // (ROWS // 4)), -(-filters // _width(filters)), 1
    _run(FORWARD, grid, (x, kernel, bias, y, winner), sizes, at, (*at.image, x.shape[-1]), (rows, cols), sizes[2], relu, pool=True)
    return y, winner


def input_gradient(dz: Array, kernel: Array, at: Geometry) -> Array:
    """dL/dx from dL/d(x ∗ kernel)."""
    n, channels = dz.shape[0], kernel.shape[-2]
    dx = _product(INPUT_GRADIENT, dz, kernel, (n * at.image[0] * at.image[1], channels, kernel.size // channels), at, at.places, at.image)
    return dx.reshape(n, *at.image, channels)


def weight_gradient(x: Array, dz: Array, at: Geometry) -> tuple[Array, Array]:
    """dL/dkernel as a matrix (kh·kw·C, F), and dL/dbias."""
    filters, rows = dz.shape[-1], at.window[0] * at.window[1] * x.shape[-1]
    both = _product(WEIGHT_GRADIENT, x, dz, (rows + 1, filters, dz.size // filters), at, at.image, at.places)
    return both[:rows], both[rows]


def countable(x: Array, kernel: Array, at: Geometry) -> bool:
    """Whether all that these products touch can be counted in an int."""
    sizes = x.shape[0] * at.places[0] * at.places[1] * kernel.shape[-1], x.size, (kernel.size + kernel.shape[-1]) * BLOCKS
    return bool(max(sizes) <= LARGEST)


def _width(columns: int) -> int:
    return 16 if columns <= 16 else 32 if columns <= 32 else 64


def side_by_side(*images: Array) -> int:
    """How many channels can be loaded at once: 4 or 1."""
    addresses = [getattr(getattr(array, "data", None), "ptr", 0) for array in images]
    fours = images[0].shape[-1] % 4 == 0 and str(images[0].dtype) == "float32" and not any(address % 16 for address in addresses)
    return 4 if fours else 1


def _product(
    mode: int, a: Array, b: Array, sizes: tuple[int, int, int], at: Geometry, image: tuple[int, int], grid_of_rows: tuple[int, int],
    bias: Array | None = None, relu: bool = False,
) -> Array:  # fmt: skip
    """y (M, N), with k in so many parts that there is work for the whole GPU."""
    m, n, k = sizes
    xp, blocks, tiles = owner(a).module, -(-m // ROWS) * -(-n // _width(n)), -(-k // TILE)
    parts = max(1, min(BLOCKS // blocks, tiles // SHORTEST, LARGEST // (m * n)))
    part = -(-tiles // parts) * TILE
    parts = -(-k // part)
    y = xp.empty((parts, m, n), a.dtype)
    grid = -(-m // ROWS), -(-n // _width(n)), parts
    alone = parts == 1
    _run(mode, grid, (a, b, bias if alone else None, y, None), sizes, at, (*image, a.shape[-1]), grid_of_rows, part, relu and alone)
    if alone:
        return y[0]
    total = xp.empty((m, n), a.dtype)
    each("parts.cu", "sum_parts", m * n, y, bias, total, m * n, n, parts, relu)
    return total


def _run(
    mode: int, grid: tuple[int, int, int], arrays: tuple[Any, ...], sizes: tuple[int, int, int], at: Geometry, image: tuple[int, int, int],
    grid_of_rows: tuple[int, int], part: int, relu: bool, pool: bool = False,
) -> None:  # fmt: skip
    (top, _), (left, _) = at.widths
    tf32 = int(tf32_allowed() and str(arrays[0].dtype) == "float32")
    launch(
        "product.cu", "product", grid, THREADS, *arrays, *sizes, *image, *grid_of_rows, at.window[1], *at.strides, *at.dilation, top, left,
        part, relu, MODE=mode, BN=_width(sizes[1]), TF32=tf32, POOL=int(pool), VEC=side_by_side(arrays[0]),
    )  # fmt: skip
