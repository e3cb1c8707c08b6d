"""Settings of the process that training is faster with. They are made when training starts, never at import."""
import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import threadpoolctl

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt(3)


@cache
def keep_freed_memory() -> bool:
    """Let glibc keep the large blocks that are freed, for the next step, instead of giving them back to the kernel and asking again
    (which costs nearly half of a small training step). Whether that was possible: elsewhere than on glibc nothing happens."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(M_MMAP_THRESHOLD, 2**30) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))


@cache
def _controller() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """``with one_blas_thread():`` matrix products run on one thread: those of small nets wait for each other longer than they gain."""
    with _controller().limit(limits=1, user_api="blas"):
        yield
