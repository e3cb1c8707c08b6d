"""What gets recorded: a Tensor is an array that remembers the op that made it.
An op is two functions side by side: arrays in, array out; and its gradient rule, Tensors in, Tensors out. Because rules are written
in Tensors, they can be differentiated again. ``minidl/ops/elementwise.py`` shows the pattern."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from typing import Any, NamedTuple

from minidl import backend
from minidl.backend import Array
from minidl.conversion import as_array, as_numpy, call_numpy, describe, explained, fitting, plain
from minidl.switches import kernels_on, recording

registry: dict[str, Op] = {}  # every op by name; the first to take a name keeps it
_clock = count()

class Kernel(NamedTuple):
    """A fast form of an op or composite, attached from outside: ``op.kernels["numpy"] = Kernel(forward, vjp)``."""
    forward: Callable[..., Any]  # (*arrays, **metadata) -> (array, saved); (NotImplemented, None): run the readable form
    vjp: Callable[..., Any]  # (g, saved, needs) -> an array or None per input; needs: one bool per input

@dataclass(slots=True)
class Node:
    """One recorded call. Edges point backwards only (Tensor → Node → inputs): nothing waits for the garbage collector."""
    op: Op
    inputs: list[Any] | None  # Tensors, numbers, None; forgotten once a gradient has passed
    version: int  # of all the inputs together, when they were used
    metadata: dict[str, Any]
    kernel: Kernel | None  # the kernel that ran, if one did
    saved: Any  # what the kernel keeps for its vjp

class Op:
    """A differentiable function of Tensors, arrays or numbers (positional) and metadata (keywords)."""
    def __init__(self, function: Callable[..., Any]):
        self.name, self.function, self.__doc__, self.__module__ = function.__name__, function, function.__doc__, function.__module__
        self.rule: Callable[..., Any] | None = None
        self.kernels: dict[str, Kernel] = {}
        registry.setdefault(self.name, self)

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Attach the rule ``(g, y, *inputs, **metadata) -> dL/dinput``, one for each input."""
        self.rule, rule.__qualname__ = rule, f"{self.name}.vjp"  # the name in errors
        return rule

    def __call__(self, *inputs: Any, **metadata: Any) -> Tensor:
        arrays, bare, wanted, version, kernel, saved, y = [], False, False, 0, None, None, NotImplemented
        for x in inputs:
            if isinstance(x, Tensor):
                arrays.append(x._data)
                wanted = wanted or x.requires_grad
                version += x.version
            else:
                arrays.append(plain(x))
                bare = True
        owner = backend.owner(*arrays)
        try:
            if self.kernels and kernels_on.get() and (kernel := self.kernels.get(owner.name)):
                y, saved = kernel.forward(*arrays, **metadata)
            if y is NotImplemented and not isinstance(self, Composite): y, kernel = self.function(owner.module, *arrays, **metadata), None
        except (TypeError, ValueError) as error: raise explained(error, self.function, type(self) is Op, arrays, metadata) from error
        if isinstance(self, Composite) and y is NotImplemented:
            return self.function(*(_tensors(inputs, arrays) if bare else inputs), **metadata)  # type: ignore[no-any-return]
        y = y if type(y) is owner.array_type or backend.is_array(y) else owner.module.asarray(y)
        if not (wanted and recording.get() and y.dtype.kind == "f"): return made(y, None)
        return made(y, Node(self, _tensors(inputs, arrays) if bare else [*inputs], version, metadata, kernel, saved))

    def __repr__(self) -> str: return f"<op {self.name}>"
    def __reduce__(self) -> str: return self.name  # copies and pickles are the op itself

class Composite(Op):
    """A plain function over ops: it is just called, unless a kernel replaces it whole; then the function is its rule."""

op, composite = Op, Composite  # the decorators

def _tensors(inputs: Any, arrays: list[Any]) -> list[Any]:  # what rules and composites receive: Tensors, numbers, None
    return [x if isinstance(x, Tensor) else made(a, None) if backend.is_array(a) else a for x, a in zip(inputs, arrays)]

def made(array: Array, node: Node | None) -> Tensor:  # a Tensor without the checks
    t = Tensor.__new__(Tensor)
    t._data, t.node, t.requires_grad, t.born, t.version, t.grad, t.name = array, node, node is not None, next(_clock), 0, None, None
    return t

