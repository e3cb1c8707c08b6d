"""Gradient descent to play with: a page on which a line is fitted to data by hand, or by an optimiser, one update at a time.

    minidl.explorer.write("explore.html")                       the forty houses of `minidl.data.house_prices`
    minidl.explorer.write("mine.html", x, y, "hours", "marks")  data of your own
"""
import math
from pathlib import Path
from typing import Any

import numpy as np

from minidl.conversion import as_array
from minidl.data import house_prices
from minidl.pages import assembled

__all__ = ["explorer_page", "write"]
MOST_POINTS = 2000
SCRIPTS = ("numbers", "optimizers", "draw", "explorer")


def explorer_page(x: Any = None, y: Any = None, x_label: str | None = None, y_label: str | None = None) -> str:
    """The page as text. ``x``, ``y``: numbers of shape (n,), at most 2 000; without them the house prices. The page fits ŷ = w·x + b.

    Raises ValueError if the lengths differ, something is not finite, or all x are the same."""
    if (x is None) != (y is None):
        raise ValueError("give both x and y, or neither for the house prices")
    if x is None:
        (x, y), x_label, y_label = house_prices.load_data(), x_label or "rooms", y_label or "price in ten thousands"
    x, y = (np.asarray(as_array(values), float).reshape(-1) for values in (x, y))
    if len(x) != len(y) or not 2 <= len(x) <= MOST_POINTS:
        raise ValueError(f"x and y must have the same length, from 2 to {MOST_POINTS:,}; got {len(x)} and {len(y)}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or np.ptp(x) == 0:
        raise ValueError("x and y must be finite, and x must have different values")
    w, b = np.polyfit(x, y, 1)
    wide, high = (_round_up(half) for half in _spans(x, y, float(w), float(b)))
    w0, b0 = _round_to(float(w), wide / 4), _round_to(float(b), high / 4)
    data = {
        "x": x.tolist(), "y": y.tolist(), "x_label": x_label or "x", "y_label": y_label or "y",
        "w_range": [w0 - wide, w0 + wide], "b_range": [b0 - high, b0 + high], "best": [float(w), float(b)],
        "start": [w0 - wide / 2, b0 - high / 2], "curvature": _curvature(x),
    }  # fmt: skip
    return assembled("minidl.explorer", SCRIPTS, data)


def write(path: Any, x: Any = None, y: Any = None, x_label: str | None = None, y_label: str | None = None) -> Path:
    """Write the page to a file, and return its path; missing folders are made."""
    text, file = explorer_page(x, y, x_label, y_label), Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _spans(x: np.ndarray, y: np.ndarray, w: float, b: float) -> tuple[float, float]:
    """How far w and b are let go from the best: to where the loss is some times as large as that of a flat line."""
    spread = math.sqrt(float(np.mean((y - y.mean()) ** 2))) or abs(float(y.mean())) or 1.0
    scale = math.sqrt(float(np.mean(x**2))) or 1.0
    return 1.6 * spread / scale, 1.6 * spread


def _curvature(x: np.ndarray) -> float:
    """The largest curvature of the loss, an eigenvalue of its Hessian: rates above 2 / curvature diverge."""
    hessian = 2 * np.array([[np.mean(x**2), np.mean(x)], [np.mean(x), 1.0]])
    return float(np.linalg.eigvalsh(hessian)[-1])


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 …"""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999)


def _round_to(value: float, step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return round(value / power) * power
