"""Every op of the registry against differences: first order on every backend, second order too."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("case", named(CASES))
def test_nothing_leaves_the_device_by_itself(case: Case):
    """On the strict stand-in: the gradients, and theirs, equal NumPy's, and no array moves except those the test moves."""
    import strictgpu

    gpu = strictgpu.module
    arrays = case.arrays()
    results = []
    for asarray in (np.asarray, gpu.asarray):
        xs = [Tensor(asarray(a), requires_grad=True) if a.dtype.kind == "f" else asarray(a) for a in arrays]
        leaves = [x for x in xs if isinstance(x, Tensor)]
        before = gpu.transfers
        y = case(*xs)
        results.append([y])
        if y.requires_grad:
            first = [g for g in grad(y, leaves, seed=y * 0 + 0.5, create_graph=True) if g is not None]
            results[-1] += first
            for g in first:
                if g.requires_grad:
                    results[-1] += [h for h in grad(g, leaves, seed=g * 0 + 0.25, keep_graph=True) if h is not None]
        moved = gpu.transfers - before
        assert moved == 0 or case.name == "to"
        assert {type(t.data) for t in results[-1]} == {backends.owner(leaves[0].data).array_type}
    assert len(results[0]) == len(results[1])
    for expected, found in zip(*results):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-13, atol=1e-13)


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
