"""Every op that has a kernel, with the inputs of the tests of ops: the kernel gives the op's numbers, and its gradients of both orders."""
import numpy as np
import pytest
from gradients import check_gradients
from ops.cases import Case, all_cases

import minidl
from minidl.tensor import registry

from .comparing import assert_equal

CASES = [pytest.param(case, id=f"{case.name}: {case.label}") for case in all_cases() if "numpy" in registry[case.name].kernels]


def test_there_are_cases_for_every_kernel():
    assert {case.values[0].name for case in CASES} == {op.name for op in registry.values() if "numpy" in op.kernels}


@pytest.mark.parametrize("case", CASES)
def test_the_kernel_equals_the_op(case: Case):
    assert_equal(case, case.arrays(), expect_kernel=False)


@pytest.mark.parametrize("case", CASES)
def test_gradients_of_order_1_and_2(case: Case):
    """As of the readable ops: the kernel's gradient, and that of what the engine takes in its place where gradients get gradients."""
    check_gradients(case, case.arrays(), order=2)


def test_every_kernel_is_reached_and_answers_with_one_gradient_for_each_input():
    """So that the tests above are not of the readable ops alone."""
    reached = set()
    for case in (parameter.values[0] for parameter in CASES):
        y = case(*[minidl.Tensor(a, requires_grad=True) if isinstance(a, np.ndarray) else a for a in case.arrays()])
        if y.node is not None and y.node.kernel is not None and y.node.op.name == case.name:
            reached.add(case.name)
            _check_the_gradients_one_by_one(y, [x is not None for x in y.node.inputs])
    assert reached == {case.values[0].name for case in CASES}


def _check_the_gradients_one_by_one(y, given):
    everything = y.node.kernel.vjp(np.ones(y.shape), y.node.saved, given)
    assert len(everything) == len(given)
    for i in np.flatnonzero(given):
        one = y.node.kernel.vjp(np.ones(y.shape), y.node.saved, [i == j for j in range(len(given))])
        assert [a is not None for a in one] == [i == j for j in range(len(given))]
        np.testing.assert_allclose(one[i], everything[i], rtol=1e-12, atol=1e-12)
