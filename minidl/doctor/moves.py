"""Mistakes of place: each output's gradient has the right pattern, but elsewhere."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from minidl.doctor.case import Case, Diagnosis, matrices, same, support
from minidl.doctor.numbers import differ


def shifted(case: Case) -> Iterator[Diagnosis]:
    """Each output's gradient has the right pattern at another place: a stride, pad or index is off."""
    for a, e, n in matrices(case):
        shape = case.values[a].shape
        if support(e).sum() > 1.25 * support(n).sum() or same(e[support(n)], n[support(n)]):
            continue  # not moved, but spread
        if (whole := _moved_as_a_whole(e, n, shape) or _moved_inside(e, n, shape)) is not None:
            yield Diagnosis(
                "shifted",
                f"The gradient of {case.say(a)} has the right numbers at moved places: look at where padding is cut off, and "
                "where slices begin and end.",
                f"moved by {whole} it agrees; {case.example(a)}.",
                0.945,
            )
        elif (found := _translation(e, n, shape, case.y.shape) or _translation(e.T, n.T, case.y.shape, shape)) is not None:
            step, share = found
            yield Diagnosis(
                "shifted",
                f"The gradient of {case.say(a)} has the right numbers at moved places: look at stride, padding and where "
                "slices begin and end when it is put back (col2im).",
                f"moved by {step} in {share:.0%} of the outputs; {case.example(a)}.",
                0.945,
            )
        elif _same_order(e, n):
            yield Diagnosis(
                "shifted",
                f"The gradient of {case.say(a)} has the right numbers in the right order, but at other places: look at stride, dilation, "
                "padding, and where slices begin and end.",
                f"the numbers of every output are the same, their places are not; {case.example(a)}.",
                0.7,
            )
        elif (rows := _rows_moved(e, n, case.y.shape)) is not None:
            yield Diagnosis(
                "shifted",
                f"The gradient of {case.say(a)} pairs each g with the entries of a neighbouring output.",
                f"outputs moved by {rows}; {case.example(a)}.",
                0.8,
            )
        elif (one := _one_moved(e, n)) is not None:
            yield Diagnosis(
                "shifted",
                f"One entry of each output's gradient for {case.say(a)} is wrong, and so is one beside it: is an index one off?",
                f"the two are {one} places apart in each output; {case.example(a)}.",
                0.75,
            )
        elif _conserved(e, n):
            yield Diagnosis(
                "shifted",
                f"Some parts of the gradient of {case.say(a)} arrive at wrong places: look at where slices begin and end, one by one.",
                f"for each output they add up to what they should; {case.example(a)}.",
                0.45,
            )


def _moved_as_a_whole(e: np.ndarray, n: np.ndarray, shape: tuple[int, ...]) -> list[int] | None:
    """The move by which all of n becomes e, where both are inside; most of n must be."""
    claimed, numeric = e.reshape(len(e), *shape), n.reshape(len(n), *shape)
    if len(e) < 2 or support(n).sum() < 3:
        return None
    for move in _moves(shape):
        there = (slice(None), *(slice(max(m, 0), s + min(m, 0)) for m, s in zip(move, shape)))
        here = (slice(None), *(slice(max(-m, 0), s + min(-m, 0)) for m, s in zip(move, shape)))
        inside = np.abs(numeric[here]).sum() > 0.5 * np.abs(numeric).sum()
        rolled = np.roll(numeric, move, tuple(range(1, numeric.ndim))) if any(move) else numeric
        if any(move) and (inside and same(claimed[there], numeric[here]) or same(claimed, rolled)):
            return list(move)
    return None


def _moved_inside(e: np.ndarray, n: np.ndarray, shape: tuple[int, ...]) -> list[int] | None:
    """The same, where a factor of each entry (the derivative of what stands inside) stays in its place."""
    inner, right = (np.abs(j).max(0) for j in (e, n))
    both = (inner > 0) & (right > 0)
    if not both.any() or not same(inner[both], right[both]) or same(inner, inner[:1]):
        return None
    return _moved_as_a_whole(e / np.where(inner > 0, inner, 1), n / np.where(right > 0, right, 1), shape)


