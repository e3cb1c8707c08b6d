"""The model as it was on the way."""
import os
from typing import Any

from minidl.callbacks.monitors import Monitor
from minidl.checks import number, true_or_false, whole
from minidl.registry import nearest
from minidl.saving import checked_path


class ModelCheckpoint(Monitor):
    """Saves the model at the end of every epoch, or where ``save_best_only`` only when the watched number is the best so far.

    ``filepath``: the ending decides the format, as for ``model.save`` (and for ``save_weights``, if ``save_weights_only``). Names in braces
    are filled in: "{epoch:02d}-{val_loss:.2f}.keras"; epochs count from 1. ``save_freq``: "epoch", or after how many batches it is saved
    (then there is {batch} too). ``initial_value_threshold``: a number that the first one has to be better than. ``best`` is kept from one
    `fit` to the next. ``verbose=1`` prints what happens."""

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False, save_weights_only: bool = False,
        mode: str = "auto", save_freq: Any = "epoch", initial_value_threshold: float | None = None,
    ):  # fmt: skip
        super().__init__(monitor, mode)
        self.save_best_only = true_or_false("save_best_only", save_best_only)
        self.save_weights_only = true_or_false("save_weights_only", save_weights_only)
        self.filepath = os.fspath(filepath)
        checked_path(self.filepath, "weights" if save_weights_only else "model")  # now, and not after an epoch
        if save_freq != "epoch":
            save_freq = whole("save_freq, unless it is 'epoch',", save_freq)
        self.save_freq, self.verbose = save_freq, whole("verbose", verbose, 0)
        if initial_value_threshold is not None:
            self.best = number("initial_value_threshold", initial_value_threshold)
        self.epoch = self.batches = 0  # the epoch that runs, the batches since the last saving

    def wants_logs(self, moment: str) -> bool:
        """Only where it is to be saved."""
        return bool(self.save_freq != "epoch" and self.batches + 1 >= self.save_freq)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.save_freq != "epoch":
            self.batches += 1
            if self.batches >= self.save_freq:
                self.batches = 0
                self._save(self.epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: dict[str, Any]) -> None:
        path, what = self._path(epoch, logs), f"saving model to {self._path(epoch, logs)}"
        if self.save_best_only:
            value, best = self.watched(logs), self.worst() if self.best is None else self.best
            better = self.is_better(value, self.best)
            what = f"{self.monitor} improved from {best:.5f} to {value:.5f}, {what}"
            if not better:
                what = f"{self.monitor} did not improve from {best:.5f}"
            self._tell(epoch, what)
            if not better:
                return
            self.best = value
        else:
            self._tell(epoch, what)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)

    def _tell(self, epoch: int, what: str) -> None:
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: {what}")

    def _path(self, epoch: int, logs: dict[str, Any]) -> str:
        """The path with the names in braces filled in."""
        values = {"epoch": epoch + 1, **logs}
        try:
            return str(self.filepath.format(**values))
        except KeyError as error:
            raise ValueError(f"the filepath {self.filepath!r} needs {error}: {nearest(str(error.args[0]), values)}") from None
