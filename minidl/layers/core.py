"""The simple layers: fully connected, activation, and changes of shape."""
import math
from typing import Any

from minidl import activations, initializers, ops, regularizers
from minidl.backend import owner
from minidl.checks import number, true_or_false, whole
from minidl.layers.base import Layer
from minidl.random_numbers import keep_mask, random_generator
from minidl.tensor import Tensor


class Dense(Layer):
    """y = activation(x @ kernel + bias): every output is connected with every input.

    (batch, …, inputs) → (batch, …, units). Weights: kernel (inputs, units), bias (units,)."""

    fixed_axes = (-1,)

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        name: str | None = None, trainable: bool = True, dtype: str = "float32",
    ):  # fmt: skip
        super().__init__(name, trainable, dtype, activity_regularizer)
        self.units, self.activation, self.use_bias = whole("units", units), activations.get(activation), true_or_false("use_bias", use_bias)
        self.initializers = initializers.get(kernel_initializer), initializers.get(bias_initializer)
        self.regularizers = regularizers.get(kernel_regularizer), regularizers.get(bias_regularizer)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 2:
            raise ValueError(f"Dense takes inputs of shape (batch, …, inputs); got {('batch', *input_shape[1:])}".replace("'", ""))
        self.kernel = self.add_weight((input_shape[-1], self.units), self.initializers[0], True, "kernel", self.regularizers[0])
        self.bias = self.add_weight((self.units,), self.initializers[1], True, "bias", self.regularizers[1]) if self.use_bias else None

    def call(self, x: Tensor) -> Tensor:
        return ops.dense_layer(x, self.kernel, self.bias, activation=self.activation)


class Activation(Layer):
    """y = activation(x), number by number; ``activation`` is a name or a function."""

    def __init__(self, activation: Any, name: str | None = None):
        super().__init__(name)
        self.activation = activations.get(activation)

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)


class ReLU(Layer):
    """y = x where x ≥ threshold (at most ``max_value``), else negative_slope · (x − threshold)."""

    def __init__(self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, name: str | None = None):
        super().__init__(name)
        self.max_value = None if max_value is None else number("max_value", max_value, at_least=0)
        self.negative_slope = number("negative_slope", negative_slope, at_least=0)
        self.threshold = number("threshold", threshold, at_least=0)

    def call(self, x: Tensor) -> Tensor:
        if self.threshold == 0:
            y = ops.leaky_relu(x, negative_slope=self.negative_slope) if self.negative_slope else ops.relu(x)
        else:
            y = ops.where(x >= self.threshold, x, self.negative_slope * (x - self.threshold))
        return y if self.max_value is None else ops.minimum(y, self.max_value)


class LeakyReLU(Layer):
    """y = x where x > 0, else negative_slope · x. ``alpha`` is the older name of ``negative_slope``."""

    def __init__(self, negative_slope: float | None = None, alpha: float | None = None, name: str | None = None):
        super().__init__(name)
        if negative_slope is not None and alpha is not None:
            raise ValueError("negative_slope and alpha are the same thing: give one of them")
        slope = next((value for value in (negative_slope, alpha) if value is not None), 0.3)
        self.negative_slope, self.alpha = number("negative_slope", slope, at_least=0), None

    def call(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, negative_slope=self.negative_slope)


class Softmax(Layer):
    """y = eˣ / Σ eˣ along ``axis``: probabilities that sum to 1."""

    def __init__(self, axis: int = -1, name: str | None = None):
        super().__init__(name)
        self.axis = whole("axis", axis, at_least=-99)

    def call(self, x: Tensor) -> Tensor:
        return ops.softmax(x, axis=self.axis)


class Rescaling(Layer):
    """y = scale · x + offset: ``Rescaling(1 / 255)`` brings pixels to 0…1."""

    def __init__(self, scale: float, offset: float = 0.0, name: str | None = None):
        super().__init__(name)
        self.scale, self.offset = number("scale", scale), number("offset", offset)

    def call(self, x: Tensor) -> Tensor:
        return x * self.scale + self.offset


class Flatten(Layer):
    """Each example becomes one row of numbers: (batch, …) → (batch, product of the rest)."""

    def call(self, x: Tensor) -> Tensor:
        y: Tensor = ops.flatten(x)
        return y


class Reshape(Layer):
    """Each example gets another shape, its numbers in the same order; one size may be −1: what is left."""

    def __init__(self, target_shape: tuple[int, ...], name: str | None = None):
        super().__init__(name)
        sizes = target_shape if isinstance(target_shape, (tuple, list)) else (target_shape,)
        self.target_shape = tuple(n if n == -1 else whole("each size of target_shape but one, which may be −1,", n) for n in sizes)
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"only one size of target_shape may be −1; got {self.target_shape}")

    def call(self, x: Tensor) -> Tensor:
        size, known = math.prod(x.shape[1:]), math.prod(n for n in self.target_shape if n != -1)
        if size % known or (-1 not in self.target_shape and size != known):
            raise ValueError(f"{size} numbers of an example of shape {x.shape[1:]} do not fit {self.target_shape}")
        return ops.reshape(x, shape=(x.shape[0], *(size // known if n == -1 else n for n in self.target_shape)))


class Dropout(Layer):
    """In training, each number is 0 with probability ``rate``, else divided by 1 − rate: the expected value stays the same.

    Otherwise nothing happens. ``seed`` gives it random numbers of its own. One seed gives the same masks again; on a GPU, others than
    on NumPy. Srivastava et al. 2014."""

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None):
        super().__init__(name)
        self.rate, self.seed = number("rate", rate, at_least=0, at_most=1), seed
        self._generator = None if seed is None else random_generator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return x * 0.0
        return ops.dropout(x, keep_mask(owner(x.data), x.shape, x.dtype, self.rate, self._generator or random_generator()))
