"""What a measurement says: medians, and how far they can be trusted."""
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """The median of some numbers, and the quartiles below and above it: half of the numbers lie between these."""

    median: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


def spread(numbers: Sequence[float]) -> Spread:
    """ValueError if there are none."""
    if not len(numbers):
        raise ValueError("there is nothing to summarise")
    low, median, high = np.percentile(np.asarray(numbers, dtype=float), (25, 50, 75))
    return Spread(float(median), float(low), float(high))


def paired_ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours divided by theirs, round by round: what slows the machine for a while slows both, and leaves their ratio alone."""
    if len(ours) != len(theirs):
        raise ValueError(f"rounds are compared in pairs; got {len(ours)} and {len(theirs)}")
    return spread([a / b for a, b in zip(ours, theirs)])
