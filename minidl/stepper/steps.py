"""What a tape holds: values, and the steps that used them, in the order in which they happened."""
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from minidl import backend
from minidl.backend import Array
from minidl.tensor import Op

Kind = Literal["parameter", "input", "number", "result"]
Line = tuple[str, int]  # file and line of the learner's code


@dataclass(eq=False)
class Group:
    """Steps that belong together: those of a layer (or loss, or of a composite that ran in parts), or an optimiser's update."""

    name: str  # "conv2d"
    kind: str  # "Conv2D"; "composite" for the parts of one; "derivative" for what a gradient rule computed on the way to a higher order
    parent: "Group | None"
    entered: bool = False  # an op was called in it


@dataclass(eq=False)
class Value:
    """The numbers that a Tensor (or array, or number) held when a step used it."""

    array: Array
    kind: Kind
    owner: Any = field(repr=False)  # the Tensor or array
    version: int = 0  # of the Tensor
    name: str | None = None  # the Tensor's own, or that of the learner's variable
    maker: "Forward | None" = field(default=None, repr=False)  # the step that made it
    group: Group | None = field(default=None, repr=False)
    updates: int = 0  # how often it was changed in place before
    copied: bool = False  # a snapshot, because the array may change
    again: bool = False  # computed again, for display
    of_gradient: bool = False  # computed from a parameter's .grad, on the way to an update by hand
    looked: bool = False  # for its name

    @property
    def requires_grad(self) -> bool:
        return bool(getattr(self.owner, "requires_grad", False))


@dataclass(frozen=True, eq=False)
class Forward:
    """An op (or a composite, where a kernel ran for all of it) was computed."""

    op: Op
    inputs: tuple[Value | None, ...]
    output: Value
    metadata: dict[str, Any]
    line: Line | None
    kernel: bool  # a kernel ran in place of the readable form
    group: Group | None = None
    body: "tuple[Forward, ...] | None" = None  # only of steps that were computed again for display; else ask the tape

    phase = "forward"


@dataclass(frozen=True, eq=False)
class Backward:
    """One op passed backwards: what the engine's own walk yields."""

    op: Op
    forward: Forward | None  # None: it was computed before the recording began
    output: Value
    g: Array  # dL/doutput
    inputs: tuple[Value | None, ...]
    grads: tuple[Array | None, ...]  # what this op adds to each dL/dinput; None where no gradient is wanted
    totals: tuple[Array | None, ...]  # dL/dinput so far, this op included
    walk: int  # which backward pass this belongs to, counted from 0
    kernel: bool

    phase = "backward"

    @property
    def line(self) -> Line | None:
        return self.forward.line if self.forward else None

    @property
    def group(self) -> Group | None:
        return self.forward.group if self.forward else None


@dataclass(frozen=True, eq=False)
class Update:
    """A parameter was changed in place: by an optimiser, or by the learner's own line."""

    optimizer: Any  # None for the learner's own
    parameter: Value  # as it was before
    after: Value
    g: Array | None  # the gradient that was used; for the learner's own line, what is in .grad at that time
    state: dict[str, Array]  # the optimiser's, after the update: {"momentum": …, "velocity": …}
    learning_rate: float | None
    count: int | None  # which update of the optimiser this is: 1, 2, …
    line: Line | None
    group: Group | None = None

    phase = "update"

    @property
    def before(self) -> Array:
        return self.parameter.array

    @property
    def change(self) -> Array:
        """after − before"""
        difference = self.after.array - self.before
        return difference if backend.is_array(difference) else np.asarray(difference)  # of 0-d arrays NumPy makes a number


Step = Forward | Backward | Update


def step_name(step: Step) -> str:
    """The op's or the optimiser's name."""
    if isinstance(step, Update):
        return "in place" if step.optimizer is None else type(step.optimizer).__name__
    return step.op.name
