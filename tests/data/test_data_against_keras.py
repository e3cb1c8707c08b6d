"""Beside Keras and TensorFlow: the same pictures, files, labels and random changes. (PNG and BMP: their JPEG decoder rounds otherwise.)"""

import os
import warnings
from unittest import mock

import numpy as np
import pytest
from PIL import Image

from minidl import data
from minidl.data.datasets import Dataset

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore:Please import .affine_transform.:DeprecationWarning")]  # Keras' own
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def tf():
    pytest.importorskip("keras", reason="Keras, the oracle here, is not installed")
    with warnings.catch_warnings(), mock.patch.dict(os.environ, {"TF_CPP_MIN_LOG_LEVEL": "3"}):
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow", reason="TensorFlow, the oracle here, is not installed")


@pytest.fixture(scope="module")
def keras(tf):
    import keras

    return keras


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for name, count in (("rose", 11), ("Daisy", 7), ("tulip", 9)):
        for i in range(count):
            file = root / name / ("deeper" if i % 4 == 3 else "") / f"{i}.{'png' if i % 2 else 'bmp'}"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(RNG.integers(0, 256, (10 + i, 20 - i, 3), np.uint8)).save(file)
    (root / "rose" / "notes.txt").write_text("no picture")
    return root


def same(mine, theirs):
    mine, theirs = (x if isinstance(x, tuple) else (x,) for x in (mine, theirs))
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs):
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(1, 1), (3, 4), (32, 32), (180, 97)])
def test_resize(tf, method, size):
    for shape in ((5, 7, 3), (2, 40, 31, 1), (1, 1, 3)):
        for dtype in ("uint8", "float32"):
            x = RNG.uniform(0, 255, shape).astype(dtype)
            same(data.resize(x, size, method), tf.image.resize(x, size, method))
            assert data.resize(x, size, preserve_aspect_ratio=True).shape == tf.image.resize(x, size, preserve_aspect_ratio=True).shape


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"interpolation": "nearest", "label_mode": "categorical"},
        {"batch_size": None, "crop_to_aspect_ratio": True},
        {"image_size": (33, 9), "crop_to_aspect_ratio": True, "class_names": ["tulip", "rose"], "label_mode": "binary"},
        {"validation_split": 0.2, "subset": "training"},
        {"validation_split": 0.3, "subset": "both", "color_mode": "rgba"},
        {"labels": None},
        {"label_mode": None},
        {"labels": [i % 4 for i in range(27)]},
    ],
)
@pytest.mark.parametrize("seed", [None, 123])
def test_image_dataset_from_directory(keras, folder, capsys, given, seed):
    """Without shuffling everything is equal; with a seed the files of each part are, and their order in `file_paths`."""
    given = {"image_size": (8, 9), "batch_size": 4, "shuffle": seed is not None, "seed": seed, **given}
    theirs = keras.utils.image_dataset_from_directory(folder, **given)
    printed = capsys.readouterr().out
    mine = data.image_dataset_from_directory(folder, **given)
    assert capsys.readouterr().out == printed
    pairs = list(zip(mine, theirs)) if isinstance(mine, list) else [(mine, theirs)]
    for a, b in pairs:
        assert a.file_paths == list(map(str, b.file_paths))
        assert getattr(a, "class_names", None) == b.class_names
        assert len(a) == len(b)
        if seed is None:
            for element, other in zip(a, b, strict=True):
                same(element, tuple(t.numpy() for t in other) if isinstance(other, tuple) else other.numpy())


@pytest.mark.parametrize("target_size", [None, (5, 9)])
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_load_img_and_arrays(keras, folder, target_size, keep, color_mode):
    for interpolation in ("nearest", "bilinear", "lanczos"):
        given = {"color_mode": color_mode, "target_size": target_size, "interpolation": interpolation, "keep_aspect_ratio": keep}
        for file in (folder / "rose" / "1.png", folder / "tulip" / "8.bmp"):
            mine, theirs = data.load_img(file, **given), keras.utils.load_img(file, **given)
            same(data.img_to_array(mine), keras.utils.img_to_array(theirs))
            for x in (np.asarray(mine), RNG.normal(size=(4, 5, data.img_to_array(mine).shape[2]))):
                x = data.img_to_array(x)
                same(data.array_to_img(x), keras.utils.array_to_img(x))
                same(data.array_to_img(x * 60, scale=False), keras.utils.array_to_img(x * 60, scale=False)) if x.min() >= 0 else None


def test_labels(keras):
    for labels in ([0, 2, 1], np.array([[3], [1]], "uint8"), np.array([[0, 1], [2, 0]]), np.array(1), np.array([0.0, 2.0])):
        for classes in (None, 5):
            np.testing.assert_array_equal(data.to_categorical(labels, classes), keras.utils.to_categorical(labels, classes))
    x = RNG.normal(size=(3, 4, 5))
    x[1] = 0
    for axis in (-1, 1, 2):
        for order in (1, 2, 3):
            np.testing.assert_allclose(data.normalize(x, axis, order), keras.utils.normalize(x, axis, order), rtol=1e-12)


# -------------------------------------------------------------------- Dataset


