"""Mistakes in one of several terms: it is left out, has the wrong sign or a wrong factor."""

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from minidl.doctor.case import Case, Diagnosis, diagonal, matrices, ranks, same, support
from minidl.doctor.examination import elsewhere
from minidl.doctor.numbers import differ, ratio

FLIPPED = "One term in the gradient of {} has the wrong sign: a plus should be a minus, or a minus a plus."
POINTS = 4  # at which a number must be the same, so that this is no chance


def flipped(case: Case) -> Iterator[Diagnosis]:
    """One of two terms has the wrong sign."""
    for a, e, n in matrices(case):
        if ratio(e, n) is None and _one_term_flipped(case, a, e, n):
            yield Diagnosis(
                "sign",
                FLIPPED.format(case.say(a)),
                f"gradient and right one differ by twice one simple term; {case.example(a)}.",
                0.85,
            )


def _one_term_flipped(case: Case, a: int, e: np.ndarray, n: np.ndarray) -> bool:
    """e = A + B where n = A − B: then (e + n) / 2 = A is simpler than either."""
    if not case.whole(a) or e.shape[1] < 3:
        return False
    if (claimed := diagonal(e)) is not None and (right := diagonal(n)) is not None:
        basis = [np.ones(right.size), *(v.ravel() for v in (case.y, *case.values) if v.size == right.size)]
        simple = [*basis, *(1 / b for b in basis if b.all())]
        if any(ratio(claimed + right, b) is not None and ratio(right, b) is None for b in simple):
            return True
        sides = [*basis, *(b * b for b in basis[1:])]  # a sum of two of them where their difference belongs, or the other way round
        if any(same(claimed * (p - q), right * (p + q)) for p, q in permutations(sides, 2)):
            return True
    elif e.shape[0] == e.shape[1]:
        outside = ~np.eye(len(e), dtype=bool)
        if np.abs(n[outside]).max() > 1e-6:
            return same(e[outside], -n[outside])
    return False


def product_rule(case: Case) -> Iterator[Diagnosis]:
    """Where y = A(x) x, the term that regards A as a constant gives, applied to x, y itself, or the degree of x times y; the whole
    derivative does not. A loss may add a constant to it."""
    for a, e, n in matrices(case):
        if ratio(e, n) is not None or case.values[a].size < 2 or not case.y.any():
            continue
        there = [(case.values, e, n)]
        if case.y.size == 1:  # where a constant is added, several points are needed
            points = [elsewhere(case.values, case.rng) for _ in range(POINTS)]
            there += [(p, case.claimed_at(p)[a], case.numeric_at(p, a)) for p in points if case.defined(p)]
        claimed, right, y = (
            np.array(each) for each in zip(*((e @ p[a].ravel(), n @ p[a].ravel(), case.subject.forward(p).ravel()) for p, e, n in there))
        )
        text = f"applied to {case.say(a)}, gives y, as if y = A x with a constant A; {case.example(a)}."
        if _gives(claimed, y, right) or _gives(right - claimed, y, right):
            yield Diagnosis(
                "missing_cross_term",
                f"{case.say(a).capitalize()} stands in several factors (or divides), but its gradient regards all but one as constants: "
                "the product rule has a term for each.",
                f"the gradient, or what it lacks, {text}",
                0.82,
            )
        elif k := _share(right - claimed, y, right):
            yield Diagnosis(
                "factor",
                f"One term in the gradient of {case.say(a)} is {1 - k:.6g} times the right one.",
                f"what it is wrong by, applied to {case.say(a)}, gives {k:.6g} times y; {case.example(a)}.",
                0.7,
            )
        if _gives((right + claimed) / 2, y, right) or _gives((right - claimed) / 2, y, right):
            yield Diagnosis(
                "sign",
                FLIPPED.format(case.say(a)),
                f"one of two terms, {text}",
                0.85,
            )


def _gives(some: np.ndarray, y: np.ndarray, right: np.ndarray) -> bool:
    """Whether this is y or 2 y at each of the points, and the right derivative is not; of several points, but for a constant."""
    if len(y) > 1:
        some, y, right = (each - each[0] for each in (some, y, right))
    return bool(some.any()) and any(same(some, k * y) and not same(right, k * y) for k in (1, 2))


