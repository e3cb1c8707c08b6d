"""model.save and load_model: what is written comes back."""
import numpy as np
import pytest

import minidl
from minidl import Input, Model, Sequential, layers, losses, metrics, ops, optimizers
from minidl.layers import Add, BatchNormalization, Concatenate, Conv2D, Dense, Dropout, Flatten, Layer
from minidl.models import load_model
from minidl.regularizers import L1L2

RNG = np.random.default_rng(41)
X = RNG.standard_normal((6, 4)).astype("float32")
PICTURES = RNG.standard_normal((2, 6, 5, 2)).astype("float32")


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(0)


def again(model, tmp_path, **options):
    model.save(tmp_path / "model.npz")
    loaded = load_model(tmp_path / "model.npz", **options)
    assert type(loaded) is type(model)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert [w.name for w in loaded.weights] == [w.name for w in model.weights]
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    return loaded


def outputs(model, x):
    y = model.predict(x, verbose=0)
    return list(y.values()) if isinstance(y, dict) else y if isinstance(y, list) else [y]


def same_outputs(a, b, x):
    for one, other in zip(outputs(a, x), outputs(b, x), strict=True):
        np.testing.assert_array_equal(one, other)


def randomized(model):
    model.set_weights([RNG.random(w.shape) + 0.5 for w in model.weights])
    return model


EVERY = [
    Conv2D(3, (2, 3), strides=(2, 1), padding="same", activation="tanh", use_bias=False),
    Conv2D(2, 2, dilation_rate=2, activation=ops.relu),
    layers.MaxPooling2D(3, 1, "same"), layers.AveragePooling2D((2, 1)), layers.GlobalAveragePooling2D(keepdims=True), Flatten(),
    layers.Reshape((-1, 2)), Dropout(0.5, seed=3), BatchNormalization(1, momentum=0.5, center=False), layers.Activation("gelu"),
    layers.ReLU(2.0, 0.1, 0.5), layers.LeakyReLU(0.2), layers.Softmax(1), layers.Rescaling(0.5, 1.0),
    Dense(3, layers.LeakyReLU(0.1), kernel_initializer=minidl.initializers.HeNormal(seed=2)), Dense(np.int64(2)),
    Dense(2, kernel_regularizer="l2", bias_regularizer=minidl.regularizers.L1(0.3)), Conv2D(2, 2, activity_regularizer=L1L2(0.1, 0.2)),
    BatchNormalization(beta_regularizer=L1L2(0.1), gamma_regularizer="l1"), layers.GlobalMaxPooling2D(keepdims=True),
    layers.ZeroPadding2D(((1, 0), (0, 2))), layers.Cropping2D((1, 0)), layers.UpSampling2D((2, 1), interpolation="bilinear"),
    layers.RandomFlip("vertical", seed=1), layers.RandomRotation((-0.1, 0.2), "wrap", "nearest", 5, 0.5),
    layers.RandomZoom(0.2, (0.1, 0.3), seed=2), layers.RandomTranslation(0.1, 0.2, "constant", seed=3, fill_value=2.0),
    layers.RandomContrast((0.1, 0.2), (0, 2), seed=4), layers.RandomBrightness(0.2, (0, 1), seed=5),
]  # fmt: skip


@pytest.mark.parametrize("layer", EVERY, ids=lambda layer: layer.name)
def test_every_layer(layer, tmp_path):
    model = randomized(Sequential([Input((6, 5, 2)), type(layer).from_config({**layer.get_config(), "name": "it"})]))
    loaded = again(model, tmp_path)
    same_outputs(model, loaded, PICTURES)
    a, b = (m.layers[0](PICTURES, training=True).numpy() for m in (model, loaded))
    np.testing.assert_array_equal(a, b)


def test_every_layer_of_the_package_is_tested():
    merging = {"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"}
    functions = {name.lower() for name in merging}
    tested = {type(layer).__name__ for layer in EVERY} | merging | functions | {"Input", "InputLayer", "Layer", "reset_names"}
    assert tested == set(layers.__all__)


@pytest.mark.parametrize("kind", ["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"])
def test_merging_layers(kind, tmp_path):
    a, b = Input((4,)), Input((4,))
    model = Model([a, b], getattr(layers, kind)()([a, b]))
    same_outputs(model, again(model, tmp_path), [RNG.random((3, 4)), RNG.random((3, 4))])


def test_penalties_come_back(tmp_path):
    model = Sequential([Input((4,)), Dense(3, kernel_regularizer=L1L2(0.1, 0.2), bias_regularizer="l1", activity_regularizer="l2")])
    loaded = again(randomized(model), tmp_path)
    x = RNG.random((5, 4))
    model(x), loaded(x)
    assert [float(loss) for loss in loaded.losses] == [float(loss) for loss in model.losses]
    assert len(model.losses) == 3


def graph():
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared, inner = Dense(4, "tanh"), Sequential([Input((4,)), Dense(3), BatchNormalization()], name="inner")
    x, y = shared(a), shared(b)
    nested = Model([a2 := Input((3,)), b2 := Input((3,))], [Add()([a2, b2]), Concatenate()([b2, a2])], name="nested")
    one, two = nested([inner(x), inner(y)])
    return Model({"a": a, "b": b}, {"left": Dense(2, name="left")(one), "right": Dense(1, name="right")(two)}, name="whole")


