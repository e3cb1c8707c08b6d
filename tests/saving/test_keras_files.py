"""Files that Keras 2.13, 2.14, 2.15, 3.0 and 3.15 wrote (see ``data/make.py``), and our own: all predict and train as they did."""

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import minidl
from minidl import Input, Model, Sequential, layers, losses, metrics, ops, optimizers
from minidl.layers import Dense, Layer
from minidl.models import load_model
from minidl.saving.archive import read_archive
from minidl.saving.hdf5 import read_hdf5

DATA = Path(__file__).parent / "data"
EXPECTED = {name: value for file in sorted(DATA.glob("keras-*.json")) for name, value in json.loads(file.read_text()).items()}
RNG = np.random.default_rng(43)
X = RNG.standard_normal((6, 4)).astype("float32")


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(0)


def inputs(shapes):
    """As ``data/make.py`` has them."""
    return [np.sin(np.arange(1, 3 * int(np.prod(s)) + 1) * (i + 1.0)).reshape(3, *s).astype("float32") for i, s in enumerate(shapes)]


def one(many):
    return many[0] if len(many) == 1 else many


def listed(y):
    return y if isinstance(y, list) else [y]


def close(model, expected):
    for got, wanted in zip(listed(model.predict(one(inputs(expected["shapes"])), verbose=0)), expected["predictions"], strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)


# ---------------------------------------------------------------- Keras' files


