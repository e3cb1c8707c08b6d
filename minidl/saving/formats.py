"""Which formats there are: the ending of a file's name decides."""
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

ENDINGS = {"model": (".keras", ".npz"), "weights": (".weights.h5", ".npz"), "weights to load": (".weights.h5", ".npz", ".keras")}


def checked_path(path: Any, what: str = "model", existing: bool = False) -> Path:
    """``path`` as a Path whose name ends as files of this kind do (a key of `ENDINGS`); ValueError otherwise, FileNotFoundError if it must
    exist and does not."""
    file = Path(path).expanduser()
    endings = ENDINGS[what]
    if not file.name.endswith(endings) or file.name in endings:
        if existing and file.is_dir() and not (file / "saved_model.pb").exists():
            inside = ", ".join(sorted({found.name for ending in endings for found in file.glob(f"*{ending}")}))
            none = f"it has none that ends in {' or '.join(endings)}"
            raise ValueError(f"{file} is a folder: name the file in it ({inside or none})")
        raise ValueError(_why_not(file, what, endings))
    if existing and not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    return file


def _why_not(file: Path, what: str, endings: tuple[str, ...]) -> str:
    best = endings[0]
    if file.is_dir() and ((file / "saved_model.pb").exists() or what == "model"):
        return f"{str(file)!r} is a folder: TensorFlow's SavedModel is not read or written here, save the model as {file.name + best!r}"
    if what == "model" and file.name.endswith(".weights.h5"):
        return f"{file.name!r} is for weights alone (save_weights, load_weights): a whole model is called {file.name[:-11] + '.keras'!r}"
    if what == "weights" and file.suffix == ".keras":
        return f"{file.name!r} is for a whole model (save): weights alone are called {file.stem + best!r}"
    if file.suffix in (".h5", ".hdf5"):
        return f"{file.name!r} is Keras' older format, which is not read or written here: use {file.stem + best!r}"
    if not file.suffix:
        return f"the ending of a file's name decides its format, and {file.name!r} has none: write {file.name + best!r}"
    return f"the ending of a file's name decides its format: use {' or '.join(endings)}, not {file.name!r}"


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` at the end: as a whole or not at all. Missing folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # before the name: a crash may keep a name whose contents were never written
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
