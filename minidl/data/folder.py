"""Pictures of your own: a folder that holds one folder of pictures per class."""

from __future__ import annotations

import difflib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from .images import opened
from .splits import train_test_split

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
COLOR_MODES = {"rgb": 3, "grayscale": 1}  # name: channels

Pictures: TypeAlias = npt.NDArray[np.uint8]


def load_data(
    path: str | os.PathLike[str],
    image_size: tuple[int, int] = (32, 32),
    test_size: float | int = 0.2,
    seed: int | None = 0,
    color_mode: str = "rgb",
) -> tuple[tuple[Pictures, Pictures], tuple[Pictures, Pictures], tuple[str, ...]]:
    """Read a folder with one sub-folder per class: `((x_train, y_train), (x_test, y_test), class_names)`.

    Pictures are uint8 of shape (n, height, width, channels) in 0…255, resized to `image_size` = (height,
    width); channels is 3, or 1 with `color_mode="grayscale"`. Labels have shape (n, 1) and are uint8 (up to
    256 classes); `class_names[label]` is the sub-folder's name, in alphabetical order. `test_size`, a
    fraction or a count, is split off at random with every class's share kept. Hidden files and files without
    a picture's ending are skipped.

    Raises NotADirectoryError if `path` is no folder, ValueError for fewer than two classes, a class with
    fewer than two pictures, a split that leaves a class out, or a file that is no readable picture.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise NotADirectoryError(
            f"expected a folder with one sub-folder of pictures per class, got {str(root)!r}"
        )
    folders = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    if not 2 <= len(folders) <= 256:
        raise ValueError(f"expected 2…256 sub-folders, one per class, in {str(root)!r}, got {len(folders)}")
    files, labels = [], []
    for label, folder in enumerate(folders):
        found = sorted(f for f in folder.iterdir() if _is_picture(f))
        if len(found) < 2:
            raise ValueError(
                f"expected at least 2 pictures (one to train, one to test) in {str(folder)!r}, "
                f"got {len(found)}"
            )
        files += found
        labels += [label] * len(found)
    y = np.array(labels, np.uint8)[:, None]
    # Split before reading, so that an impossible split is known at once and not after a thousand pictures.
    if isinstance(test_size, float) and 0 < test_size < 1:  # every class is in the test part
        test_size = min(max(math.ceil(test_size * len(y)), len(folders)), len(y) - len(folders))
    train, test, y_train, y_test = train_test_split(
        np.arange(len(y)), y, test_size=test_size, stratify=y, seed=seed
    )
    x_train, x_test = (
        np.stack([read_picture(files[i], image_size, color_mode) for i in part]) for part in (train, test)
    )
    return (x_train, y_train), (x_test, y_test), tuple(f.name for f in folders)


def read_picture(
    path: str | os.PathLike[str], image_size: tuple[int, int] | None = None, color_mode: str = "rgb"
) -> Pictures:
    """Read one picture: uint8 of shape (height, width, 3), or (height, width, 1) with
    `color_mode="grayscale"`.

    `image_size` = (height, width) resizes it (bilinear); None keeps its size. A camera's turn (EXIF) is
    applied, transparency is laid on white, 16-bit grey is scaled to 8 bits; of an animation the first picture
    is taken.

    Raises FileNotFoundError if there is no such file, ValueError if it is no readable picture or absurdly
    large (more pixels than Pillow's `Image.MAX_IMAGE_PIXELS`), or for an unknown `color_mode` or
    `image_size`.
    """
    from PIL import Image, ImageOps

    if color_mode not in COLOR_MODES:
        near = difflib.get_close_matches(str(color_mode), COLOR_MODES, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"color_mode must be one of {', '.join(COLOR_MODES)}, got {color_mode!r}{hint}")
    if image_size is not None and not (
        isinstance(image_size, (tuple, list))
        and len(image_size) == 2
        and all(isinstance(s, (int, np.integer)) and s >= 1 for s in image_size)
    ):
        raise ValueError(f"image_size must be (height, width), two whole numbers ≥ 1, got {image_size!r}")
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"expected a picture at {str(file)!r}, got {'a folder' if file.is_dir() else 'no such file'}")
    with opened(file, str(file)) as given:
        picture = _flatten(ImageOps.exif_transpose(given))
    if image_size is not None:
        picture = picture.resize((int(image_size[1]), int(image_size[0])), Image.Resampling.BILINEAR)
    if color_mode == "grayscale":
        picture = picture.convert("L")
    return np.array(picture, np.uint8).reshape(picture.height, picture.width, COLOR_MODES[color_mode])


def _is_picture(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".") and file.suffix.lower() in ENDINGS


def _flatten(picture: Image.Image) -> Image.Image:
    """Any of Pillow's modes as opaque RGB of 8 bits."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would cut everything off at 255
        grey = np.asarray(picture).astype(np.int64) >> 8
        picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("its pixels are floats of unknown range")
    if "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")