class Tensor:
    """``array`` is an array, a number or a nested list; dtypes are NumPy's. The Tensor shares it, unless ``requires_grad``: then it
    takes a copy, because optimisers change it in place. Only floats can require a gradient; anything else raises TypeError."""
    __slots__ = ("__weakref__", "_data", "born", "grad", "name", "node", "requires_grad", "version")

    def __init__(self, array: Any, requires_grad: bool = False, name: str | None = None):
        array = as_array(array._data if isinstance(array, Tensor) else array, requires_grad)
        self._data: Array = array.copy() if requires_grad else array
        self.requires_grad, self.name = requires_grad, name
        self.grad: Tensor | None = None  # backward() adds to it
        self.node: Node | None = None  # the call that made it
        self.version, self.born = 0, next(_clock)  # changes in place so far; an op's output is younger than its inputs

    @property
    def data(self) -> Array: return self._data  # setting it counts as a change in place

    @data.setter
    def data(self, array: Any) -> None:
        self._data, self.version = as_array(array, self.requires_grad), self.version + 1

    shape, ndim, size, dtype = (property(attrgetter("_data." + name)) for name in ("shape", "ndim", "size", "dtype"))
    T = property(lambda self: registry["transpose"](self))
    __hash__ = object.__hash__
    __array_ufunc__ = None  # np.exp(t) raises, array + t is t's operator: NumPy's functions never lose a gradient in silence

    def __add__(self, b: Any) -> Tensor: return registry["add"](self, b)
    def __radd__(self, a: Any) -> Tensor: return registry["add"](a, self)
    def __sub__(self, b: Any) -> Tensor: return registry["subtract"](self, b)
    def __rsub__(self, a: Any) -> Tensor: return registry["subtract"](a, self)
    def __mul__(self, b: Any) -> Tensor: return registry["multiply"](self, b)
    def __rmul__(self, a: Any) -> Tensor: return registry["multiply"](a, self)
    def __truediv__(self, b: Any) -> Tensor: return registry["divide"](self, b)
    def __rtruediv__(self, a: Any) -> Tensor: return registry["divide"](a, self)
    def __pow__(self, b: Any) -> Tensor: return registry["power"](self, b)
    def __rpow__(self, a: Any) -> Tensor: return registry["power"](a, self)
    def __matmul__(self, b: Any) -> Tensor: return registry["matmul"](self, b)
    def __rmatmul__(self, a: Any) -> Tensor: return registry["matmul"](a, self)
    def __neg__(self) -> Tensor: return registry["negative"](self)
    def __abs__(self) -> Tensor: return registry["abs"](self)
    def __lt__(self, b: Any) -> Tensor: return registry["less"](self, b)
    def __le__(self, b: Any) -> Tensor: return registry["less_equal"](self, b)
    def __gt__(self, b: Any) -> Tensor: return registry["greater"](self, b)
    def __ge__(self, b: Any) -> Tensor: return registry["greater_equal"](self, b)
    def __eq__(self, b: object) -> Tensor: return registry["equal"](self, b)  # type: ignore[override]
    def __ne__(self, b: object) -> Tensor: return registry["not_equal"](self, b)  # type: ignore[override]
    def __iadd__(self, b: Any) -> Tensor: return self._in_place(registry["add"], b)
    def __isub__(self, b: Any) -> Tensor: return self._in_place(registry["subtract"], b)
    def __imul__(self, b: Any) -> Tensor: return self._in_place(registry["multiply"], b)
    def __itruediv__(self, b: Any) -> Tensor: return self._in_place(registry["divide"], b)

    def _in_place(self, op: Op, b: Any) -> Tensor:
        """``w -= ...`` changes w itself, unless that would lose a gradient (``loss += ...``): then it is ``loss = loss + ...``."""
        if recording.get() and (self.node or isinstance(b, Tensor) and b.requires_grad):
            return op(self, b)
        self[...] = fitting(op(self._data, b), self)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, Tensor) and value.requires_grad and recording.get():
            raise TypeError("writing this Tensor into another would lose its gradient: use ops.where, or write its .data")
        self._data[index] = value._data if isinstance(value, Tensor) else value
        self.version += 1

    def __getitem__(self, index: Any) -> Tensor: return registry["getitem"](self, index=index)
    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor: return registry["sum"](self, axis=axis, keepdims=keepdims)
    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor: return registry["mean"](self, axis=axis, keepdims=keepdims)
    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor: return registry["max"](self, axis=axis, keepdims=keepdims)
    def reshape(self, *shape: Any) -> Tensor: return registry["reshape"](self, shape=shape[0] if len(shape) == 1 else shape)
    def transpose(self, *axes: Any) -> Tensor: return registry["transpose"](self, axes=(axes[0] if len(axes) == 1 else axes) or None)
    def exp(self) -> Tensor: return registry["exp"](self)
    def log(self) -> Tensor: return registry["log"](self)
    def sqrt(self) -> Tensor: return registry["sqrt"](self)
    def abs(self) -> Tensor: return registry["abs"](self)
    def astype(self, dtype: Any) -> Tensor: return registry["astype"](self, dtype=dtype)
    def to(self, backend: str) -> Tensor: return registry["to"](self, backend=backend)
    def detach(self) -> Tensor: return made(self._data.copy(), None)
    def numpy(self) -> Array: return backend.to_numpy(self._data)
    def item(self) -> Any: return self.numpy().item()
    def zero_grad(self) -> None: self.grad = None
    def __float__(self) -> float: return float(self.item())
    def __bool__(self) -> bool: return bool(self.item())
    def __index__(self) -> int: return int(self.numpy().__index__())
    def __len__(self) -> int: return len(self._data)
    def __iter__(self) -> Iterator[Tensor]: return (self[i] for i in range(len(self)))
    def __format__(self, spec: str) -> str: return format(self.item() if spec else repr(self), spec)
    def __repr__(self) -> str: return describe(self)
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array: return as_numpy(self, dtype, copy)
    def __array_function__(self, f: Any, types: Any, args: Any, options: Any) -> Any: return call_numpy(f, args, options, recording.get())
