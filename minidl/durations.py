"""Durations as people write them."""
import re
from typing import Any

from minidl.checks import number

UNITS = {"s": 1, "sec": 1, "second": 1, "seconds": 1, "min": 60, "minute": 60, "minutes": 60, "h": 3600, "hour": 3600, "hours": 3600}


def seconds_in(name: str, duration: Any) -> float:
    """The seconds of 90, "90 s", "1.5 min" or "1 h"; ValueError unless it is one of these, and above 0."""
    if not isinstance(duration, str):
        return number(name, duration, above=0)
    parts = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*", duration.lower())
    if not parts or parts[2] not in {"", *UNITS}:
        raise ValueError(f"{name} is a number of seconds, or a text like '90 s', '5 min' or '1 h'; got {duration!r}")
    return number(name, float(parts[1]) * UNITS.get(parts[2], 1), above=0)


def in_words(seconds: float) -> str:
    """ "0.0042" → "4.2 ms", 75 → "1 min 15 s", 9000 → "2 h 30 min"."""
    if seconds < 1:
        return f"{1e3 * seconds:.3g} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.3g} µs"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
