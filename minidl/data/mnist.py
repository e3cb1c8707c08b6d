"""MNIST: 70 000 grey pictures of handwritten digits, 28×28 pixels, ten classes (LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based
learning applied to document recognition"). Read from the four official IDX files; their licence is CC BY-SA 3.0."""

from __future__ import annotations

import os

from .idx import IdxSet, Pictures

CLASS_NAMES: tuple[str, ...] = tuple("0123456789")
FILES = IdxSet(
    title="MNIST",
    folder="mnist",
    url="https://storage.googleapis.com/cvdf-datasets/mnist/",
    md5={
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures]]:
    """Load the data set: `((x_train, y_train), (x_test, y_test))`.

    Pictures are uint8 of shape (60000, 28, 28) and (10000, 28, 28) in 0…255, bright on dark, without an axis for channels; labels are
    uint8 of shape (n,) in 0…9.

    The four files (`train-images-idx3-ubyte.gz` and so on, compressed or not) are read from `path`, or else from the folder in the
    environment variable MINIDL_DATA: from that folder itself or from `mnist/` in it. Without either they are downloaded once (12 MB)
    to the user's cache.

    Raises FileNotFoundError if a given folder lacks a file (nothing is downloaded then), ValueError if a file is not what it should be,
    ConnectionError if the download fails.
    """
    return FILES.load(path)


def available(path: str | os.PathLike[str] | None = None) -> bool:
    """Whether `load_data(path)` finds all four files on disk: in `path`, else MINIDL_DATA, else the cache."""
    return FILES.available(path)
