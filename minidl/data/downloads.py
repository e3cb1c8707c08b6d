"""Where the files of a data set are looked for, and how they are fetched: what all data sets share."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def given_folder(path: str | os.PathLike[str] | None) -> Path | None:
    """`path`, or else the folder in the environment variable MINIDL_DATA, or else None."""
    given = path if path is not None else os.environ.get("MINIDL_DATA") or None
    return None if given is None else Path(given).expanduser()


def cache_folder() -> Path:
    """The user's folder for what minidl downloads."""
    import pooch  # type: ignore[import-untyped]

    return Path(pooch.os_cache("minidl"))


def find(root: Path, folder: str, names: Iterable[str]) -> tuple[Path, list[str]]:
    """The likelier of two places, `root/folder` and `root` itself, and the names of the files that it lacks."""
    places = [(place, [name for name in names if not (place / name).is_file()]) for place in (root / folder, root)]
    return min(places, key=lambda place: len(place[1]))


def fetch(url: str, known_hash: str | None, name: str, folder: Path, title: str, downloader: Any = None) -> Path:
    """Download `url` to `folder/name` with a progress bar, unless that file is there and `known_hash` ("md5:…", "sha256:…") is its
    own; returns its path. Raises what pooch raises: OSError without a network or room, ValueError for another checksum."""
    import pooch

    bar, log = None if downloader else ProgressBar(title), pooch.get_logger()
    level = log.level
    try:
        log.setLevel("WARNING")  # what it tells is for those who use pooch themselves
        how = {"downloader": downloader} if downloader else {"progressbar": bar}
        path = pooch.retrieve(url, known_hash, fname=name, path=folder, **how)
    finally:
        log.setLevel(level)
        if bar:
            bar.close()
    return Path(path)


class ProgressBar:
    """What pooch wants of a progress bar (tqdm's `total`, `update`, `reset`, `close`), drawn by rich."""

    def __init__(self, title: str) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self.total = 0
        self._bar = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._task = self._bar.add_task(title, total=None)
        self._bar.start()

    def update(self, amount: int) -> None:
        self._bar.update(self._task, advance=amount, total=self.total or None)

    def reset(self) -> None:
        self._bar.update(self._task, completed=0)

    def close(self) -> None:
        self._bar.stop()
