"""Gradients of the wrong shape: what has to be done to them to make them right?"""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np

from minidl.doctor.case import Case, Diagnosis, same
from minidl.doctor.differences import jacobian


def wrong_shape(case: Case) -> Iterator[Diagnosis]:
    """For each argument whose gradient does not fit, what it looks like."""
    c = np.asarray(case.rng.standard_normal(case.y.shape))
    answers = case.subject.backward(case.values, [c])[0]
    for a, g in enumerate(answers):
        if isinstance(g, str):
            yield Diagnosis("unknown", f"The gradients cannot be read: {g}.", "nothing could be compared.", 0.5)
        elif g.shape != case.values[a].shape:
            yield from _explained(case, a, g, c)


def _truth(case: Case, a: int, c: np.ndarray) -> np.ndarray | None:
    x = case.values[a]
    return (c.ravel() @ jacobian(case.subject, case.values, a)).reshape(x.shape) if x.size <= 4096 else None


def _explained(case: Case, a: int, g: np.ndarray, c: np.ndarray) -> Iterator[Diagnosis]:
    x, truth = case.values[a], _truth(case, a, c)
    shapes = f"its shape is {g.shape}, that of {case.say(a)} is {x.shape}"
    for b, other in enumerate(case.values):
        if b != a and g.shape == other.shape and (right := _truth(case, b, c)) is not None and same(g, right):
            yield Diagnosis(
                "wrong_argument",
                f"What is returned for {case.say(a)} is the gradient of {case.say(b)}: return them in the order of the arguments.",
                f"{shapes}; all {g.size} entries equal those for {case.say(b)}.",
                1.0,
            )
    for order in permutations(range(g.ndim)) if 1 < g.ndim <= 5 else ():
        turned = g.transpose(order)
        if order != tuple(range(g.ndim)) and turned.shape == x.shape:
            agrees = truth is not None and same(turned, truth)
            yield Diagnosis(
                "transposed",
                f"The gradient of {case.say(a)} is transposed: exchange its axes (g.T @ x is (x.T @ g).T).",
                f"{shapes}{'; transposed, all entries agree' if agrees else ''}.",
                0.95 if agrees else 0.6,
            )
            break
    for count in range(1, g.ndim + 1):
        for axes in combinations(range(g.ndim), count):
            summed = g.sum(axes)
            if g.size > x.size and summed.size == x.size:
                agrees = truth is not None and same(summed.reshape(x.shape), truth)
                yield Diagnosis(
                    "missing_sum",
                    f"{case.say(a).capitalize()} was broadcast, so its gradient is a sum over the axes along which it was "
                    f"repeated: .sum(axis={axes if count > 1 else axes[0]}).",
                    f"{shapes}{'; summed, all entries agree' if agrees else ''}.",
                    0.9 if agrees else 0.55,
                )
    numbers = g.size == x.size and truth is not None and same(g.reshape(x.shape), truth)
    yield Diagnosis(
        "unknown",
        f"The gradient of {case.say(a)} must have the shape of {case.say(a)}{': the numbers are right, reshape them' if numbers else ''}.",
        f"{shapes}.",
        0.65 if numbers else 0.3,
    )
