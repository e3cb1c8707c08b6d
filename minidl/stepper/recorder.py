"""What one recording knows while it runs: it keeps references, takes copies of what may change in place, and computes nothing."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minidl import autograd, backend
from minidl.backend import Array
from minidl.hooks import learners_frame, learners_line, line_of
from minidl.stepper.steps import Backward, Forward, Group, Line, Step, Update, Value
from minidl.stepper.values import Values, group
from minidl.switches import kernels_on, switch
from minidl.tensor import Composite, Node, Op, Tensor

STEP_BYTES = 2000  # about what the record of a step takes, without its arrays

current: "ContextVar[Recorder | None]" = ContextVar("current_recorder", default=None)
_walking: ContextVar[bool] = ContextVar("walking", default=False)


class Recorder:
    """``max_bytes``: how much is kept. ``deep``, for display: composites become one step each, with the steps of their body in it, and all
    belongs to the learner's ``line``."""

    def __init__(self, max_bytes: float, deep: bool = False, line: Line | None = None):
        self.steps: list[Step] = []
        self.kept_bytes, self.max_bytes, self.deep, self.line = 0, max_bytes, deep, line
        self.full_at: Line | None = None  # where the recording had to stop
        self.walks = 0
        self.values = Values()
        self.by_hand: Group | None = None  # the update by hand that is going on

    @property
    def bytes(self) -> int:
        """About what this recording holds."""
        return self.kept_bytes + self.values.copied_bytes

    def add(self, step: Step, *arrays: Array | None) -> None:
        self.steps.append(step)
        self.kept_bytes += STEP_BYTES + sum(a.nbytes for a in arrays if a is not None)
        if self.bytes > self.max_bytes and self.full_at is None:
            self.full_at = step.line or ("?", 0)

    # ---------------------------------------------------------------- forward

    def called(self, call: Callable[..., Any], op: Op, inputs: tuple[Any, ...], metadata: dict[str, Any]) -> Any:
        """Run an op, and record it; of a composite that runs in parts, record the parts."""
        values = tuple(self.values.of(x) for x in inputs)
        if (around := group.get()) is not None:
            around.entered = True
        line = self.line
        if not self.deep:
            frame = learners_frame()
            line = frame.f_code.co_filename, frame.f_lineno
            self.values.name(values, frame)
        body, kernel = None, False
        if isinstance(op, Composite):
            outer, parts = self.steps, Group(op.name, "composite", around)
            if self.deep:
                self.steps = []
            try:
                with switch(group, parts):
                    y = call(op, *inputs, **metadata)
            finally:
                inner, self.steps = self.steps, outer
            if self.deep:
                body = tuple(step for step in inner if isinstance(step, Forward))
            elif parts.entered or any(y is x for x in inputs):
                return y
            else:
                kernel = kernels_on.get() and bool(op.kernels)
        else:
            y = call(op, *inputs, **metadata)
            kernel = y.node.kernel is not None if y.node else _may_have_run(op, y)
        known = self.values.known(y)  # of a body that gives its input, or its last op's output
        of_gradient = not y.requires_grad and any(value is not None and value.of_gradient for value in values)
        self.by_hand = self._update_by_hand() if of_gradient else None
        whole = around or self.by_hand
        output = Value(y._data, "result", y, y.version, y.name, group=whole, again=self.deep) if known is None else known
        output.of_gradient = of_gradient
        step = Forward(op, values, output, metadata, line, kernel, whole, body)
        if known is None:
            output.maker = step
        self.values.put(y, output)
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
        output = self.values.of(step.output)
        assert output is not None
        forward = output.maker
        if output.name is None:
            output.looked = False
            self.values.name((output,), learners_frame())
        inputs = forward.inputs if forward else tuple(self.values.of(x) for x in step.inputs)
        own = tuple(None if g is None else g._data for g in step.grads)
        totals = tuple(None if g is None else grads[x]._data for x, g in zip(step.inputs, step.grads))
        kernel = node.kernel is not None and kernels_on.get()
        self.add(Backward(node.op, forward, output, step.g._data, inputs, own, totals, walk, kernel), *own)

    # ---------------------------------------------------------------- updates

    def updated(self, apply: Callable[..., None], optimizer: Any, grads: list[Any], params: list[Tensor]) -> None:
        """Run the optimiser's ``apply``, and record what it did to each parameter."""
        before = [self.values.of(param) for param in params]
        rate = optimizer.learning_rate if hasattr(optimizer, "_state") else None
        with switch(current, None):
            apply(optimizer, grads, params)
        line, whole = learners_line(), Group(optimizer.name, "update", None)
        for param, g, old in zip(params, grads, before):
            after = self.values.of(param)
            if g is not None and old is not None and after is not None:
                array = g._data if isinstance(g, Tensor) else g if backend.is_array(g) else np.asarray(g)
                state = {name: a.copy() for name, a in optimizer.state_of(param).items()}
                self.add(Update(optimizer, old, after, array, state, rate, optimizer.iterations, line, whole), array, *state.values())

    @contextmanager
    def moving(self, t: Tensor, done: bool = False) -> Iterator[None]:
        """Around a change in place. ``done``: the numbers may have changed already, only the Tensor has not been told."""
        leaf = t.requires_grad and t.node is None
        before = self.values.known(t) if done or not leaf else self.values.of(t)
        self.values.will_change(t)
        g = t.grad
        yield
        after = self.values.of(t) if leaf else None
        if before is not None and after is not None and after is not before:
            frame = learners_frame()
            self.values.name((before,), frame)
            after.name = before.name
            self.by_hand = self._update_by_hand()
            self.add(Update(None, before, after, None if g is None else g._data, {}, None, None, line_of(frame), self.by_hand))

    def _update_by_hand(self) -> Group:
        return self.by_hand or Group("update", "update", None)


def _may_have_run(op: Op, y: Tensor) -> bool:
    """Whether a kernel computed y, of which no node tells; kernels leave other dtypes and empty arrays to the readable op."""
    return kernels_on.get() and backend.owner(y._data).name in op.kernels and y._data.dtype.char in "fd" and y.size > 0


@contextmanager
def inside(name: str, kind: str) -> Iterator[None]:
    """The steps in the block belong to this group."""
    with switch(group, Group(name, kind, group.get())):
        yield


def walking() -> bool:
    """Whether an op's rule is being run: a walk in a walk is a part of its step."""
    return _walking.get()
