"""``with minidl.record() as tape:``, where a recording begins and ends."""
import math
import os
import runpy
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from minidl.checks import number
from minidl.hooks import is_learners, learners_frame
from minidl.stepper.observing import observed
from minidl.stepper.recorder import Recorder
from minidl.stepper.sources import is_cell
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
    room = max_bytes if max_bytes == math.inf else number("max_bytes", max_bytes, above=0)
    recorder = _running.get() or Recorder(room)
    file = frame.f_code.co_filename
    tape = Tape(recorder, title="notebook" if is_cell(file) else os.path.basename(file))
    try:
        with switch(_running, recorder), observed(recorder):
            yield tape
    except BaseException as error:
        tape.error = said(error)
        raise
    finally:
        recorder.values.name_the_rest(frame.f_locals)
        tape.end()


def run_script(path: str | Path, arguments: Sequence[str] = (), max_bytes: float = 1 << 30) -> Tape:
    """The tape of a script, run as ``python path *arguments`` would run it. An error, ``sys.exit`` or Ctrl-C ends it; the tape holds what
    was recorded by then, and its ``error`` says what happened."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    before = sys.argv, sys.path[:]
    sys.argv, sys.path[:] = [str(path), *arguments], [str(path.resolve().parent), *sys.path]
    try:
        with record(max_bytes) as tape:
            tape.title = path.name
            names = runpy.run_path(str(path.absolute()), run_name="__main__")  # so that its lines are found whatever folder it goes to
            tape.name_values(names)
    except SystemExit as exit_:
        tape.error = None if exit_.code in (None, 0) else f"{path.name} ended itself with sys.exit({exit_.code!r})."
    except (Exception, KeyboardInterrupt):
        pass  # the tape says it
    finally:
        sys.argv, sys.path[:] = before
    return tape


def said(error: BaseException) -> str:
    """The error in a sentence, with the innermost line of the learner's code."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    places = [place for place in traceback.extract_tb(error.__traceback__) if is_learners(place.filename)]
    if isinstance(error, KeyboardInterrupt):
        what = "it was stopped by Ctrl-C"
    if not places:
        return f"The recording ended with an error: {what}"
    return f"The recording ended in line {places[-1].lineno} of {os.path.basename(places[-1].filename)}: {what}"
