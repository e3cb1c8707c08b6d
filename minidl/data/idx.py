"""IDX, the file format of MNIST and of the sets made like it (LeCun, Cortes and Burges, yann.lecun.com/exdb/mnist).

Big-endian: two zero bytes, one byte for the type of a value (8: uint8), one for the number of axes, four for each axis's length, then the
values in C order. The files are often compressed with gzip.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from .downloads import cache_folder, fetch, given_folder

Pictures: TypeAlias = npt.NDArray[np.uint8]
PARTS = {"train": 60_000, "t10k": 10_000}  # how the names of the files begin, and how many pictures are in them
SIZE = (28, 28)


def read_idx(file: str | os.PathLike[str], shape: tuple[int, ...]) -> Pictures:
    """Read a file of uint8 values of that `shape`, compressed or not. Never more is read than such a file holds.

    Raises FileNotFoundError if there is no such file, ValueError if it is no IDX file, or one of another type or shape.
    """
    file, wanted = Path(file), struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    expected = f"expected an IDX file of uint8 of shape {shape} at {str(file)!r}"
    if not file.is_file():
        raise FileNotFoundError(f"{expected}, got no such file")
    with open(file, "rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(file) if compressed else open(file, "rb") as stream:
            header = stream.read(len(wanted))
            if header == wanted:
                content = stream.read(math.prod(shape) + 1)  # one more, to see that there is none
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{expected}, got a damaged one ({error})") from error
    if header[:3] != b"\0\0\x08":
        raise ValueError(f"{expected}, got a file that begins with the bytes {header[:4].hex(' ') or '(none)'}")
    if header != wanted:
        lengths = header[4 : len(header) // 4 * 4]
        raise ValueError(f"{expected}, got {header[3] if len(header) > 3 else 0} axes, {struct.unpack(f'>{len(lengths) // 4}I', lengths)}")
    if len(content) != math.prod(shape):
        more = "more" if len(content) > math.prod(shape) else str(len(content))
        raise ValueError(f"{expected}, got {more} values in place of {math.prod(shape)}")
    return np.frombuffer(bytearray(content), np.uint8).reshape(shape)  # a bytearray, so that it may be written


@dataclass(frozen=True)
class IdxSet:
    """A data set of 28×28 grey pictures in four IDX files, named as MNIST's are. `md5` are the checksums of the compressed files."""

    title: str
    folder: str
    url: str
    md5: dict[str, str] = field(repr=False)
    known: ClassVar[list[IdxSet]] = []

    def __post_init__(self) -> None:
        self.known.append(self)

    def load(self, path: str | os.PathLike[str] | None) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures]]:
        """`((x_train, y_train), (x_test, y_test))` from `path`, MINIDL_DATA, or the cache; downloaded if there is none of these."""
        root = given_folder(path)
        place, files = self._find(root or cache_folder())
        missing = [name for name in self.md5 if name not in files]
        if missing and root is not None:
            raise FileNotFoundError(
                f"expected the four files of {self.title} in {str(root)!r} or in its folder {self.folder}/, compressed (.gz) or not, "
                f"got none called {', '.join(missing)}"
            )
        for name in missing:
            files[name] = self._download(name, place if files else cache_folder() / self.folder)
        train, test = (self._part(files, part, count) for part, count in PARTS.items())
        return train, test

    def available(self, path: str | os.PathLike[str] | None) -> bool:
        """Whether all four files are on disk: in `path`, else MINIDL_DATA, else the cache."""
        return len(self._find(given_folder(path) or cache_folder())[1]) == len(self.md5)

    def _find(self, root: Path) -> tuple[Path, dict[str, Path]]:
        """The likelier of two places, and the files that are there by the names of the compressed ones."""
        found = []
        for place in (root / self.folder, root):
            files = {name: [place / name, place / name.removesuffix(".gz")] for name in self.md5}
            found.append((place, {name: file for name, both in files.items() for file in both[::-1] if file.is_file()}))
        return max(found, key=lambda one: len(one[1]))

    def _part(self, files: dict[str, Path], part: str, count: int) -> tuple[Pictures, Pictures]:
        pictures, labels = files[f"{part}-images-idx3-ubyte.gz"], files[f"{part}-labels-idx1-ubyte.gz"]
        x, y = read_idx(pictures, (count, *SIZE)), read_idx(labels, (count,))
        digest = hashlib.md5(pictures.read_bytes(), usedforsecurity=False).hexdigest()
        for other in self.known:  # these sets differ in nothing but what is in the pictures
            if other is not self and digest in other.md5.values():
                raise ValueError(f"{str(pictures)!r} is a file of {other.title}, not of {self.title}")
        if y.max() > 9:
            raise ValueError(f"{str(labels)!r} is no file of {self.title}: expected labels 0…9, got {y.max()}")
        return x, y

    def _download(self, name: str, folder: Path) -> Path:
        try:
            return fetch(self.url + name, f"md5:{self.md5[name]}", name, folder, f"{self.title}: {name}")
        except (OSError, ValueError) as error:
            raise ConnectionError(
                f"{self.title} could not be downloaded ({type(error).__name__}): fetch the four files from {self.url} by hand, and give "
                f"their folder as path= or in the environment variable MINIDL_DATA, or use minidl.data.shapes10, which needs no network"
            ) from None
