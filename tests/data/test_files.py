"""Files fetched once: where they land, what is checked, and archives that would do harm."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pooch
import pytest

from minidl.data import files
from minidl.data.files import get_file

CONTENT = b"petals\n" * 3


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache")
    return tmp_path / "cache" / "datasets"


def url(path):
    return path.as_uri()


def tar(path, members, compress=lambda data: data):
    """A .tar with ``members``: name → bytes, or a TarInfo to be added as it is."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content if isinstance(content, bytes) else b""))
    path.write_bytes(compress(made.getvalue()))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def everything(folder):
    return sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file() or f.is_symlink())


def test_a_file_is_fetched_once_and_kept(tmp_path, cache, capfd):
    source = tmp_path / "roses.txt"
    source.write_bytes(CONTENT)
    path = get_file(origin=url(source))
    assert path == str(cache / "roses.txt")
    source.write_bytes(b"other")
    assert capfd.readouterr() == (f"Downloading data from {url(source)}\n", "")
    assert Path(get_file("roses.txt", url(source))).read_bytes() == CONTENT
    assert capfd.readouterr() == ("", "")
    assert Path(get_file("roses.txt", url(source), force_download=True)).read_bytes() == b"other"
    assert everything(cache) == ["roses.txt"]


def test_folders_can_be_chosen(tmp_path):
    source = tmp_path / "a.txt"
    source.write_bytes(CONTENT)
    assert get_file("b.txt", url(source), cache_dir=tmp_path / "mine", cache_subdir="x/y") == str(tmp_path / "mine/x/y/b.txt")
    assert get_file("b.txt", url(source), cache_subdir=str(tmp_path / "elsewhere")) == str(tmp_path / "elsewhere/b.txt")


@pytest.mark.parametrize(
    "given",
    [
        {"md5_hash": hashlib.md5(CONTENT).hexdigest()},
        {"file_hash": hashlib.md5(CONTENT).hexdigest()},
        {"file_hash": hashlib.sha256(CONTENT).hexdigest().upper()},
        {"file_hash": hashlib.sha256(CONTENT).hexdigest(), "hash_algorithm": "sha256"},
    ],
)
def test_checksums(tmp_path, cache, given):
    source = tmp_path / "a.txt"
    source.write_bytes(CONTENT)
    assert Path(get_file("a.txt", url(source), **given)).read_bytes() == CONTENT
    (cache / "a.txt").write_bytes(b"damaged")  # then it is fetched again
    assert Path(get_file("a.txt", url(source), **given)).read_bytes() == CONTENT
    source.write_bytes(b"damaged")
    with pytest.raises(ValueError, match="hash"):
        get_file("a.txt", url(source), force_download=True, **given)
    assert (cache / "a.txt").read_bytes() == CONTENT  # what was there stays


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "needs origin"),
        ({"origin": "https://example.org/"}, "name of a file"),
        ({"fname": "a/b", "origin": "https://example.org/x"}, "without folders"),
        ({"fname": "..", "origin": "https://example.org/x"}, "without folders"),
        ({"origin": "https://example.org/x", "file_hash": "abc"}, "32 .md5. or 64"),
        ({"origin": "https://example.org/x", "file_hash": "a" * 64, "hash_algorithm": "md5"}, "got 64 for 'md5'"),
        ({"origin": "https://example.org/x", "hash_algorithm": "crc"}, "hash_algorithm must be"),
        ({"origin": "https://example.org/x", "archive_format": "rar"}, "archive_format must be"),
        ({"origin": "gopher://example.org/x"}, "gopher"),
    ],
)
def test_arguments_that_make_no_sense(given, message):
    with pytest.raises(ValueError, match=message):
        get_file(**given)


def test_an_unknown_argument_is_answered_with_the_nearest():
    with pytest.raises(TypeError, match="did you mean 'file_hash'"):
        get_file("a", "https://example.org/a", filehash="x")


