"""Keras' older home of what gets data ready."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes("minidl.data.directories", "image_dataset_from_directory") | {
    name: f"minidl.keras.preprocessing.{name}" for name in ("image", "sequence", "text")
}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, {})


def __dir__() -> list[str]:
    return sorted(NAMES)
