"""Keras' data sets."""
from typing import Any

from minidl.keras.naming import found

NAMES = {name: f"minidl.keras.datasets.{name}" for name in ("cifar10", "fashion_mnist", "mnist")}
LEFT_OUT = {
    "cifar100": "use cifar10, or a folder of pictures with image_dataset_from_directory",
    **dict.fromkeys(("boston_housing", "california_housing"), "scikit-learn has it: sklearn.datasets.fetch_california_housing"),
    **dict.fromkeys(("imdb", "reuters"), "minidl has no data sets of text"),
}


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
