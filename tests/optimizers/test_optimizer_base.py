"""What all optimisers share: the contract of apply and step, and their state."""
import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import ops, optimizers
from minidl.optimizers import schedules
from minidl.tensor import Tensor

ALL: list[Any] = [
    lambda: optimizers.SGD(0.1),
    lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    lambda: optimizers.Momentum(schedules.ExponentialDecay(0.1, 2, 0.5), clipnorm=0.5),
    lambda: optimizers.Adagrad(0.1),
    lambda: optimizers.RMSprop(0.1, momentum=0.5, centered=True, global_clipnorm=1.0),
    lambda: optimizers.Adam(0.1, amsgrad=True),
    lambda: optimizers.AdamW(0.1, clipvalue=0.5),
]


def _params(dtype: str = "float32") -> list[Tensor]:
    rng = np.random.default_rng(0)
    return [Tensor(rng.standard_normal(shape).astype(dtype), requires_grad=True, name=name) for name, shape in (("k", (3, 2)), ("b", (2,)))]


def _grads(step: int) -> list[np.ndarray]:
    rng = np.random.default_rng(100 + step)
    return [rng.standard_normal(shape).astype("float32") for shape in ((3, 2), (2,))]


# ---------------------------------------------------------------- apply and step


@pytest.mark.parametrize("make", ALL)
def test_apply_changes_the_arrays_in_place_and_nothing_else(make: Any) -> None:
    params, grads, made = _params(), _grads(0), make()
    before = [(w.data, w.version, w.numpy().copy()) for w in params]
    kept = [g.copy() for g in grads]
    params[0].grad = Tensor(np.ones((3, 2)))
    grad = params[0].grad
    made.apply([Tensor(grads[0]), grads[1]], params)
    for w, (array, version, values) in zip(params, before):
        assert w.data is array
        assert w.version == version + 1
        assert w.dtype == np.float32
        assert not np.array_equal(w.data, values)
    assert params[0].grad is grad
    assert params[1].grad is None
    assert all(np.array_equal(g, k) for g, k in zip(grads, kept))
    assert made.iterations == 1


@pytest.mark.parametrize("make", ALL)
def test_step_does_what_apply_does_and_clears_the_gradients(make: Any) -> None:
    by_step, by_apply, a, b = _params(), _params(), make(), make()
    for step in range(3):
        for w, g in zip(by_step, _grads(step)):
            w.grad = Tensor(g)
        a.step(iter(by_step))
        b.apply(_grads(step), by_apply)
        assert all(w.grad is None for w in by_step)
    assert all(np.array_equal(v.data, w.data) for v, w in zip(by_step, by_apply))


def test_minimizes() -> None:
    for make in ALL:
        w, made = Tensor(np.array([3.0, -2.0]), requires_grad=True), make()
        first = float(ops.sum(w * w))
        for _ in range(30):
            loss = ops.sum(w * w)
            loss.backward()  # type: ignore[attr-defined]
            made.step([w])
        assert float(ops.sum(w * w)) < first


def test_a_graph_that_used_the_old_values_says_so() -> None:
    w = Tensor(np.ones(2), requires_grad=True)
    loss = ops.sum(w * w)
    optimizers.SGD().apply([np.ones(2)], [w])
    with pytest.raises(RuntimeError, match=r"multiply"):
        loss.backward()  # type: ignore[attr-defined]


def test_parameters_without_a_gradient() -> None:
    k, b = _params()
    made, start = optimizers.Adam(), b.numpy().copy()
    with pytest.warns(UserWarning, match="no gradient for b"):
        made.apply([_grads(0)[0], None], [k, b])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.apply([_grads(1)[0], None], [k, b])  # said once
    assert np.array_equal(b.data, start)
    assert b.version == 0
    with pytest.raises(ValueError, match=r"no gradient for any parameter \(k, b\)"):
        made.apply([None, None], [k, b])
    assert made.iterations == 2
    with pytest.raises(RuntimeError, match=r"call backward\(\) first"):
        made.step([k, b])
    k.grad = Tensor(_grads(0)[0])
    made.step([k, b])
    assert (made.iterations, b.version) == (3, 0)
    made.apply([], [])
    made.step([])
    assert made.iterations == 3


@pytest.mark.parametrize(
    ("grads", "message"),
    [
        ([np.ones((3, 2))], "expected one gradient for each of the 2 parameters; got 1"),
        ([np.ones((3, 2)), np.ones((2, 1))], r"the gradient of b must have its shape \(2,\); got \(2, 1\)"),
        ([np.ones((3, 2)), 1.0], r"the gradient of b must have its shape \(2,\); got \(\)"),
    ],
)
def test_gradients_that_do_not_fit_change_nothing(grads: Any, message: str) -> None:
    params, made = _params(), optimizers.Adam()
    before = [w.numpy().copy() for w in params]
    with pytest.raises(ValueError, match=message):
        made.apply(grads, params)
    assert all(np.array_equal(w.data, values) for w, values in zip(params, before))
    assert made.iterations == 0


