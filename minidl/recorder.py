"""One run under observation: every way out of the graph that is taken, and who took it, is noted down."""
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from minidl import backend
from minidl.hooks import Replacement, learners_line, replaced
from minidl.switches import recording, switch
from minidl.tensor import Op, Tensor
from minidl.traced_numbers import NONE, Cuts, Memory, bare, cuts_of, followed_functions, memory, of_tensor, traced


@dataclass(frozen=True)
class Cut:
    """A place where numbers left the graph."""

    way: str
    at: Any  # the name of the op whose result was cut, or the parameter itself
    file: str
    line: int
    params: frozenset[Tensor]  # what the numbers depended on

    @property
    def site(self) -> tuple[str, str, int]:
        return self.way, self.file, self.line


class Recorder:
    """What is known of one run. ``nudged``: a site; numbers that leave the graph there are changed a little."""

    def __init__(self, nudged: Any = None) -> None:
        self.nudged, self.memory = nudged, Memory()
        self.cuts: dict[Cut, None] = {}  # in the order of the run
        self.met: dict[Tensor, None] = {}  # leaves that require a gradient
        self._reached: dict[Tensor, frozenset[Tensor]] = {}
        self._tainted: dict[Tensor, Cuts] = {}
        self._calls: list[Op] = []

    def leaves_of(self, y: Tensor) -> frozenset[Tensor]:
        """The parameters that a recorded path leads to from ``y``."""
        todo = [y]
        while todo:  # what was recorded before the run began is walked through here, without recursion
            t = todo[-1]
            inputs = [x for x in (t.node.inputs or () if t.node else ()) if isinstance(x, Tensor) and x.requires_grad]
            if t in self._reached:
                todo.pop()
            elif missing := [x for x in inputs if x not in self._reached]:
                todo += missing
            else:
                leaf = t.requires_grad and t.node is None
                self._reached[t] = frozenset([t]) if leaf else frozenset().union(*map(self._reached.__getitem__, inputs))
                if leaf:
                    self.met[t] = None
        return self._reached[y]

    def cuts_of_tensor(self, t: Tensor) -> Cuts:
        return self._tainted.get(t, NONE) | self.memory.written(t._data)

    def taint(self, t: Tensor, cuts: Cuts) -> None:
        if cuts and t._data.dtype.kind == "f":
            self._tainted[t] = cuts | self._tainted.get(t, NONE)

    def leave(self, way: str, *ts: Tensor, op: str | None = None) -> tuple[Cuts, bool]:
        """These Tensors' numbers leave the graph: all their cuts now, and whether this one is to be nudged."""
        floats = [t for t in ts if t._data.dtype.kind == "f"]
        cuts = NONE.union(*map(self.cuts_of_tensor, floats))
        if params := frozenset[Tensor]().union(*(self.leaves_of(t) for t in floats if t.requires_grad)):
            last = next(t for t in floats if t.requires_grad)
            cut = Cut(way, op or (last.node.op.name if last.node else last), *learners_line(), params)
            self.cuts[cut] = None
            return cuts | {cut}, cut.site == self.nudged
        return cuts, False

    def handed(self, way: str, t: Tensor, value: Any) -> Any:
        """``value``, which left the graph at ``t``, with its cuts."""
        cuts, nudge = self.leave(way, t)
        return traced(nudged(value) if nudge else value, cuts)

    def called(self, call: Any, op: Op, inputs: tuple[Any, ...], metadata: dict[str, Any]) -> Any:
        cuts = cuts_of(inputs)
        tensors = [x for x in inputs if isinstance(x, Tensor)]
        for t in (t for t in tensors if t.requires_grad):
            self.leaves_of(t)
        self._calls.append(op)
        try:
            y = call(op, *map(bare, inputs), **bare(metadata))
        finally:
            self._calls.pop()
        if not recording.get() and not self._calls and y._data.dtype.kind == "f":  # of a composite, the whole is what is not recorded
            more, nudge = self.leave("no_grad", *tensors, op=op.name)
            cuts |= more
            y._data = nudged(y._data) if nudge else y._data
        elif y.requires_grad:
            self.leaves_of(y)
        self.taint(y, cuts)
        return y


