"""Folders of pictures as Datasets: which files, in which order, with which labels; and what is refused."""

import os

import numpy as np
import pytest
from PIL import Image

import minidl
from minidl.data.directories import image_dataset_from_directory as from_directory

COUNTS = {"Daisy": 3, "rose": 5, "tulip": 2}


@pytest.fixture(scope="module")
def flowers(tmp_path_factory):
    """Ten pictures; the first pixel's red is ten times the class, green the number in the file's name."""
    root = tmp_path_factory.mktemp("flowers")
    for label, (name, count) in enumerate(COUNTS.items()):
        for i in range(count):
            save(root / name / ("deeper" if i == 2 else "") / f"{i}.png", (10 * label, i, 0))
    (root / "rose" / "notes.txt").write_text("no picture")
    (root / "rose" / "scan.tif").write_bytes(b"not read by Keras")
    (root / ".hidden").mkdir()
    (root / "readme.md").write_text("about")
    return root


def save(file, colour, size=(8, 6)):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(file)


def content(dataset):
    """(label, green) of each picture, from batches or single pictures."""
    found = []
    for images, labels in dataset:
        images, labels = images.numpy(), labels.numpy()
        found += zip(np.atleast_1d(labels).tolist(), images.reshape(-1, *images.shape[-3:])[:, 0, 0, 1].astype(int).tolist())
    return found


EVERYTHING = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 3), (1, 4), (1, 2), (2, 0), (2, 1)]  # a deeper folder comes after the files


def test_batches_of_pictures(flowers, capsys):
    data = from_directory(flowers, image_size=(4, 5), batch_size=4, shuffle=False)
    assert capsys.readouterr().out == "Found 10 files belonging to 3 classes.\n"
    assert data.class_names == ["Daisy", "rose", "tulip"] and len(data) == 3
    shapes = [(images.shape, labels.shape) for images, labels in data]
    assert shapes == [((4, 4, 5, 3), (4,)), ((4, 4, 5, 3), (4,)), ((2, 4, 5, 3), (2,))]
    images, labels = next(iter(data))
    assert images.dtype == np.float32 and labels.dtype == np.int32
    assert content(data) == content(data) == EVERYTHING
    assert [os.path.relpath(path, flowers) for path in data.file_paths][4:8] == [
        "rose/1.png", "rose/3.png", "rose/4.png", "rose/deeper/2.png",
    ]  # fmt: skip
    assert data.take(1).class_names == data.class_names


def test_single_pictures_and_sizes(flowers):
    data = from_directory(str(flowers), image_size=7, batch_size=None, shuffle=False, color_mode="grayscale")
    images, _ = next(iter(data))
    assert images.shape == (7, 7, 1) and len(data) == 10
    assert from_directory(flowers, color_mode="rgba").element_spec[0].shape == (None, 256, 256, 4)
    assert from_directory(flowers, interpolation="nearest").element_spec[0].dtype == np.uint8  # as TensorFlow's


@pytest.mark.parametrize(
    ("label_mode", "dtype", "expected"),
    [("int", np.int32, [0, 0, 0, 1]), ("categorical", np.float32, [[1, 0, 0]] * 3 + [[0, 1, 0]])],
)
def test_label_modes(flowers, label_mode, dtype, expected):
    _, labels = next(iter(from_directory(flowers, label_mode=label_mode, batch_size=4, shuffle=False)))
    assert labels.dtype == dtype and labels.numpy().tolist() == expected


def test_binary_and_chosen_classes(flowers, capsys):
    data = from_directory(flowers, label_mode="binary", class_names=["tulip", "Daisy"], batch_size=3, shuffle=False)
    assert "Found 5 files belonging to 2 classes." in capsys.readouterr().out and data.class_names == ["tulip", "Daisy"]
    _, labels = next(iter(data))
    assert labels.dtype == np.float32 and labels.numpy().tolist() == [[0], [0], [1]]
    with pytest.raises(ValueError, match="'binary' is for two classes, got 3"):
        from_directory(flowers, label_mode="binary")


def test_labels_of_ones_own_and_none(flowers, capsys):
    data = from_directory(flowers, labels=list(range(5)) * 2, shuffle=False)
    assert [label for label, _ in content(data)] == list(range(5)) * 2 and data.class_names == ["0", "1", "2", "3", "4"]
    capsys.readouterr()
    for given in ({"labels": None}, {"label_mode": None}):
        data = from_directory(flowers, shuffle=False, **given)
        assert capsys.readouterr().out == "Found 10 files.\n"
        assert next(iter(data)).shape == (10, 256, 256, 3) and not hasattr(data, "class_names")


@pytest.mark.parametrize("shuffle", [True, False])
def test_two_parts_of_a_split_have_everything_once(flowers, capsys, shuffle):
    given = {"validation_split": 0.25, "seed": 123, "batch_size": 2, "shuffle": shuffle}
    train, validation = (from_directory(flowers, subset=subset, **given) for subset in ("training", "validation"))
    assert capsys.readouterr().out == (
        "Found 10 files belonging to 3 classes.\nUsing 8 files for training.\n"
        "Found 10 files belonging to 3 classes.\nUsing 2 files for validation.\n"
    )
    assert sorted(content(train) + content(validation)) == sorted(EVERYTHING)
    both = from_directory(flowers, subset="both", **given)
    assert capsys.readouterr().out == (
        "Found 10 files belonging to 3 classes.\nUsing 8 files for training.\nUsing 2 files for validation.\n"
    )
    assert [data.file_paths for data in both] == [train.file_paths, validation.file_paths]
    assert content(both[1]) == content(both[1])  # the validation part of "both" stays in order
    if not shuffle:
        assert content(validation) == EVERYTHING[-2:]


