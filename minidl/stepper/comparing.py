"""Two tapes of the same computation, step by step: where do they begin to differ?"""
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minidl.backend import Array, to_numpy
from minidl.stepper.steps import Backward, Forward, Step, Update, step_name
from minidl.stepper.table import cut, padded, width

MOST_ROWS = 30


@dataclass(frozen=True)
class Difference:
    """How the steps at one position differ. ``value``: the largest |a − b|, None where there is nothing to subtract; ``relative``: that
    by the largest |a|, |b|."""

    position: int
    a: str
    b: str
    value: float | None
    relative: float | None
    text: str


@dataclass(frozen=True)
class Comparison:
    """What `compare` found. True if the tapes differ. ``first``: the position of the first step that differs, or None."""

    titles: tuple[str, str]
    counts: tuple[int, int]
    differences: tuple[Difference, ...]
    tape: Any = field(repr=False, default=None)  # the first

    def to_html(self, path: str | Path, arrays: bool = False) -> None:
        """Write the page of the first tape, with the steps that differ marked."""
        self.tape.to_html(path, arrays, self)

    @property
    def first(self) -> int | None:
        return self.differences[0].position if self.differences else None

    def __bool__(self) -> bool:
        return bool(self.differences)

    def __str__(self) -> str:
        names = self.titles if self.titles[0] != self.titles[1] else ("the first tape", "the second tape")
        if not self.differences:
            return f"{names[0]} and {names[1]} are equal in all {self.counts[0]} steps."
        first = self.differences[0]
        lines = [
            f"{names[0]}: {self.counts[0]} steps; {names[1]}: {self.counts[1]} steps; {len(self.differences)} differ.",
            f"They are equal up to step {first.position}, {first.a}: {first.text}.",
        ]
        rows = [["", "step", "difference", "relative", ""]]
        for d in self.differences[:MOST_ROWS]:
            what = d.a if d.a == d.b else f"{d.a} | {d.b}"
            rows.append([str(d.position), cut(what, 40), _figure(d.value), _figure(d.relative), cut(d.text, 60)])
        widths = [max(width(row[i]) for row in rows) for i in range(5)]
        lines += ["  ".join(padded(cell, w) for cell, w in zip(row, widths)).rstrip() for row in rows]
        if len(self.differences) > MOST_ROWS:
            lines.append(f"… and {len(self.differences) - MOST_ROWS} more")
        return "\n".join(lines)


def _figure(x: float | None) -> str:
    return "" if x is None else f"{x:.3g}"


def compare(a: Any, b: Any, rtol: float = 0.0) -> Comparison:
    """``a.compare(b)``: where two tapes differ."""
    found: Comparison = a.compare(b, rtol)
    return found


def compared(titles: tuple[str, str], a: Sequence[Step], b: Sequence[Step], rtol: float = 0.0, tape: Any = None) -> Comparison:
    """Step by step, in order. Numbers differ if |a − b| is above ``rtol`` times the largest of both; nan equals nan."""
    found = []
    for i in range(max(len(a), len(b))):
        left, right = (steps[i] if i < len(steps) else None for steps in (a, b))
        if (difference := _difference(i, left, right, rtol)) is not None:
            found.append(difference)
    return Comparison(titles, (len(a), len(b)), tuple(found), tape)


def named(step: Step | None) -> str:
    """ "backward tanh" """
    return "(no step)" if step is None else f"{step.phase} {step_name(step)}"


def _difference(i: int, a: Step | None, b: Step | None, rtol: float) -> Difference | None:
    if a is None or b is None or named(a) != named(b):
        return Difference(i, named(a), named(b), None, None, f"{named(a)} here, {named(b)} there")
    largest: tuple[float, float, str] | None = None
    for what, left, right in _pairs(a, b):
        if left is None or right is None:
            if left is not right:
                return Difference(i, named(a), named(b), None, None, f"{what} is there in one of them only")
            continue
        if left.shape != right.shape or left.dtype != right.dtype:
            text = f"{what} is {left.dtype} of shape {left.shape} here, {right.dtype} of shape {right.shape} there"
            return Difference(i, named(a), named(b), None, None, text)
        value, scale = _distance(to_numpy(left), to_numpy(right))
        if value > rtol * scale and (largest is None or value > largest[0]):
            largest = value, value / scale if scale else value, what
    if isinstance(a, Forward) and isinstance(b, Forward) and largest is None and _metadata(a) != _metadata(b):
        return Difference(i, named(a), named(b), None, None, "the keywords of the call differ")
    if largest is None:
        return None
    return Difference(i, named(a), named(b), largest[0], largest[1], f"{largest[2]} differs by {largest[0]:.3g}")


def _metadata(step: Forward) -> dict[str, str]:
    return {name: repr(value) for name, value in step.metadata.items() if not callable(value) and not isinstance(value, dict)}


def _pairs(a: Step, b: Step) -> list[tuple[str, Array | None, Array | None]]:
    if isinstance(a, Forward) and isinstance(b, Forward):
        inputs = [(f"input {k}", _held(x), _held(y)) for k, (x, y) in enumerate(zip(a.inputs, b.inputs))]
        return [*inputs, ("the result", a.output.array, b.output.array)]
    if isinstance(a, Backward) and isinstance(b, Backward):
        return [("g", a.g, b.g), *((f"dL/d(input {k})", x, y) for k, (x, y) in enumerate(zip(a.grads, b.grads)))]
    assert isinstance(a, Update) and isinstance(b, Update)
    return [("the parameter before", a.before, b.before), ("g", a.g, b.g), ("the parameter after", a.after.array, b.after.array)]


def _held(value: Any) -> Array | None:
    return None if value is None else value.array


def _distance(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """The largest |a − b|, infinite where only one is nan, and the largest of both."""
    if not a.size:
        return 0.0, 0.0
    wide_a, wide_b = a.astype(float), b.astype(float)
    with np.errstate(all="ignore"):
        away = np.abs(wide_a - wide_b)
        away = np.where((wide_a == wide_b) | (np.isnan(wide_a) & np.isnan(wide_b)), 0.0, np.where(np.isnan(away), np.inf, away))
        sizes = np.abs(np.concatenate([wide_a.ravel(), wide_b.ravel()]))
        scale = sizes[np.isfinite(sizes)].max(initial=0.0)
    return float(away.max()), float(scale)
