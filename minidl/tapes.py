"""`GradientTape`: TensorFlow's way to ask for gradients, over `grad`.

    w = Variable(3.0)
    with GradientTape() as tape:
        loss = w * w
    tape.gradient(loss, w)                         # 6

minidl records all the time, so a tape has little to do: it says which gradients are wanted, and until when."""
from contextvars import ContextVar
from typing import Any

from minidl.autograd import grad
from minidl.checks import true_or_false
from minidl.symbolic import flat, map_structure
from minidl.tensor import Tensor
from minidl.variables import Variable as Variable
from minidl.variables import tensor_of as tensor_of

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
