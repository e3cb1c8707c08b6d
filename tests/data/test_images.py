"""Single pictures: reading, arrays and back, and resizing by hand-made numbers."""

import io

import numpy as np
import pytest
from PIL import Image

from minidl.data import images
from minidl.data.images import array_to_img, img_to_array, load_img, read_pixels, resize, save_img
from minidl.tensor import Tensor

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 8, 3), np.uint8)


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_a_picture_as_an_array(picture):
    for path in (picture, str(picture), str(picture).encode(), io.BytesIO(picture.read_bytes())):
        image = load_img(path)
        assert isinstance(image, Image.Image) and image.size == (8, 6)
        array = img_to_array(image)
        assert array.dtype == np.float32 and array.shape == (6, 8, 3)
        np.testing.assert_array_equal(array, PIXELS)
    assert img_to_array(image, dtype="uint8").dtype == np.uint8
    assert load_img(picture, target_size=(32, 16)).size == (16, 32)
    np.testing.assert_array_equal(img_to_array(load_img(picture, "grayscale")), np.asarray(Image.fromarray(PIXELS).convert("L"))[..., None])
    assert img_to_array(load_img(picture, color_mode="rgba")).shape == (6, 8, 4)


def test_deep_grey_stays_deep(tmp_path):
    deep = RNG.integers(0, 65536, (4, 5)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    np.testing.assert_array_equal(img_to_array(load_img(tmp_path / "a.png", "grayscale"))[..., 0], deep)
    np.testing.assert_array_equal(read_pixels(tmp_path / "a.png", "grayscale")[..., 0], deep >> 8)


@pytest.mark.parametrize("interpolation", images.RESAMPLING)
def test_interpolations_of_load_img(picture, interpolation):
    expected = Image.fromarray(PIXELS).resize((5, 3), Image.Resampling[interpolation.upper()])
    assert load_img(picture, target_size=(3, 5), interpolation=interpolation) == expected
    middle = Image.fromarray(PIXELS).resize((3, 3), Image.Resampling[interpolation.upper()], box=(1, 0, 7, 6))
    assert load_img(picture, target_size=(3, 3), interpolation=interpolation, keep_aspect_ratio=True) == middle


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"color_mode": "gray"}, "color_mode must be one of grayscale, rgb, rgba, got 'gray'; did you mean 'grayscale'"),
        ({"interpolation": "cubic"}, "interpolation must be one of nearest, bilinear, bicubic, lanczos, box, hamming; got 'cubic'"),
        ({"target_size": (3, 0)}, "target_size must be a whole number ≥ 1; got 0"),
        ({"target_size": (3, 4, 3)}, r"target_size is \(height, width\)"),
        ({"keep_aspect_ratio": 1}, "keep_aspect_ratio must be True or False"),
    ],
)
def test_load_img_refuses(picture, given, message):
    with pytest.raises(ValueError, match=message):
        load_img(picture, **given)
    with pytest.raises(TypeError, match="did you mean 'target_size'"):
        load_img(picture, targetsize=(3, 3))


@pytest.mark.parametrize("content", [b"", b"no picture", b"truncated"])
def test_damaged_files_are_named(picture, content):
    if content == b"truncated":
        content = picture.read_bytes()[:-60]
    picture.with_name("bad.png").write_bytes(content)
    for read in (load_img, lambda f: read_pixels(f, "rgb")):
        with pytest.raises(ValueError, match=r"expected a readable picture, got '.*bad\.png' \(" + ("it is empty" if not content else "")):
            read(picture.with_name("bad.png"))
    with pytest.raises(FileNotFoundError, match=r"expected a picture at '.*none\.png', got no such file"):
        load_img(picture.with_name("none.png"))
    with pytest.raises(ValueError, match=r"a file in memory"):
        load_img(io.BytesIO(content))


def test_absurdly_large_pictures(picture, monkeypatch):
    for limit in (20, 40):  # an error of Pillow's, and a warning
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(ValueError, match=rf"at most {limit} pixels, got a larger one: '.*a\.png'"):
            load_img(picture)


