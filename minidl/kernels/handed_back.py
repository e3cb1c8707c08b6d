"""Where kernels do not help, and the figures that say so."""
from typing import NamedTuple


class HandedBack(NamedTuple):
    """A case that a kernel leaves to the readable op, because that is as fast there."""

    op: str  # "conv2d"
    case: str  # "dilation above 1"
    figure: str  # what was measured: "0.98 of the readable op's time, batch 32, two cores"


CASES_HANDED_BACK: list[HandedBack] = []  # each module of kernels adds its own; `minidl info --kernels` prints them