def test_a_download_that_fails_says_what_to_do(tmp_path, cache, monkeypatch):
    with pytest.raises(ConnectionError, match=r"nothing\.txt could not be downloaded .FileNotFoundError.: fetch it by hand"):
        get_file("a.txt", url(tmp_path / "nothing.txt"))

    def fail(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(ConnectionError, match=r"https://example\.org/a\.txt could not"):
        get_file("a.txt", "https://example.org/a.txt")
    assert everything(cache) == []


FLOWERS = {
    "flower_photos": special("flower_photos", tarfile.DIRTYPE),
    "flower_photos/roses/1.jpg": b"red",
    "flower_photos/LICENSE.txt": b"free",
}


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_untar_returns_the_unpacked_folder(tmp_path, cache, compress):
    source = tar(tmp_path / "flower_photos.tgz", FLOWERS, compress)
    path = get_file("flower_photos", url(source), untar=True)
    assert path == str(cache / "flower_photos")
    assert everything(cache) == ["flower_photos.tar.gz", "flower_photos/LICENSE.txt", "flower_photos/roses/1.jpg"]
    os.remove(cache / "flower_photos/LICENSE.txt")
    get_file("flower_photos", url(source), untar=True)  # is there already
    assert not (cache / "flower_photos/LICENSE.txt").exists()
    get_file("flower_photos", url(source), untar=True, force_download=True)
    assert (cache / "flower_photos/LICENSE.txt").exists()
    assert get_file(origin=url(source.rename(tmp_path / "flower_photos.tar.gz")), untar=True) == path


def test_extract_returns_the_archive_beside_what_was_in_it(tmp_path, cache):
    with zipfile.ZipFile(tmp_path / "cats_and_dogs.zip", "w") as archive:
        archive.writestr("cats_and_dogs/train/cat.1.jpg", b"cat")
        archive.writestr("cats_and_dogs/empty/", b"")
    path = get_file("cats_and_dogs.zip", origin=url(tmp_path / "cats_and_dogs.zip"), extract=True)
    assert path == str(cache / "cats_and_dogs.zip")
    assert os.path.isfile(os.path.join(os.path.dirname(path), "cats_and_dogs", "train", "cat.1.jpg"))
    assert get_file("cats_and_dogs.zip", origin=url(tmp_path / "cats_and_dogs.zip"), extract=True) == path  # over what is there


@pytest.mark.parametrize("formats", ["zip", None, ["zip"]])
def test_only_the_format_asked_for(tmp_path, cache, formats):
    source = tar(tmp_path / "a.tar", {"x": b"1"})
    with pytest.raises(ValueError, match=r"a\.tar' was not unpacked: this is no archive"):
        get_file("a.tar", url(source), extract=True, archive_format=formats)
    get_file("a.tar", url(source), extract=True, archive_format="tar")
    assert everything(cache) == ["a.tar", "x"]


def test_links_inside_become_copies(tmp_path, cache):
    members = {
        "f/a": b"1",
        "f/soft": special("f/soft", tarfile.SYMTYPE, "a"),
        "f/g/up": special("f/g/up", tarfile.SYMTYPE, "../a"),
        "f/hard": special("f/hard", tarfile.LNKTYPE, "f/a"),
    }
    get_file("f.tar", url(tar(tmp_path / "f.tar", members)), extract=True)
    assert everything(cache) == ["f.tar", "f/a", "f/g/up", "f/hard", "f/soft"]
    assert not any(f.is_symlink() for f in (cache / "f").rglob("*"))
    assert {(cache / "f" / name).read_bytes() for name in ("soft", "hard", "g/up")} == {b"1"}


OUT = ["../evil", "/evil", "a/../../evil", "..\\evil", "C:\\evil", "c:evil"]


@pytest.mark.parametrize("name", OUT)
def test_a_tar_that_leads_out(tmp_path, cache, name):
    _refused(cache, url(tar(tmp_path / "a.tar", {"good": b"1", name: b"2"})), "leads out of the folder")


@pytest.mark.parametrize("name", OUT)
def test_a_zip_that_leads_out(tmp_path, cache, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("good", b"1")
        archive.writestr(name, b"2")
    _refused(cache, url(tmp_path / "a.zip"), "leads out of the folder")


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (special("a", tarfile.SYMTYPE, "/etc/passwd"), "links to '/etc/passwd', which is not in it"),
        (special("a", tarfile.SYMTYPE, "../../secret"), "which is not in it"),
        (special("a", tarfile.LNKTYPE, "/etc/passwd"), "which is not in it"),
        (special("a", tarfile.SYMTYPE, "a"), "."),  # round and round
        (special("a", tarfile.SYMTYPE, "folder"), "neither a file nor a folder"),
        (special("a", tarfile.FIFOTYPE), "neither a file nor a folder"),
        (special("a", tarfile.CHRTYPE), "neither a file nor a folder"),
    ],
)
def test_links_out_and_devices(tmp_path, cache, member, message):
    members = {"good": b"1", "folder": special("folder", tarfile.DIRTYPE), "a": member}
    _refused(cache, url(tar(tmp_path / "a.tar", members)), message)


def test_bombs(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(files, "ALWAYS_ALLOWED", 1 << 10)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(8 << 20))
    _refused(cache, url(tmp_path / "a.zip"), "more than 100 times its own size")
    _refused(cache, url(tar(tmp_path / "a.tgz", {"zeros": bytes(8 << 20)}, gzip.compress)), "more than 100 times its own size")
    members = {"zeros": bytes(100 << 10)} | {f"{i}": special(f"{i}", tarfile.LNKTYPE, "zeros") for i in range(300)}
    _refused(cache, url(tar(tmp_path / "b.tgz", members, gzip.compress)), "more than 100 times its own size")
    link_first = {"link": special("link", tarfile.SYMTYPE, "zeros"), "zeros": bytes(8 << 20), "last": b""}
    _refused(cache, url(tar(tmp_path / "c.tgz", link_first, gzip.compress)), "more than 100 times its own size")
    monkeypatch.setattr(files, "MOST_FILES", 10)
    _refused(cache, url(tar(tmp_path / "d.tar", {str(i): b"" for i in range(11)})), "or hold more than 10 files")


def test_a_header_that_says_it_is_large(tmp_path, cache):
    pax = tarfile.TarInfo("././@PaxHeader")
    pax.type, pax.size = tarfile.XHDTYPE, 5 << 20
    (tmp_path / "a.tar").write_bytes(tar(tmp_path / "b.tar", {"good": b"1"}).read_bytes()[:1024] + pax.tobuf() + bytes(5 << 20))
    _refused(cache, url(tmp_path / "a.tar"), "header of more than 4 MB")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_truncated_archives(tmp_path, cache, part):
    data = os.urandom(50_000)
    whole = tar(tmp_path / "a.tgz", {"a": data, "b": data}, gzip.compress).read_bytes()
    (tmp_path / "a.tgz").write_bytes(whole[: int(part * len(whole))])
    _refused(cache, url(tmp_path / "a.tgz"), "was not unpacked")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a", data)
    (tmp_path / "b.zip").write_bytes((tmp_path / "b.zip").read_bytes()[: int(part * 50_000)])
    _refused(cache, url(tmp_path / "b.zip"), "was not unpacked")


def _refused(cache, origin, message):
    """One ValueError, and nothing written but the archive itself."""
    name = origin.rpartition("/")[2]
    before = everything(cache.parent.parent)
    with pytest.raises(ValueError, match=message):
        get_file(name, origin, extract=True)
    after = everything(cache.parent.parent)
    assert set(after) - set(before) <= {f"cache/datasets/{name}"}
