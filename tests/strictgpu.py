"""A strict stand-in for CuPy, for machines without a GPU: NumPy's names over arrays that live "on a device".

Like CuPy's, its arrays refuse to meet NumPy arrays, refuse NumPy's functions, and never become Python numbers by themselves. It is
stricter in one point: what CuPy converts in silence (``bool(array)``, ``float(array)``, an array as an index) raises here, because each
of these stops the device. The ways over are ``module.asarray(numpy_array)``, ``array.get()`` and ``array.item()``, and they are counted.
"""

import contextlib
import functools
import operator
import types
from typing import Any

import numpy as np

import minidl.backend

FETCHING = {"tolist", "tobytes", "tofile", "dump", "dumps", "data", "ctypes", "flat", "base"}  # methods that would leave the device
IN_PLACE = {"at", "fill", "copyto", "put", "putmask", "place", "sort"}  # functions that return nothing
MISSING = {"random", "nditer", "frompyfunc", "longdouble", "float128", "fromiter", "load", "save", "savez", "matrix", "ma", "testing"}


def _refuse(what: str) -> Any:
    raise TypeError(f"{what}: move arrays with strictgpu.asarray(numpy_array) and array.get()")


def _inside(x: Any) -> Any:
    """The private NumPy array of a StrictArray; numbers, dtypes, slices and the like as they are; anything else is refused."""
    if isinstance(x, StrictArray):
        return x._array
    if isinstance(x, (list, tuple)):
        return type(x)(map(_inside, x))
    allowed = (bool, int, float, complex, str, np.generic, np.dtype, type, slice, types.EllipsisType, types.NoneType)
    return x if isinstance(x, allowed) else _refuse(f"a {type(x).__module__}.{type(x).__name__} is not on this device")


def _outside(x: Any) -> Any:
    """What the caller sees of a result: arrays and NumPy's numbers become StrictArrays, 0-d for numbers."""
    if isinstance(x, (np.ndarray, np.generic)):
        return StrictArray(np.asarray(x))
    return type(x)(map(_outside, x)) if type(x) in (list, tuple) else x


def _wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        result = module.compute(function, tuple(map(_inside, args)), {name: _inside(value) for name, value in options.items()})
        return _outside(np.asarray(result)) if isinstance(result, bool) and _on_device(args) else _outside(result)

    return call


def _on_device(args: Any) -> bool:
    return any(isinstance(a, StrictArray) for a in args)


def _binary(function: Any) -> tuple[Any, Any, Any]:
    def forward(self: Any, other: Any) -> Any:
        if getattr(type(other), "__array_ufunc__", 0) is None:
            return NotImplemented  # NumPy's protocol, and CuPy's: such a class has operators of its own
        return _outside(module.compute(function, (self._array, _inside(other)), {}))

    def reflected(self: Any, other: Any) -> Any:
        return _outside(module.compute(function, (_inside(other), self._array), {}))

    def in_place(self: Any, other: Any) -> Any:
        module.compute(function, (self._array, _inside(other)), {"out": self._array})
        return self

    return forward, reflected, in_place


class StrictArray:
    """An array "on the device": a private NumPy array, with what ``numpy.ndarray`` and ``cupy.ndarray`` have in common."""

    __slots__ = ("__weakref__", "_array")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, array: np.ndarray):
        self._array = array

    # ------------------------------------------------------------ the ways out

    def get(self) -> np.ndarray:
        """A copy as a NumPy array."""
        module.moved("to_host")
        return self._array.copy()

    def item(self) -> Any:
        """The one number."""
        module.moved("to_host")
        return self._array.item()

    def _no(self, *args: Any, **options: Any) -> Any:
        return _refuse("this would fetch numbers from the device in silence")

    __bool__ = __int__ = __float__ = __complex__ = __index__ = __array__ = __array_function__ = __contains__ = _no

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and not options and any(isinstance(x, np.generic) for x in inputs):
            return _wrapped(ufunc)(*inputs)  # np.float32(2) * array: NumPy's numbers count as numbers
        return _refuse(f"np.{ufunc.__name__} is NumPy's, the array is not")

    # ------------------------------------------------------------ what arrays do

    __add__, __radd__, __iadd__ = _binary(np.add)
    __sub__, __rsub__, __isub__ = _binary(np.subtract)
    __mul__, __rmul__, __imul__ = _binary(np.multiply)
    __truediv__, __rtruediv__, __itruediv__ = _binary(np.true_divide)
    __floordiv__, __rfloordiv__, __ifloordiv__ = _binary(np.floor_divide)
    __mod__, __rmod__, __imod__ = _binary(np.remainder)
    __pow__, __rpow__, __ipow__ = _binary(np.power)
    __matmul__, __rmatmul__, _ = _binary(np.matmul)
    __and__, __rand__, __iand__ = _binary(np.bitwise_and)
    __or__, __ror__, __ior__ = _binary(np.bitwise_or)
    __xor__, __rxor__, __ixor__ = _binary(np.bitwise_xor)
    __lshift__, __rlshift__, __ilshift__ = _binary(np.left_shift)
    __rshift__, __rrshift__, __irshift__ = _binary(np.right_shift)
    __lt__, __le__, __gt__, __ge__ = (_binary(f)[0] for f in (np.less, np.less_equal, np.greater, np.greater_equal))
    __eq__, __ne__ = (_binary(f)[0] for f in (np.equal, np.not_equal))  # type: ignore[assignment]

    def __neg__(self) -> Any:
        return _outside(module.compute(np.negative, (self._array,), {}))

    def __pos__(self) -> Any:
        return _outside(+self._array)

    def __abs__(self) -> Any:
        return _outside(module.compute(np.absolute, (self._array,), {}))

    def __invert__(self) -> Any:
        return _outside(module.compute(np.invert, (self._array,), {}))

    def __getitem__(self, index: Any) -> Any:
        return _outside(module.compute(operator.getitem, (self._array, _inside(index)), {}))

    def __setitem__(self, index: Any, value: Any) -> None:
        index, value = _inside(index), _inside(value)
        module.do(lambda: self._array.__setitem__(index, value))

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __copy__(self) -> Any:
        return StrictArray(self._array.copy())

    def __deepcopy__(self, memo: Any) -> Any:
        return StrictArray(self._array.copy())

    def __repr__(self) -> str:
        return f"StrictArray({self.shape}, {self.dtype})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in FETCHING:
            raise AttributeError(f"an array of strictgpu has no {name!r}")
        value = getattr(self._array, name)
        return _wrapped(value) if callable(value) else _outside(value)

    shape = property(operator.attrgetter("_array.shape"))
    dtype = property(operator.attrgetter("_array.dtype"))
    ndim = property(operator.attrgetter("_array.ndim"))
    size = property(operator.attrgetter("_array.size"))


