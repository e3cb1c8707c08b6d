"""A tape: what was computed, step by step, and the ways to look at it."""
from typing import Any

from minidl.stepper.data import tape_data
from minidl.stepper.recorder import Recorder
from minidl.stepper.steps import Step


class Tape:
    """The record of a computation, made by ``with minidl.record() as tape:``.

    ``steps``: a list of `Forward`, `Backward` and `Update`, in the order in which they happened."""

    def __init__(self, recorder: Recorder, title: str) -> None:
        self._recorder, self.title = recorder, title
        self._start, self._end = len(recorder.steps), None
        self.error: str | None = None  # what ended the recording, in a sentence

    def end(self) -> None:
        """Take nothing more."""
        self._end = len(self._recorder.steps)

    @property
    def steps(self) -> list[Step]:
        return self._recorder.steps[self._start : self._end]

    @property
    def notes(self) -> list[str]:
        """What has to be said about this tape, in sentences."""
        notes = [self.error] if self.error else []
        steps = self.steps
        if not steps:
            notes.append("Nothing was recorded: no op ran in the block, or it ran in another thread.")
        elif not any(step.phase == "backward" for step in steps):
            notes.append("No backward pass was recorded: call loss.backward() or minidl.grad(…) inside the block.")
        return notes

    def data(self) -> dict[str, Any]:
        return tape_data(self.title, self.notes, self.steps)
