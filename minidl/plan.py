"""What training will cost, before it starts: operations, memory and time.

Operations and the sizes of activations follow from the shapes. Time and memory are measured, for about a second, with a copy of the model
that takes a few training steps on small batches; both grow with the batch along a straight line, which is drawn on to the batch size asked
for. The model itself does nothing, and no random numbers are used up."""
import copy
import math
import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minidl.backend import owner
from minidl.callbacks import Callback
from minidl.checks import whole
from minidl.durations import in_words
from minidl.kernels.numpy.threads import forget_scratch_everywhere
from minidl.layers import Conv2D, Dense
from minidl.random_numbers import random_numbers_apart
from minidl.sizes import bytes_in_words
from minidl.symbolic import Call, Symbol, flat, map_structure
from minidl.tensor import Tensor

# Together this is about a second, on a machine that has nothing else to do.
LONGEST_TIMED, FEWEST, MOST = 0.1, 3, 12  # time: no step longer than this, and so many steps with each batch size
LONGEST_STEP = 0.25  # memory: one step with each batch size


class PlanRow(NamedTuple):
    """A layer. ``flops``: additions and multiplications of its matrix products in one training step, forward and backward (0: it has
    none; None: it has weights, and nothing is known about its products). ``activation_bytes``: its output for one batch."""

    layer: str
    flops: int | None
    parameters: int
    activation_bytes: int


@dataclass(frozen=True)
class Plan:
    """What `model.plan` found; its text is a table. Bytes: ``peak_bytes`` is the most that arrays take at once while ``fit`` runs, without
    the data set: weights, gradients, the optimiser's state, activations, and what kernels need for a moment. Times are None where
    ``samples`` is not known."""

    rows: list[PlanRow]
    batch_size: int
    epochs: int
    samples: int | None
    seconds_per_step: float
    peak_bytes: int
    measured: tuple[int, ...]  # the batch sizes of the measurement

    @property
    def steps_per_epoch(self) -> int | None:
        return None if self.samples is None else -(-self.samples // self.batch_size)

    @property
    def seconds_per_epoch(self) -> float | None:
        """Of training alone, without validation. A last, smaller batch counts for what it holds."""
        return None if self.samples is None else self.seconds_per_step * self.samples / self.batch_size

    @property
    def seconds(self) -> float | None:
        """Of all epochs."""
        return None if self.seconds_per_epoch is None else self.epochs * self.seconds_per_epoch

    def __str__(self) -> str:
        cells = [("layer", "operations a step", "parameters", "activations")]
        cells += [(row.layer, _count(row.flops), f"{row.parameters:,}", bytes_in_words(row.activation_bytes)) for row in self.rows]
        known = [row.flops for row in self.rows if row.flops is not None]
        total = sum(row.activation_bytes for row in self.rows)
        cells.append(("together", _count(sum(known)), f"{sum(row.parameters for row in self.rows):,}", bytes_in_words(total)))
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]) for row in cells]
        lines.insert(-1, "-" * len(lines[0]))
        return "\n".join([*lines, self.sentence()])

    __repr__ = __str__

    def sentence(self) -> str:
        """Time and memory in words."""
        cost = f"{in_words(self.seconds_per_step)} and {bytes_in_words(self.peak_bytes)}"
        text = f"A step with a batch of {self.batch_size} takes about {cost}"
        if self.seconds_per_epoch is not None and self.seconds is not None:
            text += f"; an epoch of {self.samples:,} samples about {in_words(self.seconds_per_epoch)}"
            text += f", {self.epochs} of them {in_words(self.seconds)}" if self.epochs > 1 else ""
        return f"{text}."


