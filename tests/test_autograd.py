"""The walk back: grad, backward and backward_steps, what they forget and keep, and what they say when something is wrong."""

import gc
import weakref

import numpy as np
import pytest
from gradients import check_gradients
from hypothesis import given, settings
from hypothesis import strategies as st

from minidl import ops
from minidl.autograd import Step, backward_steps, grad
from minidl.switches import no_grad, recording, reference_only, switch
from minidl.tensor import Composite, Kernel, Op, Tensor, composite, op, registry


def leaf(*values, **options):
    return Tensor(np.array(values[0] if len(values) == 1 else values, float), requires_grad=True, **options)


# ---------------------------------------------------------------- backward


def test_backward_gives_the_derivative(backend):
    w = Tensor(backend.asarray([1.0, 2.0]), requires_grad=True)
    assert ((w * w).sum() * 3).backward() is None
    assert isinstance(w.grad, Tensor)
    assert not w.grad.requires_grad
    assert backend.to_numpy(w.grad).tolist() == [6, 12]


def test_backward_adds_and_zero_grad_clears():
    w = leaf(3.0)
    (w * w).backward()
    (2 * w).backward()
    assert w.grad.item() == 8
    w.zero_grad()
    assert w.grad is None


def test_adding_to_a_gradient_leaves_the_earlier_one_alone():
    w = leaf(3.0)
    (w * w).backward()
    first = w.grad
    (w * w).backward()
    assert (first.item(), w.grad.item()) == (6, 12)


def test_backward_with_a_gradient_of_y():
    for seed in [1.0, 10.0], np.array([1, 10]), Tensor([1.0, 10.0]), np.array([1, 10], np.float32):
        w = leaf(2.0, 3.0)
        (w * w).backward(seed)
        assert w.grad.dtype == np.float64
        assert w.grad.numpy().tolist() == [4, 60]


def test_only_leaves_get_a_grad():
    w = leaf(2.0)
    y = w * 3
    z = y * y
    z.backward()
    assert (y.grad, z.grad) == (None, None)
    assert w.grad.item() == 36


def test_backward_of_one_number_in_a_larger_shape():
    w = leaf([[2.0]])
    (w * w).backward()
    assert w.grad.numpy().tolist() == [[4]]


@pytest.mark.parametrize("shape", [(2,), (3, 1), (0,)])
def test_backward_of_many_numbers_names_the_shape(shape):
    y = Tensor(np.ones(shape), requires_grad=True) * 2
    with pytest.raises(ValueError, match=rf"one number, y has shape \({shape[0]},"):
        y.backward()
    with pytest.raises(ValueError, match="one number, y has shape"):
        grad(y, y)


@pytest.mark.parametrize("seed", [[1.0], np.ones((2, 1)), 1.0])
def test_a_gradient_of_another_shape_is_refused(seed):
    with pytest.raises(ValueError, match=r"y's shape \(2,\)"):
        (leaf(1.0, 2.0) * 2).backward(seed)


@pytest.mark.parametrize("y", [Tensor(1.0), Tensor(1.0, requires_grad=True), Tensor(2) * 3])
def test_backward_of_what_nothing_was_recorded_for(y):
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        y.backward()


def test_backward_of_what_was_made_without_recording():
    with no_grad():
        y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="nothing was recorded"):
        y.backward()


# ---------------------------------------------------------------- grad


def test_grad_touches_no_grad():
    a, b = leaf(2.0), leaf(3.0)
    da, db = grad(a * a * b, (a, b))
    assert (da.item(), db.item(), a.grad, b.grad) == (12, 4, None, None)
    assert type(grad(a * a, a)) is tuple
    assert grad(a * b, [b])[0].item() == 2


def test_none_for_what_y_does_not_depend_on():
    a, b, c = leaf(2.0), leaf(3.0), leaf(4.0)
    later = leaf(1.0)
    dc, db, dlater = grad(a * b, (c, b, later))
    assert (dc, db.item(), dlater) == (None, 2, None)
    assert grad(a * b, c) == (None,)
    assert grad(a * b, later) == (None,)
    assert grad(ops.step(a), a) == (None,)


def test_grad_of_y_itself():
    a = leaf(2.0)
    y = a * a
    dy, da = grad(y, [y, a])
    assert (dy.item(), da.item()) == (1, 4)
    assert grad(a, a)[0].item() == 1
    assert grad(a * a, a, seed=5.0)[0].item() == 20


