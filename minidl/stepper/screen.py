"""One step as lines of text, for a terminal: the maths with its numbers, the learner's line, the rule."""
from typing import NamedTuple

import numpy as np

from minidl.backend import Array, to_numpy
from minidl.stepper import chain, sources
from minidl.stepper.arrays import MOST_VALUES, text
from minidl.stepper.labels import Labels
from minidl.stepper.quiz import asked_for
from minidl.stepper.steps import Backward, Forward, Group, Step, Update, Value, step_name
from minidl.stepper.table import brief, cut, padded, shape, width
from minidl.tensor import Composite

MOST_MATRIX_ROWS = 5  # of an array that is written out
GAP = 3  # columns between arrays


class Line(NamedTuple):
    """A line, and what kind it is: "", "head", "maths", "code", "dim", "note" or a phase."""

    text: str
    style: str = ""


def step_lines(step: Step, labels: Labels, columns: int, hidden: bool = False) -> list[Line]:
    """The whole text of a step in lines of at most ``columns``. ``hidden``: the gradients, for those who predict them."""
    if isinstance(step, Update):
        body = _update(step, labels, columns)
    elif isinstance(step, Forward):
        body = _forward(step, labels, columns)
    else:
        body = _backward(step, labels, columns, hidden)
    return [Line(cut(line.text, columns), line.style) for line in [*_heading(step), *body]]


def _heading(step: Step) -> list[Line]:
    path, group = [], step.group
    while isinstance(group, Group):
        path.append(group.name)
        group = group.parent
    lines = [Line(f"{step.phase} {step_name(step)}{'   in ' + ' / '.join(reversed(path)) if path else ''}", step.phase)]
    if step.line:
        file = sources.file_names([step.line])[step.line[0]]
        lines.append(Line(f"  {file}:{step.line[1]}   {sources.line_text(step.line)}", "code"))
    if not isinstance(step, Update) and isinstance(step.op, Composite):
        lines.append(Line(f"  {'a kernel did all of it at once' if step.kernel else 'a composite'}; Enter opens what it stands for", "dim"))
    return [*lines, Line("")]


def _forward(step: Forward, labels: Labels, columns: int) -> list[Line]:
    lines = [Line(f"  {chain.says(step)}", "maths")]
    if numbers := chain.forward_numbers(step):
        lines.append(Line(f"  {numbers}", "maths"))
    if step.metadata:
        lines.append(Line(f"  with {sources.metadata_text(step.metadata)}", "dim"))
    result = array_lines(f"result, {labels.of(step.output)}", step.output.array, columns)
    return [*lines, Line(""), *beside([*_inputs(step, labels, columns), result], columns), *_source("the op", step.op.function)]


def _inputs(step: Forward | Backward, labels: Labels, columns: int) -> list[list[Line]]:
    named = [(sources.input_name(step.op, i), value) for i, value in enumerate(step.inputs) if value is not None]
    return [array_lines(_is(name, value, labels), value.array, columns) for name, value in named]


def _backward(step: Backward, labels: Labels, columns: int, hidden: bool) -> list[Line]:
    asked = asked_for(step) if hidden else None
    lines = [Line("upstream × local = downstream", "head")]
    for row in chain.chain(step):
        name = sources.input_name(step.op, row["input"])
        numbers = f"      dL/d{name}:  {row['text']}" if row["text"] and not hidden else ""
        lines.append(Line(f"  {row['local']}{numbers}", "maths"))
    gradients = [array_lines("dL/dy, upstream", step.g, columns)]
    for i, own in enumerate(step.grads):
        name, total = sources.input_name(step.op, i), step.totals[i]
        if own is None or total is None:
            continue
        if hidden:
            gradients.append([Line(f"dL/d{name} = ?{f'   ← type it: shape {shape(own)}' if i == asked else ''}", "head")])
            continue
        gradients.append(array_lines(f"dL/d{name}, downstream", own, columns))
        if total is not own and not np.array_equal(to_numpy(total), to_numpy(own), equal_nan=True):
            gradients.append(array_lines(f"dL/d{name} in all so far", total, columns))
    values = [array_lines(_is("y", step.output, labels), step.output.array, columns), *_inputs(step, labels, columns)]
    lines += [Line(""), *beside(gradients, columns), Line(""), *beside(values, columns)]
    rule = step.op.rule if step.op.rule is not None else step.op.function
    return [*lines, *_source("the rule" if step.op.rule else "the body is differentiated", rule)]