def test_there_are_files_of_each_version():
    assert {"windows.keras", *(f"{version}-graph.keras" for version in ("2.13", "2.14", "2.15", "3.0", "3.15"))} < EXPECTED.keys()
    assert {path.name for path in DATA.glob("*.keras")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_keras_predicts_and_trains_as_in_keras(name, tmp_path):
    expected = EXPECTED[name]
    start = time.process_time()
    model = load_model(DATA / name)
    assert time.process_time() - start < 1
    close(model, expected)
    model.save(tmp_path / "again.keras")
    targets = {"chain": [np.eye(3)], "graph": [np.eye(2)[[0, 1, 0]], np.ones((3, 1))], "deferred": [np.ones((3, 1))]}
    y = one(targets["chain" if name == "windows.keras" else name.split("-")[1].split(".")[0]])
    for again in (model, load_model(tmp_path / "again.keras")):
        close(again, expected)
        assert again.optimizer.iterations == 2
        got = [listed(again.train_on_batch(one(inputs(expected["shapes"])), y))[0] for _ in expected["losses"]]
        assert got == pytest.approx(expected["losses"], rel=2e-4)


def test_the_backslashes_of_windows_are_there():
    _, weights = read_archive(DATA / "windows.keras")
    assert b"_layer_checkpoint_dependencies\\conv2d" in weights
    assert "_layer_checkpoint_dependencies/conv2d/vars/0" in read_hdf5(weights)


@pytest.mark.parametrize("version", ["2.14", "3.15"])
def test_weights_alone(version, tmp_path):
    expected, model = EXPECTED[f"{version}-chain.keras"], load_model(DATA / "windows.keras", compile=False)
    for file in (f"{version}-chain.weights.h5", f"{version}-chain.keras"):
        model.set_weights([np.zeros(w.shape) for w in model.get_weights()])
        model.load_weights(DATA / file)
        close(model, expected)
    model.save_weights(tmp_path / "new" / "w.weights.h5")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["w.weights.h5"]
    model.set_weights([np.zeros(w.shape) for w in model.get_weights()])
    model.load_weights(tmp_path / "new" / "w.weights.h5")
    close(model, expected)


def test_what_is_read_from_keras(tmp_path):
    model = load_model(DATA / "2.14-graph.keras")
    assert model.get_layer("nested").layers[-1].activation.negative_slope == pytest.approx(0.3)
    assert model.get_layer("inner").layers[1].rate == pytest.approx(0.0)
    assert type(model.optimizer).__name__ == "SGD"
    assert isinstance(model.optimizer.get_config()["learning_rate"], optimizers.schedules.ExponentialDecay)
    assert [type(loss) for loss in model.objective.losses] == [losses.CategoricalCrossentropy, losses.MeanSquaredError]
    assert model.objective.loss_weights == [1.0, 0.5]
    assert list(model.objective.logs()) == ["loss", "left_loss", "right_loss", "left_accuracy", "right_mae"]
    assert load_model(DATA / "2.14-graph.keras", compile=False).optimizer is None


# ---------------------------------------------------------------- our own


def again(model, tmp_path, **options):
    model.save(tmp_path / "deep" / "model.keras")
    loaded = load_model(tmp_path / "deep" / "model.keras", **options)
    assert type(loaded) is type(model)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert [w.name for w in loaded.weights] == [w.name for w in model.weights]
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [w.name for w in loaded.trainable_variables] == [w.name for w in model.trainable_variables]
    return loaded


def test_the_files_are_as_keras_3_writes_them(tmp_path):
    model = Sequential([Input((4,)), Dense(3, name="d")])
    model.compile("adam", "mse")
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        metadata, config = (json.loads(archive.read(name)) for name in ("metadata.json", "config.json"))
        arrays = read_hdf5(archive.read("model.weights.h5"))
    assert set(metadata) == {"keras_version", "date_saved"}
    assert config["class_name"] == "Sequential"
    assert config["config"]["layers"][1]["module"] == "keras.layers"
    assert set(arrays) == {"layers/dense/vars/0", "layers/dense/vars/1", *(f"optimizer/vars/{i}" for i in range(6))}


def test_shared_nested_frozen_and_named(tmp_path):
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared, inner = Dense(4, "tanh"), Sequential([Input((4,)), Dense(3), layers.BatchNormalization()], name="inner")
    nested = Model(
        [a2 := Input((3,)), b2 := Input((3,))], {"y": layers.Add()([a2, b2]), "c": layers.Concatenate()([b2, a2])}, name="nested"
    )
    results = nested([inner(shared(a)), inner(shared(b))])
    model = Model(
        {"a": a, "b": b}, {"left": Dense(2, name="left")(results["y"]), "right": Dense(1, name="right")(results["c"])}, name="whole"
    )
    model.get_layer("inner").layers[1].trainable = False
    loaded, x = again(model, tmp_path), {"a": X, "b": 2 * X}
    for name, y in model.predict(x, verbose=0).items():
        np.testing.assert_array_equal(y, loaded.predict(x, verbose=0)[name])
    assert again(loaded, tmp_path).name == "whole"


def test_a_layer_shared_with_a_model_in_the_model_stays_shared(tmp_path):
    shared, first, second = Dense(4, name="shared"), Input((4,)), Input((4,))
    inner = Model(first, shared(first), name="inner")
    model = Model(second, [inner(second), shared(second)])
    loaded = again(model, tmp_path)
    assert loaded.count_params() == 20
    assert loaded.get_layer("inner").get_layer("shared") is loaded.get_layer("shared")


@pytest.mark.parametrize(
    "optimizer",
    [
        "sgd",
        "momentum",
        "adagrad",
        optimizers.Adam(1 / 3, amsgrad=True, clipnorm=1.0),
        optimizers.AdamW(),
        optimizers.SGD(0.1, momentum=0.9),
        optimizers.RMSprop(centered=True, momentum=0.5),
        optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 20)),
    ],
    ids=lambda o: getattr(o, "name", o),
)
def test_training_goes_on_as_if_it_had_never_stopped(optimizer, tmp_path):
    model = Sequential([Input((4,)), Dense(5, "tanh"), layers.BatchNormalization(), Dense(2)])
    model.layers[0].trainable = False
    model.compile(optimizer, "mse", metrics=["mae", metrics.MeanSquaredError(name="m")])
    options = {"epochs": 3, "batch_size": 2, "shuffle": False, "verbose": 0}
    model.fit(X, X[:, :2], **options)
    loaded = again(model, tmp_path)
    assert loaded.optimizer.iterations == 9
    assert loaded.evaluate(X, X[:, :2], verbose=0) == model.evaluate(X, X[:, :2], verbose=0)
    assert model.fit(X, X[:, :2], **options).history == loaded.fit(X, X[:, :2], **options).history
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_unbuilt_and_later_built(tmp_path):
    model = Sequential([Dense(3), Sequential([Dense(2)])])
    model.compile("adam", "mse")
    loaded = again(model, tmp_path)
    assert not loaded.built
    loaded.fit(X, X[:, :2], verbose=0)
    assert again(loaded, tmp_path).optimizer.iterations == 1


