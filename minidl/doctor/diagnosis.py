"""The gradient doctor: of what kind is the mistake in a wrong gradient? Each kind is a hypothesis that is tested on the two Jacobians."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minidl.doctor import memory, numbers, structure, terms
from minidl.doctor.arguments import wrong_argument
from minidl.doctor.case import Case, Diagnosis, OutOfCalls
from minidl.doctor.examination import Findings
from minidl.doctor.shapes import wrong_shape
from minidl.doctor.smaller import off_kinks, smaller, wrong_op
from minidl.doctor.subjects import Subject, TensorFunction

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
UNTESTABLE = (ValueError, ArithmeticError, IndexError, TypeError, OutOfCalls, np.linalg.LinAlgError)


def diagnose(subject: Subject, found: Findings, first: list[np.ndarray], rng: np.random.Generator, kinks_only: bool) -> list[Diagnosis]:
    """The kinds of mistake that explain these findings, most likely first; each kind once, "unknown" if there is no other.

    ``first``: the point where the function was called first. ``kinks_only``: beside the kinks all is right."""
    case = Case(subject, found.values, first, rng)
    if kinks_only and found.worst is not None:
        return _tried(numbers.few_digits, case) or [_kink(found)]
    if found.broken:
        return [Diagnosis("unknown", found.advice, found.broken + ".")]
    asked_again = _ranked([memory.accumulated, memory.lawless], case)
    if found.shapes:
        return asked_again or _ranked([wrong_shape], case) or [_unknown(case)]
    if certain := asked_again or _ranked([memory.not_finite], case):
        return certain  # what backward says depends on what it was asked before, or says nothing: nothing else can be tested
    where = ""
    if op := _found(wrong_op, subject, case.values, rng):
        where, case = f"In the {op.where}: ", Case(op, op.values, op.values, rng)
    case = _where_it_shows(case)
    ranked = _ranked([memory.stale], case)
    if not ranked or ranked[0].score < CERTAIN:
        if small := _found(smaller, case.subject, rng):
            case = _where_it_shows(Case(small, small.values, small.values, rng))
        ranked = _ranked([*numbers.TESTS, wrong_argument, *terms.TESTS, *structure.TESTS, *memory.TESTS], case, ranked) or [_unknown(case)]
    return [d._replace(sentence=where + d.sentence) for d in ranked]


def _where_it_shows(case: Case) -> Case:
    """The same off kinks, if it is wrong there too: beside a kink differences say little."""
    values = off_kinks(case.subject, case.values, case.rng)
    other = Case(case.subject, values, case.first, case.rng)
    return other if values is not case.values and _found(lambda: other.wrong) else case


def _ranked(tests: list[Callable[[Case], Iterator[Diagnosis]]], case: Case, also: Sequence[Diagnosis] = ()) -> list[Diagnosis]:
    """What these hypotheses say, most likely first, each kind once."""
    best: dict[str, Diagnosis] = {}
    for d in (*also, *(d for test in tests for d in _tried(test, case))):
        if d.kind not in best or d.score > best[d.kind].score:
            best[d.kind] = d
    return sorted(best.values(), key=lambda d: -d.score)


def _tried(test: Callable[[Case], Iterator[Diagnosis]], case: Case) -> list[Diagnosis]:
    """A wrong rule may fail at any point where nobody ever called it: then this hypothesis cannot be tested."""
    found = []
    case.begin()
    try:
        for diagnosis in test(case):
            found.append(diagnosis)
    except UNTESTABLE:
        pass
    return found


def _found(search: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return search(*arguments)
    except UNTESTABLE:
        return None


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
    except UNTESTABLE:
        return Diagnosis(
            "unknown", "The gradient is wrong. Check a smaller case: fewer and smaller arrays.", "this one is too large for more."
        )
    for a in wrong:
        if not case.claimed[a].any():
            hint = " Was its path cut? minidl.why_no_grad tells." if isinstance(case.subject, TensorFunction) else ""
            return Diagnosis("unknown", f"The gradient of {case.say(a)} is zero everywhere.{hint}", case.example(a) + ".")
    text = f"{case.example(wrong[0])}." if wrong else "no simple test finds it again."
    return Diagnosis(
        "unknown", "The gradient is wrong in a way that no simple mistake explains. Check the formula on paper at the entry above.", text
    )
