"""Keras' older home of what gets data ready."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes("minidl.data.directories", "image_dataset_from_directory") | {"image": "minidl.keras.preprocessing.image"}
LEFT_OUT = {
    "text": "make numbers of the text first, as with scikit-learn's CountVectorizer, and use Dense",
    "sequence": "it has no networks with memory; make rows of numbers of one length, and use Dense",
}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
