"""The functions of ``tf.nn`` and ``tf.image``, under TensorFlow's names and with its order of arguments: see `minidl.keras.tensorflow`."""
from typing import Any

import numpy as np

from minidl import ops
from minidl.backend import owner
from minidl.keras.tensorflow import Array, one_hot
from minidl.random_numbers import keep_mask, random_generator
from minidl.tapes import tensor_of
from minidl.tensor import Tensor

# ---------------------------------------------------------------- tf.nn


def softmax(logits: Array, axis: int = -1) -> Tensor:
    return ops.softmax(tensor_of(logits), axis=axis)


def log_softmax(logits: Array, axis: int = -1) -> Tensor:
    return ops.log_softmax(tensor_of(logits), axis=axis)


def leaky_relu(features: Array, alpha: float = 0.2) -> Tensor:
    return ops.leaky_relu(tensor_of(features), negative_slope=alpha)


def bias_add(value: Array, bias: Array) -> Tensor:
    return tensor_of(value) + tensor_of(bias)


def conv2d(input: Array, filters: Array, strides: Any, padding: str, dilations: Any = 1) -> Tensor:
    """Pictures (n, H, W, C) and kernels (kh, kw, C, filters); padding "SAME" or "VALID"."""
    return ops.conv2d(
        tensor_of(input), tensor_of(filters), strides=_window(strides), padding=padding.lower(), dilation=_window(dilations)
    )


def max_pool2d(input: Array, ksize: Any, strides: Any, padding: str) -> Tensor:
    return ops.max_pool2d(
        tensor_of(input), pool_size=_window(ksize), strides=_window(strides), padding=padding.lower()
    )


def avg_pool2d(input: Array, ksize: Any, strides: Any, padding: str) -> Tensor:
    return ops.average_pool2d(
        tensor_of(input), pool_size=_window(ksize), strides=_window(strides), padding=padding.lower()
    )


def _window(given: Any) -> Any:
    """TensorFlow's four sizes (1, rows, columns, 1) as two."""
    return tuple(given)[1:3] if isinstance(given, (list, tuple)) and len(given) == 4 else given


def dropout(x: Array, rate: float, seed: int | None = None) -> Tensor:
    """Each number 0 with probability ``rate``, else divided by 1 − rate."""
    tensor = tensor_of(x)
    mask = keep_mask(owner(tensor.data), tensor.shape, tensor.dtype, rate, random_generator(seed))
    return ops.dropout(tensor, mask)


def sigmoid_cross_entropy_with_logits(labels: Array, logits: Array) -> Tensor:
    return ops.sigmoid_crossentropy(tensor_of(logits), tensor_of(labels))


def softmax_cross_entropy_with_logits(labels: Array, logits: Array, axis: int = -1) -> Tensor:
    return ops.softmax_crossentropy(tensor_of(logits), tensor_of(labels), axis=axis)


def sparse_softmax_cross_entropy_with_logits(labels: Array, logits: Array) -> Tensor:
    scores = tensor_of(logits)
    return softmax_cross_entropy_with_logits(one_hot(labels, scores.shape[-1], scores.dtype), scores)


# ---------------------------------------------------------------- tf.image


def flip_left_right(image: Array) -> Tensor:
    return tensor_of(image)[..., ::-1, :]


def flip_up_down(image: Array) -> Tensor:
    return tensor_of(image)[..., ::-1, :, :]


def rot90(image: Array, k: int = 1) -> Tensor:
    """Turned by k quarters, against the clock."""
    return Tensor(np.rot90(tensor_of(image).numpy(), k, axes=(-3, -2)).copy())


def rgb_to_grayscale(images: Array) -> Tensor:
    """0.2989 red + 0.587 green + 0.114 blue, (…, 3) → (…, 1); the dtype stays."""
    x = tensor_of(images)
    grey = x @ Tensor(np.array([[0.2989], [0.587], [0.114]], x.dtype if x.dtype.kind == "f" else "float32"))
    return grey if x.dtype.kind == "f" else grey.astype(x.dtype)


def grayscale_to_rgb(images: Array) -> Tensor:
    x = tensor_of(images)
    return ops.concatenate(x, x, x, axis=-1)
