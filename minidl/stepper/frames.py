"""Who called: the learner's code among the frames of minidl, NumPy and Python."""
import contextlib
import os
import sys
from types import FrameType

import numpy as np

from minidl import backend
from minidl.stepper.steps import Line

_PASSED = (*(os.path.dirname(file) + os.sep for file in (backend.__file__, np.__file__)), contextlib.__file__, "<__array_function__")


def is_learners(file: str) -> bool:
    """Whether code in this file is the learner's: not minidl's, NumPy's, or Python's own way of running a script."""
    return not file.startswith((*_PASSED, "<frozen"))


def learners_frame() -> FrameType:
    """The innermost call that was not made by minidl, by NumPy, or by Python's decorators."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_PASSED):
        frame = frame.f_back
    return frame


def line_of(frame: FrameType) -> Line:
    return frame.f_code.co_filename, frame.f_lineno