def test_parameters_that_are_none() -> None:
    made, w = optimizers.SGD(), Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(TypeError, match="expected a list of parameters; got one Tensor of shape"):
        made.apply([np.ones(2)], w)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="parameter 0 must be a Tensor of floats; got float64"):
        made.apply([np.ones(2)], [np.ones(2)])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="parameter 1 must be a Tensor of floats; got int64"):
        made.apply([np.ones(2)] * 2, [w, Tensor(np.arange(2))])
    with pytest.raises(ValueError, match="once only; got parameter 2 again"):
        made.apply([np.ones(2)] * 3, [w, Tensor(np.ones(5)), w])


def test_gradients_of_another_dtype_or_backend(backend: Any) -> None:
    w = Tensor(backend.asarray(np.ones(2, np.float32)), requires_grad=True)
    optimizers.SGD(0.5).apply([backend.asarray(np.ones(2))], [w])
    assert w.dtype == np.float32
    assert np.array_equal(backend.to_numpy(w), [0.5, 0.5])
    if backend.name != "numpy":
        with pytest.raises(TypeError, match=f"numpy and {backend.name}"):
            optimizers.SGD().apply([np.ones(2, np.float32)], [w])


# ---------------------------------------------------------------- state


@pytest.mark.parametrize("make", ALL)
@given(before=st.integers(0, 4), after=st.integers(1, 3))
def test_resuming_is_bit_exact(make: Any, before: int, after: int) -> None:
    params, made = _params(), make()
    for step in range(before):
        made.apply(_grads(step), params)
    saved, weights = made.state_arrays(params), [w.numpy().copy() for w in params]
    resumed, again = [Tensor(w, requires_grad=True) for w in weights], make()
    again.load_state_arrays(resumed, saved, np.int64(made.iterations))
    kept = [array.copy() for array in saved]
    for step in range(before, before + after):
        made.apply(_grads(step), params)
        again.apply(_grads(step), resumed)
    assert all(np.array_equal(v.data, w.data) for v, w in zip(params, resumed))
    assert all(np.array_equal(a, b) for a, b in zip(made.state_arrays(params), again.state_arrays(resumed)))
    assert all(np.array_equal(a, b) for a, b in zip(saved, kept)), "saved arrays are copies"
    assert again.iterations == before + after
    assert type(again.iterations) is int


def test_state_belongs_to_the_parameter_not_to_its_place() -> None:
    (k, b), (k2, b2) = _params(), _params()
    one, other = optimizers.Adam(), optimizers.Adam()
    for step in range(3):
        gk, gb = _grads(step)
        one.apply([gk, gb], [k, b])
        other.apply([gb, gk], [b2, k2]) if step % 2 else other.apply([gk, gb], [k2, b2])
    assert np.array_equal(k.data, k2.data)
    assert np.array_equal(b.data, b2.data)
    assert [a.shape for a in one.state_arrays([b, k])] == [(2,), (2,), (3, 2), (3, 2)]


def test_state_that_does_not_fit() -> None:
    params, made = _params(), optimizers.Adam()
    arrays = made.state_arrays(params)
    assert all(array.dtype == np.float32 and not array.any() for array in arrays)
    with pytest.raises(ValueError, match="Adam has 4 state arrays for 2 parameters; got 3"):
        made.load_state_arrays(params, arrays[:3], 1)
    with pytest.raises(ValueError, match=r"the momentum of k must have its shape \(3, 2\); got \(2,\)"):
        made.load_state_arrays(params, arrays[::-1], 1)
    for wrong in (-1, 1.5, True):
        with pytest.raises(ValueError, match="iterations must be a whole number ≥ 0; got"):
            made.load_state_arrays(params, arrays, wrong)  # type: ignore[arg-type]


def test_moving_the_state(backend: Any) -> None:
    params, made = _params(), optimizers.Adam()
    made.apply(_grads(0), params)
    expected_state = made.state_arrays(params)
    stay, other = copy.deepcopy((params, made))
    for w in params:
        w.data = backend.asarray(w.data)
    assert made.to(backend.name) is made
    made.apply([backend.asarray(g) for g in _grads(1)], params)
    other.apply(_grads(1), stay)
    for v, w in zip(params, stay):
        np.testing.assert_allclose(backend.to_numpy(v), w.data, rtol=1e-6)
    made.load_state_arrays(params, expected_state, 1)
    assert all(np.array_equal(a, b) for a, b in zip(made.state_arrays(params), expected_state))
    made.apply([backend.asarray(g) for g in _grads(1)], params)


def test_copies_and_pickles_carry_the_state() -> None:
    params, made = _params(), optimizers.Adam()
    made.apply(_grads(0), params)
    try:
        twin_params, twin = pickle.loads(pickle.dumps((params, made)))
    except TypeError:
        twin_params, twin = copy.deepcopy((params, made))
    for group, one in ((params, made), (twin_params, twin)):
        one.apply(_grads(1), group)
    assert all(np.array_equal(v.data, w.data) for v, w in zip(params, twin_params))
