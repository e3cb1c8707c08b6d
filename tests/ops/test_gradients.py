"""Every op of the registry against differences: first order on every backend, second order too."""

import numpy as np
import pytest
import strictgpu
from gradients import check_gradients

import minidl.ops
from minidl import backend as backends
from minidl.autograd import grad
from minidl.tensor import Tensor

from .cases import Case, all_cases, ops_of_minidl

CASES = all_cases()


def named(cases):
    return [pytest.param(case, id=f"{case.name}: {case.label}") for case in cases]


def test_every_op_has_inputs():
    without = {op.name for op in ops_of_minidl()} - {case.name for case in CASES}
    assert not without, f"no inputs to test these ops with, give some in cases.py: {sorted(without)}"


def test_every_public_op_is_tested():
    public = {name for name, value in vars(minidl.ops).items() if isinstance(value, minidl.tensor.Op)}
    assert public == {op.name for op in ops_of_minidl()}


def test_no_two_cases_share_their_name():
    assert len({(case.name, case.label) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", named(CASES))
def test_gradients_of_order_1_and_2(case: Case):
    check_gradients(case, case.arrays(), order=2)


def results_and_gradients(case: Case, arrays, asarray):
    """y, its gradients and theirs."""
    xs = [Tensor(asarray(a), requires_grad=True) if a.dtype.kind == "f" else asarray(a) for a in arrays]
    leaves = [x for x in xs if isinstance(x, Tensor)]
    moves = strictgpu.module.transfers
    y = case(*xs)
    found = [y]
    if y.requires_grad:
        first = [g for g in grad(y, leaves, seed=y * 0 + 0.5, create_graph=True) if g is not None]
        found += first
        for g in first:
            if g.requires_grad:
                found += [h for h in grad(g, leaves, seed=g * 0 + 0.25, keep_graph=True) if h is not None]
    assert strictgpu.module.transfers == moves or case.name == "to", "an array moved by itself"
    assert {type(t.data) for t in found} == {backends.owner(leaves[0].data).array_type}
    return found


@pytest.mark.parametrize("backend", ["strictgpu", "cupy"], indirect=True)
@pytest.mark.parametrize("case", named(CASES))
def test_orders_1_and_2_on_every_backend(case: Case, backend):
    """Results, gradients and theirs equal NumPy's; on the strict stand-in no array moves except those the test moves."""
    arrays = case.arrays()
    here, there = (results_and_gradients(case, arrays, asarray) for asarray in (np.asarray, backend.asarray))
    assert len(here) == len(there)
    tolerance = 1e-13 if backend.name == "strictgpu" else 1e-10  # a GPU sums in another order
    for expected, found in zip(here, there):
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["sin", "tanh", "sigmoid", "softplus", "exp", "square"])
def test_third_order(name: str):
    check_gradients(getattr(minidl.ops, name), [np.array([0.4, -1.1])], order=3, draws=1)


def test_third_order_of_products():
    rng = np.random.default_rng(1)
    check_gradients(lambda a, b: (a @ b) * a, [rng.standard_normal((2, 2)), rng.standard_normal((2, 2))], order=3, draws=1)


def test_order_1_on_every_backend(backend):
    rng = np.random.default_rng(2)
    arrays = [rng.standard_normal((2, 5, 5, 2)), rng.standard_normal((3, 3, 2, 3)), rng.standard_normal(3)]

    def net(x, kernel, bias):
        y = minidl.ops.tanh(minidl.ops.conv2d(x, kernel, padding="same") + bias)
        return minidl.ops.softmax(minidl.ops.flatten(minidl.ops.max_pool2d(y)))

    check_gradients(net, arrays, asarray=backend.asarray)
