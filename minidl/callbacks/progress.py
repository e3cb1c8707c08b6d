"""The lines that are printed while a model is trained."""
import shutil
import sys
import time
from typing import Any

from minidl.callbacks.base import Callback


class ProgressBar(Callback):
    """The line that `fit`, `evaluate` and `predict` print: steps, time, loss and metrics. On a terminal it is live."""

    WIDTH, EVERY = 20, 0.1  # characters; seconds between two updates

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
        steps, seconds = self.params.get("steps"), time.perf_counter() - self.began
        full = self.WIDTH * self.done // steps if steps else self.WIDTH
        bar = "━" * full + "╺" * (full < self.WIDTH) + " " * (self.WIDTH - full - 1)
        parts = [f"{self.done}/{self.done if end else steps or '?'}", bar if self.params["verbose"] == 1 else "", _duration(seconds)]
        if not end and steps and self.done:
            parts.append(f"{_duration(seconds / self.done * (steps - self.done))} left")
        line = " ".join(part for part in [*parts, _step_time(seconds / max(1, self.done))] if part)
        line += "".join(f" - {name}: {_value(value)}" for name, value in _ordered(logs).items())
        live = sys.stdout.isatty() and self.params["verbose"] == 1
        if live:
            line = line[: shutil.get_terminal_size().columns - 1] if not end else line
            print(f"\r{line.ljust(len(self.drawn))}", end=end, flush=True)
            self.drawn = line
        elif end:
            print(line)


def _ordered(logs: dict[str, float]) -> dict[str, float]:
    """Metrics first, in alphabetical order, then the same for validation; as Keras prints them."""
    return dict(sorted(logs.items(), key=lambda item: (item[0].startswith("val_"), item[0])))


def _value(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02.0f}" if hours else f"{minutes}:{seconds:02.0f}" if minutes else f"{seconds:.0f}s"


def _step_time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"
