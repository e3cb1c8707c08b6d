"""The gradient of another argument, or another array where an argument belongs."""

from collections.abc import Callable, Iterator

import numpy as np

from minidl.doctor.case import Case, Diagnosis, ranks, same
from minidl.doctor.numbers import ratio

INNER: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exponential": np.exp,
    "logarithm": np.log,
    "root": np.sqrt,
    "square": np.square,
}


def wrong_argument(case: Case) -> Iterator[Diagnosis]:
    """The gradient of another argument, or the right formula with another array put in."""
    count = len(case.values)
    for a in case.wrong:
        e, n = case.claimed[a], case.numeric[a]
        for b in range(count):
            if b != a and case.values[a].size == case.values[b].size and same(e, case.numeric[b]) and ratio(case.numeric[b], n) != 1:
                both = b in case.wrong and same(case.claimed[b], n)
                proportional = ratio(case.numeric[b], n) is not None
                yield Diagnosis(
                    "wrong_argument",
                    f"The gradient of {case.say(a)} is the one that belongs to {case.say(b)}. "
                    "Compare the order of what backward returns with that of the arguments, and what stands in each formula.",
                    f"it equals the derivative for {case.say(b)} in every entry; {case.example(a)}.",
                    0.99 if both else 0.94 if proportional else 0.95,
                )
        if case.whole(a):
            yield from _substituted(case, a)
            yield from _right_where_equal(case, a)
            yield from _inner_function(case, a)
            yield from _value_itself(case, a)
            yield from _in_a_product(case, a)
            yield from _made_of_rows(case, a)
            yield from _by_output(case, a)


def _substituted(case: Case, a: int) -> Iterator[Diagnosis]:
    """Put one array in another's place: does the right derivative then become the claimed one, or the other way round?"""
    for there, used, meant in _exchanges(case):
        if not case.defined(there):
            continue
        hit = same(case.claimed[a], case.numeric_at(there, a))
        if not hit and same(case.claimed_at(there)[a], case.numeric[a]):
            hit, used, meant = True, meant, used
        if hit:
            yield Diagnosis(
                "wrong_argument",
                f"The formula for {case.say(a)} is right, but {used} stands where {meant} belongs.",
                f"with the one in place of the other, the two agree; {case.example(a)}.",
                0.75 if "output" in used + meant else 0.93,
            )
            return


def _right_where_equal(case: Case, a: int) -> Iterator[Diagnosis]:
    """Wherever two arguments are equal the gradient is right: somewhere in it, one of them stands in the other's place."""
    for there, where in case.special():
        if not where.endswith(" 0") and same(case.claimed_at(there)[a], right := case.numeric_at(there, a)) and right.any():
            yield Diagnosis(
                "wrong_argument",
                f"The gradient of {case.say(a)} is right where {where.replace(' is ', ' equals ')}: does one of them stand in the place of "
                "the other, somewhere in the formula?",
                f"with equal arguments it agrees; {case.example(a)}.",
                0.58,
            )
            return


def _inner_function(case: Case, a: int) -> Iterator[Diagnosis]:
    """x stands where a function of x belongs, as in 1 − x² for 1 − tanh² x: with tanh x put in for x it is right."""
    for b, x in enumerate(case.values):
        for name, function in INNER.items():
            there = [function(x) if i == b else v for i, v in enumerate(case.values)]
            if case.defined(there) and same(case.claimed_at(there)[a], case.numeric[a]):
                yield Diagnosis(
                    "wrong_argument",
                    f"In the gradient of {case.say(a)}, {case.say(b)} itself stands where its {name} belongs.",
                    f"with the {name} in its place, it agrees; {case.example(a)}.",
                    0.85,
                )
                return


def _value_itself(case: Case, a: int) -> Iterator[Diagnosis]:
    """Each output's g is multiplied with an argument (or y) itself, where another value belongs: x where x̂ should stand."""
    e, n = case.claimed[a], case.numeric[a]
    where = np.abs(n) > 1e-6 * np.abs(n).max(initial=0)
    if np.ptp(np.abs(n[where])) < 1e-6 or (where.sum(1) > 1).any() or where.shape[1] == where.shape[0]:
        return
    for array, text in [*((v, case.say(b)) for b, v in enumerate(case.values)), (case.y, "the output y")]:
        if array.shape == case.y.shape and same(e, where * array.reshape(-1, 1)):
            yield Diagnosis(
                "wrong_argument",
                f"In the gradient of {case.say(a)} g is multiplied with {text} itself, but another value belongs there. Which one did the "
                f"forward pass multiply with {case.say(a)}?",
                f"it holds {text} in every entry; {case.example(a)}.",
                0.7,
            )
            return


