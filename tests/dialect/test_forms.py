"""The spellings of Keras 2 and 3 that mean one thing, and the forms that are easy to miss."""
import numpy as np
import pytest

import minidl as tf
from minidl import Input, Model, Sequential, keras
from minidl.keras import layers
from minidl.models import load_model

X, Y = np.random.default_rng(0).random((12, 6, 6, 1)), np.arange(12) % 3


# ---------------------------------------------------------------- the first layer


@pytest.mark.parametrize(
    ("first", "shape"),
    [
        (lambda: layers.Dense(2, input_shape=[1]), (None, 1)),
        (lambda: layers.Dense(2, input_shape=(4,)), (None, 4)),
        (lambda: layers.Dense(2, input_dim=4), (None, 4)),
        (lambda: layers.Dense(2, batch_input_shape=(None, 4)), (None, 4)),
        (lambda: layers.Flatten(input_shape=(28, 28)), (None, 28, 28)),
        (lambda: layers.Conv2D(2, 3, input_shape=(8, 8, 3)), (None, 8, 8, 3)),
        (lambda: layers.Rescaling(1.0 / 255, input_shape=(8, 8, 3)), (None, 8, 8, 3)),
        (lambda: layers.InputLayer(input_shape=(4,)), (None, 4)),
        (lambda: keras.Input((4,)), (None, 4)),
        (lambda: keras.Input([4]), (None, 4)),
        (lambda: keras.Sequential([layers.Flatten(input_shape=(3, 3))]), (None, 3, 3)),
        (lambda: keras.Sequential([keras.Sequential([layers.Flatten(input_shape=(3, 3))])]), (None, 3, 3)),
    ],
)
def test_every_form_of_a_first_layer_builds_the_model(first, shape):
    for make in (lambda: keras.Sequential([first(), layers.Dense(1)]), lambda: _added(first(), layers.Dense(1))):
        model = make()
        assert model.built and model.inputs[0].shape == shape and model.outputs[0].shape[-1] == 1


def _added(*given):
    model = keras.Sequential()
    for layer in given:
        model.add(layer)
    return model


@pytest.mark.parametrize("wrong", [{"input_shape": (None, 3)}, {"input_shape": (0,)}, {"input_shape": "3"}, {"input_shape": (2.5,)}])
def test_wrong_input_shapes(wrong):
    with pytest.raises(ValueError, match="input_shape is whole numbers ≥ 1"):
        layers.Dense(1, **wrong)


def test_two_input_shapes():
    with pytest.raises(ValueError, match="input_shape and input_dim say the same"):
        layers.Dense(1, input_shape=(3,), input_dim=3)


