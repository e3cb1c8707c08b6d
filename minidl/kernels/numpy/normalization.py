"""Batch normalization as one multiplication and one addition for each number."""
from typing import Any

import numpy as np

from minidl.kernels.numpy.convolution import HANDED_BACK
from minidl.kernels.numpy.memory import in_one_type
from minidl.ops import batch_normalization
from minidl.tensor import Kernel


def batch_normalization_forward(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, *, epsilon: float) -> Any:
    """y = (x − mean) · scale + shift, with statistics of one shape that does not change x's."""
    given = in_one_type(x, *(a for a in (mean, variance, gamma, beta) if a is not None))
    if given is None or not x.size or not x.ndim or x.dtype.kind != "f":  # (whole numbers wrap around before they become floats)
        return HANDED_BACK
    x, *given = given
    shape = np.broadcast_shapes((1,) * x.ndim, *(a.shape for a in given))
    if len(shape) > x.ndim or any(n not in (1, m) for n, m in zip(shape, x.shape)):
        return HANDED_BACK
    found = iter([np.broadcast_to(a, shape) for a in given])
    mean, variance, gamma, beta = (a if a is None else next(found) for a in (mean, variance, gamma, beta))
    inverse = 1 / np.sqrt(variance + epsilon)
    scale = inverse if gamma is None else inverse * gamma
    y = x - mean  # first: x · scale − mean · scale would lose digits where the mean is large
    y *= scale
    if beta is not None:
        y += beta
    return y, (x, mean, inverse, gamma, scale, beta is not None)


def vjp(g: np.ndarray, saved: Any, needs: list[bool]) -> list[Any]:
    x, mean, inverse, gamma, scale, has_beta = saved
    axes = tuple(i for i, n in enumerate(mean.shape) if n == 1)
    total = np.add.reduce(g, axis=axes, keepdims=True)  # Σ g
    along = None
    if needs[2] or needs[3]:
        centred = x - mean
        centred *= g
        along = np.add.reduce(centred, axis=axes, keepdims=True) * inverse  # Σ g (x − μ) / √(σ² + ε)
    return [
        g * scale if needs[0] else None,
        -total * scale if needs[1] else None,
        along * scale * inverse * -0.5 if needs[2] and along is not None else None,
        along if gamma is not None and needs[3] else None,
        total if has_beta and needs[4] else None,
    ]


batch_normalization.kernels["numpy"] = Kernel(batch_normalization_forward, vjp)