def _in_a_product(case: Case, a: int) -> Iterator[Diagnosis]:
    """The right derivative is a product M X with an argument X, the claimed one the same M times another array Z. M is unknown, but each
    row of both together then is a mixture of the rows of X and Z together; there must be too few of them to mix anything."""
    e, n = (j.reshape(len(j), *case.values[a].shape) for j in (case.claimed[a], case.numeric[a]))
    texts = [*((v, case.say(b)) for b, v in enumerate(case.values)), (case.y, "the output y")]
    for ax, length in enumerate(case.values[a].shape):
        rows = np.hstack([np.moveaxis(j, ax + 1, -1).reshape(-1, length) for j in (n, e)])
        for x, meant in texts:
            for z, used in texts:
                for axis in [i for i, m in enumerate(x.shape) if m == length > 1 and z is not x and z.shape == x.shape]:
                    both = np.hstack([np.moveaxis(v, axis, -1).reshape(-1, length) for v in (x, z)])
                    if np.linalg.matrix_rank(both) < 2 * length and same(rows @ np.linalg.pinv(both) @ both, rows):
                        yield Diagnosis(
                            "wrong_argument",
                            f"In the gradient of {case.say(a)} {used} stands in a product where {meant} belongs.",
                            f"with {meant} the same product is right; {case.example(a)}.",
                            0.8,
                        )
                        return


def _made_of_rows(case: Case, a: int) -> Iterator[Diagnosis]:
    """Each output's gradient is a multiple of a row of some array, as in XᵀG, where the right one is made of other rows."""
    if case.values[a].ndim == 2 and _more_terms(case, a):
        return
    shape, texts = case.values[a].shape, [*((v, case.say(b)) for b, v in enumerate(case.values)), (case.y, "the output y")]
    for ax, length in enumerate(shape):
        e, n = (np.moveaxis(j.reshape(len(j), *shape), ax + 1, -1).reshape(-1, length) for j in (case.claimed[a], case.numeric[a]))
        for z, used in texts:
            for axis in [i for i, m in enumerate(z.shape) if m == length > 2 and z.ndim > 1]:
                rows = np.moveaxis(z, axis, -1).reshape(-1, length)
                if _multiples(e, rows) and not _multiples(n, rows):
                    yield Diagnosis(
                        "wrong_argument",
                        f"The gradient of {case.say(a)} is a product with {used}, but another array belongs there.",
                        f"each output's part of it is a multiple of a row of {used}; {case.example(a)}.",
                        0.6,
                    )
                    return


def _more_terms(case: Case, a: int) -> bool:
    """Whether each output's right gradient, as a matrix, is of higher rank than the claimed one: then no single product gives it."""
    claimed, right = (ranks(j, case.values[a].shape) for j in (case.claimed[a], case.numeric[a]))
    return bool((claimed < right).all())


def _multiples(some: np.ndarray, rows: np.ndarray) -> bool:
    """Whether each of some vectors is a multiple of one of the rows (those that are 0 left out)."""
    some, rows = (m[np.linalg.norm(m, axis=1) > 1e-6 * np.abs(m).max(initial=1e-300)] for m in (some, rows))
    if not len(some) or not len(rows):
        return False
    cosines = np.abs(some @ rows.T) / np.linalg.norm(some, axis=1)[:, None] / np.linalg.norm(rows, axis=1)
    return bool((cosines.max(1) > 1 - 1e-9).all())


def _by_output(case: Case, a: int) -> Iterator[Diagnosis]:
    """Each output's gradient is a multiple of the right one, but of each another: what stands outside of all else is wrong."""
    e, n = case.claimed[a], case.numeric[a]
    sizes = (n * n).sum(1)
    ratios = (e * n).sum(1)[sizes > 0] / sizes[sizes > 0]
    if (np.count_nonzero(n, axis=1) > 1).all() and np.ptp(ratios) > 1e-3 and same(e[sizes > 0], ratios[:, None] * n[sizes > 0]):
        yield Diagnosis(
            "wrong_argument",
            f"The gradient of {case.say(a)} has another factor for each output: look at what g is multiplied with first. Is it the "
            "derivative of the last function, at the value that this derivative wants (its input, or its output)?",
            f"the factors lie between {ratios.min():.4g} and {ratios.max():.4g}; {case.example(a)}.",
            0.5,
        )


def _exchanges(case: Case) -> Iterator[tuple[list[np.ndarray], str, str]]:
    """The arguments with one in another's place, with two exchanged, and with y in place of one."""
    count = range(len(case.values))
    for p, x in enumerate(case.values):
        for array, text in [*((v, case.say(b)) for b, v in enumerate(case.values)), (case.y, "the output y")]:
            if array is not x and array.shape == x.shape:
                yield [array if b == p else v for b, v in enumerate(case.values)], text, case.say(p)
    for p in count:
        for q in range(p):
            if case.values[p].shape == case.values[q].shape:
                order = [q if b == p else p if b == q else b for b in count]
                yield [case.values[b] for b in order], case.say(p), case.say(q)
