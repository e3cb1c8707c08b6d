"""Callbacks that watch a number of the logs, to see whether it still gets better."""
import math
from typing import Any

import numpy as np

from minidl import losses, metrics
from minidl.callbacks.base import Callback
from minidl.checks import number, true_or_false, whole
from minidl.registry import nearest

RISING = (
    metrics.Accuracy, metrics.BinaryAccuracy, metrics.CategoricalAccuracy, metrics.SparseCategoricalAccuracy,
    metrics.TopKCategoricalAccuracy,
)  # fmt: skip


class Monitor(Callback):
    """The base of callbacks that watch ``monitor``, a number of the logs such as "val_loss".

    ``mode``: "min" or "max", what is better; "auto" knows losses and metrics. A change of up to ``min_delta`` is none."""

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0):
        if not isinstance(monitor, str):
            raise TypeError(f"monitor is the name of a number in the logs, like 'val_loss'; got {monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max'; got {mode!r}")
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(number("min_delta", min_delta))
        self.best: float | None = None  # so far; None: nothing yet

    def watched(self, logs: dict[str, float] | None) -> float:
        """The number in the logs; ValueError with the names that there are."""
        if self.monitor not in (logs or {}):
            known = [name for name in logs or {} if name != "learning_rate"]
            missing = self.monitor.startswith("val_") and not any(name.startswith("val_") for name in known)
            without = "; without validation data there is no 'val_…'" if missing else ""
            raise ValueError(f"{type(self).__name__} cannot watch {self.monitor!r}: {nearest(self.monitor, known)}{without}")
        return float((logs or {})[self.monitor])

    def is_better(self, value: float, than: float | None) -> bool:
        """Whether ``value`` is better than another (than nothing: always, unless it is nan)."""
        sign = 1 if self._better() == "max" else -1
        return sign * value - self.min_delta > sign * (self.worst() if than is None else than)

    def worst(self) -> float:
        """What everything is better than."""
        return -math.inf if self._better() == "max" else math.inf

    def _better(self) -> str:
        """Whether a "min" or a "max" is wanted; ValueError where nothing tells."""
        name = self.monitor.removeprefix("val_")
        if self.mode != "auto":
            return self.mode
        if name == "loss" or name.endswith("_loss"):
            return "min"
        metric = self._metrics().get(name)
        falling = isinstance(metric, metrics.MeanMetricWrapper) and isinstance(metric.fn, losses.Loss)
        if direction := getattr(metric, "direction", None) or ("min" if falling else "max" if isinstance(metric, RISING) else None):
            return str(direction)
        if "acc" in name:
            return "max"
        raise ValueError(f"{type(self).__name__}: is a high {self.monitor!r} good or bad? Give mode='max' or mode='min'")

    def _metrics(self) -> dict[str, Any]:
        """The metrics of the model, as they are called in the logs."""
        objective = self.model.objective
        several = len(objective.names) > 1
        rows = zip(objective.names, objective.metrics)
        return {(f"{name}_" if several else "") + metric.name: metric for name, measures in rows for metric in measures}


class EarlyStopping(Monitor):
    """Stops the training when the number has not got better for ``patience`` epochs.

    ``baseline``: epochs that are not better than this count as not better. ``restore_best_weights``: in the end the model gets the weights
    of its best epoch, also where the training was not stopped. ``start_from_epoch``: how many epochs are not looked at. ``verbose=1``
    prints what happens. Afterwards ``stopped_epoch`` is the number of the last epoch, from 0 (0 if it was not stopped), ``best_epoch`` the
    best one's. Prechelt 1998, "Early stopping – but when?\""""

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
        baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,
    ):  # fmt: skip
        super().__init__(monitor, mode, min_delta)
        self.patience, self.verbose = whole("patience", patience, 0), whole("verbose", verbose, 0)
        self.baseline = None if baseline is None else number("baseline", baseline)
        self.restore_best_weights = true_or_false("restore_best_weights", restore_best_weights)
        self.start_from_epoch = whole("start_from_epoch", start_from_epoch, 0)

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = None
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = self.watched(logs)
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        better = self.is_better(value, self.best)
        if better:
            self.best = value
        if better or (self.restore_best_weights and self.best_weights is None):
            self.best_epoch = epoch
            self.best_weights = self.model.get_weights() if self.restore_best_weights else None
        if better and (self.baseline is None or self.is_better(value, self.baseline)):
            self.wait = 0
        elif not better and self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by ``factor`` when the number has not got better for ``patience`` epochs, down to ``min_lr``.

    After that it waits ``cooldown`` epochs before it counts again. ``verbose=1`` prints what happens. The learning rate is added to the
    logs, and so to the history."""

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0,
    ):  # fmt: skip
        super().__init__(monitor, mode, min_delta)
        self.factor, self.min_lr = number("factor", factor, above=0, below=1), number("min_lr", min_lr, at_least=0)
        self.patience, self.cooldown, self.verbose = (
            whole(name, value, 0) for name, value in (("patience", patience), ("cooldown", cooldown), ("verbose", verbose))
        )

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.cooldown_counter = 0
        self.best = None
        if callable(self.model.optimizer.get_config()["learning_rate"]):
            raise ValueError("ReduceLROnPlateau cannot reduce a schedule: give the optimizer a number as learning_rate")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        optimizer = self.model.optimizer
        if logs is not None:
            logs["learning_rate"] = optimizer.learning_rate
        value = self.watched(logs)
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience and optimizer.learning_rate > self.min_lr:
                optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
                self.wait, self.cooldown_counter = 0, self.cooldown
                if self.verbose:
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {optimizer.learning_rate}.")


class TerminateOnNaN(Callback):
    """Stops the training as soon as the loss is nan or infinite; with ``raise_error`` by a RuntimeError."""

    def __init__(self, raise_error: bool = False):
        self.raise_error = true_or_false("raise_error", raise_error)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(f"Batch {batch}: the loss is {loss}: training was ended")
            print(f"Batch {batch}: Invalid loss, terminating training")
            self.model.stop_training = True
