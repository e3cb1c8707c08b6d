"""Every window's products sum to the op's output, and what it scatters to the op's gradient."""

from itertools import product

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops
from minidl.kernels import ladder
from minidl.stepper import Backward, Forward

from .computations import intro

TOLERANCE = 1e-12
CASES = [
    (size, kernel, strides, padding, dilation)
    for size, kernel, strides, padding, dilation in product(
        [(5, 5), (4, 7), (1, 3)], [(1, 1), (3, 3), (2, 3)], [1, 2, (2, 3)], ["valid", "same"], [1, 2, (1, 2)]
    )
    if padding == "same"
    or all(d * (k - 1) < n for n, k, d in zip(size, kernel, dilation if isinstance(dilation, tuple) else (dilation, dilation)))
]


def rng():
    return np.random.default_rng(7)


def scatter(window, dx):
    for i, row in enumerate(window.rows):
        for j, column in enumerate(window.columns):
            if 0 <= row < dx.shape[0] and 0 <= column < dx.shape[1]:
                dx[row, column] += window.to_input[i, j]


def check_convolution(tape, activation=None, bias=None):
    """All windows of the first forward and backward step, against what the op gave."""
    forward = next(step for step in tape.steps if isinstance(step, Forward) and "conv" in step.op.name)
    backward = next(step for step in tape.steps if isinstance(step, Backward) and step.forward is forward)
    x, kernel, y = forward.inputs[0].array, forward.inputs[1].array, forward.output.array
    dx, dkernel, touches = np.zeros_like(x), np.zeros_like(kernel), np.zeros(x.shape[1:3], int)
    for n, r, c, f in product(*map(range, y.shape)):
        ahead, back = tape.window(forward, (r, c, f), n), tape.window(backward, (r, c, f), n)
        assert np.array_equal(ahead.products, ahead.patch * ahead.filter) and np.array_equal(ahead.row, ahead.patch.reshape(-1))
        total = ahead.products.sum() + (0 if bias is None else ahead.bias)
        expected = total if activation is None else activation(total)
        assert abs(expected - y[n, r, c, f]) < TOLERANCE and ahead.output == y[n, r, c, f]
        assert abs(ahead.sum - ahead.products.sum()) < TOLERANCE
        dkernel[..., f] += back.to_filter
        scatter(back, dx[n])
        if n == f == 0:
            rows, columns = ([i for i in seen if 0 <= i < size] for seen, size in zip((back.rows, back.columns), x.shape[1:3]))
            touches[np.ix_(rows, columns)] += 1
    np.testing.assert_allclose(dx, backward.grads[0], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(dkernel, backward.grads[1], rtol=0, atol=TOLERANCE)
    if y.size:
        assert np.array_equal(touches, ahead.touches)


@pytest.mark.parametrize(("size", "window", "strides", "padding", "dilation"), CASES)
def test_conv2d(size, window, strides, padding, dilation):
    x, kernel = Tensor(rng().normal(size=(1, *size, 2)), requires_grad=True), Tensor(rng().normal(size=(*window, 2, 2)), requires_grad=True)
    with minidl.record() as tape:
        y = ops.conv2d(x, kernel, strides=strides, padding=padding, dilation=dilation)
        (y * rng().normal(size=y.shape)).sum().backward()
    np.testing.assert_allclose(
        y.numpy(), ladder.conv2d_loops(x.numpy(), kernel.numpy(), strides=strides, padding=padding, dilation=dilation), atol=1e-12
    )
    check_convolution(tape)


@pytest.mark.parametrize("activation", [ops.relu, ops.tanh])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_convolution_layer(activation, padding):
    """A kernel runs for relu, the parts for tanh: then the convolution is a step of its own."""
    x, kernel = Tensor(rng().normal(size=(2, 5, 4, 2)), requires_grad=True), Tensor(rng().normal(size=(3, 2, 2, 3)), requires_grad=True)
    bias = Tensor(rng().normal(size=3), requires_grad=True)
    with minidl.record() as tape:
        y = ops.convolution_layer(x, kernel, bias, strides=(1, 2), padding=padding, dilation=1, activation=activation)
        (y * rng().normal(size=y.shape)).sum().backward()
    if tape.steps[0].op.name == "convolution_layer":
        check_convolution(tape, {"relu": lambda z: max(z, 0), "tanh": np.tanh}[activation.name], bias)
        assert tape.window(0, (0, 0, 0)).activation == activation.name
    else:
        check_convolution(tape)


@pytest.mark.parametrize("shape", [(2, 6, 6, 2), (1, 8, 4, 1)])
def test_convolution_and_pooling(shape):
    x, kernel = Tensor(rng().normal(size=shape), requires_grad=True), Tensor(rng().normal(size=(3, 3, shape[3], 4)), requires_grad=True)
    bias = Tensor(rng().normal(size=4), requires_grad=True)
    options = {"strides": 1, "padding": "same", "dilation": 1, "activation": ops.relu}
    with minidl.record() as tape:
        y = ops.convolution_and_pooling(x, kernel, bias, convolution=options, pooling={"pool_size": 2, "strides": 2, "padding": "valid"})
        (y * rng().normal(size=y.shape)).sum().backward()
    forward, backward = tape.steps[0], next(step for step in tape.steps if isinstance(step, Backward) and "conv" in step.op.name)
    assert forward.op.name == "convolution_and_pooling"
    dx, dkernel = np.zeros(shape), np.zeros(kernel.shape)
    for n, r, c, f in product(*map(range, y.shape)):
        window = tape.window(backward, (r, c, f), n)
        pool = window.pooling
        assert abs(max(window.products.sum() + window.bias, 0) - y.numpy()[n, r, c, f]) < TOLERANCE
        assert abs(np.nansum(pool.products) - y.numpy()[n, r, c, f]) < TOLERANCE
        assert window.pixel[:2] == pool.winner and window.g == (pool.g if window.sum + window.bias > 0 else 0)
        dkernel[..., f] += window.to_filter
        scatter(window, dx[n])
    np.testing.assert_allclose(dkernel, backward.grads[1], rtol=0, atol=TOLERANCE)  # only winners have a gradient
    np.testing.assert_allclose(dx, backward.grads[0], rtol=0, atol=TOLERANCE)
    assert tape.window(forward, (0, 0, 0)).g is None


@pytest.mark.parametrize("op", [ops.max_pool2d, ops.average_pool2d], ids=["max", "average"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "pool", "strides"), [((4, 4), 2, None), ((5, 7), 2, None), ((5, 5), 3, 1), ((6, 5), (3, 2), (2, 1)), ((1, 4), 1, 2)]
)
def test_pooling(op, size, pool, strides, padding, ties):
    values = rng().normal(size=(2, *size, 2))
    x = Tensor(np.round(values) if ties else values, requires_grad=True)
    with minidl.record() as tape:
        y = op(x, pool_size=pool, strides=strides, padding=padding)
        (y * rng().normal(size=y.shape)).sum().backward()
    loops = getattr(ladder, f"{op.name}_loops")(x.numpy(), pool_size=pool, strides=strides, padding=padding)
    forward = tape.steps[0]
    backward = next(step for step in tape.steps if isinstance(step, Backward) and step.forward is forward)
    dx, touches = np.zeros_like(x.numpy()), np.zeros(size, int)
    for n, r, c, channel in product(*map(range, y.shape)):
        window = tape.window(backward, (r, c, channel), n)
        assert abs(window.products.sum() - loops[n, r, c, channel]) < TOLERANCE
        assert abs(window.share.sum() - 1) < TOLERANCE
        scatter(window, dx[n, :, :, channel])
        if op is ops.max_pool2d:
            assert x.numpy()[n, *window.winner, channel] == y.numpy()[n, r, c, channel]
        if n == channel == 0:
            rows, columns = ([i for i in seen if 0 <= i < s] for seen, s in zip((window.rows, window.columns), size))
            touches[np.ix_(rows, columns)] += 1
    np.testing.assert_allclose(dx, backward.grads[0], rtol=0, atol=TOLERANCE)
    assert np.array_equal(touches, window.touches)


def test_dropout():
    x, mask = Tensor(rng().normal(size=(3, 4)), requires_grad=True), (rng().random((3, 4)) < 0.5) * 2.0
    with minidl.record() as tape:
        (ops.dropout(x, mask) ** 2).sum().backward()
    backward = next(step for step in tape.steps if isinstance(step, Backward) and step.op.name == "dropout")
    for n, i in product(range(3), range(4)):
        window = tape.window(backward, (i,), n)
        assert window.output == window.x * window.mask == tape.steps[0].output.array[n, i]
        assert window.to_input == window.g * window.mask == backward.grads[0][n, i]


def test_nan_wins_no_maximum():
    x = np.array([[np.nan, 1.0], [2.0, 3.0]]).reshape(1, 2, 2, 1)
    with np.errstate(invalid="ignore"), minidl.record() as tape:
        ops.max_pool2d(x)
    assert tape.window(0, (0, 0, 0)).winner is None


def test_the_intro_net():
    """float32, as a kernel computes it."""
    tape = intro(n=2)
    forward = tape.steps[0]
    window = tape.window(forward, (3, 4, 5), image=1)
    y = forward.output.array[1, 3, 4, 5]
    assert abs(max(window.products.sum() + window.bias, 0) - y) < 1e-5
    backward = next(step for step in tape.steps if isinstance(step, Backward) and step.forward is forward)
    assert backward.grads[0] is None and tape.window(backward, (3, 4, 5)).to_filter.shape == (3, 3, 3)


def test_what_has_no_window():
    tape = intro(n=1)
    with pytest.raises(ValueError, match="reshape has no windows; these ops have"):
        tape.window(2, (0, 0, 0))
    with pytest.raises(ValueError, match="an update has no windows"):
        tape.window(-1, (0, 0, 0))
    for pixel, image in [((15, 0, 0), 0), ((0, 0), 0), ((0, 0, 0), 1), ((-1, 0, 0), 0)]:
        with pytest.raises(IndexError, match="row, column, channel"):
            tape.window(0, pixel, image)


def test_bodies_have_windows_too():
    tape = intro(n=1)
    layer, pooling = tape.body(0)
    assert (layer.op.name, pooling.op.name) == ("convolution_layer", "max_pool2d")
    winner = tape.window(pooling, (2, 2, 2)).winner
    assert tape.window(layer, (*winner, 2)).output == pytest.approx(tape.window(pooling, (2, 2, 2)).output)
    assert tape.window(layer.body[0], (*winner, 2)).products.shape == (3, 3, 3)
