"""The rungs of the ladder side by side."""
import tracemalloc

import numpy as np
import pytest

import minidl
from minidl import ops
from minidl.kernels import Comparison, comparison
from minidl.tensor import Kernel

rng = np.random.default_rng(0)
X, KERNEL = rng.standard_normal((2, 6, 7, 3)), rng.standard_normal((3, 2, 3, 4))


def names(found):
    return [row.name for row in found.rows]


@pytest.mark.parametrize("metadata", [{}, {"padding": "same", "strides": [2, 1]}, {"dilation": 2}])
def test_all_rungs_of_a_convolution_agree(metadata):
    found = minidl.kernels.compare("conv2d", X, KERNEL, **metadata)
    assert names(found) == ["loops", "patches", "im2col", "kernel"]
    assert found.rows[0].difference == 0
    assert all(row.difference < 1e-14 and row.seconds > 0 for row in found.rows)
    size = ops.conv2d(X, KERNEL, **metadata).data.nbytes
    assert all(size <= row.bytes < 50 * size + 50_000 for row in found.rows)


@pytest.mark.parametrize("op", ["max_pool2d", "average_pool2d"])
@pytest.mark.parametrize("metadata", [{}, {"pool_size": (3, 2), "strides": 1, "padding": "same"}, {"pool_size": 3}])
def test_pools(op, metadata):
    found = minidl.kernels.compare(op, X, **metadata)
    assert names(found) == ["loops", "all places at once", "kernel"]
    assert max(row.difference for row in found.rows) < 1e-15


def test_what_a_kernel_does_is_what_is_shown(monkeypatch):
    """A wrong kernel that is large and slow is seen to be all three; the readable rung does not use it."""
    calls = []

    def wrong(x, kernel, **metadata):
        with minidl.reference_only():
            right = ops.conv2d(x, kernel, **metadata).data
        calls.append(np.zeros(10**6))
        return right + np.abs(right).max() / 4, None

    monkeypatch.setitem(ops.conv2d.kernels, "numpy", Kernel(wrong, lambda g, saved, needs: [None, None]))
    with minidl.reference_only():
        minidl.kernels.compare("conv2d", X, KERNEL)
    assert calls  # the last rung is the kernel there too
    found = minidl.kernels.compare("conv2d", X, KERNEL)
    *readable, fast = found.rows
    assert fast.difference == pytest.approx(0.25)
    assert fast.bytes >= 8 * 10**6 > max(row.bytes for row in readable)
    assert max(row.difference for row in readable) < 1e-14
    assert found.notes == []


def test_a_case_that_no_kernel_takes_is_said(monkeypatch):
    monkeypatch.setitem(ops.conv2d.kernels, "numpy", Kernel(lambda *a, **k: (NotImplemented, None), lambda *a: None))
    assert minidl.kernels.compare("conv2d", X, KERNEL).notes == ["No kernel takes this case: the last row is the readable op again."]


def test_loops_that_would_take_long_do_not_run(monkeypatch):
    monkeypatch.setattr(comparison, "_seconds_a_step", lambda: 1e-3)
    steps = 2 * 4 * 6 * 4 * (3 * 2 * 3)
    assert names(minidl.kernels.compare("conv2d", X, KERNEL, limit=steps * 1e-3 + 1)) == ["loops", "patches", "im2col", "kernel"]
    monkeypatch.setattr(comparison.ladder, "conv2d_loops", None)
    found = minidl.kernels.compare("conv2d", X, KERNEL, limit=steps * 1e-3 - 1)
    assert found.rows[0] == ("loops", None, None, None)
    assert f"{steps:,} steps and about 3 seconds; they did not run" in found.notes[0] and found.notes[0] in str(found)
    assert found.rows[1].difference == 0 and found.rows[2].difference < 1e-14
    monkeypatch.setattr(comparison, "_seconds_a_step", lambda: 60.0)
    assert "about 2 days" in minidl.kernels.compare("conv2d", X, KERNEL).notes[0]


def test_a_step_of_the_loops_takes_a_plausible_time():
    assert 1e-8 < comparison._seconds_a_step() < 1e-3


def test_text_and_notebook():
    found = Comparison("a <b>", [comparison.Row("loops", None, None, None), comparison.Row("x", 2.5e-7, 0.0123, 2**21)], ["Said & done."])
    assert str(found).splitlines() == [
        "a <b>",
        "way    difference     time  memory",
        "loops           –        –       –",
        "x         2.5e-07  12.3 ms  2.0 MB",
        "Said & done.",
    ]
    page = found._repr_html_()
    assert "<td>2.5e-07</td><td>12.3 ms</td><td>2.0 MB</td>" in page and "a &lt;b&gt;" in page and "Said &amp; done." in page


def test_what_cannot_be_compared_is_explained():
    with pytest.raises(ValueError, match="no op with a ladder is called 'conv2': did you mean 'conv2d'"):
        minidl.kernels.compare("conv2", X, KERNEL)
    with pytest.raises(ValueError, match="does not fit an image"):
        minidl.kernels.compare("conv2d", X[:, :2], KERNEL)
    with pytest.raises(TypeError, match="stride"):
        minidl.kernels.compare("conv2d", X, KERNEL, stride=2)
    with pytest.raises(ValueError, match="limit"):
        minidl.kernels.compare("conv2d", X, KERNEL, limit=-1)


def test_other_inputs():
    tensors = minidl.kernels.compare("conv2d", minidl.Tensor(X), minidl.Tensor(KERNEL, requires_grad=True))
    assert max(row.difference for row in tensors.rows) < 1e-14
    assert [row.difference for row in minidl.kernels.compare("conv2d", X[:0], KERNEL).rows] == [0, 0, 0, 0]
    assert max(row.difference for row in minidl.kernels.compare("max_pool2d", (10 * X).astype("int64")).rows) == 0


def test_a_trace_of_memory_that_runs_already_goes_on():
    tracemalloc.start()
    minidl.kernels.compare("max_pool2d", X)
    assert tracemalloc.is_tracing()
    tracemalloc.stop()
    minidl.kernels.compare("max_pool2d", X)
    assert not tracemalloc.is_tracing()
