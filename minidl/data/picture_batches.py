"""What `ImageDataGenerator` gives: batches of pictures from arrays or from folders, each picture changed when its turn comes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minidl.checks import true_or_false, whole
from minidl.random_numbers import random_generator

from .directories import check_classes, check_directory, files_below
from .images import CHANNELS, RESAMPLING, array_to_img, img_to_array, load_img
from .splits import one_hot

Array: TypeAlias = npt.NDArray[Any]
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".tif", ".tiff")
CLASS_MODES = ("categorical", "binary", "sparse", "input", None)


def old_generator(seed: int | None) -> np.random.RandomState:
    """NumPy's old generator, because it is Keras'; without a seed, one that `minidl.set_seed` decides."""
    return np.random.RandomState(int(random_generator().integers(2**32)) if seed is None else whole("seed", seed, 0))


class Saving:
    """Where the changed pictures are written, if they are."""

    def __init__(self, folder: Any, prefix: str, ending: str, numbers: int) -> None:
        self.folder, self.prefix, self.ending, self.numbers = folder, prefix, ending, numbers
        if folder is not None and not os.path.isdir(folder):
            raise NotADirectoryError(f"save_to_dir must be a folder, got {os.fspath(folder)!r}")

    def save(self, pictures: Array, indices: Array, rng: np.random.RandomState) -> None:
        if self.folder is not None:
            for picture, index in zip(pictures, indices):
                name = f"{self.prefix}_{index}_{rng.randint(self.numbers)}.{self.ending}"
                array_to_img(picture).save(os.path.join(self.folder, name))


class PictureBatches:
    """Batches of pictures, each picture changed anew each time. `fit` goes once through them in an epoch, `evaluate` and `predict` once;
    `next()` and `for` go on without end; indexing gives one batch; `len` is the number of batches in one round.

    `n` is the number of pictures. Each round has a new order if `shuffle`; a `seed` makes everything repeatable, and without one
    `minidl.set_seed` does. `reset()` starts again with the first batch.
    """

    def __init__(self, generator: Any, n: int, batch_size: Any, shuffle: Any, seed: Any, saving: Saving) -> None:
        self.image_data_generator, self.n, self._saving = generator, n, saving
        self.batch_size, self.shuffle = whole("batch_size", batch_size), true_or_false("shuffle", shuffle)
        self.seed = None if seed is None else whole("seed", seed, 0)
        self.batch_index = self.total_batches_seen = 0
        self.index_array: Array | None = None
        self._rng = old_generator(self.seed)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._count()
        if self.batch_index == 0 or self.index_array is None:
            self.on_epoch_end()
        place, self.batch_index = self.batch_index, (self.batch_index + 1) % len(self)
        return self._batch(place)

    def next(self) -> Any:
        """The next batch."""
        return next(self)

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} batches, counted from 0; got {index}")
        self._count()
        if self.index_array is None:
            self.on_epoch_end()
        return self._batch(index % len(self))

    def reset(self) -> None:
        """Go on with the first batch of a new round."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        """Draw the order of the next round."""
        self.index_array = self._rng.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _count(self) -> None:
        """Each batch has random numbers of its own, those that Keras draws for it."""
        self._rng = old_generator(None if self.seed is None else self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def _batch(self, place: int) -> Any:
        assert self.index_array is not None
        indices = self.index_array[place * self.batch_size : (place + 1) * self.batch_size]
        made, pictures = self.image_data_generator, []
        for i in indices:
            x = self._picture(i)
            pictures.append(made.standardize(made.apply_transform(x, made._draw(x.shape, self._rng))))
        x = np.stack(pictures)
        self._saving.save(x, indices, self._rng)
        labels = self._labels(x, indices)
        return (x, *labels) if labels else x

    def _picture(self, i: int) -> Array:
        raise NotImplementedError

    def _labels(self, x: Array, indices: Array) -> tuple[Array, ...]:
        raise NotImplementedError


class ArrayPictures(PictureBatches):
    """What `ImageDataGenerator.flow` gives. `x`, `y`, `sample_weight` are the arrays."""

    def __init__(self, generator: Any, arrays: Any, batch_size: Any, shuffle: Any, seed: Any, saving: Saving) -> None:
        self.x, self.y, self.sample_weight = arrays
        if not len(self.x):
            raise ValueError("there are no pictures")
        super().__init__(generator, len(self.x), batch_size, shuffle, seed, saving)

    def _picture(self, i: int) -> Array:
        picture: Array = self.x[i]
        return picture

    def _labels(self, x: Array, indices: Array) -> tuple[Array, ...]:
        given = () if self.y is None else (self.y,) if self.sample_weight is None else (self.y, self.sample_weight)
        return tuple(array[indices] for array in given)


class FolderPictures(PictureBatches):
    """What `ImageDataGenerator.flow_from_directory` gives.

    `samples` (and `n`): how many pictures; `filenames`: their paths below the folder, `filepaths`: whole; `classes`: the number of each
    one's class, int32 (samples,); `class_indices`: the numbers by the classes' names; `image_shape`: (height, width, channels).
    """

    def __init__(
        self, generator: Any, directory: Any, classes: Any, class_mode: Any, share: tuple[str, float] | None,
        follow_links: Any, how: tuple[tuple[int, int], str, str, bool], batch_size: Any, shuffle: Any, seed: Any, saving: Saving,
    ) -> None:  # fmt: skip
        self.directory, self.class_mode = check_directory(directory), class_mode
        self.target_size, self.color_mode, self.interpolation, self.keep_aspect_ratio = how
        if class_mode not in CLASS_MODES:
            raise ValueError(f"class_mode must be 'categorical', 'binary', 'sparse', 'input' or None; got {class_mode!r}")
        if self.interpolation not in RESAMPLING:
            raise ValueError(f"interpolation must be one of {', '.join(RESAMPLING)}; got {self.interpolation!r}")
        folders = sorted(e.name for e in os.scandir(self.directory) if e.is_dir() and not e.name.startswith("."))
        names = check_classes(classes, folders) if classes else folders
        follow_links = true_or_false("follow_links", follow_links)
        found = [list(files_below(os.path.join(self.directory, name), ENDINGS, follow_links)) for name in names]
        if share is not None:
            subset, part = share
            found = [f[: int(part * len(f))] if subset == "validation" else f[int(part * len(f)) :] for f in found]
        self.filepaths = [path for paths in found for path in paths]
        self.filenames = [os.path.relpath(path, self.directory) for path in self.filepaths]
        self.classes = np.repeat(np.arange(len(names), dtype=np.int32), [len(paths) for paths in found])
        self.class_indices = {name: i for i, name in enumerate(names)}
        self.samples, self.num_classes = len(self.filepaths), len(names)
        self.image_shape = (*self.target_size, CHANNELS[self.color_mode])
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        if not self.samples:
            raise ValueError(f"found no pictures in {self.directory!r}: expected one folder for each class, and pictures in them")
        if class_mode == "binary" and len(names) > 2:
            raise ValueError(f"class_mode='binary' is for two classes, got {len(names)}: use 'sparse' or 'categorical'")
        super().__init__(generator, self.samples, batch_size, shuffle, seed, saving)

    @property
    def labels(self) -> Array:
        """The number of each picture's class: `classes`."""
        return self.classes

    def _picture(self, i: int) -> Array:
        return img_to_array(load_img(self.filepaths[i], self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio))

    def _labels(self, x: Array, indices: Array) -> tuple[Array, ...]:
        if self.class_mode is None:
            return ()
        if self.class_mode == "input":
            return (x.copy(),)
        numbers = self.classes[indices]
        return (one_hot(numbers, self.num_classes, x.dtype) if self.class_mode == "categorical" else numbers.astype(x.dtype),)
