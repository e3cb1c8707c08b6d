"""The pictures that a net is trained and tested on, by the name given on the command line."""
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minidl import data
from minidl.registry import nearest

NAMES = ("auto", "cifar10", "shapes10", "chests2")


class Pictures(NamedTuple):
    """Pictures as floats from 0 to 1, (n, H, W, C), with their classes as whole numbers (n,)."""

    name: str
    class_names: tuple[str, ...]
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def choose(dataset: str, model: str, data_dir: Path | None) -> tuple[str, str]:
    """The data set for ``--dataset`` (a name, or the path of a folder) and the sentence that says what was chosen."""
    if data_dir is not None:
        if dataset not in ("auto", "cifar10"):
            raise ValueError(f"--data-dir says where CIFAR-10 is, and --dataset {dataset} does not use it")
        if not data.cifar10.available(data_dir):
            raise FileNotFoundError(f"--data-dir {data_dir}: there is no CIFAR-10 (cifar-10-batches-bin with its six .bin files)")
    if dataset == "auto":
        if model == "xray":
            return "chests2", "Data: chests2, X-ray-like pictures drawn by minidl (400 to train on, 100 to validate, 100 to test)."
        if data.cifar10.available(data_dir):
            return "cifar10", "Data: CIFAR-10, found on disk. For the pictures drawn by minidl: --dataset shapes10."
        given = os.environ.get("MINIDL_DATA")
        return "shapes10", (
            "Data: shapes10, pictures drawn by minidl. "
            "For CIFAR-10: --dataset cifar10 (downloads 170 MB), or --data-dir FOLDER if you have it."
            + (f" (MINIDL_DATA is {given}, where there is no cifar-10-batches-bin/ with its six .bin files.)" if given else "")
        )
    if model == "xray" and dataset in ("cifar10", "shapes10"):
        raise ValueError(f"the xray net tells two classes apart, {dataset} has ten: use --dataset chests2, or a folder with two classes")
    if dataset in NAMES:
        return dataset, f"Data: {dataset}."
    if dataset and Path(dataset).is_dir():
        return dataset, f"Data: the pictures in {dataset}, one class per folder, resized."
    raise ValueError(f"{dataset!r} is neither a data set nor a folder: {nearest(dataset, NAMES)}")


def load(dataset: str, data_dir: Path | None, image_size: tuple[int, int] = (32, 32), color_mode: str = "rgb") -> Pictures:
    """Load (or draw) the pictures."""
    if dataset == "chests2":
        train, validation, test = data.chests2.load_data()
        return Pictures(dataset, tuple(data.chests2.CLASS_NAMES), _ready(train), _ready(validation), _ready(test))
    stratify, size = None, 0.2
    if dataset == "cifar10":
        (train, test), names = data.cifar10.load_data(data_dir), data.cifar10.CLASS_NAMES
    elif dataset == "shapes10":
        (train, test), names = data.shapes10.load_data(), data.shapes10.CLASS_NAMES
    else:
        train, test, names = data.folder.load_data(dataset, image_size=image_size, color_mode=color_mode)
        stratify = train[1].reshape(-1)
        if np.bincount(stratify).min() < 2:
            raise ValueError(f"{dataset}: each class needs at least 3 pictures, to train, to validate and to test")
        size = max(round(0.2 * len(stratify)), len(names))
    x, x_val, y, y_val = data.train_test_split(*train, test_size=size, seed=42, stratify=stratify)
    return Pictures(dataset, tuple(names), _ready((x, y)), _ready((x_val, y_val)), _ready(test))


def _ready(split: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = split
    scaled = x.astype("float32")
    scaled /= 255
    return scaled, y.reshape(-1).astype(int)
