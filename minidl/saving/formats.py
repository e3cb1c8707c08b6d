"""Which formats there are."""
from pathlib import Path
from typing import Any

ENDINGS = (".npz",)


def checked_path(path: Any, existing: bool = False) -> Path:
    """``path`` as a Path with a known ending; ValueError otherwise, FileNotFoundError if it must exist and does not."""
    path = Path(path)
    if path.suffix not in ENDINGS:
        raise ValueError(f"the ending of a file's name decides its format: use {' or '.join(ENDINGS)}, not {path.name!r}")
    if existing and not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    return path
