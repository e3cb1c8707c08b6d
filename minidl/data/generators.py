"""ImageDataGenerator: batches of pictures that are turned, shifted, stretched, flipped and scaled at random while a model trains.

    generator = ImageDataGenerator(rescale=1 / 255, rotation_range=20, horizontal_flip=True)
    model.fit(generator.flow(x, y, batch_size=32), epochs=3)
    model.fit(generator.flow_from_directory("train", target_size=(150, 150), class_mode="binary"), epochs=3)

The names are Keras', where newer code uses layers like RandomFlip and `image_dataset_from_directory`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from minidl.checks import number, true_or_false, whole
from minidl.registry import Configured, explain_keywords, nearest
from minidl.resampling import FILL_MODES, about_centre, affine

from .images import check_color_mode, check_data_format, check_size
from .picture_batches import ArrayPictures, FolderPictures, Saving, old_generator

Array: TypeAlias = npt.NDArray[Any]
SAME = {  # the parameters of a transformation that changes nothing
    "theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1, "flip_horizontal": False, "flip_vertical": False,
    "channel_shift_intensity": None, "brightness": None,
}  # fmt: skip


class ImageDataGenerator(Configured):
    """Makes batches of changed pictures; the pictures are arrays (height, width, channels).

    Each picture is changed at random: turned by up to `rotation_range` degrees; shifted by up to `width_shift_range` and
    `height_shift_range` (a fraction below 1 of its size; a whole number, or a list to choose from: of pixels); slanted by up to
    `shear_range` degrees; stretched by a factor between 1 − `zoom_range` and 1 + `zoom_range`, or between the two given, drawn for each
    axis; flipped, half of them, if `horizontal_flip` or `vertical_flip`; by up to `channel_shift_range` brighter or darker in all
    channels; as bright as a factor between the two of `brightness_range` says. What comes in from outside is `fill_mode` "nearest",
    "constant" (`cval`), "reflect" or "wrap"; `interpolation_order` 1 mixes neighbouring pixels, 0 takes the nearest.

    Then each is given to `preprocessing_function`, multiplied by `rescale`, and with `samplewise_center` loses its mean, with
    `samplewise_std_normalization` its mean and standard deviation; with `featurewise_center` and `featurewise_std_normalization` the mean
    and the deviation of all pictures, for each channel, which `fit` must have seen. `validation_split`: the share of the pictures that is
    the subset "validation". `dtype`: of the batches, float32 unless given.

    ValueError for arguments that make no sense. It does what Keras does, and with one seed draws the same numbers, but for this: shifts go
    along the axis that is named, and pictures that are not square turn about their middle (newer Keras exchanges the axes); "constant"
    and "wrap" treat the last half pixel at an edge as scipy.ndimage's "grid-constant" and "grid-wrap". Whitening (ZCA) is left out.
    """

    def __init__(
        self,
        *,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Array], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        check_data_format(data_format)
        self.featurewise_std_normalization = true_or_false("featurewise_std_normalization", featurewise_std_normalization)
        self.featurewise_center = true_or_false("featurewise_center", featurewise_center) or featurewise_std_normalization
        self.samplewise_std_normalization = true_or_false("samplewise_std_normalization", samplewise_std_normalization)
        self.samplewise_center = true_or_false("samplewise_center", samplewise_center) or samplewise_std_normalization
        self.rotation_range = number("rotation_range", rotation_range, 0)
        self.width_shift_range = _shift_range("width_shift_range", width_shift_range)
        self.height_shift_range = _shift_range("height_shift_range", height_shift_range)
        self.brightness_range = None if brightness_range is None else _pair("brightness_range", brightness_range, 0)
        self.shear_range = number("shear_range", shear_range, 0)
        one = np.ndim(zoom_range) == 0
        zoom_range = (1 - number("zoom_range", zoom_range, 0, below=1), 1 + zoom_range) if one else zoom_range
        self.zoom_range = _pair("zoom_range", zoom_range, 0)
        self.channel_shift_range = number("channel_shift_range", channel_shift_range, 0)
        if fill_mode not in FILL_MODES:
            raise ValueError(f"fill_mode must be one of {', '.join(FILL_MODES)}; got {fill_mode!r}")
        self.fill_mode, self.cval = fill_mode, number("cval", cval)
        self.horizontal_flip = true_or_false("horizontal_flip", horizontal_flip)
        self.vertical_flip = true_or_false("vertical_flip", vertical_flip)
        self.rescale = None if rescale is None else number("rescale", rescale)
        self.preprocessing_function = preprocessing_function
        self.validation_split = number("validation_split", validation_split, 0, below=1)
        if interpolation_order not in (0, 1):
            raise ValueError(f"interpolation_order must be 0 or 1; got {interpolation_order!r}")
        self.interpolation_order, self.dtype = interpolation_order, np.dtype(dtype or "float32")
        if self.dtype.kind != "f":
            raise ValueError(f"dtype must be a type of floats; got {self.dtype}")
        self.mean: Array | None = None  # what `fit` finds
        self.std: Array | None = None

    # ---------------------------------------------------------------- batches

    @explain_keywords
    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> ArrayPictures:
        """Batches of the pictures `x` (n, height, width, channels): x alone, `(x, y)`, or `(x, y, sample_weight)`. See `PictureBatches`.

        `subset`: "training" or "validation", which is the first part of the arrays, as large as `validation_split` says; both must have
        all classes (`ignore_class_split` allows that they have not). `save_to_dir`: a folder where the changed pictures are written too.
        """
        arrays = [None if a is None else np.asarray(a) for a in (x, y, sample_weight)]
        x, y = arrays[0], arrays[1]
        if x is None or x.ndim != 4 or x.dtype.kind not in "fiub":
            raise ValueError(f"flow takes pictures (n, height, width, channels); got {'None' if x is None else f'shape {x.shape}'}")
        for name, array in zip(("y", "sample_weight"), arrays[1:]):
            if array is not None and (array.ndim == 0 or len(array) != len(x)):
                raise ValueError(f"{name} must have one entry for each of the {len(x)} pictures; got shape {array.shape}")
        if subset is not None:
            first = int(len(x) * self._share(subset))
            if y is not None and not ignore_class_split and not np.array_equal(np.unique(y[:first]), np.unique(y[first:])):
                raise ValueError("the two subsets have not the same classes: shuffle the arrays first, if they are sorted by class")
            part = slice(first) if subset == "validation" else slice(first, None)
            arrays = [None if a is None else a[part] for a in arrays]
        saving = Saving(save_to_dir, save_prefix, save_format, 10**4)
        return ArrayPictures(self, arrays, batch_size, shuffle, seed, saving)

    @explain_keywords
    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> FolderPictures:
        """Batches of the pictures in a folder that has one folder for each class (hidden ones are left out). See `PictureBatches`.

        `target_size` = (height, width); `interpolation` and `keep_aspect_ratio` as in `load_img`. `classes`: the folders' names, if their
        order is not to be the alphabetical one. `class_mode`, what the labels are: "categorical" (one-hot), "binary" or "sparse"
        (numbers), all in `dtype`; "input" (the pictures again); None (no labels). `subset`: "training" or "validation", which are the first
        files of each folder in alphabetical order, as many as `validation_split` says.

        Prints how many were found. NotADirectoryError if there is no such folder, ValueError if there are no pictures in it.
        """
        share = None if subset is None else (subset, self._share(subset))
        saving = Saving(save_to_dir, save_prefix, save_format, 10**7)
        how = (check_size("target_size", target_size), check_color_mode(color_mode), interpolation, keep_aspect_ratio)
        return FolderPictures(self, directory, classes, class_mode, share, follow_links, how, batch_size, shuffle, seed, saving)

    def _share(self, subset: str) -> float:
        if subset not in ("training", "validation"):
            raise ValueError(f"subset must be 'training' or 'validation'; got {subset!r}")
        if not self.validation_split:
            raise ValueError(f"subset={subset!r} needs a share for validation: ImageDataGenerator(validation_split=…)")
        return self.validation_split

    # ---------------------------------------------------------------- one picture

    def random_transform(self, x: Any, seed: int | None = None) -> Array:
        """A picture (height, width, channels), changed at random: same shape, in `dtype`."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """How a picture of that shape is to be changed, drawn at random: what `apply_transform` takes."""
        return self._draw(img_shape, old_generator(seed))

    def _draw(self, shape: Sequence[int], rng: np.random.RandomState) -> dict[str, Any]:
        """The draws in the order of Keras', so that one seed gives one transformation."""
        theta = rng.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        ty = _drawn_shift(self.height_shift_range, shape[0], rng)
        tx = _drawn_shift(self.width_shift_range, shape[1], rng)
        shear = rng.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        zx, zy = (1, 1) if self.zoom_range == (1, 1) else rng.uniform(*self.zoom_range, 2)
        left_right, up_down = rng.random_sample() < 0.5, rng.random_sample() < 0.5
        channels = rng.uniform(-self.channel_shift_range, self.channel_shift_range) if self.channel_shift_range else None
        return {
            "theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy,
            "flip_horizontal": left_right and self.horizontal_flip, "flip_vertical": up_down and self.vertical_flip,
            "channel_shift_intensity": channels,
            "brightness": None if self.brightness_range is None else rng.uniform(*self.brightness_range),
        }  # fmt: skip

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> Array:
        """A picture (height, width, channels), changed as the parameters say; those that are missing change nothing.

        `theta` and `shear` in degrees; `tx`, `ty` in pixels: how far to the right, and down, the old picture is looked up; `zx`, `zy`
        factors: above 1 shows more of it; `flip_horizontal`, `flip_vertical`; `channel_shift_intensity`, added; `brightness`, a factor.
        """
        for name in transform_parameters:
            if name not in SAME:
                raise ValueError(f"no parameter of a transformation is called {name!r}: {nearest(str(name), SAME)}")
        now = {**SAME, **transform_parameters}
        x = np.array(x, self.dtype)
        if x.ndim != 3:
            raise ValueError(f"a picture has shape (height, width, channels); got {x.shape}")
        if any(now[name] != SAME[name] for name in ("theta", "tx", "ty", "shear", "zx", "zy")):
            matrices = _matrix(now["theta"], now["tx"], now["ty"], now["shear"], now["zx"], now["zy"], x.shape[:2])
            x = affine(x[None], matrices, self.interpolation_order, self.fill_mode, self.cval).numpy()[0]
        if now["channel_shift_intensity"] is not None:
            x = np.clip(x + x.dtype.type(now["channel_shift_intensity"]), x.min(), x.max())
        x = x[:, ::-1] if now["flip_horizontal"] else x
        x = x[::-1] if now["flip_vertical"] else x
        made: Array = np.ascontiguousarray(x if now["brightness"] is None else _as_bright(x, now["brightness"]))
        return made

    def standardize(self, x: Any) -> Array:
        """A picture as it is given to a model: what is to be done to each of them, in the order that the class names it."""
        made: Array = np.array(x, self.dtype)
        if self.preprocessing_function is not None:
            made = np.array(self.preprocessing_function(made), self.dtype)
        if self.rescale is not None:
            made *= self.rescale
        if self.samplewise_center:
            made -= made.mean()
        if self.samplewise_std_normalization:
            made /= made.std() + 1e-6
        if self.featurewise_center:
            made -= self._found(self.mean)
        if self.featurewise_std_normalization:
            made /= self._found(self.std) + 1e-6
        return made

    def _found(self, statistic: Array | None) -> Array:
        if statistic is None:
            raise ValueError("featurewise_center and featurewise_std_normalization need the mean of all pictures: call fit(x) first")
        return statistic

    @explain_keywords
    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find the mean and the standard deviation of the pictures `x` (n, height, width, channels), for each channel; with `augment`
        those of `rounds` times as many changed ones. `rescale` is applied first."""
        x = np.array(x, self.dtype)
        if x.ndim != 4 or not x.size:
            raise ValueError(f"fit takes pictures (n, height, width, channels); got shape {x.shape}")
        rng = old_generator(seed)
        if self.rescale is not None:
            x *= self.rescale
        if true_or_false("augment", augment):
            x = np.stack([self.apply_transform(one, self._draw(one.shape, rng)) for _ in range(whole("rounds", rounds)) for one in x])
        if self.featurewise_center:
            self.mean = x.mean((0, 1, 2), keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = x.std((0, 1, 2), keepdims=True)[0]


# -------------------------------------------------------------------- parts of a transformation


def _pair(name: str, given: Any, at_least: float) -> tuple[float, float]:
    if np.shape(given) != (2,):
        raise ValueError(f"{name} is two numbers, from and to; got {given!r}")
    low, high = (number(name, one, at_least) for one in given)
    if low > high:
        raise ValueError(f"{name} goes from the smaller to the larger number; got {given!r}")
    return low, high


def _shift_range(name: str, given: Any) -> Any:
    """A float (drawn evenly up to it), a whole number (pixels below it) or a list (to choose from)."""
    if np.ndim(given) == 1 and len(given):
        return [number(name, one) for one in given]
    return given if isinstance(given, (int, np.integer)) and number(name, given, 0) >= 0 else number(name, given, 0)


def _drawn_shift(given: Any, size: int, rng: np.random.RandomState) -> float:
    """How far, in pixels."""
    if not given:
        return 0
    if isinstance(given, float):
        far = rng.uniform(-given, given)
    else:
        far = float(rng.choice(given))
        far *= rng.choice([-1, 1])
    return float(far * size if np.max(given) < 1 else far)


def _matrix(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float, size: tuple[int, ...]) -> Array:
    """Where the new picture's rows and columns lie in the old one, (1, 2, 3): stretched, slanted, shifted, then turned, as Keras has it."""
    angle, slant = np.deg2rad(theta), np.deg2rad(shear)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # of (x, y)
    linear = turn @ np.array([[1, -np.sin(slant)], [0, np.cos(slant)]]) @ np.diag([zx, zy])
    shift = turn @ np.array([tx, ty])
    return about_centre(linear[None, ::-1, ::-1], shift[None, ::-1], (size[0], size[1]))  # rows first: (y, x)


def _as_bright(x: Array, factor: float) -> Array:
    """`factor` times as bright, in 256 steps as Pillow does it; values outside 0…255 are mapped to these and back. The fourth channel,
    which says how opaque a pixel is, stays."""
    low, high = x.min(), x.max()
    mapped = low < 0 or high > 255
    steps = np.trunc((x - low) / ((high - low) or 1) * 255 if mapped else x)
    bright = np.trunc(np.clip(steps * x.dtype.type(factor), 0, 255))
    bright[..., 3:] = steps[..., 3:]
    made: Array = bright / 255 * (high - low) + low if mapped else bright
    return made
