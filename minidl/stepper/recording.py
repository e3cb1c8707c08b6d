"""``with minidl.record() as tape:``, where a recording begins and ends."""
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from minidl.stepper.observing import observed
from minidl.stepper.recorder import Recorder, learners_frame
from minidl.stepper.tape import Tape
from minidl.switches import switch

_running: ContextVar[Recorder | None] = ContextVar("running", default=None)


@contextmanager
def record(max_bytes: float = 1 << 30) -> Iterator[Tape]:
    """``with minidl.record() as tape:`` record what this thread computes in the block: every op, every step of backpropagation, every
    update of a parameter. ``print(tape)`` shows them, ``tape.play()`` steps through them, `Tape` says what else there is.

    Arrays are kept, not copied, except parameters and small inputs. When about ``max_bytes`` are kept, the recording stops, and the tape
    says so. An exception ends the block as always; the tape keeps what was recorded, and names the line."""
    frame = learners_frame()
    recorder = _running.get() or Recorder(max_bytes)
    tape = Tape(recorder, title=os.path.basename(frame.f_code.co_filename))
    try:
        with switch(_running, recorder), observed(recorder):
            yield tape
    except BaseException as error:
        tape.error = _said(error, frame.f_code.co_filename)
        raise
    finally:
        recorder.name_the_rest(frame)
        tape.end()


def _said(error: BaseException, file: str) -> str:
    """The error in a sentence, with the innermost line of the learner's file."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    lines = [place.lineno for place in traceback.extract_tb(error.__traceback__) if place.filename == file]
    return f"The recording ended with an error in line {lines[-1]} of {os.path.basename(file)}: {what}" if lines else f"Error: {what}"
