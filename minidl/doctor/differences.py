"""Derivatives by differences: along a direction, entry by entry, and from one side at a kink."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from minidl.doctor.subjects import Subject

EPSILON = float(np.finfo(float).eps)
ROUNDINGS = 30.0  # how many roundings of Σ|c y| a value of the function is granted
CLEAR = 2e-5  # a tolerance above this share of the derivative is no check, if a better one is to be had
NEARLY = 2.0  # tolerances that are as good as the best: up to so many times as large
WORK = 1e7  # how many numbers the calls of the function for one question may handle together: no clock decides, so runs repeat
A_CALL = 1000  # what a call costs beside its numbers
NEAR = tuple(1e-2 * 0.25**n for n in range(9))  # how near a kink is looked for, in shares of the argument's size
Values = Sequence[np.ndarray]


def affordable(subject: Subject, calls: int, most: int) -> int:
    """How many things may be looked at, at most so many, if each takes so many calls of the function."""
    numbers = sum(x.size for x in subject.values) + A_CALL
    return max(2, min(most, int(WORK / (calls * numbers))))


def scale(x: np.ndarray) -> float:
    """The size of an argument: its largest magnitude, 1 if all is zero."""
    largest = float(np.abs(x).max(initial=0.0))
    return largest if 0 < largest < np.inf else 1.0


def steps(x: np.ndarray) -> list[float]:
    """Steps to try, best first. Large ones lose least to rounding; small ones see past a kink nearby and through strong curvature."""
    size, sizes = scale(x), np.abs(x[x != 0])
    smallest = max(float(sizes.min(initial=size)), 1e-9 * size)
    found = [1e-3 * size, 1e-4 * size, 1e-5 * size, 1e-6 * size, 1e-7 * size]
    if smallest < 0.05 * size:
        found.append(1e-3 * smallest)
    if size < 0.1:
        found.append(1e-3)
    return found


def beside(subject: Subject, values: Values, a: int, by: np.ndarray) -> np.ndarray:
    """y where argument ``a`` is moved; NaN where the function refuses that, in whatever way."""
    try:
        return subject.forward([v + by if i == a else v for i, v in enumerate(values)])
    except Exception:
        return np.array(np.nan)


def slope(subject: Subject, values: Values, a: int, v: np.ndarray, h: float) -> tuple[np.ndarray, np.ndarray]:
    """dy/dt at t = 0 for x + t v: (8 (y₁ − y₋₁) − (y₂ − y₋₂)) / 12 h with yₖ at t = k h. The error is of order h⁴.
    And (y₂ − y₁ + y₋₂ − y₋₁) / h, by how much the slopes to the right and to the left differ: of order h, but at a kink."""
    y = {k: beside(subject, values, a, k * h * v) for k in (-2, -1, 1, 2)}
    return (8 * (y[1] - y[-1]) - (y[2] - y[-2])) / (12 * h), (y[2] - y[1] + y[-2] - y[-1]) / h


class Match(NamedTuple):
    """One comparison: ⟨gradient, v⟩ as claimed and as measured."""

    ok: bool
    exact: float
    numeric: float
    tolerance: float

    @property
    def excess(self) -> float:
        """How many tolerances they lie apart."""
        difference = abs(self.exact - self.numeric)
        return difference / self.tolerance if np.isfinite(difference) else np.inf


@dataclass
class Series:
    """What ever smaller steps gave for one derivative: the step that agrees, else the one whose neighbour gave most nearly the same."""

    best: Match | None = None
    done: bool = False
    tightest: float = np.inf
    steadiest: float = np.inf
    before: float = np.nan

    def add(self, exact: float, numeric: float, tolerance: float, size: float, bend: float) -> None:
        if self.best is not None and self.best.ok:
            return
        gap, change = abs(exact - numeric), abs(numeric - self.before)
        clear = tolerance <= CLEAR * size or tolerance <= NEARLY * self.tightest
        ok = gap <= tolerance and clear
        if self.best is None or ok or change < self.steadiest:
            self.best = Match(ok, exact, numeric, tolerance)
            self.steadiest = change if np.isfinite(change) else np.inf
        gap = gap if np.isfinite(gap) else np.inf
        self.done = ok or gap > 100.0 * tolerance and change < 1e-3 * gap and bend < 0.1 * gap
        self.tightest, self.before = min(self.tightest, tolerance), numeric


class Ruler(NamedTuple):
    """What comparisons at one point share. ``grads[k][a]`` is the claimed gradient of argument a for ``cotangents[k]``."""

    subject: Subject
    values: Values
    y: np.ndarray
    cotangents: Sequence[np.ndarray]
    grads: Sequence[Sequence[np.ndarray]]
    rtol: float
    atol: float

    def noise(self, k: int, a: int, h: float) -> float:
        """What rounding may do to a difference quotient: ε (Σ|c y| + Σ|x dL/dx|) / h."""
        claimed = np.abs(self.values[a] * self.grads[k][a]).sum()
        size = np.abs(self.cotangents[k] * self.y).sum() + (claimed if np.isfinite(claimed) else 0.0)
        return float(ROUNDINGS * EPSILON * size / h)

    def compare(self, a: int, v: np.ndarray) -> list[Match]:
        """Claimed against measured derivative of argument a along v, for each cotangent. The steps are tried until one agrees, or until
        two agree with each other, no kink between them; a step whose rounding would hide an error of 1 in 10 000 counts only if no
        other is clearly better."""
        found = [Series() for _ in self.cotangents]
        there = v != 0  # (0 · NaN is NaN: a NaN elsewhere is not the fault of this place)
        for h in steps(self.values[a]):
            dy, bend = slope(self.subject, self.values, a, v, h)
            for k, c in enumerate(self.cotangents):
                terms = self.grads[k][a][there] * v[there]
                exact, numeric = float(terms.sum()), float((c * dy).sum())
                if np.isfinite(numeric):
                    size = max(abs(exact), abs(numeric), float(np.sqrt(np.square(terms).sum())))
                    size = size if np.isfinite(size) else abs(numeric)
                    tolerance = self.atol + self.rtol * size + self.noise(k, a, h)
                    found[k].add(exact, numeric, tolerance, size, float(np.abs(c * bend).sum()))
            if all(series.done for series in found):
                break
        return [s.best or Match(False, self.claimed(k, a, v), np.nan, self.atol) for k, s in enumerate(found)]

    def entry(self, a: int, i: int) -> list[Match]:
        """The same for one entry (by its place in C order)."""
        return self.compare(a, unit(self.values[a].shape, i))

    def gap(self, k: int, a: int, v: np.ndarray) -> float:
        """How far claimed and measured derivative lie apart along v, without a tolerance: four calls."""
        dy, _ = slope(self.subject, self.values, a, v, steps(self.values[a])[0])
        found = self.claimed(k, a, v) - float((self.cotangents[k] * dy).sum())
        return found if np.isfinite(found) else np.inf

    def claimed(self, k: int, a: int, v: np.ndarray) -> float:
        """⟨gradient, v⟩"""
        there = v != 0
        return float((self.grads[k][a][there] * v[there]).sum())

    def kink(self, k: int, a: int, v: np.ndarray) -> "Kink | None":
        """Whether y bends sharply within a step of the point: then the derivatives from the right and the left differ, and keep
        differing as the step shrinks, where those of a smooth function meet as h²."""
        size, c = scale(self.values[a]), self.cotangents[k]
        right = left = np.zeros_like(self.y)
        noise, before, bent = 0.0, np.inf, False
        for h in (size * share for share in NEAR):
            up, down = (self._one_sided(a, v, s * h) for s in (1, -1))
            if not (np.isfinite(up).all() and np.isfinite(down).all()):
                continue
            right, left, noise = up, down, self.noise(k, a, h)
            jump = float(np.abs(c * (right - left)).sum())
            if jump > 0.25 * before and jump > 100.0 * noise and jump > 1e-5 * np.abs(c * right).sum():
                bent = True
            before = jump
        if not bent:
            return None
        low, high = (float(choose(c * left, c * right).sum()) for choose in (np.minimum, np.maximum))
        slack = self.atol + 10.0 * noise + 1e-5 * max(abs(low), abs(high))
        exact = self.claimed(k, a, v)
        if not low - slack <= exact <= high + slack and high - low <= 1e-3 * np.abs(c * right).sum():
            return None  # a kink nearby, but here both sides agree: the gradient is wrong whatever is beside
        return Kink(a, v, float((c * left).sum()), float((c * right).sum()), exact, bool(low - slack <= exact <= high + slack))

    def bent_here(self, a: int, v: np.ndarray) -> bool:
        """Whether the derivatives from both sides differ at the very point, so that a symmetric difference may agree by symmetry alone."""
        h = 1e-6 * scale(self.values[a])
        up, down = (beside(self.subject, self.values, a, s * h * v) for s in (1, -1))
        jump, change = np.abs(up + down - 2 * self.y), np.abs(up - self.y) + np.abs(down - self.y)
        return bool(
            (
                (jump > 0.01 * change) & (jump > 1e3 * EPSILON * np.abs(self.y).max(initial=0.0)) & (jump > 1e-4 * change.max(initial=0.0))
            ).any()
        )

    def _one_sided(self, a: int, v: np.ndarray, h: float) -> np.ndarray:
        one, two = (beside(self.subject, self.values, a, n * h * v) for n in (1, 2))
        found: np.ndarray = (4 * one - two - 3 * self.y) / (2 * h)
        return found


class Kink(NamedTuple):
    """A place where y has no derivative: those from both sides, the claimed one, and whether it lies between them."""

    argument: int
    direction: np.ndarray
    left: float
    right: float
    exact: float
    accepted: bool


def unit(shape: tuple[int, ...], i: int) -> np.ndarray:
    """The array of that shape with 1 at place i (C order), 0 elsewhere."""
    v = np.zeros(shape)
    v.flat[i] = 1.0
    return v


def directions(shape: tuple[int, ...], count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Random directions, the largest component 1."""
    for _ in range(count):
        v = np.asarray(rng.standard_normal(shape))
        yield v / max(float(np.abs(v).max(initial=0.0)), 1e-3)


def jacobian(subject: Subject, values: Values, a: int, entries: Sequence[int] | None = None) -> np.ndarray:
    """dy_k/dx_i by differences, of shape (size of y, entries of x). Two steps must agree; if they do not, much smaller ones are believed
    where they are steadier."""
    x = values[a]
    h = 1e-3 * scale(x)
    columns = []
    for i in range(x.size) if entries is None else entries:
        v = unit(x.shape, i)
        column, near = (slope(subject, values, a, v, h * factor)[0].ravel() for factor in (1.0, 0.3))
        if not (coarse := float(np.abs(column - near).sum())) <= 1e-7 * float(np.abs(column).sum()):
            small, smaller = (slope(subject, values, a, v, h * factor)[0].ravel() for factor in (0.01, 0.003))
            column = small if float(np.abs(small - smaller).sum()) < 0.01 * coarse else column
        columns.append(column)
    return np.array(columns).T.reshape(-1, len(columns))
