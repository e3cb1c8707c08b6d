"""A training that ends when it has to."""
import statistics
import time
from collections import deque
from typing import Any

from minidl.batches import length_of
from minidl.callbacks.base import Callback
from minidl.durations import in_words, seconds_in


class TimeBudget(Callback):
    """Stops the training so that it ends within so many ``seconds``, with the validation that follows. One step is made in any case.

    ``validation_steps``: how many batches are validated; as long as it is not known how long this takes, each counts like a step.
    ``history.ended`` says what was trained."""

    EVERY = 0.1  # seconds between two looks at a GPU's numbers

    def __init__(self, seconds: float, validation_steps: int | None = None):
        self.seconds, self.validation_steps = seconds, validation_steps or 0
        self.validation: float | None = None  # seconds that the last one took
        self.recent: deque[float] = deque(maxlen=20)  # seconds of the last steps
        self.epochs = self.steps = 0  # whole epochs, and steps of the epoch that runs

    def wants_logs(self, moment: str) -> bool:
        """Ten times a second: so a GPU, which works behind Python's back, is at most that far behind the times measured here."""
        return time.perf_counter() - self.waited > self.EVERY

    def on_train_begin(self, logs: Any = None) -> None:
        self.began = self.last = self.waited = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.steps, self.last = 0, time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        self.waited = now if logs else self.waited
        self.recent.append(now - self.last)
        self.last, self.steps = now, batch + 1
        self._stop_if_late(now)

    def on_test_begin(self, logs: Any = None) -> None:
        self.test_began = time.perf_counter()

    def on_test_end(self, logs: Any = None) -> None:
        self.validation = time.perf_counter() - self.test_began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        whole = not self.model.stop_training if self.params["steps"] is None else self.steps == self.params["steps"]
        if whole:
            self.epochs, self.steps = self.epochs + 1, 0
        self._stop_if_late(time.perf_counter())

    def on_train_end(self, logs: Any = None) -> None:
        spent, steps = in_words(time.perf_counter() - self.began), self.params["steps"]
        done = f"{self.epochs} epoch{'s' if self.epochs != 1 else ''}"
        of = f" of {steps}" if steps else ""
        part = f" and {self.steps}{of} step{'s' if steps or self.steps > 1 else ''} of the next" if self.steps else ""
        self.model.history.ended = sentence = f"Trained {done}{part} in {spent}; the time budget is {in_words(self.seconds)}."
        if self.params["verbose"]:
            print(sentence)

    def _stop_if_late(self, now: float) -> None:
        """Stop if another step and the validation after it might take longer than what is left."""
        validation = self.validation_steps * statistics.median(self.recent) if self.validation is None else self.validation
        if now - self.began + max(self.recent) + 1.2 * validation > self.seconds:
            self.model.stop_training = True


def within(time_budget: Any, validation: Any) -> list[Callback]:
    """The callback for a time budget as `fit` takes it, and the batches of its validation; nothing for None."""
    return [] if time_budget is None else [TimeBudget(seconds_in("time_budget", time_budget), length_of(validation))]
