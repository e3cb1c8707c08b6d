"""Keras' older home of what gets data ready."""
from typing import Any

from minidl.keras.naming import WHOLE_MODULES, found, homes

NAMES = homes("minidl.data.directories", "image_dataset_from_directory") | {"image": "minidl.keras.preprocessing.image"}
LEFT_OUT = {name: WHOLE_MODULES[name] for name in ("sequence", "text")}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
