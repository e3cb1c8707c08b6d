"""Schedules at the places where their formula is known by heart, their borders and their checks."""
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl.optimizers import schedules as s


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        (s.PiecewiseConstantDecay([2, 5], [1.0, 0.5, 0.1]), {0: 1.0, 2: 1.0, 3: 0.5, 5: 0.5, 6: 0.1, 1000: 0.1}),
        (s.PiecewiseConstantDecay([], [0.3]), {0: 0.3, 7: 0.3}),
        (s.InverseTimeDecay(0.8, 4, 2.0), {0: 0.8, 1: 0.8 / 1.5, 2: 0.4, 6: 0.2}),
        (s.InverseTimeDecay(0.8, 4, 3.0, staircase=True), {0: 0.8, 3: 0.8, 4: 0.2, 7: 0.2, 8: 0.8 / 7}),
        (s.ExponentialDecay(0.8, 2, 0.25), {0: 0.8, 1: 0.4, 2: 0.2, 4: 0.05}),
        (s.ExponentialDecay(0.8, 2, 0.25, staircase=True), {0: 0.8, 1: 0.8, 2: 0.2, 3: 0.2, 4: 0.05}),
        (s.PolynomialDecay(1.0, 10, 0.2), {0: 1.0, 5: 0.6, 10: 0.2, 11: 0.2}),
        (s.PolynomialDecay(1.0, 10), {10: 1e-4}),
        (s.PolynomialDecay(1.0, 10, 0.0, power=2.0), {5: 0.25, 9: 0.01}),
        (s.PolynomialDecay(1.0, 10, 0.0, power=0.0), {5: 1.0, 10: 1.0}),
        (s.PolynomialDecay(1.0, 10, 0.0, cycle=True), {0: 1.0, 5: 0.5, 10: 0.0, 11: 0.45, 15: 0.25, 20: 0.0, 21: 0.3}),
        (s.CosineDecay(2.0, 12), {0: 2.0, 4: 1.5, 6: 1.0, 8: 0.5, 12: 0.0, 99: 0.0}),
        (s.CosineDecay(2.0, 12, alpha=0.5), {0: 2.0, 6: 1.5, 12: 1.0, 13: 1.0}),
        (s.CosineDecay(0.0, 12, warmup_target=2.0, warmup_steps=4), {0: 0.0, 1: 0.5, 3: 1.5, 4: 2.0, 8: 1.5, 10: 1.0, 16: 0.0, 17: 0.0}),
        (s.CosineDecay(1.0, 12, warmup_target=2.0), {0: 2.0, 6: 1.0}),
    ],
)
def test_known_values(schedule: s.LearningRateSchedule, values: dict[int, float]) -> None:
    for step, expected in values.items():
        assert schedule(step) == pytest.approx(expected, rel=1e-12, abs=1e-15), step
        assert type(schedule(step)) is float


@given(eta=st.floats(0, 10), decay_steps=st.floats(0.5, 100), rate=st.floats(0.01, 1), step=st.integers(0, 10**6))
def test_rates_stay_between_0_and_the_first(eta: float, decay_steps: float, rate: float, step: int) -> None:
    for stairs in (False, True):
        falling = (s.ExponentialDecay(eta, decay_steps, rate, stairs), s.InverseTimeDecay(eta, decay_steps, rate, stairs),
                   s.PolynomialDecay(eta, decay_steps, 0.0, cycle=stairs), s.CosineDecay(eta, decay_steps))  # fmt: skip
        for schedule in falling:
            assert 0 <= schedule(step) <= eta * (1 + 1e-12)
            assert stairs or schedule(step + 1) <= schedule(step)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: s.ExponentialDecay(-0.1, 1, 0.5), "initial_learning_rate must be a finite number ≥ 0; got -0.1"),
        (lambda: s.ExponentialDecay(0.1, 0, 0.5), "decay_steps must be a finite number > 0; got 0"),
        (lambda: s.ExponentialDecay(0.1, 1, 0), "decay_rate must be a finite number > 0; got 0"),
        (lambda: s.ExponentialDecay(0.1, 1, 0.5, staircase=1), "staircase must be True or False; got 1"),  # type: ignore[arg-type]
        (lambda: s.InverseTimeDecay(0.1, -1, 0.5), "decay_steps must be"),
        (lambda: s.InverseTimeDecay(0.1, 1, -0.5), "decay_rate must be"),
        (lambda: s.PolynomialDecay(0.1, 0), "decay_steps must be"),
        (lambda: s.PolynomialDecay(0.1, 1, power=-1), "power must be"),
        (lambda: s.PolynomialDecay(0.1, 1, end_learning_rate=math.nan), "end_learning_rate must be"),
        (lambda: s.CosineDecay(0.1, True), "decay_steps must be"),
        (lambda: s.CosineDecay(0.1, 1, alpha=-1), "alpha must be"),
        (lambda: s.CosineDecay(0.1, 1, warmup_steps=5), "warmup_steps=5 needs a warmup_target"),
        (lambda: s.CosineDecay(0.1, 1, warmup_target=1.0, warmup_steps=-5), "warmup_steps must be"),
        (lambda: s.PiecewiseConstantDecay([1, 2], [0.1, 0.2]), "values must be one more than boundaries; got 2 values, 2 boundaries"),
        (lambda: s.PiecewiseConstantDecay([2, 2], [1, 2, 3]), r"boundaries must increase; got \[2, 2\]"),
        (lambda: s.PiecewiseConstantDecay([2], [1, -2]), "a value must be a finite number ≥ 0; got -2"),
    ],
)
def test_values_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_base_class_and_configuration() -> None:
    with pytest.raises(NotImplementedError, match="LearningRateSchedule has no __call__ method"):
        s.LearningRateSchedule()(0)
    with pytest.raises(TypeError, match=r"CosineDecay has no argument 'warm_up_steps': .*'warmup_steps'"):
        s.CosineDecay(0.1, 10, warm_up_steps=3)  # type: ignore[call-arg]
    made = s.CosineDecay(0.1, decay_steps=10, alpha=0.2)
    assert s.CosineDecay.from_config(made.get_config())(7) == made(7)
