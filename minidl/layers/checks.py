"""Checks of the arguments that layers are made with."""
import math
from typing import Any


def whole(name: str, value: Any, at_least: int = 1) -> int:
    """``value`` as an int; ValueError unless it is a whole number ≥ ``at_least``."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < at_least:
        raise ValueError(f"{name} must be a whole number ≥ {at_least}; got {value!r}")
    return int(value)


def number(name: str, value: Any, at_least: float = -math.inf, at_most: float = math.inf) -> float:
    """``value`` as a float; ValueError unless it is a finite number within the bounds."""
    a_number = hasattr(value, "__float__") and not isinstance(value, (bool, str))
    if not a_number or not (at_least <= float(value) <= at_most and math.isfinite(value)):
        bounds = [f"≥ {at_least:g}"] * (at_least > -math.inf) + [f"≤ {at_most:g}"] * (at_most < math.inf)
        raise ValueError(f"{name} must be a number {' and '.join(bounds)}".rstrip() + f"; got {value!r}")
    return float(value)
