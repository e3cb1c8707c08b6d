"""Mistakes in where numbers go: axes exchanged, contributions left out or let through, terms dropped, windows moved."""

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from minidl.doctor.case import Case, Diagnosis, diagonal, matrices, same, support
from minidl.doctor.moves import shifted
from minidl.doctor.numbers import halves, ratio


def transposed(case: Case) -> Iterator[Diagnosis]:
    """The right numbers at exchanged axes, or the Jacobian applied where its transpose belongs."""
    for a, e, n in matrices(case):
        what, score = "", 0.94
        for b, w in enumerate(case.values):
            if b != a and w.ndim > 1 and w.shape[-1] == w.shape[-2] and _fits_with(case, a, b, w.swapaxes(-1, -2)):
                what = f"{case.say(b)} is used as its transpose (W where W.T should stand, or the other way round)"
        if e.shape[0] == e.shape[1] and (same(e, n.T) or _transposed_behind(e, n)):
            score = 0.95 if (support(n).sum(1) > 1).any() else 0.94  # where each output has one source, it is rather a move
            what = "it applies the Jacobian where its transpose belongs (W where W.T should stand, or the other way round)"
        elif _one_axis(e, n, case.values[a].shape, case.y.shape):
            what = "a matrix in its product is used where its transpose belongs (A where A.T should stand, or the other way round)"
        elif _permuted(e, n, case.values[a].shape) or _permuted(e.T, n.T, case.y.shape) or _rearranged(e, n):
            what = "its numbers are right, but axes are exchanged or reversed (a transpose is missing, or reshape was used instead of one)"
        if what:
            yield Diagnosis(
                "transposed",
                f"The gradient of {case.say(a)} is transposed: {what}.",
                f"with the axes exchanged it agrees in all {e.size} derivatives; {case.example(a)}.",
                score,
            )


def _fits_with(case: Case, a: int, b: int, other: np.ndarray) -> bool:
    """Whether the gradient of argument a is right for another array in the place of argument b."""
    there = [other if i == b else x for i, x in enumerate(case.values)]
    return case.defined(there) and same(case.claimed[a], case.numeric_at(there, a))


