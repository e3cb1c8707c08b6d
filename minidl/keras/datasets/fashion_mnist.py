"""Pictures of clothes."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.data.fashion_mnist",
    "load_data",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
