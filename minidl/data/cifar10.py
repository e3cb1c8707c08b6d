"""CIFAR-10: 60 000 colour photographs of 32×32 pixels in ten classes (Krizhevsky 2009).

Read from the official *binary version*, `cifar-10-batches-bin/`: five files of 10 000 training pictures and
one of 10 000 test pictures. One record is 3 073 bytes: the label, then 1 024 red, 1 024 green and 1 024 blue
bytes, row by row. The pictures' source is http://www.cs.toronto.edu/~kriz/cifar.html; the *python version*
found there is not read, because it consists of pickles, and to open a pickle is to run whatever is in it.
"""

from __future__ import annotations

import os
import tarfile
import tempfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .downloads import cache_folder, fetch, find, given_folder

CLASS_NAMES: tuple[str, ...] = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
ARCHIVE = "cifar-10-binary.tar.gz"
URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
FOLDER = "cifar-10-batches-bin"
TRAIN_FILES: tuple[str, ...] = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILE = "test_batch.bin"
RECORDS = 10_000  # in every file
RECORD_SIZE = 1 + 3 * 32 * 32

Pictures: TypeAlias = npt.NDArray[np.uint8]


def load_data(
    path: str | os.PathLike[str] | None = None,
) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures]]:
    """Load the data set: `((x_train, y_train), (x_test, y_test))`.

    Pictures are uint8 of shape (50000, 32, 32, 3) and (10000, 32, 32, 3) in 0…255, labels uint8 of shape (n,
    1) in 0…9; `CLASS_NAMES[label]` is a label's name.

    The files are read from `path`, or else from the folder in the environment variable MINIDL_DATA: from that
    folder itself or from `cifar-10-batches-bin/` in it. Without either they are downloaded once (170 MB) to
    the user's cache.

    Raises FileNotFoundError if a given folder lacks a file (nothing is downloaded then), ValueError if a file
    is not what it should be, ConnectionError if the download fails.
    """
    root = given_folder(path)
    if root is not None:
        folder, missing = _find(root)
        if missing:
            raise FileNotFoundError(
                f"expected the six .bin files of CIFAR-10 in {str(root)!r} or in its folder {FOLDER}/, "
                f"got none called {', '.join(missing)}"
            )
    else:
        folder, missing = _find(cache_folder())
        if missing:
            folder = _download(cache_folder())

    x_train = np.empty((len(TRAIN_FILES) * RECORDS, 32, 32, 3), np.uint8)
    y_train = np.empty((len(TRAIN_FILES) * RECORDS, 1), np.uint8)
    for i, name in enumerate(TRAIN_FILES):
        part = slice(i * RECORDS, (i + 1) * RECORDS)
        x_train[part], y_train[part] = read_batch(folder / name)
    return (x_train, y_train), read_batch(folder / TEST_FILE)


def available(path: str | os.PathLike[str] | None = None) -> bool:
    """Whether `load_data(path)` finds all six files on disk: in `path`, else MINIDL_DATA, else the cache."""
    return not _find(given_folder(path) or cache_folder())[1]


def read_batch(file: str | os.PathLike[str], records: int = RECORDS) -> tuple[Pictures, Pictures]:
    """Read one .bin file of `records` pictures: (records, 32, 32, 3) and labels (records, 1), both uint8.

    Raises FileNotFoundError if there is no such file, ValueError if its size is not records × 3 073 bytes or
    a label is above 9.
    """
    file, expected = Path(file), records * RECORD_SIZE
    if not file.is_file():
        raise FileNotFoundError(
            f"expected a CIFAR-10 file of {expected} bytes at {str(file)!r}, got no such file"
        )
    size = file.stat().st_size
    if size != expected:
        raise ValueError(
            f"{str(file)!r} is no complete CIFAR-10 file: expected {expected} bytes "
            f"({records} records of {RECORD_SIZE}), got {size}"
        )
    data = np.fromfile(file, np.uint8).reshape(records, RECORD_SIZE)
    labels = data[:, :1].copy()
    if records and labels.max() > 9:
        raise ValueError(f"{str(file)!r} is no CIFAR-10 file: expected labels 0…9, got {labels.max()}")
    planes = data[:, 1:].reshape(records, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels


def _find(root: Path) -> tuple[Path, list[str]]:
    """The likelier of the two places, and the names of the files that it lacks."""
    return find(root, FOLDER, (*TRAIN_FILES, TEST_FILE))


def _download(cache: Path) -> Path:
    try:
        archive = fetch(URL, f"md5:{MD5}", ARCHIVE, cache, "CIFAR-10")
    except (OSError, ValueError) as error:  # no network, a full disk, or bytes with another checksum
        raise ConnectionError(
            f"CIFAR-10 could not be downloaded ({type(error).__name__}): fetch {URL} by hand, "
            f"unpack it and give its folder as path= or in the environment variable MINIDL_DATA, or use "
            f"minidl.data.shapes10, which needs no network"
        ) from None
    folder = unpack(archive, cache)
    archive.unlink()
    return folder


def unpack(archive: Path, destination: Path) -> Path:
    """Copy the seven files that belong to CIFAR-10 out of the .tar.gz; returns the folder they are in.

    Nothing else in an archive is touched (links, absolute paths), and a file appears only once it is
    complete.
    """
    folder = destination / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar, tempfile.TemporaryDirectory(dir=destination) as scratch:
        for name in (*TRAIN_FILES, TEST_FILE, "batches.meta.txt"):
            try:
                source = tar.extractfile(f"{FOLDER}/{name}")
            except KeyError:
                source = None
            if source is None:
                raise ValueError(
                    f"expected the file {FOLDER}/{name} in {str(archive)!r}, got an archive without it"
                )
            with source, open(Path(scratch) / name, "wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
            os.replace(Path(scratch) / name, folder / name)
    return folder
