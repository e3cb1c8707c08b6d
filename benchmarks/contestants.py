"""Who is measured, with which settings. A peer that has several ways to be run is tried in each, and its best one is quoted."""
import os
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peers import PEERS

# of glibc: large blocks that are freed stay in the process, instead of going back to the system and being asked for again at every step
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
FORCED_KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # would make NumPy's products slower than they are; unset for everybody


@dataclass(frozen=True, eq=False)
class Contestant:
    """A framework with settings. ``group``: under which name the best of several is quoted."""

    name: str
    group: str
    framework: str
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def environment_for(self, threads: int, cores: int) -> dict[str, str]:
        """All environment variables of its process. minidl is told a number of threads only if it is not that of the machine's cores."""
        made = {key: value for key, value in os.environ.items() if key not in (*FORCED_KERNELS, *THREADS, *ALLOCATOR)}
        if self.framework != "minidl" or threads != cores:
            made |= dict.fromkeys(THREADS, str(threads))
        return made | (PEERS[self.framework].environment if self.framework in PEERS else {}) | self.environment


THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
MINIDL = Contestant("minidl", "minidl", "minidl")
BARE_STEP = Contestant("minidl, bare step", "bare step", "minidl")  # beside fit: what fit adds to it
PRODUCT = Contestant("product", "product", "product")
ALL = (
    MINIDL,
    Contestant("torch channels_first", "torch", "torch", {"layout": "channels_first", "adam": "fused"}),
    Contestant("torch channels_last", "torch", "torch", {"layout": "channels_last", "adam": "fused"}),
    Contestant("torch tuned, channels_first", "torch tuned", "torch", {"layout": "channels_first", "adam": "fused"}, ALLOCATOR),
    Contestant("torch tuned, channels_last", "torch tuned", "torch", {"layout": "channels_last", "adam": "fused"}, ALLOCATOR),
    Contestant("jax jit", "jax", "jax"),
    Contestant("keras", "keras", "keras", {"jit_compile": False}),
    Contestant("keras with XLA", "keras", "keras", {"jit_compile": True}),
    Contestant("dezero", "dezero", "dezero"),
)
TITLES = {
    "minidl": "minidl", "torch": "PyTorch", "torch tuned": "PyTorch, allocator tuned", "jax": "JAX jit", "keras": "Keras/TensorFlow",
    "dezero": "DeZero", "bare step": "its bare step", "product": "1024³ product",
}  # fmt: skip
