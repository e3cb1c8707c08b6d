"""Kernels for NumPy: what they attach to keeps its readable form, and this is faster."""
from minidl.kernels.numpy import convolution, dense, normalization, optimizers, pooling, probabilities  # noqa: F401
