"""What the tests of layers share."""
from typing import Any

import numpy as np
from gradients import check_gradients

from minidl.layers import Layer


def as_float64(layer: Any) -> Any:
    """The layer (or model) with weights in float64."""
    for weight in layer.weights:
        weight.data = weight.data.astype("float64")
    return layer


def check_layer_gradients(layer: Layer, shape: tuple[int, ...], training: bool = False, seed: int = 0) -> None:
    """The gradients of a layer for its input and its trainable weights, against central differences in float64."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    layer(x)
    as_float64(layer)
    weights = layer.trainable_variables
    values = [rng.standard_normal(w.shape) for w in weights]

    def f(x, *tensors):
        kept = [vars(owner)[name] for owner, name in places]
        for (owner, name), tensor in zip(places, tensors):
            setattr(owner, name, tensor)
        try:
            return layer(x, training=training)
        finally:
            for (owner, name), weight in zip(places, kept):
                setattr(owner, name, weight)

    places = [next((layer, name) for name, value in vars(layer).items() if value is w) for w in weights]
    check_gradients(f, [x, *values])
