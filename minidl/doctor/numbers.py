"""Mistakes in the numbers themselves: a sign, a factor, or too few digits."""

from collections.abc import Callable, Iterator

import numpy as np

from minidl.doctor.case import Case, Diagnosis, same
from minidl.doctor.examination import a_little_off


def ratio(e: np.ndarray, n: np.ndarray) -> float | None:
    """k with e = k n everywhere, if there is one."""
    size = float((n * n).sum())
    if not size or not np.isfinite(e).all():
        return None
    k = float((e * n).sum()) / size
    return k if k and same(e, k * n) else None


def differ(e: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Where the two are not equal but for the error of differences."""
    found: np.ndarray = ~(np.abs(e - n) <= 1e-6 * np.abs(n).max(initial=0) + 1e-9)
    return found


def sign(case: Case) -> Iterator[Diagnosis]:
    """Minus the right gradient: everywhere, or wherever it is wrong."""
    for a in case.wrong:
        e, n = case.claimed[a], case.numeric[a]
        if ratio(e, n) is not None and same(e, -n):
            yield Diagnosis(
                "sign",
                f"The gradient of {case.say(a)} has the wrong sign. Look for a lost or an extra minus.",
                f"gradient = −1 × right everywhere; {case.example(a)}.",
                0.98,
            )
            continue
        if not np.isfinite(e).all():
            continue
        off = differ(e, n)
        if off.sum() >= 2 and same(e[off], -n[off]) and np.abs(n[off]).max() > 1e-6:
            yield Diagnosis(
                "sign",
                f"Some entries of the gradient of {case.say(a)} have the wrong sign.",
                f"{off.sum()} entries are −1 × right, the others right; {case.example(a)}.",
                0.9,
            )


def factor(case: Case) -> Iterator[Diagnosis]:
    """The right gradient times a number."""
    for a in case.wrong:
        k = ratio(case.claimed[a], case.numeric[a])
        if k is not None and abs(k + 1) > 1e-5 and abs(k - 1) > 5e-5:
            yield Diagnosis(
                "factor",
                f"The gradient of {case.say(a)} is {k:.6g} times the right one{_meaning(case, a, k)}.",
                f"the ratio is {k:.8g} in every entry; {case.example(a)}.",
                0.96,
            )
            continue
        off = differ(case.claimed[a], case.numeric[a])
        k = ratio(case.claimed[a][off], case.numeric[a][off])
        if k is not None and off.sum() >= 2 and abs(k + 1) > 1e-5:
            yield Diagnosis(
                "factor",
                f"Some entries of the gradient of {case.say(a)} are {k:.6g} times the right ones{_meaning(case, a, k)}.",
                f"{off.sum()} entries are {k:.8g} × right, the others right; {case.example(a)}.",
                0.78,
            )


def _meaning(case: Case, a: int, k: float) -> str:
    """Where such a number may come from."""
    sizes: dict[int, str] = {}
    for b, x in enumerate(case.values):
        for axis, n in enumerate(x.shape):
            sizes.setdefault(n, f"the length of axis {axis} of {case.say(b)}{' (the batch?)' if axis == 0 else ''}")
        sizes.setdefault(x.size, f"the number of entries of {case.say(b)}")
    sizes.setdefault(case.y.size, "the number of outputs")
    sizes = {2: "in the derivative of a square" + (f", or {sizes[2]}" if 2 in sizes else ""), **{n: t for n, t in sizes.items() if n > 2}}
    for power, form in ((1, "{}"), (-1, "1/{}"), (0.5, "√{}"), (-0.5, "1/√{}"), (2, "{}²"), (-2, "1/{}²")):
        for n, text in sizes.items():
            if abs(abs(k) / n**power - 1) < 1e-5:
                return f": {form.format(n)}, and {n} is {text}"
    return ": is a mean a sum, a 2 lost, or a scale left out?"


def few_digits(case: Case) -> Iterator[Diagnosis]:
    """The function itself gives numbers of a smaller type."""
    point = a_little_off(case.values, case.rng)
    if not case.defined(point):
        return
    y = case.subject.forward(point)
    if digits := _rounded(y):
        yield Diagnosis(
            "precision",
            f"The function rounds its result to {digits} decimals: between its steps there is no derivative. Round nothing while checking.",
            f"every output is a multiple of 1e-{digits}.",
            1.05,
        )
    elif kind := _short(y):
        yield Diagnosis(
            "precision",
            f"The function computes in {kind}: too few digits for a derivative. Keep float64 throughout while checking.",
            f"every output is a {kind} number.",
            1.05,
        )


def _rounded(y: np.ndarray) -> int:
    """To how many decimals all these numbers are rounded, if they are; 0 if they are whole or not rounded."""
    return next((k for k in range(1, 7) if (np.round(y, k) == y).all() and (np.round(y) != y).any()), 0) if y.size > 1 else 0


def precision(case: Case) -> Iterator[Diagnosis]:
    """Right but for noise: digits are lost, and the result jumps where the function is smooth."""
    c = np.asarray(case.rng.standard_normal(case.y.shape))
    for a in case.wrong:
        e, n = case.claimed[a], case.numeric[a]
        if not np.isfinite(e).all() or not n.any():
            continue
        error = float(np.linalg.norm(e - n) / np.linalg.norm(n))
        answer = case.subject.backward(case.values, [c])[0][a]
        kind = "" if isinstance(answer, str) else _short(answer)
        evidence = f"the relative error is {error:.1e}; {case.example(a)}."
        if kind and error < 0.1:
            yield Diagnosis(
                "precision",
                f"The gradient of {case.say(a)} is computed in {kind}. Keep float64 throughout while checking.",
                f"every entry is a {kind} number; {evidence}",
                1.04,
            )
        elif error < 0.1 and (roughness := _roughness(case, a, c)) > 1:
            yield Diagnosis(
                "precision",
                f"The gradient of {case.say(a)} is right but for rounding noise: digits are lost (float32, numbers that "
                "nearly cancel, or a difference quotient in place of the derivative).",
                f"moved by a hair, it jumps {roughness:.0f} × more than rounding allows; {evidence}",
                1.03,
            )
        elif error < 3e-3 and (np.abs(e - n) <= 0.02 * np.abs(n) + 1e-9).all():
            yield Diagnosis(
                "precision",
                f"The gradient of {case.say(a)} is nearly right, but not to float64's digits: is it a difference quotient "
                "or an approximation?",
                evidence,
                0.97 if error < 5e-5 else 0.955,
            )


def _short(values: np.ndarray) -> str:
    """The smaller float type that holds all these numbers, if they are not just whole."""
    if not np.isfinite(values).all() or (values == np.round(values)).all():
        return ""
    for kind in (np.float16, np.float32):
        if (values.astype(kind).astype(float) == values).all():
            return kind.__name__
    return ""


def _roughness(case: Case, a: int, c: np.ndarray) -> float:
    """How much more the gradient jumps between neighbouring points than a smooth one computed in float64 may."""
    v = [np.abs(x).max(initial=0) * case.rng.uniform(0.5, 1, x.shape) for x in case.values]
    worst = 0.0
    for step, allowed in ((1e-7, 1e-11), (1e-4, 1e-5), (3e-3, 3e-4)):
        answers = [case.subject.backward([x + k * step * d for x, d in zip(case.values, v)], [c])[0][a] for k in range(9)]
        if any(isinstance(g, str) for g in answers):
            return 0.0
        rough = np.diff(np.array(answers), 4, axis=0)  # of a smooth gradient these shrink as step⁴
        worst = max(worst, float(np.abs(rough).max(initial=0) / (np.abs(answers[0]).max(initial=1e-300) * allowed)))
    return worst


TESTS: list[Callable[[Case], Iterator[Diagnosis]]] = [few_digits, precision, sign, factor]
