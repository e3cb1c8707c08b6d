"""Keras' learning rates that change."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.optimizers.schedules",
    "CosineDecay", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule", "PiecewiseConstantDecay", "PolynomialDecay",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    "CosineDecayRestarts": "any function of the step is a learning rate",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
