"""Learning rates that change while training. A schedule is a function of the step: the number of updates made so far, 0 at the first.

    optimizer = SGD(learning_rate=CosineDecay(0.1, decay_steps=1000))
    optimizer = SGD(learning_rate=lambda step: 0.1 / (1 + step))          # any function of the step will do

Below, η₀ is the initial learning rate, s the step, and p = s / decay_steps.
"""
import math
from bisect import bisect_left
from collections.abc import Sequence

from minidl.checks import number, true_or_false
from minidl.registry import Configured


class LearningRateSchedule(Configured):
    """The base class: an own schedule writes ``__call__(self, step)`` and returns a float."""

    def __call__(self, step: int) -> float:
        """The learning rate of the update that comes after ``step`` others."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method: write __call__(self, step)")


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], then values[1] up to boundaries[1], …; values[-1] after the last boundary."""

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ValueError(f"values must be one more than boundaries; got {len(values)} values, {len(boundaries)} boundaries")
        self.boundaries = [number("a boundary", boundary) for boundary in boundaries]
        self.values = [number("a value", value, at_least=0) for value in values]
        if any(a >= b for a, b in zip(self.boundaries, self.boundaries[1:])):
            raise ValueError(f"boundaries must increase; got {list(boundaries)}")
        self.name = name

    def __call__(self, step: int) -> float:
        return self.values[bisect_left(self.boundaries, step)]


class InverseTimeDecay(LearningRateSchedule):
    """η = η₀ / (1 + decay_rate · p);   ``staircase`` rounds p down: steps instead of a slope.        Robbins & Monro 1951"""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: str = "InverseTimeDecay"
    ):
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.decay_steps = number("decay_steps", decay_steps, above=0)
        self.decay_rate = number("decay_rate", decay_rate, at_least=0)
        self.staircase, self.name = true_or_false("staircase", staircase), name

    def __call__(self, step: int) -> float:
        p = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * p)


class ExponentialDecay(LearningRateSchedule):
    """η = η₀ · decay_rateᵖ;   ``staircase`` rounds p down: steps instead of a curve."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: str = "ExponentialDecay"
    ):
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.decay_steps = number("decay_steps", decay_steps, above=0)
        self.decay_rate = number("decay_rate", decay_rate, above=0)
        self.staircase, self.name = true_or_false("staircase", staircase), name

    def __call__(self, step: int) -> float:
        p = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate * float(self.decay_rate**p)


class PolynomialDecay(LearningRateSchedule):
    """η = (η₀ − end) (1 − p)^power + end,   and end from step decay_steps on.

    With ``cycle`` it never ends: whenever step decay_steps · n is passed, p = s / (decay_steps · (n + 1)), so η jumps up again."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ):  # fmt: skip
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.decay_steps = number("decay_steps", decay_steps, above=0)
        self.end_learning_rate = number("end_learning_rate", end_learning_rate, at_least=0)
        self.power = number("power", power, at_least=0)
        self.cycle, self.name = true_or_false("cycle", cycle), name

    def __call__(self, step: int) -> float:
        periods = max(1, math.ceil(step / self.decay_steps)) if self.cycle else 1
        p = min(step / (self.decay_steps * periods), 1.0)
        return (self.initial_learning_rate - self.end_learning_rate) * float((1 - p) ** self.power) + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a wave of the cosine, from η₀ down to α η₀, and α η₀ from step decay_steps on:

    η = η₀ ((1 − α) (1 + cos πp) / 2 + α)        Loshchilov & Hutter 2017, SGDR

    With a ``warmup_target`` the rate first climbs from η₀ to the target, on a straight line of ``warmup_steps`` steps (Goyal et al. 2017);
    the wave begins there, at the target in place of η₀."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ):  # fmt: skip
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate, at_least=0)
        self.decay_steps = number("decay_steps", decay_steps, above=0)
        self.alpha = number("alpha", alpha, at_least=0)
        self.warmup_target = None if warmup_target is None else number("warmup_target", warmup_target, at_least=0)
        self.warmup_steps = number("warmup_steps", warmup_steps, at_least=0)
        if self.warmup_steps and warmup_target is None:
            raise ValueError(f"warmup_steps={warmup_steps} needs a warmup_target: the learning rate to climb to")
        self.name = name

    def __call__(self, step: int) -> float:
        start, top = self.initial_learning_rate, self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        if step < self.warmup_steps:
            return start + (top - start) * step / self.warmup_steps
        p = min((step - self.warmup_steps) / self.decay_steps, 1.0)
        return top * ((1 - self.alpha) * (1 + math.cos(math.pi * p)) / 2 + self.alpha)
