"""What wrong gradient rules (``tests/mutation``) could still get away with: each test here is the only one that notices some of them."""

import warnings

import numpy as np
import pytest
from gradients import check_gradients

from minidl import ops
from minidl.autograd import grad
from minidl.tensor import Tensor, registry

from .cases import ops_of_minidl, positive, spread

RNG_SEED = 11
FLAT = sorted(op.name for op in ops_of_minidl() if op.rule and op.rule.__code__ is registry["sign"].rule.__code__)


def test_powers_with_exponent_0_where_the_exponent_varies():
    """∂²(aᵇ)/∂a∂b = 1/a at b = 0, although ∂(aᵇ)/∂a is 0 there."""
    check_gradients(ops.power, [positive(np.random.default_rng(RNG_SEED), (3,)), np.zeros(3)], order=2)


def test_exponent_0_of_any_base():
    x = Tensor([-2.0, -1.0, 0.0, 1.0], requires_grad=True)
    (g,) = grad((x**0).sum(), x, create_graph=True)
    assert g.numpy().tolist() == [0, 0, 0, 0]
    (h,) = grad((g * g).sum(), x)
    assert h.numpy().tolist() == [0, 0, 0, 0]


def test_second_derivatives_stay_finite_at_0_to_the_0():
    a, b = Tensor([0.0], requires_grad=True), Tensor([0.0], requires_grad=True)
    da, db = grad((a**b).sum(), (a, b), create_graph=True)
    assert (da.item(), db.item()) == (0, 0)
    assert np.isfinite([h.item() for h in grad(da.sum(), (a, b))]).all()


def test_a_condition_has_no_gradient_even_if_it_is_a_float():
    condition, a = Tensor([2.0, 0.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    to_condition, to_a = grad(ops.where(condition, a, 1.0).sum(), (condition, a))
    assert to_condition is None
    assert to_a.numpy().tolist() == [1, 0]


@pytest.mark.parametrize("name", FLAT)
def test_a_flat_op_answers_with_none_for_each_input(name):
    """As `Op.vjp` says: one for each input. Comparisons give booleans, so the engine never asks them; others may."""
    inputs = [None] * (1 if name in ("ones_like", "sign", "step") else 2)
    assert registry[name].rule(None, None, *inputs) == (None,) * len(inputs)


def test_elu_at_0_has_the_slope_of_its_left_side():
    x = Tensor([0.0, -0.0], requires_grad=True)
    (g,) = grad(ops.elu(x, alpha=0.5).sum(), x)
    assert g.numpy().tolist() == [0.5, 0.5]


def test_the_mean_of_nothing_has_an_empty_gradient():
    x = Tensor(np.zeros((3, 0)), requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy: mean of an empty slice
        y = ops.mean(x, axis=1)
    (g,) = grad(y, x, seed=np.ones(3))
    assert g.shape == (3, 0)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("reduction", [ops.sum, ops.max])
def test_a_single_number_along_an_axis_is_the_number(reduction, axis):
    """NumPy takes axis 0 and −1 for an array without axes, too."""
    check_gradients(lambda x: reduction(x, axis=axis), [np.array(1.5)], order=2)


def test_a_vector_times_a_stack_of_stacks():
    rng = np.random.default_rng(RNG_SEED)
    check_gradients(ops.matmul, [spread(rng, (5,)), spread(rng, (4, 2, 5, 3))], order=2)
    check_gradients(ops.matmul, [spread(rng, (4, 2, 3, 5)), spread(rng, (5,))], order=2)


def test_a_pool_that_does_not_fit_names_height_and_width_of_the_image():
    with pytest.raises(ValueError, match=r"does not fit an image of \(3, 4\):"):
        ops.max_pool2d(np.ones((2, 3, 4, 5)), pool_size=4)
