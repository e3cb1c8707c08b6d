"""The library's one source of chance. It is NumPy's, and what it draws is moved: a seed means the same on every backend. Only masks may be
drawn where they are used, from a key that comes from here."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minidl.backend import Array, Backend, move
from minidl.checks import whole
from minidl.switches import kernels_on, switch

masks: dict[str, Callable[..., Array]] = {}  # backends that draw masks themselves: (home, shape, dtype, rate, generator) -> mask
_current = {"generator": np.random.default_rng()}
_apart: ContextVar[np.random.Generator | None] = ContextVar("apart", default=None)


def set_seed(seed: int) -> None:
    """Restart the random numbers (weights, shuffling, dropout): the same seed gives the same run."""
    _current["generator"] = np.random.default_rng(whole("seed", seed, 0))


def random_generator(seed: int | None = None) -> np.random.Generator:
    """A generator of one's own for a ``seed``; without one, the generator that all share."""
    return _apart.get() or _current["generator"] if seed is None else np.random.default_rng(whole("seed", seed, 0))


@contextmanager
def random_numbers_apart() -> Iterator[None]:
    """``with random_numbers_apart():`` other random numbers are drawn, always the same; afterwards, and in other threads all the time,
    everything goes on as if nothing had been."""
    with switch(_apart, np.random.default_rng(0)):
        yield


def keep_mask(home: Backend, shape: tuple[int, ...], dtype: Any, rate: float, generator: np.random.Generator) -> Array:
    """Dropout's mask on the backend ``home``: 0 with probability ``rate``, else 1 / (1 − rate). One seed gives one run, and the same
    masks on every backend but those that draw on the device."""
    if home.name in masks and kernels_on.get():
        return masks[home.name](home, shape, dtype, rate, generator)
    kept = generator.random(shape, "float32") >= rate
    return move((kept / (1 - rate)).astype(dtype), home)
