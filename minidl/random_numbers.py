"""The library's one source of chance. It is always NumPy's, and what it draws is moved: a seed means the same on every backend."""
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from minidl.checks import whole

_current = {"generator": np.random.default_rng()}


def set_seed(seed: int) -> None:
    """Restart the random numbers (weights, shuffling, dropout): the same seed gives the same run."""
    _current["generator"] = np.random.default_rng(whole("seed", seed, 0))


def random_generator(seed: int | None = None) -> np.random.Generator:
    """A generator of one's own for a ``seed``; without one, the generator that all share."""
    return _current["generator"] if seed is None else np.random.default_rng(whole("seed", seed, 0))


@contextmanager
def random_numbers_apart() -> Iterator[None]:
    """``with random_numbers_apart():`` other random numbers are drawn, always the same; afterwards all goes on as if nothing had been."""
    before = _current["generator"]
    _current["generator"] = np.random.default_rng(0)
    try:
        yield
    finally:
        _current["generator"] = before