def test_shared_nested_and_named(tmp_path):
    model = randomized(graph())
    model.get_layer("inner").layers[1].trainable = False
    loaded = again(model, tmp_path)
    x = {"a": X, "b": 2 * X}
    same_outputs(model, loaded, x)
    assert loaded.predict(x, verbose=0).keys() == {"left", "right"}
    assert loaded.name == "whole"
    assert not loaded.get_layer("inner").layers[1].trainable
    assert loaded.get_layer("inner").layers[0].trainable
    assert loaded.get_layer("inner").trainable
    assert [w.name for w in loaded.trainable_variables] == [w.name for w in model.trainable_variables]
    assert len(loaded.weights) == len(model.weights) == 12


def test_lists_of_inputs_and_outputs(tmp_path):
    i, j = Input((4,)), Input((4,))
    model = Model([i, j], [Dense(1)(i), Add()([i, j]), j])
    same_outputs(model, again(model, tmp_path), [X, -X])


def test_a_sequential_can_be_extended_after_loading(tmp_path):
    loaded = again(Sequential([Input((4,)), Dense(3), Dense(2)]), tmp_path)
    loaded.add(Dense(5))
    assert loaded.predict(X, verbose=0).shape == (6, 5)
    loaded.pop()
    loaded.pop()
    assert loaded.predict(X, verbose=0).shape == (6, 3)


def test_saving_twice_gives_the_same_model(tmp_path):
    model = graph()
    first = again(model, tmp_path)
    same_outputs(model, again(first, tmp_path), {"a": X, "b": X})


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "adam", optimizers.SGD(0.1, momentum=0.9), optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)), "rmsprop"],
    ids=lambda o: getattr(o, "name", o),
)
def test_training_goes_on_as_if_it_had_never_stopped(optimizer, tmp_path):
    model = Sequential([Input((4,)), Dense(5, "tanh"), BatchNormalization(), Dense(2)])
    model.layers[0].trainable = False
    model.compile(optimizer, "mse", metrics=["mae"])
    options = {"epochs": 3, "batch_size": 2, "shuffle": False, "verbose": 0}
    model.fit(X, X[:, :2], **options)
    loaded = again(model, tmp_path)
    assert loaded.optimizer.iterations == 9
    assert loaded.evaluate(X, X[:, :2], verbose=0) == model.evaluate(X, X[:, :2], verbose=0)
    assert model.fit(X, X[:, :2], **options).history == loaded.fit(X, X[:, :2], **options).history
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_learning_rate_that_was_changed_is_kept(tmp_path):
    model = Sequential([Input((4,)), Dense(2)])
    model.compile(optimizers.Adam(0.1), "mse")
    model.optimizer.learning_rate = 0.25
    assert again(model, tmp_path).optimizer.learning_rate == 0.25


def test_losses_and_metrics_come_back(tmp_path):
    model = graph()
    model.compile(
        "sgd", {"left": losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), "right": "mse"}, {"right": 3.0},
        {"left": [metrics.BinaryAccuracy(threshold=0.3)], "right": ["mae"]},
    )  # fmt: skip
    loaded = again(model, tmp_path)
    x, y = {"a": X, "b": X}, {"left": X[:, :2] > 0, "right": X[:, :1]}
    assert loaded.evaluate(x, y, return_dict=True, verbose=0) == model.evaluate(x, y, return_dict=True, verbose=0)
    model.save(tmp_path / "model.npz")
    plain = load_model(tmp_path / "model.npz", compile=False)
    assert plain.optimizer is None
    assert again(Sequential([Input((4,)), Dense(2)]), tmp_path).optimizer is None


class Scale(Layer):
    def __init__(self, factor, inner=None, name=None):
        super().__init__(name)
        self.factor, self.inner = factor, inner

    def build(self, input_shape):
        self.weight = self.add_weight((input_shape[-1],), "normal")

    def call(self, x):
        x = x * self.weight * self.factor
        return x if self.inner is None else self.inner(x)


def squash(x):
    return x / (1.0 + ops.abs(x))


