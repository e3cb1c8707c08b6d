"""Keras' functions on Tensors, under the names of Keras 2."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.keras.adapters",
    "clear_session", "epsilon", "floatx", "image_data_format", "get_value", "set_value",
) | homes(
    "minidl.keras.tensorflow",
    "abs", "argmax", "argmin", "cast", "clip", "constant", "exp", "expand_dims", "eye", "log", "maximum", "minimum", "ones",
    "ones_like", "pow", "reshape", "round", "sqrt", "square", "squeeze", "stack", "transpose", "zeros", "zeros_like",
    clip="clip_by_value", concatenate="concat", dot="matmul", mean="reduce_mean", sum="reduce_sum", max="reduce_max",
    min="reduce_min",
) | homes(
    "minidl.ops",
    "flatten", "relu", "sigmoid", "softmax", "tanh",
) | homes(
    "minidl.tapes",
    variable="Variable",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "set_floatx", "set_image_data_format", "set_epsilon",
    ), "minidl has float32, channels_last and 1e-7"),
    **dict.fromkeys((
        "function", "gradients", "placeholder", "learning_phase", "set_learning_phase",
    ), "use tf.GradientTape; layers are told training=True or False"),
    **dict.fromkeys((
        "get_session", "set_session",
    ), "minidl has no sessions: everything is computed at once"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
