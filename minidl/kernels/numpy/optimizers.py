"""The update rules in place, a block at a time that stays in the cache, without an array for each intermediate result.

The order of the operations is that of the readable rules, so that both agree to the last digits."""
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minidl.kernels.numpy.memory import scratch
from minidl.optimizers import SGD, Adam, RMSprop
from minidl.optimizers.base import kernels

BLOCK = 2**14  # numbers of w, g and the state that stay in a cache of half a megabyte
Arrays = dict[str, np.ndarray]


def _blocks(w: np.ndarray, g: np.ndarray, state: Arrays) -> Iterator[tuple[np.ndarray, np.ndarray, Arrays, np.ndarray]]:
    """w, g and the state in flat blocks, with an array for what comes between."""
    w, g, flat = w.reshape(-1), np.ascontiguousarray(g).reshape(-1), {name: a.reshape(-1) for name, a in state.items()}
    for i in range(0, w.size, BLOCK):
        part = w[i : i + BLOCK]
        yield part, g[i : i + BLOCK], {name: a[i : i + BLOCK] for name, a in flat.items()}, scratch("update", part.shape, w.dtype)


def sgd(self: Any, xp: Any, w: Any, g: Any, state: Arrays, learning_rate: float, t: int) -> None:
    for p, d, slots, step in _blocks(w, g, state):
        np.multiply(d, learning_rate, out=step)
        if not self.momentum:
            p -= step
            continue
        v = slots["momentum"]
        v *= self.momentum
        v -= step
        if self.nesterov:
            p -= step
            np.multiply(v, self.momentum, out=step)
            p += step
        else:
            p += v


def rmsprop(self: Any, xp: Any, w: Any, g: Any, state: Arrays, learning_rate: float, t: int) -> None:
    for p, d, slots, step in _blocks(w, g, state):
        v = slots["velocity"]
        np.multiply(d, d, out=step)
        step -= v
        step *= 1 - self.rho
        v += step
        if self.centered:
            a = slots["average_gradient"]
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
            u = slots["momentum"]
            u *= self.momentum
            u += step
            p -= u
        else:
            p -= step


def adam(self: Any, xp: Any, w: Any, g: Any, state: Arrays, learning_rate: float, t: int) -> None:
    rate = learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
    for p, d, slots, step in _blocks(w, g, state):
        m, v = slots["momentum"], slots["velocity"]
        np.subtract(d, m, out=step)
        step *= 1 - self.beta_1
        m += step
        np.multiply(d, d, out=step)
        step -= v
        step *= 1 - self.beta_2
        v += step
        if self.amsgrad:
            largest = slots["velocity_hat"]
            v = np.maximum(largest, v, out=largest)
        np.sqrt(v, out=step)
        step += self.epsilon
        np.divide(m, step, out=step)
        step *= rate
        p -= step


def _attach(kind: Any, fast: Callable[..., None]) -> None:
    readable = kind.update

    def update(self: Any, xp: Any, w: Any, g: Any, state: Arrays, learning_rate: float, t: int) -> None:
        flat = w.dtype.char in "fd" and all(a.flags.c_contiguous for a in (w, *state.values()))  # else a block would be a copy
        (fast if flat else readable)(self, xp, w, g, state, learning_rate, t)

    kernels["numpy", readable] = update


_attach(SGD, sgd)
_attach(RMSprop, rmsprop)
_attach(Adam, adam)
