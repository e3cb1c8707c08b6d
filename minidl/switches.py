"""The engine's two switches, as context variables: each thread and task has its own, and an exception cannot leave one behind."""
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")
recording: ContextVar[bool] = ContextVar("recording", default=True)
kernels_on: ContextVar[bool] = ContextVar("kernels_on", default=True)


@contextmanager
def switch(variable: ContextVar[T], value: T) -> Iterator[None]:
    """``with switch(recording, False):`` sets the variable for the block."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


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
