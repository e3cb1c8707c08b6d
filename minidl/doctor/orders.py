"""The gradient of a subject as a subject of its own, so that second order is nothing but first order of a first order."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minidl import backend
from minidl.autograd import grad
from minidl.doctor.subjects import Subject, TensorFunction
from minidl.ops import concatenate
from minidl.tensor import Tensor


def gradient_of(subject: Subject, rng: np.random.Generator) -> Subject:
    """(arguments, cotangent u) ↦ the gradient of ⟨u, y⟩ for all arguments: checking its gradients is checking the next order."""
    return GradientOf(subject, rng) if isinstance(subject, TensorFunction) else GradientByDifferences(subject, rng)


class GradientOf(TensorFunction):
    """(arguments, cotangent u) ↦ the gradient of ⟨u, f⟩ for all arguments, one after the other in one vector."""

    def __init__(self, inner: TensorFunction, rng: np.random.Generator):
        u = np.asarray(rng.standard_normal(inner.forward(inner.values).shape))
        super().__init__(inner.f, [], ())
        self.inner, self.owner = inner, inner.owner
        self.names, self.values = [*inner.names, "the cotangent"], [*inner.values, u]

    def tensors(self, values: Sequence[np.ndarray]) -> list[Tensor]:
        return [*self.inner.tensors(values[:-1]), Tensor(backend.move(np.array(values[-1]), self.owner), requires_grad=True)]

    def call(self, tensors: Sequence[Tensor]) -> Tensor:
        *xs, u = tensors
        y = self.inner.call(xs)
        grads = grad(y, xs, seed=u, create_graph=True) if y.requires_grad else [None] * len(xs)
        return concatenate(*((x * 0 if g is None else g).reshape(-1) for x, g in zip(xs, grads)), axis=0)


class GradientByDifferences(Subject):
    """The gradient of a pair, whose own gradients nobody wrote: ``backward`` is taken from differences. Of G = the gradient of ⟨u, y⟩ the
    Jacobian is symmetric in the arguments (second derivatives do not depend on their order), so Jᵀc is the change of G along c, and for
    the cotangent u it is the change of y along c. This holds if backward can be differentiated, and is a gradient at all."""

    def __init__(self, inner: Subject, rng: np.random.Generator):
        u = np.asarray(rng.standard_normal(inner.forward(inner.values).shape))
        self.inner, self.names, self.values = inner, [*inner.names, "the cotangent"], [*inner.values, u]

    def forward(self, values: Sequence[np.ndarray]) -> np.ndarray:
        *xs, u = values
        (grads,) = self.inner.backward(xs, [u])
        for name, x, g in zip(self.names, xs, grads):
            if isinstance(g, str) or g.shape != x.shape:
                raise ValueError(f"the gradient of argument {name} does not have its shape")
        return np.concatenate([g.ravel() for g in grads])

    def backward(
        self, values: Sequence[np.ndarray], cotangents: Sequence[np.ndarray], before: Sequence[np.ndarray] | None = None
    ) -> list[list[Any]]:
        *xs, u = values
        ends = np.cumsum([x.size for x in xs])[:-1]
        found: list[list[Any]] = []
        for c in cotangents:
            parts = [part.reshape(x.shape) for part, x in zip(np.split(c.ravel(), ends), xs)]
            total = sum((self._along(xs, u, a, part) for a, part in enumerate(parts)), np.zeros(c.size + u.size))
            found.append([*(g.reshape(x.shape) for g, x in zip(np.split(total[: c.size], ends), xs)), total[c.size :].reshape(u.shape)])
        return found

    def _along(self, xs: Sequence[np.ndarray], u: np.ndarray, a: int, v: np.ndarray) -> np.ndarray:
        """How G and y change where argument a moves along v, by a step so small that a smaller one gives the same."""

        def quotient(h: float) -> np.ndarray:
            there = {k: [x + k * h * v if i == a else x for i, x in enumerate(xs)] for k in (-2, -1, 1, 2)}
            r = {k: np.concatenate([self.forward([*x, u]), self.inner.forward(x).ravel()]) for k, x in there.items()}
            found: np.ndarray = (8 * (r[1] - r[-1]) - (r[2] - r[-2])) / (12 * h)
            return found

        size = float(np.abs(v).max(initial=0.0))
        if not size:
            return np.zeros(sum(x.size for x in xs) + u.size)
        largest = float(np.abs(xs[a]).max(initial=0.0)) or 1.0
        found, least = quotient(1e-3 * largest / size), np.inf
        step = found
        for h in (3e-4, 1e-4, 3e-5, 1e-5):
            step, before = quotient(h * largest / size), step
            if (difference := float(np.abs(step - before).sum())) < least:
                found, least = before, difference
            if least <= 1e-7 * np.abs(found).sum():
                break
        return found
