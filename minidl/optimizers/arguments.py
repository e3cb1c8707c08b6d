"""Checks of the arguments that optimisers and schedules are made with."""
import math
from numbers import Real
from typing import Any


def number(
    name: str, value: Any, at_least: float = -math.inf, at_most: float = math.inf, above: float = -math.inf, below: float = math.inf
) -> float:
    """``value`` as a Python float; ValueError unless it is a finite number within the bounds."""
    is_number = not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)
    if not is_number or not (at_least <= value <= at_most and above < value < below):
        limits = {"≥": at_least, ">": above, "≤": at_most, "<": below}
        bounds = [f"{sign} {limit:g}" for sign, limit in limits.items() if math.isfinite(limit)]
        raise ValueError(f"{name} must be a finite number{' ' * bool(bounds)}{' and '.join(bounds)}; got {value!r}")
    return float(value)


def switch(name: str, value: Any) -> bool:
    """``value``; ValueError unless it is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False; got {value!r}")
    return value
