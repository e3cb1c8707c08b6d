"""The update rules in place, a block at a time that stays in the cache, without an array for each intermediate result.

The order of the operations is that of the readable rules, so that both agree to the last digits."""
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minidl.kernels.numpy.memory import scratch
from minidl.optimizers import SGD, Adam, RMSprop
from minidl.optimizers.base import kernels

BLOCK = 2**15  # numbers of w, of g and of each state array at a time
Slots = dict[str, np.ndarray]


def _blocks(
    w: np.ndarray, g: np.ndarray, state: Slots, *names: str
) -> Iterator[tuple[np.ndarray, np.ndarray, list[np.ndarray], np.ndarray]]:
    """w, g and the state arrays of these names in blocks, with an array for what comes between; whole, where they are small or no stretch
    of memory."""
    slots = [state[name] for name in names]
    if w.size <= BLOCK or not all(a.flags.c_contiguous for a in (w, *slots)):
        yield w, g, slots, scratch("update", w.shape, w.dtype)
        return
    flat = [a.reshape(-1) for a in (w, np.ascontiguousarray(g), *slots)]
    for i in range(0, w.size, BLOCK):
        part, d, *parts = [a[i : i + BLOCK] for a in flat]
        yield part, d, parts, scratch("update", part.shape, w.dtype)


def sgd(self: Any, xp: Any, w: Any, g: Any, state: Slots, learning_rate: float, t: int) -> None:
    for p, d, slots, step in _blocks(w, g, state, *["momentum"] * bool(self.momentum)):
        np.multiply(d, learning_rate, out=step)
        if not slots:
            p -= step
            continue
        (v,) = slots
        v *= self.momentum
        v -= step
        if self.nesterov:
            p -= step
            np.multiply(v, self.momentum, out=step)
            p += step
        else:
            p += v


def rmsprop(self: Any, xp: Any, w: Any, g: Any, state: Slots, learning_rate: float, t: int) -> None:
    names = ["velocity", *["momentum"] * bool(self.momentum), *["average_gradient"] * self.centered]
    for p, d, (v, *more), step in _blocks(w, g, state, *names):
        np.multiply(d, d, out=step)
        step -= v
        step *= 1 - self.rho
        v += step
        if self.centered:
            a = more[-1]
            np.subtract(d, a, out=step)
            step *= 1 - self.rho
            a += step
            np.multiply(a, a, out=step)
            np.subtract(v, step, out=step)
            np.maximum(step, 0, out=step)
            step += self.epsilon
        else:
            np.add(v, self.epsilon, out=step)
        np.sqrt(step, out=step)
        np.divide(d, step, out=step)
        step *= learning_rate
        if self.momentum:
            u = more[0]
            u *= self.momentum
            u += step
            p -= u
        else:
            p -= step


def adam(self: Any, xp: Any, w: Any, g: Any, state: Slots, learning_rate: float, t: int) -> None:
    rate = learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
    for p, d, (m, v, *largest), step in _blocks(w, g, state, "momentum", "velocity", *["velocity_hat"] * self.amsgrad):
        np.subtract(d, m, out=step)
        step *= 1 - self.beta_1
        m += step
        np.multiply(d, d, out=step)
        step -= v
        step *= 1 - self.beta_2
        v += step
        if self.amsgrad:
            v = np.maximum(largest[0], v, out=largest[0])
        np.sqrt(v, out=step)
        step += self.epsilon
        np.divide(m, step, out=step)
        step *= rate
        p -= step


def _attach(readable: Callable[..., None], fast: Callable[..., None]) -> None:
    def update(self: Any, xp: Any, w: Any, g: Any, state: Slots, learning_rate: float, t: int) -> None:
        (fast if w.dtype.char in "fd" else readable)(self, xp, w, g, state, learning_rate, t)

    kernels["numpy", readable] = update


_attach(SGD.update, sgd)
_attach(RMSprop.update, rmsprop)
_attach(Adam.update, adam)
