"""Batch normalization."""
from typing import Any

from minidl import initializers, ops, regularizers
from minidl.checks import number, true_or_false, whole
from minidl.layers.base import Layer
from minidl.switches import no_grad
from minidl.tensor import Tensor


class BatchNormalization(Layer):
    """y = γ (x − μ) / √(σ² + ε) + β, with mean μ and variance σ² for each place along ``axis``.

    In training μ and σ² are those of the batch, and the layer keeps running values of them: moving ← momentum · moving +
    (1 − momentum) · batch. Otherwise, and where the layer is frozen (``trainable = False``), the running values are used.
    Weights: gamma, beta (trainable), moving_mean, moving_variance (not). Ioffe & Szegedy 2015."""

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 0.001, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros", moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None, gamma_regularizer: Any = None,
        name: str | None = None, trainable: bool = True, dtype: str = "float32",
    ):  # fmt: skip
        super().__init__(name, trainable, dtype)
        self.axis = whole("axis", axis, at_least=-99)
        self.center, self.scale, self.fixed_axes = true_or_false("center", center), true_or_false("scale", scale), (self.axis,)
        self.momentum, self.epsilon = number("momentum", momentum, at_least=0, at_most=1), number("epsilon", epsilon, at_least=0)
        given = gamma_initializer, beta_initializer, moving_mean_initializer, moving_variance_initializer
        self.initializers = tuple(map(initializers.get, given))
        self.regularizers = regularizers.get(gamma_regularizer), regularizers.get(beta_regularizer)

    def build(self, input_shape: Any) -> None:
        if not -len(input_shape) <= self.axis < len(input_shape) or self.axis % len(input_shape) == 0:
            raise ValueError(f"axis {self.axis} is not an axis of {('batch', *input_shape[1:])} beside the batch".replace("'", ""))
        shape, (gamma, beta, mean, variance) = (input_shape[self.axis],), self.initializers
        self.gamma = self.add_weight(shape, gamma, True, "gamma", self.regularizers[0]) if self.scale else None
        self.beta = self.add_weight(shape, beta, True, "beta", self.regularizers[1]) if self.center else None
        self.moving_mean = self.add_weight(shape, mean, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(shape, variance, trainable=False, name="moving_variance")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        axis = self.axis % x.ndim
        others = tuple(i for i in range(x.ndim) if i != axis)
        shape = [n if i == axis else 1 for i, n in enumerate(x.shape)]
        if training and self.trainable:
            mean = ops.mean(x, axis=others)
            variance = ops.mean(ops.square(x - mean.reshape(shape)), axis=others)
            with no_grad():
                self.moving_mean[...] = self.momentum * self.moving_mean + (1 - self.momentum) * mean
                self.moving_variance[...] = self.momentum * self.moving_variance + (1 - self.momentum) * variance
        else:
            mean, variance = self.moving_mean, self.moving_variance
        values = [None if v is None else v.reshape(shape) for v in (mean, variance, self.gamma, self.beta)]
        return ops.batch_normalization(x, *values, epsilon=self.epsilon)
