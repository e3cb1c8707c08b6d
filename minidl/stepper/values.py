"""What Tensors and arrays held when they were used: references, and copies of what may change in place."""
from collections.abc import Mapping
from contextvars import ContextVar
from types import FrameType
from typing import Any

import numpy as np

from minidl import backend
from minidl.backend import Array
from minidl.conversion import plain
from minidl.stepper.steps import Group, Value
from minidl.tensor import Tensor

LARGEST_COPY = 1 << 24  # bytes; larger inputs are kept as they are
group: ContextVar[Group | None] = ContextVar("group", default=None)


class Values:
    """The latest `Value` of each Tensor and array. The values keep them alive, so an id means one of them only."""

    def __init__(self) -> None:
        self._latest: dict[int, Value] = {}
        self._parameters: dict[int, Tensor] = {}
        self.copied_bytes = 0

    def known(self, x: Any) -> Value | None:
        """The latest value of ``x``, if it was met."""
        return self._latest.get(id(x))

    def put(self, x: Any, value: Value) -> None:
        """From now on, ``x`` has this value."""
        self._latest[id(x)] = value

    def of(self, x: Any) -> Value | None:
        """What ``x`` holds now."""
        if x is None:
            return None
        tensor = isinstance(x, Tensor)
        if not tensor and not backend.is_array(x):
            return Value(np.asarray(plain(x)), "number", x)
        known = self._latest.get(id(x))
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
            self._parameters[id(x)] = x
            new.group = group.get()
        elif kind == "input" and (parameter := self._parameter_of(x)) is not None:
            name = self._latest[id(parameter)].name
            new.name, new.of_gradient = new.name or (f"dL/d{name}" if name else "gradient"), True
        self.copied_bytes += array.nbytes if copied else 0
        self._latest[id(x)] = new
        return new

    def _parameter_of(self, x: Any) -> Tensor | None:
        """The parameter whose .grad ``x`` is."""
        grads = ((parameter, parameter.grad) for parameter in self._parameters.values())
        return next((parameter for parameter, g in grads if g is not None and (x is g or x is g._data)), None)

    def name(self, values: tuple[Value | None, ...], frame: FrameType) -> None:
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
            value = self._latest.get(id(found))
            if value is not None and value.owner is found and value.name is None and not name.startswith("_"):
                value.name = name

    def will_change(self, t: Tensor) -> None:
        """Keep what ``t`` holds, before it is written to."""
        known = self._latest.get(id(t))
        if known is not None and not known.copied:
            known.array, known.copied = known.array.copy(), True


def _changed(copy: Array, array: Array) -> bool:
    """Whether an array that others may write to differs from its copy."""
    if copy.shape != array.shape or copy.dtype != array.dtype:
        return True
    if not isinstance(array, np.ndarray):
        return False  # to look would wait for the device
    return not (np.array_equal(copy, array) or array.dtype.kind == "f" and np.array_equal(copy, array, equal_nan=True))