def test_arrays_and_pictures():
    for x in (PIXELS, PIXELS.astype("float32") + 0.9, Tensor(PIXELS)):
        assert array_to_img(x, scale=False) == Image.fromarray(PIXELS)
    scaled = np.asarray(array_to_img(np.array([[[-1.0], [0.0], [3.0]]])))
    assert scaled.tolist() == [[0, 63, 255]]
    assert np.asarray(array_to_img(np.full((1, 2, 1), 7.0))).tolist() == [[0, 0]]
    assert array_to_img(np.array([[[300.0]]]), scale=False).mode == "I" and array_to_img(np.zeros((2, 2, 4))).mode == "RGBA"
    assert img_to_array(np.zeros((2, 3))).shape == (2, 3, 1)
    for shape in ((2, 2), (2, 2, 2), (0, 2, 3)):
        with pytest.raises(ValueError, match="a picture has shape"):
            array_to_img(np.zeros(shape))
    with pytest.raises(ValueError, match="2 or 3 axes"):
        img_to_array(np.zeros(3))
    for call in (lambda: img_to_array(PIXELS, "channels_first"), lambda: array_to_img(PIXELS, "channels_first")):
        with pytest.raises(ValueError, match="data_format must be None or 'channels_last'"):
            call()


def test_saving(tmp_path):
    save_img(tmp_path / "a.png", PIXELS, scale=False)
    np.testing.assert_array_equal(img_to_array(load_img(tmp_path / "a.png")), PIXELS)
    save_img(tmp_path / "b", Tensor(PIXELS / 255.0), file_format="bmp")
    with Image.open(tmp_path / "b") as image:
        assert image.format == "BMP"
    save_img(tmp_path / "c.jpg", np.zeros((2, 2, 4)), scale=False)
    assert load_img(tmp_path / "c.jpg").mode == "RGB"
    made = io.BytesIO()
    save_img(made, PIXELS, file_format="png", scale=False)
    made.seek(0)
    np.testing.assert_array_equal(img_to_array(load_img(made)), PIXELS)


# -------------------------------------------------------------------- resize


def test_resize_by_hand():
    x = np.array([[0.0, 4.0], [8.0, 12.0]])[..., None]
    large = resize(x, (4, 4)).numpy()[..., 0]
    across = np.array([0, 1, 3, 4])
    np.testing.assert_array_equal(large, [across, across + 2, across + 6, across + 8])
    np.testing.assert_array_equal(resize(x, (1, 1)).numpy(), [[[6]]])
    np.testing.assert_array_equal(resize(x, (4, 2), "nearest").numpy()[..., 0], [[0, 4], [0, 4], [8, 12], [8, 12]])
    np.testing.assert_array_equal(resize(np.arange(5.0).reshape(1, 5, 1), (1, 2), "nearest").numpy().ravel(), [1, 3])


@pytest.mark.parametrize("size", [(1, 1), (3, 4), (6, 8), (13, 7)])
@pytest.mark.parametrize("method", images.METHODS)
def test_resize_of_many_and_of_whole_numbers(size, method):
    batch = RNG.integers(0, 256, (3, 6, 8, 2), np.uint8)
    found = resize(batch, size, method)
    assert isinstance(found, Tensor) and found.shape == (3, *size, 2)
    assert found.dtype == (np.uint8 if method == "nearest" else np.float32)
    for one, expected in zip(batch, found):
        np.testing.assert_array_equal(resize(Tensor(one), size, method=method).numpy(), expected.numpy())
    assert found.numpy().flags.c_contiguous
    if size == (6, 8):
        np.testing.assert_array_equal(found.numpy(), batch)


def test_resize_within_a_size():
    assert resize(np.zeros((40, 60, 3)), (30, 30), preserve_aspect_ratio=True).shape == (20, 30, 3)
    assert resize(np.zeros((1, 60, 3)), (30, 30), preserve_aspect_ratio=True).shape == (1, 30, 3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: resize(PIXELS, (3, 3), "bicubic"), ValueError, "'bilinear' or 'nearest' here; got 'bicubic'"),
        (lambda: resize(PIXELS, (3, 3), antialias=True), ValueError, "antialias is left out"),
        (lambda: resize(PIXELS[0], (3, 3)), ValueError, r"got shape \(8, 3\)"),
        (lambda: resize(PIXELS[:0], (3, 3)), ValueError, r"got shape \(0, 8, 3\)"),
        (lambda: resize(PIXELS, 0), ValueError, "size must be a whole number"),
        (lambda: resize(PIXELS, "ab"), ValueError, "size is .height, width."),
        (lambda: resize(PIXELS, (3, 3), metod="nearest"), TypeError, "did you mean 'method'"),
        (lambda: resize(Tensor(PIXELS / 1.0, requires_grad=True), (3, 3)), TypeError, "resize has no gradient"),
    ],
)
def test_resize_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
