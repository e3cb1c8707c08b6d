"""Replace functions for a while, in all threads, by ones that ask whether *their* thread is observed; and who called.

Only the opt-in modes use this. What replaces a function does nothing but call it where nobody observes, so it may stay a little longer
than one block: the last block to end, in whatever thread, puts everything back in reverse order."""
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

import numpy as np

Replacement = tuple[Any, str, Any]  # where, name, what to put there
_lock = threading.Lock()
_installed: dict[Callable[[], Iterable[Replacement]], list[Replacement]] = {}  # what was there before
_blocks = 0
_PASSED = (*(os.path.dirname(file) + os.sep for file in (__file__, np.__file__)), contextlib.__file__, "<__array_function__")


def is_learners(file: str) -> bool:
    """Whether code in this file is the learner's: not minidl's, NumPy's, or Python's own way of running a script."""
    return not file.startswith((*_PASSED, "<frozen"))


def learners_frame() -> FrameType:
    """The innermost call that was not made by minidl, by NumPy, or by Python's decorators."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_PASSED):
        frame = frame.f_back
    return frame


def line_of(frame: FrameType) -> tuple[str, int]:
    """Its file and line."""
    return frame.f_code.co_filename, frame.f_lineno


def learners_line() -> tuple[str, int]:
    """File and line of `learners_frame`."""
    return line_of(learners_frame())


class Around:
    """``function(inner, …)`` in the place of a method of one object; ``inner`` is what was there. `off` takes it away again; where there
    are several, in whatever order."""

    def __init__(self, owner: Any, name: str, function: Callable[..., Any]):
        self.owner, self.name, self.function = owner, name, function
        self.of_object, self.inner = name in vars(owner), getattr(owner, name)
        setattr(owner, name, self)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.function(self.inner, *args, **options)

    def off(self) -> None:
        outer, at = None, vars(self.owner).get(self.name)
        while isinstance(at, Around) and at is not self:
            outer, at = at, at.inner
        if at is not self:
            return
        if outer is not None:
            outer.of_object, outer.inner = self.of_object, self.inner
        elif self.of_object:
            setattr(self.owner, self.name, self.inner)
        else:
            delattr(self.owner, self.name)


@contextlib.contextmanager
def replaced(replacements: Callable[[], Iterable[Replacement]]) -> Iterator[None]:
    """``replacements()`` says what to put where; it may look up what is there now, to call it."""
    global _blocks
    with _lock:
        _blocks += 1
        if replacements not in _installed:
            before = _installed[replacements] = []
            for place, name, new in replacements():
                before.append((place, name, vars(place)[name]))
                setattr(place, name, new)
    try:
        yield
    finally:
        with _lock:
            _blocks -= 1
            while not _blocks and _installed:
                for place, name, old in reversed(_installed.popitem()[1]):
                    setattr(place, name, old)
