"""Writes the files in this folder, each with the Keras that is installed: run it once in an environment with each version.

    pip install tensorflow-cpu==2.14.1        # brings Keras 2.14; likewise 2.13.1 and 2.15.1
    pip install keras==3.15.1 jax             # also keras==3.0.5 with jax==0.4.26 and numpy<2
    python make.py

``keras-VERSION.json`` has what the models predict for `inputs`, and their losses in further training steps. ``windows.keras`` is what Keras
2.14 writes on Windows, where the names of groups are joined with a backslash; here that function is borrowed from Python's ``ntpath``."""

import json
import ntpath
import os
import warnings
from importlib import metadata
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).parent


def inputs(shapes):
    """Numbers from -1 to 1 for a model with inputs of these shapes, three examples each."""
    import numpy as np

    return [np.sin(np.arange(1, 3 * int(np.prod(s)) + 1) * (i + 1.0)).reshape(3, *s).astype("float32") for i, s in enumerate(shapes)]


def chain(keras):
    """The net of many first lessons, small."""
    layers = keras.layers
    i = keras.Input((8, 8, 1))
    x = layers.MaxPooling2D((2, 2))(layers.Conv2D(2, (3, 3), activation="relu")(i))
    x = layers.Conv2D(3, (2, 2), activation="relu")(x)
    x = layers.Dense(4, activation="relu")(layers.Flatten()(x))
    model = keras.Model(i, layers.Dense(3, activation="softmax")(x), name="intro")
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="categorical_crossentropy", metrics=["accuracy"])
    return model, [(8, 8, 1)], lambda y, np: [np.eye(3, dtype="float32")]


def graph(keras):
    """Branches, a shared layer, models in the model, two inputs and outputs, a schedule."""
    layers = keras.layers
    a, b = keras.Input((4, 4, 1), name="a"), keras.Input((3,), name="b")
    x = layers.BatchNormalization()(layers.Conv2D(2, 3, padding="same", kernel_regularizer=keras.regularizers.L2(0.01))(a))
    x = layers.LeakyReLU()(layers.Dense(3)(layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))))
    shared = layers.Dense(3, activation="tanh", name="shared")
    x, y = shared(x), shared(b)
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dropout(0.25)], name="inner")
    i, j = keras.Input((4,)), keras.Input((3,))
    nested = keras.Model([i, j], [layers.Dense(2)(i), layers.Dense(2, activation=layers.LeakyReLU())(j)], name="nested")
    one, two = nested([layers.Concatenate()([inner(x), inner(y)]), layers.Add()([x, y])])
    model = keras.Model([a, b], [layers.Dense(2, name="left", activation="softmax")(one), layers.Dense(1, name="right")(two)], name="whole")
    rate = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9), {"left": keras.losses.CategoricalCrossentropy(), "right": "mse"},
        loss_weights={"left": 1.0, "right": 0.5}, metrics={"left": ["accuracy"], "right": [keras.metrics.MeanAbsoluteError(name="mae")]},
    )  # fmt: skip
    inner.layers[1].rate = 0.0  # so that training is the same everywhere
    return model, [(4, 4, 1), (3,)], lambda y, np: [np.eye(2, dtype="float32")[[0, 1, 0]], np.ones((3, 1), "float32")]


def deferred(keras):
    """A Sequential without an Input, which data built."""
    model = keras.Sequential([keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)])
    model.compile("rmsprop", "mse")
    return model, [(2,)], lambda y, np: [np.ones((3, 1), "float32")]


def _one(many):
    return many[0] if len(many) == 1 else many


def floats(y):
    return [float(v) for v in y] if isinstance(y, (list, tuple)) else [float(y)]


def make(keras, name, build, expected):
    import numpy as np

    keras.utils.set_random_seed(7)
    model, shapes, target = build(keras)
    x, y = inputs(shapes), target(None, np)
    for _ in range(2):
        model.train_on_batch(_one(x), _one(y))
    model.save(HERE / f"{name}.keras")
    if name.endswith("chain"):
        model.save_weights(HERE / f"{name}.weights.h5")
    predictions = model.predict(_one(x), verbose=0)
    predictions = predictions if isinstance(predictions, list) else [predictions]
    losses = []
    for _ in range(0 if name.startswith("3.0") else 3):  # Keras 3.0 on JAX counts penalties twice
        model.reset_metrics()  # in some versions the loss is a mean over all steps since
        losses.append(floats(model.train_on_batch(_one(x), _one(y)))[0])
    expected[f"{name}.keras"] = {"shapes": shapes, "predictions": [np.asarray(p).tolist() for p in predictions], "losses": losses}


def main():
    warnings.simplefilter("ignore")
    try:
        from tensorflow import keras
    except ImportError:
        import keras
    version, expected = ".".join(metadata.version("keras").split(".")[:2]), {}
    all_kinds = {"graph": graph, "chain": chain, "deferred": deferred}
    for kind, build in all_kinds.items() if version in ("2.14", "3.15") else [("graph", graph)]:
        make(keras, f"{version}-{kind}", build, expected)
    if version == "2.14":
        from keras.src.saving import saving_lib

        saving_lib.tf.io.gfile.join = ntpath.join
        make(keras, "windows", chain, expected)
    (HERE / f"keras-{version}.json").write_text(json.dumps(expected, indent=1))


if __name__ == "__main__":
    main()
