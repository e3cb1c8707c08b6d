"""Optimisers on the GPU: one launch updates up to eight parameters, whatever their shapes."""
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minidl.backend import Array, Backend, move, owner
from minidl.devices import FusedUpdate
from minidl.kernels.cupy.launching import THREADS, dense_copy, launch
from minidl.optimizers import SGD, Adagrad, Adam, Optimizer, RMSprop
from minidl.tensor import Tensor

AT_ONCE = 8  # parameters in one launch
MOST_BLOCKS = 256  # for each of them


class Clock:
    """How many updates were made, and the learning rate, in the GPU's memory: a recorded step reads them there."""

    def __init__(self, home: Backend):
        self.known = 0.0, 0.0  # what is in the array
        self.array = move(np.zeros(2), home)
        self.home = home

    def set(self, updates: int, rate: float) -> None:
        """Write them, if something else is there."""
        if self.known != (updates, rate):
            self.array[...] = move(np.array([updates, rate], float), self.home)
            self.known = updates, rate

    def advance(self) -> None:
        """One update more."""
        self.array[:1] += 1
        self.advanced()

    def advanced(self) -> None:
        """A recorded step did it."""
        self.known = self.known[0] + 1, self.known[1]

    def forget(self) -> None:
        """What is in the array is not certain any more."""
        self.known = -1.0, -1.0


_clocks: WeakKeyDictionary[Optimizer, dict[str, Clock]] = WeakKeyDictionary()


def clock_of(optimizer: Optimizer, home: Backend) -> Clock:
    """The optimiser's clock on that backend."""
    clocks = _clocks.setdefault(optimizer, {})
    if home.name not in clocks:
        clocks[home.name] = Clock(home)
    return clocks[home.name]


def _update(rule: str, slots: tuple[str, ...], optimizer: Any, params: list[Tensor], grads: list[Array], constants: Any) -> None:
    clock = clock_of(optimizer, owner(params[0].data))
    clock.set(optimizer.iterations, optimizer.learning_rate)
    p0, p1, p2, flag = constants
    for start in range(0, len(params), AT_ONCE):
        arguments: list[Any] = []
        for param, g in zip(params[start : start + AT_ONCE], grads[start : start + AT_ONCE]):
            state = optimizer.state_of(param)
            arguments += [param.data, dense_copy(g), *(state.get(slot) for slot in slots), param.size]
        many = len(arguments) // 6
        largest = max(arguments[5::6])
        arguments += [None, None, None, None, None, 0] * (AT_ONCE - many)
        grid = min(-(-largest // THREADS), MOST_BLOCKS), many
        dtype = str(params[start].dtype)
        launch(
            "updates.cu", "update", grid, THREADS, clock.array, float(optimizer.weight_decay or 0), float(p0), float(p1), float(p2), flag,
            *arguments, REAL="float" if dtype == "float32" else "double", RULE=rule,
        )  # fmt: skip
    clock.advance()


def _sgd(o: Any, params: list[Tensor], grads: list[Array]) -> None:
    _update("MOMENTUM" if o.momentum else "SGD", ("momentum", "", ""), o, params, grads, (o.momentum, 0, 0, int(o.nesterov)))


def _adagrad(o: Any, params: list[Tensor], grads: list[Array]) -> None:
    _update("ADAGRAD", ("accumulator", "", ""), o, params, grads, (o.epsilon, 0, 0, 0))


def _rmsprop(o: Any, params: list[Tensor], grads: list[Array]) -> None:
    flag = int(o.momentum > 0) + 2 * int(o.centered)
    _update("RMSPROP", ("velocity", "momentum", "average_gradient"), o, params, grads, (o.rho, o.momentum, o.epsilon, flag))


def _adam(o: Any, params: list[Tensor], grads: list[Array]) -> None:
    _update("ADAM", ("momentum", "velocity", "velocity_hat"), o, params, grads, (o.beta_1, o.beta_2, o.epsilon, int(o.amsgrad)))


def _if_possible(update: Callable[..., None]) -> Callable[..., bool]:
    """Whether it was done: only for contiguous parameters of one dtype that the kernels know."""

    def run(optimizer: Any, params: list[Tensor], grads: list[Array]) -> bool:
        dtypes = {str(p.dtype) for p in params}
        if len(dtypes) > 1 or not dtypes <= {"float32", "float64"} or not all(p.data.flags.c_contiguous for p in params):
            return False
        update(optimizer, params, grads)
        for param in params:
            param.data = param.data  # it was changed in place
        return True

    return run


UPDATES: dict[Any, FusedUpdate] = {
    rule.update: FusedUpdate(_if_possible(update), clock_of)
    for rule, update in ((SGD, _sgd), (Adagrad, _adagrad), (RMSprop, _rmsprop), (Adam, _adam))
}
