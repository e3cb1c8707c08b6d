"""Beside Keras itself, with the same weights and the same batches."""
import os
import warnings
from unittest import mock

import numpy as np
import pytest

import minidl
from minidl import layers, nets
from tests.test_ledger import OPTIMIZERS, gradients, walk

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword"),  # Keras' variables and NumPy 2
]
RNG = np.random.default_rng(51)
PICTURES = RNG.standard_normal((3, 9, 8, 2)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    """Keras on PyTorch, one thread, on the CPU; its own warnings are not ours."""
    with mock.patch.dict(os.environ, KERAS_BACKEND="torch"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="PyTorch is not installed: Keras runs on it here", exc_type=ImportError)
        keras = pytest.importorskip("keras", reason="Keras is not installed: it is the oracle", exc_type=ImportError)
        if keras.backend.backend() != "torch":
            pytest.skip(f"Keras is already running on {keras.backend.backend()}, not on PyTorch")
        floatx, threads = keras.config.floatx(), torch.get_num_threads()
        keras.config.set_floatx("float32")
        torch.set_num_threads(1)
        with torch.device("cpu"):
            yield keras
        keras.config.set_floatx(floatx)
        torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(5)


def array(y):
    return y.detach().cpu().numpy() if hasattr(y, "detach") else np.asarray(y)


def close(ours, theirs, tolerance=1e-5):
    """Relative to the largest magnitude."""
    theirs = array(theirs)
    ours = ours.numpy() if hasattr(ours, "numpy") else ours
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


GRID = [
    *[
        ("Conv2D", {"filters": 3, "kernel_size": k, "strides": s, "padding": p, "activation": "relu"})
        for k in (1, 3, (2, 4)) for s in (1, 2, (3, 2)) for p in ("valid", "same")
    ],
    ("Conv2D", {"filters": 3, "kernel_size": 3, "dilation_rate": 2}),
    ("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": (2, 3), "padding": "same", "use_bias": False}),
    *[
        (kind, {"pool_size": k, "strides": s, "padding": p})
        for kind in ("MaxPooling2D", "AveragePooling2D") for k in (2, (3, 2)) for s in (None, 1, (2, 3)) for p in ("valid", "same")
        if (kind, k, s, p) != ("AveragePooling2D", (3, 2), 1, "same")  # Keras on PyTorch repeats the border there, TensorFlow does not
    ],
    ("MaxPooling2D", {}), ("GlobalAveragePooling2D", {}), ("GlobalAveragePooling2D", {"keepdims": True}),
    ("Flatten", {}), ("Reshape", {"target_shape": (4, -1)}), ("Dense", {"units": 4, "activation": "softmax"}), ("Dense", {"units": 1}),
    ("BatchNormalization", {}), ("BatchNormalization", {"axis": 1, "momentum": 0.8, "epsilon": 1e-4}),
    ("BatchNormalization", {"scale": False, "center": False}), ("Activation", {"activation": "elu"}), ("ReLU", {}),
    ("ReLU", {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.3}), ("LeakyReLU", {}), ("LeakyReLU", {"negative_slope": 0.1}),
    ("GlobalMaxPooling2D", {}), ("GlobalMaxPooling2D", {"keepdims": True}), ("ZeroPadding2D", {}), ("ZeroPadding2D", {"padding": 2}),
    ("ZeroPadding2D", {"padding": (0, 3)}), ("ZeroPadding2D", {"padding": ((1, 0), (2, 3))}), ("Cropping2D", {}),
    ("Cropping2D", {"cropping": 1}),
    ("Cropping2D", {"cropping": ((1, 2), (0, 3))}), ("UpSampling2D", {}), ("UpSampling2D", {"size": (3, 2)}), ("UpSampling2D", {"size": 1}),
    ("UpSampling2D", {"interpolation": "bilinear"}), ("UpSampling2D", {"size": (1, 3), "interpolation": "bilinear"}),
    ("UpSampling2D", {"size": (5, 2), "interpolation": "bilinear"}),
    ("Softmax", {}), ("Softmax", {"axis": 1}), ("Rescaling", {"scale": 0.5, "offset": -1.0}), ("Dropout", {"rate": 0.0}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "arguments"), GRID)
