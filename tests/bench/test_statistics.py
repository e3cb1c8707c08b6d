"""What is said about measured numbers."""
import numpy as np
import pytest

from benchmarks.statistics import Spread, paired_ratios, spread


def test_quartiles():
    assert spread([5, 1, 4, 2, 3]) == Spread(3, 2, 4)
    assert spread([7.0]) == Spread(7, 7, 7)
    with pytest.raises(ValueError, match="nothing"):
        spread([])


def test_ratios_are_paired_by_round():
    """A machine that is three times slower in some rounds changes no ratio."""
    slow = np.array([1, 3, 1, 3, 1])
    assert paired_ratios(2 * slow, 4 * slow) == Spread(0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="pairs"):
        paired_ratios([1, 2], [1])
