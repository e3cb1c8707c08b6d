"""Keras' models."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.models",
    "Model", "Sequential", "load_model", Functional="Model",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    "clone_model": "build it again with the function that built it, and set_weights(model.get_weights())",
    **dict.fromkeys((
        "model_from_json", "model_from_config",
    ), "model.save('x.keras') and load_model keep the architecture with the weights"),
    "save_model": "write model.save('x.keras')",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
