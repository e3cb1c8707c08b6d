"""``tf.math``: the functions of numbers, under TensorFlow's names."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.keras.tensorflow",
    "abs", "add", "argmax", "argmin", "cos", "divide", "equal", "exp", "greater", "less", "log", "maximum", "minimum", "multiply",
    "not_equal", "pow", "reduce_max", "reduce_mean", "reduce_min", "reduce_std", "reduce_sum", "reduce_variance", "round", "sign",
    "sin", "sqrt", "square", "subtract",
) | homes(
    "minidl.ops",
    "sigmoid", "softplus", "tanh",
) | homes(
    "minidl.keras.tensorflow",
    "confusion_matrix",
) | homes(
    "minidl.keras.tensorflow_nn",
    "softmax",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
