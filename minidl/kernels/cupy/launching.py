"""Starting CUDA kernels: which source, compiled how, with which arguments."""
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from minidl.backend import Array, owner

REAL = {"float32": "float", "float64": "double"}  # what a kernel's numbers may be
THREADS = 128  # in each block of the kernels that have one thread for each number
LARGEST = 2**31 - 1  # kernels count in int

Macros = tuple[tuple[str, Any], ...]  # (name, value) of each, sorted

launchers: dict[str, Callable[..., None]] = {}  # by backend; called with (file, macros, name, grid, block, arguments)


def source_of(file: str, macros: Macros) -> str:
    """The CUDA source in that file beside this one, with these macros."""
    defined = "".join(f"#define {name} {value}\n" for name, value in macros)
    return f'{defined}#line 1 "{file}"\n{(Path(__file__).parent / file).read_text(encoding="utf-8")}'


def launch(file: str, name: str, grid: tuple[int, ...], block: int, *arguments: Any, **cases: Any) -> None:
    """Run the kernel ``name`` of a ``.cu`` file on ``grid`` blocks of ``block`` threads.

    ``arguments``: arrays (None: a null pointer), ints, floats (double), NumPy's numbers. ``cases`` are macros; REAL is the first array's
    dtype, unless it is among them."""
    first = next(a for a in arguments if hasattr(a, "shape") and a.shape is not None and not isinstance(a, np.generic))
    macros = {"REAL": REAL.get(str(first.dtype), "float")} | cases
    launchers[owner(first).name](file, tuple(sorted(macros.items())), name, grid, block, tuple(map(_as_argument, arguments)))


def each(file: str, name: str, count: int, *arguments: Any, **cases: Any) -> None:
    """`launch` with one thread for each of ``count`` numbers."""
    launch(file, name, (-(-count // THREADS),), THREADS, *arguments, **cases)


def _as_argument(value: Any) -> Any:
    if value is None:
        return np.uint64(0)
    if isinstance(value, (bool, int)):
        return np.int32(value)
    return np.float64(value) if type(value) is float else value


def suits(*arrays: Array) -> bool:
    """Whether the kernels can work on these arrays: floats of one dtype, not empty, few enough to count."""
    dtypes = {str(a.dtype) for a in arrays}
    return len(dtypes) == 1 and dtypes <= set(REAL) and all(0 < a.size <= LARGEST for a in arrays)


def dense_copy(array: Array) -> Array:
    """``array`` in C order; itself, if it is."""
    return owner(array).module.ascontiguousarray(array)


@cache
def _compiled(device: int, file: str, macros: Macros, name: str) -> Any:
    import cupy

    # Macros stand in the source, not in the options: for new options CuPy compiles an empty file first, to learn the compiler's version.
    return cupy.RawModule(code=source_of(file, macros), options=("-std=c++17",)).get_function(name)


def _launch_on_cupy(file: str, macros: Macros, name: str, grid: tuple[int, ...], block: int, arguments: tuple[Any, ...]) -> None:
    import cupy

    _compiled(cupy.cuda.runtime.getDevice(), file, macros, name)(grid, (block,), arguments)


launchers["cupy"] = _launch_on_cupy
