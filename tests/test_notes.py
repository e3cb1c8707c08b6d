"""Gentle notes: one warning each, in the line of the user's; none where all is well."""
import warnings

import numpy as np
import pytest

from minidl import Input, Model, Sequential, layers
from minidl.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, Rescaling, Softmax

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 1)).astype("uint8")
LABELS = np.array([0, 1, 0, 1])


def notes_of(action):
    """What `action` warns of, and in which file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    assert all(w.category is UserWarning and w.filename == __file__ for w in caught)
    return [str(w.message) for w in caught]


def net(*first, last=None):
    return Sequential([Input((6, 6, 1)), *first, Flatten(), last or Dense(2, "softmax")])


def trained(model, x=PICTURES, loss="sparse_categorical_crossentropy", times=1, **options):
    model.compile("sgd", loss)
    for _ in range(times):
        model.fit(x, None if isinstance(x, list) else LABELS, verbose=0, **options)


@pytest.mark.parametrize("x", [PICTURES, [(PICTURES[:2], LABELS[:2]), (PICTURES[2:], LABELS[2:])]], ids=["arrays", "batches"])
def test_pictures_as_bytes_are_noted_once(x):
    (text,) = notes_of(lambda: trained(net(), x, epochs=2, times=2))
    assert text.startswith(f"the pictures hold numbers up to {PICTURES.max() if not isinstance(x, list) else PICTURES[:2].max()}: ")
    assert "divide them by 255" in text


@pytest.mark.parametrize(
    "first",
    [[Rescaling(1 / 255)], [BatchNormalization()], [Sequential([Rescaling(1 / 127.5, -1)])]],
    ids=["rescaled", "normalized", "rescaled by a model in the model"],
)
def test_pictures_that_the_model_rescales_are_right(first):
    assert notes_of(lambda: trained(net(*first))) == []


def test_rescaling_behind_weights_is_too_late():
    assert len(notes_of(lambda: trained(net(Conv2D(1, 1), Rescaling(1 / 255))))) == 1


@pytest.mark.parametrize("x", [PICTURES / 255.0, PICTURES / 127.5 - 1, 1000.0 * PICTURES, PICTURES - 128.0])
def test_other_pictures_are_not_noted(x):
    assert notes_of(lambda: trained(net(), x)) == []


def test_large_numbers_that_are_no_pictures_are_not_noted():
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    assert notes_of(lambda: model.fit(np.full((4, 3), 200.0), np.zeros(4), verbose=0)) == []


@pytest.mark.parametrize(
    ("last", "loss", "expected"),
    [
        (lambda: Dense(2, "softmax"), ("SparseCategoricalCrossentropy", True), "ends in softmax: so it is applied twice"),
        (lambda: Softmax(), ("SparseCategoricalCrossentropy", True), "ends in softmax: so it is applied twice"),
        (lambda: Dense(2), ("SparseCategoricalCrossentropy", False), "has no activation: give the loss from_logits=True"),
        (lambda: Sequential([Dense(2)]), ("SparseCategoricalCrossentropy", False), "has no activation: give the loss from_logits=True"),
        (lambda: Dense(2), ("SparseCategoricalCrossentropy", True), None),
        (lambda: Dense(2, "softmax"), ("SparseCategoricalCrossentropy", False), None),
        (lambda: Activation("softmax"), ("SparseCategoricalCrossentropy", False), None),
        (lambda: Dense(1, "sigmoid"), ("BinaryCrossentropy", True), "ends in sigmoid: so it is applied twice"),
        (lambda: Dense(1), ("BinaryCrossentropy", False), "activation='sigmoid'"),
        (lambda: Dense(1), ("BinaryCrossentropy", True), None),
        (lambda: Dense(1), ("MeanSquaredError", None), None),
    ],
)
def test_scores_and_probabilities(last, loss, expected):
    from minidl import losses

    made = getattr(losses, loss[0])(*([] if loss[1] is None else [loss[1]]))
    x = PICTURES / 255.0
    for model in (net(last=last()), Sequential([Flatten(), Dense(2), last()])):  # one that is built, and one that is not yet
        found = notes_of(lambda model=model: trained(model, x, made, times=2))
        assert len(found) == (expected is not None)
        assert expected is None or expected in found[0]


def test_several_outputs():
    i = Input((3,))
    model = Model(i, [Dense(2, name="a")(i), Dense(2, "softmax", name="b")(i)])
    model.compile("sgd", {"a": "sparse_categorical_crossentropy", "b": "sparse_categorical_crossentropy"})
    (text,) = notes_of(lambda: model.fit(np.ones((4, 3)), [LABELS, LABELS], verbose=0))
    assert "'a' has no activation" in text


def test_a_bare_metric_is_taken_and_noted():
    model = Sequential([Input((3,)), Dense(2, "softmax")])
    (text,) = notes_of(lambda: model.compile("sgd", "sparse_categorical_crossentropy", metrics="accuracy"))
    assert text == "metrics is one metric, and no list: Keras 2 takes that, Keras 3 does not; write metrics=[…]"
    assert model.fit(np.zeros((4, 3)), LABELS, verbose=0).history.keys() == {"loss", "accuracy"}
    assert notes_of(lambda: model.compile("sgd", "mse", metrics=["mae"])) == []


def test_mse_of_class_numbers_is_computed_as_keras_does_and_noted():
    model = Sequential([Input((3,)), Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy", "mse"])
    x, logs = np.random.default_rng(0).random((4, 3)), {}
    (text,) = notes_of(lambda: logs.update(model.evaluate(x, LABELS, verbose=0, return_dict=True)))
    assert text.startswith("the metric 'mse' compares each class number (4,) with all outputs (4, 2), as Keras does")
    assert logs["mse"] == pytest.approx(np.mean((model.predict(x, verbose=0) - LABELS[:, None]) ** 2), rel=1e-6)
    assert notes_of(lambda: model.evaluate(x, LABELS, verbose=0)) == []


def test_input_shape_that_has_no_effect_is_noted():
    def made():
        Sequential([Input((3,)), Dense(2), Dense(2, input_shape=(5,), name="second")])

    assert set(notes_of(made)) == {"layer 'second': input_shape=(5,) has no effect, its input has shape (None, 2)"}
    assert notes_of(lambda: Dense(2, input_shape=(3,))(Input((3,)))) == []
    assert notes_of(lambda: Sequential([Dense(2, input_shape=(3,)), Dense(2, input_shape=(2,))])) == []
    assert layers.Dense(1, input_dim=3).given_shape == (3,)
