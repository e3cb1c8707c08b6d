"""A folder of pictures: what is read, how, and how a picture or folder that will not do is answered."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from minidl.data import folder


def save(file, colour=(10, 20, 30), size=(8, 6), mode="RGB"):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(file)


@pytest.fixture
def pets(tmp_path):
    """Ten dogs, five cats; the grey level is ten times the number in the file's name."""
    for i in range(10):
        save(tmp_path / "dog" / f"{i}.png", (10 * i, 0, 0))
    for i in range(5):
        save(tmp_path / "cat" / f"{i}.bmp", (0, 10 * i, 0))
    return tmp_path


def test_classes_split_and_labels(pets):
    (x_train, y_train), (x_test, y_test), names = folder.load_data(pets, image_size=(4, 5))
    assert names == ("cat", "dog")
    assert (x_train.shape, x_test.shape) == ((12, 4, 5, 3), (3, 4, 5, 3))
    assert (y_train.shape, y_test.shape) == ((12, 1), (3, 1))
    assert x_train.dtype == y_train.dtype == np.uint8
    assert np.bincount(y_test[:, 0]).tolist() == [1, 2]
    reds = sorted(
        x_train[y_train[:, 0] == 1][:, 0, 0, 0].tolist() + x_test[y_test[:, 0] == 1][:, 0, 0, 0].tolist()
    )
    assert reds == [10 * i for i in range(10)]
    assert not x_train[y_train[:, 0] == 0][..., 0].any()


