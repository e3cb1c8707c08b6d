"""Batch normalization."""
from minidl.ops.elementwise import sqrt
from minidl.tensor import composite


@composite
def batch_normalization(x, mean, variance, gamma, beta, *, epsilon):
    """y = γ (x − μ) / √(σ² + ε) + β        Ioffe & Szegedy 2015; γ or β may be None: 1 and 0."""
    y = (x - mean) / sqrt(variance + epsilon)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta
