"""Dropout's masks, drawn on the GPU: the numbers are a function of a key and of how many were drawn, and both are in its memory."""
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minidl.backend import Array, Backend, move
from minidl.kernels.cupy.launching import REAL, each

# By generator, whose lock stands for it, because it can be referred to weakly; and by backend. They go when it goes.
_states: WeakKeyDictionary[Any, dict[str, Array]] = WeakKeyDictionary()


def keep_mask(home: Backend, shape: tuple[int, ...], dtype: Any, rate: float, generator: np.random.Generator) -> Array:
    """0 with probability ``rate``, else 1 / (1 − rate). The key comes from ``generator``, once; so one seed gives one run."""
    states = _states.setdefault(generator.bit_generator.lock, {})
    if home.name not in states:
        states[home.name] = move(np.array([generator.integers(2**63), 0], np.uint64), home)
    state = states[home.name]
    mask = home.module.empty(shape, dtype if str(dtype) in REAL else "float32")
    words = -(-mask.size // 4)
    each("noise.cu", "keep_mask", words, mask, state, mask.size, float(rate))
    each("noise.cu", "advance", 1, state[1:], np.uint64(words))
    return mask.astype(dtype, copy=False)
