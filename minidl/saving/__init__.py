"""Files: weights and whole models. The ending of a file's name decides its format."""
from minidl.saving.architecture import KNOWN, describe, describe_layer, rebuild, rebuild_layer
from minidl.saving.formats import ENDINGS, checked_path
from minidl.saving.keras_files import read_h5, read_keras, write_h5, write_keras
from minidl.saving.npz import read_npz, write_npz

__all__ = [
    "ENDINGS", "KNOWN", "checked_path", "describe", "describe_layer", "read_h5", "read_keras", "read_npz", "rebuild", "rebuild_layer",
    "write_h5", "write_keras", "write_npz",
]  # fmt: skip
