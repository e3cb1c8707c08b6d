"""Jacobians and Hessian-vector products against closed forms."""

import numpy as np
import pytest

from minidl import ops
from minidl.autograd import grad
from minidl.higher_order import hvp, jacobian
from minidl.tensor import Tensor

M = np.array([[2.0, -1.0, 0.5], [1.0, 3.0, -2.0]])


def test_the_jacobian_of_a_product_is_its_matrix(backend):
    x = Tensor(backend.asarray([1.0, 2.0, 3.0]), requires_grad=True)
    assert backend.to_numpy(jacobian(backend.asarray(M) @ x, x)).tolist() == M.tolist()


@pytest.mark.parametrize(("y", "x"), [((2, 3), (2, 3)), ((), (4,)), ((1,), (1, 2)), ((3,), ()), ((0,), (2,))])
def test_shapes(y, x):
    t = Tensor(np.ones(x), requires_grad=True)
    result = t if y == x else ops.broadcast_to(t.sum(), shape=y)
    j = jacobian(result * 2, t)
    assert j.shape == y + x
    expected = 2 * np.eye(6).reshape(2, 3, 2, 3) if y == x else np.full(y + x, 2.0)
    np.testing.assert_array_equal(j.numpy(), expected)


def test_independent_rows_are_zero():
    x, other = Tensor([1.0, 2.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
    assert jacobian(other * 2, x).numpy().tolist() == [[0, 0], [0, 0]]
    j = jacobian(ops.stack(x[0] * x[0], other[0]), x)
    assert j.numpy().tolist() == [[2, 0], [0, 0]]


def test_the_jacobian_of_softmax():
    x = Tensor([0.3, -1.0, 2.0], requires_grad=True)
    y = ops.softmax(x)
    p = y.numpy()
    np.testing.assert_allclose(jacobian(y, x).numpy(), np.diag(p) - np.outer(p, p), rtol=1e-13)


def test_a_hessian_is_the_jacobian_of_a_gradient():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (g,) = grad(x[0] ** 2 * x[1] ** 3, x, create_graph=True)
    np.testing.assert_allclose(jacobian(g, x).numpy(), [[16, 24], [24, 12]])


def test_the_jacobian_can_be_differentiated():
    x = Tensor([2.0, 3.0], requires_grad=True)
    j = jacobian(x * x * x, x, create_graph=True)
    assert grad(j.sum(), x)[0].numpy().tolist() == [12, 18]
    assert not jacobian(x * x, x).requires_grad


def test_the_graph_of_y_is_kept():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    jacobian(y, x)
    hvp(y, x, np.ones(2))
    y.backward()
    assert x.grad.numpy().tolist() == [2, 4]


def test_hvp_of_a_quadratic(backend):
    h = M.T @ M
    x = Tensor(backend.asarray([1.0, 2.0, 3.0]), requires_grad=True)
    y = (x * (backend.asarray(h) @ x)).sum() * 0.5
    v = backend.asarray([1.0, -1.0, 0.5])
    for direction in v, Tensor(v):
        np.testing.assert_allclose(backend.to_numpy(hvp(y, x, direction)), h @ [1.0, -1.0, 0.5], rtol=1e-14)
    assert x.grad is None


def test_hvp_of_several_and_of_what_is_linear():
    a, b, c = (Tensor([v], requires_grad=True) for v in (2.0, 3.0, 5.0))
    y = (a * a * b + c).sum()
    ha, hb, hc = hvp(y, (a, b, c), ([1.0], [10.0], [100.0]))
    assert (ha.numpy().tolist(), hb.numpy().tolist(), hc.numpy().tolist()) == ([2 * 3 * 1 + 2 * 2 * 10], [4], [0])
    assert hvp((2 * a).sum(), a, [1.0]).numpy().tolist() == [0]
    unused = Tensor([1.0], requires_grad=True)
    assert hvp((a * a).sum(), (a, unused), ([1.0], [1.0]))[1].numpy().tolist() == [0]


def test_hvp_equals_the_hessian_times_v():
    x = Tensor(np.random.default_rng(8).standard_normal((2, 3)), requires_grad=True)
    v = np.random.default_rng(9).standard_normal((2, 3))

    def f(x):
        return ops.log_softmax(ops.tanh(x) * x).mean() + ops.conv2d(x.reshape(1, 2, 3, 1), x.reshape(2, 3, 1, 1)).sum()

    (g,) = grad(f(x), x, create_graph=True)
    full = jacobian(g, x).numpy().reshape(6, 6)
    np.testing.assert_allclose(full, full.T, atol=1e-14)
    np.testing.assert_allclose(hvp(f(x), x, v).numpy().ravel(), full @ v.ravel(), rtol=1e-12, atol=1e-14)


def test_vs_must_match_xs():
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match=r"shorter|longer"):
        hvp((x * x).sum(), (x,), ())
    with pytest.raises(ValueError, match="one number"):
        hvp(x * x, x, np.ones(2))


def test_functions_of_arrays():
    """As in most libraries: a function and its arrays, in place of Tensors that were computed already."""
    x, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0])
    np.testing.assert_allclose(jacobian(lambda t: t * t, x).numpy(), np.diag(2 * x))
    np.testing.assert_allclose(hvp(lambda t: (t * t * t).sum(), x, v).numpy(), 6 * x * v)
    first, second = hvp(lambda a, b: (a * a * b).sum(), (x, x), (v, v))
    np.testing.assert_allclose(first.numpy(), 4 * x * v)
    np.testing.assert_allclose(second.numpy(), 2 * x * v)
    with pytest.raises(ValueError, match=r"each v has the shape of its x, \(3,\); got \(1,\)"):
        hvp(lambda t: t.sum(), x, np.ones(1))
