"""What TensorFlow has in tf.data.experimental."""

from .datasets import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, cardinality

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality"]
