"""Keras on TensorFlow. Setting ``jit_compile``: whether XLA compiles the step.

The bare step is a function of TensorFlow's with a tape, compiled as a whole: quicker than ``train_on_batch``. ``fit`` is Keras' own."""
import platform
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from benchmarks.frameworks.base import EPSILON, LEARNING_RATE, Framework
from benchmarks.nets import Conv, Dense, Dropout, Flatten, GlobalAverage, Layer, Net, Pool


class Keras(Framework):
    def __init__(self, settings: dict[str, Any]):
        super().__init__(settings)
        tf.config.threading.set_intra_op_parallelism_threads(self.threads)
        tf.config.threading.set_inter_op_parallelism_threads(self.threads)

    def versions(self) -> dict[str, str]:
        return {"keras": keras.__version__, "tensorflow": tf.__version__, "python": platform.python_version()}

    def threads_in_use(self) -> int | str:
        return tf.config.threading.get_intra_op_parallelism_threads()

    def build(self, net: Net, weights: list[np.ndarray]) -> None:
        self.net = net
        self.model = keras.Sequential([keras.Input(net.image), *map(layer_of, net.layers)])
        self.model.set_weights(weights)
        optimizer = keras.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON)
        optimizer.build(self.model.trainable_variables)
        self.loss = keras.losses.BinaryCrossentropy() if net.sigmoid else keras.losses.SparseCategoricalCrossentropy()
        self.model.compile(optimizer, self.loss, metrics=["accuracy"], jit_compile=self.settings["jit_compile"])
        model, loss_of = self.model, self.loss

        @tf.function(jit_compile=self.settings["jit_compile"])
        def step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            return loss

        self.train = step

    def _labels(self, y: np.ndarray) -> np.ndarray:
        return y[:, None].astype("float32") if self.net.sigmoid else y

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = tf.constant(x), tf.constant(self._labels(y))

    def step(self) -> float:
        return float(self.train(self.x, self.y))

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.model(x, training=False).numpy()

    def fit(self, x: np.ndarray, y: np.ndarray, batch: int) -> None:
        self.model.fit(x, self._labels(y), batch_size=batch, epochs=1, verbose=0)

    def recorded_addition(self) -> Callable[[], Any]:
        raise NotImplementedError("TensorFlow records on a tape that must be open")


def layer_of(layer: Layer) -> layers.Layer:
    match layer:
        case Conv(filters, size, padding):
            return layers.Conv2D(filters, size, padding=padding, activation="relu")
        case Pool():
            return layers.MaxPooling2D()
        case Flatten():
            return layers.Flatten()
        case GlobalAverage():
            return layers.GlobalAveragePooling2D()
        case Dropout(rate):
            return layers.Dropout(rate)
        case Dense(units, activation):
            return layers.Dense(units, activation=activation)
