"""MNIST and Fashion-MNIST: the IDX format, where files are looked for, and files that are not what they should be."""

import gzip
import hashlib
import struct

import numpy as np
import pooch
import pytest

from minidl.data import fashion_mnist, idx, mnist

SETS = [mnist, fashion_mnist]
NAMES = list(mnist.FILES.md5)
OFFICIAL = dict(idx.PARTS)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """No test looks into the user's cache or at the network; and the sets are small."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(pooch, "os_cache", lambda project: folder)
    monkeypatch.setattr(pooch, "retrieve", None)
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    monkeypatch.setattr(idx, "PARTS", {"train": 6, "t10k": 2})
    return folder


def idx_bytes(array, kind=8):
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


def write_set(folder, compressed=True, seed=0):
    """The four files with random pictures; returns what load_data should give."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, found = np.random.default_rng(seed), []
    for name in NAMES:
        n = 6 if name.startswith("train") else 2
        array = rng.integers(0, 256, (n, 28, 28), np.uint8) if "images" in name else rng.integers(0, 10, n, np.uint8)
        content = idx_bytes(array)
        (folder / (name if compressed else name.removesuffix(".gz"))).write_bytes(gzip.compress(content) if compressed else content)
        found.append(array)
    return (found[0], found[1]), (found[2], found[3])


def check(loaded, expected):
    for part, wanted in zip(loaded, expected, strict=True):
        for array, other in zip(part, wanted, strict=True):
            np.testing.assert_array_equal(array, other)
            assert array.dtype == np.uint8
            array[:] = 0  # it can be written


@pytest.mark.parametrize("data", SETS)
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("how", ["path", "environment", "cache"])
def test_the_folder_itself_or_its_own_in_it(tmp_path, cache, monkeypatch, data, compressed, inside, how):
    root = cache if how == "cache" else tmp_path
    assert not data.available(tmp_path if how == "path" else None)
    expected = write_set(root / data.FILES.folder if inside else root, compressed)
    if how == "environment":
        monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    path = tmp_path if how == "path" else None
    assert data.available(path)
    check(data.load_data(path), expected)


def test_some_compressed_and_some_not(tmp_path):
    expected = write_set(tmp_path)
    write_set(tmp_path, compressed=False)
    for name in NAMES[:2]:
        (tmp_path / name).unlink()
    (tmp_path / NAMES[2].removesuffix(".gz")).unlink()
    check(mnist.load_data(tmp_path), expected)


@pytest.mark.parametrize("how", ["path", "environment"])
def test_a_given_folder_that_lacks_files_downloads_nothing(tmp_path, monkeypatch, how):
    write_set(tmp_path / "mnist")
    (tmp_path / "mnist" / NAMES[3]).unlink()
    if how == "environment":
        monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    path = tmp_path if how == "path" else None
    assert not mnist.available(path)
    with pytest.raises(FileNotFoundError, match=r"four files of MNIST.*got none called t10k-labels-idx1-ubyte\.gz$"):
        mnist.load_data(path)


