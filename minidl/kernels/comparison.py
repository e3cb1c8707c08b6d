"""The rungs of the ladder side by side: the same numbers, and what they cost."""
import html
import time
import tracemalloc
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from minidl import ops
from minidl.checks import number
from minidl.kernels import ladder
from minidl.kernels.numpy.threads import forget_scratch_everywhere
from minidl.registry import look_up
from minidl.sizes import bytes_in_words
from minidl.switches import kernels_on, switch
from minidl.tensor import Tensor

Arrays = tuple[np.ndarray, ...]


class Ways(NamedTuple):
    """How an op can be computed: by Python's loops, by NumPy for one patch at a time, and as minidl's op, named by what it does."""

    loops: Callable[..., np.ndarray]
    patches: Callable[..., np.ndarray] | None
    op: Any
    how: str
    steps_per_number: Callable[..., int]  # of the loops, for one number of the result


def _of_a_kernel(x: np.ndarray, kernel: np.ndarray, **metadata: Any) -> int:
    return prod(kernel.shape[:3])


def _of_a_pool(x: np.ndarray, *, pool_size: Any = 2, **metadata: Any) -> int:
    return prod(pool_size) if isinstance(pool_size, tuple) else int(pool_size) ** 2


WAYS = {
    "conv2d": Ways(ladder.conv2d_loops, ladder.conv2d_patches, ops.conv2d, "im2col", _of_a_kernel),
    "max_pool2d": Ways(ladder.max_pool2d_loops, None, ops.max_pool2d, "all places at once", _of_a_pool),
    "average_pool2d": Ways(ladder.average_pool2d_loops, None, ops.average_pool2d, "all places at once", _of_a_pool),
}


class Row(NamedTuple):
    """One rung. ``difference``: the largest one from the first rung that ran, divided by the largest magnitude there; ``seconds``: of the
    quickest of some runs; ``bytes``: the most memory that NumPy held at once for it, the result included. None: it did not run."""

    name: str
    difference: float | None
    seconds: float | None
    bytes: int | None