def test_an_x_that_requires_no_gradient_is_named():
    a = leaf(2.0)
    with pytest.raises(ValueError, match=r"weight.*requires no gradient"):
        grad(a * a, Tensor(1.0, name="weight"))
    with pytest.raises(ValueError, match=r"int64.*float"):
        grad(a * a, Tensor(1))


def test_xs_that_depend_on_each_other_get_total_derivatives():
    a = leaf(2.0)
    b = a * a  # y = a b = a³
    for xs in [a, b], [b, a]:
        total = dict(zip(map(id, xs), grad(a * b, xs, keep_graph=True)))
        assert (total[id(a)].item(), total[id(b)].item()) == (12, 2)


def test_intermediate_xs():
    a = leaf(2.0)
    b = a * 3
    c = b * b
    (db,) = grad(c, b)
    assert db.item() == 12
    assert grad(b, a)[0].item() == 3  # below b nothing was forgotten


def test_an_x_whose_own_graph_was_forgotten():
    a = leaf(2.0)
    b = a * 3
    grad(b, a)
    c = b * b
    assert grad(c, b, keep_graph=True)[0].item() == 12
    with pytest.raises(RuntimeError, match=r"multiply forgot its inputs"):
        grad(c, a)


def test_an_x_younger_than_y():
    a = leaf(2.0)
    y = a * a
    x = leaf(1.0)
    z = y * x
    assert grad(y, [x, z], keep_graph=True) == (None, None)
    assert grad(y, [x, a])[1].item() == 4


def test_only_the_ways_to_xs_are_walked():
    called = []

    @op
    def counted(xp, x):
        return x * 1

    @counted.vjp
    def _(g, y, x):
        called.append(1)
        return g

    a, b = leaf(2.0), leaf(3.0)
    y = counted(a) * b
    grad(y, b, keep_graph=True)
    assert not called
    grad(y, a)
    assert len(called) == 1


# ---------------------------------------------------------------- forgetting and keeping


def test_a_second_walk_says_what_to_do():
    w = leaf(2.0)
    y = ops.exp(w * w)
    y.backward()
    for again in y.backward, lambda: grad(y, w), lambda: list(backward_steps(y)):
        with pytest.raises(RuntimeError, match=r"exp forgot its inputs.*keep_graph=True"):
            again()


def test_keep_graph():
    w = leaf(2.0)
    y = w * w
    y.backward(keep_graph=True)
    y.backward(keep_graph=True)
    assert w.grad.item() == 8
    assert grad(y, w, keep_graph=True)[0].item() == 4
    assert grad(y, w, create_graph=True)[0].item() == 4  # keeps, too
    assert grad(y, w, create_graph=True, keep_graph=False)[0].item() == 4
    with pytest.raises(RuntimeError, match="forgot"):
        grad(y, w)


def test_what_is_shared_below_is_forgotten_with_it():
    w = leaf(2.0)
    shared = w * w
    a, b = shared * 2, shared * 3
    a.backward()
    with pytest.raises(RuntimeError, match="forgot"):
        b.backward()


def test_create_graph_and_third_derivatives():
    x = leaf(0.7)
    y = ops.sin(x * x)
    (d1,) = grad(y, x, create_graph=True)
    (d2,) = grad(d1, x, create_graph=True)
    (d3,) = grad(d2, x, create_graph=True)
    t = 0.7
    assert d1.item() == pytest.approx(2 * t * np.cos(t * t))
    assert d2.item() == pytest.approx(2 * np.cos(t * t) - 4 * t * t * np.sin(t * t))
    assert d3.item() == pytest.approx(-12 * t * np.sin(t * t) - 8 * t**3 * np.cos(t * t))
    assert not grad(y, x)[0].requires_grad


def test_a_gradient_penalty_reaches_the_weights():
    w, x = leaf(3.0), leaf(2.0)
    (dx,) = grad(ops.tanh(w * x), x, create_graph=True)
    (dx * dx).backward()
    t = np.tanh(6.0)
    slope = 3 * (1 - t * t)
    assert w.grad.item() == pytest.approx(2 * slope * ((1 - t * t) - 3 * 2 * t * (1 - t * t) * 2))


