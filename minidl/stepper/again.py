"""What a step is made of, computed again: the body of a composite, the derivative of an op. In readable ops, on Tensors of its own."""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minidl.autograd import backward_steps, grad
from minidl.backend import Array, owner, to_numpy
from minidl.stepper.observing import observed
from minidl.stepper.recorder import Recorder, current
from minidl.stepper.steps import Backward, Forward, Value
from minidl.stepper.values import group
from minidl.switches import kernels_on, recording, switch
from minidl.tensor import Composite, Op, Tensor, made


def fresh(value: Value | None) -> Any:
    """A Tensor with the same numbers that nothing else knows of."""
    if value is None or value.kind == "number":
        return value and value.owner
    t = made(value.array, None)
    t.requires_grad, t.version = t.dtype.kind == "f", value.version
    return t


@contextmanager
def _readable() -> Iterator[None]:
    """No kernels; and no warnings, which the learner has seen when the step ran."""
    with switch(kernels_on, False), np.errstate(all="ignore"):
        yield


class Body:
    """The readable ops that a composite stands for, computed again: ``forward``, the steps; ``backward(g)``, the steps back."""

    def __init__(self, step: Forward):
        self._recorder, self._group = Recorder(float("inf"), deep=True, line=step.line), step.group
        inputs = [fresh(value) for value in step.inputs]
        for t, value in zip(inputs, step.inputs):
            if isinstance(t, Tensor) and value is not None:
                self._recorder.values.put(t, value)
        self._inputs = inputs  # alive, so that their ids stay theirs
        with observed(self._recorder), switch(group, step.group), _readable(), switch(recording, True):
            self._y: Tensor = step.op(*inputs, **step.metadata)
        whole = self._recorder.steps.pop()
        self.forward: tuple[Forward, ...] = whole.body if isinstance(whole, Forward) and whole.body else ()

    def backward(self, g: Array) -> tuple[Backward, ...]:
        """The steps back, from dL/dy; () where there is no gradient."""
        if self._y.node is None:
            return ()
        before = len(self._recorder.steps)
        with observed(self._recorder), switch(group, self._group), _readable():
            for _ in backward_steps(self._y, g):
                pass
        return tuple(step for step in self._recorder.steps[before:] if isinstance(step, Backward))


class Bodies:
    """The bodies of steps, each computed once; the last ``most`` are kept."""

    def __init__(self, most: int = 8):
        self.most, self._known = most, dict[Forward, Body]()

    def of(self, step: Forward | Backward) -> Body | None:
        """None where there is nothing inside: the op is no composite, or it ran before the recording began."""
        forward = step.forward if isinstance(step, Backward) else step
        if forward is None or not isinstance(step.op, Composite):
            return None
        if forward not in self._known:
            while len(self._known) >= self.most:
                del self._known[next(iter(self._known))]
            self._known[forward] = Body(forward)
        return self._known[forward]

    def forward(self, step: Forward) -> tuple[Forward, ...]:
        """The steps of the body of a composite, else ()."""
        if step.body is not None:
            return step.body
        opened = self.of(step)
        return opened.forward if opened else ()

    def backward(self, step: Backward) -> tuple[Backward, ...]:
        """The steps back through the body of a composite, else ()."""
        opened = self.of(step)
        return opened.backward(step.g) if opened else ()


def derivatives(op: Op, inputs: tuple[Value | None, ...], metadata: dict[str, Any]) -> list[np.ndarray | None]:
    """Σ dy/dx over y's entries, for each input, by the readable rule. None where there is no gradient, or the rule fails."""
    tensors = [fresh(value) for value in inputs]
    leaves = [t for t in tensors if isinstance(t, Tensor) and t.requires_grad]
    try:
        with _readable(), switch(recording, True), switch(current, None):  # an outer recording is of what the learner computes
            y = op(*tensors, **metadata)
            if not leaves or y.node is None:
                return [None] * len(inputs)
            found = iter(grad(y, leaves, owner(y.data).module.ones_like(y.data)))
    except Exception:  # a learner's own op may be anything
        return [None] * len(inputs)
    gradients = [next(found) if isinstance(t, Tensor) and t.requires_grad else None for t in tensors]
    return [None if g is None else to_numpy(g.data) for g in gradients]
