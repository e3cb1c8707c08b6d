"""`GradientTape` and `Variable`: TensorFlow's way to ask for gradients, over `grad`.

    w = Variable(3.0)
    with GradientTape() as tape:
        loss = w * w
    tape.gradient(loss, w)                         # 6

minidl records all the time, so a tape has little to do: it says which gradients are wanted, and until when."""
from contextvars import ContextVar
from typing import Any

import numpy as np

from minidl.autograd import grad
from minidl.checks import true_or_false
from minidl.symbolic import flat, map_structure
from minidl.tensor import Tensor

_open: ContextVar[int] = ContextVar("open tapes", default=0)  # gradients that are taken while others record are recorded too


class GradientTape:
    """``with GradientTape() as tape:`` … ``tape.gradient(target, sources)``. ``persistent``: more than one gradient may be asked for.
    Without ``watch_accessed_variables``, only what was given to `watch` has a gradient."""

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self.persistent = true_or_false("persistent", persistent)
        self.watches_all = true_or_false("watch_accessed_variables", watch_accessed_variables)
        self.watched: set[Tensor] = set()
        self.used = False

    def __enter__(self) -> "GradientTape":
        self._before = _open.set(_open.get() + 1)
        return self

    def __exit__(self, *error: object) -> None:
        _open.reset(self._before)

    def watch(self, tensor: Any) -> None:
        """From here on, gradients with respect to this Tensor of floats (or each of several) can be asked for."""
        for one in flat(tensor):
            if not isinstance(one, Tensor) or one.dtype.kind != "f":
                raise TypeError(f"a tape watches Tensors of floats, like constant(3.0); got {one!r:.60}")
            one.requires_grad = True
            self.watched.add(one)

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None) -> Any:
        """d target / d source for each of ``sources``, in their structure (one, a list, a dictionary); None where there is no connection.

        Of a target with several numbers, or several targets, the gradient of the sum. ``output_gradients``: dL / d target."""
        if self.used and not self.persistent:
            raise RuntimeError("a tape gives one gradient: GradientTape(persistent=True) gives more")
        self.used = True
        targets, wanted = flat(target), [x for x in dict.fromkeys(flat(sources)) if self._may_have_one(x)]
        seeds = flat(output_gradients) if output_gradients is not None else [None] * len(targets)
        if len(seeds) != len(targets):
            raise ValueError(f"output_gradients must be one for each of {len(targets)} targets; got {len(seeds)}")
        total = sum((y.sum() if seed is None else (y * seed).sum() for y, seed in zip(targets, seeds)), start=Tensor(0.0))
        found = dict(zip(wanted, grad(total, wanted, create_graph=_open.get() > 0, keep_graph=True)))
        return map_structure(found.get, sources)

    def _may_have_one(self, x: Any) -> bool:
        if not isinstance(x, Tensor):
            raise TypeError(f"sources are Tensors or Variables; got {x!r:.60}")
        return x.requires_grad and (self.watches_all or x in self.watched)


class Variable(Tensor):
    """A Tensor that changes: Python's floats become float32, and floats require a gradient unless ``trainable`` is False."""

    __slots__ = ()

    def __init__(self, initial_value: Any, trainable: bool = True, name: str | None = None, dtype: Any = None):
        value = tensor_of(initial_value, dtype)
        super().__init__(value.data.copy(), true_or_false("trainable", trainable) and value.dtype.kind == "f", name)

    def assign(self, value: Any) -> "Variable":
        """Take this value; the shape stays."""
        new = tensor_of(value, self.dtype)
        if new.shape != self.shape:
            raise ValueError(f"the variable has shape {self.shape}, the value {new.shape}")
        self[...] = new.data
        return self

    def assign_add(self, value: Any) -> "Variable":
        return self.assign(self.data + tensor_of(value, self.dtype).data)

    def assign_sub(self, value: Any) -> "Variable":
        return self.assign(self.data - tensor_of(value, self.dtype).data)

    def value(self) -> Tensor:
        """What it is now, as a Tensor of its own."""
        return self.detach()


def tensor_of(value: Any, dtype: Any = None) -> Tensor:
    """A Tensor as TensorFlow makes it: Python's floats are float32 and its whole numbers int32; arrays and Tensors keep their dtype."""
    if isinstance(value, Tensor):
        return value if dtype is None or value.dtype == np.dtype(dtype) else value.astype(dtype)
    array = value if hasattr(value, "dtype") else np.asarray([np.asarray(v) for v in value] if isinstance(value, (list, tuple)) else value)
    if dtype is None and not hasattr(value, "dtype"):
        dtype = {"f": "float32", "i": "int32"}.get(array.dtype.kind)
    return Tensor(array if dtype is None else array.astype(dtype))
