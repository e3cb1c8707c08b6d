"""How minidl uses the machine: threads, block sizes, memory. Chosen from the machine, made when something is computed, never at import.

    minidl.config.configure(threads=1)             for the whole process
    with minidl.config.using(threads=1): …         for a block of code
    minidl.config.settings()                       what holds now
    minidl.config.restore()                        what the machine suggests

Nothing here changes a result beyond rounding."""
import ctypes
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from functools import cache, wraps
from pathlib import Path
from threading import Lock, get_ident
from typing import Any, TypeVar, cast

from minidl.checks import true_or_false, whole
from minidl.devices import explain_memory
from minidl.gpu import list_physical_devices as list_physical_devices
from minidl.switches import switch

Function = TypeVar("Function", bound=Callable[..., Any])

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt(3)
MOST_BLOCK_BYTES, MOST_THREADS = 2**30, 256


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def core_cache() -> int:
    """The bytes of the second-level cache of a core; 1 MB where the system does not tell."""
    try:
        text = Path("/sys/devices/system/cpu/cpu0/cache/index2/size").read_text().strip()  # Linux: "512K"
        size = int(text[:-1]) * {"K": 2**10, "M": 2**20}[text[-1]]
    except (OSError, ValueError, KeyError, IndexError):
        return 2**20
    return min(max(size, 2**18), 2**22)


@dataclass(frozen=True)
class Settings:
    """``threads``: of the kernels, which run matrix products on one thread each. ``block_bytes``: what a kernel works on at a time; unless
    it was set, it goes with the threads. ``keep_freed_memory``: whether freed blocks are kept for the next step (glibc only)."""

    threads: int = 1
    block_bytes: int = 2**22
    keep_freed_memory: bool = True

    def __post_init__(self) -> None:
        if whole("threads", self.threads) > MOST_THREADS:
            raise ValueError(f"threads must be at most {MOST_THREADS}; got {self.threads}")
        whole("block_bytes", self.block_bytes)
        if self.block_bytes > MOST_BLOCK_BYTES:
            raise ValueError(f"block_bytes must be at most {MOST_BLOCK_BYTES}, far beyond any cache; got {self.block_bytes}")
        true_or_false("keep_freed_memory", self.keep_freed_memory)