class StrictUfunc:
    """A ufunc of the device: callable, with NumPy's methods (``xp.add.at``, ``xp.add.reduce`` …)."""

    def __init__(self, ufunc: np.ufunc):
        self._ufunc, self.__name__ = ufunc, ufunc.__name__

    def __call__(self, *args: Any, **options: Any) -> Any:
        return _wrapped(self._ufunc)(*args, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._ufunc, name)
        return _wrapped(value) if callable(value) else value


class StrictModule:
    """NumPy's names for StrictArrays."""

    ndarray = StrictArray

    def __init__(self, source: Any):
        self._source, self.to_device, self.to_host = source, 0, 0
        self.recorded: list[Any] | None = None  # while work is recorded: what was to be done

    @property
    def transfers(self) -> int:
        """How often arrays have moved, both ways."""
        return self.to_device + self.to_host

    def asarray(self, x: Any, dtype: Any = None) -> StrictArray:
        """A NumPy array, number or list as an array of this device; one that is there already stays."""
        if isinstance(x, StrictArray) and dtype in (None, x.dtype):
            return x
        if isinstance(x, np.ndarray):
            self.moved("to_device")
            return StrictArray(np.array(x, dtype))
        return StrictArray(np.array(_inside(x), dtype))

    # ------------------------------------------------------------ recording

    def moved(self, way: str) -> None:
        """Count a move; none is possible while work is recorded."""
        if self.recorded is not None:
            raise RuntimeError(f"an array moves {way} while work is recorded")
        setattr(self, way, getattr(self, way) + 1)

    def do(self, work: Any) -> None:
        """Change arrays in place: now or, while work is recorded, later."""
        work() if self.recorded is None else self.recorded.append(work)

    def compute(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """``function`` of private arrays. While work is recorded, results have their shape but nothing is in them yet."""
        if self.recorded is None:
            return function(*args, **options)
        if "out" in options or getattr(function, "__name__", "") in IN_PLACE:
            self.recorded.append(lambda: function(*args, **options))
            return options.get("out")
        with np.errstate(all="ignore"):
            result = function(*args, **options)
        if isinstance(result, np.generic):
            result = np.asarray(result)
        sources = [a for a in _flat(args, function) if isinstance(a, np.ndarray)]
        if isinstance(result, np.ndarray) and not any(np.may_share_memory(a, result) for a in sources):
            self.recorded.append(lambda: result.__setitem__(..., function(*args, **options)))
            if result.dtype.kind == "f":
                result.fill(np.nan)
        return result

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in MISSING:
            raise AttributeError(f"strictgpu has no {name!r}")
        value = getattr(self._source, name)
        if isinstance(value, np.ufunc):
            return StrictUfunc(value)
        if isinstance(value, types.ModuleType):
            return StrictModule(value)
        return value if isinstance(value, type) or not callable(value) else _wrapped(value)


def _flat(args: Any, function: Any) -> list[Any]:
    """The arrays among the arguments, and the one that a method belongs to."""
    found = [getattr(function, "__self__", None)]
    for a in args:
        found += _flat(a, None) if isinstance(a, (list, tuple)) else [a]
    return found


class Recorder:
    """Records the work of a function, as a CUDA graph does: nothing is computed then, and Python is not asked again later."""

    def active(self) -> Any:
        """Where a GPU has a stream for what is recorded."""
        return contextlib.nullcontext()

    def record(self, work: Any) -> tuple[Any, Any]:
        """What ``work`` returns, and a function that does the same to the same arrays."""
        module.recorded = recorded = []
        try:
            result = work()
        finally:
            module.recorded = None

        def replay() -> None:
            for step in recorded:
                step()

        return result, replay


module = StrictModule(np)
minidl.backend.register("strictgpu", module, StrictArray)
