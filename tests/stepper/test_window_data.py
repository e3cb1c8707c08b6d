"""The windows in the data are exact: from them alone, the page gets the op's output and gradients."""

import base64

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops


def array(raw):
    return np.frombuffer(base64.b64decode(raw["data"]), np.dtype(raw["dtype"]).newbyteorder("<")).reshape(raw["shape"])


def places(window, image, output):
    """For each pixel of the output: rows and columns of the image that its window sees."""
    top, _, left, _ = window["padding"]
    size = window["kernel"]["shape"][:2] if window["kernel"] else window["pool"]
    for r in range(output[0]):
        for c in range(output[1]):
            rows = r * window["strides"][0] - top + window["dilation"][0] * np.arange(size[0])
            columns = c * window["strides"][1] - left + window["dilation"][1] * np.arange(size[1])
            yield r, c, rows, columns, (rows >= 0) & (rows < image[0]), (columns >= 0) & (columns < image[1])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (1, 2), ((2, 1), 1)])
def test_convolution(padding, strides, dilation):
    rng = np.random.default_rng(0)
    x, kernel = Tensor(rng.normal(size=(1, 6, 7, 2)), requires_grad=True), Tensor(rng.normal(size=(3, 2, 2, 3)), requires_grad=True)
    bias = Tensor(rng.normal(size=3), requires_grad=True)
    with minidl.record() as tape:
        y = ops.convolution_layer(x, kernel, bias, strides=strides, padding=padding, dilation=dilation, activation=ops.relu)
        (y * rng.normal(size=y.shape)).sum().backward()
    data = tape.data()
    forward, backward = data["steps"][0]["window"], data["steps"][-1]["window"]
    assert forward["kind"] == "convolution" and forward["image"] == 0 and backward["of"] == 0
    image, weights, b, out, g = (array(raw) for raw in (*(forward[k] for k in ("x", "kernel", "bias", "y")), backward["g_sum"]))
    found, dx, dkernel = np.zeros_like(out), np.zeros_like(image), np.zeros_like(weights)
    for r, c, rows, columns, up, across in places(forward, image.shape, g.shape):
        here, window = np.ix_(rows[up], columns[across]), np.ix_(up, across)
        found[r, c] = np.maximum(np.einsum("ijm,ijmf->f", image[here], weights[window]) + b, 0)
        dkernel[window] += image[here][..., None] * g[r, c]
        dx[here] += weights[window] @ g[r, c]
    np.testing.assert_allclose(found, out, atol=1e-12)
    np.testing.assert_allclose(dx, array(backward["dx"]), atol=1e-12)
    np.testing.assert_allclose(dkernel, array(backward["dkernel"]), atol=1e-12)
    np.testing.assert_allclose(g.sum((0, 1)), array(backward["dbias"]), atol=1e-12)
    np.testing.assert_allclose(x.grad.numpy()[0], array(backward["dx"]), atol=1e-12)


@pytest.mark.parametrize("op", [ops.max_pool2d, ops.average_pool2d])
@pytest.mark.parametrize(("pool", "strides", "padding"), [(2, None, "valid"), (3, 2, "same"), ((2, 3), 1, "same")])
def test_pooling(op, pool, strides, padding):
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(2, 5, 6, 2)), requires_grad=True)
    with minidl.record() as tape:
        (op(x, pool_size=pool, strides=strides, padding=padding) ** 2).sum().backward()
    data = tape.data()
    forward, backward = data["steps"][0]["window"], data["steps"][-1]["window"]
    image, out, dx = array(forward["x"]), array(forward["y"]), array(backward["dx"])
    assert forward["kind"] in ("max_pool", "average_pool") and np.array_equal(dx, x.grad.numpy()[0])
    for r, c, rows, columns, up, across in places(forward, image.shape, out.shape):
        seen = image[np.ix_(rows[up], columns[across])]
        np.testing.assert_allclose(out[r, c], seen.max((0, 1)) if op is ops.max_pool2d else seen.mean((0, 1)), atol=1e-12)


def test_convolution_with_pooling_names_both():
    rng = np.random.default_rng(0)
    x, kernel = Tensor(rng.normal(size=(1, 6, 6, 1)), requires_grad=True), Tensor(rng.normal(size=(3, 3, 1, 2)), requires_grad=True)
    convolution = {"strides": 1, "padding": "same", "dilation": 1, "activation": ops.relu}
    with minidl.record() as tape:
        ops.convolution_and_pooling(x, kernel, None, convolution=convolution, pooling={"pool_size": 2, "strides": 2, "padding": "valid"})
    step = tape.data()["steps"][0]
    window = step["window"]
    assert (window["pool"], window["pool_strides"], window["padding"], window["pool_padding"]) == (
        [2, 2],
        [2, 2],
        [1, 1, 1, 1],
        [0, 0, 0, 0],
    )
    assert window["bias"] is None and window["y"]["shape"] == [3, 3, 2]
    assert [part["window"]["y"]["shape"] for part in step["body"]] == [[6, 6, 2], [3, 3, 2]]
