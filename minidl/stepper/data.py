"""A tape as plain data, for the page: lists, dictionaries, numbers and texts, as JSON has them."""
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from minidl.backend import Array, to_numpy
from minidl.stepper import chain, sources
from minidl.stepper.again import Bodies
from minidl.stepper.arrays import Number, array_data, number
from minidl.stepper.comparing import Comparison
from minidl.stepper.labels import Labels
from minidl.stepper.steps import Backward, Forward, Group, Line, Step, Update, Value, step_name
from minidl.stepper.window_data import window_data
from minidl.tensor import Op

MOST_STEPS = 2000  # on a page
MOST_DETAILED = 500  # steps whose arrays are drawn and whose bodies and windows open,
MOST_CHARACTERS = 3_000_000  # as long as there are not more than this of them


class Writer:
    """Gives every value, group, rule and line its place, while the steps are written; ``data`` is the result. Of more than ``most`` steps
    the first and the last are written; without bodies, windows and pictures from where they would be too much."""

    def __init__(
        self, title: str, notes: list[str], steps: list[Step], comparison: Comparison | None = None, most: int = MOST_STEPS
    ) -> None:
        everything = steps
        if len(steps) > most:
            half = most // 2
            left_out = f"{len(steps) - 2 * half} steps in the middle are left out: here are the first {half} and the last {half}."
            notes, steps = [*notes, left_out], [*steps[:half], *steps[-half:]]
        self.steps = steps
        self.tensors: list[dict[str, Any]] = []
        self.values: dict[Value, int] = {}
        self.groups: dict[Group, int] = {}
        self.rules: dict[str, dict[str, Any]] = {}
        self.rule_names: dict[Any, str] = {}
        self.lines = {step.line for step in steps if step.line}
        self.files = sources.file_names(sorted(self.lines))
        self.positions = {step: i for i, step in enumerate(steps)}
        self.labels, self.bodies = Labels(), Bodies(most=len(steps) + 1)
        self.last = last_uses(everything)
        self.detailed = len(steps) <= MOST_DETAILED
        written, characters = [], 0
        for i, step in enumerate(steps):
            written.append(self.step(step))
            characters += len(json.dumps(written[-1])) if self.detailed else 0
            if self.detailed and characters > MOST_CHARACTERS and i + 1 < len(steps):
                self.detailed = False
                notes = [*notes, f"From step {i + 1} on, arrays are not drawn and layers do not open: it would be too much for a page."]
        self.data = {
            "format": 1, "title": title, "notes": notes, "tensors": self.tensors,
            "groups": [{"name": g.name, "kind": g.kind, "parent": self.group(g.parent)} for g in list(self.groups)],
            "steps": written, "rules": self.rules, "lines": self._lines(), "differs": None,
        }  # fmt: skip
        for difference in comparison.differences if comparison else ():
            position = self.positions.get(everything[difference.position]) if difference.position < len(everything) else None
            if position is not None:
                measured = {"value": _plain(difference.value), "relative": _plain(difference.relative), "text": difference.text}
                written[position]["difference"] = measured
                self.data["differs"] = position if self.data["differs"] is None else self.data["differs"]
        if comparison:
            self.data["notes"] = [*notes, *str(comparison).splitlines()[:2]]

    def full_arrays(self) -> dict[str, np.ndarray]:
        """Every array of the tape by its place: "tensor_3", "step_5_g", "step_5_grad_0", "step_9_after"."""
        arrays: dict[str, Any] = {f"tensor_{i}": value.array for value, i in self.values.items()}
        for i, step in enumerate(self.steps):
            if isinstance(step, Backward):
                arrays[f"step_{i}_g"] = step.g
                arrays |= {f"step_{i}_grad_{k}": own for k, own in enumerate(step.grads)}
                arrays |= {f"step_{i}_total_{k}": total for k, total in enumerate(step.totals)}
            elif isinstance(step, Update):
                arrays |= {f"step_{i}_before": step.before, f"step_{i}_g": step.g, f"step_{i}_after": step.after.array}
                arrays |= {f"step_{i}_state_{name}": array for name, array in step.state.items()}
        return {name: to_numpy(array) for name, array in arrays.items() if array is not None}

    # ---------------------------------------------------------------- what steps refer to

    def array(self, array: Array, like: Value | None = None) -> dict[str, Any]:
        return array_data(array, kernel=like is not None and like.kind == "parameter", drawn=self.detailed)

    def optional(self, array: Array | None, like: Value | None = None) -> dict[str, Any] | None:
        return None if array is None else self.array(array, like)

    def tensor(self, value: Value) -> int:
        if value not in self.values:
            place = self.values[value] = len(self.tensors)
            self.tensors.append({})  # its place, while what it refers to is written
            self.tensors[place] = {
                "name": value.name, "label": self.labels.of(value), "kind": value.kind, "made_by": self.maker(value),
                "group": self.group(value.group), "value": self.array(value.array, value),
            }  # fmt: skip
            if value.again:
                self.tensors[place]["again"] = True
        return self.values[value]

    def maker(self, value: Value) -> int | None:
        return None if value.maker is None else self.positions.get(value.maker)

    def group(self, group: Group | None) -> int | None:
        if group is None:
            return None
        if group not in self.groups:
            self.group(group.parent)
            self.groups[group] = len(self.groups)
        return self.groups[group]

    def line(self, line: Line | None) -> list[Any] | None:
        return None if line is None else [self.files.get(line[0], line[0]), line[1]]

    def rule(self, owner: Any, name: str, entry: dict[str, Any]) -> str:
        if owner not in self.rule_names:
            same = sum(known.split(" (")[0] == name for known in self.rules)
            self.rule_names[owner] = f"{name} ({same + 1})" if same else name
            self.rules[self.rule_names[owner]] = entry
        return self.rule_names[owner]

    def op(self, op: Op) -> str:
        return self.rule_names.get(op) or self.rule(op, op.name, rule_data(op))

    def _lines(self) -> dict[str, dict[str, str]]:
        by_file: dict[str, list[int]] = {}
        for file, line in sorted(self.lines):
            by_file.setdefault(file, []).append(line)
        return {self.files[file]: sources.around(file, numbers) for file, numbers in by_file.items()}

    # ---------------------------------------------------------------- steps

    def step(self, step: Step) -> dict[str, Any]:
        return self.update(step) if isinstance(step, Update) else self.forward(step) if isinstance(step, Forward) else self.backward(step)

    def forward(self, step: Forward) -> dict[str, Any]:
        inputs = [(sources.input_name(step.op, i), value) for i, value in enumerate(step.inputs) if value is not None]
        inner = self.bodies.forward(step) if self.detailed else ()
        written: dict[str, Any] = {
            "phase": "forward", "op": self.op(step.op), "inputs": [self.tensor(value) for _, value in inputs],
            "input_names": [name for name, _ in inputs], "output": self.tensor(step.output),
            "metadata": sources.metadata_text(step.metadata), "group": self.group(step.group), "line": self.line(step.line),
            "kernel": step.kernel, "says": chain.says(step), "numbers": chain.forward_numbers(step),
        }  # fmt: skip
        written["body"] = self.inner(inner) or None
        written["window"] = window_data(step, self.bodies) if self.detailed else None
        return written

    def inner(self, steps: Iterable[Forward | Backward]) -> list[dict[str, Any]]:
        steps = list(steps)
        before, self.last = self.last, {**self.last, **last_uses(steps)}
        written = [self.forward(step) if isinstance(step, Forward) else self.backward(step, opened=False) for step in steps]
        self.last = before
        return written

    def backward(self, step: Backward, opened: bool = True) -> dict[str, Any]:
        kept = [(i, value) for i, value in enumerate(step.inputs) if value is not None]
        renumbered = {i: k for k, (i, _) in enumerate(kept)}
        inner = self.bodies.backward(step) if opened and self.detailed else ()
        return {
            "phase": "backward", "op": self.op(step.op), "forward": self.positions.get(step.forward) if step.forward else None,
            "walk": step.walk, "output": self.tensor(step.output), "inputs": [self.tensor(value) for _, value in kept],
            "group": self.group(step.group), "line": self.line(step.line), "kernel": step.kernel, "says": chain.says(step),
            "g": self.array(step.g), "grads": [self.optional(step.grads[i], value) for i, value in kept],
            "totals": [self.optional(step.totals[i], value) for i, value in kept],
            "complete": [complete(self.last, step, i) for i, _ in kept],
            "chain": [{**row, "input": renumbered[row["input"]]} for row in chain.chain(step)],
            "body": self.inner(inner) or None,
            "window": window_data(step, self.bodies, self.positions.get(step.forward) if step.forward else None) if self.detailed else None,
        }  # fmt: skip

    def update(self, step: Update) -> dict[str, Any]:
        name = step_name(step)
        if step.optimizer is not None:
            entry = rule_entry(type(step.optimizer), type(step.optimizer).__doc__, type(step.optimizer).update, None)
            name = self.rule(type(step.optimizer), name, entry)
        rate = None if step.learning_rate is None else number(step.learning_rate, to_numpy(step.before).dtype)
        return {
            "phase": "update", "op": name, "parameter": self.tensor(step.parameter), "result": self.tensor(step.after),
            "before": self.array(step.before, step.parameter), "g": self.optional(step.g, step.parameter),
            "after": self.array(step.after.array, step.parameter), "change": self.array(step.change, step.parameter),
            "says": chain.says(step), "numbers": chain.update_numbers(step), "line": self.line(step.line), "group": self.group(step.group),
            "learning_rate": rate, "count": step.count, "state": {key: self.array(a, step.parameter) for key, a in step.state.items()},
        }  # fmt: skip


