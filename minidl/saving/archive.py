"""The zip archive that a ``.keras`` file is. Reading believes nothing: neither the names in it, nor the sizes it promises."""
import itertools
import json
import re
import struct
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

from minidl.saving.formats import replacing

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
KERAS_VERSION = "3.0.0"  # whose form of the file this is; later ones read it
MOST_ENTRIES, MOST_DIRECTORY_BYTES = 1000, 2**18
MOST_BYTES = {METADATA: 2**16, CONFIG: 2**22}  # of JSON: Keras' largest published nets have a quarter of it
EXPANSION, FREE_BYTES = 10, 2**20  # all that is unpacked is at most 10 times the archive, and 1 MB
DEEPEST = 100  # levels of brackets in JSON
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))
_END = struct.Struct("<4s4H2LH")  # the last record of a zip archive (APPNOTE.TXT 4.3.16)


def write_archive(path: Path, config: dict[str, Any], weights: bytes) -> None:
    """Write a ``.keras`` file as a whole or not at all; missing folders are made. Like Keras, nothing in it is compressed."""
    metadata = {"keras_version": KERAS_VERSION, "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(config))
        archive.writestr(WEIGHTS, weights)


def read_archive(path: Path, only_weights: bool = False) -> tuple[dict[str, Any], bytes]:
    """The config and the bytes of the weights; ValueError if the file is no ``.keras`` archive, damaged, or made to do harm."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            file.seek(max(0, size - 42))
            _check_end(file.read())
            with zipfile.ZipFile(file) as archive:
                entries = _checked(archive, size)
                read = {entry.filename: archive.read(entry) for entry in entries if entry.filename in (CONFIG, WEIGHTS)}
        if missing := {CONFIG, WEIGHTS} - read.keys():
            raise ValueError(f"it has no {' and no '.join(sorted(missing))}")
        return {} if only_weights else checked_json(read[CONFIG], CONFIG), read[WEIGHTS]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, OSError) as error:
        raise ValueError(f"it is no .keras archive, or it is damaged ({error})") from error


def _check_end(tail: bytes) -> None:
    """The list of the entries must be short before anybody reads it."""
    if len(tail) < _END.size or tail[-_END.size :][:4] != b"PK\x05\x06":
        raise ValueError("it is no .keras archive, or its end is missing")
    directory = _END.unpack(tail[-_END.size :])[5]
    if tail[:4] == b"PK\x06\x07" or directory > MOST_DIRECTORY_BYTES:
        raise ValueError("its list of entries is far too long")


def _checked(archive: zipfile.ZipFile, size: int) -> list[zipfile.ZipInfo]:
    """The entries, after a look at their names and at what they promise. ``size``: bytes of the archive."""
    entries, names, total = archive.infolist(), set(), 0
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"it has {len(entries)} entries")
    for entry in entries:
        name, shown = entry.orig_filename, f"entry {entry.orig_filename[:60]!r}"
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in name or "\0" in name:
            raise ValueError(f"{shown} points outside of the archive")
        if name in names:
            raise ValueError(f"{shown} comes twice")
        names.add(name)
        total += entry.file_size
        if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{shown} is encrypted, or packed in a way that Keras does not use")
        if entry.file_size > MOST_BYTES.get(name, entry.file_size) or total > EXPANSION * size + FREE_BYTES:
            raise ValueError(f"{shown} would unpack to {entry.file_size:,} bytes, from an archive of {size:,}")
    return entries


def checked_json(text: bytes, what: str) -> dict[str, Any]:
    """The object that a JSON text describes; ValueError if it is none, or nested too deep."""
    marks = re.sub(rb"\\.", b"", text, flags=re.DOTALL).translate(None, _NO_MARKS)
    brackets = re.sub(rb'"[^"]*"', b"", marks)
    steps = ((byte in b"[{") - (byte in b"]}") for byte in brackets)
    if any(depth > DEEPEST for depth in itertools.accumulate(steps)):
        raise ValueError(f"{what} is nested deeper than {DEEPEST} levels")
    try:
        value = json.loads(text)
    except ValueError as error:  # not JSON, not UTF-8, a number of thousands of digits
        raise ValueError(f"{what} is damaged ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"{what} must describe an object; it is a {type(value).__name__}")
    return value