def test_every_layer_gives_what_keras_gives(keras, kind, arguments):
    ours, theirs = getattr(layers, kind)(**arguments), getattr(keras.layers, kind)(**arguments)
    symbol = ours(minidl.Input(PICTURES.shape[1:]))
    assert tuple(symbol.shape) == tuple(theirs(keras.Input(PICTURES.shape[1:])).shape)
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    values = [RNG.random(w.shape).astype("float32") for w in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    for training in (False, True, False):
        close(ours(PICTURES, training=training), theirs(PICTURES, training=training))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(a, b)


def test_merging_layers(keras):
    for kind, axis in (("Add", None), ("Concatenate", -1), ("Concatenate", 1)):
        arguments = {} if axis is None else {"axis": axis}
        mine, other = getattr(layers, kind)(**arguments), getattr(keras.layers, kind)(**arguments)
        close(mine([PICTURES, 2 * PICTURES]), other([PICTURES, 2 * PICTURES]))
    some = [PICTURES, PICTURES[:, :1, :1] + 0.1, PICTURES[..., :1] * 2]
    for name in ("add", "average", "maximum", "minimum", "multiply"):
        close(getattr(layers, name)(some), getattr(keras.layers, name)(some))
        symbols = [[module.Input(one.shape[1:]) for one in some] for module in (minidl, keras)]
        assert getattr(layers, name)(symbols[0]).shape == getattr(keras.layers, name)(symbols[1]).shape
    close(layers.subtract(some[:2]), keras.layers.subtract(some[:2]))
    close(layers.concatenate(some[:1] * 2, axis=1), keras.layers.concatenate(some[:1] * 2, axis=1))


def regularized(module, frozen):
    """The same source for both: penalties on weights and outputs, one of them on a shared layer, one frozen."""
    L, R = module.layers, module.regularizers
    i = module.Input((6, 6, 2), name="in")
    x = L.Conv2D(3, 3, activation="relu", kernel_regularizer="l2", bias_regularizer=R.L1(0.1), activity_regularizer=R.L2(0.03), name="c")(i)
    x = L.MaxPooling2D(name="p")(x)
    shared = L.Conv2D(3, 1, kernel_regularizer=R.L1L2(0.01, 0.02), activity_regularizer=R.l1(0.05), name="s")
    x = L.BatchNormalization(beta_regularizer="l2", gamma_regularizer=R.l1_l2(l1=0.02, l2=0.03), name="n")(shared(shared(x)))
    x = L.Dense(4, kernel_regularizer=R.L2(0.5), name="frozen")(L.Flatten(name="f")(x))
    x = L.Dense(3, activation="softmax", kernel_regularizer=R.L2(0.01), name="d")(x)
    model = module.Model(i, x)
    model.get_layer("frozen").trainable = not frozen
    return model


@pytest.mark.parametrize("frozen", [False, True])
def test_penalties_are_those_of_keras(keras, frozen):
    x, y = RNG.standard_normal((22, 6, 6, 2)).astype("float32"), RNG.integers(0, 3, 22)
    ours, theirs = regularized(minidl, frozen), regularized(keras, frozen)
    ours.set_weights([w + 0.1 for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        given = {"epochs": 3, "batch_size": 8, "shuffle": False, "verbose": 0, "validation_data": (x[:7], y[:7])}
        histories.append(model.fit(x, y, **given).history)
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=2e-5, atol=1e-6, err_msg=name)
    np.testing.assert_allclose(ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), rtol=2e-5)
    ours(x), theirs(x)
    assert len(ours.losses) == len(theirs.losses) == (9 if frozen else 10)
    np.testing.assert_allclose(sorted(map(float, ours.losses)), sorted(float(array(one)) for one in theirs.losses), rtol=2e-5)


@pytest.mark.parametrize("fill_mode", ["reflect", "constant", "nearest"])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("RandomRotation", {"factor": (0.08, 0.08)}), ("RandomRotation", {"factor": (-0.2, -0.2)}),
        ("RandomZoom", {"height_factor": (0.3, 0.3)}),
        ("RandomZoom", {"height_factor": (-0.4, -0.4), "width_factor": (0.21, 0.21)}),
        ("RandomTranslation", {"height_factor": (0.31, 0.31), "width_factor": (-0.17, -0.17)}),
    ],
)  # fmt: skip
def test_pictures_are_moved_as_keras_does(keras, kind, arguments, interpolation, fill_mode):
    """Ranges of one value leave nothing to chance."""
    arguments = arguments | {"interpolation": interpolation, "fill_mode": fill_mode, "fill_value": 0.4}
    ours, theirs = getattr(layers, kind)(**arguments), getattr(keras.layers, kind)(**arguments)
    for x in (PICTURES, PICTURES[0]):
        close(ours(x, training=True), theirs(x, training=True), 1e-4)
        np.testing.assert_array_equal(ours(x, training=False).numpy(), x)


def test_brightness_as_in_keras(keras):
    x = RNG.random((3, 4, 5, 3)).astype("float32")
    for arguments in ({"factor": (0.3, 0.3), "value_range": (0, 1)}, {"factor": (-0.1, -0.1)}):
        close(layers.RandomBrightness(**arguments)(x, training=True), keras.layers.RandomBrightness(**arguments)(x, training=True))


def keras_intro(keras):
    L = keras.layers
    return keras.Sequential([
        keras.Input((32, 32, 3)), L.Conv2D(16, (3, 3), activation="relu"), L.MaxPooling2D((2, 2)), L.Conv2D(32, (3, 3), activation="relu"),
        L.MaxPooling2D((2, 2)), L.Flatten(), L.Dense(64, activation="relu"), L.Dense(10, activation="softmax"),
    ])  # fmt: skip


