"""Where the numbers of the kernels lie.

Pictures are (N, H, W, C) to everybody else. The kernels keep them as (W, C, H, N) in memory, images innermost, and hand out a view:

* All passes run over long stretches of memory. A few neighbours along the first axis are one matrix (k · C, H · N) without being copied,
  and the first axis is what blocks and threads divide.
* The first axis is W, not H, for the sake of the maximum. Of two neighbours along the first axis the larger is found in long stretches,
  so this is asked first, while there is most to do; and for the first in C order to win a tie, left and right must be asked first.

In the kernels all is called as if the pictures were mirrored at their diagonal: what they call rows are the columns of the picture. So
sizes come in the order (W, H) there, and kernels as (kw, kh, C, F): see `mirrored`."""
import threading
from typing import Any

import numpy as np

PADDING = 64  # bytes more in each row of scratch: rows whose distance is a power of two would share few places of the cache
_local = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array for numbers that are needed for a moment. The next one of the same name in the same thread takes the same memory."""
    size = dtype.itemsize
    for n in shape:
        size *= n
    buffers = _local.__dict__
    buffer = buffers.get(name)
    if buffer is None or buffer.size < size:
        buffer = buffers[name] = np.empty(size, np.uint8)
    return np.ndarray(shape, dtype, buffer)


def forget_scratch() -> None:
    """Let go of this thread's scratch memory: the next who needs some asks for it anew."""
    _local.__dict__.clear()


def in_one_type(*arrays: Any, types: str = "fd") -> list[np.ndarray] | None:
    """The arrays in the type that NumPy gives their product, if its code is one of ``types`` (float32 and float64); None for others, and
    if one is no array."""
    if not all(isinstance(a, np.ndarray) for a in arrays):
        return None
    dtype = arrays[0].dtype
    if any(a.dtype != dtype for a in arrays):
        dtype = np.result_type(*arrays)
        arrays = tuple(a.astype(dtype, copy=False) for a in arrays)
    return list(arrays) if dtype.char in types else None


def rows_first(x: np.ndarray) -> np.ndarray:
    """(N, H, W, C) → (W, C, H, N), C-contiguous; without a copy where the memory is in this order already."""
    y = x.transpose(2, 3, 1, 0)
    if y.flags.c_contiguous:
        return y
    if x.flags.c_contiguous and x.shape[0] > 1:  # copied with longer rows first: rows that share places of the cache cost four times more
        n, row = x.shape[0], x[0].size
        longer = scratch("longer", (n, row + PADDING // x.itemsize), x.dtype)[:, :row]
        longer[...] = x.reshape(n, row)
        y = longer.reshape(x.shape).transpose(2, 3, 1, 0)
    return np.ascontiguousarray(y)


def images_first(y: np.ndarray) -> np.ndarray:
    """(W, C, H, N) → a view (N, H, W, C)."""
    return y.transpose(3, 2, 0, 1)


def mirrored(kernel: np.ndarray) -> np.ndarray:
    """(kh, kw, C, F) → (kw, kh, C, F) or back, C-contiguous."""
    return np.ascontiguousarray(kernel.transpose(1, 0, 2, 3))
