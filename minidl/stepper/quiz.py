"""Predict, then reveal: is a number that somebody typed the gradient, and if not, what does the slip look like?"""
import re
from dataclasses import dataclass

import numpy as np

from minidl.backend import to_numpy
from minidl.stepper.steps import Backward

MOST_ENTRIES = 9  # of a gradient that somebody is asked for
FACTORS = {2.0: "2", 0.5: "½", 3.0: "3", 1 / 3: "⅓", 4.0: "4", 0.25: "¼", 10.0: "10", 0.1: "1/10"}


@dataclass(frozen=True)
class Answer:
    """What is said about a prediction."""

    right: bool
    slip: str  # "right", "sign", "factor", "transposed", "rounding", "upstream", "local", "shape", "unreadable", "unknown"
    hint: str


def asked_for(step: Backward) -> int | None:
    """Which input's gradient is asked for: the first that is wanted and has few entries; None if there is none."""
    for i, own in enumerate(step.grads):
        if own is not None and 0 < own.size <= MOST_ENTRIES:
            return i
    return None


def numbers(typed: str) -> np.ndarray | None:
    """What was typed, as an array: "0.5", "[1, 2; 3, 4]", "[[1, 2], [3, 4]]", "1 2 3"; None if it cannot be read."""
    rows = [row for row in re.split(r"[;\n]|\]\s*,?\s*\[", typed.replace("−", "-")) if row.strip(" []")]
    try:
        read = [[_number(word) for word in re.split(r"[\s,\[\]()]+", row) if word] for row in rows]
    except ValueError:
        return None
    if not read or len({len(row) for row in read}) != 1:
        return None
    return np.array(read if len(read) > 1 else read[0] if len(read[0]) > 1 else read[0][0])


def _number(word: str) -> float:
    top, slash, bottom = word.partition("/")
    return float(top) / float(bottom) if slash and float(bottom) else float(top if not slash else "nothing")


def check_prediction(step: Backward, typed: str, tolerance: float = 0.01) -> Answer:
    """Compare what was typed with the gradient that `asked_for` names. ``tolerance`` is relative to the largest entry."""
    i = asked_for(step)
    if i is None:
        raise ValueError(f"this step of {step.op.name} has no gradient of at most {MOST_ENTRIES} entries to ask for")
    own = step.grads[i]
    assert own is not None
    truth = to_numpy(own).astype(float)
    guess = numbers(typed)
    if guess is None:
        return Answer(False, "unreadable", "Type numbers: 0.5, or 1/3, or [1, 2, 3], or rows with ; between: [1, 2; 3, 4].")
    if guess.size != truth.size:
        wanted = "one number" if truth.size == 1 else f"{truth.size} numbers, of shape {truth.shape}"
        return Answer(False, "shape", f"A gradient has the shape of its input: {wanted}.")
    if _near(guess.ravel(), truth.ravel(), tolerance):
        return Answer(True, "right", "Right.")
    return _slip(guess, truth, to_numpy(step.g).astype(float), tolerance)


def _near(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return False
    largest = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    return bool(np.allclose(a, b, rtol=0, atol=tolerance * largest if largest else 1e-9, equal_nan=True))


def _slip(guess: np.ndarray, truth: np.ndarray, g: np.ndarray, tolerance: float) -> Answer:
    a, b = guess.ravel(), truth.ravel()
    if _near(-a, b, tolerance):
        return Answer(False, "sign", "The size is right, the sign is not: look for a minus in the local derivative.")
    if a.size > 1 and min(truth.shape) > 1 and truth.ndim == 2:
        turned = guess.reshape(truth.shape[::-1]).T if guess.ndim != 2 or guess.shape != truth.shape else None
        square = guess.T if guess.ndim == 2 and guess.shape == truth.shape and guess.shape[0] == guess.shape[1] else turned
        if square is not None and _near(square.ravel(), b, tolerance):
            return Answer(False, "transposed", "The right numbers, but rows and columns are exchanged: a product needs a transpose.")
    if a.size > 1 and _near(np.sort(a), np.sort(b), tolerance):
        return Answer(False, "transposed", "The right numbers, at the wrong places.")
    if _near(a, b, max(0.05, 5 * tolerance)):
        return Answer(False, "rounding", "Almost: more digits are needed.")
    if g.size == a.size and _near(a, g.ravel(), tolerance):
        return Answer(False, "upstream", "That is the upstream gradient: multiply it by the local derivative.")
    if g.size in (1, b.size) and np.all(g != 0):
        with np.errstate(all="ignore"):
            local = b / (g.ravel() if g.size == b.size else g.ravel()[0])
        if _near(a, local, tolerance):
            return Answer(False, "local", "That is the local derivative alone: multiply it by the upstream gradient.")
    with np.errstate(all="ignore"):
        ratios = (a / b)[(b != 0) & np.isfinite(b)]
    if ratios.size and np.isfinite(ratios).all() and ratios[0] and np.allclose(ratios, ratios[0], rtol=2 * tolerance):
        ratio = float(ratios[0])
        known = next((name for factor, name in FACTORS.items() if np.isclose(abs(ratio), factor, rtol=2 * tolerance)), "")
        if known or a.size > 1:  # of one number, every other is a multiple
            also = ", and the sign is wrong" if ratio < 0 else ""
            times = known or f"{abs(ratio):.3g}"
            return Answer(False, "factor", f"It is {times} times the gradient{also}: a factor is missing, or one too many.")
    return Answer(False, "unknown", "Not that: multiply the upstream gradient by the local derivative of this op.")