@pytest.mark.parametrize("data", SETS)
def test_what_is_missing_is_downloaded(tmp_path, cache, monkeypatch, data):
    expected = write_set(tmp_path)
    write_set(cache / data.FILES.folder)
    for name in NAMES[1:]:
        (cache / data.FILES.folder / name).unlink()
    asked = []

    def retrieve(url, known_hash, fname, path, progressbar):
        asked.append((url, known_hash))
        (path / fname).write_bytes((tmp_path / fname).read_bytes())
        return str(path / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    check(data.load_data(), expected)
    assert asked == [(data.FILES.url + name, f"md5:{data.FILES.md5[name]}") for name in NAMES[1:]]
    monkeypatch.setattr(pooch, "retrieve", None)
    check(data.load_data(), expected)


@pytest.mark.parametrize("error", [OSError("no route to host"), ValueError("hash of downloaded file differs")])
def test_a_failed_download_says_what_to_do_in_one_sentence(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(ConnectionError) as caught:
        fashion_mnist.load_data()
    for part in ("Fashion-MNIST", fashion_mnist.FILES.url, "by hand", "path=", "MINIDL_DATA", "shapes10"):
        assert part in str(caught.value)


def test_the_other_set_is_recognized(tmp_path, monkeypatch):
    write_set(tmp_path)
    digest = hashlib.md5((tmp_path / NAMES[0]).read_bytes()).hexdigest()
    monkeypatch.setitem(fashion_mnist.FILES.md5, NAMES[0], digest)
    with pytest.raises(ValueError, match="is a file of Fashion-MNIST, not of MNIST"):
        mnist.load_data(tmp_path)
    fashion_mnist.load_data(tmp_path)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"begins with the bytes \(none\)"),
        (b"\0", "begins with the bytes 00"),
        (b"<html>", "begins with the bytes 3c 68 74 6d"),
        (idx_bytes(np.zeros((2, 3), "f4"), 13), "begins with the bytes 00 00 0d 02"),
        (idx_bytes(np.zeros((3, 2), "u1")), r"got 2 axes, \(3, 2\)"),
        (idx_bytes(np.zeros(6, "u1")), r"got 1 axes, \(6, 0\)"),
        (struct.pack(">HBB2I", 0, 8, 2, 2**32 - 1, 2**32 - 1), r"got 2 axes, \(4294967295, 4294967295\)"),
        (struct.pack(">HBB2I", 0, 8, 255, 2, 3), r"got 255 axes, \(2, 3\)"),
        (idx_bytes(np.zeros((2, 3), "u1"))[:6], r"got 2 axes, \(\)"),
        (idx_bytes(np.zeros((2, 3), "u1"))[:-1], "got 5 values in place of 6"),
        (idx_bytes(np.zeros((2, 3), "u1")) + b"\0" * 99, "got more values in place of 6"),
    ],
)
def test_files_that_are_no_such_idx_file(tmp_path, content, message, compress):
    (tmp_path / "a").write_bytes(compress(content))
    with pytest.raises(ValueError, match=message):
        idx.read_idx(tmp_path / "a", (2, 3))


@pytest.mark.parametrize("part", range(1, 99, 7))
def test_a_truncated_or_damaged_compressed_file(tmp_path, part):
    whole = gzip.compress(idx_bytes(np.random.default_rng(0).integers(0, 256, (20, 30), "u1")))
    (tmp_path / "a").write_bytes(whole[: max(2, len(whole) * part // 100)])
    with pytest.raises(ValueError, match="expected an IDX file"):
        idx.read_idx(tmp_path / "a", (20, 30))
    (tmp_path / "a").write_bytes(whole[: len(whole) * part // 100] + b"\xff\x00\xff" + whole[len(whole) * part // 100 :])
    with pytest.raises(ValueError, match="expected an IDX file"):
        idx.read_idx(tmp_path / "a", (20, 30))


def test_no_more_is_decompressed_than_a_file_holds(tmp_path, monkeypatch):
    (tmp_path / "bomb").write_bytes(gzip.compress(idx_bytes(np.zeros((2, 3), "u1")) + bytes(10_000_000)))
    taken = []

    class Counting(gzip.GzipFile):
        def read(self, size=-1):
            taken.append(size)
            return super().read(size)

    monkeypatch.setattr(idx.gzip, "open", Counting)
    with pytest.raises(ValueError, match="more values"):
        idx.read_idx(tmp_path / "bomb", (2, 3))
    assert 0 <= min(taken) <= max(taken) < 100


def test_labels_above_nine_and_no_file(tmp_path):
    write_set(tmp_path, compressed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.array([3, 10], "u1")))
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte' is no file of MNIST: expected labels 0…9, got 10"):
        mnist.load_data(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nothing.*no such file"):
        idx.read_idx(tmp_path / "nothing", (2, 3))


def test_the_official_sizes_and_names():
    assert OFFICIAL == {"train": 60_000, "t10k": 10_000}
    assert len(mnist.CLASS_NAMES) == len(fashion_mnist.CLASS_NAMES) == 10
    assert fashion_mnist.CLASS_NAMES[9] == "Ankle boot"
    assert not set(mnist.FILES.md5.values()) & set(fashion_mnist.FILES.md5.values())