class Comparison:
    """What `compare` found: ``rows``, and ``notes``, sentences about what did not run. Its text is a table, in a notebook too."""

    def __init__(self, title: str, rows: list[Row], notes: list[str]):
        self.title, self.rows, self.notes = title, rows, notes

    def _cells(self) -> list[tuple[str, ...]]:
        texts = [tuple(_text(value, kind) for kind, value in row._asdict().items()) for row in self.rows]
        return [("way", "difference", "time", "memory"), *texts]

    def __str__(self) -> str:
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]).rstrip() for row in cells]
        return "\n".join([self.title, *lines, *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *rows = [[html.escape(cell) for cell in row] for row in self._cells()]
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        titles = "".join(f"<th>{cell}</th>" for cell in head)
        return f"<table><caption>{html.escape(self.title)}</caption><tr>{titles}</tr>{body}</table>{notes}"


def compare(op: str, *arrays: Any, limit: float = 10.0, **metadata: Any) -> Comparison:
    """Run every rung of the ladder for one op and put them side by side: loops, patches, the readable op, and its fast kernel.

        print(minidl.kernels.compare("conv2d", x, kernel, padding="same"))

    ``op``: "conv2d" with images (N, H, W, C) and a kernel (kh, kw, C, F); "max_pool2d" or "average_pool2d" with images. ``metadata``: the
    op's keywords. Loops that would take more than ``limit`` seconds do not run; a sentence says how long they would take.
    ValueError for an unknown op, and for whatever the op itself refuses."""
    ways = look_up(op, WAYS, "op with a ladder")
    limit = number("limit", limit, 0)
    given: Arrays = tuple(np.asarray(x.numpy() if isinstance(x, Tensor) else x) for x in arrays)
    metadata = {name: tuple(value) if isinstance(value, list) else value for name, value in metadata.items()}

    def run(*xs: np.ndarray, **keywords: Any) -> np.ndarray:
        result: np.ndarray = ways.op(*xs, **keywords).numpy()
        return result

    readable, fast = (_with_kernels(on, run) for on in (False, True))
    size = readable(*given, **metadata).size  # what the op refuses is refused here, in its words
    steps = size * ways.steps_per_number(*given, **metadata)
    rungs: list[tuple[str, Callable[..., np.ndarray]]] = [("loops", ways.loops)]
    notes = []
    if (would_take := steps * _seconds_a_step()) > limit:
        too_long = f"The loops would take {steps:,} steps and about {_long(would_take)}"
        notes.append(f"{too_long}; they did not run: give smaller arrays, or a higher limit.")
        rungs = []
    rungs += [("patches", ways.patches)] if ways.patches else []
    rungs += [(ways.how, readable), ("kernel", fast)]
    rows = [] if not notes else [Row("loops", None, None, None)]
    expected = None
    for name, function in rungs:
        y, seconds = _timed(function, given, metadata)
        expected = y if expected is None else expected
        rows.append(Row(name, _difference(y, expected), seconds, _peak(function, given, metadata)))
    if not _has_kernel(ways.op, given, metadata):
        notes.append("No kernel takes this case: the last row is the readable op again.")
    shapes = " and ".join(str(x.shape) for x in given)
    keywords = "".join(f", {name}={value!r}" for name, value in metadata.items())
    return Comparison(f"{op} of {shapes} {given[0].dtype}{keywords}", rows, notes)


def _with_kernels(on: bool, function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """``function``, with kernels on or off, wherever it is called."""

    def switched(*xs: np.ndarray, **keywords: Any) -> np.ndarray:
        with switch(kernels_on, on):
            return function(*xs, **keywords)

    return switched


def _has_kernel(op: Any, arrays: Arrays, metadata: dict[str, Any]) -> bool:
    kernel = op.kernels.get("numpy")
    return kernel is not None and kernel.forward(*arrays, **metadata)[0] is not NotImplemented


def _timed(function: Callable[..., np.ndarray], arrays: Arrays, metadata: dict[str, Any]) -> tuple[np.ndarray, float]:
    """The result, and the shortest of up to five runs that take half a second together."""
    seconds: list[float] = []
    while len(seconds) < 5 and sum(seconds) < 0.5:
        start = time.perf_counter()
        y = function(*arrays, **metadata)
        seconds.append(time.perf_counter() - start)
    return y, min(seconds)


def _peak(function: Callable[..., np.ndarray], arrays: Arrays, metadata: dict[str, Any]) -> int:
    """The most bytes that were allocated at once, what kernels keep for the next run included."""
    forget_scratch_everywhere()
    own = not tracemalloc.is_tracing()
    if own:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        function(*arrays, **metadata)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if own:
            tracemalloc.stop()


def _difference(y: np.ndarray, expected: np.ndarray) -> float:
    if not y.size:
        return 0.0
    exact, got = expected.astype(float), y.astype(float)
    return float(np.abs(got - exact).max() / (np.abs(exact).max() or 1.0))


def _seconds_a_step() -> float:
    """What one multiplication costs in Python's loops on this machine."""
    x, kernel = np.ones((1, 6, 6, 2), "float32"), np.ones((3, 3, 2, 4), "float32")
    start = time.perf_counter()
    y = ladder.conv2d_loops(x, kernel)
    return (time.perf_counter() - start) / (y.size * kernel[..., 0].size)


def _long(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _text(value: Any, kind: str) -> str:
    if kind == "name":
        return str(value)
    if value is None:
        return "–"
    if kind == "difference":
        return f"{value:.1e}" if value else "0"
    if kind == "bytes":
        return bytes_in_words(value)
    scale, unit = next(((s, u) for s, u in ((1, "s"), (1e-3, "ms")) if value >= s), (1e-6, "µs"))
    return f"{value / scale:.1f} {unit}"
