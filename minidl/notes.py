"""Gentle notes: what does work, but hardly does what its author thinks. One `UserWarning` each, with the reason; nothing is changed."""
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minidl.symbolic import flat

HERE = os.path.dirname(__file__) + os.sep
PICTURES_ARE_RAW = 32  # a number that pictures scaled to 0…1, or standardized, do not reach
TAKES_RAW_PICTURES = ("Rescaling", "BatchNormalization", "Normalization")


def note(text: str) -> None:
    """Warn in the line of the user's that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, UserWarning, stacklevel=level)


def before_training(model: Any, weigh: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """``weigh`` (what is done with each batch before a step), which looks at the model and at its first batch since it was compiled."""
    objective = model.objective

    def look(batch: Any) -> Any:
        if not objective.looked:
            objective.looked = True
            for x in flat(batch.x):
                about_pictures(model, x.data)
            about_logits(model)
        return weigh(batch)

    return look


def about_pictures(model: Any, x: Any) -> None:
    """Pictures of numbers up to 255 that go into a net as they are."""
    if not isinstance(x, np.ndarray) or x.ndim < 3 or any(type(layer).__name__ in TAKES_RAW_PICTURES for layer in _first_layers(model)):
        return  # (a GPU is not made to wait for a note)
    if x.min() >= 0 and PICTURES_ARE_RAW < (largest := float(x.max())) <= 255:
        note(
            f"the pictures hold numbers up to {largest:g}: nets learn badly from that; divide them by 255, the ones to predict too, "
            "or begin the model with Rescaling(1 / 255)"
        )


def _first_layers(model: Any) -> list[Any]:
    """The layers of a model up to the first that has weights, those of models in it included."""
    found: list[Any] = []
    for layer in model.layers:
        found += _first_layers(layer) if getattr(layer, "layers", None) else [layer]
        if layer.weights:
            break
    return found


def about_logits(model: Any) -> None:
    """Losses that expect probabilities and get scores, or the other way round."""
    last = [symbol.call.layer for symbol in model.outputs] or model.layers[-1:]
    for layer, loss in zip(last, model.objective.losses):
        from_logits = getattr(loss, "from_logits", None)
        name = _last_activation(layer)
        if from_logits is True and name in ("softmax", "sigmoid"):
            note(
                f"{type(loss).__name__}(from_logits=True) expects scores, but {layer.name!r} ends in {name}: so it is applied twice, and "
                "the net learns slowly; leave out one of the two"
            )
        if from_logits is False and name == "linear":
            note(
                f"{type(loss).__name__} expects probabilities, but {layer.name!r} has no activation: give the loss from_logits=True, or "
                f"the layer activation={'sigmoid' if 'Binary' in type(loss).__name__ else 'softmax'!r}"
            )


def _last_activation(layer: Any) -> str | None:
    """The name of the activation that a Dense, a convolution or an activation layer ends in; None for other layers."""
    while getattr(layer, "layers", None):
        layer = layer.layers[-1]
    if type(layer).__name__ == "Softmax":
        return "softmax"
    activation = getattr(layer, "activation", None)
    return None if activation is None else getattr(activation, "__name__", getattr(activation, "name", None))


def about_a_bare_metric() -> None:
    """A metric without a list around it."""
    note("metrics is one metric, and no list: Keras 2 takes that, Keras 3 does not; write metrics=[…]")


def about_broadcasting(name: str, true: tuple[int, ...], predicted: tuple[int, ...]) -> None:
    """A difference of class numbers and probabilities, as a metric."""
    note(
        f"the metric {name!r} compares each class number {true} with all outputs {predicted}, as Keras does: that says nothing about how "
        "good they are; use 'accuracy'"
    )
