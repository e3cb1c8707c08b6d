"""Where new weights are born, and what a backend offers beside arrays. Everything about one array is in ``backend.py``: its type decides.

    minidl.use_backend("cupy")                    # from here on
    with minidl.use_backend("cupy"): ...          # for a while
    MINIDL_BACKEND=cupy python lesson.py          # for a whole program
"""
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, Self

from minidl.backend import Backend, named, owner
from minidl.checks import true_or_false

_used: ContextVar[str | None] = ContextVar("used_backend", default=None)
_tf32: ContextVar[bool] = ContextVar("tf32", default=False)

recorders: dict[str, Callable[[], Any]] = {}  # by backend: what records the work of a step, to play it again without Python
free_memory: dict[str, Callable[[], int]] = {}  # by backend: the bytes that are free
recording: ContextVar[bool] = ContextVar("recording_steps", default=False)  # what runs now is recorded: nothing may be read
fused_updates: dict[tuple[str, Any], "FusedUpdate"] = {}  # by backend and rule: ("cupy", Adam.update)


class FusedUpdate(NamedTuple):
    """An update of all parameters, weight decay included, that can be recorded and played again (see ``captured.py``)."""

    run: Callable[..., bool]  # (optimizer, params, gradient arrays): whether it could
    clock: Callable[..., Any]  # (optimizer, backend): what holds the number of updates and the learning rate on the device


class _Choice:
    """A setting that holds from now on, or, as a context manager, for a block."""

    def __init__(self, variable: ContextVar[Any], value: Any):
        self.variable, self.before = variable, variable.get()
        variable.set(value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.variable.set(self.before)


def use_backend(name: str) -> _Choice:
    """New models and weights are born on the backend of that name ("numpy" or "cupy"). What there is already stays: ``model.to(name)``.

    RuntimeError, with the command that would help, where "cupy" has no GPU to work on."""
    return _Choice(_used, named(name).name)


def used() -> Backend:
    """The backend that is used: that of `use_backend`, else of the environment variable MINIDL_BACKEND, else NumPy."""
    return named(_used.get() or os.environ.get("MINIDL_BACKEND") or "numpy")


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
    return _tf32.get()


@contextmanager
def explained_memory() -> Iterator[None]:
    """What to do where a GPU's memory was too small. Also a decorator."""
    try:
        yield
    except MemoryError as error:
        if type(error).__module__.split(".")[0] != "cupy":
            raise
        raise MemoryError(f"the GPU has too little memory ({error}): use a smaller batch_size; nvidia-smi says who uses it") from error
