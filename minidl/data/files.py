"""Files fetched once and kept, archives among them: what a course's first cell does."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from minidl.registry import explain_keywords

from .downloads import cache_folder, fetch

HASHES = {"md5": 32, "sha256": 64}  # name: hexadecimal digits
MOST_TIMES_LARGER = 100  # what an archive may unpack to, beside its own size (pictures: about 1, text: about 10),
ALWAYS_ALLOWED = 64 << 20  # or this many bytes
MOST_FILES = 1_000_000
BLOCK = 1 << 20
COMPRESSED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}


@explain_keywords
def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str | os.PathLike[str] = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Download `origin` (http, https, ftp or file) unless it is there already, and return its path as Keras 2 does.

    The file is `cache_dir/cache_subdir/fname`; without `cache_dir` in minidl's own cache, without `fname` called as at `origin`.
    `file_hash` (or `md5_hash`) is what it must hash to: 32 hexadecimal digits are MD5's, 64 SHA-256's.

    `extract=True` unpacks a .tar, .tar.gz, .tar.bz2, .tar.xz or .zip (`archive_format` "tar" or "zip" takes only that) into the folder
    where the archive is, and returns the archive's path: `os.path.dirname(path)` holds what was in it. `untar=True` returns the path
    without the ending, which is the unpacked folder if that is what the archive holds: `get_file("flower_photos", origin, untar=True)`.

    An archive never writes outside that folder: nothing of it is unpacked if it holds a path that leads out, a device, or a link to
    something that is not in it (links become copies), or if it would take more than 100 times its own size.

    Raises ValueError for such an archive, another checksum or arguments that make no sense, ConnectionError if the download fails.
    """
    if not origin:
        raise ValueError("get_file needs origin, the address of the file")
    name = os.fspath(fname) if fname else os.path.basename(urlsplit(origin).path)
    if not name or os.path.basename(name) != name or name in (".", ".."):
        raise ValueError(f"fname is the name of a file, without folders (cache_subdir says where); got {name!r}")
    formats = _formats("tar" if untar else archive_format)
    folder = Path(cache_dir).expanduser() if cache_dir is not None else cache_folder()
    folder = (folder / cache_subdir).resolve()
    known_hash = _known_hash(md5_hash, file_hash, hash_algorithm)
    if untar:
        name = name.removesuffix(".tar.gz")
    path = folder / (f"{name}.tar.gz" if untar else name)
    if fresh := force_download or not path.is_file():
        print(f"Downloading data from {origin}")
    _download(origin, known_hash, path, force_download)
    if untar:
        if fresh or not (folder / name).exists():
            unpack(path, folder, formats)
        return str(folder / name)
    if extract:
        unpack(path, folder, formats)
    return str(path)


def _formats(given: Any) -> tuple[str, ...]:
    formats = ("tar", "zip") if given == "auto" else () if given is None else (given,) if isinstance(given, str) else tuple(given)
    if not set(formats) <= {"tar", "zip"}:
        raise ValueError(f"archive_format must be 'auto', 'tar', 'zip' or None; got {given!r}")
    return formats


def _known_hash(md5_hash: str | None, file_hash: str | None, algorithm: str) -> str | None:
    """What pooch wants: "md5:…" or "sha256:…"; None if there is none."""
    if md5_hash is not None and file_hash is None:
        file_hash, algorithm = md5_hash, "md5"
    if algorithm not in ("auto", *HASHES):
        raise ValueError(f"hash_algorithm must be 'auto', 'md5' or 'sha256'; got {algorithm!r}")
    if file_hash is None:
        return None
    for name, digits in HASHES.items():
        if algorithm in ("auto", name) and len(file_hash) == digits:
            return f"{name}:{file_hash.lower()}"
    raise ValueError(f"file_hash must have 32 (md5) or 64 (sha256) hexadecimal digits; got {len(file_hash)} for {algorithm!r}")


def _download(origin: str, known_hash: str | None, path: Path, again: bool) -> None:
    """Fetch `origin` to `path`. What is there stays until the new file is complete."""
    parts = urlsplit(origin)
    copy = _copier(unquote(parts.path)) if parts.scheme == "file" else None
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not again:
            fetch(origin, known_hash, path.name, path.parent, path.name, copy)
            return
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            os.replace(fetch(origin, known_hash, path.name, Path(scratch), path.name, copy), path)
    except OSError as error:
        raise ConnectionError(
            f"{origin} could not be downloaded ({type(error).__name__}): fetch it by hand and put it at {str(path)!r}"
        ) from error
    except ValueError as error:
        raise ValueError(f"{origin}: {error}") from error


