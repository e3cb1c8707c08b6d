"""What the steps of one difference add up to: which of them is believed, and when no more are asked for."""

import numpy as np
import pytest

from minidl.doctor.differences import ROUNDINGS, Ruler, Series, scale
from minidl.doctor.subjects import StudentPair


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


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(
    ("numeric", "bend", "done"),
    [(2.0, 0.05, True), (2.0, 0.15, False), (2.0009, 0.05, True), (2.002, 0.05, False)],
)
def test_the_unit_in_which_all_is_measured_does_not_matter(unit, numeric, bend, done):
    steps = (1.0, 2.0, 1e-3, 1.0, 0.0), (1.0, numeric, 1e-3, 1.0, bend)
    assert series(*(tuple(unit * number for number in step) for step in steps)).done is done


def test_one_step_alone_is_the_best_there_is():
    assert series((1.0, 2.0, 1e-3, 1.0, 0.0)).best == (False, 1.0, 2.0, 1e-3)


def test_the_step_that_agrees_counts_even_if_it_is_not_the_steadiest():
    assert series(*((1.0, numeric, 1e-6, 1.0, 9.0) for numeric in (5.0, 4.9, 1.0))).best == (True, 1.0, 1.0, 1e-6)


def test_a_gradient_that_is_no_number_is_settled_by_two_steps():
    assert series((np.nan, 2.0, 1e-3, 1.0, 0.0), (np.nan, 2.0, 1e-3, 1.0, 0.05)).done


# ---------------------------------------------------------------- a function at a point


def ruler(f, x, cotangents, claimed, rtol=1e-6, atol=1e-9):
    """For one argument; ``claimed``: its gradient for each cotangent."""
    subject = StudentPair(f, lambda g, x: g, [x])
    return Ruler(subject, [x], f(x), cotangents, [[g] for g in claimed], rtol, atol)


def counting(f):
    def counted(x):
        counted.calls += 1
        return f(x)

    counted.calls = 0
    return counted


FIRST = np.array([1.0, 0.0])  # the direction of the first entry


@pytest.mark.parametrize("largest", [1e-6, 0.5, 1.0, 3.0, 1e6])
def test_the_size_of_an_argument(largest):
    assert scale(largest * np.array([0.1, -1.0, 0.0])) == largest


def test_what_rounding_may_do():
    """Two outputs and two entries: ε (Σ|c y| + Σ|x dL/dx|) / h, times the roundings that are granted."""
    x, c, g = np.array([2.0, -3.0]), np.array([5.0, -0.5]), np.array([7.0, 11.0])
    expected = ROUNDINGS * np.finfo(float).eps * (5 * 4 + 0.5 * 9 + 2 * 7 + 3 * 11) / 0.01
    assert ruler(np.square, x, [c], [g]).noise(0, 0, 0.01) == pytest.approx(expected)
    expected = ROUNDINGS * np.finfo(float).eps * (5 * 4 + 0.5 * 9) / 0.01
    assert ruler(np.square, x, [c], [np.array([np.inf, 1.0])]).noise(0, 0, 0.01) == pytest.approx(expected)


def test_nan_in_one_entry_says_nothing_about_another():
    found = ruler(np.square, np.ones(2), [np.ones(2)], [np.array([3.0, np.nan])])
    assert found.claimed(0, 0, FIRST) == 3.0
    assert found.compare(0, FIRST)[0].exact == 3.0


def test_the_tolerance_follows_the_larger_of_the_two():
    x, c, g = np.array([1.0, 1.0]), np.ones(2), np.array([5.0, 0.0])
    flat = ruler(lambda x: 0 * x, x, [c], [g], rtol=1e-2, atol=1e-3)
    assert flat.compare(0, FIRST)[0].tolerance == pytest.approx(1e-3 + 1e-2 * 5)


def test_only_steps_with_a_value_count():
    """Values only so near that the last step alone has any."""
    near = ruler(lambda x: np.where(np.abs(x - 1) < 5e-7, 2 * x, np.nan), np.array([1.0]), [np.ones(1)], [np.array([3.0])])
    found = near.compare(0, np.ones(1))[0]
    assert not found.ok and found.numeric == pytest.approx(2, rel=1e-6)


def test_no_step_with_a_value():
    lonely = ruler(lambda x: np.where(x == 1, x, np.nan), np.array([1.0]), [np.ones(1)], [np.array([3.0])])
    found = lonely.compare(0, np.ones(1))[0]
    assert not found.ok and found.exact == 3.0 and np.isnan(found.numeric)


@pytest.mark.parametrize("c", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("factor", "steps"), [(2.0, 1), (3.0, 2)])
def test_what_agrees_takes_one_step_and_what_is_clearly_wrong_two(c, factor, steps):
    square = counting(np.square)
    found = ruler(square, np.array([1.0]), [np.array([c])], [np.array([factor * c])])
    square.calls = 0
    assert found.compare(0, np.ones(1))[0].ok is (factor == 2)
    assert square.calls == 4 * steps


# ---------------------------------------------------------------- kinks


