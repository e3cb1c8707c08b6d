"""Single pictures: read from files, as arrays, as Pillow's images and back, and resized."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minidl.checks import true_or_false, whole
from minidl.registry import explain_keywords, nearest
from minidl.switches import recording
from minidl.tensor import Tensor

if TYPE_CHECKING:
    from PIL import Image

Array: TypeAlias = npt.NDArray[Any]
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}  # Pillow's names
RESAMPLING = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")  # Pillow's, for load_img
METHODS = ("bilinear", "nearest")  # those of `resize`


@contextmanager
def opened(file: Any, name: str) -> Iterator[Image.Image]:
    """A picture, opened by Pillow. Whatever Pillow says about a file that is no picture, is damaged or absurdly large, while it is opened
    or used, becomes a ValueError that names it."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as picture:
                yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"expected a picture of at most {Image.MAX_IMAGE_PIXELS} pixels, got a larger one: {name!r}") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow raises for broken files
        empty = os.path.isfile(name) and not os.path.getsize(name)
        raise ValueError(f"expected a readable picture, got {name!r} ({'it is empty' if empty else error})") from error


def check_color_mode(color_mode: Any) -> str:
    """`color_mode`; ValueError unless it is "grayscale", "rgb" or "rgba"."""
    if color_mode not in CHANNELS:
        raise ValueError(f"color_mode must be one of {', '.join(CHANNELS)}, got {color_mode!r}; {nearest(str(color_mode), CHANNELS)}")
    return str(color_mode)


def check_size(name: str, size: Any) -> tuple[int, int]:
    """(height, width) as whole numbers ≥ 1; one number counts for both. ValueError for anything else."""
    size = (size, size) if hasattr(size, "__index__") and not getattr(size, "shape", ()) else size
    if len(np.shape(size)) != 1 or len(size) != 2:
        raise ValueError(f"{name} is (height, width), two whole numbers ≥ 1; got {size!r}")
    return whole(name, size[0]), whole(name, size[1])


def check_data_format(data_format: Any) -> None:
    """ValueError unless it is None or "channels_last": in minidl the channels come last."""
    if data_format not in (None, "channels_last"):
        raise ValueError(f"pictures are (height, width, channels) here: data_format must be None or 'channels_last'; got {data_format!r}")


