"""The pictures that a net is trained and tested on, by the name given on the command line."""
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
    if dataset == "auto":
        if model == "xray":
            return "chests2", "Data: chests2, X-ray-like pictures drawn by minidl (400 to train on, 100 to validate, 100 to test)."
        if data_dir is not None or data.cifar10.available():
            return "cifar10", "Data: CIFAR-10, found on disk. For the pictures drawn by minidl: --dataset shapes10."
        return "shapes10", (
            "Data: shapes10, pictures drawn by minidl. "
            "For CIFAR-10: --dataset cifar10 (downloads 170 MB), or --data-dir FOLDER if you have it."
        )
    if model == "xray" and dataset in ("cifar10", "shapes10"):
        raise ValueError(f"the xray net tells two classes apart, {dataset} has ten: use --dataset chests2, or a folder with two classes")
    if dataset in NAMES:
        return dataset, f"Data: {dataset}."
    if Path(dataset).is_dir():
        return dataset, f"Data: the pictures in {dataset}."
    raise ValueError(f"--dataset {dataset} is neither a data set nor a folder: {nearest(dataset, NAMES)}")


def load(dataset: str, data_dir: Path | None, image_size: tuple[int, int] = (32, 32), color_mode: str = "rgb") -> Pictures:
    """Load (or draw) the pictures."""
    if dataset == "chests2":
        train, validation, test = data.chests2.load_data()
        return Pictures(dataset, tuple(data.chests2.CLASS_NAMES), _ready(train), _ready(validation), _ready(test))
    if dataset == "cifar10":
        (train, test), names = data.cifar10.load_data(data_dir), data.cifar10.CLASS_NAMES
    elif dataset == "shapes10":
        (train, test), names = data.shapes10.load_data(), data.shapes10.CLASS_NAMES
    else:
        train, test, names = data.folder.load_data(dataset, image_size=image_size, color_mode=color_mode)
    stratify = None if dataset in ("cifar10", "shapes10") else train[1].reshape(-1)
    x, x_val, y, y_val = data.train_test_split(*train, test_size=0.2, seed=42, stratify=stratify)
    return Pictures(dataset, tuple(names), _ready((x, y)), _ready((x_val, y_val)), _ready(test))


def _ready(split: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = split
    scaled = x.astype("float32")
    scaled /= 255
    return scaled, y.reshape(-1).astype(int)