def bent(left, right, other=0.0):
    """y = left · x₀ or right · x₀, and ``other`` · x₁; x₁ gives x its size."""
    return lambda x: np.array([np.where(x[0] > 0, right, left) * x[0], other * x[1]])


def kink_of(f, claimed, size=1.0, c=(1.0, 1.0), **options):
    x = np.array([0.0, size])
    return ruler(f, x, [np.array(c)], [np.array([claimed, 0.0])], **options).kink(0, 0, FIRST)


@pytest.mark.parametrize("size", [1e-8, 1e-3, 1.0, 1e8])
@pytest.mark.parametrize("c", [1e-4, 1.0, -3.0])
@pytest.mark.parametrize("slopes", [(2.0, 5.0), (1e-7, 2e-7), (-1e5, 1e5), (3.0, 3.0001)])
def test_a_kink_has_two_sides(slopes, c, size):
    between = c * (0.3 * slopes[0] + 0.7 * slopes[1])
    found = kink_of(bent(*slopes), between, size, (c, 1.0), atol=0.0)
    assert (found.left, found.right) == (pytest.approx(c * slopes[0]), pytest.approx(c * slopes[1]))
    assert found.exact == between and found.accepted


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(
    ("claimed", "accepted"),
    [(2.0, True), (5.0, True), (2 - 2e-5, True), (5 + 2e-5, True), (2 - 2e-4, False), (5 + 2e-4, False), (-3.0, False), (9.0, False)],
)
def test_what_lies_between_the_sides_is_accepted(claimed, accepted, unit):
    assert kink_of(bent(2 * unit, 5 * unit), claimed * unit, atol=0.0).accepted is accepted
    assert kink_of(bent(5 * unit, 2 * unit), claimed * unit, atol=0.0).accepted is accepted


@pytest.mark.parametrize(("claimed", "accepted"), [(5.05, True), (1.95, True), (5.15, False), (1.85, False)])
def test_atol_widens_what_is_accepted(claimed, accepted):
    assert kink_of(bent(2.0, 5.0), claimed, atol=0.1).accepted is accepted


def test_rounding_widens_what_is_accepted():
    """Beside 10⁶ the sides are known to a few thousandths only, and up to 0.4 may be due to rounding."""
    found = [kink_of(lambda x: np.maximum(x, 0)[:1] + 1e6, claimed, c=(1.0,), atol=0.0) for claimed in (1.2, -0.2, 1.9, -0.9)]
    assert [k.accepted for k in found] == [True, True, False, False]


@pytest.mark.parametrize("c", [1e-2, 1.0, 1e2])
def test_sides_that_hardly_differ_excuse_no_other_gradient(c):
    """Less than 1 in 1000: a gradient that is neither is wrong, whatever is beside."""
    assert kink_of(bent(1000.0, 1000.5), 900 * c, c=(c, 1.0)) is None
    assert kink_of(bent(1000.0, 1000.5), 1100 * c, c=(c, 1.0)) is None
    for claimed in (1000.2, 999.995, 1000.505):
        assert kink_of(bent(1000.0, 1000.5), claimed * c, c=(c, 1.0), atol=0.0).accepted
    assert kink_of(bent(1000.0, 1002.0), 900 * c, c=(c, 1.0)).accepted is False


def test_an_output_that_is_not_asked_for_has_no_kink():
    def f(x):
        return np.array([np.abs(x[0]), x[0]])

    assert kink_of(f, 1.0, c=(0.0, 1.0)) is None
    assert kink_of(f, 1.0, c=(1.0, 1.0)) is not None


@pytest.mark.parametrize("f", [lambda x: np.exp(30 * x), lambda x: np.sin(20 * x + 1), lambda x: x**2 + x], ids=["exp", "sin", "square"])
def test_a_smooth_function_has_none(f):
    assert kink_of(lambda x: f(x[:1]), 1.0, c=(1.0,)) is None


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("side", [-1, 1], ids=["left", "right"])
@pytest.mark.parametrize(("distance", "seen"), [(1e-3, True), (3e-3, True), (7e-3, False), (0.1, False)])
def test_how_near_a_kink_must_be(distance, seen, side, size):
    """Within some thousandths of the argument's size."""
    found = kink_of(lambda x: np.abs(x[:1] - side * distance * size), -side, size, c=(1.0,))
    assert (found is not None) is seen


def test_sides_that_differ_by_millionths_are_no_kink():
    assert kink_of(bent(1.0, 1.000005), 1.0) is None


def test_a_little_more_rounding_than_usual_is_no_kink():
    """Thirteen digits, and a slope that is small beside the value."""
    assert kink_of(lambda x: np.round(1 + 1e-3 * (x + np.pi / 10), 13), 1e-3) is None


@pytest.mark.parametrize("hidden", [lambda x: x > 0, lambda x: x < 0, lambda x: x != 0], ids=["right", "left", "both"])
def test_steps_without_a_value_are_passed_over(hidden):
    found = kink_of(lambda x: np.where(hidden(x) & (np.abs(x) < 1e-6), np.nan, np.abs(x)), 0.5)
    assert (found.left, found.right) == (pytest.approx(-1), pytest.approx(1)) and found.accepted
