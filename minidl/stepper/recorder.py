"""What one recording knows while it runs: it keeps references, takes copies of what may change in place, and computes nothing."""
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

import numpy as np

from minidl import autograd, backend
from minidl.backend import Array
from minidl.conversion import plain
from minidl.stepper.steps import Backward, Forward, Group, Line, Step, Update, Value
from minidl.switches import kernels_on, switch
from minidl.tensor import Composite, Node, Op, Tensor

LARGEST_COPY = 1 << 24  # bytes; larger inputs are kept as they are
STEP_BYTES = 2000  # about what the record of a step takes, without its arrays
_PASSED = (*(os.path.dirname(file) + os.sep for file in (backend.__file__, np.__file__)), contextlib.__file__, "<__array_function__")

current: "ContextVar[Recorder | None]" = ContextVar("current_recorder", default=None)
group: ContextVar[Group | None] = ContextVar("group", default=None)
_walking: ContextVar[bool] = ContextVar("walking", default=False)


def is_learners(file: str) -> bool:
    """Whether code in this file is the learner's: not minidl's, NumPy's, or Python's own way of running a script."""
    return not file.startswith((*_PASSED, "<frozen"))


def learners_frame() -> FrameType:
    """The innermost call that was not made by minidl, by NumPy, or by Python's decorators."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_PASSED):
        frame = frame.f_back
    return frame


def _line(frame: FrameType) -> Line:
    return frame.f_code.co_filename, frame.f_lineno


class Recorder:
    """``max_bytes``: how much is kept. ``deep``, for display: composites become one step each, with the steps of their body in it, and all
    belongs to the learner's ``line``."""

    def __init__(self, max_bytes: float, deep: bool = False, line: Line | None = None):
        self.steps: list[Step] = []
        self.bytes, self.max_bytes, self.deep, self.line = 0, max_bytes, deep, line
        self.full_at: Line | None = None  # where the recording had to stop
        self.walks = 0
        self.values: dict[int, Value] = {}  # the latest of each Tensor and array, by id; the values keep them alive
        self.parameters: dict[int, Tensor] = {}
        self.by_hand: Group | None = None  # the update by hand that is going on

    def add(self, step: Step, *arrays: Array | None) -> None:
        self.steps.append(step)
        self.bytes += STEP_BYTES + sum(a.nbytes for a in arrays if a is not None)
        if self.bytes > self.max_bytes and self.full_at is None:
            self.full_at = step.line or ("?", 0)

    # ---------------------------------------------------------------- values

    def value(self, x: Any) -> Value | None:
        """What ``x`` holds now."""
        if x is None:
            return None
        tensor = isinstance(x, Tensor)
        if not tensor and not backend.is_array(x):
            return Value(np.asarray(plain(x)), "number", x)
        known = self.values.get(id(x))
        version = x.version if tensor else 0
        array = x._data if tensor else x
        if known is not None and known.version == version and not (known.copied and _changed(known.array, array)):
            return known
        return self._new(x, array, version, known)

    def _new(self, x: Any, array: Array, version: int, known: Value | None) -> Value:
        made = isinstance(x, Tensor) and (x.node is not None or known is not None and known.kind == "result")
        kind = "result" if made else "parameter" if getattr(x, "requires_grad", False) else "input"
        copied = not made and array.nbytes <= LARGEST_COPY
        new = Value(array.copy() if copied else array, kind, x, version, getattr(x, "name", None), copied=copied)  # type: ignore[arg-type]
        if known is not None:
            new.updates, new.name, new.looked, new.group = known.updates + 1, known.name, known.looked, known.group
        elif kind == "parameter":
            self.parameters[id(x)] = x
            new.group = group.get()
        elif kind == "input" and (parameter := self._parameter_of(x)) is not None:
            name = self.values[id(parameter)].name
            new.name, new.of_gradient = new.name or (f"dL/d{name}" if name else "gradient"), True
        self.bytes += array.nbytes if copied else 0
        self.values[id(x)] = new
        return new

    def _parameter_of(self, x: Any) -> Tensor | None:
        """The parameter whose .grad ``x`` is."""
        grads = ((parameter, parameter.grad) for parameter in self.parameters.values())
        return next((parameter for parameter, g in grads if g is not None and (x is g or x is g._data)), None)

    def _name(self, values: tuple[Value | None, ...], frame: FrameType) -> None:
        """Look up what the learner calls these values."""
        for value in values:
            if value is not None and value.name is None and not value.looked and value.kind != "number":
                value.looked = True
                array = getattr(value.owner, "_data", value.owner)
                for name, found in frame.f_locals.items():
                    if (found is value.owner or found is array) and not name.startswith("_"):
                        value.name = name
                        break

    def name_the_rest(self, variables: Mapping[str, Any]) -> None:
        """The values that have no name yet, by the learner's variables at the end: ``loss``."""
        for name, found in variables.items():
            value = self.values.get(id(found))
            if value is not None and value.owner is found and value.name is None and not name.startswith("_"):
                value.name = name

    def will_change(self, t: Tensor) -> None:
        """Keep what ``t`` holds, before it is written to."""
        known = self.values.get(id(t))
        if known is not None and not known.copied:
            known.array, known.copied = known.array.copy(), True

    # ---------------------------------------------------------------- forward

    def called(self, call: Callable[..., Any], op: Op, inputs: tuple[Any, ...], metadata: dict[str, Any]) -> Any:
        """Run an op, and record it; of a composite that runs in parts, record the parts."""
        values = tuple(self.value(x) for x in inputs)
        line = self.line
        if not self.deep:
            frame = learners_frame()
            line = frame.f_code.co_filename, frame.f_lineno
            self._name(values, frame)
        body, kernel = None, False
        if isinstance(op, Composite):
            outer, before = self.steps, len(self.steps)
            if self.deep:
                self.steps = []
            try:
                with switch(group, Group(op.name, "composite", group.get())):
                    y = call(op, *inputs, **metadata)
            finally:
                parts, self.steps = self.steps, outer
            if self.deep:
                body = tuple(step for step in parts if isinstance(step, Forward))
            elif len(parts) > before or any(y is x for x in inputs):
                return y
            else:
                kernel = True
        else:
            y = call(op, *inputs, **metadata)
            kernel = y.node.kernel is not None if y.node else _may_have_run(op, y)
        if (known := self.values.get(id(y))) is not None and known.owner is y:
            known = known if self.deep else None  # a body that gives its input, or its last op's output
        of_gradient = not y.requires_grad and any(value is not None and value.of_gradient for value in values)
        self.by_hand = self._update_by_hand() if of_gradient else None
        whole = group.get() or self.by_hand
        output = Value(y._data, "result", y, y.version, y.name, group=whole, again=self.deep) if known is None else known
        output.of_gradient = of_gradient
        step = Forward(op, values, output, metadata, line, kernel, whole, body)
        if known is None:
            output.maker = step
        self.values[id(y)] = output
        self.add(step, y._data)
        return y

    # ---------------------------------------------------------------- backward

    def walked(self, steps: Iterator[autograd.Step], grads: dict[Tensor, Tensor], create_graph: bool) -> Iterator[autograd.Step]:
        """The same steps; each is recorded. Nothing is switched while the generator waits."""
        walk, self.walks = self.walks, self.walks + 1
        while True:
            recorded = current.get() is self
            derivative = Group("derivative", "derivative", group.get())
            with switch(current, self if create_graph and recorded else None), switch(_walking, True), switch(group, derivative):
                step = next(steps, None)
            if step is None:
                return
            if recorded and step.output.node is not None:
                derivative.name = f"derivative of {step.output.node.op.name}"
                self._passed(step, step.output.node, grads, walk)
            yield step

    def _passed(self, step: autograd.Step, node: Node, grads: dict[Tensor, Tensor], walk: int) -> None:
        output = self.value(step.output)
        assert output is not None
        forward = output.maker
        if output.name is None:
            output.looked = False
            self._name((output,), learners_frame())
        inputs = forward.inputs if forward else tuple(self.value(x) for x in step.inputs)
        own = tuple(None if g is None else g._data for g in step.grads)
        totals = tuple(None if g is None else grads[x]._data for x, g in zip(step.inputs, step.grads))
        kernel = node.kernel is not None and kernels_on.get()
        self.add(Backward(node.op, forward, output, step.g._data, inputs, own, totals, walk, kernel), *own)

    # ---------------------------------------------------------------- updates

    def updated(self, apply: Callable[..., None], optimizer: Any, grads: list[Any], params: list[Tensor]) -> None:
        """Run the optimiser's ``apply``, and record what it did to each parameter."""
        before = [self.value(param) for param in params]
        rate = optimizer.learning_rate if hasattr(optimizer, "_state") else None
        with switch(current, None):
            apply(optimizer, grads, params)
        line, whole = _line(learners_frame()), Group(optimizer.name, "update", None)
        for param, g, old in zip(params, grads, before):
            after = self.value(param)
            if g is not None and old is not None and after is not None:
                array = g._data if isinstance(g, Tensor) else g
                state = {name: a.copy() for name, a in optimizer._state.get(param, {}).items()}
                self.add(Update(optimizer, old, after, array, state, rate, optimizer.iterations, line, whole), array, *state.values())

    @contextmanager
    def moving(self, t: Tensor, done: bool = False) -> Iterator[None]:
        """Around a change in place. ``done``: the numbers may have changed already, only the Tensor has not been told."""
        leaf = t.requires_grad and t.node is None
        before = self.values.get(id(t)) if done or not leaf else self.value(t)
        self.will_change(t)
        g = t.grad
        yield
        after = self.value(t) if leaf else None
        if before is not None and after is not None and after is not before:
            frame = learners_frame()
            self._name((before,), frame)
            after.name = before.name
            self.by_hand = self._update_by_hand()
            self.add(Update(None, before, after, None if g is None else g._data, {}, None, None, _line(frame), self.by_hand))

    def _update_by_hand(self) -> Group:
        return self.by_hand or Group("update", "update", None)


def _may_have_run(op: Op, y: Tensor) -> bool:
    """Whether a kernel computed y, of which no node tells; kernels leave other dtypes and empty arrays to the readable op."""
    return kernels_on.get() and backend.owner(y._data).name in op.kernels and y._data.dtype.char in "fd" and y.size > 0


def _changed(copy: Array, array: Array) -> bool:
    """Whether an array that others may write to differs from its copy."""
    if copy.shape != array.shape or copy.dtype != array.dtype:
        return True
    if not isinstance(array, np.ndarray):
        return False  # to look would wait for the device
    return not (np.array_equal(copy, array) or array.dtype.kind == "f" and np.array_equal(copy, array, equal_nan=True))


@contextmanager
def inside(name: str, kind: str) -> Iterator[None]:
    """The steps in the block belong to this group."""
    with switch(group, Group(name, kind, group.get())):
        yield


def walking() -> bool:
    """Whether an op's rule is being run: a walk in a walk is a part of its step."""
    return _walking.get()
