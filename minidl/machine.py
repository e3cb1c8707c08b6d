"""What this machine has for training, how fast it is, and what is badly set. Nothing is ever changed here.

What the system does not tell is "unknown" (a text) or None (a number); no question raises."""
import ctypes
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import threadpoolctl

from minidl import __version__
from minidl.config import cores
from minidl.sizes import bytes_in_words

if sys.platform == "win32":
    import winreg

T = TypeVar("T")
SIMD = ("SSE2", "SSE42", "AVX", "AVX2", "FMA3", "AVX512F", "AVX512_SKX", "X86_V4", "NEON", "ASIMD", "SVE", "VSX", "VX", "LSX", "RVV")
# The registers, in bits, that OpenBLAS' kernels use (its dynamic.c names them); those that are not here are not judged.
KERNEL_BITS = {
    **dict.fromkeys(("prescott", "core2", "penryn", "dunnington", "nehalem", "atom", "athlon", "opteron", "opteron_sse3", "barcelona",
                     "bobcat", "nano", "katmai", "coppermine", "northwood", "banias"), 128),
    **dict.fromkeys(("sandybridge", "haswell", "zen", "bulldozer", "piledriver", "steamroller", "excavator"), 256),
    **dict.fromkeys(("skylakex", "cooperlake", "sapphirerapids"), 512),
}  # fmt: skip
PRODUCT_SIZE = 1024
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "GOTO_NUM_THREADS")


@dataclass(frozen=True)
class Blas:
    """The library that computes NumPy's matrix products, the kernels it picked for this CPU, and its number of threads."""

    name: str = "unknown"
    version: str = "unknown"
    kernels: str = "unknown"
    threads: int | None = None


@dataclass(frozen=True)
class Machine:
    """Sizes of memory are in bytes, rates in operations per second (additions and multiplications of a product of 1024×1024 float32
    matrices); None where the system does not tell, or it was not measured."""

    cpu: str
    simd: tuple[str, ...]
    cores: int
    blas: Blas
    memory: int | None
    memory_free: int | None
    gpu: str
    cupy: str
    system: str
    versions: dict[str, str]
    rate_one_thread: float | None = None
    rate_all_threads: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)  # the variables that have a say in this


def look(measure: bool = True) -> Machine:
    """Look at this machine; ``measure`` adds the rates of its matrix products, which takes about a second."""
    blas = _blas()
    return Machine(
        cpu=_told(_cpu_name), simd=_simd(), cores=cores(), blas=blas, memory=_number(_memory), memory_free=_number(_memory_free),
        gpu=_told(_gpu), cupy=_told(_cupy), system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        versions={"python": platform.python_version(), "numpy": np.__version__, "minidl": __version__},
        rate_one_thread=product_rate(1) if measure else None, rate_all_threads=product_rate(None) if measure else None,
        environment={name: os.environ[name] for name in ("OPENBLAS_CORETYPE", *THREAD_VARIABLES) if os.environ.get(name)},
    )  # fmt: skip


def memory_free() -> int | None:
    """Bytes of memory that programs may still take."""
    return _number(_memory_free)


def summary() -> dict[str, Any]:
    """The machine in plain words and numbers, for a file of results."""
    machine = look(measure=False)
    blas = f"{machine.blas.name} {machine.blas.version} ({machine.blas.kernels} kernels)"
    return {**asdict(machine), "blas": blas, "environment": dict(machine.environment)}


def product_rate(threads: int | None, repeats: int = 7) -> float:
    """Operations per second of a product of two 1024×1024 float32 matrices, the best of ``repeats``; None: with as many threads as are
    set now."""
    a = np.full((PRODUCT_SIZE, PRODUCT_SIZE), 0.5, "float32")
    y = np.empty_like(a)
    seconds = []
    with threadpoolctl.threadpool_limits(threads, "blas"):
        for _ in range(repeats + 1):  # the first one wakes the threads
            start = time.perf_counter()
            np.matmul(a, a, out=y)
            seconds.append(time.perf_counter() - start)
    return 2 * PRODUCT_SIZE**3 / min(seconds[1:])


