"""Two modes that cost time and find what cannot be seen for free: arrays changed behind a Tensor's back, and the first nan or infinity.

There is none for a forgotten ``zero_grad``: a second ``backward`` onto the same ``.grad`` looks just like gradients that are accumulated
over several batches on purpose, and nothing later tells the two apart. `Optimizer.step` and ``fit`` clear what they have used."""
import weakref
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minidl import autograd, backend
from minidl.hooks import Replacement, learners_line, replaced
from minidl.switches import switch
from minidl.tensor import Node, Op, Tensor


class _Calls:
    """What was noted about each recorded result, as long as it lives. (A Tensor is compared number by number, so it is no key.)"""

    def __init__(self) -> None:
        self._noted: dict[int, tuple[Any, Any]] = {}

    def note(self, y: Tensor, what: Any) -> None:
        key = id(y)

        def forget(_: Any) -> None:
            self._noted.pop(key, None)

        self._noted[key] = weakref.ref(y, forget), what

    def of(self, y: Tensor) -> Any:
        alive, what = self._noted.get(id(y), (lambda: None, None))
        return what if alive() is y else None


_changes: ContextVar[_Calls | None] = ContextVar("changes", default=None)
_nonfinite: ContextVar[_Calls | None] = ContextVar("nonfinite", default=None)


@contextmanager
def detect_changes() -> Iterator[None]:
    """``with detect_changes():`` around forward and backward: RuntimeError if an array was written to directly in between.

    Writes through a Tensor (``w[...] = …``, ``w.data = …``) are always noticed. This mode compares checksums of the bytes, so it also sees
    ``w.data[0] = 1`` and writes into an array that a Tensor shares. It names the op that used the array, and where it was called."""
    with replaced(_watching_changes), switch(_changes, _Calls()):
        yield


@contextmanager
def detect_nonfinite() -> Iterator[None]:
    """``with detect_nonfinite():`` around forward and backward: FloatingPointError at the first op whose result, or whose gradient,
    holds nan or infinity, with the learner's file and line. NumPy's own warnings are silent meanwhile."""
    with replaced(_watching_nonfinite), switch(_nonfinite, _Calls()), np.errstate(all="ignore"):
        yield


# ---------------------------------------------------------------- changes


def _checksum(array: Any) -> int:
    return zlib.crc32(backend.to_numpy(array).tobytes())


def _arrays(y: Tensor, inputs: Any) -> list[tuple[str, Tensor]]:
    places = [(f"input {i}", x) for i, x in enumerate(inputs or ()) if isinstance(x, Tensor)]
    return [*places, ("the result", y)]


def _watching_changes() -> list[Replacement]:
    call, rule = vars(Op)["__call__"], autograd._rule

    def noting(self: Op, *inputs: Any, **metadata: Any) -> Any:
        y = call(self, *inputs, **metadata)
        if (calls := _changes.get()) and y.node and y.node.op is self:
            calls.note(y, (learners_line(), [_checksum(t._data) for _, t in _arrays(y, y.node.inputs)]))
        return y

    def comparing(y: Tensor, node: Node, g: Tensor, inputs: list[Any], *options: Any) -> Any:
        through_tensors = y.version or node.version != sum(x.version for x in inputs if isinstance(x, Tensor))
        if (calls := _changes.get()) and not through_tensors and (noted := calls.of(y)):
            (file, line), before = noted
            for (place, t), checksum in zip(_arrays(y, inputs), before):
                if _checksum(t._data) != checksum:
                    what = f"{place}{f' ({t.name})' if t.name else ''} of {node.op.name}, called at {file}:{line},"
                    raise RuntimeError(
                        f"{what} was written to directly between forward and backward, so its gradient would be wrong: "
                        "write after backward(), or into a copy"
                    )
        return rule(y, node, g, inputs, *options)

    return [(Op, "__call__", noting), (autograd, "_rule", comparing)]


# ---------------------------------------------------------------- nan and infinity


def _bad(x: Any) -> str | None:
    """What ``x`` holds, nan or infinity; None if it is finite: ``x`` is a Tensor, an array or a number."""
    array = x._data if isinstance(x, Tensor) else x
    if isinstance(array, float) or backend.is_array(array) and array.dtype.kind == "f":
        xp = backend.owner(array).module
        if not xp.isfinite(array).all():
            return "nan" if xp.isnan(array).any() else "infinity"
    return None


def _watching_nonfinite() -> list[Replacement]:
    call, rule = vars(Op)["__call__"], autograd._rule

    def checking(self: Op, *inputs: Any, **metadata: Any) -> Any:
        y = call(self, *inputs, **metadata)
        if calls := _nonfinite.get():
            if bad := _bad(y):
                file, line = learners_line()
                given = next((f"{bad_input} in its input {i}" for i, x in enumerate(inputs) if (bad_input := _bad(x))), None)
                happened = f"was given {given}" if given else f"made {bad} of finite inputs"
                advice = "look where that input comes from" if given else "keep its inputs in the range where it is finite"
                raise FloatingPointError(f"{self.name}, called at {file}:{line}, {happened}: {advice}")
            if y.node and y.node.op is self:  # (a composite without a kernel is noted by its parts)
                calls.note(y, learners_line())
        return y

    def checking_gradients(y: Tensor, node: Node, g: Tensor, *more: Any) -> Any:
        calls = _nonfinite.get()
        if calls is None:
            return rule(y, node, g, *more)
        at = "{}:{}".format(*noted) if (noted := calls.of(y)) else "a line outside the block"

        def checked(dx: Any, i: int) -> Any:
            if bad := _bad(dx):
                raise FloatingPointError(
                    f"the gradient of {node.op.name}, called at {at}, holds {bad} for input {i}: "
                    f"its slope there is not finite, so keep its inputs away from this point{'' if not _bad(g) else ' (dL/dy did already)'}"
                )
            return dx

        def later(dx: Callable[[], Any], i: int) -> Callable[[], Any]:
            def compute() -> Any:
                with switch(_nonfinite, None):  # what a rule makes on the way may be masked: its result counts
                    result = dx()
                return checked(result, i)

            return compute

        with switch(_nonfinite, None):
            result = rule(y, node, g, *more)
        return [later(dx, i) if callable(dx) else checked(dx, i) for i, dx in enumerate(result)]

    return [(Op, "__call__", checking), (autograd, "_rule", checking_gradients)]