def _share(some: np.ndarray, y: np.ndarray, right: np.ndarray) -> float | None:
    """k with some = k y, where the right derivative is no multiple of y; of several points, but for a constant."""
    if len(y) > 1:
        some, y, right = (each - each[0] for each in (some, y, right))
    return ratio(some, y) if ratio(right, y) is None and len(some.ravel()) > 2 else None


def one_term(case: Case) -> Iterator[Diagnosis]:
    """Where an argument moves, what is wrong changes k times as much as it should: so much the terms that hold this argument are off,
    and the others are not."""
    for a in case.wrong:
        e, n = case.claimed[a], case.numeric[a]
        off = differ(e, n)
        if not np.isfinite(e).all() or ratio(e[off], n[off]) is not None:
            continue
        for b in range(len(case.values)):
            there = [case.other[i] if i == b else x for i, x in enumerate(case.values)]
            if not case.defined(there):
                continue
            more, right = (case.claimed_at(there)[a] - e)[off], (case.numeric_at(there, a) - n)[off]
            k = ratio(more, right) if np.abs(right).max(initial=0) > 1e-3 * np.abs(n).max() else None
            if k is not None and abs(k - 1) > 1e-3:
                minus = abs(k + 1) < 1e-4
                yield Diagnosis(
                    "sign" if minus else "factor",
                    f"The gradient of {case.say(a)} is a sum, and its terms with {case.say(b)} "
                    f"{'have the wrong sign' if minus else f'are {k:.6g} times the right ones'}; the others are right.",
                    f"when {case.say(b)} moved, it changed {k:.6g} times as much as the right one; {case.example(a)}.",
                    0.8,
                )
                break


def term_left_out(case: Case) -> Iterator[Diagnosis]:
    """What is missing is g itself: x was also added. Or the claimed gradient of each output, as a matrix, is of lower rank than the right
    one: a product is missing in the sum. Or only their sum is of lower rank: a product has the wrong sign."""
    for a, e, n in matrices(case):
        if ratio(e, n) is not None:
            continue
        off = differ(e, n)
        if same((n - e)[off], np.ones(off.sum())) and support(e).sum() > off.sum():
            yield Diagnosis(
                "missing_cross_term",
                f"{case.say(a).capitalize()} is also added somewhere, beside what the gradient knows of: that path (a skip connection?) "
                "adds g itself.",
                f"what is missing is 1 wherever it is not 0; {case.example(a)}.",
                0.8,
            )
        if case.values[a].ndim == 2:
            shape = case.values[a].shape
            less, full, common = (ranks(j, shape) for j in (e, n, e + n))
            if (less < full).all() and support(e)[support(n)].mean() > 0.9:
                yield Diagnosis(
                    "missing_cross_term",
                    f"The gradient of {case.say(a)} is a sum of products, and one is missing.",
                    f"as matrices, the outputs' gradients have rank {less.max()} in place of {full.max()}; {case.example(a)}.",
                    0.5,
                )
            elif (common < np.minimum(less, full)).all():
                yield Diagnosis(
                    "sign",
                    FLIPPED.format(case.say(a)),
                    f"without that term it would be a simpler matrix, of rank {common.max()} in place of {full.max()}; {case.example(a)}.",
                    0.5,
                )


def where_others_vanish(case: Case) -> Iterator[Diagnosis]:
    """Where an argument is 0, or equal to another one, some terms vanish. If what is left has the wrong sign, that is the mistake."""
    for a in case.wrong:
        e, n = case.claimed[a], case.numeric[a]
        off = differ(e, n)
        for there, where in case.special() if np.isfinite(e).all() and ratio(e[off], n[off]) is None else ():
            right = case.numeric_at(there, a)[off]
            if np.abs(right).max() > 1e-3 * np.abs(n).max() and same(case.claimed_at(there)[a][off], -right):
                yield Diagnosis(
                    "sign",
                    FLIPPED.format(case.say(a)),
                    f"where {where}, the gradient is −1 × the right one; {case.example(a)}.",
                    0.6,
                )
                break


