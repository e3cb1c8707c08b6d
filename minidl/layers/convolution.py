"""The convolutional layer."""
from typing import Any

from minidl import activations, initializers, ops, regularizers
from minidl.checks import true_or_false, whole
from minidl.layers.base import Layer
from minidl.ops.convolution import padding_widths, pair
from minidl.tensor import Tensor


class Conv2D(Layer):
    """y = activation(x ∗ kernel + bias): the same small kernels look at every place of the picture.

    (batch, H, W, channels) → (batch, rows, columns, filters). Weights: kernel (kh, kw, channels, filters), bias (filters,). Sizes are
    an int or a pair; ``padding`` is "valid" or "same"."""

    input_rank, fixed_axes = 4, (-1,)

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = (1, 1), padding: str = "valid", dilation_rate: Any = (1, 1),
        activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        name: str | None = None, trainable: bool = True, dtype: str = "float32",
    ):  # fmt: skip
        super().__init__(name, trainable, dtype, activity_regularizer)
        self.filters, self.kernel_size, self.strides = whole("filters", filters), pair(kernel_size, "kernel_size"), pair(strides, "strides")
        self.padding, self.dilation_rate = _padding(padding), pair(dilation_rate, "dilation_rate")
        self.activation, self.use_bias = activations.get(activation), true_or_false("use_bias", use_bias)
        self.initializers = initializers.get(kernel_initializer), initializers.get(bias_initializer)
        self.regularizers = regularizers.get(kernel_regularizer), regularizers.get(bias_regularizer)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != 4:
            raise ValueError(f"expected pictures (batch, height, width, channels); got {('batch', *input_shape[1:])}".replace("'", ""))
        padding_widths(input_shape[1:3], self.kernel_size, self.strides, self.dilation_rate, self.padding)  # does the kernel fit?
        shape = *self.kernel_size, input_shape[-1], self.filters
        self.kernel = self.add_weight(shape, self.initializers[0], True, "kernel", self.regularizers[0])
        self.bias = self.add_weight((self.filters,), self.initializers[1], True, "bias", self.regularizers[1]) if self.use_bias else None

    def call(self, x: Tensor) -> Tensor:
        return ops.convolution_layer(
            x, self.kernel, self.bias,
            strides=self.strides, padding=self.padding, dilation=self.dilation_rate, activation=self.activation,
        )  # fmt: skip


def _padding(padding: Any) -> str:
    if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid' or 'same'; got {padding!r}")
    return padding.lower()


class _Pooling2D(Layer):
    input_rank = 4

    def __init__(self, pool_size: Any = (2, 2), strides: Any = None, padding: str = "valid", name: str | None = None):
        super().__init__(name)
        self.pool_size, self.padding = pair(pool_size, "pool_size"), _padding(padding)
        self.strides = self.pool_size if strides is None else pair(strides, "strides")


class MaxPooling2D(_Pooling2D):
    """y = the largest number of each window, channel by channel: (batch, H, W, C) → (batch, rows, columns, C)."""

    def call(self, x: Tensor) -> Tensor:
        return ops.max_pool2d(x, pool_size=self.pool_size, strides=self.strides, padding=self.padding)


class AveragePooling2D(_Pooling2D):
    """y = the mean of each window, channel by channel: (batch, H, W, C) → (batch, rows, columns, C)."""

    def call(self, x: Tensor) -> Tensor:
        return ops.average_pool2d(x, pool_size=self.pool_size, strides=self.strides, padding=self.padding)


class _GlobalPooling2D(Layer):
    input_rank = 4

    def __init__(self, keepdims: bool = False, name: str | None = None):
        super().__init__(name)
        self.keepdims = true_or_false("keepdims", keepdims)


class GlobalMaxPooling2D(_GlobalPooling2D):
    """y = the largest number of each channel in the whole picture: (batch, H, W, C) → (batch, C), or (batch, 1, 1, C) with ``keepdims``."""

    def call(self, x: Tensor) -> Tensor:
        return ops.max(x, axis=(1, 2), keepdims=self.keepdims)


class GlobalAveragePooling2D(_GlobalPooling2D):
    """y = the mean of each channel over the whole picture: (batch, H, W, C) → (batch, C), or (batch, 1, 1, C) with ``keepdims``."""

    def call(self, x: Tensor) -> Tensor:
        return ops.global_average_pool2d(x, keepdims=self.keepdims)
