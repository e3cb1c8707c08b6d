"""Where Keras 2 had the layers for pictures before version 2.6: ``layers.experimental.preprocessing``."""
from typing import Any

from minidl.keras.naming import found

NAMES = {"preprocessing": "minidl.keras.layers"}
LEFT_OUT: dict[str, str] = {}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