def _permuted(e: np.ndarray, n: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether the columns of e, as arrays of this shape, are those of n with axes permuted (and then reshaped), or one reversed."""
    if not 1 <= len(shape) <= 5:
        return False
    box, axes = n.reshape(len(n), *shape), range(len(shape))
    for order in permutations(axes):
        if order != tuple(axes):
            moved = box.transpose(0, *(i + 1 for i in order))
            back = n.reshape(len(n), *(shape[i] for i in order)).transpose(0, *(int(i) + 1 for i in np.argsort(order)))
            if same(e, moved.reshape(e.shape)) or same(e, back.reshape(e.shape)):
                return True
    flips = [tuple(i + 1 for i in some) for some in ([0], [1], [2], [0, 1], [1, 2]) if max(some) < len(shape)]
    return any(same(e, np.flip(box, flip).reshape(e.shape)) for flip in flips)


def _one_axis(e: np.ndarray, n: np.ndarray, shape: tuple[int, ...], outputs: tuple[int, ...]) -> bool:
    """Whether one axis of the outputs is exchanged with one of x: as in A X B the matrix A acts along one axis alone."""
    right = n.reshape(*outputs, *shape)
    places = [(i, j) for i, m in enumerate(outputs) for j, k in enumerate(shape) if m == k > 1]
    return len(shape) > 1 and any(same(e, right.swapaxes(i, len(outputs) + j).reshape(e.shape)) for i, j in places)


def _rearranged(e: np.ndarray, n: np.ndarray) -> bool:
    """Whether both put the same numbers in places, one for each output, and each is some reshape and transpose of the outputs."""
    there, here = np.abs(e).argmax(1), np.abs(n).argmax(1)
    alone = all((support(j).sum(0) == 1).all() and (support(j).sum(1) == 1).all() for j in (e, n))
    return alone and same(e.max(1) + e.min(1), n.max(1) + n.min(1)) and _of_axes(there) and _of_axes(here) and (there != here).any()


def _of_axes(places: np.ndarray) -> bool:
    """Whether these places are those of an array after reshape and transpose: runs of equal steps, the runs' beginnings again so."""
    while len(places) > 1:
        lengths = [k for k in range(len(places), 1, -1) if len(places) % k == 0]
        step = int(places[1] - places[0])
        run = next((k for k in lengths if (np.diff(places.reshape(-1, k), axis=1) == step).all()), 0)
        if not run or step < 0:
            return False
        places = places.reshape(-1, run)[:, 0]
    return True


def _transposed_behind(e: np.ndarray, n: np.ndarray) -> bool:
    """e = D Kᵀ where n = D K, with some diagonal D (an activation after the matrix): then e ∘ eᵀ = n ∘ nᵀ."""
    outside = ~np.eye(len(e), dtype=bool)
    apart = support(n) & outside & (np.abs(np.abs(e) - np.abs(n)) > 1e-5 * np.abs(n).max())
    return bool(apart.any()) and bool((support(e) == support(n).T).all()) and same(e * e.T, n * n.T, 1e-5) and same(np.diag(e), np.diag(n))


def missing_sum(case: Case) -> Iterator[Diagnosis]:
    """An entry is used by several outputs, but only some of them add to its gradient."""
    for a, e, n in matrices(case):
        if _common_move(case.values[a], e, n):
            continue  # a sum over all entries is missing, not one over outputs
        has, should = support(e), support(n)
        dropped = should & ~has
        shared = should.sum(0) > 1  # entries that several outputs use
        wider = case.y.ndim > 1 and e.shape[1] < e.shape[0] and _single(should) and _single(has) and np.ptp(n[should]) < 1e-6
        if wider and _permuted(e.T, n.T, case.y.shape):
            yield Diagnosis(
                "missing_sum",
                f"{case.say(a).capitalize()} was broadcast, and its gradient is summed over another axis than that one.",
                f"with the axes of g exchanged it agrees; {case.example(a)}.",
                0.942,
            )
        if same(e[~dropped], n[~dropped]) and dropped.any() and not dropped[:, ~shared].any():
            i = int(np.argmax(dropped.sum(0)))
            yield Diagnosis(
                "missing_sum",
                f"An entry of {case.say(a)} is used by several outputs, but only some of them add to its gradient. "
                "Sum over the axis that was broadcast, and add (+=, np.add.at) where indices or windows meet.",
                f"entry {i} is used by {should[:, i].sum()} outputs, {has[:, i].sum()} arrive; {case.example(a)}.",
                0.92,
            )


def missing_mask(case: Case) -> Iterator[Diagnosis]:
    """Gradient flows where none should (relu, maximum, dropout, where, clip), or not where it should."""
    for a, e, n in matrices(case):
        has, should = support(e), support(n)
        extra, lost = has & ~should, should & ~has
        k = ratio(e[should], n[should])
        text = f"{extra.sum()} derivatives that should be 0 are not, {lost.sum()} that should not be 0 are; {case.example(a)}."
        where = "Multiply by the mask of the forward pass (x > 0, the winner of the maximum, what dropout kept)."
        if extra.any() and k is not None and k > 0:
            yield Diagnosis(
                "missing_mask",
                f"The gradient of {case.say(a)} lets through what the forward pass blocked. {where}",
                text,
                0.935 if abs(k - 1) < 1e-5 else 0.91,
            )
        elif _single(should) and _single(has) and (extra.any() or lost.any()) and not (has & should & (np.abs(e - n) > 1e-5)).any():
            if (should.sum(0) <= 1).all() or extra.any() and _same_rows(case, a, has, should):
                yield Diagnosis(
                    "missing_mask",
                    f"The mask in the gradient of {case.say(a)} is another one than in the forward pass. {where}",
                    text,
                    0.905,
                )
        elif extra.any() and lost.any() and not (has & should & (np.abs(e - n) > 1e-5 * np.abs(n).max())).any():
            yield Diagnosis(
                "missing_mask",
                f"The mask in the gradient of {case.say(a)} is another one than in the forward pass. {where}",
                text,
                0.85,
            )
        elif _one_branch(case, a, e, n):
            yield Diagnosis(
                "missing_mask",
                f"The gradient of {case.say(a)} is right on one side of a threshold and wrong on the other: the two "
                f"branches have different derivatives. {where}",
                text,
                0.86,
            )


def _single(support: np.ndarray) -> bool:
    return bool((support.sum(1) <= 1).all())


def _same_rows(case: Case, a: int, has: np.ndarray, should: np.ndarray) -> bool:
    """Whether every output takes its gradient to exactly one entry, but to another one than it should (a wrong winner)."""
    return bool((has.sum(1) == 1).all() and (should.sum(1) == 1).all() and case.values[a].size > case.y.size)


def _one_branch(case: Case, a: int, e: np.ndarray, n: np.ndarray) -> bool:
    """Each output from one entry (or their sum), and the wrong ones all lie on one side of a threshold in x."""
    if (claimed := diagonal(e)) is None or (right := diagonal(n)) is None:
        return False
    x, wrong = case.values[a].ravel(), np.abs(claimed - right) > 1e-6
    if not 2 <= wrong.sum() <= len(x) - 2:
        return False
    return any((bad.max() < good.min()) for z in (x, -x, np.abs(x), -np.abs(x)) for bad, good in [(z[wrong], z[~wrong])])


def missing_cross_term(case: Case) -> Iterator[Diagnosis]:
    """Every output depends on several entries, through a sum, mean or norm; the gradient treats that as a constant."""
    for a, e, n in matrices(case):
        if halves(case, a, e, n) or halves(case, a, n - e, n):
            yield Diagnosis(
                "missing_cross_term",
                f"{case.say(a).capitalize()} stands in several factors (or divides), but its gradient regards all but one as constants: "
                "the product rule has a term for each.",
                f"the gradient applied to {case.say(a)} gives y, as if y = A x with a constant A; {case.example(a)}.",
                0.82,
            )
        elif move := _common_move(case.values[a], e, n):
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


def _common_move(x: np.ndarray, e: np.ndarray, n: np.ndarray) -> str:
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


TESTS: list[Callable[[Case], Iterator[Diagnosis]]] = [transposed, missing_sum, missing_mask, missing_cross_term, shifted]
