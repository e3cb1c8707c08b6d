"""Kernels for NumPy: what they attach to keeps its readable form, and this is faster."""
from minidl.kernels.numpy import convolution, dense, normalization, optimizers, pooling, probabilities  # noqa: F401
from minidl.tensor import registry

for op in registry.values():
    if kernel := op.kernels.get("numpy"):
        kernel.forward.__qualname__ = op.name  # the name in errors
