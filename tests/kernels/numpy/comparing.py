"""A kernel against its readable form: the value, and every gradient."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import minidl
from minidl import Tensor
from minidl.kernels.numpy.memory import forget_scratch

TOLERANCE = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-12}  # relative to the largest magnitude in the array


def results(f: Callable[..., Tensor], arrays: list[Any], seed: int = 0) -> list[Any]:
    """The value and the gradients of every float array for a random cotangent; or the error."""
    tensors = [Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in arrays]
    wanted = [t for t in tensors if isinstance(t, Tensor)]
    try:
        y = f(*tensors)
        g = np.random.default_rng(seed).integers(-4, 5, y.shape).astype(y.dtype) / 4
        grads = minidl.grad(y, wanted, seed=g) if y.requires_grad else []
    except (ValueError, TypeError) as error:
        return [str(error)]
    return [y.numpy(), *(None if grad is None else grad.numpy() for grad in grads)]


@contextmanager
def dirty_memory() -> Iterator[None]:
    """Memory that nobody has written yet is nan (and True), so that a kernel which forgets to write some is noticed."""
    forget_scratch()
    with pytest.MonkeyPatch.context() as patch:
        right = np.empty

        def empty(*args: Any, **keywords: Any) -> np.ndarray:
            made = right(*args, **keywords)
            made.reshape(-1).view(np.uint8)[...] = 255
            return made

        patch.setattr(np, "empty", empty)
        yield


def assert_equal(f: Callable[..., Tensor], arrays: list[Any], exactly: bool = False, expect_kernel: bool = True) -> list[Any]:
    """``exactly``: for numbers that add up without rounding. ``expect_kernel``: whether a kernel must have made the value."""
    with dirty_memory():
        fast = results(f, arrays)
    with minidl.reference_only():
        plain = results(f, arrays)
    assert len(fast) == len(plain)
    of_all = max([0.0, *(np.nan_to_num(np.abs(b)).max(initial=0) for b in plain if isinstance(b, np.ndarray))])
    for a, b in zip(fast, plain):
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
            assert a.shape == b.shape and a.dtype == b.dtype
            assert np.array_equal(np.isnan(a), np.isnan(b))
            largest = max(np.nan_to_num(np.abs(b)).max(initial=0), of_all / 100)  # a sum may be nothing but what rounding left
            error = np.nan_to_num(np.abs(a - b)).max(initial=0)
            assert error <= (0 if exactly else TOLERANCE.get(str(a.dtype), 0) * largest), (error, largest)
        else:
            assert a == b
    if expect_kernel and isinstance(fast[0], np.ndarray):
        tensors = [Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in arrays]
        assert f(*tensors).node.kernel is not None, "the kernel handed back"
    return fast


def dyadic(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Small multiples of ½: sums and products of them are exact, and ties are frequent."""
    return rng.integers(-3, 4, shape).astype(dtype) / 2
