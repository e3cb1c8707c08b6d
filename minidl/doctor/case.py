"""What the doctor looks at: the Jacobian that the differences give, and the one that the claimed gradients amount to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from minidl.doctor.differences import affordable, jacobian
from minidl.doctor.examination import far, has_values
from minidl.doctor.smaller import SMALL
from minidl.doctor.subjects import Argument, Subject

CALLS = 10_000  # of the function that a hypothesis may make, at most; fewer if it handles many numbers
Values = Sequence[np.ndarray]


class Diagnosis(NamedTuple):
    """One kind of mistake that explains what was found."""

    kind: str
    sentence: str
    evidence: str
    score: float = 0.0


class OutOfCalls(Exception):
    """The function was called often enough."""


def same(a: np.ndarray, b: np.ndarray, tolerance: float = 3e-6) -> bool:
    """Equal but for the error of differences."""
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return False
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return bool(np.abs(a - b).max(initial=0) <= tolerance * largest + 1e-9)


@dataclass
class Case:
    """A wrong gradient at one point. ``first``: the point where the function was called first."""

    subject: Subject
    values: list[np.ndarray]
    first: Values
    rng: np.random.Generator
    entries: list[list[int]] = field(init=False)  # of each argument, those in its Jacobian: all if it is small
    calls: int = field(init=False)  # that are left for this hypothesis

    def __post_init__(self) -> None:
        few = affordable(self.subject, 2 * len(self.values), SMALL)
        self.begin()
        self.entries = [
            list(range(x.size)) if x.size <= few else sorted(int(i) for i in self.rng.choice(x.size, min(few, 64), replace=False))
            for x in self.values
        ]

    def begin(self) -> None:
        """A new hypothesis."""
        self.calls = min(CALLS, 5 * affordable(self.subject, 1, CALLS))

    @cached_property
    def y(self) -> np.ndarray:
        return self.subject.forward(self.values)

    @cached_property
    def cotangents(self) -> np.ndarray:
        """The rows of the Jacobians: every output by itself, if they are few; else random mixtures."""
        n = self.y.size
        return np.eye(n) if self.few_outputs else self.rng.standard_normal((4, n))

    @property
    def few_outputs(self) -> bool:
        return self.y.size <= affordable(self.subject, 1, SMALL)

    def whole(self, a: int) -> bool:
        """Whether the Jacobians of argument a are complete, one row an output."""
        return self.few_outputs and len(self.entries[a]) == self.values[a].size

    def numeric_at(self, values: Values, a: int) -> np.ndarray:
        """The rows' derivatives with respect to the entries of argument a, by differences. `OutOfCalls` if there was enough of that."""
        found: np.ndarray = self.cotangents @ self.jacobian(values, a)
        return found

    def jacobian(self, values: Values, a: int) -> np.ndarray:
        """dy/dx for the entries of argument a."""
        if self.calls <= 0:
            raise OutOfCalls
        self.calls -= 8 * len(self.entries[a])
        return jacobian(self.subject, values, a, self.entries[a])

    def claimed_at(self, values: Values) -> list[np.ndarray]:
        """The same as the gradients have it; what they say for a cotangent of zero is taken off, so that a forgotten g shows."""
        n = len(self.cotangents)
        cs = [c.reshape(self.y.shape) for c in (*self.cotangents, np.zeros(self.y.size))]
        rows = self.subject.backward(values, cs)
        found = []
        for a, x in enumerate(values):
            if any(isinstance(row[a], str) or row[a].shape != x.shape for row in rows):
                found.append(np.full((n, len(self.entries[a])), np.nan))
            else:
                flat = np.array([row[a].ravel()[self.entries[a]] for row in rows]).reshape(n + 1, -1)
                found.append(flat[:-1] - flat[-1])
        return found

    @cached_property
    def numeric(self) -> list[np.ndarray]:
        return [self.numeric_at(self.values, a) for a in range(len(self.values))]

    @cached_property
    def claimed(self) -> list[np.ndarray]:
        return self.claimed_at(self.values)

    @cached_property
    def wrong(self) -> list[int]:
        """The arguments whose gradients are wrong."""
        return [a for a in range(len(self.values)) if not same(self.claimed[a], self.numeric[a])]

    @cached_property
    def other(self) -> list[np.ndarray]:
        """Another point, where the function has values."""
        return far(self.subject, self.values, self.rng)

    def special(self) -> Iterator[tuple[list[np.ndarray], str]]:
        """Points where the function has values and one argument is 0, or equal to another one; and how to speak of it."""
        for a, x in enumerate(self.values):
            for other, text in [(0 * x, "0"), *((v, self.say(b)) for b, v in enumerate(self.values) if b != a and v.shape == x.shape)]:
                there = [other if b == a else v for b, v in enumerate(self.values)]
                if self.defined(there):
                    yield there, f"{self.say(a)} is {text}"

    def defined(self, values: Values) -> bool:
        return has_values(self.subject, values)

    def name(self, a: int) -> Argument:
        return self.subject.names[a]

    def say(self, a: int) -> str:
        """How to speak of an argument."""
        name = self.name(a)
        return f"argument {name}" if isinstance(name, int) else str(name)

    def example(self, a: int, mask: Any = None) -> str:
        """The entry that differs most, in numbers."""
        e, n = self.claimed[a], self.numeric[a]
        difference = np.where(True if mask is None else mask, np.abs(e - n), -1.0)
        k, i = (int(p) for p in np.unravel_index(int(np.argmax(difference)), difference.shape))
        entry = tuple(int(p) for p in np.unravel_index(self.entries[a][i], self.values[a].shape))
        output = f"dy{[int(p) for p in np.unravel_index(k, self.y.shape)]}" if self.few_outputs and self.y.ndim else "dy"
        return f"{self.say(a)}: {output}/dx{list(entry) or ''} is {n[k, i]:.6g}, the gradient says {e[k, i]:.6g}"


def support(j: np.ndarray) -> np.ndarray:
    """Where a Jacobian is not 0."""
    found: np.ndarray = np.abs(j) > 1e-6 * np.abs(j).max(initial=0) + 1e-10
    return found


def ranks(j: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Of each output's derivatives by a matrix, the rank."""
    found: np.ndarray = np.linalg.matrix_rank(j.reshape(len(j), *shape), tol=1e-5 * np.abs(j).max(initial=1e-300))
    return found


def diagonal(j: np.ndarray) -> np.ndarray | None:
    """What each entry does, if it does that by itself: the diagonal of a diagonal Jacobian, or the one row of a sum's. Else None."""
    alone = j.shape[0] == j.shape[1] and not support(j)[~np.eye(len(j), dtype=bool)].any()
    found: np.ndarray = j.ravel() if len(j) == 1 else np.diag(j)
    return found if alone or len(j) == 1 else None


def matrices(case: Case) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """The wrong arguments with their whole Jacobians, claimed and numeric; those that are zero or not finite are left out."""
    for a in case.wrong:
        e, n = case.claimed[a], case.numeric[a]
        if case.whole(a) and np.isfinite(e).all() and e.any() and e.size:
            yield a, e, n
