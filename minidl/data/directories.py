"""Folders of pictures as Datasets: one folder for each class, read as they are needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from minidl.checks import number, true_or_false, whole
from minidl.random_numbers import random_generator
from minidl.registry import explain_keywords, nearest

from .datasets import Dataset
from .images import check_color_mode, check_data_format, check_method, check_size, read_pixels, resize_array
from .splits import one_hot

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def files_below(folder: str, endings: tuple[str, ...], follow_links: bool) -> Iterator[str]:
    """The paths of all files with such endings below a folder, in alphabetical order: by folder, then by name."""
    for root, _, names in sorted(os.walk(folder, followlinks=follow_links)):
        for name in sorted(names):
            if name.lower().endswith(endings):
                yield os.path.join(root, name)


def check_directory(directory: Any) -> str:
    """`directory` as a text; NotADirectoryError if there is none."""
    path: str = os.path.expanduser(os.fspath(directory))
    if not os.path.isdir(path):
        raise NotADirectoryError(f"expected a folder of pictures, got {path!r}")
    return path


def check_classes(given: Iterable[str], folders: list[str]) -> list[str]:
    """The names of classes that somebody gives, if there is a folder for each; else ValueError."""
    names = list(given)
    for name in names:
        if name not in folders:
            raise ValueError(f"there is no folder for the class {name!r}: {nearest(str(name), folders)}")
    if len(set(names)) < len(names):
        raise ValueError(f"the classes need different names; got {names}")
    return names


@explain_keywords
def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    verbose: bool = True,
) -> Any:
    """A Dataset of the pictures in a folder (.bmp, .gif, .jpeg, .jpg, .png; other files are left out), read batch by batch.

    An element is `(images, labels)`: images are float32 of shape (batch, *image_size, channels) in 0…255, not scaled; the channels are 3,
    1 with `color_mode` "grayscale", 4 with "rgba". With `batch_size=None` an element is one picture.

    `labels`: "inferred" from the names of the folders in `directory`, in alphabetical order or as `class_names` gives them; or a list of
    whole numbers, one for each file in alphabetical order; or None for pictures alone. `label_mode`: "int" (int32, (batch,)), "binary"
    (float32, (batch, 1), for two classes), "categorical" (float32, (batch, classes), one-hot), or None for none.

    `shuffle`: the files are put in random order once, and each pass draws a new order among 8 batches that wait. `validation_split`, a
    share of the files, is for the `subset` "validation", the rest for "training"; "both" gives a list of both. If they are shuffled, one
    `seed` must be given. The files of each part, and the order of the unshuffled ones, are those that Keras chooses for that seed; the
    order of a pass is not.

    `interpolation`: "bilinear" or "nearest" (images are then uint8), as in `resize`. `crop_to_aspect_ratio` first cuts the largest part
    of that shape out of the middle. `follow_links`: whether links to folders are followed. The Dataset has `class_names`, `file_paths`.

    Raises NotADirectoryError if there is no such folder, ValueError for arguments that do not fit, if there are no pictures, and, when it
    is gone through, for a file that is no readable picture.
    """
    directory, color_mode = check_directory(directory), check_color_mode(color_mode)
    check_data_format(data_format)
    height, width = check_size("image_size", image_size)
    method, crop = check_method(interpolation), true_or_false("crop_to_aspect_ratio", crop_to_aspect_ratio)
    true_or_false("shuffle", shuffle)
    _check_labels(labels, label_mode, class_names)
    share = _check_split(validation_split, subset, shuffle, seed)
    if batch_size is not None:
        batch_size = whole("batch_size", batch_size)

    paths, numbers, names = _index(directory, labels if label_mode else None, class_names, true_or_false("follow_links", follow_links))
    if verbose:
        print(f"Found {len(paths)} files" + (f" belonging to {len(names)} classes." if names is not None else "."))
    if not paths:
        raise ValueError(f"found no pictures in {directory!r}: expected one folder for each class, and files like {', '.join(ENDINGS)}")
    if label_mode == "binary" and len(names or ()) != 2:
        raise ValueError(f"label_mode='binary' is for two classes, got {len(names or ())}: 'int' or 'categorical' is for more")
    if shuffle:
        seed = int(random_generator().integers(10**6)) if seed is None else whole("seed", seed, 0)
        order = np.random.RandomState(seed).permutation(len(paths))  # the old generator, because it is Keras'
        paths, numbers = [paths[i] for i in order], numbers[order]

    targets = None if names is None or label_mode is None else _targets(numbers, label_mode, len(names))

    def part(which: slice, mixed: bool) -> Dataset:
        chosen = paths[which]
        wanted = None if targets is None else targets[which]

        def read(i: int) -> Any:
            image = _read(chosen[i], color_mode, (height, width), method, crop)
            return image if wanted is None else (image, wanted[i])

        places = Dataset(lambda: iter(range(len(chosen))), len(chosen), names)
        if mixed:
            places = places.shuffle(8 * batch_size if batch_size else 1024, seed)
        made = places._like(lambda: map(read, places._make()), len(chosen))
        made = made if batch_size is None else made.batch(batch_size)
        made.file_paths = chosen
        return made

    n = len(paths)
    last = int(share * n)
    if share and last == 0:
        raise ValueError(f"validation_split={share} of {n} files leaves none for validation")
    train, validation = slice(n - last), slice(n - last, n)
    if verbose and subset in ("training", "both"):
        print(f"Using {n - last} files for training.")
    if verbose and subset in ("validation", "both"):
        print(f"Using {last} files for validation.")
    if subset == "both":
        return [part(train, shuffle), part(validation, False)]
    return part(validation if subset == "validation" else train, shuffle)


def _check_labels(labels: Any, label_mode: Any, class_names: Any) -> None:
    if label_mode not in ("int", "binary", "categorical", None):
        raise ValueError(f"label_mode must be 'int', 'binary', 'categorical' or None; got {label_mode!r}")
    if not (labels is None or isinstance(labels, str) and labels == "inferred" or isinstance(labels, (list, tuple, np.ndarray))):
        raise ValueError(f"labels must be 'inferred', a list of whole numbers, or None; got {labels!r}")
    if class_names is not None and not isinstance(labels, str):
        raise ValueError("class_names gives the order of the folders: it is for labels='inferred'")


def _check_split(validation_split: Any, subset: Any, shuffle: bool, seed: Any) -> float:
    """The share for validation, 0 without a split; ValueError where the arguments do not go together."""
    if subset not in ("training", "validation", "both", None):
        raise ValueError(f"subset must be 'training', 'validation', 'both' or None; got {subset!r}")
    if bool(validation_split) != (subset is not None):
        raise ValueError("validation_split and subset go together: one says how much, the other which part")
    if not validation_split:
        return 0.0
    if shuffle and seed is None:
        raise ValueError("a split of shuffled files needs a seed, the same for both parts: or some files would be in both")
    return number("validation_split", validation_split, above=0, below=1)


def _index(
    directory: str, labels: Any, class_names: Any, follow_links: bool
) -> tuple[list[str], npt.NDArray[np.int32], list[str] | None]:
    """All files in alphabetical order, the number of each one's class, and the names of the classes (None without labels)."""
    if not isinstance(labels, str):
        paths = list(files_below(directory, ENDINGS, follow_links))
        if labels is None:
            return paths, np.zeros(len(paths), np.int32), None
        if len(labels) != len(paths):
            raise ValueError(f"labels must have one number for each of the {len(paths)} files in {directory!r}; got {len(labels)}")
        given = [whole("labels", label, 0) for label in labels]
        return paths, np.array(given, np.int32), [str(label) for label in sorted(set(given))]
    folders = sorted(f for f in os.listdir(directory) if os.path.isdir(os.path.join(directory, f)) and not f.startswith("."))
    names = folders if class_names is None else check_classes(class_names, folders)
    found = [list(files_below(os.path.join(directory, name), ENDINGS, follow_links)) for name in names]
    return [path for paths in found for path in paths], np.repeat(np.arange(len(names), dtype=np.int32), [len(f) for f in found]), names


def _targets(numbers: npt.NDArray[np.int32], label_mode: str, classes: int) -> npt.NDArray[Any]:
    if label_mode == "int":
        return numbers
    return one_hot(numbers, classes) if label_mode == "categorical" else numbers[:, None].astype(np.float32)


def _read(path: str, color_mode: str, size: tuple[int, int], method: str, crop: bool) -> npt.NDArray[Any]:
    """One picture of that size."""
    pixels = read_pixels(path, color_mode)
    if crop:
        pixels = _middle(pixels, size)
    return resize_array(pixels, size, method)


def _middle(pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The largest part in the middle that has the shape of `size`."""
    height, width = pixels.shape[:2]
    down = max(min(height, int(np.float32(width * size[0]) / np.float32(size[1]))), 1)  # in float32, as Keras does it
    across = max(min(width, int(np.float32(height * size[1]) / np.float32(size[0]))), 1)
    top, left = (height - down) // 2, (width - across) // 2
    return pixels[top : top + down, left : left + across]
