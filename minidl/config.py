"""Settings of the process that training is faster with. They are made when training starts, never at import."""
import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import threadpoolctl

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt(3)


@cache
def keep_freed_memory() -> bool:
    """Let glibc keep the large blocks that are freed, for the next step, instead of giving them back to the operating system and asking
    again (which costs nearly half of a small training step). Whether that was possible: without glibc nothing happens."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(M_MMAP_THRESHOLD, 2**30) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))


class _OneThread:
    """The limit on the threads of matrix products. It holds for the whole process: the first who asks sets it, the last restores it."""

    def __init__(self) -> None:
        self.lock, self.users = Lock(), 0
        self.controller: threadpoolctl.ThreadpoolController | None = None
        self.limiter: Any = None

    def enter(self) -> None:
        with self.lock:
            self.controller = self.controller or threadpoolctl.ThreadpoolController()
            if self.users == 0:
                self.limiter = self.controller.limit(limits=1, user_api="blas")
            self.users += 1

    def leave(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0:
                self.limiter.restore_original_limits()


_one_thread = _OneThread()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """``with one_blas_thread():`` matrix products run on one thread, in the whole process: those of small nets wait for each other longer
    than they gain. Afterwards the threads are as before. Also a decorator."""
    _one_thread.enter()
    try:
        yield
    finally:
        _one_thread.leave()
