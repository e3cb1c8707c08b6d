"""The numbers of each epoch in a file."""
import csv
import os
from pathlib import Path
from typing import Any, TextIO

from minidl.callbacks.base import Callback


class CSVLogger(Callback):
    """Writes a line for every epoch: its number, from 0, and all numbers of the logs in alphabetical order.

    ``append``: go on at the end of a file that is there already (ValueError if it has other columns), as for a training that is resumed;
    otherwise it is written anew. Each line is in the file as soon as the epoch is over. Missing folders are made."""

    def __init__(self, filename: Any, separator: str = ",", append: bool = False):
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"separator must be a single character; got {separator!r}")
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self._file: TextIO | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        path = Path(self.filename).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._columns: list[str] | None = None
        if self.append and path.is_file() and path.stat().st_size:
            with path.open(encoding="utf-8", newline="") as file:
                self._columns = next(csv.reader(file, delimiter=self.separator))
        self._file = path.open("a" if self.append else "w", encoding="utf-8", newline="")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        assert self._file is not None
        columns = ["epoch", *sorted(logs or {})]
        writer = csv.writer(self._file, delimiter=self.separator, lineterminator="\n")
        if self._columns is None:
            writer.writerow(columns)
            self._columns = columns
        elif not set(columns) <= set(self._columns):
            raise ValueError(f"{self.filename} has the columns {', '.join(self._columns)}, and this training gives {', '.join(columns)}")
        values = {"epoch": epoch, **(logs or {})}
        writer.writerow([values.get(name, "NA") for name in self._columns])
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
