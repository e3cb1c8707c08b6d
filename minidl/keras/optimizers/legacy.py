"""The optimizers of Keras 2.10 and before: the same ones."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.optimizers",
    "Adagrad", "Adam", "Optimizer", "RMSprop", "SGD",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "Adadelta", "Adamax", "Nadam", "Ftrl",
    ), "use Adam, RMSprop or SGD with momentum"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
