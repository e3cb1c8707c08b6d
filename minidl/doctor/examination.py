"""One look at a subject at one point: does any claimed gradient disagree with the differences, where most, and is it only a kink?"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from minidl.doctor.differences import Kink, Match, Ruler, Values, affordable, directions, scale, unit
from minidl.doctor.subjects import Argument, Subject

COMPARED = 256  # entries of one argument that are compared one by one, if there is not too much to compute
BENT = 24  # of those that disagree, how many are looked at for a kink
NEARER = (1.0, 0.3, 0.1, 0.01, 1e-3)  # how far from a point, in shares of it, others are tried
REACHES = (2.0, *NEARER)
LARGER = (10.0, 3.0)
ESCAPES = 6  # how often a point is moved off kinks
FIRST = 0  # of the cotangents, which are all alike: the one through which kinks are looked at
DRAWS = 2  # cotangents, and directions for each argument


class Worst(NamedTuple):
    """The entry where gradient and differences disagree most, in tolerances; ``index`` is None if no single entry does."""

    argument: Argument
    index: tuple[int, ...] | None  # type: ignore[assignment]  # a tuple has a method of that name
    exact: float
    numeric: float
    tolerance: float


class KinkFound(NamedTuple):
    """A kink that was met: where, the derivatives from the left and from the right, and what the gradient says."""

    argument: Argument
    index: tuple[int, ...] | None  # type: ignore[assignment]  # a tuple has a method of that name
    left: float
    right: float
    exact: float
    accepted: bool


@dataclass
class Findings:
    """What `examine` found at one point."""

    values: list[np.ndarray]
    worst: Worst | None = None
    kinks: list[KinkFound] = field(default_factory=list)
    shapes: dict[Argument, str] = field(default_factory=dict)  # what is wrong with the shape of a gradient
    changing: Argument | None = None  # the gradient of this argument differed when asked for again
    faint: list[Argument] = field(default_factory=list)  # so small that mistakes of 1 in 1000 do not show
    broken: str | None = None  # why nothing can be compared
    advice: str = "Where the function has no finite value there is no derivative."  # what to do then

    @property
    def ok(self) -> bool:
        return self.worst is None and not self.shapes and self.changing is None and self.broken is None


def examine(subject: Subject, values: Values, rng: np.random.Generator, rtol: float, atol: float) -> Findings:
    """Compare all gradients at these values, along random directions and for random cotangents. One cotangent is used twice."""
    found = Findings([v.copy() for v in values])
    for name, x in zip(subject.names, values):
        if not np.isfinite(x).all():
            found.broken = f"argument {name} holds NaN or infinity"
            return found
    y = subject.forward(values)
    if not np.isfinite(y).all():
        found.broken = "the function itself gives NaN or infinity here"
        return found
    if not np.allclose(y, subject.forward(values), rtol=1e-9, atol=0):
        found.broken = "the function gives another result when it is called again with the same arguments"
        found.advice = "Such a function cannot be compared with itself. If it draws random numbers, draw them before, or seed them in it."
        return found
    drawn = [np.asarray(rng.standard_normal(y.shape)) for _ in range(DRAWS)]
    first, *others, again = subject.backward(values, [*drawn, drawn[0]], before=far(subject, values, rng))
    found.shapes = wrong_shapes(subject, values, [first, *others, again])
    if found.shapes:
        return found
    for a, name in enumerate(subject.names):
        if not np.allclose(first[a], again[a], rtol=1e-9, atol=atol, equal_nan=True):
            found.changing = name
    ruler = Ruler(subject, values, y, drawn, [first, *others], rtol, atol)
    for a in range(len(values)):
        _examine_argument(ruler, a, found, rng)
    return found


def elsewhere(values: Values, rng: np.random.Generator, reach: float = 1.0) -> list[np.ndarray]:
    """Other arguments, nearer to zero (so that what must be positive, or below 1, stays so); zeros move away from it. A reach of 2
    changes signs too: a mask that was kept shows only so. A reach above 2 makes numbers up to so much larger instead: past thresholds."""
    found = []
    for x in values:
        factor = 1 - min(reach, 1) * rng.uniform(0.05, 0.4, x.shape) if reach <= 2 else rng.uniform(1, reach, x.shape)
        signs = rng.choice([-1.0, 1.0], x.shape) if reach == 2 else 1.0
        found.append(np.where(x == 0, 0.2 * reach * scale(x) * rng.standard_normal(x.shape), x * factor * signs))
    return found


def far(subject: Subject, values: Values, rng: np.random.Generator) -> list[np.ndarray]:
    """Other arguments, as far away as the function has values; the same ones if it has none."""
    for reach in REACHES:
        if has_values(subject, other := elsewhere(values, rng, reach)):
            return other
    return [v.copy() for v in values]


def has_values(subject: Subject, values: Values) -> bool:
    """Whether the function gives finite numbers there. It may refuse them in any way: nobody asked for this point."""
    try:
        return bool(np.isfinite(subject.forward(values)).all())
    except Exception:
        return False


def a_little_off(values: Values, rng: np.random.Generator) -> list[np.ndarray]:
    """Arguments a little off, away from a kink."""
    return [x + 0.05 * scale(x) * rng.uniform(0.3, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape) for x in values]


def wrong_shapes(subject: Subject, values: Values, grads: Sequence[Sequence[Any]]) -> dict[Argument, str]:
    """What is wrong with gradients that cannot be compared, by argument."""
    found: dict[Argument, str] = {}
    for row in grads:
        for name, x, g in zip(subject.names, values, row):
            if isinstance(g, str):
                found[name] = g
            elif g.shape != x.shape:
                found[name] = f"the gradient has shape {g.shape}, the argument {x.shape}"
    return found


def _examine_argument(ruler: Ruler, a: int, found: Findings, rng: np.random.Generator) -> None:
    shape, coarse = ruler.values[a].shape, []
    for v in directions(shape, DRAWS, rng):
        matches = ruler.compare(a, v)
        for m in matches:
            size = max(abs(m.exact), abs(m.numeric))
            coarse.append(0 < 1e-3 * size < m.tolerance - ruler.rtol * size)
        failing = [(m.excess, k, m) for k, m in enumerate(matches) if not m.ok]
        if failing:
            _, k, match = max(failing, key=lambda f: f[0])
            if found.worst is None or _small(ruler.subject):  # in large cases one place is enough
                _locate(ruler, a, k, v, match, found, rng)
            return
    if all(coarse):
        found.faint.append(ruler.subject.names[a])
    if ruler.bent_here(a, v):  # all agree, but perhaps by the symmetry of the differences alone
        for i in _bent(ruler, a):
            if (kink := ruler.kink(FIRST, a, unit(shape, i))) is not None:
                _report(found, ruler.subject.names[a], _index(i, shape), ruler.entry(a, i)[FIRST], kink)


def _small(subject: Subject) -> bool:
    return affordable(subject, 12, COMPARED) == COMPARED


def _bent(ruler: Ruler, a: int) -> list[int]:
    """The entries along which the function bends sharply, as many as can be looked at."""
    x = ruler.values[a]
    looked_at = range(min(x.size, affordable(ruler.subject, 2, COMPARED)))
    return [i for i in looked_at if ruler.bent_here(a, unit(x.shape, i))][: affordable(ruler.subject, 36, BENT)]


def _locate(ruler: Ruler, a: int, k: int, v: np.ndarray, match: Match, found: Findings, rng: np.random.Generator) -> None:
    """A direction disagrees: find the entries that do, and tell kinks from mistakes."""
    shape, name = ruler.values[a].shape, ruler.subject.names[a]
    wrong = []
    for i in _suspects(ruler, a, k, v, rng, affordable(ruler.subject, 12, COMPARED)):
        m = ruler.entry(a, i)[k]
        if not m.ok:
            wrong.append((m.excess, i, m))
    wrong.sort(key=lambda w: -w[0])
    if not wrong:
        kink = ruler.kink(k, a, v)
        _report(found, name, None, match, kink)
    for _, i, m in wrong[: affordable(ruler.subject, 36, BENT)]:
        _report(found, name, _index(i, shape), m, ruler.kink(k, a, unit(shape, i)))


def _index(i: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(n) for n in np.unravel_index(i, shape))


def _report(found: Findings, name: Argument, index: tuple[int, ...] | None, match: Match, kink: Kink | None) -> None:
    if kink is not None:
        found.kinks.append(KinkFound(name, index, kink.left, kink.right, kink.exact, kink.accepted))
    if kink is None or not kink.accepted:
        worst = Worst(name, index, match.exact, match.numeric, match.tolerance)
        if found.worst is None or match.excess > abs(found.worst.exact - found.worst.numeric) / found.worst.tolerance:
            found.worst = worst


def _suspects(ruler: Ruler, a: int, k: int, v: np.ndarray, rng: np.random.Generator, most: int) -> list[int]:
    """The places to compare one by one: all, or those left when the half that disagrees more was kept, again and again. The gaps of
    two halves add up to that of the whole."""
    left = np.asarray(rng.permutation(v.size))
    gap = ruler.gap(k, a, v) if left.size > most else 0.0
    while left.size > most:
        halves = left[: left.size // 2], left[left.size // 2 :]
        part = np.zeros(v.size)
        part[halves[0]] = v.ravel()[halves[0]]
        one = ruler.gap(k, a, part.reshape(v.shape))
        first = not abs(one) < abs(gap - one)
        left, gap = (halves[0], one) if first else (halves[1], gap - one)
    return [int(i) for i in np.sort(left)]
