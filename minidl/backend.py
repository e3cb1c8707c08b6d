"""Which array module owns an array: its *type* tells. ``numpy.ndarray`` is NumPy's, ``cupy.ndarray`` CuPy's; `register` adds others.
CuPy is never imported unless somebody asks for it by name, or already has."""
import sys
from typing import Any, NamedTuple

import numpy as np
from minidl.gpu import load_cupy

Array = Any  # an array of any backend

class Backend(NamedTuple):
    name: str
    module: Any  # offers NumPy's names, and asarray(numpy_array)
    array_type: type  # has operators, and .get() -> numpy_array

_by_type: dict[type, Backend] = {np.ndarray: Backend("numpy", np, np.ndarray)}

def register(name: str, module: Any, array_type: type) -> Backend:
    """Add a backend; `Backend` says what it must offer."""
    return _by_type.setdefault(array_type, Backend(name, module, array_type))

def known() -> dict[type, Backend]:
    """Every backend by the type of its arrays; CuPy is among them as soon as it is imported."""
    if cupy := sys.modules.get("cupy"):
        register("cupy", cupy, cupy.ndarray)
    return _by_type

def named(name: str) -> Backend:
    """The backend of that name; asking for "cupy" imports it. An unknown name raises ValueError."""
    if name == "cupy":
        load_cupy()
    for backend in known().values():
        if backend.name == name:
            return backend
    raise ValueError(f"no backend is called {name!r}; there are {', '.join(b.name for b in known().values())} and cupy")

def is_array(value: Any) -> bool: return type(value) in _by_type or type(value) in known()

def owner(*values: Any) -> Backend:
    """The one backend whose arrays are among ``values``; numbers count for none, and without any array it is NumPy."""
    found: Any = None
    for value in values:
        backend = _by_type.get(type(value), found)
        if backend is not found and found is not None:
            raise TypeError(f"arrays of {found.name} and {backend.name} meet in one op: move one with .to({found.name!r})")
        found = backend
    return found or _by_type[np.ndarray]

def to_numpy(array: Array) -> np.ndarray:
    """``array`` as a C-contiguous NumPy array, fetched from its device if need be."""
    return np.asarray(array if isinstance(array, np.ndarray) else array.get(), order="C")

def move(array: Array, to: Backend) -> Array:
    """``array`` on another backend; the same array if it is there already."""
    return array if isinstance(array, to.array_type) else to.module.asarray(to_numpy(array))