def test_the_switch_is_back_after_an_error_in_a_rule():
    @op
    def broken(xp, x):
        return x * 1

    @broken.vjp
    def _(g, y, x):
        raise ZeroDivisionError

    w = leaf(1.0)
    with pytest.raises(ZeroDivisionError):
        broken(w).backward()
    assert (w * 2).requires_grad


def test_gradients_have_the_shape_and_dtype_of_their_tensors():
    a = Tensor(np.ones((3, 1), np.float32), requires_grad=True)
    b = Tensor(np.ones((2, 1, 4)), requires_grad=True)
    y = a * b
    assert y.shape == (2, 3, 4)
    da, db = grad(y.sum(), (a, b))
    assert (da.shape, da.dtype, db.shape, db.dtype) == ((3, 1), np.float32, (2, 1, 4), np.float64)
    assert (da.numpy() == 8).all()
    assert (db.numpy() == 3).all()


# ---------------------------------------------------------------- size and memory


def test_a_long_chain_is_no_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(50_000):
        y = y + 1e-5
    y.backward(keep_graph=True)
    assert x.grad.item() == 1
    assert grad(y, x)[0].item() == 1


def test_a_long_chain_that_was_never_walked_can_be_dropped():
    y = leaf(1.0)
    for _ in range(50_000):
        y = y + 1e-5
    del y  # frees 50 000 nodes, each of which holds the next: no recursion there either


def test_nothing_waits_for_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        for walk in None, lambda y, x: y.backward(), lambda y, x: grad(y, x, create_graph=True), lambda y, x: list(backward_steps(y)):
            x = leaf(1.0, 2.0)
            between = ops.exp(x)
            y = (between * x).sum()
            gone = [weakref.ref(t) for t in (x, between, y)]
            if walk:
                walk(y, x)
            del x, between, y
            assert [ref() for ref in gone] == [None] * 3
    finally:
        gc.enable()


def test_backward_frees_what_the_ops_kept():
    x = leaf(1.0, 2.0)
    between = ops.exp(x)
    y = between.sum()
    gone = weakref.ref(between)
    del between
    assert gone() is not None
    y.backward()
    assert gone() is None


@pytest.mark.parametrize("walk", [lambda y, x: y.backward(), lambda y, x: grad(y, x)], ids=["backward", "grad"])
def test_what_the_walk_has_passed_is_freed_on_the_way(walk):
    """While an op's rule runs, of the younger ops only the gradient that it is given is left: the peak of memory is that much lower."""
    left = []

    @op
    def passed(xp, x):
        return x * 1

    @passed.vjp
    def _(g, y, x):
        left.append([ref() is not None for ref in younger])
        return g * 1

    x = leaf(1.0, 2.0)
    between = [passed(x)]
    for _ in range(3):
        between.append(ops.tanh(between[-1]))
    y, younger = between[-1].sum(), [weakref.ref(t) for t in between[1:]]
    del between
    walk(y, x)
    assert left == [[False, False, False]]


def test_many_paths_cost_no_more_than_many_nodes():
    x = leaf(1.0)
    y = x
    for _ in range(50):  # 2⁵⁰ ways from y to x
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**50


# ---------------------------------------------------------------- rules


def test_costly_gradients_are_computed_only_if_wanted():
    calls = []

    @op
    def product(xp, a, b):
        return a * b

    @product.vjp
    def _(g, y, a, b):
        return lambda: calls.append("a") or g * b, lambda: calls.append("b") or g * a

    a, b = leaf(2.0), leaf(3.0)
    grad(product(a, b), a)
    assert calls == ["a"]
    product(4.0, b).backward()
    assert calls == ["a", "b"]
    product(a, b.detach()).backward()
    assert calls == ["a", "b", "a"]


def own_op(rule, name="strange"):
    def forward(xp, a, b):
        return a * b

    forward.__name__ = name
    made = Op(forward)
    if rule:
        made.vjp(rule)
    return made


