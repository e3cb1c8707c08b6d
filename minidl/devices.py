"""Where new weights are born, and what a backend offers beside arrays. Everything about one array is in ``backend.py``: its type decides.

    minidl.use_backend("cupy")                    # from here on, in all threads
    with minidl.use_backend("cupy"): ...          # for a block, in this thread
    MINIDL_BACKEND=cupy python lesson.py          # for a whole program
"""
import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, Self

from minidl.backend import Backend, named, owner
from minidl.checks import true_or_false

recorders: dict[str, Callable[[], Any]] = {}  # by backend: what records the work of a step, to play it again without Python
free_memory: dict[str, Callable[[], int]] = {}  # by backend: the bytes that are free
recording: ContextVar[bool] = ContextVar("recording_steps", default=False)  # what runs now is recorded: nothing may be read
fused_updates: dict[tuple[str, Any], "FusedUpdate"] = {}  # by backend and rule: ("cupy", Adam.update)


class FusedUpdate(NamedTuple):
    """An update of all parameters, weight decay included, that can be recorded and played again (see ``recorded.py``)."""

    run: Callable[..., bool]  # (optimizer, params, gradient arrays): whether it could
    clock: Callable[..., Any]  # (optimizer, backend): what holds the number of updates and the learning rate on the device


class _Setting:
    """A value for the whole process, and one for a block of code, which holds in this thread."""

    def __init__(self, name: str, process: Any):
        self.process, self.block = process, ContextVar[Any](name, default=None)

    def get(self) -> Any:
        inner = self.block.get()
        return self.process if inner is None else inner

    def set(self, value: Any, in_block: bool) -> None:
        if in_block:
            self.block.set(value)
        else:
            self.process = value


class _Choice:
    """A setting that holds from now on: in all threads, or inside a block until that ends. As a context manager, for a block."""

    def __init__(self, setting: _Setting, value: Any):
        self.setting, self.value = setting, value
        self.inside = setting.block.get() is not None
        self.before = setting.get()
        setting.set(value, self.inside)

    def __enter__(self) -> Self:
        self.setting.set(self.before, self.inside)
        self.setting.block.set(self.value)
        return self

    def __exit__(self, *_: object) -> None:
        self.setting.block.set(self.before if self.inside else None)


_used, _tf32 = _Setting("used_backend", None), _Setting("tf32", False)


def use_backend(name: str) -> _Choice:
    """New models and weights are born on the backend of that name ("numpy" or "cupy"). What there is already stays: ``model.to(name)``.

    RuntimeError, with the command that would help, where "cupy" has no GPU to work on."""
    return _Choice(_used, named(name).name)


def used() -> Backend:
    """The backend that is used: that of `use_backend`, else of the environment variable MINIDL_BACKEND, else NumPy."""
    if name := _used.get():
        return named(name)
    wanted = os.environ.get("MINIDL_BACKEND") or "numpy"
    try:
        return named(wanted)
    except ValueError as error:
        raise ValueError(f"the environment variable MINIDL_BACKEND is {wanted!r}: {error}") from None


def home_of(layer: Any) -> Backend:
    """The backend that a layer's weights are on; without weights, the one that is used."""
    weight = next(layer.each_weight(), None)
    return used() if weight is None else owner(weight.data)


def use_tf32(allowed: bool = True) -> _Choice:
    """Whether float32 products on a GPU may round their factors to 10 bits (TensorFloat-32), for a multiple of the speed. They sum in
    float32. Not allowed unless you say so; also a context manager. (PyTorch allows it in convolutions, and not in other products.)"""
    return _Choice(_tf32, true_or_false("allowed", allowed))


def tf32_allowed() -> bool:
    """What `use_tf32` said."""
    return bool(_tf32.get())


def explain_memory(error: BaseException | None) -> None:
    """Where a GPU's memory was too small: MemoryError with what to do."""
    if isinstance(error, MemoryError) and type(error).__module__.split(".")[0] == "cupy":
        raise MemoryError(f"the GPU has too little memory ({error}): use a smaller batch_size; nvidia-smi says who uses it") from error
