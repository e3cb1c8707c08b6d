"""What the listings of the courses find: small data under the names of the large ones, a folder of their own, pictures drawn nowhere."""
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import minidl
from minidl import layers
from minidl.data import cifar10

RECORDS = 20  # in each of the six files


@pytest.fixture(autouse=True)
def classroom(tmp_path, monkeypatch):
    """An empty folder, names counted from the start, one seed; matplotlib draws nowhere, where `show` would warn."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    layers.reset_names()
    minidl.set_seed(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def small_cifar10(tmp_path, monkeypatch):
    """CIFAR-10's six files with 20 pictures each, in MINIDL_DATA: noise, brighter from class to class."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, (6 * RECORDS, 1))
    x = (20 * y[:, :, None, None] + rng.integers(0, 60, (6 * RECORDS, 32, 32, 3))).astype("uint8")
    folder = tmp_path / "data" / cifar10.FOLDER
    folder.mkdir(parents=True)
    for i, name in enumerate([*cifar10.TRAIN_FILES, cifar10.TEST_FILE]):
        part = slice(i * RECORDS, (i + 1) * RECORDS)
        planes = x[part].transpose(0, 3, 1, 2).reshape(RECORDS, -1)
        np.hstack([y[part].astype("uint8"), planes]).tofile(folder / name)
    monkeypatch.setattr(cifar10, "RECORDS", RECORDS)
    monkeypatch.setattr(cifar10.read_batch, "__defaults__", (RECORDS,))
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path / "data"))


@pytest.fixture
def small_fashion(monkeypatch):
    """Fashion-MNIST with 60 and 20 pictures."""
    from minidl.data import fashion_mnist

    rng = np.random.default_rng(0)
    train = rng.integers(0, 256, (60, 28, 28), "uint8"), rng.integers(0, 10, 60).astype("uint8")
    test = rng.integers(0, 256, (20, 28, 28), "uint8"), rng.integers(0, 10, 20).astype("uint8")
    monkeypatch.setattr(fashion_mnist, "load_data", lambda path=None: (train, test))


@pytest.fixture
def photos(tmp_path):
    """A function that writes folders of pictures: ``photos("flowers", ["daisy", "rose"], n=6, size=(24, 20))``."""

    def write(folder, classes, n=6, size=(24, 20), mode="RGB"):
        rng = np.random.default_rng(len(folder))
        for k, name in enumerate(classes):
            where = Path(tmp_path) / folder / name
            os.makedirs(where, exist_ok=True)
            for i in range(n):
                pixels = rng.integers(0, 100, (size[1], size[0]) + ((3,) if mode == "RGB" else ())) + 150 * (k % 2)
                Image.fromarray(pixels.clip(0, 255).astype("uint8"), mode).save(where / f"{name}{i}.png")
        return Path(tmp_path) / folder

    return write


class Notebook:
    """Cells that run one after the other with the same names."""

    def __init__(self):
        self.names = {}

    def run(self, *cells):
        for cell in cells:
            assert "tensorflow" not in cell
            exec(compile(cell, "<cell>", "exec"), self.names)
        return self.names


@pytest.fixture
def notebook():
    return Notebook()