@pytest.mark.parametrize(
    ("rule", "error", "says"),
    [
        (lambda g, y, a, b: g, ValueError, "rule of strange must give 2 gradients.*gave 1"),
        (lambda g, y, a, b: (g, g, g), ValueError, "rule of strange must give 2 gradients.*gave 3"),
        (lambda g, y, a, b: (g.data, g), TypeError, "strange: a gradient is a Tensor.*ndarray"),
        (lambda g, y, a, b: (3.0, g), TypeError, "strange: a gradient is a Tensor.*float"),
        (lambda g, y, a, b: (g[0], g), ValueError, r"strange: a gradient of shape \(3,\) does not fit an input of shape \(2, 3\)"),
        (lambda g, y, a, b: (g.T, g), ValueError, r"strange: a gradient of shape \(3, 2\) does not fit an input of shape \(2, 3\)"),
        (lambda g, y, a, b: (lambda: None, g), TypeError, "strange"),
        (None, NotImplementedError, r"strange has no gradient rule.*@strange\.vjp"),
    ],
)
def test_a_wrong_rule_is_a_sentence_that_names_the_op(rule, error, says):
    a, b = Tensor(np.ones((2, 3)), requires_grad=True), Tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(error, match=says):
        own_op(rule)(a, b).sum().backward()


def test_none_means_no_gradient():
    a, b = leaf(2.0), leaf(3.0)
    own_op(lambda g, y, a, b: (None, g * a))(a, b).backward()
    assert a.grad is None
    assert b.grad.item() == 2


def test_an_own_op():
    @op
    def my_cube(xp, x, *, scale=1.0):
        """y = scale x³          dL/dx = 3 scale x² g"""
        return scale * x**3

    @my_cube.vjp
    def _(g, y, x, *, scale=1.0):
        return 3 * scale * x * x * g

    assert registry["my_cube"] is my_cube
    assert my_cube.__doc__.startswith("y = scale x³")
    assert repr(my_cube) == "<op my_cube>"
    check_gradients(lambda x: my_cube(x, scale=0.5), [np.array([1.0, -2.0])], order=2)


def test_an_own_op_named_like_a_built_in_one_replaces_nothing():
    before = registry["multiply"]

    @op
    def multiply(xp, a, b):
        return a * 0 - 1

    x = leaf(3.0)
    assert registry["multiply"] is before
    assert (x * 2).item() == 6
    assert multiply(x, x).item() == -1


def test_rules_receive_tensors_for_arrays_and_numbers_as_they_are():
    seen = []

    @op
    def watched(xp, a, b, c, d):
        seen.append([type(v) for v in (a, b, c, d)])
        return a * b * c

    @watched.vjp
    def _(g, y, a, b, c, d):
        seen.append([type(v) for v in (g, y, a, b, c, d)])
        return g * b * c, None, None, None

    watched(leaf(1.0), np.ones(2), np.float64(2), None).sum().backward()
    assert seen == [[np.ndarray, np.ndarray, float, type(None)], [Tensor, Tensor, Tensor, Tensor, float, type(None)]]


def test_an_op_may_return_a_number():
    @op
    def largest(xp, x):
        return x.max()

    y = largest(np.array([1.0, 3.0]))
    assert type(y.data) is np.ndarray
    assert y.item() == 3


# ---------------------------------------------------------------- kernels


def scaled_kernel(log):
    def forward(a, b, *, power):
        if power == 5:
            return NotImplemented, None
        log.append("forward")
        return a**power * b, (a, b, power)

    def vjp(g, saved, needs):
        log.append(needs)
        a, b, power = saved
        return [g * power * a ** (power - 1) * b if needs[0] else None, g * a**power if needs[1] else None]

    return Kernel(forward, vjp)


def scaled_op():
    def scaled(xp, a, b, *, power):
        return a**power * b

    made = Op(scaled)
    made.vjp(lambda g, y, a, b, *, power: (lambda: g * power * a ** (power - 1) * b, lambda: g * a**power))
    return made


def scaled_composite():
    def scaled(a, b, *, power):
        return a**power * b

    return Composite(scaled)


@pytest.fixture(params=[scaled_op, scaled_composite])
def scaled(request):
    """(an op or composite with a kernel, the log of what the kernel did)"""
    made, log = request.param(), []
    made.kernels["numpy"] = scaled_kernel(log)
    return made, log


A, B = np.array([1.5, 0.5]), np.array([2.0, -1.0])