def nudged(value: Any) -> Any:
    return value * 1.001 + 1e-3


current: ContextVar[Recorder | None] = ContextVar("current", default=None)


@contextmanager
def record(nudge: Any = None) -> Iterator[Recorder]:
    """``with record() as recorder:`` observe what this thread does in the block."""
    recorder = Recorder(nudge)
    with ExitStack() as stack:
        stack.enter_context(replaced(_hooks))
        stack.enter_context(switch(current, recorder))
        stack.enter_context(switch(memory, recorder.memory))
        stack.enter_context(switch(of_tensor, recorder.cuts_of_tensor))
        yield recorder


def _hooks() -> list[Replacement]:
    """The observed forms of the methods through which numbers enter and leave a Tensor."""
    old = {name: vars(Tensor)[name] for name in ("__init__", "detach", "__array__", "__setitem__", "data")}
    old_call = vars(Op)["__call__"]

    def call(self: Op, *inputs: Any, **metadata: Any) -> Any:
        recorder = current.get()
        return recorder.called(old_call, self, inputs, metadata) if recorder else old_call(self, *inputs, **metadata)

    def init(self: Tensor, array: Any, requires_grad: bool = False, name: str | None = None) -> None:
        old["__init__"](self, bare(array), requires_grad, name)
        if recorder := current.get():
            if isinstance(array, Tensor):
                cuts, nudge = recorder.leave("new Tensor", array)
                self._data = nudged(self._data) if nudge else self._data
            else:
                cuts = cuts_of(array)
            recorder.taint(self, cuts)

    def detach(self: Tensor) -> Tensor:
        made: Tensor = old["detach"](self)
        if recorder := current.get():
            cuts, nudge = recorder.leave("detach", self)
            recorder.taint(made, cuts)
            made._data = nudged(made._data) if nudge else made._data
        return made

    def numpy(self: Tensor) -> Any:
        recorder, array = current.get(), backend.to_numpy(self._data)
        return recorder.handed("numpy", self, array) if recorder else array

    def item(self: Tensor) -> Any:
        recorder, number = current.get(), backend.to_numpy(self._data).item()
        return recorder.handed("item", self, number) if recorder else number

    def to_float(self: Tensor) -> float:
        number = float(backend.to_numpy(self._data).item())
        if recorder := current.get():
            cuts, nudge = recorder.leave("item", self)
            number = nudged(number) if nudge else number
            recorder.memory.hand_out(number, cuts)
        return number

    def array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
        made = old["__array__"](self, dtype, copy) if current.get() is None else np.array(backend.to_numpy(self._data), dtype, copy=copy)
        if recorder := current.get():
            cuts, nudge = recorder.leave("numpy", self)
            made = nudged(made) if nudge else made
            recorder.memory.hand_out(made, cuts)
        return made

    def setitem(self: Tensor, index: Any, value: Any) -> None:
        old["__setitem__"](self, index, bare(value))
        if recorder := current.get():
            recorder.taint(self, recorder.leave("no_grad", value)[0] if isinstance(value, Tensor) else cuts_of(value))

    def get_data(self: Tensor) -> Any:
        recorder = current.get()
        return recorder.handed("data", self, self._data) if recorder else self._data

    def set_data(self: Tensor, value: Any) -> None:
        old["data"].fset(self, bare(value))
        if recorder := current.get():
            recorder.taint(self, cuts_of(value))

    new: dict[str, Any] = {"__init__": init, "detach": detach, "numpy": numpy, "item": item, "__float__": to_float, "__array__": array}
    new |= {"__setitem__": setitem, "data": property(get_data, set_data)}
    return [(Op, "__call__", call), *((Tensor, name, function) for name, function in new.items()), *followed_functions()]