def make_plan(model: Any, batch_size: int, epochs: int = 1, samples: int | None = None) -> Plan:
    """See `Model.plan`."""
    batch_size, epochs = whole("batch_size", batch_size), whole("epochs", epochs, 0)
    samples = None if samples is None else whole("samples", samples)
    if not getattr(model, "calls", None) or not model.inputs:
        raise ValueError("a plan needs shapes: a Model(inputs, outputs), or a Sequential that has an Input or was called on data")
    home = owner(*(w.data for w in model.each_weight())).name
    if home != "numpy":
        raise ValueError(f"a plan is measured on NumPy, and this model is on {home}: plan before model.to({home!r})")
    rows = list(rows_of(model, batch_size))
    seconds, peaks = _measure(model, batch_size)
    step, peak = _on_a_line(seconds, batch_size), round(_on_a_line(peaks, batch_size))
    return Plan(rows, batch_size, epochs, samples, step, peak, tuple(n for n, _ in seconds))


# ---------------------------------------------------------------- operations, from the shapes


def rows_of(model: Any, batch_size: int) -> Iterator[PlanRow]:
    """A row for each use of a layer."""
    counted: set[Any] = set()
    trained: set[Symbol] = set()  # what depends on a weight: its gradient is wanted
    for call in model.calls:
        if not call.inputs:
            continue
        weights = [w for w in call.layer.weights if id(w) not in counted]
        counted |= {id(w) for w in weights}
        inputs = list(flat(call.inputs))
        before = any(symbol in trained for symbol in inputs)
        if before or call.layer.trainable_variables:
            trained |= set(call.outputs)
        numbers = _numbers(call)
        size = call.layer.weights[0].dtype.itemsize if call.layer.weights else 4
        flops = flops_of(call, before)
        yield PlanRow(
            call.layer.name, None if flops is None else flops * batch_size, sum(w.size for w in weights), numbers * batch_size * size
        )


def flops_of(call: Call, before: bool) -> int | None:
    """Of the products of one example, forward and backward; ``before``: whether the gradient of the input is wanted too."""
    layer = call.layer
    if hasattr(layer, "calls"):  # a model in the model
        inner = [flops_of(one, before or i > 0) for i, one in enumerate(c for c in layer.calls if c.inputs)]
        return None if None in inner else sum(n for n in inner if n is not None)
    if not isinstance(layer, (Conv2D, Dense)):
        return 0 if not any(w.ndim > 1 for w in layer.weights) else None
    times = 1 + bool(layer.trainable_variables) + before
    return int(2 * _numbers(call) * math.prod(layer.kernel.shape[:-1]) * times)


def _numbers(call: Call) -> int:
    """Of the outputs, for one example; an axis of unknown length counts as 1."""
    return sum(math.prod(n or 1 for n in symbol.shape[1:]) for symbol in call.outputs)


# ---------------------------------------------------------------- time and memory, measured