def distance(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def test_own_layers_and_functions(tmp_path):
    model = Sequential([Input((4,)), Scale(2.0), Dense(3, activation=squash), Scale(0.5, inner=Dense(2))])
    model.compile("adam", distance, metrics=[distance])
    model.fit(X, X[:, :2], verbose=0)
    known = {"Scale": Scale, "squash": squash, "distance": distance}
    loaded = again(model, tmp_path, custom_objects=known)
    same_outputs(model, loaded, X)
    assert loaded.train_on_batch(X, X[:, :2]) == model.train_on_batch(X, X[:, :2])
    for name, what in (("Scale", "layer class"), ("squash", "function"), ("distance", "function")):
        with pytest.raises(ValueError, match=f"the file needs a {what} '{name}', which is not known.*custom_objects"):
            load_model(tmp_path / "model.npz", custom_objects={k: v for k, v in known.items() if k != name})


def test_what_cannot_be_saved_says_so(tmp_path):
    class Own(Model):
        def call(self, x):
            return x

    for model, message in ((Own(), "has no inputs and outputs; save_weights works"), (Sequential([Dense(2)]), "no inputs and outputs")):
        with pytest.raises(ValueError, match=message):
            model.save(tmp_path / "m.npz")
    odd = Sequential([Input((4,)), Scale(np.ones(4), name="odd")])
    with pytest.raises(ValueError, match="the factor of layer 'odd' cannot be saved"):
        odd.save(tmp_path / "m.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_model_on_another_backend_is_saved_the_same(backend, tmp_path):
    model = Sequential([Input((4,)), Dense(3, "tanh"), Dense(2)])
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], verbose=0)
    expected = model.predict(X, verbose=0)
    model.to(backend.name)
    loaded = again(model, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), expected)
    loaded.to(backend.name)
    assert loaded.train_on_batch(X, X[:, :2]) == pytest.approx(model.train_on_batch(X, X[:, :2]), rel=1e-6)


# ---- weights alone


def test_save_weights_and_load_weights(tmp_path):
    one, two = (Sequential([Input((4,)), Dense(3), Dense(2)]) for _ in range(2))
    one.save_weights(tmp_path / "deep" / "er" / "w.npz")
    two.load_weights(tmp_path / "deep" / "er" / "w.npz")
    same_outputs(one, two, X)
    one.set_weights([w * 2 for w in one.get_weights()])
    one.save(str(tmp_path / "whole.npz"))
    two.load_weights(str(tmp_path / "whole.npz"))
    same_outputs(one, two, X)


def test_weights_that_do_not_fit(tmp_path):
    model, path = Sequential([Input((4,)), Dense(3), Dense(2)]), tmp_path / "w.npz"
    model.save_weights(path)
    other = Sequential([Input((4,)), Dense(3), Dense(5)])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"w\.npz does not fit this model: weight .* has shape \(3, 5\), got an array of shape \(3, 2\)"):
        other.load_weights(path)
    for a, b in zip(before, other.get_weights()):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match=r"does not fit this model: .* has 2 weights, got 4 arrays"):
        Sequential([Input((4,)), Dense(3)]).load_weights(path)
    with pytest.raises(ValueError, match="holds minidl weights, not a whole model: use load_weights"):
        load_model(path)


def test_a_metric_comes_back_as_a_metric_and_not_as_the_loss_of_that_name(tmp_path):
    model = Sequential([Input((4,)), Dense(1)])
    model.compile("sgd", "mse", metrics=[minidl.metrics.MeanSquaredError(), minidl.metrics.MeanAbsoluteError(name="a")])
    model.save(tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert [type(metric) for metric in again.objective.metrics[0]] == [minidl.metrics.MeanSquaredError, minidl.metrics.MeanAbsoluteError]
    assert type(again.objective.losses[0]) is minidl.losses.MeanSquaredError


def test_a_layer_shared_with_a_model_in_the_model_stays_shared(tmp_path):
    shared = Dense(4, name="shared")
    inner_input, outer_input = Input((4,)), Input((4,))
    inner = Model(inner_input, shared(inner_input), name="inner")
    model = Model(outer_input, [inner(outer_input), shared(outer_input)])
    model.save(tmp_path / "m.npz")
    again = load_model(tmp_path / "m.npz")
    assert again.count_params() == model.count_params() == 20
    x = np.ones((2, 4), "float32")
    for a, b in zip(again(x), model(x)):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert again.get_layer("inner").get_layer("shared") is again.get_layer("shared")


def test_what_was_changed_after_making_a_layer_is_saved(tmp_path):
    model = Sequential([Input((4,)), minidl.layers.Dropout(0.5, name="d")])
    model.get_layer("d").rate = 0.2
    model.save(tmp_path / "m.npz")
    assert load_model(tmp_path / "m.npz").get_layer("d").rate == 0.2


def test_a_model_that_makes_its_own_layers_says_so(tmp_path):
    class Own(Model):
        def __init__(self, units):
            i = Input((4,))
            super().__init__(i, Dense(units)(i))

    with pytest.raises(ValueError, match="Own makes its layers itself; save_weights works"):
        Own(3).save(tmp_path / "m.npz")


DAMAGES = {
    "no model": lambda text: text.pop("model"),
    "a number for the model": lambda text: text.update(model=5),
    "a class that is no layer": lambda text: text["model"].update({"class": "optimizers.Adam"}),
    "a call of no layer": lambda text: text["model"]["calls"].append([9, []]),
    "no settings": lambda text: text.pop("compile"),
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_damaged_descriptions_are_one_error_that_names_the_file(tmp_path, change):
    from minidl.saving import read_npz, write_npz

    model = Sequential([Input((4,)), Dense(1)])
    model.save(tmp_path / "m.npz")
    arrays, text = read_npz(tmp_path / "m.npz")
    change(text)
    write_npz(tmp_path / "m.npz", arrays, text)
    with pytest.raises(ValueError, match=r"m\.npz"):
        load_model(tmp_path / "m.npz")
