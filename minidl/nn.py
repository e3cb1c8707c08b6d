"""``tf.nn``: activations, and the functions that layers are made of, under TensorFlow's names."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.ops",
    "elu", "gelu", "relu", "selu", "sigmoid", "silu", "softplus", "tanh", swish="silu",
) | homes(
    "minidl.activations",
    "relu6", "softsign",
) | homes(
    "minidl.keras.tensorflow_nn",
    "bias_add", "conv2d", "dropout", "leaky_relu", "log_softmax", "max_pool2d", "avg_pool2d", "sigmoid_cross_entropy_with_logits",
    "softmax", "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "conv2d_transpose", "depthwise_conv2d", "embedding_lookup", "ctc_loss",
    ), "minidl.ops has what it is made of"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
