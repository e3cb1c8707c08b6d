"""Arrays and numbers that remember where they left the graph: what `minidl.why_no_grad` follows through NumPy and ``math``.

An array is followed in two ways. A `TracedArray` carries its cuts through NumPy's functions; and the memory that was written to, or
handed out, is known by the array that owns it, so that a view is recognised even where NumPy drops the subclass."""
import math
import operator
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np

Cuts = frozenset[Any]
NONE: Cuts = frozenset()


class Memory:
    """The cuts of everything seen during one run that is no Tensor."""

    def __init__(self) -> None:
        self._handed_out: dict[int, tuple[Any, Cuts]] = {}  # by id; the object is kept, so that its id stays its own
        self._written: dict[int, tuple[Any, Cuts]] = {}

    def hand_out(self, value: Any, cuts: Cuts) -> None:
        value = _owner(value)
        self._handed_out[id(value)] = value, cuts | self._handed_out.get(id(value), (None, NONE))[1]

    def write(self, array: Any, cuts: Cuts) -> None:
        """``array`` was written to, with numbers that had these cuts."""
        owner = _owner(array)
        if cuts:
            self._written[id(owner)] = owner, cuts | self.written(array)

    def written(self, array: Any) -> Cuts:
        return self._written.get(id(_owner(array)), (None, NONE))[1]

    def of(self, value: Any) -> Cuts:
        """The cuts of an array, a number, or lists of them."""
        if isinstance(value, (list, tuple)):
            return NONE.union(*map(self.of, value))
        if isinstance(value, dict):
            return NONE.union(*map(self.of, value.values()))
        cuts: Cuts = getattr(value, "cuts", NONE) if isinstance(value, (TracedArray, TracedFloat)) else NONE
        if getattr(value, "requires_grad", None) is not None:
            return cuts | of_tensor.get()(value)
        if hasattr(value, "dtype") and hasattr(value, "shape"):
            cuts |= self.written(value) | self._handed_out.get(id(_owner(value)), (None, NONE))[1]
        return cuts | self._handed_out.get(id(value), (None, NONE))[1]


memory: ContextVar[Memory | None] = ContextVar("memory", default=None)  # of the run that is being traced
of_tensor: ContextVar[Callable[[Any], Cuts]] = ContextVar("of_tensor", default=lambda t: NONE)


def _owner(array: Any) -> Any:
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def cuts_of(value: Any) -> Cuts:
    known = memory.get()
    return known.of(value) if known else NONE


def traced(value: Any, cuts: Cuts) -> Any:
    """``value`` with these cuts, if it can carry them: only floats do, for nothing else has a gradient."""
    known = memory.get()
    if known is None or not cuts:
        return value
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(traced(v, cuts) for v in value)
    if isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f":
        array = np.ndarray.view(_asarray(value), TracedArray)
        array.cuts = array.cuts | cuts
        return array
    if isinstance(value, float):
        return TracedFloat(value, cuts)
    if type(value).__module__.partition(".")[0] not in ("builtins", "numpy"):  # an array of another backend
        known.hand_out(value, cuts)
    return value


def bare(value: Any) -> Any:
    """``value`` as it would be without a trace."""
    if isinstance(value, TracedArray):
        return np.ndarray.view(value, np.ndarray)
    if isinstance(value, TracedFloat):
        return value.__float__()
    if type(value) in (list, tuple):
        return type(value)(map(bare, value))
    return {key: bare(v) for key, v in value.items()} if type(value) is dict else value