def block_bytes_for(threads: int) -> int:
    """The best size of blocks. A thread alone is fastest where a block stays in its core's own cache; several wait for each other at each
    call, so that fewer and larger ones pay. (Measured with caches of ½ to 2 MB: blocks of 512 KB save one thread 2 to 17 % of a step, and
    cost two threads 5 to 40 %.)"""
    return max(2**19, core_cache() // 4) if threads == 1 else min(4 * core_cache(), 2**22)


@cache
def suggested() -> Settings:
    """What suits this machine: at most four threads (more is not measured yet, and small nets have little to divide)."""
    threads = min(4, cores())
    return Settings(threads, block_bytes_for(threads))


_process: dict[str, Settings] = {}
_block: ContextVar[Settings | None] = ContextVar("settings", default=None)
_inside: ContextVar[int | None] = ContextVar("inside", default=None)  # the thread that is in a function decorated with `computing`


def settings() -> Settings:
    """The settings that hold here."""
    return _block.get() or _process.get("settings") or suggested()


def configure(**changes: Any) -> None:
    """Change settings for the whole process: see `Settings`. ValueError for one that cannot be, TypeError for an unknown one."""
    _process["settings"] = _changed(_process.get("settings") or suggested(), changes)


def _changed(before: Settings, changes: dict[str, Any]) -> Settings:
    names = [field.name for field in fields(Settings)]
    for name in changes:
        if name not in names:
            raise TypeError(f"there is no setting {name!r}; there are {', '.join(names)}")
    after = replace(before, **changes)
    if "block_bytes" in changes or before.block_bytes != block_bytes_for(before.threads):  # somebody's choice
        return after
    return replace(after, block_bytes=block_bytes_for(after.threads))


def restore() -> None:
    """Undo `configure`."""
    _process.clear()


@contextmanager
def using(**changes: Any) -> Iterator[Settings]:
    """Change settings for a block of code, in this thread."""
    token = _block.set(_changed(settings(), changes))
    try:
        yield settings()
    finally:
        _block.reset(token)


# ---------------------------------------------------------------- memory

_kept = {"wanted": False, "now": False}


@cache
def _mallopt() -> Any:
    """glibc's function that sets how memory is handled; None where there is another library."""
    return ctypes.CDLL(None).mallopt if platform.libc_ver()[0] == "glibc" else None


def keep_freed_memory() -> bool:
    """Let glibc keep the large blocks that are freed, for the next step, instead of giving them back to the operating system and asking
    again (which costs nearly half of a small training step); or not, as the settings say. Whether they are kept: without glibc, never."""
    wanted = settings().keep_freed_memory
    if wanted != _kept["wanted"] and (mallopt := _mallopt()):
        largest, trim = (2**30, 2**31 - 1) if wanted else (2**17, 2**17)  # 2¹⁷ bytes is what glibc starts with
        done = mallopt(M_MMAP_THRESHOLD, largest) or mallopt(M_MMAP_THRESHOLD, 2**25)  # the most that older ones take
        _kept["now"] = bool(mallopt(M_TRIM_THRESHOLD, trim) and done) and wanted
    _kept["wanted"] = wanted
    return _kept["now"]


# ---------------------------------------------------------------- while something is computed


def _blas_libraries() -> list[Any]:
    """What has threads to be limited. None is found where threadpoolctl is missing: a checkout works with NumPy alone, without this."""
    try:
        from threadpoolctl import ThreadpoolController  # it looks through all libraries that are loaded: only when needed
    except ModuleNotFoundError:
        return []
    return [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]


def _release(library: Any) -> None:
    """threadpoolctl obeys only the thread that first set a limit, and ignores all others in silence, until this one is released."""
    if hasattr(library, "clear_controlling_thread"):  # older ones obey everybody
        library.clear_controlling_thread(force=True)


class _Computing:
    """It holds for the whole process: the first who comes changes the settings, the last to go restores those of the matrix products.
    Inside a decorated function nobody counts: an interrupt at a bad moment there cannot leave a user behind."""

    def __init__(self) -> None:
        self.lock, self.users = Lock(), 0
        self.libraries: list[Any] | None = None
        self.before: list[int] = []

    def __call__(self, function: Function) -> Function:
        @wraps(function)
        def inside(*args: Any, **options: Any) -> Any:
            with self, switch(_inside, get_ident()):
                return function(*args, **options)

        return cast(Function, inside)

    def __enter__(self) -> None:
        if _inside.get() == get_ident():
            return
        with self.lock:
            if self.libraries is None:
                self.libraries = _blas_libraries()
            if self.users == 0:
                keep_freed_memory()
                self.before = [library.num_threads for library in self.libraries]
                self._set(1)
            self.users += 1

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if _inside.get() == get_ident():
            return
        with self.lock:
            self.users -= 1
            if self.users == 0:
                self._set(None)
        explain_memory(error)

    def after_fork(self) -> None:
        """In a child process nothing is being computed, whatever the threads of its parent do."""
        self.lock = Lock()
        if self.users:
            self.users = 0
            self._set(None)

    def _set(self, threads: int | None) -> None:
        for library, before in zip(self.libraries or (), self.before):
            if before > 1:
                _release(library)
                library.set_num_threads(threads or before)
                _release(library)


# ``with computing:`` freed memory is kept, and matrix products run on one thread: those of small nets wait for each other longer than they
# gain, and kernels have threads of their own. Afterwards the threads are as before. Also a decorator.
computing = _Computing()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=computing.after_fork)
