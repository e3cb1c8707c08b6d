"""ImageDataGenerator: each change against the change by hand, the batches, and training on them."""

import numpy as np
import pytest
from PIL import Image

import minidl
from minidl.data import ImageDataGenerator

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (7, 6, 8, 3), np.uint8)
Y = np.arange(7) % 2
ONE = X[0].astype("float32")


def change(**parameters):
    return ImageDataGenerator(fill_mode="constant", cval=-1.0).apply_transform(ONE, parameters)


# -------------------------------------------------------------------- changes


def test_shifts_go_along_the_named_axis():
    right = change(tx=2)
    np.testing.assert_array_equal(right[:, :-2], ONE[:, 2:])
    assert (right[:, -2:] == -1).all()
    down = change(ty=-1)
    np.testing.assert_array_equal(down[1:], ONE[:-1])
    assert (down[0] == -1).all()


def test_turning_by_a_quarter_about_the_middle():
    square = ONE[:, :6]
    for quarters in (1, 2, 3):
        turned = ImageDataGenerator().apply_transform(square, {"theta": 90 * quarters})
        np.testing.assert_allclose(turned, np.rot90(square, quarters), atol=1e-3)
    np.testing.assert_allclose(change(theta=180), ONE[::-1, ::-1], atol=1e-3)  # not square: the middle stays