def missing_cross_term(case: Case) -> Iterator[Diagnosis]:
    """Every output depends on several entries, through a sum, mean or norm; the gradient treats that as a constant."""
    for a, e, n in matrices(case):
        if move := common_move(case.values[a], e, n):
            yield Diagnosis(
                "missing_cross_term",
                f"The output does not change when {move} of {case.say(a)}, as a softmax, mean or norm makes it; by the gradient it "
                "would. Add the term that goes through the sum, which every entry changes.",
                f"along that move the right derivative is 0, this one is not; {case.example(a)}.",
                0.71,
            )
        if e.shape[0] != e.shape[1]:
            continue
        outside = ~np.eye(len(e), dtype=bool)
        needed = support(n) & outside
        said = np.abs(e[outside]).max(initial=0) > 1e-9
        evidence = (
            f"{needed.sum()} derivatives of an output by another place's input are not 0, the gradient has {(support(e) & outside).sum()}"
        )
        cure = "Add the term that goes through the sum (mean, variance, norm), which every entry changes."
        if needed.any() and not said:
            yield Diagnosis(
                "missing_cross_term",
                f"Each output depends on other entries of {case.say(a)} too, but the gradient only knows its own place. {cure}",
                f"{evidence}; {case.example(a)}.",
                0.93,
            )
        elif needed.any() and (k := _term_of_rank_one(e, n)) is not None:
            kind, what, score = "missing_cross_term", "is missing", 0.73
            if k < -0.5:
                kind, what, score = "sign", "has the wrong sign", 0.72
            elif abs(k) > 0.05:
                kind, what, score = "factor", f"is multiplied by {k:.4g}", 0.72
            yield Diagnosis(
                kind,
                f"In the gradient of {case.say(a)} a term that goes through a sum (mean, variance, norm) {what}. {cure}",
                f"what differs has rank one in each group of entries; {case.example(a)}.",
                score,
            )


def common_move(x: np.ndarray, e: np.ndarray, n: np.ndarray) -> str:
    """A move of all entries along an axis that changes no output, though the gradient says it does: all by the same, or in proportion."""
    boxes = [j.reshape(len(j), *x.shape) for j in (e, n)]
    for axis in range(x.ndim):
        if x.shape[axis] > 1:
            for factor, text in ((1.0, "all entries move together"), (x, "all entries grow in proportion")):
                claimed, right = (((box * factor).sum(axis + 1), np.abs(box * factor).sum(axis + 1).max(initial=0)) for box in boxes)
                if np.abs(right[0]).max(initial=0) < 1e-6 * right[1] and np.abs(claimed[0]).max(initial=0) > 1e-3 * claimed[1]:
                    return f"{text} along axis {axis}"
    return ""


def _term_of_rank_one(e: np.ndarray, n: np.ndarray) -> float | None:
    """If n − e is of rank one in each block of entries that belong together: by what e multiplies that term, 0 if it is left out and −1
    if it is added instead of taken off. As n is a projection but for a gain (it takes the mean off, or the part along x̂), the term has
    the strength 1 in n."""
    linked, found, seen = support(n) | support(n).T | np.eye(len(n), dtype=bool), [], set()
    for start in range(len(n)):
        if start in seen:
            continue
        group = np.flatnonzero((np.linalg.matrix_power(linked.astype(float), 3) > 0)[start])
        seen |= set(group.tolist())
        block = (n - e)[np.ix_(group, group)]
        if len(group) < 3:
            return None
        _, s, v = np.linalg.svd(block)
        if s[0] < 1e-8:
            continue
        if s[1] > 1e-4 * s[0]:
            return None
        right = n[np.ix_(group, group)]
        rows = np.diag(right) / (right * right).sum(1)  # what makes the rows those of a projection, which they are but for a gain
        along = rows * (block @ v[0])
        found.append(1 + float(np.copysign(np.linalg.norm(along), v[0] @ along)))
    if not found:
        return None
    k = float(np.median(found))
    return k if np.ptp(found) < 0.02 or k < -0.5 else 0.0


TESTS: list[Callable[[Case], Iterator[Diagnosis]]] = [
    flipped,
    product_rule,
    one_term,
    term_left_out,
    where_others_vanish,
    missing_cross_term,
]