@explain_keywords
def load_img(
    path: Any, color_mode: str = "rgb", target_size: Any = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False
) -> Image.Image:
    """Read a picture as an image of Pillow's, as Keras' load_img does.

    `path`: a path, or a file in memory (io.BytesIO). `color_mode`: "rgb", "rgba", "grayscale" (then 16- and 32-bit grey stays as it is).
    `target_size` = (height, width) resizes it, by Pillow's "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming";
    `keep_aspect_ratio` first cuts the largest part of that shape out of the middle. As in Keras a camera's turn (EXIF) is not applied.

    Raises FileNotFoundError if there is no such file, ValueError for what is no readable picture or has more pixels than Pillow allows,
    and for unknown choices.
    """
    from PIL import Image

    check_color_mode(color_mode)
    true_or_false("keep_aspect_ratio", keep_aspect_ratio)
    if interpolation not in RESAMPLING:
        raise ValueError(f"interpolation must be one of {', '.join(RESAMPLING)}; got {interpolation!r}")
    name = "a file in memory" if isinstance(path, io.BytesIO) else os.fspath(path)
    if not isinstance(path, io.BytesIO) and not (file := Path(os.fsdecode(name))).is_file():
        raise FileNotFoundError(f"expected a picture at {os.fsdecode(name)!r}, got {'a folder' if file.is_dir() else 'no such file'}")
    with opened(path, os.fsdecode(name)) as picture:
        picture.load()
        keep = color_mode == "grayscale" and picture.mode in ("I;16", "I")
        made = picture.copy() if keep else picture.convert(MODES[color_mode])
    if target_size is None:
        return made
    height, width = check_size("target_size", target_size)
    if (made.height, made.width) == (height, width):
        return made
    box = None
    if keep_aspect_ratio:
        across = min(made.width, made.height * width // height)
        down = min(made.height, made.width * height // width)
        left, top = (made.width - across) // 2, (made.height - down) // 2
        box = (left, top, left + across, top + down)
    return made.resize((width, height), Image.Resampling[interpolation.upper()], box=box)


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """A picture of Pillow's (or an array) as an array (height, width, channels), float32 unless `dtype` says otherwise; values stay.

    Raises ValueError for an array with other than 2 or 3 axes, and for data_format "channels_first".
    """
    check_data_format(data_format)
    array = np.array(img, dtype or "float32")
    if array.ndim not in (2, 3):
        raise ValueError(f"a picture has 2 or 3 axes; got shape {array.shape}")
    return array if array.ndim == 3 else array[:, :, None]


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Image.Image:
    """A picture of Pillow's from an array or Tensor (height, width, channels): 1, 3 or 4 channels.

    `scale` (the default, as in Keras) stretches the values so that the least becomes 0 and the greatest 255; without it they are cut to
    whole numbers and taken as they are. Grey values above 255 make a picture of 32-bit numbers.

    Raises ValueError for another shape.
    """
    from PIL import Image

    check_data_format(data_format)
    array = np.array(x, dtype or "float32")
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise ValueError(f"a picture has shape (height, width, channels) with 1, 3 or 4 channels; got {array.shape}")
    if true_or_false("scale", scale):
        array = array - array.min()
        greatest = array.max()
        array = (array / greatest if greatest else array) * 255
    if array.shape[2] > 1:
        return Image.fromarray(_cut(array, np.uint8))
    return Image.fromarray(_cut(array[:, :, 0], np.uint8 if array.max() <= 255 else np.int32))


def _cut(array: Array, dtype: Any) -> Array:
    """As whole numbers, without the fraction; what does not fit wraps around, as it always did in Keras."""
    return array.astype(np.int64).astype(dtype) if array.dtype.kind == "f" else array.astype(dtype)


def save_img(path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True) -> None:
    """Write an array or Tensor (height, width, channels) to a file, in the format that its ending (or `file_format`) names; `scale` as in
    `array_to_img`. A JPEG has no transparency: a fourth channel is left out there."""
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = Path(path).suffix[1:]
    file_format = "jpeg" if (file_format or "").lower() == "jpg" else file_format
    picture = array_to_img(x, data_format, scale)
    if picture.mode == "RGBA" and (file_format or "").lower() == "jpeg":
        picture = picture.convert("RGB")
    picture.save(path, format=file_format or None)


def read_pixels(file: str | os.PathLike[str], color_mode: str) -> npt.NDArray[np.uint8]:
    """Read a picture as uint8 (height, width, channels), as tf.image.decode_image does: a camera's turn is not applied, transparency is
    left out unless asked for, 16-bit grey keeps its upper 8 bits. ValueError for what is no readable picture."""
    with opened(file, os.fspath(file)) as picture:
        if picture.mode.startswith("I"):
            pixels = np.clip(np.asarray(picture).astype(np.int64) >> 8, 0, 255).astype(np.uint8)
            picture = _grey(pixels)
        pixels = np.array(picture.convert(MODES[color_mode]), np.uint8)
    return pixels.reshape(*pixels.shape[:2], CHANNELS[color_mode])


def _grey(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    from PIL import Image

    return Image.fromarray(pixels)


@explain_keywords
def resize(images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False) -> Tensor:
    """Pictures (height, width, channels) or (n, height, width, channels) at another size, as tf.image.resize makes them: a Tensor.

    `size` is (height, width). "bilinear" (the result is float32) is the mean of the four nearest pixels, weighted by how near they are;
    "nearest" keeps the dtype. Pixels are squares whose centres lie at 0.5, 1.5, …; a picture made smaller is not smoothed first
    (antialias=True, and the other methods, are left out). `preserve_aspect_ratio` makes them as large as fits into `size`.

    No gradient passes: a Tensor that wants one raises TypeError. ValueError for other shapes and choices.
    """
    if isinstance(images, Tensor) and images.requires_grad and recording.get():
        raise TypeError("resize has no gradient: use the layer UpSampling2D, or give it .detach()")
    if antialias:
        raise ValueError("antialias is left out here: antialias=False, or Pillow's image.resize, which always smooths")
    height, width = check_size("size", size)
    array = np.asarray(images)
    if array.ndim not in (3, 4) or 0 in array.shape[-3:]:
        raise ValueError(f"resize takes pictures (height, width, channels), or a batch of them; got shape {array.shape}")
    if true_or_false("preserve_aspect_ratio", preserve_aspect_ratio):
        factor = min(height / array.shape[-3], width / array.shape[-2])
        height, width = max(1, round(array.shape[-3] * factor)), max(1, round(array.shape[-2] * factor))
    return Tensor(resize_array(array, (height, width), method))


def resize_array(array: Array, size: tuple[int, int], method: str = "bilinear") -> Array:
    """`resize` for arrays."""
    check_method(method)
    if method == "nearest":
        rows, columns = (_nearest(n, new) for n, new in zip(array.shape[-3:-1], size))
        return array.take(rows, axis=-3).take(columns, axis=-2)
    (top, bottom, down), (left, right, across) = (_between(n, new) for n, new in zip(array.shape[-3:-1], size))
    rows, (top, bottom) = np.unique((top, bottom), return_inverse=True)  # only those are looked at
    needed = array.take(rows, axis=-3)
    x: Array
    x, other = (needed.take(columns, axis=-2).astype(np.float32) for columns in (left, right))
    x += (other - x) * across[:, None]
    x, other = (x.take(rows, axis=-3) for rows in (top, bottom))
    x += (other - x) * down[:, None, None]
    return x


def check_method(method: Any) -> str:
    """`method`; ValueError unless it is "bilinear" or "nearest"."""
    if method not in METHODS:
        raise ValueError(f"pictures are resized by 'bilinear' or 'nearest' here; got {method!r}")
    return str(method)


def _places(n: int, new: int) -> npt.NDArray[np.float32]:
    """Where the centres of `new` pixels lie, counted in the pixels of a row of `n`; in float32, as TensorFlow does it."""
    return (np.arange(new, dtype=np.float32) + np.float32(0.5)) * (np.float32(n) / np.float32(new))


def _nearest(n: int, new: int) -> npt.NDArray[np.int64]:
    return np.clip(np.floor(_places(n, new)), 0, n - 1).astype(np.int64)


def _between(n: int, new: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """For each of the `new` pixels the two old ones that its centre lies between, and how far it is from the first, 0 to 1."""
    place = _places(n, new) - np.float32(0.5)
    first = np.floor(place)
    return np.maximum(first, 0).astype(np.int64), np.minimum(np.ceil(place), n - 1).astype(np.int64), place - first