def step(model, x, y, **options):
    """The loss of this batch alone: Keras gives a running mean unless it is reset."""
    if hasattr(model, "reset_metrics"):
        model.reset_metrics()
    return float(np.ravel(model.train_on_batch(x, y, **options))[0])


def test_30_steps_of_adam_on_the_intro_net(keras, record_property):
    ours, theirs = nets.intro(), keras_intro(keras)
    theirs.set_weights(ours.get_weights())
    x, y = RNG.random((960, 32, 32, 3)).astype("float32"), RNG.integers(0, 10, (960, 1))
    for model in (ours, theirs):
        model.compile("adam", "sparse_categorical_crossentropy")
    losses = []
    for k in range(30):
        part = slice(32 * k, 32 * k + 32)
        losses.append([step(model, x[part], y[part]) for model in (ours, theirs)])
    mine, other = np.array(losses).T
    deviation = np.abs(mine / other - 1).max()
    record_property("deviation", deviation)
    print(f"intro, 30 Adam steps: largest relative deviation of the loss {deviation:.2e}")
    assert deviation < 1e-4
    assert other[0] != other[-1]
    close(ours.predict(x[:32], verbose=0), theirs.predict(x[:32], verbose=0), 1e-3)


def residual(module):
    """The same source for both: a shortcut that is made first, two outputs, batch normalization."""
    Input, L = module.Input, module.layers
    i = Input((8, 8, 2), name="in")
    short = L.Conv2D(4, 1, name="short")(i)
    x = L.Conv2D(4, 3, padding="same", name="c1")(i)
    x = L.ReLU(name="r")(L.BatchNormalization(name="n")(x))
    x = L.Conv2D(4, 3, padding="same", name="c2")(x)
    x = L.Add(name="add")([x, short])
    flat = L.Flatten(name="f")(L.AveragePooling2D((2, 2), name="p")(x))
    outputs = [L.Dense(3, activation="softmax", name="kind")(flat), L.Dense(2, name="value")(L.GlobalAveragePooling2D(name="g")(x))]
    return module.Model(i, outputs)


def test_a_residual_net_with_two_outputs(keras):
    ours, theirs = residual(minidl), residual(keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.name.split("/")[-1] for w in ours.weights] == [w.name for w in theirs.weights]
    theirs.set_weights(ours.get_weights())
    x = RNG.standard_normal((40, 8, 8, 2)).astype("float32")
    y = [RNG.integers(0, 3, 40), RNG.standard_normal((40, 2)).astype("float32")]
    ours.compile("sgd", ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.5])
    theirs.compile("sgd", ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.5])
    losses = [[step(model, x[k : k + 4], [part[k : k + 4] for part in y]) for model in (ours, theirs)] for k in range(0, 40, 4)]
    mine, other = np.array(losses).T
    np.testing.assert_allclose(mine, other, rtol=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
    a, b = ours.evaluate(x, y, verbose=0, batch_size=16), theirs.evaluate(x, y, verbose=0, batch_size=16)
    np.testing.assert_allclose(a, b[: len(a)], rtol=1e-4)


@pytest.mark.parametrize("options", [{}, {"class_weight": {0: 2.0, 2: 0.25}}, {"sample_weight": np.linspace(0, 2, 20)}])
def test_fit_with_weights_reports_keras_losses(keras, options):
    x, y = RNG.standard_normal((20, 4)).astype("float32"), RNG.integers(0, 3, 20)
    ours = minidl.Sequential([minidl.Input((4,)), layers.Dense(5, "tanh"), layers.Dense(3, "softmax")])
    theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(3, "softmax")])
    theirs.set_weights(ours.get_weights())
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        given = {"epochs": 4, "batch_size": 8, "shuffle": False, "verbose": 0, "validation_split": 0.2}
        histories.append(model.fit(x, y, **given, **options).history)
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, rtol=1e-5, atol=1e-6, err_msg=name)


def test_names_and_counts(keras):
    theirs = keras_intro(keras)
    ours = nets.intro()
    assert ours.count_params() == theirs.count_params() == 79530
    assert [tuple(w.shape) for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in ("decay", "schedule")])
def test_keras_optimisers_take_the_same_steps_downhill(keras, name):
    ours = OPTIMIZERS[name]()
    kind = next(kind.__name__ for kind in type(ours).__mro__ if hasattr(keras.optimizers, kind.__name__))
    shared = {"learning_rate", "momentum", "nesterov", "rho", "centered", "epsilon", "beta_1", "beta_2", "amsgrad", "weight_decay"}
    theirs = getattr(keras.optimizers, kind)(**{key: value for key, value in ours.get_config().items() if key in shared})
    w, b = (keras.Variable(start, dtype="float64") for start in (8.0, 3.0))
    theirs.build([w, b])
    ledger = walk(name, 100)
    for i in range(100):
        at = float(w.value), float(b.value)
        np.testing.assert_allclose(at, [ledger["w"][i], ledger["b"][i]], rtol=1e-6)
        theirs.apply([keras.ops.convert_to_tensor(g, dtype="float64") for g in gradients(*at).values()], [w, b])
