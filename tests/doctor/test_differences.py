"""What the steps of one difference add up to: which of them is believed, and when no more are asked for."""

import pytest

from minidl.doctor.differences import Series


def series(*added: tuple[float, ...]) -> Series:
    """From (exact, numeric, tolerance, size, bend) of each step."""
    made = Series()
    for step in added:
        made.add(*step)
    return made


@pytest.mark.parametrize(
    ("numeric", "tolerance", "size", "believed"),
    [
        (1.0015, 1.9e-3, 1.0, True),  # as good as the best step so far
        (1.0015, 2.1e-3, 1.0, False),  # the step before was clearly better, and said no
        (1.001, 3.0, 1e5, False),
        (1.001, 1.9, 1e5, True),  # a tolerance of two in 100 000 is good enough beside any other
        (1.0015, 1e-3, 1.0, False),
    ],
)
def test_a_step_that_rounding_blurs_counts_only_if_no_other_is_clearly_better(numeric, tolerance, size, believed):
    found = series((1.0, 2.0, 1e-3, 1.0, 0.0), (1.0, numeric, tolerance, size, 0.0))
    assert found.best is not None
    assert (found.best.ok, found.done) == (believed, believed)


@pytest.mark.parametrize(
    ("numeric", "tolerance", "bend", "done"),
    [
        (2.0, 1e-3, 0.05, True),
        (2.0, 1e-3, 0.15, False),  # a kink may lie between
        (2.0, 1e-3, 0.5, False),
        (2.0009, 1e-3, 0.05, True),
        (2.002, 1e-3, 0.05, False),  # not settled yet
        (2.0, 0.02, 0.05, False),  # hardly beyond the tolerance
    ],
)
def test_two_steps_that_agree_settle_it(numeric, tolerance, bend, done):
    assert series((1.0, 2.0, tolerance, 1.0, 0.0), (1.0, numeric, tolerance, 1.0, bend)).done is done


def test_the_step_that_agrees_stays_and_else_the_steadiest():
    assert series((1.0, 1.0, 1e-6, 1.0, 0.0), (1.0, 3.0, 1e-6, 1.0, 0.0)).best == (True, 1.0, 1.0, 1e-6)
    unsteady = series(*((1.0, numeric, 1e-6, 1.0, 9.0) for numeric in (5.0, 3.0, 2.9, 4.0, 4.05, 7.0)))
    assert unsteady.best == (False, 1.0, 4.05, 1e-6) and not unsteady.done