def test_stretching_and_slanting():
    x = np.zeros((5, 5, 1))
    x[2, 2] = 1
    generator = ImageDataGenerator()
    np.testing.assert_allclose(generator.apply_transform(x, {"zx": 0.5})[2, :, 0], [0, 0.5, 1, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(generator.apply_transform(x, {"zy": 0.5})[:, 2, 0], [0, 0.5, 1, 0.5, 0], atol=1e-6)
    slanted = generator.apply_transform(x, {"shear": 30})
    assert slanted[2, 2, 0] == pytest.approx(1) and slanted[1:4].sum() > 1


def test_flips_channels_and_brightness():
    np.testing.assert_array_equal(change(flip_horizontal=True), ONE[:, ::-1])
    np.testing.assert_array_equal(change(flip_vertical=True), ONE[::-1])
    np.testing.assert_array_equal(change(channel_shift_intensity=40), np.clip(ONE + 40, ONE.min(), ONE.max()))
    np.testing.assert_array_equal(change(brightness=0.5), ONE // 2)
    np.testing.assert_array_equal(change(brightness=2.0), np.minimum(ONE * 2, 255))
    small = ImageDataGenerator().apply_transform(ONE / 127.5 - 1, {"brightness": 1.0})
    np.testing.assert_allclose(small, ONE / 127.5 - 1, atol=2 / 255)
    opaque = np.concatenate([ONE, ONE[..., :1]], axis=2)
    np.testing.assert_array_equal(ImageDataGenerator().apply_transform(opaque, {"brightness": 0.5})[..., 3], opaque[..., 3])
    np.testing.assert_array_equal(change(), ONE)
    assert change() is not ONE


@pytest.mark.parametrize(
    ("given", "key", "low", "high"),
    [
        ({"rotation_range": 30}, "theta", -30, 30),
        ({"width_shift_range": 0.25}, "tx", -2, 2),
        ({"height_shift_range": 0.5}, "ty", -3, 3),
        ({"shear_range": 10.0}, "shear", -10, 10),
        ({"zoom_range": 0.25}, "zx", 0.75, 1.25),
        ({"zoom_range": (0.9, 2)}, "zy", 0.9, 2),
        ({"channel_shift_range": 9}, "channel_shift_intensity", -9, 9),
        ({"brightness_range": (0.2, 0.6)}, "brightness", 0.2, 0.6),
    ],
)
def test_ranges(given, key, low, high):
    generator = ImageDataGenerator(**given)
    drawn = [generator.get_random_transform((6, 8, 3), seed)[key] for seed in range(300)]
    assert low <= min(drawn) < low + (high - low) / 10 and high - (high - low) / 10 < max(drawn) <= high


@pytest.mark.parametrize(("given", "expected"), [(3, {-2, -1, 0, 1, 2}), ([1, 4], {-4, -1, 1, 4}), ([0.25], {-2, 2}), (0, {0})])
def test_shifts_to_choose_from(given, expected):
    generator = ImageDataGenerator(width_shift_range=given)
    assert {generator.get_random_transform((6, 8, 3), seed)["tx"] for seed in range(99)} == expected


def test_half_of_them_are_flipped():
    generator = ImageDataGenerator(horizontal_flip=True)
    drawn = [generator.get_random_transform((6, 8, 3), seed) for seed in range(400)]
    assert 160 < sum(d["flip_horizontal"] for d in drawn) < 240 and not any(d["flip_vertical"] for d in drawn)


def test_random_transform_is_repeatable():
    generator = ImageDataGenerator(rotation_range=30, zoom_range=0.2)
    np.testing.assert_array_equal(generator.random_transform(ONE, seed=1), generator.random_transform(X[0], seed=1))
    assert not np.array_equal(generator.random_transform(ONE, seed=1), generator.random_transform(ONE, seed=2))
    for _ in range(2):
        minidl.set_seed(3)
        found = generator.random_transform(ONE)
        minidl.set_seed(3)
        np.testing.assert_array_equal(found, generator.random_transform(ONE))


# -------------------------------------------------------------------- scaling


def test_standardize():
    twice = ImageDataGenerator(preprocessing_function=lambda x: x + 1, rescale=0.5)
    np.testing.assert_array_equal(twice.standardize(X[0]), (ONE + 1) * 0.5)
    centred = ImageDataGenerator(samplewise_center=True).standardize(X[0])
    assert abs(centred.mean()) < 1e-4 and centred.std() == pytest.approx(ONE.std(), rel=1e-5)
    normal = ImageDataGenerator(samplewise_std_normalization=True).standardize(X[0])
    assert abs(normal.mean()) < 1e-5 and normal.std() == pytest.approx(1, rel=1e-5)
    assert twice.standardize(X[0]).dtype == np.float32 and X.dtype == np.uint8


def test_featurewise():
    generator = ImageDataGenerator(featurewise_std_normalization=True, rescale=1 / 255)
    with pytest.raises(ValueError, match=r"call fit\(x\) first"):
        generator.standardize(X[0])
    generator.fit(X)
    scaled = np.stack([generator.standardize(x) for x in X])
    np.testing.assert_allclose(scaled.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std((0, 1, 2)), 1, atol=1e-4)
    augmented = ImageDataGenerator(featurewise_center=True, vertical_flip=True, channel_shift_range=60.0)
    augmented.fit(X, augment=True, rounds=3, seed=1)
    assert augmented.mean.shape == (1, 1, 3) and not np.allclose(augmented.mean, X.mean((0, 1, 2)), atol=1e-3)
    with pytest.raises(ValueError, match="fit takes pictures"):
        generator.fit(X[0])


# -------------------------------------------------------------------- batches of arrays


def test_flow():
    batches = ImageDataGenerator(rescale=1 / 255).flow(X, Y, batch_size=3, shuffle=False)
    assert (len(batches), batches.n, batches.batch_size) == (3, 7, 3)
    images, labels = batches[1]
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, X[3:6] / 255, rtol=1e-6)
    np.testing.assert_array_equal(labels, Y[3:6])
    assert [len(batches[i][0]) for i in (0, 1, 2, -1)] == [3, 3, 1, 1]
    for i in (3, -4):
        with pytest.raises(IndexError, match="there are 3 batches"):
            batches[i]
    assert ImageDataGenerator(dtype="float64").flow(X)[0].dtype == np.float64
    weighted = ImageDataGenerator().flow(X, Y, sample_weight=Y + 1, shuffle=False)[0]
    assert len(weighted) == 3 and weighted[2].tolist() == (Y + 1).tolist()


def test_next_goes_on_and_reset_starts_again():
    batches = ImageDataGenerator().flow(X, np.arange(7), batch_size=3, shuffle=False)
    assert [next(batches)[1].tolist() for _ in range(4)] == [[0, 1, 2], [3, 4, 5], [6], [0, 1, 2]]
    assert batches.next()[1].tolist() == [3, 4, 5]
    batches.reset()
    assert next(batches)[1].tolist() == [0, 1, 2]
    assert [labels.tolist() for _, (_, labels) in zip(range(4), batches)] == [[3, 4, 5], [6], [0, 1, 2], [3, 4, 5]]


def test_orders_are_new_complete_and_repeatable():
    def rounds(batches, n=3):
        return [[label for _ in range(len(batches)) for label in next(batches)[1].tolist()] for _ in range(n)]

    flow = ImageDataGenerator().flow
    first = rounds(flow(X, np.arange(7), batch_size=3, seed=1))
    assert all(sorted(one) == list(range(7)) for one in first) and first[0] != first[1]
    assert first == rounds(flow(X, np.arange(7), batch_size=3, seed=1)) != rounds(flow(X, np.arange(7), batch_size=3, seed=2))
    found = []
    for seed in (1, 1, 2):
        batches = flow(X, np.arange(7), batch_size=3)
        minidl.set_seed(seed)
        found.append(rounds(batches))
    assert found[0] == found[1] != found[2]


def test_each_picture_is_changed_anew():
    batches = ImageDataGenerator(rotation_range=90).flow(X, batch_size=7, shuffle=False, seed=0)
    first, second = next(batches), next(batches)
    assert not np.array_equal(first, second) and not np.array_equal(first, X)


def test_subsets():
    generator = ImageDataGenerator(validation_split=0.3)
    train, validation = (generator.flow(X, Y, subset=subset, shuffle=False) for subset in ("training", "validation"))
    assert (train.n, validation.n) == (5, 2)
    np.testing.assert_array_equal(np.concatenate([validation[0][0], train[0][0]]), X)
    with pytest.raises(ValueError, match="not the same classes"):
        generator.flow(X, np.arange(7), subset="training")
    assert generator.flow(X, np.arange(7), subset="training", ignore_class_split=True).n == 5


def test_saving(tmp_path):
    batches = ImageDataGenerator().flow(X, batch_size=4, shuffle=False, save_to_dir=tmp_path, save_prefix="aug", save_format="png", seed=0)
    next(batches)
    assert sorted(f.name.split("_")[:2] for f in tmp_path.iterdir()) == [["aug", str(i)] for i in range(4)]
    with Image.open(next(tmp_path.glob("aug_0_*.png"))) as image:
        assert image.size == (8, 6)
    with pytest.raises(NotADirectoryError, match="save_to_dir"):
        ImageDataGenerator().flow(X, save_to_dir=tmp_path / "nowhere")


# -------------------------------------------------------------------- folders


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    root = tmp_path_factory.mktemp("pets")
    for name, count in (("cats", 4), ("dogs", 3)):
        (root / name).mkdir()
        for i in range(count):
            Image.new("RGB", (9, 7), (10 * i, 0, 0)).save(root / name / f"{i}.png")
    (root / "cats" / "notes.txt").write_text("no picture")
    (root / ".ipynb_checkpoints").mkdir()
    return root


def test_a_folder(pets, capsys):
    given = {"target_size": (5, 6), "batch_size": 5, "shuffle": False, "class_mode": "binary"}
    batches = ImageDataGenerator(rescale=1 / 10).flow_from_directory(pets, **given)
    assert capsys.readouterr().out == "Found 7 images belonging to 2 classes.\n"
    assert (batches.samples, batches.n, len(batches), batches.image_shape) == (7, 7, 2, (5, 6, 3))
    assert batches.class_indices == {"cats": 0, "dogs": 1} and batches.classes.tolist() == batches.labels.tolist() == [0] * 4 + [1] * 3
    assert batches.filenames[3:5] == ["cats/3.png", "dogs/0.png"] and batches.filepaths[0] == str(pets / "cats" / "0.png")
    images, labels = next(batches)
    assert images.shape == (5, 5, 6, 3) and labels.dtype == np.float32 and labels.tolist() == [0, 0, 0, 0, 1]
    assert images[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 0]


@pytest.mark.parametrize(
    ("class_mode", "expected"), [("categorical", [[1, 0], [0, 1]]), ("sparse", [0, 1]), ("binary", [0, 1]), ("input", None), (None, None)]
)
def test_class_modes(pets, class_mode, expected):
    batch = ImageDataGenerator().flow_from_directory(pets, class_mode=class_mode, batch_size=2, color_mode="grayscale", seed=2)[0]
    if class_mode is None:
        assert batch.shape == (2, 256, 256, 1)
        return
    images, labels = batch
    if class_mode == "input":
        np.testing.assert_array_equal(images, labels)
        assert images is not labels
    else:
        assert labels.dtype == np.float32 and sorted(labels.tolist(), reverse=class_mode == "categorical") == expected


def test_parts_of_folders(pets):
    generator = ImageDataGenerator(validation_split=0.34)
    parts = ("training", "validation")
    train, validation = (generator.flow_from_directory(pets, subset=part, classes=["dogs", "cats"]) for part in parts)
    assert validation.filenames == ["dogs/0.png", "cats/0.png"] and train.filenames[:2] == ["dogs/1.png", "dogs/2.png"] and train.n == 5
    assert train.class_indices == {"dogs": 0, "cats": 1}


def test_a_damaged_picture_is_named(pets, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"expected a readable picture, got '.*1\.jpg' \(it is empty\)"):
        next(ImageDataGenerator().flow_from_directory(tmp_path))


# -------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"rotation_rnage": 3}, TypeError, "did you mean 'rotation_range'"),
        ({"zca_whitening": True}, TypeError, "has no argument 'zca_whitening'"),
        ({"rotation_range": -3}, ValueError, "rotation_range must be"),
        ({"width_shift_range": "a"}, ValueError, "width_shift_range must be"),
        ({"height_shift_range": [1, np.nan]}, ValueError, "height_shift_range must be"),
        ({"brightness_range": 0.5}, ValueError, "brightness_range is two numbers"),
        ({"brightness_range": (2, 1)}, ValueError, "from the smaller to the larger"),
        ({"zoom_range": 1.5}, ValueError, "zoom_range must be"),
        ({"zoom_range": (0.5, 1, 2)}, ValueError, "zoom_range is two numbers"),
        ({"fill_mode": "mirror"}, ValueError, "fill_mode must be one of"),
        ({"horizontal_flip": "yes"}, ValueError, "horizontal_flip must be True or False"),
        ({"rescale": "1/255"}, ValueError, "rescale must be"),
        ({"validation_split": 1}, ValueError, "validation_split must be"),
        ({"interpolation_order": 3}, ValueError, "interpolation_order must be 0 or 1"),
        ({"dtype": "uint8"}, ValueError, "dtype must be a type of floats"),
        ({"data_format": "channels_first"}, ValueError, "data_format must be"),
    ],
)
def test_arguments_of_the_generator(given, error, message):
    with pytest.raises(error, match=message):
        ImageDataGenerator(**given)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g, d: g.flow(X[0]), ValueError, r"flow takes pictures .* got shape \(6, 8, 3\)"),
        (lambda g, d: g.flow(None), ValueError, "got None"),
        (lambda g, d: g.flow(X[:0]), ValueError, "there are no pictures"),
        (lambda g, d: g.flow(X, Y[:3]), ValueError, "y must have one entry for each of the 7 pictures"),
        (lambda g, d: g.flow(X, Y, sample_weight=Y[:3]), ValueError, "sample_weight must have one entry"),
        (lambda g, d: g.flow(X, batch_size=0), ValueError, "batch_size must be"),
        (lambda g, d: g.flow(X, seed=-1), ValueError, "seed must be"),
        (lambda g, d: g.flow(X, batchsize=2), TypeError, "did you mean 'batch_size'"),
        (lambda g, d: g.flow(X, subset="training"), ValueError, r"needs a share for validation: ImageDataGenerator\(validation_split"),
        (lambda g, d: g.flow(X, subset="test"), ValueError, "subset must be"),
        (lambda g, d: g.flow_from_directory(d / "nowhere"), NotADirectoryError, "expected a folder of pictures"),
        (lambda g, d: g.flow_from_directory(d / "cats"), ValueError, "found no pictures in '.*cats': expected one folder for each class"),
        (lambda g, d: g.flow_from_directory(d, class_mode="int"), ValueError, "class_mode must be"),
        (lambda g, d: g.flow_from_directory(d, classes=["cat"]), ValueError, "no folder for the class 'cat': did you mean 'cats'"),
        (lambda g, d: g.flow_from_directory(d, interpolation="area"), ValueError, "interpolation must be one of"),
        (lambda g, d: g.flow_from_directory(d, target_size=(0, 1)), ValueError, "target_size must be"),
        (lambda g, d: g.flow_from_directory(d, color_mode="bgr"), ValueError, "color_mode must be"),
        (lambda g, d: g.flow_from_directory(d, targetsize=3), TypeError, "did you mean 'target_size'"),
        (lambda g, d: g.apply_transform(X[0], {"angle": 3}), ValueError, "no parameter of a transformation is called 'angle'"),
        (lambda g, d: g.apply_transform(X, {}), ValueError, "a picture has shape"),
    ],
)
def test_calls_that_are_refused(pets, call, error, message):
    with pytest.raises(error, match=message):
        call(ImageDataGenerator(), pets)