def _is(name: str, value: Value, labels: Labels) -> str:
    return name if value.kind == "number" or labels.of(value) == name else f"{name} is {labels.of(value)}"


def _update(step: Update, labels: Labels, columns: int) -> list[Line]:
    lines = [Line(f"  {chain.says(step)}", "maths")]
    if numbers := chain.update_numbers(step):
        lines.append(Line(f"  {numbers}", "maths"))
    if step.learning_rate is not None:
        lines.append(Line(f"  learning rate η = {step.learning_rate:g}, update t = {step.count}", "dim"))
    arrays = {f"w is {labels.of(step.parameter)}, before": step.before, "g": step.g, **{f"state {k}": v for k, v in step.state.items()}}
    rows = [*arrays.items(), ("change", step.change), ("w, after", step.after.array)]
    lines += [Line(""), *beside([array_lines(label, array, columns) for label, array in rows if array is not None], columns)]
    return lines if step.optimizer is None else [*lines, *_source("the update rule", type(step.optimizer).update)]


def array_lines(label: str, array: Array, columns: int) -> list[Line]:
    """``label = numbers`` of a small array, on several lines if it is a matrix; shape and range of a large one."""
    if array.size > MOST_VALUES or array.ndim > 2 or not array.size:
        return [Line(f"{label}: {shape(array)} {array.dtype}, {brief(array)}")]
    array = to_numpy(array)
    if array.ndim == 0:
        return [Line(f"{label} = {text(array)}")]
    rows = array if array.ndim == 2 else array[None, :]
    cells = [[text(x) for x in row] for row in rows[:MOST_MATRIX_ROWS]]
    widest = max((width(cell) for row in cells for cell in row), default=0) if len(cells) > 1 else 0
    lines = [Line("  [" + " ".join(padded("", widest - width(cell)) + cell for cell in row) + "]") for row in cells]
    if len(lines) == 1 and len(label) + 3 + len(lines[0].text) < columns:
        return [Line(f"{label} = {lines[0].text.strip()}")]
    more = [Line(f"  … {len(rows)} rows")] if len(rows) > MOST_MATRIX_ROWS else []
    return [Line(f"{label}: {shape(array)} {array.dtype}"), *lines, *more]


def beside(blocks: list[list[Line]], columns: int) -> list[Line]:
    """The blocks beside each other where they fit, else below."""
    rows: list[list[list[Line]]] = []
    for block in blocks:
        taken = sum(_wide(other) + GAP for other in rows[-1]) if rows else 0
        if rows and taken + _wide(block) <= columns and (len(block) == 1) == (len(rows[-1][0]) == 1):
            rows[-1].append(block)
        else:
            rows.append([block])
    lines = []
    for row in rows:
        for i in range(max(len(block) for block in row)):
            cells = [padded(block[i].text if i < len(block) else "", _wide(block) + GAP) for block in row]
            lines.append(Line("".join(cells).rstrip(), row[0][0].style))
    return lines


def _wide(block: list[Line]) -> int:
    return max(width(line.text) for line in block)


def _source(title: str, function: object) -> list[Line]:
    code = sources.source(function)
    if code is None:
        return []
    file, number = sources.place(function)
    where = f", {file}:{number}" if file else ""
    return [Line(""), Line(f"{title}{where}", "head"), *(Line(f"  {row}", "code") for row in code.splitlines())]
