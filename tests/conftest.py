"""What all tests share: the backends as one fixture, and hypothesis made deterministic."""

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import strictgpu
from browser import browser, open_page  # noqa: F401  (fixtures)
from hypothesis import HealthCheck, settings

from minidl.gpu import load_cupy
from minidl.tensor import Tensor

BACKENDS = ("numpy", "strictgpu", "cupy")
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backend", choices=BACKENDS, help="run only the tests of this backend; with cupy, a GPU must be there")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--backend") == "cupy":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of CuPy itself
            try:
                load_cupy()
            except RuntimeError as error:
                raise pytest.UsageError(f"--backend cupy: {error}") from None
        config.addinivalue_line("filterwarnings", "ignore:::cupy.*")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``--backend``, files without such tests are not even imported: what they need may not be installed."""
    if not config.getoption("--backend"):
        return None
    files = collection_path.rglob("test_*.py") if collection_path.is_dir() else [collection_path]
    return None if any(re.search(r"def \w+\([^)]*\b(backend|device)\b", file.read_text(encoding="utf-8")) for file in files) else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if chosen := config.getoption("--backend"):
        mine = [item for item in items if hasattr(item, "callspec") and item.callspec.params.get("backend") == chosen]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(mine)])
        items[:] = mine


def _cupy() -> Any:
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed: its tests need it and a GPU")
    try:
        return load_cupy()
    except RuntimeError as error:
        pytest.skip(f"CuPy {cupy.__version__} finds no GPU: {error}")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Device:
    """Every backend in turn; ``cupy`` only where there is a GPU."""
    if request.param == "numpy":
        return Device("numpy", np, np.ndarray)
    if request.param == "strictgpu":
        return Device("strictgpu", strictgpu.module, strictgpu.StrictArray)
    cupy = _cupy()
    return Device("cupy", cupy, cupy.ndarray)
