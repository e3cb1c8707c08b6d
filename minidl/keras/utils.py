"""Keras' helpers."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.data.files",
    "get_file",
) | homes(
    "minidl.data.directories",
    "image_dataset_from_directory",
) | homes(
    "minidl.data.images",
    "array_to_img", "img_to_array", "load_img", "save_img",
) | homes(
    "minidl.random_numbers",
    set_random_seed="set_seed",
) | homes(
    "minidl.keras.plotting",
    "plot_model",
) | homes(
    "minidl.data.encoding",
    "normalize", "to_categorical",
) | {"np_utils": "minidl.keras.utils"}  # fmt: skip
LEFT_OUT: dict[str, str] = {
    "model_to_dot": "plot_model draws the layers, and model.summary() lists them",
    **dict.fromkeys((
        "Sequence", "PyDataset", "OrderedEnqueuer", "GeneratorEnqueuer",
    ), "any iterable of batches (x, y) with a length can be given to fit"),
    **dict.fromkeys((
        "text_dataset_from_directory", "pad_sequences",
    ), "make numbers of the text first, as with scikit-learn's CountVectorizer, and use Dense"),
    **dict.fromkeys((
        "audio_dataset_from_directory", "timeseries_dataset_from_array",
    ), "make arrays of numbers of it first, and give these to fit"),
    **dict.fromkeys((
        "register_keras_serializable", "get_custom_objects", "custom_object_scope", "CustomObjectScope",
    ), "give own classes to load_model(path, custom_objects={…})"),
    "split_dataset": "use Dataset.take and Dataset.skip",
    "Progbar": "fit prints a progress bar",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
