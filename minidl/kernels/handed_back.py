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
    HandedBack("convolution_and_pooling", "other windows than 2×2; odd sizes", "as two kernels; for 2×2, 1.18 to 1.36 of one for both"),
    HandedBack("max_pool2d, average_pool2d", _ODD_FLOATS, "a kernel takes 1.20 and 1.31 of the readable op's time"),
    HandedBack("max_pool2d, average_pool2d", "whole numbers", "these have no gradient; pictures are divided by 255 first"),
    HandedBack("batch_normalization", "whole numbers", "these have no gradient; pictures are divided by 255 first"),
    HandedBack("crossentropy, softmax_crossentropy", _ODD_FLOATS + ", other shapes", "32 rows of 10 classes take 0.1 ms in any form"),
    HandedBack("all", "empty arrays", "nothing is computed"),
]
