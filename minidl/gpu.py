"""CuPy, imported when it is asked for; and in one sentence why that does not work, with the command that would help."""
from functools import cache
from typing import Any, NamedTuple

NO_DEVICE = 100  # cudaErrorNoDevice


@cache
def load_cupy() -> Any:
    """The module cupy, with a GPU that works; else RuntimeError."""
    try:
        import cupy
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise
        raise RuntimeError(
            "CuPy is not installed: pip install 'minidl[cuda13]', or 'minidl[cuda12]' for drivers before CUDA 13 (nvidia-smi says which)"
        ) from None
    except ImportError as error:
        reason = (str(error).splitlines() or ["ImportError"])[0]
        raise RuntimeError(f"CuPy's CUDA libraries do not load ({reason}): pip install 'cupy-cuda13x[ctk]' brings them") from error
    check(cupy.cuda.runtime)
    return cupy


def check(runtime: Any) -> None:
    """RuntimeError if CUDA's ``runtime`` (cupy.cuda.runtime) finds no driver, one that is too old for it, or no GPU."""
    try:
        if runtime.getDeviceCount():
            return
        code = NO_DEVICE
    except runtime.CUDARuntimeError as error:
        code = getattr(error, "status", NO_DEVICE)
    driver, built_for = runtime.driverGetVersion() // 1000, runtime.runtimeGetVersion() // 1000
    if not driver:
        raise RuntimeError("no NVIDIA driver was found: nvidia-smi must list a GPU (in Colab: Runtime, Change runtime type, GPU)")
    if code != NO_DEVICE and driver < built_for:
        wrong, right = f"cupy-cuda{built_for}x", f"'minidl[cuda{driver}]'"
        raise RuntimeError(
            f"this CuPy is for CUDA {built_for}, the driver is for CUDA {driver}: pip uninstall -y {wrong}, then pip install {right}"
        )
    raise RuntimeError(f"CuPy finds no GPU (CUDA error {code}): nvidia-smi must list one, and CUDA_VISIBLE_DEVICES must not hide it")


class PhysicalDevice(NamedTuple):
    """What a machine computes on."""

    name: str
    device_type: str


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The processor, and the GPUs that CuPy finds; those of one type, "CPU" or "GPU"."""
    try:
        gpus = load_cupy().cuda.runtime.getDeviceCount()
    except RuntimeError:
        gpus = 0
    devices = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    devices += [PhysicalDevice(f"/physical_device:GPU:{i}", "GPU") for i in range(gpus)]
    return [device for device in devices if device_type in (None, device.device_type)]