class TracedArray(np.ndarray):
    """A NumPy array that remembers its cuts."""

    cuts: Cuts = NONE

    def __array_finalize__(self, source: Any) -> None:
        if self.dtype.kind == "f":
            self.cuts = cuts_of(source)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        cuts = cuts_of(list(inputs)) | cuts_of(options)
        into = {"out": tuple(map(bare, out))} if out else {}
        result = getattr(ufunc, method)(*map(bare, inputs), **bare(options), **into)
        if known := memory.get():
            for array in [*out, *([inputs[0]] if method == "at" else [])]:
                if array is not None:
                    known.write(array, cuts)
        return (out[0] if len(out) == 1 else out) if out else traced(result, cuts)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        cuts = cuts_of(list(args)) | cuts_of(options)
        result = function(*map(bare, args), **bare(options))
        if (known := memory.get()) and (out := options.get("out", args[0] if result is None and args else None)) is not None:
            known.write(out, cuts)
            return out if result is not None else None
        return traced(result, cuts)

    def __setitem__(self, index: Any, value: Any) -> None:
        if known := memory.get():
            known.write(self, cuts_of(value))
        np.ndarray.__setitem__(bare(self), bare(index), bare(value))

    def __getitem__(self, index: Any) -> Any:
        return traced(np.ndarray.__getitem__(bare(self), bare(index)), cuts_of(self))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def item(self, *place: Any) -> Any:
        return traced(bare(self).item(*place), cuts_of(self))

    def tolist(self) -> Any:
        return traced(bare(self).tolist(), cuts_of(self))

    def __float__(self) -> float:
        value = float(bare(self))
        if known := memory.get():
            known.hand_out(value, cuts_of(self))
        return value

    def __hash__(self) -> int:  # type: ignore[override]  # one number is hashed like NumPy's scalars
        return hash(bare(self)[()])

    def __reduce__(self) -> Any:
        return bare(self).__reduce__()


class TracedFloat(float):
    """A float that remembers its cuts through arithmetic."""

    cuts: Cuts

    def __new__(cls, value: float, cuts: Cuts) -> "TracedFloat":
        made = super().__new__(cls, value)
        made.cuts = cuts
        return made

    def __reduce__(self) -> Any:
        return float, (self.__float__(),)


def _carrying(name: str) -> Callable[..., Any]:
    function = getattr(float, name)

    def method(self: TracedFloat, *others: Any) -> Any:
        return traced(function(self, *others), cuts_of([self, *others]))

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(TracedFloat, f"__{_name}__", _carrying(f"__{_name}__"))
    setattr(TracedFloat, f"__r{_name}__", _carrying(f"__r{_name}__"))
for _name in ("neg", "pos", "abs", "round"):
    setattr(TracedFloat, f"__{_name}__", _carrying(f"__{_name}__"))


# ---------------------------------------------------------------- functions that drop subclasses

_asarray = np.asarray


def _following(function: Callable[..., Any], inside: Callable[[str], bool], fresh: bool) -> Callable[..., Any]:
    """``function`` for the learner's own code: what it returns has the cuts of its arguments, or (``fresh``) can take up cuts."""

    def follow(*args: Any, **options: Any) -> Any:
        if memory.get() is None or inside(sys._getframe(1).f_globals.get("__name__", "")):
            return function(*args, **options)
        result = function(*bare(args), **bare(options))
        if fresh and isinstance(result, np.ndarray) and result.dtype.kind == "f":
            result = result.view(TracedArray)
        used = args[1:] if fresh else args  # zeros_like(x) has x's shape, not its numbers
        return traced(result, cuts_of(used) | cuts_of(options) | cuts_of(result))

    return follow


def _of_the_library(module: str) -> bool:
    return module.partition(".")[0] in ("minidl", "numpy")


def followed_functions() -> list[tuple[Any, str, Any]]:
    """(where, name, what to put there) for each function of NumPy and ``math`` that would drop a cut."""
    keep = [(np, name) for name in ("array", "asarray", "ascontiguousarray", "asfortranarray")] + [(np.lib.stride_tricks, "as_strided")]
    keep += [(math, name) for name, value in vars(math).items() if callable(value) and not name.startswith("_")]
    fresh = [(np, f"{name}{like}") for name in ("zeros", "ones", "empty", "full") for like in ("", "_like")]
    found: list[tuple[Any, str, Any]] = []
    for places, is_fresh in ((keep, False), (fresh, True)):
        found += [(place, name, _following(operator.attrgetter(name)(place), _of_the_library, is_fresh)) for place, name in places]
    return found
