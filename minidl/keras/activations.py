"""Keras' activations."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.activations",
    "get", "hard_sigmoid", "linear", "mish", "relu6", "softsign",
) | homes(
    "minidl.ops",
    "elu", "gelu", "leaky_relu", "log_softmax", "relu", "selu", "sigmoid", "silu", "softmax", "softplus", "tanh", exponential="exp",
    swish="silu",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "celu", "glu", "hard_shrink", "hard_silu", "hard_swish", "hard_tanh", "log_sigmoid", "soft_shrink", "sparse_plus",
        "sparsemax", "squareplus", "tanh_shrink", "threshold",
    ), "any function of minidl.ops is an activation"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
