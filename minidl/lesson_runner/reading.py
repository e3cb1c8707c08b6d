"""A student's file, a script or a notebook, as cells."""
import ast
import codecs
import contextlib
import io
import json
import re
import tokenize
import warnings
from pathlib import Path
from typing import Any

from minidl.lesson_runner.format import Cell, cells

LARGEST = 100_000_000  # bytes of a file: the outputs of a notebook are large
MOST = 1_000_000  # characters of code: thirty times a lesson; it is parsed before any limit of time


def read(file: Path) -> list[Cell]:
    """The cells of a script or a notebook. ValueError if there is nothing that could be run; OSError if there is no such file."""
    with open(file, "rb") as opened:
        raw = opened.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1_000_000} MB")
    found = _notebook(_text(raw)) if file.suffix == ".ipynb" else cells(_text(raw))
    if not any(cell.kind != "markdown" for cell in found):
        raise ValueError("there is no code in it")
    if sum(len(cell.source) for cell in found if cell.kind != "markdown") > MOST:
        raise ValueError(f"it holds more than {MOST:,} characters of code")
    return found


def _text(raw: bytes) -> str:
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    if encoding != "utf-16":
        with contextlib.suppress(SyntaxError):  # a comment may name another encoding
            encoding = tokenize.detect_encoding(io.BytesIO(raw).readline)[0]
    try:
        return raw.decode(encoding)
    except LookupError:  # a comment names a codec that makes no text, such as hex
        raise ValueError(f"its encoding, {encoding}, is none for text: save it as UTF-8") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ValueError(f"it is no text in UTF-8 (line {line}): save it as UTF-8") from None


def _notebook(text: str) -> list[Cell]:
    try:
        book = json.loads(text)
    except RecursionError:
        raise ValueError("it is no notebook: its brackets are nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is no notebook: {error}") from None
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        raise ValueError("it is no notebook: it has no list of cells")
    about = _dict(book.get("metadata"))
    language = _dict(about.get("kernelspec")).get("language") or _dict(about.get("language_info")).get("name") or "python"
    if str(language).lower() not in ("python", "python3", "ipython"):
        raise ValueError(f"it is a notebook for {language}, not for Python: choose another kernel")
    found = []
    for number, cell in enumerate(map(_dict, book["cells"]), 1):
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if cell.get("cell_type", "code") == "code" and source.strip():
            tags = _dict(cell.get("metadata")).get("tags")
            kind = "check" if isinstance(tags, list) and "check" in tags else "code"
            found.append(Cell(kind, _without_magics(re.sub(r"\r\n?", "\n", source)), 1, f"cell {number}"))
    return found


def _without_magics(source: str) -> str:
    """``%matplotlib inline``, ``!pip …`` and ``name?`` are Jupyter's, not Python's."""
    if not re.search(r"^[ \t]*[%!?]|\?[ \t]*$", source, re.MULTILINE) or parsed(source) is not None:
        return source
    return re.sub(r"^([ \t]*)([%!?].*|[\w.]+\?+[ \t]*)$", r"\1pass  # \2", source, flags=re.MULTILINE)


def parsed(source: str) -> ast.Module | None:
    """The syntax tree, or None if it is not Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a student's "\d"
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