@pytest.mark.parametrize(
    "steps",
    [
        lambda d: d.batch(3),
        lambda d: d.batch(3, drop_remainder=True).unbatch(),
        lambda d: d.skip(2).take(5).repeat(2),
        lambda d: d.map(lambda x, y: (x * 2, y)).cache().batch(4),
        lambda d: d.filter(lambda x, y: y > 3).enumerate(start=2),
        lambda d: d.concatenate(d.take(1)).prefetch(2),
        lambda d: type(d).zip((d, d.skip(1))) if isinstance(d, Dataset) else d.zip((d, d.skip(1))),
    ],
)
def test_datasets(tf, steps):
    x, y = RNG.normal(size=(10, 2)).astype("float32"), list(range(10))
    mine = steps(Dataset.from_tensor_slices((x, y)))
    theirs = steps(tf.data.Dataset.from_tensor_slices((x, y)))
    assert mine.cardinality() in (theirs.cardinality().numpy(), -2)  # TensorFlow knows more about what was unbatched

    def flat(element):
        return [leaf for part in element for leaf in flat(part)] if isinstance(element, tuple) else [element]

    for a, b in zip(mine.as_numpy_iterator(), theirs.as_numpy_iterator(), strict=True):
        for one, other in zip(flat(a), flat(b), strict=True):
            same(one, other)


# -------------------------------------------------------------------- ImageDataGenerator


@pytest.fixture(scope="module")
def legacy(keras):
    pytest.importorskip("scipy", reason="SciPy, which Keras needs for this, is not installed")
    return pytest.importorskip("keras.src.legacy.preprocessing.image", reason="this Keras has no ImageDataGenerator")


RANGES = [
    {},
    {"rotation_range": 40},
    {"shear_range": 20.0, "zoom_range": 0.3},
    {"zoom_range": [0.5, 1.5], "horizontal_flip": True, "vertical_flip": True},
    {"channel_shift_range": 30.0, "rescale": 1 / 255},
    {"brightness_range": (0.3, 1.8), "samplewise_std_normalization": True},
    {"rotation_range": 15, "fill_mode": "reflect", "brightness_range": [0.5, 1.5], "featurewise_std_normalization": True},
    {"rotation_range": 15, "interpolation_order": 0, "preprocessing_function": lambda x: x - 3},
]


def both(legacy, given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that one normalization needs the other
        return data.ImageDataGenerator(**given), legacy.ImageDataGenerator(**given)


@pytest.mark.parametrize("given", RANGES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_flow(legacy, given, channels):
    """With one seed: the same order, the same random numbers, the same pictures, by next() and by number."""
    x = RNG.integers(0, 256, (11, 9, 9, channels)).astype("float32")
    mine, theirs = both(legacy, given)
    mine.fit(x)
    theirs.fit(x)
    y = np.arange(11)
    for shuffle in (True, False):
        a, b = (g.flow(x, y, batch_size=4, seed=5, shuffle=shuffle) for g in (mine, theirs))
        assert len(a) == len(b) == 3 and a.n == b.n
        take = [next] * 7 + [lambda d, i=i: d[i] for i in (0, 1, 2)] + [lambda d: d.on_epoch_end() or d[0]]
        for how in take:
            (p, q), (r, s) = how(a), how(b)
            np.testing.assert_array_equal(q, s)
            assert p.dtype == r.dtype and p.shape == r.shape
            rounding = 1.01 if {"brightness_range", "rotation_range"} <= given.keys() else 0  # to whole numbers, after interpolation
            np.testing.assert_allclose(p, r, atol=1e-4 * np.abs(r).max() + rounding)


@pytest.mark.parametrize("shift", [0.3, 2, [1, 3], [0.1, 0.4]])
def test_shifts_are_keras_with_the_axes_exchanged(legacy, shift):
    """Keras draws how far to shift along the height, and from version 2.11 on shifts along the width."""
    mine, theirs = both(legacy, {"height_shift_range": shift, "width_shift_range": shift})
    for seed in range(5):
        a, b = mine.get_random_transform((9, 9, 3), seed), theirs.get_random_transform((9, 9, 3), seed)
        assert (a["ty"], a["tx"]) == (b["tx"], b["ty"])
        assert {k: v for k, v in a.items() if k not in ("tx", "ty")} == {k: v for k, v in b.items() if k not in ("tx", "ty")}


@pytest.mark.parametrize("fill_mode", ["nearest", "reflect"])
@pytest.mark.parametrize(
    "parameters",
    [{"tx": 2}, {"ty": -1.5}, {"theta": 30, "tx": 1, "ty": 2}, {"shear": 20, "zx": 0.7, "zy": 1.4, "theta": -50}, {"zx": 2}],
)
def test_transformations_of_square_pictures(legacy, fill_mode, parameters):
    x = RNG.normal(size=(8, 8, 3)).astype("float32")
    mine, theirs = both(legacy, {"fill_mode": fill_mode})
    np.testing.assert_allclose(mine.apply_transform(x, parameters), theirs.apply_transform(x, parameters), atol=1e-5)


@pytest.mark.parametrize("class_mode", ["categorical", "binary", "sparse", "input", None])
@pytest.mark.parametrize("subset", ["training", "validation", None])
def test_flow_from_directory(legacy, folder, capsys, class_mode, subset):
    mine, theirs = both(legacy, {"validation_split": 0.3, "rescale": 1 / 255, "horizontal_flip": True})
    given = {"target_size": (7, 8), "batch_size": 5, "seed": 3, "class_mode": class_mode, "subset": subset, "classes": ["rose", "Daisy"]}
    b = theirs.flow_from_directory(folder, **given)
    printed = capsys.readouterr().out
    a = mine.flow_from_directory(folder, **given)
    assert capsys.readouterr().out == printed
    for name in ("n", "samples", "filenames", "class_indices", "image_shape", "num_classes", "target_size"):
        assert getattr(a, name) == getattr(b, name), name
    same(a.classes, b.classes)
    assert a.filepaths == list(map(str, b.filepaths))
    for _ in range(4):
        same(next(a), next(b))
