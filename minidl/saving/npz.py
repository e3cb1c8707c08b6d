"""NumPy's own archive: arrays by name, and one text with everything else. Nothing in it is ever executed (no pickle)."""
import json
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from minidl.saving.formats import replacing

TEXT = "minidl.json"


def write_npz(path: Path, arrays: dict[str, np.ndarray], text: dict[str, Any]) -> None:
    """Write the file as a whole or not at all; missing folders are made."""
    with replacing(path) as file:
        np.savez(file, **{TEXT: np.array(json.dumps(text))}, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the text; ValueError if the file is no such archive, or damaged."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        text = json.loads(str(arrays.pop(TEXT)))
    except (
        ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, OSError, RuntimeError, MemoryError, RecursionError,
        SyntaxError, tokenize.TokenError,
    ) as error:  # fmt: skip
        raise ValueError(f"{path} is not a file that minidl wrote, or it is damaged ({error})") from error
    if not isinstance(text, dict):
        raise ValueError(f"{path} is not a file that minidl wrote")
    return arrays, text