def _plain(x: float | None) -> Number:
    return None if x is None else number(x, np.dtype(float))


def last_uses(steps: Iterable[Step]) -> dict[tuple[int, Value], Step]:
    """For each walk and value, the last step that adds to the value's gradient."""
    return {
        (step.walk, value): step
        for step in steps if isinstance(step, Backward)
        for value, own in zip(step.inputs, step.grads) if value is not None and own is not None
    }  # fmt: skip


def complete(last: dict[tuple[int, Value], Step], step: Backward, i: int) -> bool:
    """Whether nothing is added to the gradient of the i-th input after this step."""
    value = step.inputs[i]
    return value is not None and last.get((step.walk, value), step) is step


def rule_entry(owner: Any, doc: str | None, forward: Any, rule: Any) -> dict[str, Any]:
    file, line = sources.place(forward)
    return {
        "doc": "\n".join(row.strip() for row in (doc or "").strip().splitlines()),
        "forward": sources.source(forward) or f"(the source of {owner!r} is not to be found)",
        "rule": None if rule is None else sources.source(rule), "file": file, "line": line,
    }  # fmt: skip


def rule_data(op: Op) -> dict[str, Any]:
    """An op's docstring, its source and that of its rule, and where they stand."""
    entry = rule_entry(op, op.__doc__, op.function, op.rule)
    formulas = sources.maths(op)[1]
    return entry | ({"formula": ", ".join(f"dL/d{name} = {formula}" for name, formula in formulas.items())} if formulas else {})

