"""The building blocks of a model, with Keras' names, arguments and defaults."""
from minidl.layers.base import Layer, reset_names
from minidl.layers.convolution import AveragePooling2D, Conv2D, GlobalAveragePooling2D, MaxPooling2D
from minidl.layers.core import Activation, Dense, Dropout, Flatten, LeakyReLU, ReLU, Rescaling, Reshape, Softmax
from minidl.layers.input import Input, InputLayer
from minidl.layers.merging import Add, Concatenate
from minidl.layers.normalization import BatchNormalization

__all__ = [
    "Activation", "Add", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D", "Dense", "Dropout", "Flatten",
    "GlobalAveragePooling2D", "Input", "InputLayer", "Layer", "LeakyReLU", "MaxPooling2D", "ReLU", "Rescaling", "Reshape", "Softmax",
    "reset_names",
]  # fmt: skip
