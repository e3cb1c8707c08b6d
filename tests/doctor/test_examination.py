"""What one look at an argument reports, from gradients that are known to be wrong in a known way."""

import numpy as np
import pytest

from minidl.doctor.examination import Findings, _examine_argument

from .test_differences import ruler


class Ones:
    """In place of random numbers: every direction is (1, 1, …)."""

    def standard_normal(self, shape):
        return np.ones(shape)

    def permutation(self, n):
        return np.arange(n)


@pytest.mark.parametrize("claimed", [(0.0, 2.1), (2.1, 0.0), (2.1, 5.0), (5.0, 2.1)])
def test_the_cotangent_that_disagrees_most_tells_the_worst(claimed):
    twice = ruler(lambda x: 2 * x, np.array([0.7]), [np.ones(1), np.ones(1)], [np.array([k]) for k in claimed])
    found = Findings([twice.values[0]])
    _examine_argument(twice, 0, found, Ones())
    assert found.worst.exact == max(claimed, key=lambda k: abs(k - 2))


def test_mistakes_at_two_kinks_that_cancel_are_found_entry_by_entry():
    """Along (1, 1) the gradient agrees; of one entry it lies outside of the two sides."""
    wrong = ruler(np.abs, np.zeros(2), [np.ones(2), 2 * np.ones(2)], [np.array([1.5, -1.5]), np.array([3.0, -3.0])])
    found = Findings([wrong.values[0]])
    _examine_argument(wrong, 0, found, Ones())
    assert [(k.index, k.left, k.right, k.exact, k.accepted) for k in found.kinks] == [
        ((0,), pytest.approx(-1), pytest.approx(1), 1.5, False),
        ((1,), pytest.approx(-1), pytest.approx(1), -1.5, False),
    ]
    assert found.worst.index == (0,) and found.worst.exact == 1.5
