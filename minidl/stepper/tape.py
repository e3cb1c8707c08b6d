"""A tape: what was computed, step by step, and the ways to look at it."""
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minidl.backend import to_numpy
from minidl.pages import framed
from minidl.sizes import bytes_in_words
from minidl.stepper import player, quiz, windows
from minidl.stepper.again import Bodies
from minidl.stepper.assemble import page
from minidl.stepper.comparing import Comparison, compared
from minidl.stepper.data import Writer
from minidl.stepper.recorder import Recorder
from minidl.stepper.steps import Backward, Forward, Step, Update
from minidl.stepper.table import table
from minidl.tensor import Tensor

FRAME_HEIGHT = 760  # pixels, in a notebook


class Tape:
    """The record of a computation, made by ``with minidl.record() as tape:``.

        tape.steps                  a list of `Forward`, `Backward` and `Update`, in the order in which they happened
        print(tape)                 a table
        tape.play()                 step through it in the terminal
        tape.to_html("step.html")   step through it in a browser: one file, which needs no network; a notebook shows the tape itself
        tape.window(step, pixel)    a convolution, pooling or dropout at one place
        tape.compare(other)         where two tapes begin to differ
    """

    def __init__(self, recorder: Recorder, title: str) -> None:
        self._recorder, self.title = recorder, title
        self._start = len(recorder.steps)
        self._end: int | None = None  # while it runs
        self._bodies = Bodies()
        self.error: str | None = None  # what ended the recording, in a sentence

    def end(self) -> None:
        """Take nothing more."""
        self._end = len(self._recorder.steps)

    def name_values(self, variables: Mapping[str, Any]) -> None:
        """Call the values that have no name yet as these variables are called that hold them."""
        self._recorder.values.name_the_rest(variables)

    @property
    def steps(self) -> list[Step]:
        return self._recorder.steps[self._start : self._end]

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def notes(self) -> list[str]:
        """What has to be said about this tape, in sentences."""
        notes, steps, full = [self.error] if self.error else [], self.steps, self._recorder.full_at
        if full is not None:
            where = f"at {os.path.basename(full[0])}:{full[1]}, because the tape holds {bytes_in_words(self._recorder.bytes)}"
            notes.append(f"The recording stopped {where}: record less, or more with record(max_bytes=…).")
        if not steps:
            notes.append("Nothing was recorded: no op of minidl ran, or it ran in another thread.")
        elif not any(isinstance(step, Backward) for step in steps):
            notes.append("No backward pass was recorded: call loss.backward() or minidl.grad(…) inside the block.")
        return notes

    # ---------------------------------------------------------------- to look at

    def __str__(self) -> str:
        return table(self.title, self.notes, self.steps)

    def __repr__(self) -> str:
        return f"<Tape of {self.title!r}: {len(self)} steps>"

    def play(self, input: Any = None, output: Any = None) -> None:
        """Step through it in this terminal: ← → Home End, Enter opens a composite, ? hides the gradients until you have typed them, q
        quits. Where there is no terminal, print the table."""
        player.play(player.Player(self.title, self.notes, self.steps), lambda: str(self), input, output)

    def data(self, comparison: Comparison | None = None) -> dict[str, Any]:
        """All of it as lists, dictionaries, numbers and texts, as the page takes them. With a ``comparison`` of this tape, the steps that
        differ are marked."""
        return Writer(self.title, self.notes, self.steps, comparison).data

    def to_html(self, path: str | Path, arrays: bool = False, comparison: Comparison | None = None) -> None:
        """Write the page: one file with everything in it. Large arrays are summarised in it; ``arrays=True`` saves the full numbers of all
        beside it, in ``step-arrays.npz`` for a page ``step.html``."""
        path = Path(path)
        notes = self.notes
        beside = path.with_name(f"{path.stem}-arrays.npz")
        if arrays:
            notes.append(f"The full numbers of all arrays are beside this page, in {beside.name}: tensor_0, step_5_g, step_5_grad_0, …")
        writer = Writer(self.title, notes, self.steps, comparison)
        path.write_text(page(writer.data), encoding="utf-8")
        if arrays:
            np.savez(beside, allow_pickle=False, **writer.full_arrays())

    def _repr_html_(self) -> str:
        """In a notebook: the page in a frame of its own, because notebooks take scripts out of what they show."""
        return framed(page(self.data()), f"Step through {self.title}", FRAME_HEIGHT)

    # ---------------------------------------------------------------- to ask

    def _step(self, step: Step | int) -> Step:
        return self.steps[step] if isinstance(step, int) else step

    def body(self, step: Step | int) -> tuple[Step, ...]:
        """What a composite is made of, computed again in readable ops: forward steps of a `Forward`, backward steps of a `Backward`; ()
        of a step with nothing inside."""
        step = self._step(step)
        if isinstance(step, Update):
            return ()
        return self._bodies.forward(step) if isinstance(step, Forward) else self._bodies.backward(step)

    def window(self, step: Step | int, pixel: tuple[int, ...], image: int = 0) -> windows.Window:
        """What goes into the output's ``pixel`` (row, column, channel) of one image: patch, filter, products, sum; and of a backward step,
        where its gradient goes. For convolutions, pooling and dropout; ValueError for other steps.

        Of a convolution with pooling in one step, the pooling's window, and the convolution that won it."""
        step = self._step(step)
        if isinstance(step, Update):
            raise ValueError("an update has no windows")
        return windows.window(step, pixel, image, self._bodies)

    def gradient(self, x: Tensor) -> np.ndarray | None:
        """dL/dx at the end of the last backward pass on this tape that reached ``x``; None if none did."""
        for step in reversed(self.steps):
            if isinstance(step, Backward):
                for value, total in zip(step.inputs, step.totals):
                    if value is not None and value.owner is x and total is not None:
                        return to_numpy(total)
        return None

    def check_prediction(self, step: Step | int, typed: str, tolerance: float = 0.01) -> quiz.Answer:
        """Whether what somebody typed is the gradient of a backward step (of its first input with few entries), and if not, what the slip
        looks like."""
        step = self._step(step)
        if not isinstance(step, Backward):
            raise ValueError(f"a gradient can be predicted at a backward step; this is {step.phase}")
        return quiz.check_prediction(step, typed, tolerance)

    def compare(self, other: "Tape", rtol: float = 0.0) -> Comparison:
        """Where this tape and ``other`` differ, step by step: the same model before and after a change. Differences up to ``rtol`` times
        the largest number in an array count as equal."""
        return compared((self.title, other.title), self.steps, other.steps, rtol, self)
