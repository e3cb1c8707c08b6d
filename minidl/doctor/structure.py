"""Mistakes in where numbers go: axes exchanged, contributions left out or let through, windows moved."""

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from minidl.doctor.case import Case, Diagnosis, diagonal, matrices, same, support
from minidl.doctor.moves import shifted
from minidl.doctor.numbers import ratio
from minidl.doctor.terms import common_move


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
        elif _in_a_product(case, a, e, n):
            what, score = "in one of its products a matrix stands where its transpose belongs (S where S.T should stand)", 0.75
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


def _in_a_product(case: Case, a: int, e: np.ndarray, n: np.ndarray) -> bool:
    """e = S X where n = Sᵀ X, for an argument X (or y) and some S, another one for each output: then Xᵀ e = nᵀ X. Or the same with all
    of them transposed."""
    shape = case.values[a].shape
    if len(shape) != 2 or min(shape) < 2:
        return False
    e, n = (j.reshape(len(j), *shape) for j in (e, n))
    for x in (case.y, *case.values):
        if x.shape == shape and any(
            same(z.T @ claimed, right.transpose(0, 2, 1) @ z)
            for z, claimed, right in [(x, e, n), (x.T, e.transpose(0, 2, 1), n.transpose(0, 2, 1))]
        ):
            return True
    return False


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
        if common_move(case.values[a], e, n):
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
        if same(e[~dropped], n[~dropped]) and dropped[:, shared].sum() > 2 * dropped[:, ~shared].sum():
            i = int(np.argmax(dropped.sum(0)))
            yield Diagnosis(
                "missing_sum",
                f"An entry of {case.say(a)} is used by several outputs, but only some of them add to its gradient. "
                "Sum over the axis that was broadcast, and add (+=, np.add.at) where indices or windows meet.",
                f"entry {i} is used by {should[:, i].sum()} outputs, {has[:, i].sum()} arrive; {case.example(a)}.",
                0.92,
            )
        elif _counted_once(e[should & has], n[should & has]) and not (has & ~should).any() and not dropped[:, ~shared].any():
            yield Diagnosis(
                "missing_sum",
                f"Some entries of {case.say(a)} are used several times by one output, but the gradient counts them once. "
                "Add (+=, np.add.at) where indices or windows meet.",
                f"the right derivative is a whole number of times what is claimed, here and there 1; {case.example(a)}.",
                0.81,
            )


def _counted_once(e: np.ndarray, n: np.ndarray) -> bool:
    """Whether n is 1, 2, 3 … times e, for some entries once and for others more often."""
    if not e.size:
        return False
    times = np.round(n / e)
    return same(e * times, n) and times.min() == 1 < times.max()


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


TESTS: list[Callable[[Case], Iterator[Diagnosis]]] = [transposed, missing_sum, missing_mask, shifted]
