"""PyTorch as a second opinion: values, gradients and Hessian-vector products in float64, to 1e-9."""

import numpy as np
import pytest

from minidl import ops
from minidl.autograd import grad
from minidl.tensor import Tensor

torch = pytest.importorskip("torch", reason="PyTorch is not installed: the comparison with it needs it")
F = torch.nn.functional
pytestmark = pytest.mark.oracle


def compare(ours, theirs, *arrays):
    """The value, ⟨u, ·⟩'s gradients, and the gradients of their products with random directions."""
    rng = np.random.default_rng(6)
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    y, t = ours(*xs), theirs(*ts)
    assert y.shape == tuple(t.shape)
    np.testing.assert_allclose(y.numpy(), t.detach().numpy(), rtol=1e-9, atol=1e-9)
    u = rng.standard_normal(y.shape)
    vs = [rng.standard_normal(a.shape) for a in arrays]
    gs = grad(y, xs, seed=u, create_graph=True)
    hs = torch.autograd.grad(t, ts, torch.tensor(u), create_graph=True)
    for g, h in zip(gs, hs):
        np.testing.assert_allclose(g.numpy(), h.detach().numpy(), rtol=1e-9, atol=1e-9)
    ours_twice, theirs_twice = sum((g * v).sum() for g, v in zip(gs, vs)), sum((h * torch.tensor(v)).sum() for h, v in zip(hs, vs))
    if not theirs_twice.requires_grad:  # where PyTorch knows that the first derivative is constant
        return
    second = grad(ours_twice, xs) if ours_twice.requires_grad else [None] * len(xs)
    for g, h in zip(second, torch.autograd.grad(theirs_twice, ts, allow_unused=True)):
        g, h = 0.0 if g is None else g.numpy(), 0.0 if h is None else h.numpy(force=True)
        np.testing.assert_allclose(g - h, 0 * (g - h), atol=1e-9 * max(1.0, np.abs(h).max()))


def data(*shapes):
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape) for shape in shapes]


def channels_first(f):
    return lambda x, *rest: f(x.permute(0, 3, 1, 2), *rest).permute(0, 2, 3, 1)


@pytest.mark.parametrize("strides", [1, 2, (1, 3)])
@pytest.mark.parametrize("dilation", [1, 2, (2, 1)])
@pytest.mark.parametrize("window", [(1, 1), (3, 3), (2, 3)])
def test_convolution(window, dilation, strides):
    compare(
        lambda x, k: ops.conv2d(x, k, strides=strides, dilation=dilation),
        channels_first(lambda x, k: F.conv2d(x, k.permute(3, 2, 0, 1), stride=strides, dilation=dilation)),
        *data((2, 7, 6, 3), (*window, 3, 2)),
    )


@pytest.mark.parametrize("window", [(3, 3), (5, 3), (2, 4)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolution_same(window, dilation):
    compare(
        lambda x, k: ops.conv2d(x, k, padding="same", dilation=dilation),
        channels_first(lambda x, k: F.conv2d(torch_same(x, window, dilation), k.permute(3, 2, 0, 1), dilation=dilation)),
        *data((2, 5, 6, 2), (*window, 2, 3)),
    )


def torch_same(x, window, dilation):
    (h, w) = (dilation * (k - 1) for k in window)
    return F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2))


@pytest.mark.parametrize(("pool_size", "strides"), [(2, None), (3, 2), ((2, 3), (1, 2)), (1, 1)])
def test_pools(pool_size, strides):
    for ours, theirs in (ops.max_pool2d, F.max_pool2d), (ops.average_pool2d, F.avg_pool2d):
        compare(
            lambda x, f=ours: f(x, pool_size=pool_size, strides=strides),
            channels_first(lambda x, f=theirs: f(x, pool_size, stride=strides)),
            *data((2, 6, 7, 3)),
        )


def test_pools_same():
    options = {"pool_size": 3, "strides": 1, "padding": "same"}
    compare(lambda x: ops.max_pool2d(x, **options), channels_first(lambda x: F.max_pool2d(x, 3, 1, padding=1)), *data((2, 5, 4, 2)))
    compare(
        lambda x: ops.average_pool2d(x, **options),
        channels_first(lambda x: F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False)),
        *data((2, 5, 4, 2)),
    )


ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.2),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "elu": F.elu,
    "selu": F.selu,
    "silu": F.silu,
    "gelu": F.gelu,
    "erf": torch.erf,
    "exp": torch.exp,
    "abs": torch.abs,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    compare(getattr(ops, name), ACTIVATIONS[name], *[3 * a for a in data((3, 5))])


def test_gelu_by_tanh():
    compare(lambda x: ops.gelu(x, approximate=True), lambda x: F.gelu(x, approximate="tanh"), *data((3, 5)))


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_softmax(axis):
    compare(lambda x: ops.softmax(x, axis=axis), lambda x: F.softmax(x, dim=axis), *data((3, 4, 2)))
    compare(lambda x: ops.log_softmax(x, axis=axis), lambda x: F.log_softmax(x, dim=axis), *data((3, 4, 2)))


@pytest.mark.parametrize(
    ("a", "b"), [((3, 4), (4, 2)), ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 3)), ((2, 3, 4), (4, 2)), ((2, 1, 2, 3), (5, 3, 1))]
)
def test_matmul(a, b):
    compare(ops.matmul, torch.matmul, *data(a, b))


def test_a_whole_small_network():
    def ours(x, k, w, b):
        h = ops.max_pool2d(ops.tanh(ops.conv2d(x, k, padding="same")))
        return ops.log_softmax(ops.flatten(h) @ w + b)

    def theirs(x, k, w, b):
        h = F.conv2d(x.permute(0, 3, 1, 2), k.permute(3, 2, 0, 1), padding=1)
        h = F.max_pool2d(torch.tanh(h), 2).permute(0, 2, 3, 1)
        return F.log_softmax(h.reshape(2, -1) @ w + b, dim=-1)

    compare(ours, theirs, *data((2, 4, 4, 2), (3, 3, 2, 3), (12, 5), (5,)))