def test_a_kernel_runs_at_order_1(scaled):
    f, log = scaled
    a, b = leaf(A), leaf(B)
    y = f(a, b, power=3)
    assert y.node.op is f
    y.sum().backward()
    assert log == ["forward", [True, True]]
    np.testing.assert_allclose(y.numpy(), A**3 * B, rtol=1e-15)
    np.testing.assert_allclose(a.grad.numpy(), 3 * A**2 * B, rtol=1e-15)
    np.testing.assert_allclose(b.grad.numpy(), A**3, rtol=1e-15)


def test_a_kernel_computes_only_what_is_needed(scaled):
    f, log = scaled
    f(leaf(A), B, power=3).sum().backward()
    assert log[1] == [True, False]
    a, b = leaf(A), leaf(B)
    assert grad(f(a, b, power=3).sum(), b)[0].shape == (2,)
    assert log[3] == [False, True]


def test_reference_only_runs_no_kernel(scaled):
    f, log = scaled
    with reference_only():
        a, b = leaf(A), leaf(B)
        grads = grad(f(a, b, power=3).sum(), (a, b))
    assert not log
    np.testing.assert_allclose(grads[0].numpy(), 3 * A**2 * B, rtol=1e-15)
    a = leaf(A)
    y = f(a, b, power=3).sum()
    with reference_only():  # recorded with the kernel, walked without
        np.testing.assert_allclose(grad(y, a)[0].numpy(), 3 * A**2 * B, rtol=1e-15)
    assert log == ["forward"]


def test_order_2_goes_through_the_readable_form(scaled):
    f, log = scaled

    def hessian_times(v):
        a, b = leaf(A), leaf(B)
        da, db = grad(f(a, b, power=3).sum(), (a, b), create_graph=True)
        return [h.numpy() for h in grad((da * v).sum() + (db * v).sum(), (a, b))]

    v = np.array([0.3, -0.7])
    with_kernel = hessian_times(v)
    assert "forward" in log
    assert [True, True] not in log
    with reference_only():
        for x, y in zip(with_kernel, hessian_times(v)):
            np.testing.assert_allclose(x, y, rtol=1e-12)
    np.testing.assert_allclose(with_kernel[0], 6 * A * B * v + 3 * A**2 * v, rtol=1e-12)
    np.testing.assert_allclose(with_kernel[1], 3 * A**2 * v, rtol=1e-12)


def test_orders_1_and_2_with_a_kernel_against_differences(scaled):
    f, _ = scaled
    check_gradients(lambda a, b: f(a, b * a, power=2), [A, B], order=2)


def test_a_kernel_may_hand_back(scaled):
    f, log = scaled
    a, b = leaf(A), leaf(B)
    y = f(a, b, power=5)
    y.sum().backward()
    assert not log
    np.testing.assert_allclose(a.grad.numpy(), 5 * A**4 * B, rtol=1e-14)


def test_a_kernel_of_another_backend_stays_out(scaled):
    f, log = scaled
    f.kernels["cupy"] = f.kernels.pop("numpy")
    f(leaf(A), leaf(B), power=3).sum().backward()
    assert not log


def test_without_a_kernel_a_composite_is_just_called():
    f = scaled_composite()
    assert f(leaf(A), B, power=2).node.op.name == "multiply"
    assert f(A, B, power=2).node is None


def test_a_composite_keeps_none_and_functions():
    @composite
    def layer(x, bias, *, activation):
        return activation(x if bias is None else x + bias)

    layer.kernels["numpy"] = Kernel(lambda x, bias, *, activation: (activation(x).data, x), lambda g, x, needs: [g * np.cos(x), None])
    x = leaf(A)
    y = layer(x, None, activation=ops.sin)
    assert y.node.op is layer
    (d1,) = grad(y.sum(), x, create_graph=True)
    (d2,) = grad(d1.sum(), x)
    np.testing.assert_allclose(d1.numpy(), np.cos(A), rtol=1e-15)
    np.testing.assert_allclose(d2.numpy(), -np.sin(A), rtol=1e-15)
    y = layer(x, None, activation=ops.sin)
    np.testing.assert_allclose(grad(y.sum(), x)[0].numpy(), np.cos(A), rtol=1e-15)


def test_a_gradient_of_the_kernel_that_does_not_fit_is_refused():
    f = scaled_op()
    f.kernels["numpy"] = Kernel(lambda a, b, *, power: (a * b, None), lambda g, saved, needs: [np.ones(5), None])
    with pytest.raises(ValueError, match=r"scaled: a gradient of shape \(5,\)"):
        f(leaf(A), B, power=1).sum().backward()


