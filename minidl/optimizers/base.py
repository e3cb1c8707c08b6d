"""What every optimiser does around its update rule: check the gradients, clip them, decay the weights, keep the state."""
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Self

import numpy as np

from minidl.arguments import OptimizerArguments
from minidl.backend import Array, Backend, move, named, owner, to_numpy
from minidl.checks import number
from minidl.conversion import as_array
from minidl.devices import fused_updates
from minidl.explaining import Explained
from minidl.switches import kernels_on
from minidl.tensor import Tensor

LearningRate = float | Callable[[int], float]  # schedules are callable

_ASK = "minidl.why_no_grad(f), where f() computes the loss, says in which line the path to a parameter was cut"
kernels: dict[tuple[str, Any], Callable[..., None]] = {}  # faster forms of a rule, by backend: kernels["numpy", Adam.update] = …


class Optimizer(OptimizerArguments, Explained):
    """The base class of all optimisers. An own one names its state arrays, with the values they start from, and writes its update rule:

        class SignedMomentum(Optimizer):
            slots = {"momentum": 0.0}

            def update(self, xp, w, g, state, learning_rate, t):
                m = state["momentum"]
                m += 0.1 * (g - m)                      # in place: m = m + … would be forgotten
                w -= learning_rate * xp.sign(m)

    ``learning_rate`` is a number, a schedule, or a function of the number of updates made so far. These arguments work for every rule:

    weight_decay       w ← w − learning_rate · weight_decay · w before each update (the gradient does not see it: AdamW's decay)
    clipvalue          every number of a gradient is kept within ±clipvalue
    clipnorm           a gradient whose norm √Σg² is larger is scaled down to this norm, each parameter's by itself
    global_clipnorm    all gradients are scaled by one factor, so that the norm of all together is at most this    Pascanu et al. 2013
    """

    slots: Mapping[str, float] = {}

    def __init__(
        self, learning_rate: LearningRate = 0.01, weight_decay: float | None = None, clipnorm: float | None = None,
        clipvalue: float | None = None, global_clipnorm: float | None = None, name: str | None = None,
    ):  # fmt: skip
        limits = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        clips = {key: number(key, limit, above=0) for key, limit in limits.items() if limit is not None}
        if len(clips) > 1:
            raise ValueError(f"at most one of clipnorm, clipvalue and global_clipnorm can be given; got {' and '.join(clips)}")
        self.clip, self.limit = next(iter(clips.items()), ("", 0.0))
        self.weight_decay = None if weight_decay is None else number("weight_decay", weight_decay, at_least=0)
        self.learning_rate = learning_rate
        self.iterations = 0  # updates made so far
        self.name = name or type(self).__name__
        self._state: dict[Tensor, dict[str, Array]] = {}
        self._warned: set[str] = set()

    def update(self, xp: Any, w: Array, g: Array, state: dict[str, Array], learning_rate: float, t: int) -> None:
        """The rule: change the array ``w`` of one parameter in place, and its ``state``, but not its gradient ``g``. ``xp`` is the arrays'
        own module (numpy or cupy); all have w's shape and dtype. ``t`` counts the updates, this one included: 1, 2, …"""
        raise NotImplementedError(f"{type(self).__name__} has no update rule: write update(self, xp, w, g, state, learning_rate, t)")

    # ---------------------------------------------------------------- the learning rate

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update, a float. It can be set to a number, a schedule or a function of the step."""
        rate = self._learning_rate
        return number("learning_rate", rate(self.iterations), at_least=0) if callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, rate: LearningRate) -> None:
        self._learning_rate = rate if callable(rate) else number("learning_rate", rate, at_least=0)

    def get_config(self) -> dict[str, Any]:
        """The arguments it was made with, and the learning rate (or schedule) that it has now."""
        return super().get_config() | {"learning_rate": self._learning_rate}

    # ---------------------------------------------------------------- one step

    def step(self, params: Iterable[Tensor]) -> None:
        """Update the parameters with their ``.grad``, and clear it. Those without one are left alone, with a warning the first time; if
        none has one, RuntimeError."""
        params = _listed(params)
        ready = [param for param in params if param.grad is not None]
        if params and not ready:
            raise RuntimeError("no parameter has a gradient: call backward() first")
        self.apply([param.grad for param in params], params)
        for param in ready:
            param.zero_grad()

    def apply(self, grads: Iterable[Any], params: Iterable[Tensor]) -> None:
        """Update the parameters in place; ``grads`` are Tensors or arrays of their shapes. No ``.grad`` is touched.

        A parameter whose gradient is None is left alone, with a warning; if all are None, ValueError."""
        if not hasattr(self, "_state"):
            raise RuntimeError(f"{type(self).__name__}.__init__ must call super().__init__() first")
        params, grads = _listed(params), list(grads)
        if len(grads) != len(params):
            raise ValueError(f"expected one gradient for each of the {len(params)} parameters; got {len(grads)}")
        names = [_name(param, i) for i, param in enumerate(params)]
        ready = [param for param, g in zip(params, grads) if g is not None]
        arrays = [_fitted(name, param, g) for name, param, g in zip(names, params, grads) if g is not None]
        self._report([name for name, g in zip(names, grads) if g is None], some=bool(ready))
        if not ready:
            return
        backend = owner(*arrays, *(param.data for param in ready))
        with self.noting(ready, arrays):
            self._update(backend, ready, self._clipped(backend.module, arrays))
        self.iterations += 1

    def _update(self, backend: Backend, params: list[Tensor], grads: list[Array]) -> None:
        """Decay and update each parameter: by the rule, by a kernel for one parameter, or by one for all at once."""
        rule, learning_rate = type(self).update, self.learning_rate
        if kernels_on.get():
            if (at_once := fused_updates.get((backend.name, rule))) and at_once.run(self, params, grads):
                return
            rule = kernels.get((backend.name, rule), rule)
        for param, g in zip(params, grads):
            w = param.data
            if self.weight_decay:
                w -= (learning_rate * self.weight_decay) * w
            rule(self, backend.module, w, g, self.state_of(param), learning_rate, self.iterations + 1)
            param.data = w  # the same array: this counts as a change in place

    def _clipped(self, xp: Any, grads: list[Array]) -> list[Array]:
        if self.clip == "clipvalue":
            return [xp.clip(g, -self.limit, self.limit) for g in grads]
        squares = [xp.sum(g * g) for g in grads] if self.clip else []
        if self.clip == "global_clipnorm":
            squares = [sum(squares)] * len(grads)
        scales = [self.limit / xp.maximum(xp.sqrt(square), self.limit) for square in squares]  # 1 for a norm within the limit
        return [g * scale.astype(g.dtype) for g, scale in zip(grads, scales)] if self.clip else grads

    def _report(self, missing: list[str], some: bool) -> None:
        if missing and not some:
            raise ValueError(f"no gradient for any parameter ({', '.join(missing)}); {_ASK}")
        if new := [name for name in missing if name not in self._warned]:
            warnings.warn(f"no gradient for {', '.join(new)}: left as before; {_ASK}", UserWarning, stacklevel=3)
            self._warned.update(new)

    # ---------------------------------------------------------------- the state

    def state_of(self, param: Tensor) -> dict[str, Array]:
        """The state arrays of one parameter, by slot; those that `update` writes to."""
        if param not in self._state:
            self._state[param] = {slot: owner(param.data).module.full_like(param.data, start) for slot, start in self.slots.items()}
        return self._state[param]

    def state_arrays(self, params: Iterable[Tensor]) -> list[np.ndarray]:
        """Copies of all the state as NumPy arrays: the slots of the first parameter, of the second, …. With ``iterations`` and the
        parameters, this is what training needs to go on as if it had never stopped."""
        return [np.array(to_numpy(array)) for param in _listed(params) for array in self.state_of(param).values()]

    def load_state_arrays(self, params: Iterable[Tensor], arrays: Sequence[np.ndarray], iterations: int) -> None:
        """Take over what `state_arrays` gave, and the number of updates made by then."""
        if isinstance(iterations, bool) or not hasattr(iterations, "__index__") or iterations < 0:
            raise ValueError(f"iterations must be a whole number ≥ 0; got {iterations!r}")
        params = _listed(params)
        places = [(_name(p, i), p, slot) for i, p in enumerate(params) for slot in self.slots]
        if len(places) != len(arrays):
            raise ValueError(f"{self.name} has {len(places)} state arrays for {len(params)} parameters; got {len(arrays)}")
        for (name, param, slot), array in zip(places, arrays):
            if np.shape(array) != param.shape:
                raise ValueError(f"the {slot} of {name} must have its shape {param.shape}; got {np.shape(array)}")
        for (_, param, slot), array in zip(places, arrays):
            self.state_of(param)[slot] = move(np.array(array, param.dtype), owner(param.data))
        self.iterations = int(iterations)

    def to(self, backend: str) -> Self:
        """Move the state to the backend of that name, as the parameters are moved."""
        for state in self._state.values():
            state.update({slot: move(array, named(backend)) for slot, array in state.items()})
        return self


def _listed(params: Iterable[Tensor]) -> list[Tensor]:
    if isinstance(params, Tensor):
        raise TypeError(f"expected a list of parameters; got one Tensor of shape {params.shape}: write [w]")
    params = list(params)
    for name, param in zip(map(_name, params, count()), params):
        if not isinstance(param, Tensor) or param.dtype.kind != "f":
            raise TypeError(f"{name} must be a Tensor of floats; got {getattr(param, 'dtype', type(param).__name__)}")
    if len(set(params)) < len(params):
        twice = next(_name(param, i) for i, param in enumerate(params) if param in set(params[:i]))
        raise ValueError(f"each parameter can be given once only; got {twice} again")
    return params


def _name(param: Any, i: int) -> str:
    return getattr(param, "name", None) or f"parameter {i}"


def _fitted(name: str, param: Tensor, grad: Any) -> Array:
    """The gradient as an array of the parameter's dtype; an error that names the parameter if it has another shape."""
    g = grad.data if isinstance(grad, Tensor) else as_array(grad)
    if g.shape != param.shape:
        raise ValueError(f"the gradient of {name} must have its shape {param.shape}; got {g.shape}")
    return g if g.dtype == param.dtype else g.astype(param.dtype)
