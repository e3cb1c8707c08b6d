"""A tape as a table of plain text."""
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from minidl.backend import Array, to_numpy
from minidl.stepper.arrays import statistics, text
from minidl.stepper.labels import Labels
from minidl.stepper.sources import file_names, line_text
from minidl.stepper.steps import Forward, Step, Update, step_name

MOST_ROWS = 60  # of a longer tape, the head and the tail
FEW = 4  # entries that are written out
WIDEST = {"op": 24, "shapes": 34, "values": 40, "line": 60}


def table(title: str, notes: list[str], steps: Sequence[Step], most: int = MOST_ROWS) -> str:
    """One row for each step: its number, phase, op, shapes, values (or statistics), and the learner's line."""
    head, tail = (len(steps), 0) if len(steps) <= most else (most * 2 // 3, most - most * 2 // 3)
    files, labels = file_names(step.line for step in steps if step.line), Labels()
    written = [(i, steps[i]) for i in [*range(head), *range(len(steps) - tail, len(steps))]]
    rows = [["", "phase", "op", "shapes", "values", "line"], *(_row(i, step, labels, files) for i, step in written)]
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(padded(cell, w) for cell, w in zip(row, widths)).rstrip() for row in rows]
    if tail:
        lines.insert(1 + head, f"… {len(steps) - head - tail} steps are left out here: they are in tape.steps …")
    counts = [f"{sum(step.phase == phase for step in steps)} {phase}" for phase in ("forward", "backward", "update")]
    return "\n".join([f"{title}: {len(steps)} steps ({', '.join(counts)})", *notes, *(lines if steps else [])])


def _row(i: int, step: Step, labels: Labels, files: dict[str, str]) -> list[str]:
    if isinstance(step, Update):
        shapes, values = shape(step.before), f"{labels.of(step.parameter)}: {brief(step.before)} → {brief(step.after.array)}"
    elif isinstance(step, Forward):
        used = [shape(value.array) for value in step.inputs if value is not None and value.kind != "number"]
        shapes = f"{', '.join(used) or 'numbers'} → {shape(step.output.array)}"
        values = f"{labels.of(step.output)} = {brief(step.output.array)}"
    else:
        wanted = [(value, own) for value, own in zip(step.inputs, step.grads) if value is not None and own is not None]
        shapes = f"{shape(step.g)} → {', '.join(shape(own) for _, own in wanted) or 'none'}"
        values = ", ".join(f"dL/d{_symbol(labels.of(value))} += {brief(own)}" for value, own in wanted)
    where = f"{files[step.line[0]]}:{step.line[1]}  {line_text(step.line)}" if step.line else ""
    cells = {"op": step_name(step), "shapes": shapes, "values": values, "line": where}
    return [str(i), step.phase, *(cut(cell, WIDEST[name]) for name, cell in cells.items())]


def _symbol(label: str) -> str:
    return f"({label})" if " " in label or "/" in label else label


def shape(array: Array) -> str:
    """ "()" for a number, "32×64" for a matrix."""
    return "×".join(map(str, array.shape)) or "()"


def brief(array: Array) -> str:
    """The numbers of a small array, else their range."""
    if array.size == 0:
        return "nothing"
    if array.size <= FEW:
        array = to_numpy(array)
        whole = np.array2string(array, separator=" ", formatter={"all": text}).replace("\n", "")
        return whole if array.ndim else text(array)
    found = statistics(to_numpy(array)) or {}
    strange = "".join(f", {found[name]} {name}" for name in ("nan", "inf") if found[name])
    if found["min"] is None:
        return f"no finite number{strange}"
    dtype = array.dtype
    return f"{text(found['min'], dtype, 3)} … {text(found['max'], dtype, 3)}, mean {text(found['mean'], _float(dtype), 3)}{strange}"


def _float(dtype: Any) -> Any:
    return dtype if dtype.kind == "f" else np.dtype(float)


# ---------------------------------------------------------------- widths, as a terminal shows them


def width(line: str) -> int:
    """The columns that ``line`` takes: two for East Asian wide characters, none for combining ones and those that do not print."""
    return sum(_width(c) for c in line)


def _width(c: str) -> int:
    if unicodedata.category(c) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def padded(line: str, columns: int) -> str:
    return line + " " * (columns - width(line))


def cut(line: str, columns: int) -> str:
    """``line`` in at most so many columns, without control characters; "…" where something is missing."""
    line = "".join(c for c in line.replace("\t", " ") if unicodedata.category(c) != "Cc")
    if width(line) <= columns:
        return line
    taken, kept = 0, ""
    for c in line:
        taken += _width(c)
        if taken > columns - 1:
            break
        kept += c
    return kept + "…"