def test_binary_is_for_two(pets, tmp_path):
    for name in "abc":
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "1.png")
    with pytest.raises(ValueError, match="'binary' is for two classes, got 3: use 'sparse' or 'categorical'"):
        ImageDataGenerator().flow_from_directory(tmp_path, class_mode="binary")


# -------------------------------------------------------------------- training


def net(pictures):
    model = minidl.Sequential([minidl.Input(pictures), minidl.layers.Flatten(), minidl.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_training_is_once_through(capsys):
    scaled = X.astype("float32") / 256
    found = []
    for use in ("arrays", "generator"):
        minidl.set_seed(1)
        model = net((6, 8, 3))
        if use == "arrays":
            history = model.fit(scaled, Y, batch_size=3, epochs=3, shuffle=False, validation_data=(scaled, Y))
            found.append((history.history, model.evaluate(scaled, Y, batch_size=3), model.predict(scaled, batch_size=3)))
        else:
            batches = ImageDataGenerator(rescale=1 / 256).flow(X, Y, batch_size=3, shuffle=False)
            history = model.fit(batches, epochs=3, validation_data=batches)
            found.append((history.history, model.evaluate(batches), model.predict(batches)))
        assert "3/3" in capsys.readouterr().out
    assert found[0][:2] == found[1][:2]
    np.testing.assert_array_equal(found[0][2], found[1][2])


def test_each_epoch_has_a_new_order():
    seen = []

    class Watched(minidl.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(batches.index_array.tolist())

    batches = ImageDataGenerator(rescale=1 / 255).flow(X, Y, batch_size=3)
    net((6, 8, 3)).fit(batches, epochs=3, verbose=0, callbacks=[Watched()])
    assert len({tuple(order) for order in seen}) == 3


def test_steps_per_epoch(pets):
    batches = ImageDataGenerator(rescale=1 / 255).flow_from_directory(pets, target_size=(6, 8), batch_size=2, class_mode="sparse")
    before = batches.total_batches_seen
    history = net((6, 8, 3)).fit(batches, steps_per_epoch=7, epochs=2, validation_data=batches, validation_steps=2, verbose=0)
    assert len(history.history["loss"]) == 2 and batches.total_batches_seen - before == 2 * 7 + 2 * 2
    assert net((6, 8, 3)).predict(batches, steps=3, verbose=0).shape == (6, 2)