def _copier(source: str) -> Callable[..., None]:
    source = source.lstrip("/") if os.name == "nt" else source  # /C:/…

    def copy(url: str, target: str, pooch: Any) -> None:
        shutil.copyfile(source, target)

    return copy


class _Member(NamedTuple):
    """One file of an archive: where it belongs, how large it says it is (a link: 0), and how it is opened."""

    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes] | None]


def unpack(archive: Path, folder: Path, formats: tuple[str, ...] = ("tar", "zip")) -> None:
    """Unpack a .tar (compressed or not) or .zip into a folder; `get_file` says what is refused. A file appears once it is complete, and
    only after the whole archive could be read. Raises ValueError for what is no archive of these formats."""
    room = ALWAYS_ALLOWED + MOST_TIMES_LARGER * archive.stat().st_size
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        try:
            if "zip" in formats and zipfile.is_zipfile(archive):
                with zipfile.ZipFile(archive) as zipped:
                    _copy(_of_zip(zipped), Path(scratch), room)
            elif "tar" in formats and tarfile.is_tarfile(archive):
                with _plain(archive) as stream, tarfile.open(fileobj=_Bounded(stream, room), mode="r:") as tar:  # type: ignore[call-overload]
                    _copy(_of_tar(tar), Path(scratch), room)
            else:
                raise ValueError(f"this is no archive that can be unpacked here ({', '.join(formats) or 'archive_format=None'})")
        except (ValueError, EOFError, OSError, RuntimeError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{str(archive)!r} was not unpacked: {error}") from error
        for source in sorted(Path(scratch).rglob("*")):
            target = folder / source.relative_to(scratch)
            if source.is_dir():
                target.mkdir(exist_ok=True)
            else:
                os.replace(source, target)


def _copy(members: Iterator[_Member], folder: Path, room: int) -> None:
    too_much = f"it would take more than {MOST_TIMES_LARGER} times its own size, or hold more than {MOST_FILES:,} files"
    for number, member in enumerate(members):
        target, source = folder / member.path, member.open()
        target.parent.mkdir(parents=True, exist_ok=True)
        if source is None:
            raise ValueError(f"its {str(member.path)!r} is neither a file nor a folder")
        if member.size > room or number >= MOST_FILES:
            raise ValueError(too_much)
        with source, open(target, "xb") as out:
            while block := source.read(BLOCK):
                room -= len(block)
                if room < 0:
                    raise ValueError(too_much)
                out.write(block)


def _plain(archive: Path) -> Any:
    """The .tar, decompressed as it is read."""
    with open(archive, "rb") as raw:
        return COMPRESSED.get(raw.read(2), open)(archive, "rb")


class _Bounded:
    """A file for tarfile that goes no farther than `end`, and is not read in large pieces (some headers say how long they are)."""

    def __init__(self, stream: Any, end: int):
        self.stream, self.end, self.tell = stream, end, stream.tell

    def seek(self, place: int) -> None:
        if place > self.end:
            raise ValueError(f"it would take more than {MOST_TIMES_LARGER} times its own size")
        self.stream.seek(place)

    def read(self, size: int) -> bytes:
        if size > 4 * BLOCK:
            raise ValueError("it has a header of more than 4 MB")
        piece: bytes = self.stream.read(size)
        return piece


def _of_zip(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for info in archive.infolist():
        path = _inside(info.filename)
        if not info.is_dir():
            yield _Member(path, info.file_size, lambda info=info: archive.open(info))  # type: ignore[misc]


def _of_tar(archive: tarfile.TarFile) -> Iterator[_Member]:
    for info in archive:
        path = _inside(info.name)
        if info.isdir():
            continue
        if not (info.isreg() or info.issym() or info.islnk()):
            raise ValueError(f"its {info.name!r} is neither a file nor a folder")
        yield _Member(path, info.size if info.isreg() else 0, lambda info=info: _linked(archive, info))  # type: ignore[misc]


def _linked(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes] | None:
    """The content of a file, or of what a link leads to."""
    try:
        return archive.extractfile(info)
    except KeyError:
        raise ValueError(f"its {info.name!r} links to {info.linkname!r}, which is not in it") from None


def _inside(name: str) -> PurePosixPath:
    """The path of an archive's member; ValueError if it leads out of the folder that it is unpacked to."""
    path = PurePosixPath(os.path.normpath(name.replace("\\", "/")).replace("\\", "/"))
    if not name or path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or "\0" in name:
        raise ValueError(f"its {name!r} leads out of the folder")
    return path
