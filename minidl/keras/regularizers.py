"""Keras' regularizers."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.regularizers",
    "L1", "L1L2", "L2", "Regularizer", "get", "l1", "l1_l2", "l2",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    "OrthogonalRegularizer": "any function of a Tensor is a regularizer",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