def advice(machine: Machine) -> list[str]:
    """What is badly set, one sentence each, with what to do about it; an empty list if nothing is."""
    found = []
    blas, environment = machine.blas, machine.environment
    bits, has = KERNEL_BITS.get(blas.kernels.lower()), register_bits(machine.simd)
    if bits is not None and has is not None and bits < has:
        forced = environment.get("OPENBLAS_CORETYPE")
        do = f"OPENBLAS_CORETYPE={forced} forces them: unset it" if forced else "A newer NumPy may do better: pip install --upgrade numpy"
        found.append(f"Matrix products use {blas.kernels} kernels with {bits} bits, but the CPU has registers of {has} bits. {do}.")
    if blas.name == "unknown":
        found.append("No BLAS was found in NumPy: products may be slow. Its wheels have one: pip install --force-reinstall numpy.")
    if blas.threads is not None and blas.threads < machine.cores:
        because = next((f"{name}={environment[name]} limits them: unset it" for name in THREAD_VARIABLES if name in environment), "")
        why = because or "Something in this process limits them"
        found.append(f"Matrix products use {_count(blas.threads, 'thread')}, and there are {machine.cores} cores. {why}.")
    if blas.threads is not None and blas.threads > machine.cores:
        found.append(
            f"Matrix products use {blas.threads} threads, and this process may use {_count(machine.cores, 'core')}: they wait for each "
            f"other. Set {next((name for name in THREAD_VARIABLES if name in environment), THREAD_VARIABLES[0])}={machine.cores}."
        )
    one, every = machine.rate_one_thread, machine.rate_all_threads
    if one and every and (blas.threads or 1) > 1 and every < 1.2 * one:
        found.append("All threads together multiply hardly faster than one: other programs use the cores now.")
    if machine.memory_free is not None and machine.memory_free < 2**30:
        found.append(f"Only {bytes_in_words(machine.memory_free)} of memory are free: a smaller batch_size needs less.")
    if machine.gpu not in ("none found", "unknown") and machine.cupy == "not installed":
        found.append('There is a GPU, but CuPy is not installed: pip install "minidl[cuda12]" (or cuda13).')
    return found


def register_bits(simd: tuple[str, ...]) -> int | None:
    """The width of an x86 CPU's registers, by the features that NumPy found; None for other CPUs."""
    if {"AVX512F", "AVX512_SKX", "X86_V4"} & set(simd):
        return 512
    if "AVX2" in simd or "AVX" in simd:
        return 256
    return 128 if "SSE2" in simd else None


# ---------------------------------------------------------------- questions to the system


def _told(question: Callable[[], str]) -> str:
    return _or(question, "") or "unknown"


def _number(question: Callable[[], int | None]) -> int | None:
    return _or(question, None)


def _or(question: Callable[[], T], otherwise: T) -> T:
    try:
        return question()
    except Exception:  # a machine that does not answer is no reason to fail
        return otherwise


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True, stdin=subprocess.DEVNULL).stdout.strip()


def _cpu_name() -> str:
    if sys.platform == "win32":
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
    if sys.platform == "darwin":
        return _run("sysctl", "-n", "machdep.cpu.brand_string")
    lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()]
    known = {key.strip(): value.strip() for key, _, value in lines}
    return known.get("model name") or known.get("Model") or platform.processor()


def _simd() -> tuple[str, ...]:
    umath = getattr(getattr(np, "_core", None), "_multiarray_umath", None)
    features: Mapping[str, bool] = getattr(umath, "__cpu_features__", {})
    return tuple(name for name in SIMD if features.get(name))


def _blas() -> Blas:
    pools: list[dict[str, Any]] = _or(threadpoolctl.threadpool_info, [])
    for pool in pools:
        if pool["user_api"] == "blas":
            return Blas(pool["internal_api"], pool.get("version") or "unknown", pool.get("architecture") or "unknown", pool["num_threads"])
    show_config: Any = np.show_config
    built: Any = _or(lambda: show_config(mode="dicts")["Build Dependencies"]["blas"], {})
    if built.get("found") and built.get("name", "none") != "none":  # Apple's Accelerate, which tells nothing while it runs
        return Blas(built["name"], str(built.get("version") or "unknown"))
    return Blas()


def _memory() -> int | None:
    if sys.platform == "win32":
        return _windows_memory()[0]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _memory_free() -> int | None:
    if sys.platform == "win32":
        return _windows_memory()[1]
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def _windows_memory() -> tuple[int, int]:
    """(bytes in all, bytes free), by GlobalMemoryStatusEx."""

    class Status(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ulong), ("load", ctypes.c_ulong), *((name, ctypes.c_ulonglong) for name in (
            "total", "free", "page_total", "page_free", "virtual_total", "virtual_free", "extended_free")))  # fmt: skip

    status: Any = Status(length=ctypes.sizeof(Status))
    windll: Any = getattr(ctypes, "windll")  # noqa: B009  (other systems have none)
    windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return status.total, status.free


def _gpu() -> str:
    if not shutil.which("nvidia-smi"):
        return "none found"
    return "; ".join(_run("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader").splitlines()) or "none found"


def _cupy() -> str:
    """Its version, without importing it."""
    found = [d for d in distributions() if str(d.metadata["Name"]).lower().startswith("cupy")]
    return f"{found[0].metadata['Name']} {found[0].version}" if found else "not installed"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
