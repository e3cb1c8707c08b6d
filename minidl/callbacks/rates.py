"""The learning rate, epoch by epoch."""
import inspect
from collections.abc import Callable
from typing import Any

from minidl.callbacks.base import Callback
from minidl.checks import number, whole


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of every epoch to ``schedule(epoch, learning_rate)``, or ``schedule(epoch)``; epochs count
    from 0.

    ``verbose=1`` prints it. The learning rate is added to the logs, and so to the history."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        if not callable(schedule):
            raise TypeError(f"schedule must be a function of the epoch, or of the epoch and the learning rate; got {schedule!r}")
        self.schedule, self.verbose = schedule, whole("verbose", verbose, 0)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        if callable(optimizer.get_config()["learning_rate"]):
            raise ValueError("LearningRateScheduler cannot set what a schedule sets: give the optimizer a number as learning_rate")
        rate = self.schedule(epoch, optimizer.learning_rate) if _takes_two(self.schedule) else self.schedule(epoch)
        optimizer.learning_rate = number("what the schedule returns", rate, at_least=0)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {optimizer.learning_rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate


def _takes_two(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    return True
