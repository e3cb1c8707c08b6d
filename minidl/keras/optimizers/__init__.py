"""Keras' optimizers."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.optimizers",
    "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "SGD", "get",
) | {name: f"minidl.keras.optimizers.{name}" for name in ("legacy", "schedules")}  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion", "Lamb", "Adafactor", "Muon", "LossScaleOptimizer",
    ), "use Adam, RMSprop or SGD with momentum, or subclass minidl.optimizers.Optimizer and write its update rule"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
