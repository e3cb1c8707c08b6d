"""Where kernels do not help, and the figures that say so."""
from typing import NamedTuple


class HandedBack(NamedTuple):
    """A case that a kernel leaves to the readable op (whose parts may have kernels again), because that is about as fast there."""

    op: str  # "conv2d"
    case: str  # "dilation above 1"
    figure: str  # what was measured: "0.98 of the readable op's time, batch 32, two cores"


_ODD_FLOATS = "float16, and longer than float64"
_NO_BLAS = "BLAS has no such product; NumPy's own is"

# Measured on the shapes of the intro net, with two cores and NumPy 2.4.
CASES_HANDED_BACK: list[HandedBack] = [
    HandedBack("conv2d", _ODD_FLOATS, f"{_NO_BLAS} 94 % of the time"),
    HandedBack("conv2d", "whole numbers only", f"{_NO_BLAS} 56 to 69 % of the time"),
    HandedBack("dense_layer", _ODD_FLOATS, f"{_NO_BLAS} 87 to 100 % of the time"),
    HandedBack("dense_layer", "activations other than none, relu and softmax", "1.10 to 1.12 of the kernel's time with tanh after it"),
    HandedBack("convolution_layer", "activations other than none and relu", "1.03 to 1.07 of the kernel's time with tanh after it"),
    HandedBack("convolution_and_pooling", "windows other than 2×2", "runs as its two halves, which have kernels of their own"),
    HandedBack("all", "empty arrays", "nothing is computed"),
]
