"""Checks of the arguments that building blocks are made with: each returns the value, or raises one sentence."""
import math
from numbers import Real
from typing import Any


def whole(name: str, value: Any, at_least: int = 1) -> int:
    """``value`` as an int; ValueError unless it is a whole number ≥ ``at_least``."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < at_least:
        raise ValueError(f"{name} must be a whole number ≥ {at_least}; got {value!r}")
    return int(value.__index__())


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


def true_or_false(name: str, value: Any) -> bool:
    """``value``; ValueError unless it is True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False; got {value!r}")
    return value
