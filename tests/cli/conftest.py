"""Small pictures and a small trained run, shared by the tests of the command line."""
import sys

import numpy as np
import pytest
from PIL import Image

from minidl.cli import main
from minidl.data import shapes10


@pytest.fixture
def run_command(capsys, monkeypatch):
    """``run_command("train", "--epochs", "1")`` → (exit code, standard output, standard error)."""

    def run(*arguments):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["minidl", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return run


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory):
    """Three classes of drawn pictures, 20 of each, one folder a class."""
    folder = tmp_path_factory.mktemp("pictures")
    for label, name in enumerate(("arrow", "circle", "crescent")):
        (folder / name).mkdir()
        images = shapes10.draw(np.full(20, label), np.random.default_rng(label))
        for i, image in enumerate(images):
            Image.fromarray(image).save(folder / name / f"{i:02d}.png")
    return folder


@pytest.fixture(scope="session")
def trained_run(picture_folder, tmp_path_factory):
    """The folder that one epoch of training on them leaves."""
    out = tmp_path_factory.mktemp("runs") / "run"
    with pytest.raises(SystemExit) as end:
        main(["train", "--dataset", str(picture_folder), "--epochs", "1", "--batch-size", "8", "--out", str(out)])
    assert end.value.code == 0
    return out
