"""Runs the CUDA kernels on the CPU: the same source, compiled by g++ with ``shim.h`` in the place of CUDA."""

import ctypes
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import strictgpu

from minidl.kernels.cupy.launching import Macros, source_of

HERE = Path(__file__).parent
COMPILER = shutil.which("g++")
_folder = tempfile.TemporaryDirectory(prefix="minidl-shim-")


def kernel_names(source: str) -> list[str]:
    """The kernels in a CUDA source."""
    return re.findall(r'extern "C" __global__ void (?:__launch_bounds__\(\w+\) )?(\w+)\(\n? *(?:const|real|unsigned)', source)


@cache
def library(file: str, macros: Macros) -> ctypes.CDLL:
    """The kernels of one file, compiled with these macros."""
    source = source_of(file, macros)
    fibers = "true" if "__syncthreads" in source else "false"
    runs = "\n".join(f"RUN({name}, {fibers})" for name in kernel_names(source))
    stem = Path(_folder.name) / f"{Path(file).stem}-{abs(hash((file, macros)))}"
    stem.with_suffix(".cpp").write_text(f'#include "shim.h"\n{source}\n{runs}\n')
    subprocess.run(
        [
            COMPILER, "-std=c++17", "-O0", "-w", "-fPIC", "-shared", "-Wl,-Bsymbolic",  # a kernel may be called as a function of libc is
            f"-I{HERE}", f"-DTF32={dict(macros).get('TF32', 0)}", str(stem) + ".cpp", "-o", str(stem) + ".so",
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return ctypes.CDLL(str(stem) + ".so")


def launch(file: str, macros: Macros, name: str, grid: tuple[int, ...], block: int, arguments: tuple[Any, ...]) -> None:
    """What `minidl.kernels.cupy.launching` calls, for arrays of strictgpu."""
    function = getattr(library(file, macros), f"run_{name}")
    inside = [a._array if isinstance(a, strictgpu.StrictArray) else a for a in arguments]
    for array in inside:
        assert not isinstance(array, np.ndarray) or array.flags.c_contiguous, f"{name} was given an array that is not contiguous"

    def run() -> None:
        values = [np.uint64(a.ctypes.data) if isinstance(a, np.ndarray) else a for a in inside]
        places = [np.array(value) for value in values]
        pointers = (ctypes.c_void_p * len(places))(*(place.ctypes.data for place in places))
        assert function(*grid, *(1,) * (3 - len(grid)), block, pointers) == 0, f"threads of {name} waited at different places"

    strictgpu.module.do(run)