def test_the_seed_decides_the_split(pets):
    first, again, other = (folder.load_data(pets, (2, 2), seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first[0][0], again[0][0])
    assert not np.array_equal(first[0][0], other[0][0])


def test_grayscale_and_a_count(pets):
    (x_train, _), (x_test, _), _ = folder.load_data(pets, (3, 3), test_size=5, color_mode="grayscale")
    assert (x_train.shape, x_test.shape) == ((10, 3, 3, 1), (5, 3, 3, 1))


def test_hidden_files_and_other_endings_are_skipped(pets):
    for name in (".DS_Store", ".hidden.png", "notes.txt", "Thumbs.db"):
        (pets / "dog" / name).write_bytes(b"no picture")
    (pets / ".git").mkdir()
    (pets / "readme.txt").write_text("about")
    (pets / "dog" / "nested.png").mkdir()
    assert len(folder.load_data(pets)[0][0]) == 12


def test_endings_in_capitals_count(pets):
    save(pets / "cat" / "NEW.JPG")
    (x_train, _), (x_test, _), _ = folder.load_data(pets)
    assert len(x_train) + len(x_test) == 16


@pytest.mark.parametrize(
    ("prepare", "arguments", "error", "message"),
    [
        (lambda p: p / "nowhere", {}, NotADirectoryError, "expected a folder .* got .*nowhere"),
        (lambda p: p / "dog", {}, ValueError, r"expected 2…256 sub-folders.*got 0"),
        (lambda p: (p / "fox").mkdir(), {}, ValueError, "at least 2 pictures .*fox.*got 0"),
        (lambda p: save(p / "fox" / "1.png"), {}, ValueError, "at least 2 pictures .*fox.*got 1"),
        (
            lambda p: None,
            {"test_size": 1},
            ValueError,
            "2 classes need a test part of 2…13 of 15 rows, got 1",
        ),
        (lambda p: None, {"test_size": 15}, ValueError, "no part left empty, got 15 of 15 rows"),
        (
            lambda p: None,
            {"color_mode": "greyscale"},
            ValueError,
            "must be one of rgb, grayscale.*mean 'grayscale'",
        ),
        (lambda p: None, {"color_mode": "xyz"}, ValueError, "must be one of rgb, grayscale, got 'xyz'$"),
        (lambda p: None, {"image_size": 32}, ValueError, r"image_size must be \(height, width\).*got 32"),
        (lambda p: None, {"image_size": (0, 3)}, ValueError, r"got \(0, 3\)"),
        (
            lambda p: (p / "dog" / "3.png").write_bytes(b"oh"),
            {},
            ValueError,
            r"readable picture, got .*dog.3\.png",
        ),
    ],
)
def test_refuses(pets, prepare, arguments, error, message):
    path = prepare(pets)
    with pytest.raises(error, match=message):
        folder.load_data(path if hasattr(path, "parent") else pets, **arguments)


# ---- one picture


def test_height_and_width_are_not_confused(tmp_path):
    save(tmp_path / "wide.png", size=(8, 6))
    assert folder.read_picture(tmp_path / "wide.png").shape == (6, 8, 3)
    assert folder.read_picture(tmp_path / "wide.png", (3, 5)).shape == (3, 5, 3)
    assert folder.read_picture(tmp_path / "wide.png", (3, 5), "grayscale").shape == (3, 5, 1)
    assert folder.read_picture(str(tmp_path / "wide.png"), [3, 5]).dtype == np.uint8


def test_pixels_arrive_as_they_are(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = folder.read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(read, pixels)
    read[:] = 0  # a writable array of the caller's own


def test_exif_orientation_is_applied(tmp_path):
    picture = Image.new("RGB", (4, 2), "black")
    picture.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by a quarter, clockwise
    picture.save(tmp_path / "turned.png", exif=exif)
    read = folder.read_picture(tmp_path / "turned.png")
    assert read.shape == (4, 2, 3)
    assert read[0, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(tmp_path, mode):
    picture = Image.new("RGBA", (2, 1), (200, 200, 200, 0))
    picture.putpixel((1, 0), (100, 100, 100, 255))
    file = tmp_path / ("a.tif" if mode == "PA" else "a.png")
    picture.convert("LA" if mode == "PA" else mode).save(file)
    assert folder.read_picture(file)[0].tolist() == [[255] * 3, [100] * 3]


def test_half_transparent(tmp_path):
    save(tmp_path / "a.png", (0, 0, 0, 127), mode="RGBA")
    assert abs(int(folder.read_picture(tmp_path / "a.png")[0, 0, 0]) - 128) <= 1


def test_palettes_with_and_without_transparency(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "b.gif", transparency=0)
    assert folder.read_picture(tmp_path / "a.png")[0].tolist() == [[255, 0, 0], [0, 0, 255]]
    assert folder.read_picture(tmp_path / "b.gif")[0].tolist() == [[255, 255, 255], [0, 0, 255]]


@pytest.mark.parametrize(("mode", "value", "expected"), [("L", 77, 77), ("1", 1, 255), ("I;16", 51_400, 200)])
def test_grey_in_one_eight_and_sixteen_bits(tmp_path, mode, value, expected):
    save(tmp_path / "a.png", value, mode=mode)
    assert np.unique(folder.read_picture(tmp_path / "a.png")).tolist() == [expected]
    assert np.unique(folder.read_picture(tmp_path / "a.png", None, "grayscale")).tolist() == [expected]


def test_cmyk(tmp_path):
    save(tmp_path / "a.tif", (0, 0, 0, 255), mode="CMYK")
    assert folder.read_picture(tmp_path / "a.tif").max() == 0


def test_float_pixels_are_refused(tmp_path):
    save(tmp_path / "a.tif", 0.5, mode="F")
    with pytest.raises(ValueError, match=r"a\.tif.*floats of unknown range"):
        folder.read_picture(tmp_path / "a.tif")


def test_a_picture_cut_off_is_named(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(
        tmp_path / "a.png"
    )
    content = (tmp_path / "a.png").read_bytes()
    for length in (0, 5, 30, len(content) // 2, len(content) - 40):
        (tmp_path / "cut.png").write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"readable picture, got .*cut\.png"):
            folder.read_picture(tmp_path / "cut.png")


def test_no_such_picture(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.png.*no such file"):
        folder.read_picture(tmp_path / "nothing.png")


@pytest.mark.parametrize("side", [10_000, 60_000])  # above Pillow's warning, above Pillow's error
def test_an_absurdly_large_picture_is_named(tmp_path, side):
    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    with pytest.raises(ValueError, match=r"at most \d+ pixels, got a larger one: .*bomb\.png"):
        folder.read_picture(tmp_path / "bomb.png")
