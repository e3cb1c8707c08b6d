"""Beside Keras itself, in both directions: what minidl writes opens there, what Keras writes opens here, and both predict the same."""

import importlib.util
import os
import warnings
from unittest import mock

import numpy as np
import pytest

import minidl
from minidl import Input, Sequential, layers
from minidl.models import load_model

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword"),  # Keras' variables and NumPy 2
]
RNG = np.random.default_rng(71)
PICTURES = RNG.standard_normal((3, 6, 5, 2)).astype("float32")
X = RNG.standard_normal((8, 4)).astype("float32")
Y = RNG.standard_normal((8, 2)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    """Keras on whatever is installed: PyTorch, JAX or TensorFlow."""
    if not importlib.util.find_spec("keras"):
        pytest.skip("Keras is not installed: it is the oracle")
    backend = next((name for name in ("torch", "jax", "tensorflow") if importlib.util.find_spec(name)), None)
    if backend is None:
        pytest.skip("Keras runs on PyTorch, JAX or TensorFlow, and none is installed")
    with mock.patch.dict(os.environ, KERAS_BACKEND=backend), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras

        if keras.__version__ < "3":
            pytest.skip(f"Keras {keras.__version__} is not Keras 3")
        yield keras


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(3)


def flat(y):
    many = [y[key] for key in sorted(y)] if isinstance(y, dict) else y if isinstance(y, (list, tuple)) else [y]
    return [array(one) for one in many]


def array(y):
    y = y.detach().cpu() if hasattr(y, "detach") and not isinstance(y, minidl.Tensor) else y
    return y.numpy() if hasattr(y, "numpy") else np.asarray(y)


def same(ours, theirs, x, tolerance=1e-5):
    """Both give the same, relative to the largest magnitude."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = zip(flat(ours(x, training=False)), flat(theirs(x, training=False)), strict=True)
    for a, b in pairs:
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


def randomized(model):
    model.set_weights([RNG.random(w.shape) + 0.5 for w in model.get_weights()])
    return model


EVERY = {
    "Conv2D": [
        {"filters": 3, "kernel_size": (2, 3), "strides": (2, 1), "padding": "same", "activation": "tanh", "use_bias": False},
        {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "kernel_regularizer": "l2", "kernel_initializer": "he_normal"},
    ],
    "Dense": [
        {"units": 3, "activation": "softmax"},
        {"units": 2, "use_bias": False, "bias_regularizer": "l1", "bias_initializer": "ones"},
    ],
    "MaxPooling2D": [{}, {"pool_size": 3, "strides": 1, "padding": "same"}],
    "AveragePooling2D": [{"pool_size": (2, 1)}],
    "GlobalAveragePooling2D": [{}, {"keepdims": True}],
    "GlobalMaxPooling2D": [{}, {"keepdims": True}],
    "Flatten": [{}],
    "Reshape": [{"target_shape": (-1, 2)}, {"target_shape": (60,)}],
    "Dropout": [{"rate": 0.5}, {"rate": 0.25, "seed": 3}],
    "BatchNormalization": [{}, {"axis": 1, "momentum": 0.5, "center": False}, {"scale": False, "epsilon": 0.1}],
    "Activation": [{"activation": name} for name in minidl.activations.KNOWN],
    "ReLU": [{}, {"max_value": 2.0, "negative_slope": 0.1, "threshold": 0.5}],
    "LeakyReLU": [{}, {"negative_slope": 0.2}],
    "Softmax": [{}, {"axis": 1}],
    "Rescaling": [{"scale": 0.5}, {"scale": 0.5, "offset": 1.0}],
    "ZeroPadding2D": [{}, {"padding": ((1, 2), (0, 3))}],
    "Cropping2D": [{"cropping": ((1, 2), (0, 1))}],
    "UpSampling2D": [{}, {"size": (2, 3)}, {"interpolation": "bilinear"}],
    "RandomFlip": [{}, {"mode": "horizontal", "seed": 4}],
    "RandomRotation": [{"factor": 0.1}, {"factor": (-0.2, 0.3), "fill_mode": "constant", "fill_value": 1.0, "interpolation": "nearest"}],
    "RandomZoom": [{"height_factor": 0.1}, {"height_factor": (-0.3, -0.1), "width_factor": 0.2, "seed": 1}],
    "RandomTranslation": [{"height_factor": 0.1, "width_factor": (-0.1, 0.2)}],
    "RandomContrast": [{"factor": 0.1}],
    "RandomBrightness": [{"factor": 0.1}, {"factor": (-0.1, 0.2), "value_range": (0.0, 1.0)}],
}
MERGING = {"Add": {}, "Subtract": {}, "Multiply": {}, "Average": {}, "Maximum": {}, "Minimum": {}, "Concatenate": {"axis": 1}}
GRID = [(kind, arguments) for kind, several in EVERY.items() for arguments in several]


def net(package, kind, arguments):
    shape = PICTURES.shape[1:]
    return package.Sequential([package.Input(shape), getattr(package.layers, kind)(**arguments, name="it")])


@pytest.mark.parametrize(("kind", "arguments"), GRID)
def test_every_layer_in_both_directions(keras, kind, arguments, tmp_path):
    for package, read in ((minidl, keras.models.load_model), (keras, load_model)):
        model = randomized(net(package, kind, arguments))
        model.save(tmp_path / "m.keras")
        loaded = read(tmp_path / "m.keras")
        same(*((model, loaded) if package is minidl else (loaded, model)), PICTURES)
        loaded.save(tmp_path / "again.keras")
        again = load_model(tmp_path / "again.keras")
        assert type(again.layers[0]).__name__ == kind
        assert again.layers[0].get_config().keys() == net(minidl, kind, arguments).layers[0].get_config().keys()


@pytest.mark.parametrize("kind", MERGING)
def test_layers_of_several_inputs(keras, kind, tmp_path):
    def net(package):
        a, b = package.Input((3, 2)), package.Input((3, 2))
        return package.Model([a, b], getattr(package.layers, kind)(**MERGING[kind])([a, b]))

    x = [X.reshape(-1, 2, 2)[:4].repeat(3, 1)[:, :3], X.reshape(-1, 2, 2)[4:8].repeat(3, 1)[:, 3:]]
    net(minidl).save(tmp_path / "m.keras")
    same(net(minidl), keras.models.load_model(tmp_path / "m.keras"), x)
    net(keras).save(tmp_path / "k.keras")
    same(load_model(tmp_path / "k.keras"), net(keras), x)


def test_every_layer_of_the_package_is_tested():
    kinds = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    assert kinds == {*EVERY, *MERGING, "InputLayer", "Layer"}


# ---------------------------------------------------------------- connections


def graph(package):
    """Branches, a shared layer, models in the model, several inputs and outputs; an activation that is a layer."""
    layers = package.layers
    a, b = package.Input((4,), name="a"), package.Input((4,), name="b")
    shared = layers.Dense(4, "tanh", name="shared")
    inner = package.Sequential([package.Input((4,)), layers.Dense(3), layers.BatchNormalization()], name="inner")
    a2, b2 = package.Input((3,), name="a2"), package.Input((3,), name="b2")
    nested = package.Model([a2, b2], [layers.Add()([a2, layers.Dense(3)(b2)]), layers.Concatenate()([b2, a2])], name="nested")
    x, y = shared(a), shared(b)
    one, two = nested([inner(x), inner(y)])
    three, _ = nested([inner(y), layers.Dense(3, activation=layers.LeakyReLU(negative_slope=0.1))(x)])
    outputs = [layers.Dense(2, name="left")(layers.Add()([one, three])), layers.Dense(1, name="right")(two)]
    return package.Model([a, b], [*outputs, three], name="whole")


def dag(package, seed):
    """Any connections at all between layers of one shape: whoever confuses two of them is found out."""
    rng = np.random.default_rng(seed)
    layers, made = package.layers, [package.Input((4,), name=f"in{i}") for i in range(2)]
    shared = [layers.Dense(4, "tanh", name=f"shared{i}") for i in range(2)]
    inputs = list(made)
    for i in range(8):
        one, other = (made[j] for j in rng.integers(0, len(made), 2))
        kind = rng.integers(0, 4)
        made.append(
            layers.Add(name=f"add{i}")([one, other]) if kind == 0 and one is not other
            else shared[rng.integers(0, 2)](one) if kind == 1
            else layers.Dense(4, "tanh", name=f"dense{i}")(one)
        )  # fmt: skip
    ends = [made[j] for j in rng.choice(range(2, len(made)), 2, replace=False)]
    return package.Model(inputs, [layers.Add(name="left")([*made[2:], *inputs]), *ends])


GRAPHS = {"graph": graph} | {f"dag {seed}": lambda package, seed=seed: dag(package, seed) for seed in range(12)}


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_connections_in_both_directions(keras, make, tmp_path):
    for package, read in ((minidl, keras.models.load_model), (keras, load_model)):
        model = make(package)
        model.set_weights([RNG.random(w.shape) + (0.1 if make is graph else -0.5) for w in model.get_weights()])
        model.save(tmp_path / "m.keras")
        model.save_weights(tmp_path / "m.weights.h5")
        loaded = read(tmp_path / "m.keras")
        same(*((model, loaded) if package is minidl else (loaded, model)), [X, -X])
        other = make(minidl if package is keras else keras)
        other.load_weights(tmp_path / "m.weights.h5")
        same(*((model, other) if package is minidl else (other, model)), [X, -X])
        loaded.save(tmp_path / "again.keras")
        same(load_model(tmp_path / "again.keras"), loaded, [X, -X])


def test_inputs_and_outputs_by_name(keras, tmp_path):
    for package in (minidl, keras):
        a, b = package.Input((4,), name="a"), package.Input((4,), name="b")
        dense = package.layers.Dense(2, name="z")
        model = package.Model({"a": a, "b": b}, {"y": package.layers.Add(name="y")([a, b]), "z": dense(b)})
        model.save(tmp_path / "m.keras")
        ours, theirs = load_model(tmp_path / "m.keras"), keras.models.load_model(tmp_path / "m.keras")
        same(ours, theirs, {"b": X, "a": 2 * X})
        assert ours.predict({"b": X, "a": X}, verbose=0).keys() == {"y", "z"}


def test_a_sequential_of_every_kind(keras, tmp_path):
    for package, read in ((minidl, keras.models.load_model), (keras, load_model)):
        layers = package.layers
        for first in (
            layers.Dense(3), package.Sequential([layers.Dense(3)]), package.Sequential([package.Input((4,)), layers.Dense(3)]),
        ):  # fmt: skip
            model = package.Sequential([first, layers.Dense(2)])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Keras warns that it is not built
                model.save(tmp_path / "unbuilt.keras")
                again = read(tmp_path / "unbuilt.keras")
            assert len(again.layers) == 2
            assert again(X).shape == (8, 2)
            model(X)
            model.save(tmp_path / "m.keras")
            loaded = read(tmp_path / "m.keras")
            same(*((model, loaded) if package is minidl else (loaded, model)), X)


# ---------------------------------------------------------------- training goes on


OPTIMIZERS = {
    "SGD": {}, "SGD momentum": {"momentum": 0.9, "nesterov": True}, "Adam": {"learning_rate": 0.01, "clipnorm": 1.0}, "AdamW": {},
    "Adam amsgrad": {"amsgrad": True, "epsilon": 1e-4}, "RMSprop": {}, "RMSprop all": {"momentum": 0.9, "centered": True, "epsilon": 1e-3},
    "Adagrad": {"weight_decay": 0.01},
}  # fmt: skip
SETTINGS = {
    "names": lambda package: {"loss": "mse", "metrics": ["mae", "mse"]},
    "objects": lambda package: {"loss": package.losses.MeanAbsoluteError(), "metrics": [package.metrics.MeanSquaredError(name="own")]},
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_training_goes_on_in_both_directions(keras, kind, tmp_path):
    for package, read in ((minidl, keras.models.load_model), (keras, load_model)):
        frozen = package.layers.Dense(5, "tanh", name="frozen")
        model = package.Sequential([package.Input((4,)), frozen, package.layers.Dense(3, "tanh"), package.layers.Dense(2)])
        frozen.trainable = False
        optimizer = getattr(package.optimizers, kind.split()[0])(**OPTIMIZERS[kind])
        model.compile(optimizer, **SETTINGS["names" if "A" in kind else "objects"](package))
        for _ in range(3):
            model.train_on_batch(X, Y)
        model.save(tmp_path / "m.keras")
        other = read(tmp_path / "m.keras")
        assert other.optimizer.iterations == 3
        names = [list(m.evaluate(X, Y, verbose=0, return_dict=True)) for m in (model, other)]
        assert names[0] == names[1]
        for _ in range(3):
            np.testing.assert_allclose(model.train_on_batch(X, Y), other.train_on_batch(X, Y), rtol=1e-4)
        assert not other.layers[0].trainable
        for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5}),
        ("PiecewiseConstantDecay", {"boundaries": [2, 4], "values": [0.1, 0.05, 0.01]}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5, "staircase": True}),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 8, "warmup_target": 0.2, "warmup_steps": 2}),
    ],
)
def test_schedules(keras, kind, arguments, tmp_path):
    for package, read in ((minidl, keras.models.load_model), (keras, load_model)):
        model = package.Sequential([package.Input((4,)), package.layers.Dense(2)])
        model.compile(package.optimizers.SGD(getattr(package.optimizers.schedules, kind)(**arguments)), "mse")
        for _ in range(3):
            model.train_on_batch(X, Y)
        model.save(tmp_path / "m.keras")
        other = read(tmp_path / "m.keras")
        for _ in range(3):
            np.testing.assert_allclose(model.train_on_batch(X, Y), other.train_on_batch(X, Y), rtol=1e-4)


def test_losses_and_metrics_of_several_outputs(keras, tmp_path):
    for package, read in ((minidl, keras.models.load_model), (keras, load_model)):
        a = package.Input((4,))
        left, right = package.layers.Dense(3, "softmax", name="left")(a), package.layers.Dense(1, name="right")(a)
        model = package.Model(a, [left, right])
        own = package.metrics.BinaryAccuracy(threshold=0.3)
        model.compile(
            "adam", {"left": package.losses.SparseCategoricalCrossentropy(), "right": package.losses.BinaryCrossentropy(from_logits=True)},
            loss_weights={"left": 0.5, "right": 2.0},
            metrics={"left": ["accuracy", package.metrics.SparseTopKCategoricalAccuracy(2)], "right": [own]},
        )  # fmt: skip
        y = [np.arange(8) % 3, np.arange(8).reshape(8, 1) % 2]
        model.train_on_batch(X, y)
        model.save(tmp_path / "m.keras")
        both = [m.evaluate(X, y, verbose=0, return_dict=True) for m in (model, read(tmp_path / "m.keras"))]
        assert both[0].keys() == both[1].keys()
        for name, value in both[0].items():
            assert value == pytest.approx(both[1][name], rel=1e-4), name


def test_regularizers_and_initializers(keras, tmp_path):
    kinds = ["RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Orthogonal", "GlorotNormal", "HeUniform"]
    for package, read in ((minidl, keras.models.load_model), (keras, load_model)):
        model = package.Sequential([package.Input((4,))])
        for i, kind in enumerate(kinds):
            rule = [package.regularizers.L1(0.1), package.regularizers.L2(0.2), package.regularizers.L1L2(0.1, 0.2)][i % 3]
            start = getattr(package.initializers, kind)(seed=5)
            model.add(package.layers.Dense(4, kernel_initializer=start, kernel_regularizer=rule, activity_regularizer=rule))
        model.compile("sgd", "mse")
        model.save(tmp_path / "m.keras")
        target = X[:, :4]
        values = [m.evaluate(X, target, verbose=0) for m in (model, read(tmp_path / "m.keras"))]
        assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_a_layer_of_ones_own(keras, tmp_path):
    class Ours(minidl.layers.Layer):
        def __init__(self, factor, inner=None, name=None):
            super().__init__(name)
            self.factor, self.inner = factor, inner

        def build(self, input_shape):
            self.weight = self.add_weight((input_shape[-1],), "normal")

        def call(self, x):
            return self.inner(x * self.weight * self.factor)

    class Theirs(keras.layers.Layer):
        def __init__(self, factor, inner=None, **kwargs):
            super().__init__(**kwargs)
            self.factor, self.inner = factor, inner if not isinstance(inner, dict) else keras.saving.deserialize_keras_object(inner)

        def build(self, input_shape):
            self.weight = self.add_weight(shape=(input_shape[-1],), initializer="normal")
            self.inner.build(input_shape)

        def call(self, x):
            return self.inner(x * self.weight * self.factor)

        def get_config(self):
            return {**super().get_config(), "factor": self.factor, "inner": keras.saving.serialize_keras_object(self.inner)}

    Theirs.__name__ = Ours.__name__ = "Own"
    model = Sequential([Input((4,)), Ours(2.0, minidl.layers.Dense(3)), minidl.layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    same(model, keras.models.load_model(tmp_path / "m.keras", custom_objects={"Own": Theirs}), X)
    model = keras.Sequential([keras.Input((4,)), Theirs(2.0, keras.layers.Dense(3)), keras.layers.Dense(2)])
    model.save(tmp_path / "k.keras")
    same(load_model(tmp_path / "k.keras", custom_objects={"Own": Ours}), model, X)


def test_models_of_ones_own_exchange_weights(keras, tmp_path):
    def own(package):
        class Own(package.Model):
            def __init__(self):
                super().__init__()
                self.first, self.zlast = package.layers.Dense(3), package.layers.Dense(2)
                self.blocks = [package.layers.Dense(3, name="x"), package.layers.Dense(3, name="y")]

            def call(self, x, training=None):
                return self.zlast(self.blocks[1](self.blocks[0](self.first(x))))

        model = Own()
        model(X)
        return model

    for a, b in ((minidl, keras), (keras, minidl)):
        one, other = own(a), own(b)
        one.save_weights(tmp_path / "m.weights.h5")
        other.load_weights(tmp_path / "m.weights.h5")
        same(one, other, X)
