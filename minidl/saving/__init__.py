"""Files: weights and whole models. The ending of a file's name decides its format."""
from minidl.saving.formats import ENDINGS, checked_path
from minidl.saving.npz import read_npz, write_npz

__all__ = ["ENDINGS", "checked_path", "read_npz", "write_npz"]
