"""The ten outlines of shapes10, each as a signed distance: negative inside, 0 on the edge, positive outside.

Every function takes coordinates `x` (to the right) and `y` (upwards) as arrays of one shape and returns the
distance in the same units. The shapes fill about the unit circle and cover similar areas, so that size alone
does not tell them apart. Two ways of combining them are all that is needed (Hart 1996, "Sphere tracing"):
`minimum(a, b)` is the union, `maximum(a, -b)` is a with b cut out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # a float array; more cannot be said, NumPy's functions are typed as returning Any


def box(x: Array, y: Array, half_width: float, half_height: float) -> Array:
    """An upright rectangle around the origin."""
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def half_plane(x: Array, y: Array, through: tuple[float, float], normal_angle: float) -> Array:
    """Everything behind the line through a point; `normal_angle` (radians from the x axis) points outside."""
    return (x - through[0]) * float(np.cos(normal_angle)) + (y - through[1]) * float(np.sin(normal_angle))


def circle(x: Array, y: Array) -> Array:
    """A filled disc."""
    return np.hypot(x, y) - 0.78


def ring(x: Array, y: Array) -> Array:
    """A disc with a wide hole: the points near to a circle line."""
    return np.abs(np.hypot(x, y) - 0.7) - 0.22


def crescent(x: Array, y: Array) -> Array:
    """A disc with a second disc cut out of its right side."""
    return np.maximum(np.hypot(x + 0.1, y) - 0.95, 0.78 - np.hypot(x - 0.4, y))


def triangle(x: Array, y: Array) -> Array:
    """Three equal sides, standing on one of them."""
    slope = half_plane(np.abs(x), y, (0.0, 1.0), np.pi / 6)
    return np.maximum(slope, -0.5 - y)


def square(x: Array, y: Array) -> Array:
    """Four equal sides."""
    return box(x, y, 0.7, 0.7)


def star(x: Array, y: Array) -> Array:
    """Five points. All ten half-points are one and the same line, seen after folding the angle."""
    fifth = 2 * np.pi / 5
    angle = np.abs((np.arctan2(x, y) + fifth / 2) % fifth - fifth / 2)  # 0 at a tip, fifth / 2 in a valley
    radius = np.hypot(x, y)
    along, across = radius * np.cos(angle), radius * np.sin(angle)
    valley = 0.44 * np.cos(fifth / 2), 0.44 * np.sin(fifth / 2)
    tip = 1.05
    return half_plane(along, across, (tip, 0.0), float(np.arctan2(tip - valley[0], valley[1])))


def heart(x: Array, y: Array) -> Array:
    """A square standing on its corner, with half a disc on each of its upper sides and a deep notch
    between."""
    x, y, side = np.abs(x), y + 0.12, 0.78
    tilted_square = (x + np.abs(y) - side) / 2**0.5
    disc = np.hypot(x - side / 2, y - side / 2) - side / 2**0.5
    notch = half_plane(x, y, (0.0, 0.45), -np.pi / 8)
    return np.maximum(np.minimum(tilted_square, disc), -notch)


def cross(x: Array, y: Array) -> Array:
    """Two crossing bars, a plus sign."""
    return np.minimum(box(x, y, 0.95, 0.3), box(x, y, 0.3, 0.95))


def arrow(x: Array, y: Array) -> Array:
    """A narrow shaft with a wide head, pointing up."""
    head = np.maximum(half_plane(np.abs(x), y, (0.0, 1.0), np.pi / 5), -y)
    shaft = box(x, y + 0.4, 0.24, 0.55)
    return np.minimum(head, shaft)


def house(x: Array, y: Array) -> Array:
    """A wide body with a door, a chimney and an overhanging roof."""
    roof = np.maximum(half_plane(np.abs(x), y, (0.0, 0.95), 0.3 * np.pi), 0.12 - y)
    body = box(x, y + 0.3, 0.68, 0.5)
    chimney = box(x - 0.52, y - 0.5, 0.12, 0.3)
    door = box(x, y + 0.55, 0.2, 0.35)
    return np.maximum(np.minimum(np.minimum(roof, body), chimney), -door)


OUTLINES: dict[str, Callable[[Array, Array], Array]] = {
    f.__name__: f for f in (arrow, circle, crescent, cross, heart, house, ring, square, star, triangle)
}
