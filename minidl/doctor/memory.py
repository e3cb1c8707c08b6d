"""Mistakes that show when backward is asked again: gradients that add up, and gradients of an earlier input."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from minidl.doctor.case import Case, Diagnosis, same
from minidl.doctor.differences import scale, slope

STALE_CURE = "Compute it anew in every forward, and let backward use what this very forward saw (return it as the cache)."


def accumulated(case: Case) -> Iterator[Diagnosis]:
    """The same question again and again: each answer adds a multiple of the same array to the one before."""
    for a, r in _asked(case, 5):
        if same(r[1], r[4], 1e-9):
            yield Diagnosis(
                "stale",
                f"The gradient of {case.say(a)} uses the g of the call before. Use the g that backward was given.",
                f"the same g three times gives {_two(r[0], r[1])}, then no more change.",
                1.1,
            )
            continue
        gains = np.diff(np.array([x.ravel() for x in r]), axis=0)
        if (strength := np.linalg.svd(gains, compute_uv=False))[1:].max(initial=0) > 1e-6 * strength[0]:
            continue  # they have nothing to do with each other
        i = int(np.argmax(np.abs(gains[0])))
        yield Diagnosis(
            "accumulated",
            f"Backward adds to what it computed before: the gradient array of {case.say(a)} lives from call to call. Start it from zeros "
            "in every backward (=, not +=).",
            f"the same g three times gives {', '.join(f'{x.ravel()[i]:.6g}' for x in r[:3])} for one entry.",
            1.2,
        )


def lawless(case: Case) -> Iterator[Diagnosis]:
    """The same question is answered differently each time, by no rule."""
    for a, r in _asked(case, 5):
        yield Diagnosis(
            "unknown",
            f"Backward answers differently when it is asked again for {case.say(a)}, and not by adding up: does it draw random numbers, "
            "or read an array that something else changes?",
            f"the same g three times gives {', '.join(f'{x.flat[0]:.6g}' for x in r[:3])} for the first entry.",
            1.0,
        )


def not_linear(case: Case) -> Iterator[Diagnosis]:
    """What backward gives for the sum of two g is not the sum of what it gives for each, or for −g not the negative."""
    c = [np.asarray(case.rng.standard_normal(case.y.shape)) for _ in range(2)]
    first, second, both, negative = case.subject.backward(case.values, [*c, c[0] + c[1], -c[0]])
    for a in range(len(case.values)):
        if isinstance(first[a], str) or first[a].shape != second[a].shape:
            continue
        if first[a].shape == c[0].shape and _masked_by(c[0], first[a]):
            yield Diagnosis(
                "missing_mask",
                f"In the gradient of {case.say(a)} the mask is made of g: it must be that of the forward pass (x > 0).",
                f"for all {int((c[0] < 0).sum())} negative g it is 0.",
                0.95,
            )
        elif not same(first[a] + second[a], both[a], 0.02) or not same(first[a], -negative[a], 0.02):  # (half precision: 0.001)
            ignored = same(first[a], second[a])
            yield Diagnosis(
                "unknown",
                f"The gradient of {case.say(a)} {'does not depend on g' if ignored else 'is not in proportion to g'}: it must be g, the "
                "gradient that comes from above, times a derivative.",
                f"for two g and for their sum: {', '.join(f'{x[a].flat[0]:.6g}' for x in (first, second, both))} for the first entry.",
                0.96 if ignored else 0.946,
            )


def _masked_by(c: np.ndarray, g: np.ndarray) -> bool:
    """Whether g is c where c is positive and 0 elsewhere (or nothing there)."""
    return bool(g.any() and ((g == 0) | (g == c)).all() and not g[c < 0].any() and (c < 0).sum() > 1)


def not_finite(case: Case) -> Iterator[Diagnosis]:
    """A gradient with a NaN or an infinity says nothing else."""
    c = np.asarray(case.rng.standard_normal(case.y.shape))
    for a, g in enumerate(case.subject.backward(case.values, [c])[0]):
        if not isinstance(g, str) and (bad := ~np.isfinite(g)).any():
            yield Diagnosis(
                "unknown",
                f"The gradient of {case.say(a)} is NaN or infinite: a division by 0, the log of 0, or an overflow?",
                f"{bad.sum()} of {g.size} entries, the first at {[int(i) for i in np.argwhere(bad)[0]]}.",
                1.0,
            )


def _asked(case: Case, times: int) -> Iterator[tuple[int, list[Any]]]:
    """The answers to the same question, for the arguments where they differ."""
    c = np.asarray(case.rng.standard_normal(case.y.shape))
    rows = case.subject.backward(case.values, [c] * times)
    for a in range(len(case.values)):
        r: list[Any] = [row[a] for row in rows]
        readable = not any(isinstance(x, str) for x in r) and len({x.shape for x in r}) == 1
        if readable and all(np.isfinite(x).all() for x in r) and not same(r[0], r[2], 1e-9):
            yield a, r


def stale(case: Case) -> Iterator[Diagnosis]:
    """The gradient belongs to another input than the one given: to the first ever seen, or to the one before."""
    c = np.asarray(case.rng.standard_normal(case.y.shape))
    before, later = case.other, [x * 0.9 for x in case.values]
    answers = [case.subject.backward(case.values, [c], before=b)[0] for b in (before, later if case.defined(later) else case.first)]
    for a in range(len(case.values)):
        e = answers[0][a]
        if isinstance(e, str) or e.shape != case.values[a].shape:
            continue
        if same(_picked(case, a, e), _truth_picked(case, case.values, a, c)):
            continue
        for old, which in ((case.first, "the first input that forward ever got"), (before, "the input of the call before")):
            if _is_of_old(case, a, e, c, old):
                ratios = np.unique(np.round(np.abs((e / c if e.shape == c.shape else e).ravel()), 6))
                by_chance = len(ratios) == 1  # a constant may equal an old gradient
                score = 0.9 if by_chance else 1.0
                yield Diagnosis(
                    "stale",
                    f"The gradient of {case.say(a)} is that of {which}, not of this one. {STALE_CURE}",
                    f"it equals the right gradient there in all {e.size} entries.",
                    score,
                )
                break
        if not same(e, answers[1][a], 1e-9):
            yield Diagnosis(
                "stale",
                f"The gradient of {case.say(a)} depends on which input forward got before this one. {STALE_CURE}",
                f"forward at two other inputs first: the same question is answered by {_two(e, answers[1][a])}.",
                0.99,
            )
            return


def right_only_at_first(case: Case) -> Iterator[Diagnosis]:
    """Weaker: right where the function was called first, wrong elsewhere."""
    c = np.asarray(case.rng.standard_normal(case.y.shape))
    if all(same(x, f) for x, f in zip(case.values, case.first)):
        return
    e = case.subject.backward(case.first, [c])[0]
    if all(not isinstance(g, str) and same(_picked(case, a, g), _truth_picked(case, case.first, a, c)) for a, g in enumerate(e)):
        yield Diagnosis(
            "stale",
            f"The gradient is right at the first input, and wrong at others: something is kept from the first call. {STALE_CURE}",
            "right at the arrays given, wrong at the second point.",
            0.62,
        )


def unmoved(case: Case) -> Iterator[Diagnosis]:
    """The true derivative changes with an argument, the gradient does not: a constant, or something kept."""
    for a in case.wrong:
        if not np.isfinite(case.claimed[a]).all() or not case.claimed[a].any():
            continue
        for b in range(len(case.values)):
            there = [case.other[i] if i == b else x for i, x in enumerate(case.values)]
            if not case.defined(there):
                continue
            claimed, numeric = case.claimed_at(there)[a], case.numeric_at(there, a)
            if same(claimed, case.claimed[a], 1e-10) and not same(numeric, case.numeric[a], 1e-4):
                yield Diagnosis(
                    "stale",
                    f"The gradient of {case.say(a)} does not change with {case.say(b)}, although it should: it is a constant, or was "
                    f"kept from an earlier input. Which value of {case.say(b)} does backward use?",
                    f"when it moved, the right one changed, this one not at all; {case.example(a)}.",
                    0.55,
                )
                return


def _is_of_old(case: Case, a: int, e: np.ndarray, c: np.ndarray, old: Any) -> bool:
    """Whether e is right once some of the arguments have their old values."""
    count = len(case.values)
    for n in range(count, 0, -1):
        for some in combinations(range(count), n) if count <= 4 else [tuple(range(count))]:
            mixed = [old[i] if i in some else x for i, x in enumerate(case.values)]
            if case.defined(mixed) and _fits(case, mixed, a, e, c) and same(_picked(case, a, e), _truth_picked(case, mixed, a, c)):
                return True
    return False


def _fits(case: Case, values: Any, a: int, e: np.ndarray, c: np.ndarray) -> bool:
    """Whether e is right there along one direction: most are not."""
    v = np.asarray(case.rng.uniform(0.5, 1, e.shape))
    numeric = float((c * slope(case.subject, values, a, v, 1e-3 * scale(values[a]))[0]).sum())
    return abs(float((e * v).sum()) - numeric) <= 1e-3 * (abs(numeric) + float(np.abs(e * v).max(initial=0)))


def _picked(case: Case, a: int, e: np.ndarray) -> np.ndarray:
    found: np.ndarray = e.ravel()[case.entries[a]]
    return found


def _truth_picked(case: Case, values: Any, a: int, c: np.ndarray) -> np.ndarray:
    found: np.ndarray = c.ravel() @ case.jacobian(values, a)
    return found


def _two(a: np.ndarray, b: np.ndarray) -> str:
    i = int(np.argmax(np.abs(a - b)))
    return f"{a.ravel()[i]:.6g} and {b.ravel()[i]:.6g}"


TESTS: list[Callable[[Case], Iterator[Diagnosis]]] = [not_linear, right_only_at_first, unmoved]