class Own(Layer):
    def __init__(self, factor, inner=None, many=(), name=None):
        super().__init__(name)
        self.factor, self.inner, self.many = factor, inner, list(many)

    def build(self, input_shape):
        self.weight = self.add_weight((input_shape[-1],), "normal")

    def call(self, x):
        x = x * self.weight * self.factor
        for layer in [*([] if self.inner is None else [self.inner]), *self.many]:
            x = layer(x)
        return x


def squash(x):
    return x / (1.0 + ops.abs(x))


def distance(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def test_own_layers_and_functions(tmp_path):
    model = Sequential([Input((4,)), Own(2.0), Dense(3, activation=squash), Own(0.5, Dense(2), [Dense(2), Dense(2)])])
    model.compile("adam", distance, metrics=[distance])
    model.fit(X, X[:, :2], verbose=0)
    known = {"Own": Own, "squash": squash, "distance": distance}
    loaded = again(model, tmp_path, custom_objects=known)
    assert loaded.train_on_batch(X, X[:, :2]) == model.train_on_batch(X, X[:, :2])
    for name, message in (("Own", r"layer '\w+' \(Own\): minidl has no Own"), ("squash", "function 'squash'"), ("distance", "'distance'")):
        with pytest.raises(ValueError, match=f"{message}.*custom_objects"):
            load_model(tmp_path / "deep" / "model.keras", custom_objects={k: v for k, v in known.items() if k != name})


class Free(Model):
    def __init__(self):
        super().__init__()
        self.first, self.blocks = Dense(3), [Dense(3, name="x"), Dense(2, name="y")]

    def call(self, x):
        return self.blocks[1](self.blocks[0](self.first(x)))


def test_a_model_of_ones_own_has_weights(tmp_path):
    one, other = Free(), Free()
    with pytest.raises(ValueError, match="no weights yet"):
        one.save_weights(tmp_path / "w.weights.h5")
    one(X), other(2 * X)
    one.save_weights(tmp_path / "w.weights.h5")
    other.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(one(X).numpy(), other(X).numpy())
    with pytest.raises(ValueError, match=r"it has no inputs and outputs; save_weights works"):
        one.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="not built yet: call it on data first"):
        Free().load_weights(tmp_path / "w.weights.h5")


def test_a_layer_may_be_told_how_it_is_called(tmp_path):
    i = Input((4,))
    inner = Sequential([Input((4,)), layers.BatchNormalization()], name="inner")
    model = Model(i, inner(i, training=False))
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert [call.training for call in loaded.calls] == [call.training for call in model.calls] == [None, False]


def test_a_model_on_another_backend_is_saved_the_same(backend, tmp_path):
    model = Sequential([Input((4,)), Dense(3, "tanh"), Dense(2)])
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], verbose=0)
    expected = model.predict(X, verbose=0)
    model.to(backend.name)
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(load_model(tmp_path / "m.keras").predict(X, verbose=0), expected)
    model.load_weights(tmp_path / "m.keras")
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-6)


def test_loading_draws_no_random_numbers():
    minidl.set_seed(5)
    load_model(DATA / "windows.keras")
    drawn = Dense(3)
    drawn(X)
    minidl.set_seed(5)
    again = Dense(3)
    again(X)
    np.testing.assert_array_equal(drawn.kernel.numpy(), again.kernel.numpy())


# ---------------------------------------------------------------- what does not fit


def changed(tmp_path, change, source="3.15-chain.keras"):
    """A copy of a file whose description was changed."""
    with zipfile.ZipFile(DATA / source) as archive:
        config, weights = json.loads(archive.read("config.json")), archive.read("model.weights.h5")
    config = change(config) or config
    path = tmp_path / "changed.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    return path


def layer(config, name):
    return next(one for one in config["config"]["layers"] if one["name"] == name)


def setting(name, **values):
    return lambda config: layer(config, name)["config"].update(values)


def replaced(name, **values):
    return lambda config: layer(config, name).update(values)


LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
CHANGES = {
    "an argument": (setting("conv2d", groups=2), r"layer 'conv2d' \(Conv2D\): minidl has no groups, and the file sets groups to 2"),
    "a constraint": (
        setting("dense", kernel_constraint={"module": "keras.constraints", "class_name": "MaxNorm", "config": {}}),
        r"layer 'dense' \(Dense\): minidl has no kernel_constraint, and the file sets kernel_constraint to MaxNorm",
    ),
    "channels first": (setting("conv2d", data_format="channels_first"), "minidl has no data_format"),
    "half the precision": (
        setting("conv2d", dtype={"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}),
        "minidl has no dtype",
    ),
    "a layer": (
        replaced("conv2d", class_name="Conv2DTranspose"),
        r"layer 'conv2d' \(Conv2DTranspose\): minidl has no Conv2DTranspose of .*Conv2D",
    ),
    "an operation": (replaced("flatten", class_name="Add", module="keras.src.ops.numpy"), "minidl has no Add of keras.src.ops.numpy"),
    "a module": (replaced("flatten", module="os", class_name="system"), "minidl has no system of os"),
    "code": (replaced("flatten", class_name="Lambda", config={"function": LAMBDA, "name": "flatten"}), "code in files is never run"),
    "code as activation": (setting("dense", activation=LAMBDA), "code in files is never run"),
    "an activation": (setting("dense", activation="sine"), r"layer 'dense' \(Dense\): no activation is called 'sine'"),
    "an initializer": (
        setting("dense", kernel_initializer={"module": "keras.initializers", "class_name": "STFT", "config": {}}),
        "no STFT",
    ),
    "a value": (setting("dense", units=-4), r"layer 'dense' \(Dense\): units must be a whole number"),
    "other sizes": (
        setting("dense", units=2),
        r"layer 'dense' \(Dense\): it needs weights of shapes \(12, 2\), \(2,\), 'layers/dense' has",
    ),
    "more than there is": (
        setting("dense", units=10**5),
        r"layer 'dense' \(Dense\): it would have more weights than there are in the file",
    ),
    "a loop": (
        lambda c: layer(c, "conv2d")["inbound_nodes"][0]["args"][0]["config"].update(keras_history=["dense", 0, 0]),
        "its own output",
    ),
    "nothing": (lambda c: layer(c, "conv2d")["inbound_nodes"][0]["args"][0]["config"].update(keras_history=["no", 0, 0]), "'no' is used"),
    "a mask": (lambda c: layer(c, "conv2d")["inbound_nodes"][0]["kwargs"].update(mask=[1]), "called with mask"),
    "a number as input": (lambda c: layer(c, "conv2d")["inbound_nodes"][0].update(args=[3]), "called on 3"),
    "an open axis": (lambda c: c["config"]["layers"][0]["config"].update(batch_shape=[None, None, 8, 1]), "the size of each axis"),
    "a huge input": (lambda c: c["config"]["layers"][0]["config"].update(batch_shape=[None, 10**5, 10**5, 1]), "far larger"),
    "an optimizer": (lambda c: c["compile_config"]["optimizer"].update(class_name="Nadam"), "compile: minidl has no Nadam.*Adam"),
    "averaged weights": (lambda c: c["compile_config"]["optimizer"]["config"].update(use_ema=True), "no use_ema"),
    "weighted metrics": (lambda c: c["compile_config"].update(weighted_metrics=["acc"]), "no weighted_metrics"),
    "no model": (lambda c: layer(c, "dense"), "and not a model|there are no weights|would have more"),
    "a subclass": (lambda c: c.update(class_name="Mine", registered_name="Mine", module=None), r"minidl has no Mine"),
    "a list": (lambda c: [c], "must describe an object"),
    "a damaged layer": (
        lambda c: c["config"]["layers"].append({"name": "x", "class_name": "Dense", "module": "keras.layers"}),
        "description of a layer",
    ),
    "a damaged list": (lambda c: c["config"].update(layers=5), "makes its layers itself"),
    "damaged nodes": (lambda c: layer(c, "conv2d").update(inbound_nodes=7), "is damaged"),
    "a number as class": (replaced("dense", class_name=3), "minidl has no 3"),
    "twice": (lambda c: c["config"]["layers"].append(layer(c, "dense")), "two have the same"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_what_is_wrong_is_named(change, message, tmp_path):
    path = changed(tmp_path, change)
    with pytest.raises(ValueError, match=message) as error:
        load_model(path)
    assert str(path) in str(error.value)


def test_a_state_that_does_not_fit_is_told(tmp_path):
    path = changed(tmp_path, lambda c: c["compile_config"]["optimizer"]["config"].update(amsgrad=True))
    with pytest.warns(UserWarning, match="the optimizer starts anew, there is no state for it: it has 16 arrays, and adam needs 24"):
        assert load_model(path).optimizer.iterations == 0
    assert load_model(path, compile=False).optimizer is None


def test_weights_that_do_not_fit_change_nothing(tmp_path):
    model = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")])
    model.save_weights(tmp_path / "w.weights.h5")
    other = Sequential([Input((4,)), Dense(3, name="a"), Dense(5, name="b")])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"w\.weights\.h5 does not fit.*layer 'b' \(Dense\): it needs weights of shapes \(3, 5\), \(5,\)"):
        other.load_weights(tmp_path / "w.weights.h5")
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="the model has no layer for the weights under 'layers/dense_1'"):
        Sequential([Input((4,)), Dense(3)]).load_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match=r"layer 'c' \(Dense\): there are no weights for it, under 'layers/dense_2'"):
        Sequential([Input((4,)), Dense(3), Dense(2), Dense(2, name="c")]).load_weights(tmp_path / "w.weights.h5")


# ---------------------------------------------------------------- names and writing


NAMES = {
    ("model", "trained_model"): r"'trained_model' has none: write 'trained_model\.keras'",
    ("model", "m.h5"): r"'m\.h5' is Keras' older format.*use 'm\.keras'",
    ("model", "m.weights.h5"): r"weights alone.*a whole model is called 'm\.keras'",
    ("model", "m.pkl"): r"use \.keras or \.npz, not 'm\.pkl'",
    ("weights", "w"): r"write 'w\.weights\.h5'",
    ("weights", "w.h5"): r"use 'w\.weights\.h5'",
    ("weights", "w.keras"): r"'w\.keras' is for a whole model.*'w\.weights\.h5'",
    ("weights", "w.ckpt"): r"use \.weights\.h5 or \.npz, not 'w\.ckpt'",
}


@pytest.mark.parametrize(("what", "name"), NAMES)
def test_names_that_say_no_format(what, name, tmp_path):
    model = Sequential([Input((4,)), Dense(3)])
    with pytest.raises(ValueError, match=NAMES[what, name]):
        (model.save if what == "model" else model.save_weights)(tmp_path / name)
    if what == "model":
        with pytest.raises(ValueError, match=NAMES[what, name]):
            load_model(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_tensorflow(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").touch()
    for use in (Sequential([Input((4,)), Dense(3)]).save, load_model):
        with pytest.raises(ValueError, match=r"is a folder: TensorFlow's SavedModel is not read.*'saved\.keras'"):
            use(tmp_path / "saved")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_model(tmp_path / "none.keras")


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    model, path = Sequential([Input((4,)), Dense(3)]), tmp_path / "m.keras"
    model.save(path)
    before = path.read_bytes()

    def broken(self, name, data):
        self.fp.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", broken)
    with pytest.raises(OSError, match="no space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_described_is_not_written(tmp_path):
    path = tmp_path / "m.keras"
    for model in (
        Sequential([Input((4,)), Own(np.ones(4), name="odd")]),
        Sequential([Input((4,)), Dense(3, activation=lambda x: x * 2, name="odd")]),
    ):
        with pytest.raises(ValueError, match="of layer 'odd' cannot be saved"):
            model.save(path)
    model = Sequential([Input((4,)), Dense(3)])
    model.compile(optimizers.SGD(lambda step: 0.1), "mse")
    with pytest.raises(ValueError, match="the learning_rate of SGD cannot be saved"):
        model.save(path)
    assert not path.exists()


def test_reading_starts_a_light_program():
    code = "import sys; sys.argv = ['x']; import runpy; runpy.run_path(sys.orig_argv[-1]); print('minidl' in sys.modules)"
    child = Path(minidl.__file__).parent / "saving" / "hdf5_child.py"
    done = subprocess.run([sys.executable, "-c", code, str(child)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    done = subprocess.run(
        [sys.executable, "-c", "import minidl.models, sys; print('h5py' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
