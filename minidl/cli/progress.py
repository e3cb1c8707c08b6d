"""A live line for each epoch: progress, loss, accuracy, rate and time left."""
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from minidl.callbacks import Callback


class LiveProgress(Callback):
    """Shows the epoch that is running; a finished epoch stays as a line of text. Without a terminal only those lines appear."""

    def __init__(self, console: Console, pictures: int):
        self.console, self.pictures = console, pictures
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[numbers]}"), TextColumn("[dim]left[/dim]"), TimeRemainingColumn(compact=True),
            console=console, transient=True, refresh_per_second=8, disable=not console.is_terminal,
        )  # fmt: skip
        self.task: TaskID | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.bar.start()

    def on_train_end(self, logs: Any = None) -> None:
        self.bar.stop()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()
        if self.task is not None:
            self.bar.remove_task(self.task)
        self.task = self.bar.add_task(self._title(epoch), total=self.params["steps"], numbers="")
        self.shown, self.numbers = 0.0, ""

    def wants_logs(self, moment: str) -> bool:
        """As often as they are drawn."""
        return self.console.is_terminal and time.perf_counter() - self.shown > 1 / 8

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self.began
        if logs:
            self.shown, self.numbers = time.perf_counter(), _numbers(logs)
        rate = (batch + 1) / self.params["steps"] * self.pictures / seconds
        if self.task is not None:
            self.bar.update(self.task, completed=batch + 1, numbers=f"{self.numbers}  {rate:,.0f} pictures/s")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self.began
        self.bar.console.print(f"{self._title(epoch)}  {_numbers(logs)}  {seconds:.1f} s")

    def _title(self, epoch: int) -> str:
        return f"epoch {epoch + 1:>{len(str(self.params['epochs']))}}/{self.params['epochs']}"


def _numbers(logs: Any) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in (logs or {}).items())
