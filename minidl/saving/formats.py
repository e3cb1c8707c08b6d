"""Which formats there are."""
from pathlib import Path
from typing import Any

ENDINGS = (".npz",)


def checked_path(path: Any, existing: bool = False) -> Path:
    """``path`` as a Path with a known ending; ValueError otherwise, FileNotFoundError if it must exist and does not."""
    file = Path(path).expanduser()
    if existing and file.suffix not in ENDINGS and file.is_dir():
        inside = ", ".join(sorted(found.name for ending in ENDINGS for found in file.glob(f"*{ending}")))
        raise ValueError(f"{file} is a folder: name the file in it ({inside or f'it has none that ends in {ENDINGS[0]}'})")
    if file.suffix not in ENDINGS:
        raise ValueError(f"the ending of a file's name decides its format: use {' or '.join(ENDINGS)}, not {file.name!r}")
    if existing and not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    return file
