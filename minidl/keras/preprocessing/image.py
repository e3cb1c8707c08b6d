"""Keras' older home of pictures."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.data.images",
    "array_to_img", "img_to_array", "load_img", "save_img",
) | homes(
    "minidl.data.directories",
    image_dataset_from_directory="image_dataset_from_directory",
) | homes(
    "minidl.data.generators",
    "ImageDataGenerator",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "DataFrameIterator", "DirectoryIterator", "Iterator", "NumpyArrayIterator",
    ), "use flow_from_directory, or flow with arrays"),
    **dict.fromkeys((
        "apply_affine_transform", "random_rotation", "random_shift", "random_shear", "random_zoom", "random_brightness",
        "random_channel_shift", "smart_resize",
    ), "use ImageDataGenerator, or layers such as RandomRotation"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
