"""Are these gradients right? `gradcheck` compares them with differences, for any function, layer, model, or a pair of your own.

For a random cotangent c and a random direction v the number ⟨c, J v⟩ is computed twice: as ⟨Jᵀc, v⟩, with the gradient Jᵀc that is to be
checked, and as ⟨c, dy⟩ with dy from central differences of the function along v. A plain ``sum()`` in place of ⟨c, ·⟩ would let much
pass: the outputs of a softmax always sum to 1, so any wrong rule would look right. Griewank & Walther, "Evaluating Derivatives" (2008)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minidl.doctor.case import Diagnosis
from minidl.doctor.diagnosis import diagnose
from minidl.doctor.examination import ESCAPES, LARGER, NEARER, Findings, KinkFound, Worst, a_little_off, elsewhere, examine, has_values
from minidl.doctor.orders import gradient_of
from minidl.doctor.smaller import off_kinks
from minidl.doctor.subjects import Argument, Subject, make_subject

ELSEWHERE = NEARER, (2.0,), LARGER  # beside the arrays given: nearer to 0, with other signs, and larger, if the function has values there


@dataclass
class Report:
    """What `gradcheck` found. True if all is right; ``str`` is what to read.

    ``worst``: (argument, index, exact, numeric, tolerance) of the entry that disagrees most, None if none does; ``exact`` is what the
    gradient says, ``numeric`` what the function does. ``kinks``: the places without a derivative that were met.
    ``diagnosis``: what kind of mistake it may be, most likely first, each with ``.kind``, ``.sentence`` and ``.evidence``.
    ``faint``: the arguments whose gradients are so small that atol hides mistakes of 1 in 1000."""

    ok: bool = True
    worst: Worst | None = None
    kinks: list[KinkFound] = field(default_factory=list)
    diagnosis: list[Diagnosis] = field(default_factory=list)
    faint: list[Argument] = field(default_factory=list)
    problem: str = ""
    checked: str = ""
    order: int = 1

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        lines = [f"Gradients are {'right' if self.ok else 'WRONG'}: {self.checked}."]
        if not self.ok:
            lines[0] = f"The gradient is WRONG{f' (at order {self.order})' if self.order > 1 else ''}."
            if self.problem:
                lines.append(f"  What:      {self.problem}")
            if self.worst is not None:
                lines += [f"  Where:     {_place(self.worst.argument, self.worst.index)}", *_numbers(self.worst)]
            for n, d in enumerate(self.diagnosis[:3]):
                lines.append(f"  {'Diagnosis' if n == 0 else 'Or maybe '}: {d.kind}. {d.sentence}")
                lines.append(f"             {d.evidence}")
        for name in self.faint:
            lines.append(f"  Too small: {_place(name, ())}: its gradient is so small that atol may hide a mistake; pass a smaller one.")
        if self.kinks:
            k, more = self.kinks[0], len(self.kinks) - 1
            then = "The check went on beside it." if self.ok else ""
            also = f" (and {more} more)" if more else ""
            lines.append(
                f"  Kink:      at {_place(k.argument, k.index)}{also} there is no derivative: {k.left:.6g} from the left, "
                f"{k.right:.6g} from the right, the gradient says {k.exact:.6g}{', which is fine' if k.accepted else ''}. {then}".rstrip()
            )
        return "\n".join(lines)


def _place(argument: Any, index: tuple[int, ...] | None) -> str:
    which = f"argument {argument}" if isinstance(argument, int) else str(argument)
    return f"{which}, along a random direction" if index is None else f"{which}, entry {index}" if index else which


def _numbers(worst: Worst) -> list[str]:
    return [
        f"  Gradient:  {worst.exact:.10g}   (what backward says)",
        f"  Measured:  {worst.numeric:.10g}   (what the function does, by differences; ± {worst.tolerance:.1g})",
    ]


def gradcheck(f: Any, *arrays: Any, order: int = 1, seed: int = 0, rtol: float = 1e-6, atol: float = 1e-9) -> Report:
    """Check the gradients of ``f(*arrays)`` with respect to every array of floats, and to the weights of a layer or model.

    f: a function of Tensors that returns a Tensor (or several); a layer or model (``training=False``); ``(model, loss)`` with arrays x, y;
    or ``(forward, backward)`` in plain NumPy: ``y = forward(*arrays)`` with ``grads = backward(g, *arrays)``, or forward returns
    ``(y, cache)`` and it is ``backward(g, cache)``; g is dL/dy, and grads has one array per argument (None: zero; for a single argument
    the bare array will do). Everything runs in float64, on copies: neither the arrays nor the weights are changed.

    ``order=2`` also checks the gradients of the gradients. A pair has none: of it, it checks that backward can be differentiated, with
    symmetric differences, as second derivatives are. Two numbers agree if they differ by at most atol + rtol · size + rounding noise;
    where atol is large beside a whole gradient, the report says so. At a kink every value between the one-sided derivatives is accepted,
    and the check goes on beside it. TypeError if f is none of these, ValueError without an array of floats or for another order."""
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ValueError(f"gradcheck: order must be a whole number of at least 1, got {order!r}")
    if not (rtol >= 0 and atol >= 0):
        raise ValueError(f"gradcheck: rtol and atol must not be negative, got {rtol!r} and {atol!r}")
    subject, rng, report = make_subject(f, arrays), np.random.default_rng(seed), Report()
    with subject, np.errstate(all="ignore"):
        report.checked = f"{len(subject.names)} argument{'s' if len(subject.names) > 1 else ''}, order {order}, several points"
        for report.order in range(1, order + 1):
            if report.order > 1:
                if report.kinks:
                    subject.values = off_kinks(subject, subject.values, rng)
                subject = gradient_of(subject, rng)
            _check(subject, report, rng, rtol, atol)
            if not report.ok:
                break
    return report


def _check(subject: Subject, report: Report, rng: np.random.Generator, rtol: float, atol: float) -> None:
    """Examine the subject at its values and elsewhere; the first failure is diagnosed."""
    first = subject.values
    for reaches in ((), *ELSEWHERE):
        found = _somewhere(subject, first, rng, rtol, atol, reaches) if reaches else examine(subject, first, rng, rtol, atol)
        failed = found
        if found is not None and found.kinks:
            report.kinks = (report.kinks + found.kinks)[:20]
            off = _off(subject, found.values, rng, rtol, atol)
            failed = found if off is None or off.ok else off
        if found is None or failed is None or failed.ok:
            report.faint += found.faint if found is not None and not reaches else []
            continue
        report.ok, report.worst, report.problem = False, failed.worst, _problem(failed)
        report.diagnosis = diagnose(subject, failed, first, rng, kinks_only=bool(found.kinks) and failed is found)
        return


def _off(subject: Subject, values: list[np.ndarray], rng: np.random.Generator, rtol: float, atol: float) -> Findings | None:
    """Findings at a point beside these values; None if there is none without kinks."""
    for _ in range(ESCAPES):
        found = _tried(subject, a_little_off(values, rng), rng, rtol, atol)
        if found is not None and (found.ok or not found.kinks):
            found.kinks = []
            return found
    return None


def _somewhere(
    subject: Subject, values: list[np.ndarray], rng: np.random.Generator, rtol: float, atol: float, reaches: Sequence[float]
) -> Findings | None:
    """Findings at another point, as far away as the function allows; None if it has no values there."""
    for reach in reaches:
        found = _tried(subject, elsewhere(values, rng, reach), rng, rtol, atol)
        if found is not None:
            return found
    return None


def _tried(subject: Subject, values: list[np.ndarray], rng: np.random.Generator, rtol: float, atol: float) -> Findings | None:
    """Findings at a point that we chose; None where the function refuses it."""
    return examine(subject, values, rng, rtol, atol) if has_values(subject, values) else None


def _problem(found: Findings) -> str:
    if found.broken:
        return found.broken
    if found.shapes:
        name, sentence = next(iter(found.shapes.items()))
        return f"{_place(name, ())}: {sentence}"
    if found.changing is not None:
        return f"{_place(found.changing, ())}: asked twice for the same gradient, backward gave two different answers"
    return ""