class _Clock(Callback):
    """When each step ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.ends.append(time.perf_counter())


class _Twin:
    """A copy of a model that can be trained for nothing, on random inputs and on labels that its losses take."""

    def __init__(self, model: Any):
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 1000 + 50 * len(model.calls)))  # a copy goes from layer to layer
        try:
            self.model = copy.deepcopy(model)
        except TypeError as error:  # from pickle
            raise TypeError(f"a plan is measured with a copy of the model, and this one cannot be copied: {error}") from error
        finally:
            sys.setrecursionlimit(limit)
        self.model.optimizer.learning_rate = 0.0  # so that nothing can diverge

    def data(self, examples: int) -> tuple[Any, Any]:
        """Inputs and labels."""
        rng = np.random.default_rng(0)
        x = map_structure(lambda symbol: rng.random((examples, *symbol.shape[1:]), "float32"), self.model.input_structure)
        outputs = flat(self.model.predict_on_batch(map_structure(lambda a: a[:1], x)))
        of_each = zip(self.model.objective.losses, self.model.objective.metrics, outputs)
        labels = [_labels(loss, metrics, np.repeat(y, examples, axis=0)) for loss, metrics, y in of_each]
        return x, labels if len(labels) > 1 else labels[0]

    def steps(self, *batches: tuple[Any, Any]) -> list[float]:
        """The seconds of each step of ``fit`` with these batches, after the first one."""
        clock = _Clock()
        self.model.fit(list(batches), verbose=0, callbacks=[clock])
        return [b - a for a, b in pairwise(clock.ends)]


def _labels(loss: Any, metrics: list[Any], y: np.ndarray) -> np.ndarray:
    """What a loss and metrics take for outputs like ``y``: the same numbers, a 1 among zeros, or classes. ValueError if none of these."""
    y = np.nan_to_num(y)
    first = np.zeros_like(y)
    first[..., 0] = 1
    refused: Exception | None = None
    for made in (y, first, np.zeros(len(y), "int64")):
        try:
            if loss is not None:
                loss(made, y)
            for metric in metrics:
                metric.update_state(made, Tensor(y))
        except (ValueError, TypeError) as error:
            refused = refused or error
        else:
            return made
    raise ValueError(f"no labels could be made up for the plan that the loss and the metrics take: {refused}")


def _measure(model: Any, batch_size: int) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """(batch size, seconds of a step) and (batch size, most bytes at once), each for a smaller and a larger batch, or for one alone if a
    step with a single example takes long. The larger one is about three quarters of what was asked for, or as large as the time allows:
    the farther a line is drawn on, the less it can be trusted."""
    most = max(3, 3 * batch_size // 4)
    with random_numbers_apart():
        twin = _Twin(model)
        large = _affordable(twin, most, LONGEST_TIMED)
        seconds = _seconds(twin, sorted({max(1, large // 4), large}))
        large = min(most, max(1, int(large * LONGEST_STEP / seconds[-1][1])))
        return seconds, _peaks(model, sorted({max(1, large // 2), large}))


def _affordable(twin: _Twin, most: int, limit: float) -> int:
    """The largest batch size, up to ``most``, for which a step takes no more than ``limit`` seconds; at least 1."""
    size, before = 1, (0, 0.0)
    while True:
        batch = twin.data(size)
        (took,) = twin.steps(batch, batch)
        if took > limit:
            smaller, less = before
            return max(1, smaller + int((size - smaller) * max(0.0, limit - less) / (took - less)))
        if size == most:
            return size
        before, size = (size, took), min(most, 4 * size)


def _seconds(twin: _Twin, sizes: list[int]) -> list[tuple[int, float]]:
    """The median time of a step with each batch size; in turns, so that what slows the machine for a while slows all."""
    data = [twin.data(n) for n in sizes]
    first = sum(twin.steps(*data, *data)[-len(sizes) :])
    steps = min(MOST, max(FEWEST, int(FEWEST * LONGEST_TIMED / first)))
    times = twin.steps(*(steps + 1) * data)[len(sizes) - 1 :]
    return [(n, statistics.median(times[i :: len(sizes)])) for i, n in enumerate(sizes)]


def _peaks(model: Any, sizes: list[int]) -> list[tuple[int, float]]:
    """The most bytes at once in a step with each batch size."""
    other = _Twin(model)
    first, data = other.data(1), [other.data(n) for n in sizes]
    own = not tracemalloc.is_tracing()
    if own:
        tracemalloc.start()
    try:
        forget_scratch_everywhere()
        before = tracemalloc.get_traced_memory()[0]
        twin, found = _Twin(model), []
        twin.steps(first)  # this makes the optimiser's state
        for n, batch in zip(sizes, data):
            tracemalloc.reset_peak()
            twin.steps(batch)
            found.append((n, float(tracemalloc.get_traced_memory()[1] - before)))
        return found
    finally:
        if own:
            tracemalloc.stop()


def _on_a_line(points: list[tuple[int, float]], n: int) -> float:
    """The value at ``n`` of the line through two points, or through one and 0; never below what the larger one has already."""
    (large, most), (small, least) = points[-1], points[0] if len(points) > 1 else (0, 0.0)
    slope = (most - least) / (large - small)
    return most + max(slope, 0.0) * (n - large)


def _count(n: int | None) -> str:
    """Operations with a unit in which the number is handy."""
    if n is None:
        return "?"
    scale, unit = next(((s, u) for s, u in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")) if n >= s), (1, ""))
    return f"{n / scale:.3g}{unit}"