def test_input_shape_of_an_own_layer():
    class Own(layers.Layer):
        def __init__(self, factor=2.0, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return self.factor * x

    model = keras.Sequential([Own(3.0, input_shape=(2,), name="own")])
    assert model.predict(np.ones((1, 2)), verbose=0).tolist() == [[3, 3]]


# ---------------------------------------------------------------- arguments of layers


def test_positions_and_aliases():
    pool = layers.MaxPooling2D(2, 2)
    assert (pool.pool_size, pool.strides) == ((2, 2), (2, 2))
    assert layers.MaxPool2D((3, 3), strides=2).strides == (2, 2)
    assert layers.AvgPool2D is layers.AveragePooling2D and layers.GlobalAvgPool2D is layers.GlobalAveragePooling2D
    conv = layers.Conv2D(8, 3, padding="same", activation="relu")
    assert (conv.filters, conv.kernel_size, conv.padding) == (8, (3, 3), "same")
    assert layers.Dense(1, "sigmoid").activation is tf.nn.sigmoid
    assert layers.Conv2D(filters=16, kernel_size=(3, 3), strides=(2, 2), padding="SAME").strides == (2, 2)


@pytest.mark.parametrize(
    "activation",
    ["relu", "ReLU", tf.nn.relu, keras.activations.relu, layers.ReLU(), lambda x: tf.maximum(x, 0.0)],
    ids=["relu", "ReLU", "tf.nn.relu", "keras.activations.relu", "a layer", "a function"],
)
def test_every_form_of_an_activation(activation):
    layer = layers.Dense(3, activation=activation, kernel_initializer="ones")
    assert layer(np.array([[-1.0, 0.5], [2.0, 1.0]], "float32")).numpy().tolist() == [[0] * 3, [3] * 3]
    assert layers.Activation(activation)(np.array([[-1.0, 1.0]], "float32")).numpy().tolist() == [[0, 1]]


def test_what_keras_has_one_more_choice_for():
    layers.Conv2D(1, 1, data_format="channels_last", groups=1, kernel_constraint=None)
    layers.Dropout(0.5, noise_shape=None)
    layers.Flatten(data_format=None)
    keras.losses.SparseCategoricalCrossentropy(ignore_class=None)
    for wrong in (
        lambda: layers.Conv2D(1, 1, data_format="channels_first"), lambda: layers.Conv2D(1, 1, groups=2),
        lambda: layers.Dropout(0.5, noise_shape=(1, 2)), lambda: layers.MaxPool2D(data_format="channels_first"),
        lambda: layers.Dense(1, kernel_constraint="max_norm"), lambda: keras.losses.SparseCategoricalCrossentropy(ignore_class=1),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"has no argument '\w+' for .*: minidl has \w+=.* only"):
            wrong()
    with pytest.raises(TypeError, match="Flatten has no argument 'groups'"):
        layers.Flatten(groups=1)


# ---------------------------------------------------------------- compile, fit, evaluate, predict


def net(last=None):
    return keras.Sequential([layers.Flatten(input_shape=(6, 6, 1)), layers.Dense(3, activation=last)])


@pytest.mark.parametrize("optimizer", ["adam", "Adam", "ADAM", keras.optimizers.Adam(), keras.optimizers.Adam, keras.optimizers.Adam(0.1)])
@pytest.mark.parametrize(
    "loss",
    ["sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", keras.losses.SparseCategoricalCrossentropy(),
     keras.losses.SparseCategoricalCrossentropy, keras.losses.sparse_categorical_crossentropy],
)  # fmt: skip
def test_every_form_of_compile(optimizer, loss):
    model = net("softmax")
    model.compile(optimizer, loss, ["accuracy"])
    assert model.fit(X, Y, 4, 1, False).history.keys() == {"loss", "accuracy"}
    assert type(model.optimizer).__name__ == "Adam"


@pytest.mark.parametrize(
    ("metrics", "keys"),
    [
        (["accuracy"], ["accuracy"]), (["acc"], ["acc"]), (["sparse_categorical_accuracy"], ["sparse_categorical_accuracy"]),
        ([keras.metrics.SparseCategoricalAccuracy()], ["sparse_categorical_accuracy"]),
        ([keras.metrics.SparseCategoricalAccuracy(name="acc")], ["acc"]),
        (["accuracy", keras.metrics.SparseCategoricalCrossentropy(name="ce")], ["accuracy", "ce"]),
    ],
)  # fmt: skip
def test_history_keys(metrics, keys):
    model = net("softmax")
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics)
    history = model.fit(X, Y, epochs=2, verbose=0, validation_split=0.25)
    assert list(history.history) == ["loss", *keys, "val_loss", *(f"val_{key}" for key in keys)]
    assert history.epoch == [0, 1]
    assert len(model.evaluate(X, Y, verbose=0)) == 1 + len(keys)


def test_fit_again_goes_on_and_counts_on():
    model = net("softmax")
    model.compile("adam", "sparse_categorical_crossentropy")
    first = model.fit(X, Y, epochs=2, verbose=0)
    second = model.fit(X, Y, epochs=5, initial_epoch=first.epoch[-1], verbose=0)
    assert second.epoch == [1, 2, 3, 4] and model.optimizer.iterations == 6
    assert second.history["loss"][0] < first.history["loss"][0]


@pytest.mark.parametrize("built", [True, False])
def test_one_number_for_each_example(built):
    model = keras.Sequential([layers.Dense(1, input_shape=[1] if built else None)] if built else [layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    model.fit(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), verbose=False)
    assert model.predict([100.0], verbose=0).shape == model.predict(np.array([100.0]), verbose=0).shape == (1, 1)
    assert model.predict([100.0, 1.0], verbose=0).shape == (2, 1)
    assert model(np.array([1.0, 2.0], "float32")).shape == (2, 1)


def test_only_single_numbers_get_an_axis():
    model = keras.Sequential([layers.Dense(1, input_shape=(3,))])
    with pytest.raises(ValueError, match=r"expects shape \(batch, 3\), got \(3,\)"):
        model.predict(np.ones(3), verbose=0)


def test_endless_generators_with_steps():
    def batches():
        while True:
            yield X[:4], Y[:4]

    model = net("softmax")
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(batches(), steps_per_epoch=3, epochs=2, validation_data=batches(), validation_steps=2, verbose=0)
    assert model.optimizer.iterations == 6 and "val_accuracy" in history.history
    assert len(model.evaluate(batches(), steps=2, verbose=0)) == 2
    assert model.predict((x for x, _ in batches()), steps=2, verbose=0).shape == (8, 3)


def test_unknown_arguments_raise():
    model = net()
    with pytest.raises(TypeError, match="fit has no argument 'epoch': did you mean 'epochs'"):
        model.fit(X, Y, epoch=3)
    with pytest.raises(TypeError, match="compile has no argument 'optimiser': did you mean 'optimizer'"):
        model.compile(optimiser="adam")
    with pytest.raises(TypeError, match="Conv2D has no argument 'filter'"):
        layers.Conv2D(filter=3, kernel_size=3)


# ---------------------------------------------------------------- models in models


def base_model():
    return keras.Sequential([layers.Conv2D(2, 3, input_shape=(6, 6, 1)), layers.BatchNormalization(), layers.Dropout(0.5)], name="base")


def test_a_part_that_is_called_with_training_false_stays_as_it_is():
    """Keras' guide to transfer learning: batch normalization keeps its running values, though it is unfrozen."""
    base = base_model()
    inputs = keras.Input(shape=(6, 6, 1))
    x = base(inputs, training=False)
    model = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))
    plain = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(base(inputs))))
    moving = base.layers[1].moving_mean.numpy().copy()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, verbose=0)
    assert (base.layers[1].moving_mean.numpy() == moving).all()
    x = X.astype("float32")
    assert (model(x, training=True).numpy() == model(x, training=False).numpy()).all(), "no dropout either"
    assert (plain(x, training=True).numpy() != plain(x, training=False).numpy()).any()
    plain.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    plain.fit(X, Y, verbose=0)
    assert (base.layers[1].moving_mean.numpy() != moving).any()


