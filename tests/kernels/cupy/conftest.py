"""Where the CUDA kernels run: on the CPU through the shim, as kernels of strictgpu; and on a GPU where there is one."""

import pytest
import strictgpu

from minidl import devices
from minidl.kernels import cupy as kernels
from minidl.kernels.cupy import launching

from . import shim


@pytest.fixture(autouse=True)
def shimmed():
    """The kernels, attached to strictgpu too, and run there by the shim."""
    if shim.COMPILER is None:
        yield
        return
    kernels.attach("strictgpu")
    launching.launchers["strictgpu"] = shim.launch
    devices.recorders["strictgpu"] = strictgpu.Recorder
    try:
        yield
    finally:
        kernels.detach("strictgpu")
        del launching.launchers["strictgpu"], devices.recorders["strictgpu"]


@pytest.fixture
def device(backend):
    """A backend with these kernels."""
    if backend.name == "numpy":
        pytest.skip("the kernels are for a GPU")
    if backend.name == "strictgpu" and shim.COMPILER is None:
        pytest.skip("no g++: it compiles the CUDA kernels for the CPU")
    return backend