def test_an_input_used_twice_in_a_kernel(scaled):
    f, _ = scaled
    a = leaf(A)
    f(a, a, power=2).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), 3 * A**2, rtol=1e-15)


# ---------------------------------------------------------------- step by step


def small_loss(w, x):
    h = ops.relu(x @ w)
    return ((h - 1) ** 2).mean()


def test_backward_steps_go_from_the_result_to_the_leaves():
    w = Tensor(np.array([[1.0, -2.0], [0.5, 1.0]]), requires_grad=True, name="w")
    y = small_loss(w, np.array([[1.0, 2.0]]))
    steps = list(backward_steps(y))
    assert [s.output.node.op.name for s in steps] == ["mean", "power", "subtract", "relu", "matmul"]
    assert all(type(s) is Step for s in steps)
    assert steps[0].output is y
    assert steps[0].g.item() == 1
    for step, earlier in zip(steps[1:], steps):
        assert step.output is earlier.inputs[0]
        assert step.g is earlier.grads[0]
    assert steps[-1].inputs[1] is w
    assert steps[-1].grads[0] is None  # no gradient for the data


def test_steps_equal_backward_bit_for_bit():
    w, x = leaf(np.random.default_rng(1).standard_normal((3, 2))), np.random.default_rng(2).standard_normal((4, 3))
    y = small_loss(w, x) + (w * w).sum()
    found = None
    for step in backward_steps(y):
        for t, g in zip(step.inputs, step.grads):
            if t is w:
                found = g if found is None else found + g
    assert w.grad is None
    y.backward(keep_graph=True)
    assert found.numpy().tobytes() == w.grad.numpy().tobytes()
    assert len(list(backward_steps(y))) == len(list(backward_steps(y)))  # the graph is kept


def test_every_g_is_complete_when_its_op_is_passed():
    x = leaf(2.0)
    a = x * 3
    y = a * a + a
    gs = {step.output: step.g.item() for step in backward_steps(y)}
    assert gs[a] == 13
    assert len(gs) == 3


def test_steps_take_a_seed_and_can_be_left():
    x = leaf(2.0, 3.0)
    y = x * x
    with pytest.raises(ValueError, match="one number"):
        next(backward_steps(y))
    walk = backward_steps(y, np.array([1.0, 10.0]))
    assert next(walk).grads[0].numpy().tolist() in ([2, 30], [4, 60])
    walk.close()
    assert (x * 2).requires_grad
    y.backward(np.ones(2))
    assert x.grad.numpy().tolist() == [4, 6]


@pytest.mark.parametrize("on", [True, False])
def test_no_switch_is_changed_between_steps(on):
    x = leaf(2.0)
    y = ops.exp(x * x)
    with switch(recording, on):
        for _ in backward_steps(y):
            assert recording.get() is on
        walk = backward_steps(y)
        next(walk)
        walk.close()
        assert recording.get() is on


# ---------------------------------------------------------------- random expressions

UNARY = [
    ops.sin,
    ops.tanh,
    ops.sigmoid,
    ops.softplus,
    ops.square,
    lambda x: x.T,
    lambda x: x[::-1],
    lambda x: -x,
    lambda x: x.sum(axis=0, keepdims=True),
]
JOINS = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b,
    lambda a, b: ops.softmax(a) * b,
    lambda a, b: a / (2 + b * b),
    lambda a, b: (a * b).mean() + b,
]


@st.composite
def expressions(draw):
    return [
        draw(
            st.one_of(
                st.tuples(st.sampled_from(UNARY), st.integers(0, 9)),
                st.tuples(st.sampled_from(JOINS), st.integers(0, 9), st.integers(0, 9)),
            )
        )
        for _ in range(draw(st.integers(1, 7)))
    ]


@settings(max_examples=60)
@given(expressions())
def test_random_expressions(steps):
    def f(*leaves):
        values = list(leaves)
        for g, *operands in steps:
            values.append(g(*[values[i % len(values)] for i in operands]))
        return values[-1] * 1.0

    rng = np.random.default_rng(3)
    check_gradients(f, [rng.standard_normal((3, 3)), rng.standard_normal((1, 3))], draws=1)
