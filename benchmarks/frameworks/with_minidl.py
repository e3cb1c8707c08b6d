"""minidl, as its users run it: nothing is set but the number of threads, where it is not that of the machine."""
import platform
from collections.abc import Callable
from typing import Any

import numpy as np

import minidl
from benchmarks.frameworks.base import EPSILON, LEARNING_RATE, Framework
from benchmarks.nets import Conv, Dense, Dropout, Flatten, GlobalAverage, Layer, Net, Pool


class Minidl(Framework):
    def __init__(self, settings: dict[str, Any]):
        super().__init__(settings)
        if self.threads != minidl.config.cores():
            minidl.config.configure(threads=self.threads)

    def versions(self) -> dict[str, str]:
        return {"minidl": minidl.__version__, "numpy": np.__version__, "python": platform.python_version()}

    def threads_in_use(self) -> int | str:
        return minidl.config.settings().threads

    def build(self, net: Net, weights: list[np.ndarray]) -> None:
        self.net = net
        self.model = model_of(net)
        loss = "binary_crossentropy" if net.sigmoid else "sparse_categorical_crossentropy"
        self.model.compile(minidl.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON), loss, metrics=[])
        self.model.set_weights(weights)

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, self._labels(y)

    def _labels(self, y: np.ndarray) -> np.ndarray:
        return y[:, None].astype("float32") if self.net.sigmoid else y

    def step(self) -> float:
        return self.model.train_on_batch(self.x, self.y)

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict_on_batch(x)

    def fit(self, x: np.ndarray, y: np.ndarray, batch: int) -> None:
        self.model.compile(self.model.optimizer, self.model.compile_arguments["loss"], metrics=["accuracy"])
        self.model.fit(x, self._labels(y), batch_size=batch, epochs=1, verbose=0)

    def recorded_addition(self) -> Callable[[], Any]:
        a, b = (minidl.Tensor(np.ones(4, "float32"), requires_grad=True) for _ in range(2))
        return lambda: a + b


def model_of(net: Net) -> minidl.Model:
    """The net as users write it."""
    return minidl.Sequential([minidl.Input(net.image), *map(layer_of, net.layers)])


def layer_of(layer: Layer) -> minidl.layers.Layer:
    match layer:
        case Conv(filters, size, padding):
            return minidl.layers.Conv2D(filters, size, padding=padding, activation="relu")
        case Pool():
            return minidl.layers.MaxPooling2D()
        case Flatten():
            return minidl.layers.Flatten()
        case GlobalAverage():
            return minidl.layers.GlobalAveragePooling2D()
        case Dropout(rate):
            return minidl.layers.Dropout(rate)
        case Dense(units, activation):
            return minidl.layers.Dense(units, activation=activation)
