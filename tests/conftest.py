"""What all tests share: the backends as one fixture, and hypothesis made deterministic."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import strictgpu
from hypothesis import HealthCheck, settings

from minidl.tensor import Tensor

settings.register_profile("minidl", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("minidl")


class Device(NamedTuple):
    """One backend, as the tests use it."""

    name: str
    module: Any
    array_type: type

    def asarray(self, array: Any) -> Any:
        """A NumPy array (number, list) as an array of this backend."""
        return self.module.asarray(np.asarray(array))

    def to_numpy(self, x: Any) -> np.ndarray:
        """An array or a Tensor of this backend as a NumPy array; anything of another backend fails the test."""
        x = x.data if isinstance(x, Tensor) else x
        assert type(x) is self.array_type, f"expected an array of {self.name}, got {type(x)}"
        return x if isinstance(x, np.ndarray) else x.get()


def _cupy() -> Any:
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed: its tests need it and a GPU")
    try:
        cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        pytest.skip(f"CuPy finds no GPU: {error}")
    return cupy


@pytest.fixture(params=["numpy", "strictgpu", "cupy"])
def backend(request: pytest.FixtureRequest) -> Device:
    """Every backend in turn; ``cupy`` only where there is a GPU."""
    if request.param == "numpy":
        return Device("numpy", np, np.ndarray)
    if request.param == "strictgpu":
        return Device("strictgpu", strictgpu.module, strictgpu.StrictArray)
    cupy = _cupy()
    return Device("cupy", cupy, cupy.ndarray)
