"""The engine's two switches, as context variables: each thread and task has its own, and an exception cannot leave one behind."""
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")
recording: ContextVar[bool] = ContextVar("recording", default=True)
kernels_on: ContextVar[bool] = ContextVar("kernels_on", default=True)


class switch(Generic[T]):  # a class, because the engine goes through it at every op: half the time of @contextmanager
    """``with switch(recording, False):`` sets the variable for the block."""

    def __init__(self, variable: ContextVar[T], value: T):
        self.variable, self.value = variable, value

    def __enter__(self) -> None:
        self.token = self.variable.set(self.value)

    def __exit__(self, *error: object) -> None:
        self.variable.reset(self.token)


@contextmanager
def no_grad() -> Iterator[None]:
    """``with no_grad():`` nothing is recorded. Also a decorator."""
    with switch(recording, False):
        yield


@contextmanager
def reference_only() -> Iterator[None]:
    """``with reference_only():`` only the readable ops run, no kernel. Also a decorator."""
    with switch(kernels_on, False):
        yield
