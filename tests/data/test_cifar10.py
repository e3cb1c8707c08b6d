"""CIFAR-10: the binary records, what a wrong file is answered with, and where files are looked for."""

import io
import os
import sys
import tarfile
from pathlib import Path

import numpy as np
import pooch
import pytest

from minidl.data import cifar10

FILES = (*cifar10.TRAIN_FILES, cifar10.TEST_FILE)
NO_REAL_DATA = not (os.environ.get("MINIDL_DATA") and cifar10.available())


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch, request):
    """No test looks into the user's cache or at the network."""
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path_factory.mktemp("cache"))
    if "real" not in request.node.name:
        monkeypatch.delenv("MINIDL_DATA", raising=False)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("nothing may be downloaded here")

    monkeypatch.setattr(pooch, "retrieve", refuse)


def write(file: Path, records: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A file of random records, written byte by byte as the format says; returns pictures and labels."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (records, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, (records, 1), dtype=np.uint8)
    with open(file, "wb") as out:
        for picture, label in zip(pictures, labels, strict=True):
            out.write(bytes(label.tolist()))
            for colour in range(3):
                for row in range(32):
                    out.write(picture[row, :, colour].tobytes())
    return pictures, labels


def small_set(folder: Path, records: int = 2) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    folder.mkdir(parents=True, exist_ok=True)
    return {name: write(folder / name, records, seed) for seed, name in enumerate(FILES)}


@pytest.fixture
def small(monkeypatch):
    """load_data with two records a file instead of 10 000, everything else as it is."""
    read = cifar10.read_batch
    monkeypatch.setattr(cifar10, "RECORDS", 2)
    monkeypatch.setattr(cifar10, "read_batch", lambda file, records=2: read(file, records))


@pytest.mark.parametrize("records", [1, 7])
def test_records_become_pictures_and_labels(tmp_path, records):
    expected = write(tmp_path / "batch.bin", records)
    pictures, labels = cifar10.read_batch(tmp_path / "batch.bin", records)
    np.testing.assert_array_equal(pictures, expected[0])
    np.testing.assert_array_equal(labels, expected[1])
    assert pictures.dtype == labels.dtype == np.uint8
    assert pictures.flags.c_contiguous


@pytest.mark.parametrize("change", [-1, 1, -3073, 3073])
def test_a_file_of_the_wrong_size_is_named_with_both_sizes(tmp_path, change):
    file = tmp_path / "data_batch_3.bin"
    write(file, 3)
    size = 3 * 3073 + change
    file.write_bytes((file.read_bytes() + bytes(3073))[:size])
    with pytest.raises(ValueError, match=rf"data_batch_3\.bin.*expected 9219 bytes.*got {size}$"):
        cifar10.read_batch(file, 3)


def test_the_official_count_is_the_default(tmp_path):
    write(tmp_path / "test_batch.bin", 1)
    with pytest.raises(ValueError, match=r"expected 30730000 bytes \(10000 records of 3073\), got 3073"):
        cifar10.read_batch(tmp_path / "test_batch.bin")


def test_a_label_above_nine_is_refused(tmp_path):
    (tmp_path / "batch.bin").write_bytes(bytes([10]) + bytes(3072))
    with pytest.raises(ValueError, match=r"batch\.bin.*expected labels 0…9, got 10"):
        cifar10.read_batch(tmp_path / "batch.bin", 1)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.bin.*no such file"):
        cifar10.read_batch(tmp_path / "nothing.bin")


@pytest.mark.parametrize("inside", ["", cifar10.FOLDER])
@pytest.mark.parametrize("how", ["path", "environment"])
def test_the_folder_itself_or_the_official_one_in_it(tmp_path, monkeypatch, small, no_network, inside, how):
    expected = small_set(tmp_path / inside)
    if how == "environment":
        monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    path = tmp_path if how == "path" else None
    assert cifar10.available(path)
    (x_train, y_train), (x_test, y_test) = cifar10.load_data(path)
    for i, name in enumerate(cifar10.TRAIN_FILES):
        np.testing.assert_array_equal(x_train[2 * i : 2 * i + 2], expected[name][0])
        np.testing.assert_array_equal(y_train[2 * i : 2 * i + 2], expected[name][1])
    np.testing.assert_array_equal(x_test, expected[cifar10.TEST_FILE][0])
    np.testing.assert_array_equal(y_test, expected[cifar10.TEST_FILE][1])


@pytest.mark.parametrize("how", ["path", "environment"])
def test_a_given_folder_that_lacks_files_downloads_nothing(tmp_path, monkeypatch, no_network, how):
    small_set(tmp_path / cifar10.FOLDER)
    (tmp_path / cifar10.FOLDER / "data_batch_4.bin").unlink()
    if how == "environment":
        monkeypatch.setenv("MINIDL_DATA", str(tmp_path))
    path = tmp_path if how == "path" else None
    assert not cifar10.available(path)
    with pytest.raises(FileNotFoundError, match=r"got none called data_batch_4\.bin$"):
        cifar10.load_data(path)


def test_a_folder_that_is_not_there(tmp_path, no_network):
    assert not cifar10.available(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        cifar10.load_data(tmp_path / "nowhere")


def test_path_comes_before_the_environment(tmp_path, monkeypatch, small, no_network):
    monkeypatch.setenv("MINIDL_DATA", str(tmp_path / "nowhere"))
    small_set(tmp_path / "here")
    assert cifar10.load_data(tmp_path / "here")[0][0].shape == (10, 32, 32, 3)


def test_the_cache_is_used_before_the_network(tmp_path, monkeypatch, small, no_network):
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path)
    assert not cifar10.available()
    small_set(tmp_path / cifar10.FOLDER)
    assert cifar10.available()
    assert cifar10.load_data()[1][0].shape == (2, 32, 32, 3)


@pytest.mark.parametrize(
    "error", [OSError("no route to host"), ValueError("hash of downloaded file differs")]
)
def test_a_failed_download_says_what_to_do_in_one_sentence(monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(ConnectionError) as caught:
        cifar10.load_data()
    message = str(caught.value)
    for part in (cifar10.URL, "by hand", "path=", "MINIDL_DATA", "shapes10"):
        assert part in message
    assert "\n" not in message
    assert ". " not in message


def pack(archive: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_a_download_is_unpacked_into_the_cache_and_its_archive_removed(tmp_path, monkeypatch, small):
    small_set(tmp_path / "made")
    archive = tmp_path / "archive.tar.gz"
    members = {f"{cifar10.FOLDER}/{name}": (tmp_path / "made" / name).read_bytes() for name in FILES}
    pack(
        archive,
        {**members, f"{cifar10.FOLDER}/batches.meta.txt": b"airplane\n", "../evil": b"x", "/evil": b"x"},
    )
    cache = tmp_path / "a" / "cache"
    cache.mkdir(parents=True)
    monkeypatch.setattr(pooch, "os_cache", lambda project: cache)

    def retrieve(url, known_hash, fname, path, progressbar):
        assert (url, known_hash) == (cifar10.URL, "md5:c32a1d4ab5d03f1284b67883e8d87530")
        progressbar.total = 10  # what pooch does with a progress bar
        progressbar.update(10)
        progressbar.reset()
        progressbar.update(10)
        progressbar.close()
        return str(archive)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert cifar10.load_data()[0][0].shape == (10, 32, 32, 3)
    assert not archive.exists()
    everything = {str(f.relative_to(tmp_path / "a")) for f in (tmp_path / "a").rglob("*") if f.is_file()}
    assert everything == {f"cache/{cifar10.FOLDER}/{name}" for name in (*FILES, "batches.meta.txt")}
    monkeypatch.setattr(pooch, "retrieve", None)
    assert cifar10.load_data()[1][0].shape == (2, 32, 32, 3)


def test_an_archive_without_a_file(tmp_path):
    pack(tmp_path / "archive.tar.gz", {f"{cifar10.FOLDER}/data_batch_1.bin": b"x"})
    with pytest.raises(ValueError, match=r"data_batch_2\.bin in .*archive\.tar\.gz"):
        cifar10.unpack(tmp_path / "archive.tar.gz", tmp_path)


@pytest.mark.skipif(NO_REAL_DATA, reason="the environment variable MINIDL_DATA names no folder with CIFAR-10")
def test_real_cifar10():
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert (x_train.shape, y_train.shape) == ((50_000, 32, 32, 3), (50_000, 1))
    assert (x_test.shape, y_test.shape) == ((10_000, 32, 32, 3), (10_000, 1))
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(np.bincount(y_train[:, 0]), [5000] * 10)
    np.testing.assert_array_equal(np.bincount(y_test[:, 0]), [1000] * 10)
    # Photographs are smooth: neighbours in a row are alike, which scrambled channels or rows would not be.
    sample, labels = x_test[:2000].astype(np.float32), y_test[:2000, 0]
    assert np.abs(np.diff(sample, axis=2)).mean() < 20
    assert np.abs(np.diff(sample, axis=1)).mean() < 20
    # The sky is blue: airplanes have more blue than red, frogs have not.
    blue = (sample[..., 2] - sample[..., 0]).mean((1, 2))
    assert blue[labels == 0].mean() > 5 > blue[labels == 6].mean()


def test_class_names():
    assert len(cifar10.CLASS_NAMES) == 10
    assert (cifar10.CLASS_NAMES[0], cifar10.CLASS_NAMES[9]) == ("airplane", "truck")


def test_nothing_here_can_run_code_from_a_file():
    """No pickle, eval or exec in the package: data are bytes and nothing else."""
    for file in Path(sys.modules["minidl.data"].__file__).parent.glob("*.py"):
        source = file.read_text(encoding="utf-8")
        for word in ("import pickle", "pickle.load", "allow_pickle=True", "eval(", "exec(", "np.load("):
            assert word not in source, (file.name, word)