@pytest.mark.parametrize("ending", [".npz", ".keras"])
def test_such_a_part_is_saved_so(ending, tmp_path):
    inputs = keras.Input(shape=(6, 6, 1))
    model = keras.Model(inputs, layers.Flatten()(base_model()(inputs, training=False)))
    model.save(tmp_path / f"m{ending}")
    again, x = load_model(tmp_path / f"m{ending}"), X.astype("float32")
    assert np.allclose(again(x, training=True).numpy(), model(x, training=False).numpy(), atol=1e-6)


def test_training_true_keeps_dropout():
    inputs = Input((100,))
    model = Model(inputs, layers.Dropout(0.5)(inputs, training=True))
    assert (model.predict(np.ones((1, 100)), verbose=0) == 0).any()


def test_freezing_layers():
    base = base_model()
    model = keras.Sequential([base, layers.Flatten(), layers.Dense(3)])
    assert len(model.trainable_variables) == 6
    for layer in base.layers[:1]:
        layer.trainable = False
    assert len(model.trainable_variables) == 4
    base.trainable = False
    assert [w.name.split("/")[1] for w in model.trainable_variables] == ["kernel", "bias"]
    assert isinstance(model, Sequential)


# ---------------------------------------------------------------- what flows in and out


def test_connected_layers_tell_what_flows_in_and_out():
    model = keras.Sequential([layers.Conv2D(2, 3, input_shape=(6, 6, 1), name="c"), layers.Flatten(), layers.Dense(3, name="d")])
    assert model.get_layer("c").output_shape == model.layers[1].input_shape == (None, 4, 4, 2)
    assert (model.input_shape, model.output_shape) == ((None, 6, 6, 1), (None, 3))
    assert model.input is model.inputs[0] and model.output is model.layers[-1].output
    a, b = keras.Input((2,)), keras.Input((3,))
    both = keras.Model([a, b], [layers.Concatenate()([a, b]), a])
    assert both.input == [a, b] and both.output_shape == [(None, 5), (None, 2)] and both.layers[-1].input == [a, b]


def test_the_gradient_that_a_heat_map_is_made_of():
    """Grad-CAM (Selvaraju et al. 2017): how the score of a class depends on the last convolution's output."""
    model = keras.Sequential([layers.Conv2D(2, 3, input_shape=(6, 6, 1), name="c"), layers.Flatten(), layers.Dense(3, name="d")])
    both = keras.models.Model([model.inputs], [model.get_layer("c").output, model.output])
    with tf.GradientTape() as tape:
        maps, scores = both(X[:1].astype("float32"))
        score = scores[:, 1]
    kernel = model.layers[-1].kernel.numpy()[:, 1].reshape(1, 4, 4, 2)
    assert np.allclose(tape.gradient(score, maps).numpy(), kernel)


def test_layers_that_are_not_connected_say_so():
    layer = layers.Dense(1, name="alone")
    with pytest.raises(AttributeError, match="layer 'alone' has no input and output: it was not connected"):
        _ = layer.output
    assert not hasattr(layer, "input_shape")


def test_own_models_may_have_attributes_of_these_names():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.input, self.output = layers.Dense(3), layers.Dense(1)

        def call(self, x):
            return self.output(self.input(x))

    assert Own()(np.ones((2, 4), "float32")).shape == (2, 1)


def test_metrics_names():
    model = net("softmax")
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.metrics_names == ["loss", "accuracy"]
