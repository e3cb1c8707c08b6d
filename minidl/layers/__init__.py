"""The building blocks of a model, with Keras' names, arguments and defaults."""
from typing import Any

import minidl.augmentation
import minidl.merging
import minidl.resizing
from minidl.layers.base import Layer, reset_names
from minidl.layers.convolution import AveragePooling2D, Conv2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from minidl.layers.core import Activation, Dense, Dropout, Flatten, LeakyReLU, ReLU, Rescaling, Reshape, Softmax
from minidl.layers.input import Input, InputLayer
from minidl.layers.merging import Add, Concatenate
from minidl.layers.normalization import BatchNormalization

__all__ = [
    "Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Cropping2D", "Dense", "Dropout",
    "Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Input", "InputLayer", "Layer", "LeakyReLU", "MaxPooling2D", "Maximum",
    "Minimum", "Multiply", "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "ReLU",
    "Rescaling", "Reshape", "Softmax", "Subtract", "UpSampling2D", "ZeroPadding2D",
    "add", "average", "concatenate", "maximum", "minimum", "multiply", "reset_names", "subtract",
]  # fmt: skip


def __getattr__(name: str) -> Any:  # when asked for, because these modules need layers.base, and with it this one
    for module in (minidl.augmentation, minidl.merging, minidl.resizing) if name in __all__ else ():
        if name in module.__all__:
            return getattr(module, name)
    raise AttributeError(f"module 'minidl.layers' has no attribute {name!r}")