def test_the_order_is_kerass_for_a_seed(flowers):
    """np.random.RandomState(seed).shuffle of the alphabetical list, which is what Keras does."""
    paths = from_directory(flowers, shuffle=False).file_paths
    np.random.RandomState(7).shuffle(paths)
    data = from_directory(flowers, seed=7)
    assert data.file_paths == paths
    orders = [content(data) for _ in range(3)]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(EVERYTHING)
    again = from_directory(flowers, seed=7)
    assert orders == [content(again) for _ in range(3)]


def test_without_a_seed_set_seed_decides(flowers):
    found = []
    for seed in (1, 1, 2):
        minidl.set_seed(seed)
        data = from_directory(flowers)
        found.append((data.file_paths, content(data)))
    assert found[0] == found[1] != found[2]


def test_crop_to_aspect_ratio(tmp_path):
    pixels = np.zeros((4, 10, 3), np.uint8)
    pixels[:, 3:7] = 200
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "1.png")
    images, _ = next(iter(from_directory(tmp_path, image_size=(2, 2), crop_to_aspect_ratio=True)))
    assert (images.numpy() == 200).all()
    images, _ = next(iter(from_directory(tmp_path, image_size=(2, 2))))
    assert (images.numpy() == 0).any()


def test_links_to_folders(flowers, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "more").symlink_to(flowers / "rose", target_is_directory=True)
    save(tmp_path / "a" / "1.png", (0, 0, 0))
    assert len(from_directory(tmp_path, batch_size=None)) == 1
    assert len(from_directory(tmp_path, batch_size=None, follow_links=True)) == 6


@pytest.mark.parametrize("bad", [b"", b"\x89PNG nonsense"])
def test_a_damaged_file_is_named_when_its_turn_comes(tmp_path, bad):
    save(tmp_path / "a" / "1.png", (0, 0, 0))
    (tmp_path / "a" / "2.jpg").write_bytes(bad)
    data = from_directory(tmp_path, batch_size=1, shuffle=False)
    steps = iter(data)
    next(steps)
    with pytest.raises(ValueError, match=r"expected a readable picture, got '.*2\.jpg'" + (" .it is empty" if not bad else "")):
        next(steps)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"labels": "infered"}, ValueError, "labels must be 'inferred', a list"),
        ({"labels": [1, 2]}, ValueError, "one number for each of the 10 files .* got 2"),
        ({"labels": ["a"] * 10}, ValueError, "labels must be a whole number"),
        ({"labels": None, "class_names": ["rose"]}, ValueError, "it is for labels='inferred'"),
        ({"label_mode": "sparse"}, ValueError, "label_mode must be"),
        ({"class_names": ["roses"]}, ValueError, "no folder for the class 'roses': did you mean 'rose'"),
        ({"class_names": ["rose", "rose"]}, ValueError, "different names"),
        ({"color_mode": "bgr"}, ValueError, "color_mode must be one of"),
        ({"batch_size": 0}, ValueError, "batch_size must be"),
        ({"image_size": (1, 2, 3)}, ValueError, "image_size is"),
        ({"interpolation": "area"}, ValueError, "'bilinear' or 'nearest' here; got 'area'"),
        ({"validation_split": 0.2}, ValueError, "go together"),
        ({"subset": "training"}, ValueError, "go together"),
        ({"subset": "test", "validation_split": 0.2}, ValueError, "subset must be"),
        ({"subset": "both", "validation_split": 0.2}, ValueError, "needs a seed"),
        ({"subset": "both", "validation_split": 1.5, "seed": 1}, ValueError, "validation_split must be"),
        ({"subset": "both", "validation_split": 0.05, "seed": 1}, ValueError, "leaves none for validation"),
        ({"seed": -1}, ValueError, "seed must be"),
        ({"shuffle": 1}, ValueError, "shuffle must be True or False"),
        ({"data_format": "channels_first"}, ValueError, "data_format must be None or 'channels_last'"),
        ({"imagesize": 32}, TypeError, "did you mean 'image_size'"),
    ],
)
def test_what_is_refused(flowers, given, error, message):
    with pytest.raises(error, match=message):
        from_directory(flowers, **given)


def test_folders_that_will_not_do(flowers, tmp_path, capsys):
    with pytest.raises(NotADirectoryError, match=r"expected a folder of pictures, got '.*nowhere'"):
        from_directory(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"no pictures in '.*deeper': expected one folder for each class, and files like \.bmp, \.gif"):
        from_directory(flowers / "Daisy" / "deeper")
    from_directory(flowers, verbose=False, validation_split=0.2, subset="training", shuffle=False)
    assert "Using" not in capsys.readouterr().out


def test_training_on_a_folder(flowers):
    minidl.set_seed(0)
    train, validation = from_directory(flowers, image_size=(6, 6), validation_split=0.3, subset="both", seed=1, batch_size=2, verbose=False)
    model = minidl.Sequential([
        minidl.Input((6, 6, 3)), minidl.layers.Rescaling(1 / 255), minidl.layers.Flatten(), minidl.layers.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(train.cache().shuffle(10).prefetch(-1), validation_data=validation, epochs=2, verbose=0)
    assert len(history.history["val_accuracy"]) == 2
    assert model.predict(validation, verbose=0).shape == (3, 3)
    assert train.class_names[np.argmax(model.predict(validation, verbose=0)[0])] in COUNTS
