"""Every CUDA kernel against the readable op that it replaces: the result and all gradients."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ops.cases import all_cases
from ops.test_gradients import results_and_gradients

from minidl import devices, ops
from minidl.activations import linear
from minidl.autograd import grad
from minidl.kernels.cupy import KERNELS, convolution, launching
from minidl.kernels.cupy.launching import source_of
from minidl.switches import reference_only
from minidl.tensor import Tensor, registry

FOLDER = Path(launching.__file__).parent
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def conv(**changes):
    return {"strides": 1, "padding": "valid", "dilation": 1} | changes


def layer(**changes):
    return conv(activation=ops.relu) | changes


POOL = {"pool_size": 2, "strides": None, "padding": "valid"}
SAME = POOL | {"padding": "same"}
# (op, shapes of the arrays, metadata): sizes 1, odd, prime, beyond a tile and beyond a block
CASES = [
    (ops.conv2d, [(2, 6, 7, 3), (3, 3, 3, 5)], conv()),
    (ops.conv2d, [(1, 5, 5, 1), (1, 1, 1, 1)], conv()),
    (ops.conv2d, [(2, 9, 8, 2), (3, 2, 2, 17)], conv(strides=(2, 3), padding="same")),
    (ops.conv2d, [(1, 9, 11, 4), (2, 3, 4, 33)], conv(dilation=(2, 3))),
    (ops.conv2d, [(3, 7, 7, 5), (5, 4, 5, 70)], conv(padding="same")),
    (ops.conv2d, [(1, 4, 4, 2), (3, 3, 2, 3)], conv(strides=3, padding="same", dilation=1)),
    (ops.convolution_layer, [(2, 8, 8, 3), (3, 3, 3, 16), (16,)], layer()),
    (ops.convolution_layer, [(2, 6, 6, 3), (3, 3, 3, 7), (7,)], layer(activation=linear, padding="same")),
    (ops.convolution_layer, [(2, 6, 6, 3), (3, 3, 3, 7), None], layer(strides=2)),
    (ops.convolution_layer, [(2, 6, 6, 3), (3, 3, 3, 7), (7,)], layer(activation=ops.tanh)),
    (ops.convolution_and_pooling, [(2, 8, 8, 3), (3, 3, 3, 16), (16,)], {"convolution": layer(), "pooling": POOL}),
    (ops.convolution_and_pooling, [(3, 9, 11, 2), (3, 3, 2, 37), (37,)], {"convolution": layer(), "pooling": POOL}),
    (ops.convolution_and_pooling, [(2, 8, 7, 4), (3, 3, 4, 20), (20,)], {"convolution": layer(padding="same"), "pooling": POOL}),
    (ops.convolution_and_pooling, [(2, 7, 7, 2), (3, 3, 2, 5), None], {"convolution": layer(activation=linear), "pooling": POOL}),
    (ops.convolution_and_pooling, [(2, 8, 8, 2), (3, 3, 2, 5), (5,)], {"convolution": layer(padding="same"), "pooling": SAME}),
    (ops.convolution_and_pooling, [(2, 7, 7, 2), (3, 3, 2, 5), (5,)], {"convolution": layer(padding="same"), "pooling": SAME}),
    (ops.convolution_and_pooling, [(1, 9, 9, 2), (2, 2, 2, 3), (3,)], {"convolution": layer(), "pooling": POOL | {"pool_size": 3}}),
    (ops.dense_layer, [(5, 7), (7, 3), (3,)], {"activation": ops.relu}),
    (ops.dense_layer, [(1, 1), (1, 1), (1,)], {"activation": linear}),
    (ops.dense_layer, [(4, 300), (300, 70), (70,)], {"activation": ops.relu}),
    (ops.dense_layer, [(130, 20), (20, 10), None], {"activation": linear}),
    (ops.dense_layer, [(2, 3, 5), (5, 4), (4,)], {"activation": ops.relu}),
    (ops.dense_layer, [(5, 7), (7, 3), (3,)], {"activation": ops.softmax}),
    (ops.matmul, [(5, 7), (7, 3)], {}),
    (ops.max_pool2d, [(2, 6, 6, 3)], {}),
    (ops.max_pool2d, [(2, 7, 8, 3)], {"pool_size": (3, 2), "strides": (2, 1), "padding": "same"}),
    (ops.max_pool2d, [(1, 5, 5, 1)], {"pool_size": 2, "strides": 3}),
    (ops.average_pool2d, [(2, 6, 6, 3)], {}),
    (ops.average_pool2d, [(2, 7, 8, 3)], {"pool_size": (3, 2), "strides": (2, 1), "padding": "same"}),
    (ops.im2col, [(2, 6, 7, 3)], {"window": (3, 2), "strides": (2, 1), "dilation": (1, 2)}),
    (ops.col2im, [(2, 2, 3, 3, 2, 3)], {"image": (6, 5), "strides": (2, 1), "dilation": (1, 2)}),
    (ops.softmax, [(5, 7)], {}),
    (ops.softmax, [(2, 3, 10)], {"axis": 2}),
    (ops.softmax, [(5, 7)], {"axis": 0}),
    (ops.crossentropy, [(5, 7), (5, 7)], {}),
    (ops.crossentropy, [(200, 10), (200, 10)], {"axis": 1, "smallest": 0.05}),
]  # fmt: skip


def arrays_for(op, shapes, dtype, seed=3):
    rng = np.random.default_rng(seed)
    arrays = [None if shape is None else rng.standard_normal(shape) for shape in shapes]
    if op is ops.crossentropy:
        arrays = [np.abs(a) + 0.01 for a in arrays]
        arrays[1] /= arrays[1].sum(-1, keepdims=True)
    return [None if a is None else a.astype(dtype) for a in arrays]


def result_and_gradients(op, arrays, metadata, seed):
    """y and dL/dx for every input, as NumPy arrays, where dL/dy is ``seed``; and the op of the last node."""
    inputs = [None if a is None else Tensor(a, requires_grad=True) for a in arrays]
    y = op(*inputs, **metadata)
    found = grad(y, [x for x in inputs if x is not None], seed=Tensor(seed))
    return [y.numpy(), *(g.numpy() for g in found)]


def assert_equal(op, shapes, metadata, device, dtype, tolerance, recorded=False):
    arrays = arrays_for(op, shapes, dtype)
    with reference_only():
        y = op(*arrays, **metadata)
        seed = np.random.default_rng(4).standard_normal(y.shape).astype(dtype)
        expected = result_and_gradients(op, arrays, metadata, seed)
    moved = [None if a is None else device.asarray(a) for a in arrays]
    token = devices.recording.set(recorded)
    try:
        found = result_and_gradients(op, moved, metadata, device.asarray(seed))
    finally:
        devices.recording.reset(token)
    for number, (a, b) in enumerate(zip(found, expected)):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert np.abs(a - b).max() <= tolerance * max(np.abs(b).max(), 1e-3), f"array {number} of {op.name}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("op", "shapes", "metadata"), CASES, ids=[f"{op.name}-{i}" for i, (op, *_) in enumerate(CASES)])
def test_a_kernel_gives_what_the_readable_op_gives(op, shapes, metadata, device, dtype):
    assert_equal(op, shapes, metadata, device, dtype, TOLERANCE[dtype], recorded=op is ops.matmul)


OF_THE_REGISTRY = [case for case in all_cases() if registry[case.name] in KERNELS]


@pytest.mark.parametrize("case", OF_THE_REGISTRY, ids=[f"{case.name}: {case.label}" for case in OF_THE_REGISTRY])
def test_the_inputs_that_all_ops_are_tested_with_and_gradients_of_order_2(case, device):
    arrays = case.arrays()
    with reference_only():
        expected = results_and_gradients(case, arrays, np.asarray)
    found = results_and_gradients(case, arrays, device.asarray)
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-10)


PRODUCTS = [case for case in CASES if case[0] in (ops.conv2d, ops.convolution_and_pooling, ops.dense_layer)][1::2]  # some in fours


@pytest.mark.parametrize(("op", "shapes", "metadata"), PRODUCTS, ids=[f"{op.name}-{i}" for i, (op, *_) in enumerate(PRODUCTS)])
def test_tf32_is_float32_with_rounded_factors(op, shapes, metadata, device):
    with devices.use_tf32():
        assert_equal(op, shapes, metadata, device, "float32", 5e-3)
        assert_equal(op, shapes, metadata, device, "float64", TOLERANCE["float64"])


def test_tf32_rounds_and_only_when_asked(device):
    x = device.asarray(np.full((1, 1), 1 + 2.0**-12, "float32"))
    one = device.asarray(np.ones((1, 1), "float32"))
    exact = ops.dense_layer(x, one, None, activation=linear).item()
    with devices.use_tf32():
        rounded = ops.dense_layer(x, one, None, activation=linear).item()
    assert (exact, rounded) == (1 + 2.0**-12, 1.0)


def test_all_kernels_are_tested():
    assert {case[0] for case in CASES} == set(KERNELS)


def test_a_wrong_kernel_is_noticed(device, monkeypatch):
    monkeypatch.setattr(convolution, "relu_gradient", lambda g, y: g)
    with pytest.raises(AssertionError, match="array 1"):
        assert_equal(*CASES[6], device, "float64", TOLERANCE["float64"])


def test_kernels_take_any_strides(device):
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((3, 8, 7, 2)).transpose(0, 2, 1, 3), rng.standard_normal((5, 2, 3, 3)).transpose(2, 3, 1, 0)
    with reference_only():
        expected = ops.conv2d(x, kernel).numpy()
    x = device.asarray(x.transpose(0, 2, 1, 3).copy()).transpose(0, 2, 1, 3)
    kernel = device.asarray(kernel.transpose(3, 2, 0, 1).copy()).transpose(2, 3, 1, 0)
    assert np.abs(ops.conv2d(x, kernel).numpy() - expected).max() < 1e-12


def test_in_a_tie_the_first_number_wins(device):
    x, ones = device.asarray(np.ones((1, 4, 4, 1))), device.asarray(np.ones((1, 1, 1, 1)))
    t = Tensor(x, requires_grad=True)
    y = ops.convolution_and_pooling(t, ones, None, convolution=layer(), pooling=POOL)
    first = [[1, 0, 1, 0], [0, 0, 0, 0]] * 2
    assert grad(y.sum(), t)[0].numpy()[0, :, :, 0].tolist() == first
    assert grad(ops.max_pool2d(t).sum(), t)[0].numpy()[0, :, :, 0].tolist() == first


def test_not_a_number_comes_through(device):
    x = np.ones((1, 4, 4, 1), "float32")
    x[0, 0, 1, 0] = np.nan
    ones = device.asarray(np.ones((1, 1, 1, 1), "float32"))
    y = ops.convolution_and_pooling(device.asarray(x), ones, None, convolution=layer(), pooling=POOL)
    for result in (y, ops.max_pool2d(device.asarray(x))):
        assert np.isnan(result.numpy()).ravel().tolist() == [True, False, False, False]


def product(mode, columns, vec, tf32=1, pool=0, real="float"):
    return "product.cu", {"MODE": mode, "BN": columns, "VEC": vec, "TF32": tf32, "POOL": pool, "REAL": real}


COMPILED = [
    product(0, 32, 4, pool=1), product(1, 64, 4), product(2, 64, 1, tf32=0, real="double"), ("around.cu", {"VEC": 4}),
    *((file.name, {}) for file in sorted(FOLDER.glob("*.cu")) if file.name not in ("product.cu", "around.cu", "updates.cu")),
    *(("updates.cu", {"RULE": rule}) for rule in ("RMSPROP", "ADAM")),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc: it compiles the CUDA kernels for a GPU")
@pytest.mark.parametrize(("file", "macros"), COMPILED, ids=[f"{file}-{i}" for i, (file, _) in enumerate(COMPILED)])
def test_nvcc_has_nothing_to_say(file, macros, tmp_path):
    source = tmp_path / file
    source.write_text(source_of(file, tuple(sorted(({"REAL": "float"} | macros).items()))), encoding="utf-8")
    command = ["nvcc", "-std=c++17", "-arch=sm_90", "-cubin", "-o", "x.cubin", source]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")
