"""A small model, and numbers that are put into its logs."""
import numpy as np

import minidl
from minidl import Input, Sequential, layers
from minidl.callbacks import Callback
from minidl.optimizers import SGD

X, Y = np.random.default_rng(0).random((6, 3), "float32"), np.zeros((6, 1), "float32")


class Script(Callback):
    """Writes these numbers into the logs, epoch by epoch."""

    def __init__(self, values, name="val_x"):
        self.values, self.name = list(values), name

    def on_train_begin(self, logs=None):
        self.rest = iter(self.values)

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = next(self.rest)


def compiled(metrics=None, rate=0.1):
    minidl.set_seed(0)
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile(SGD(rate), "mse", metrics=metrics)
    return model


def run(values, callback, model=None, **options):
    model = model or compiled()
    return model.fit(X, Y, epochs=len(values), verbose=0, callbacks=[Script(values), callback], **options)
