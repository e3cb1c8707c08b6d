"""The lines that are printed while a model is trained."""
import shutil
import sys
import time
from typing import Any

from minidl.callbacks import lines
from minidl.callbacks.base import Callback
from minidl.styles import checked


class ProgressBar(Callback):
    """The line that `fit`, `evaluate` and `predict` print: steps, time, loss and metrics. On a terminal it is live.

    ``style``: as which Keras it looks (see `minidl.styles`); None: as `minidl.use_style` says."""

    EVERY = 0.1  # seconds between two updates

    def __init__(self, style: str | None = None):
        self.style = None if style is None else checked(style)

    def on_train_begin(self, logs: Any = None) -> None:
        self.training = True

    def on_train_end(self, logs: Any = None) -> None:
        self.training = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.params["epochs"] > 1 or self.params["verbose"] == 2:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._start()

    def on_test_begin(self, logs: Any = None) -> None:
        if not getattr(self, "training", False):
            self._start()

    on_predict_begin = on_test_begin

    def _start(self) -> None:
        self.began, self.shown, self.done, self.drawn = time.perf_counter(), 0.0, 0, ""

    def wants_logs(self, moment: str) -> bool:
        """Only when it is time to draw them."""
        return self.params["verbose"] == 1 and sys.stdout.isatty() and time.perf_counter() - self.shown > self.EVERY

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.done = batch + 1
        if (logs or not getattr(self, "training", False)) and self.wants_logs("on_train_batch_end"):
            self.shown = time.perf_counter()
            self._draw(logs or {}, end="")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not getattr(self, "training", False):
            self.on_train_batch_end(batch, logs)

    on_predict_batch_end = on_test_batch_end

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._draw(logs or {}, end="\n")

    def on_test_end(self, logs: Any = None) -> None:
        if not getattr(self, "training", False):
            self._draw(logs or {}, end="\n")

    on_predict_end = on_test_end

    def _draw(self, logs: dict[str, float], end: str) -> None:
        write = lines.keras3 if checked(self.style) == "keras3" else lines.keras2
        seconds, live = time.perf_counter() - self.began, sys.stdout.isatty() and self.params["verbose"] == 1
        line = write(self.done, self.params.get("steps"), seconds, logs, self.params["verbose"], last=bool(end))
        if live:
            line = line[: shutil.get_terminal_size().columns - 1] if not end else line
            print(f"\r{line.ljust(len(self.drawn))}", end=end, flush=True)
            self.drawn = line
        elif end:
            print(line)
