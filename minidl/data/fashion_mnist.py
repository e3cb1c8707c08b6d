"""Fashion-MNIST: 70 000 grey pictures of clothes, 28×28 pixels, ten classes, made to stand in for MNIST (Xiao, Rasul and Vollgraf 2017,
arXiv:1708.07747). Read from the four official IDX files; their licence is MIT."""

from __future__ import annotations

import os

from .idx import IdxSet, Pictures

CLASS_NAMES: tuple[str, ...] = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
FILES = IdxSet(
    title="Fashion-MNIST",
    folder="fashion-mnist",
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    md5={
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures]]:
    """Load the data set: `((x_train, y_train), (x_test, y_test))`.

    Pictures are uint8 of shape (60000, 28, 28) and (10000, 28, 28) in 0…255, without an axis for channels; labels are uint8 of shape
    (n,) in 0…9; `CLASS_NAMES[label]` is a label's name.

    The four files (`train-images-idx3-ubyte.gz` and so on, compressed or not) are read from `path`, or else from the folder in the
    environment variable MINIDL_DATA: from that folder itself or from `fashion-mnist/` in it. Without either they are downloaded once
    (31 MB) to the user's cache.

    Raises FileNotFoundError if a given folder lacks a file (nothing is downloaded then), ValueError if a file is not what it should be,
    ConnectionError if the download fails.
    """
    return FILES.load(path)


def available(path: str | os.PathLike[str] | None = None) -> bool:
    """Whether `load_data(path)` finds all four files on disk: in `path`, else MINIDL_DATA, else the cache."""
    return FILES.available(path)
