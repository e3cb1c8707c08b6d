"""The gradient doctor: of what kind is the mistake in a wrong gradient? Each kind is a hypothesis that is tested on the two Jacobians."""

from collections.abc import Callable, Iterator

import numpy as np

from minidl.doctor import memory, numbers, structure
from minidl.doctor.case import Case, Diagnosis
from minidl.doctor.examination import SLOW, Findings
from minidl.doctor.shapes import wrong_shape
from minidl.doctor.subjects import Subject

KINDS = (
    "sign",
    "factor",
    "transposed",
    "missing_sum",
    "missing_mask",
    "missing_cross_term",
    "shifted",
    "wrong_argument",
    "stale",
    "accumulated",
    "precision",
    "kink",
    "unknown",
)
CERTAIN = 0.99


def diagnose(subject: Subject, found: Findings, first: list[np.ndarray], rng: np.random.Generator, kinks_only: bool) -> list[Diagnosis]:
    """The kinds of mistake that explain these findings, most likely first; each kind once, "unknown" if there is no other.

    ``first``: the point where the function was called first. ``kinks_only``: beside the kinks all is right."""
    case = Case(subject, found.values, first, rng, found.seconds)
    if kinks_only and found.worst is not None:
        return [*_tried(numbers.few_digits, case), _kink(found)]
    if found.broken:
        return [Diagnosis("unknown", "Where the function has no finite value there is no derivative.", found.broken)]
    tests: list[Callable[[Case], Iterator[Diagnosis]]] = [memory.accumulated]
    tests += [wrong_shape] if found.shapes else [memory.stale, *numbers.TESTS, *structure.TESTS, *memory.TESTS]
    if found.seconds > SLOW:  # what costs least, and explains most
        tests = [memory.accumulated, numbers.sign, numbers.factor, *tests[1:]]
    best: dict[str, Diagnosis] = {}
    for test in tests:
        for d in _tried(test, case):
            if d.kind not in best or d.score > best[d.kind].score:
                best[d.kind] = d
        if max((d.score for d in best.values()), default=0) >= CERTAIN and test in (memory.accumulated, memory.stale):
            break  # what backward says depends on what it was asked before: nothing else can be tested
    if len(best) > 1:
        best.pop("unknown", None)
    ranked = sorted(best.values(), key=lambda d: -d.score)
    return ranked or [_unknown(case)]


def _tried(test: Callable[[Case], Iterator[Diagnosis]], case: Case) -> list[Diagnosis]:
    """A wrong rule may fail at any point where nobody ever called it: then this hypothesis cannot be tested."""
    found = []
    try:
        for diagnosis in test(case):
            found.append(diagnosis)
    except (ValueError, ArithmeticError, IndexError, TimeoutError, np.linalg.LinAlgError):
        pass
    return found


def _kink(found: Findings) -> Diagnosis:
    bad = next((k for k in found.kinks if not k.accepted), None)
    if bad is None:
        return Diagnosis("kink", "The function bends sharply here, and the gradient fits neither side.", "beside the kink all is right.")
    return Diagnosis(
        "kink",
        "Only at a kink, where there is no derivative, is the gradient wrong: there it must be one of the one-sided derivatives or between "
        "them. Decide the case x == 0 (or the tie) explicitly.",
        f"{bad.left:.6g} from the left, {bad.right:.6g} from the right, the gradient says {bad.exact:.6g}; beside the kink all is right.",
    )


def _unknown(case: Case) -> Diagnosis:
    try:
        wrong = case.wrong
    except TimeoutError:
        return Diagnosis(
            "unknown", "The gradient is wrong. Check a smaller case: fewer and smaller layers.", "one call takes too long for more."
        )
    for a in wrong:
        if not np.isfinite(case.claimed[a]).all():
            return Diagnosis("unknown", f"The gradient of {case.say(a)} is NaN or infinite.", "a division by 0, or the log of 0?")
        if not case.claimed[a].any():
            g = case.subject.backward(case.values, [np.zeros(case.y.shape)])[0][a]
            if g.any():
                return Diagnosis(
                    "unknown",
                    f"The gradient of {case.say(a)} does not depend on g: multiply by the gradient that comes from above.",
                    "for g = 0 it is not 0.",
                )
            return Diagnosis("unknown", f"The gradient of {case.say(a)} is zero everywhere.", case.example(a) + ".")
    text = f"{case.example(wrong[0])}." if wrong else "no simple test finds it again."
    return Diagnosis(
        "unknown", "The gradient is wrong in a way that no simple mistake explains. Check the formula on paper at the entry above.", text
    )
