"""What is said where CuPy does not work: one sentence, with the command that would help."""

import subprocess
import sys

import pytest

from minidl import backend, gpu


class FakeRuntime:
    """cupy.cuda.runtime, as it is on machines with something missing."""

    class CUDARuntimeError(RuntimeError):
        status = 35

    def __init__(self, driver, runtime, devices):
        self.driver, self.runtime, self.devices = driver, runtime, devices

    def driverGetVersion(self):
        return self.driver

    def runtimeGetVersion(self):
        return self.runtime

    def getDeviceCount(self):
        if isinstance(self.devices, int):
            return self.devices
        error = self.CUDARuntimeError("cudaErrorSomething")
        error.status = 35 if self.devices == "insufficient driver" else 100
        raise error


@pytest.mark.parametrize(
    ("runtime", "sentence"),
    [
        (FakeRuntime(0, 13000, "insufficient driver"), "no NVIDIA driver was found: nvidia-smi must list a GPU"),
        (FakeRuntime(12040, 13000, "insufficient driver"), "pip uninstall -y cupy-cuda13x, then pip install 'minidl\\[cuda12\\]'"),
        (FakeRuntime(13000, 13000, "no device"), "finds no GPU .*CUDA_VISIBLE_DEVICES"),
        (FakeRuntime(13000, 12000, 0), "finds no GPU .*CUDA_VISIBLE_DEVICES"),
    ],
)
def test_what_is_wrong_is_said_with_the_command_that_helps(runtime, sentence):
    with pytest.raises(RuntimeError, match=sentence):
        gpu.check(runtime)


def test_a_gpu_is_enough():
    gpu.check(FakeRuntime(13000, 13000, 1))
    gpu.check(FakeRuntime(13000, 12000, 2))  # an older wheel runs on a newer driver


def test_without_cupy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    gpu.load_cupy.cache_clear()
    with pytest.raises(RuntimeError, match=r"pip install 'minidl\[cuda13\]'"):
        backend.named("cupy")


def test_cupy_whose_libraries_are_missing(tmp_path):
    (tmp_path / "cupy.py").write_text("raise ImportError('libcublas.so.13: cannot open shared object file\\nmore lines')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport minidl\nminidl.use_backend('cupy')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "RuntimeError: CuPy's CUDA libraries do not load (libcublas.so.13: cannot open shared object file): pip" in run.stderr


def test_an_error_inside_cupy_is_not_taken_for_a_missing_cupy(tmp_path, monkeypatch):
    (tmp_path / "cupy.py").write_text("import no_such_module_of_cupy")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    gpu.load_cupy.cache_clear()
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_cupy"):
        gpu.load_cupy()
