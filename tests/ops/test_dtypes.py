"""float32 in, float32 out, through every op and every gradient; other dtypes, byte orders and memory orders."""

import numpy as np
import pytest

from minidl import ops
from minidl.autograd import grad
from minidl.tensor import Tensor

from .cases import Case, all_cases

CASES = [case for case in all_cases() if case.name not in ("astype", "to")]
NOT_FLOAT16 = {"crossentropy", "binary_crossentropy"}  # 1 − 1e-7 is 1 in float16: they take probabilities of at least float32
BOOLEAN = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}


def named(cases):
    return [pytest.param(case, id=f"{case.name}: {case.label}") for case in cases]


def leaf(array):
    """A Tensor that requires a gradient and still has this very array: the constructor's copy would be contiguous."""
    x = Tensor(array, requires_grad=True)
    if array.dtype.isnative:
        x.data = array
    return x


def run(case, dtype, change=lambda a: a):
    xs = [leaf(change(a.astype(dtype))) if a.dtype.kind == "f" else a for a in case.arrays()]
    leaves = [x for x in xs if isinstance(x, Tensor)]
    y = case(*xs)
    grads = grad(y, leaves, seed=np.ones(y.shape), create_graph=True) if y.requires_grad else (None,) * len(leaves)
    return y, leaves, grads


@pytest.mark.parametrize("case", named(CASES))
def test_a_float_dtype_stays(case: Case):
    for dtype in (np.float32,) if case.name in NOT_FLOAT16 else (np.float32, np.float16):
        stays(case, dtype)


def stays(case: Case, dtype):
    y, leaves, grads = run(case, dtype)
    whole = case.label == "exponents 0, 1, 2, 3"  # NumPy makes float64 of float32 and int64; the gradient is float32 again
    assert whole or y.dtype == (bool if case.name in BOOLEAN else dtype)
    for x, g in zip(leaves, grads):
        assert g is None or (g.dtype == x.dtype == dtype and g.shape == x.shape)
    exact, _, exact_grads = run(case, np.float64)
    tolerance = 2e-4 if dtype is np.float32 else 0.1
    if case.name not in BOOLEAN:
        np.testing.assert_allclose(y.numpy(), exact.numpy(), rtol=tolerance, atol=tolerance)
    for g, e in zip(grads, exact_grads):
        assert (g is None) == (e is None)
        if g is not None:
            np.testing.assert_allclose(g.numpy(), e.numpy(), rtol=tolerance, atol=tolerance * max(1, np.abs(e.numpy()).max(initial=0)))


NUMBERS = [2, 2.5, True, np.float64(2.5), np.int64(2), np.float32(2.5), np.sqrt(2), np.bool_(True)]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: f"{type(n).__name__} {n}")
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "dropout"])
def test_numbers_never_promote(name, number):
    x = Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    op = getattr(ops, name)
    for y in op(x, number), op(number, x):
        if name == "subtract" and isinstance(number, (bool, np.bool_)):
            number = 1
        assert y.dtype == np.float32
        (g,) = grad(y.sum(), x)
        assert g is None or g.dtype == np.float32


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: f"{type(n).__name__} {n}")
def test_numbers_never_promote_in_a_choice(number):
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    assert ops.where(np.array([True, False]), x, number).dtype == np.float32
    assert ops.where(np.array([True, False]), number, x).dtype == np.float32


def test_a_larger_dtype_promotes_and_the_gradient_comes_back():
    x, w = Tensor(np.ones(2, np.float32), requires_grad=True), Tensor(np.ones(2), requires_grad=True)
    y = x * w
    assert y.dtype == np.float64
    assert [g.dtype for g in grad(y.sum(), (x, w))] == [np.float32, np.float64]


def strided(a):
    wide = np.zeros((*a.shape[:-1], a.shape[-1] * 2), a.dtype) if a.ndim else a
    return a if not a.ndim else np.copyto(wide[..., ::2], a) or wide[..., ::2]


LAYOUTS = {
    "Fortran order": lambda a: np.array(a, order="F"),
    "every other number": strided,
    "backwards": lambda a: a[::-1].copy()[::-1] if a.ndim else a,
    "the other byte order": lambda a: a.astype(a.dtype.newbyteorder("S")),
    "read-only": lambda a: (a.setflags(write=False), a)[1],
}


@pytest.mark.parametrize("case", named(CASES))
def test_the_layout_in_memory_changes_no_number(case: Case):
    plain, _, expected = run(case, np.float64)
    for layout, change in LAYOUTS.items():
        y, leaves, found = run(case, np.float64, change)
        np.testing.assert_allclose(y.numpy(), plain.numpy(), rtol=1e-14, atol=1e-15, err_msg=layout)
        for x, e, f in zip(leaves, expected, found):
            assert (e is None) == (f is None)
            if f is not None:
                assert f.dtype == x.dtype == np.float64
                np.testing.assert_allclose(f.numpy(), e.numpy(), rtol=1e-13, atol=1e-14, err_msg=layout)