def _moves(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """By up to 2 along every axis, then by any number along one."""
    if 1 <= len(shape) <= 4:
        yield from product(*(range(-min(2, s - 1), min(2, s - 1) + 1) for s in shape))
        yield from (tuple(m * (i == axis) for i in range(len(shape))) for axis, s in enumerate(shape) for m in range(-s + 1, s))


def _translation(e: np.ndarray, n: np.ndarray, shape: tuple[int, ...], outputs: tuple[int, ...]) -> tuple[list[int], float] | None:
    """Move n's row (one output's pattern in x) until it is e's. The moves must follow one rule: each axis' move depends on the output's
    place along one axis alone, as a wrong stride or pad makes it. Returns the largest move, and the share of outputs that fit."""
    if not 1 <= len(shape) <= 4:
        return None
    moves, places, count = [], [], 0
    for k in range(len(e)):
        is_, should = (np.argwhere(support(row.reshape(shape))) for row in (e[k], n[k]))
        if not len(should) or not len(is_):
            continue
        count += 1
        move = is_.min(0) - should.min(0)
        window = tuple(slice(max(m, 0), s + min(m, 0)) for m, s in zip(move, shape))
        origin = tuple(slice(max(-m, 0), s + min(-m, 0)) for m, s in zip(move, shape))
        there = np.zeros(shape)
        there[window] = n[k].reshape(shape)[origin]
        if same(there.ravel(), e[k]) and there.any():
            moves.append(move)
            places.append(np.unravel_index(k, outputs) if outputs else (0,))
    if count < 2 or len(moves) < max(2, 0.6 * count) or not np.any(moves):
        return None
    m, p = np.array(moves), np.array(places, dtype=float)
    for axis in range(len(shape)):
        if not m[:, axis].any():
            continue
        designs = [np.stack([np.ones(len(p)), p[:, j]], 1) for j in range(p.shape[1]) if outputs and j <= axis] or [np.ones((len(p), 1))]
        if not any(_fits(d, m[:, axis]) for d in designs):
            return None
    return [int(x) for x in m[np.abs(m).sum(1).argmax()]], len(moves) / max(len(e), 1)


def _fits(design: np.ndarray, moves: np.ndarray) -> bool:
    """Whether most moves lie on a line with whole slope of −3 … 3, a constant included (a roll leaves one end out)."""
    if len(np.unique(moves)) == 1:
        return True
    for slope in range(-3, 4):
        rest = moves - slope * (design[:, 1] if design.shape[1] > 1 else 0)
        values, counts = np.unique(rest, return_counts=True)
        if counts.max() >= 0.75 * len(moves) and (slope or values[counts.argmax()] != 0):
            return len(moves) > 2
    return False


def _same_order(e: np.ndarray, n: np.ndarray) -> bool:
    """Whether the numbers of each row are those of the right one in their order, and several, so that this is no chance."""
    for claimed, right in zip(e, n):
        some, all_ = claimed[support(claimed)], right[support(right)]
        if len(some) < 2 or len(some) > len(all_) or not (same(some, all_[: len(some)]) or same(some, all_[len(all_) - len(some) :])):
            return False
    return True


def _one_moved(e: np.ndarray, n: np.ndarray) -> int | None:
    """How far apart the two entries are that are wrong in each output's gradient: one too small, one too large."""
    off = differ(e, n)
    if len(e) < 2 or e.shape[1] < 3 or (off.sum(1) != 2).any() or (np.sign(e - n)[off].reshape(-1, 2).sum(1) != 0).any():
        return None
    apart = np.diff(np.nonzero(off)[1].reshape(-1, 2), axis=1)
    return int(apart[0, 0]) if (apart == apart[0]).all() and (off.sum(0) <= len(e) / 2 + 1).all() else None


def _conserved(e: np.ndarray, n: np.ndarray) -> bool:
    """Whether every output's gradient has the right sum, though not by cancellation, but is wrong in some places."""
    sums, size = n.sum(1), np.abs(n).sum(1)
    return same(e.sum(1), sums) and bool((np.abs(sums) > 0.1 * size)[size > 0].all())


def _rows_moved(e: np.ndarray, n: np.ndarray, outputs: tuple[int, ...]) -> list[int] | None:
    """Whether e's rows are n's rows of an output beside, along one or two axes."""
    if not outputs or len(outputs) > 4:
        return None
    claimed, numeric = e.reshape(*outputs, -1), n.reshape(*outputs, -1)
    for axis, size in enumerate(outputs):
        for move in (1, -1, 2, -2):
            if size - abs(move) < 2:
                continue
            here = np.take(claimed, range(max(move, 0), size + min(move, 0)), axis)
            there = np.take(numeric, range(max(-move, 0), size + min(-move, 0)), axis)
            if same(here, there) and here.any():
                return [move if i == axis else 0 for i in range(len(outputs))]
    return None
