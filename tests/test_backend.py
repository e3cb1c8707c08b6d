"""The array's type decides: owners, moves, and the stand-in for a GPU that keeps all other tests honest."""

import copy

import numpy as np
import pytest
import strictgpu

from minidl import backend as backends
from minidl import ops
from minidl.tensor import Tensor

gpu = strictgpu.module


def test_owner_of_arrays(backend):
    a = backend.asarray([1.0])
    assert backends.owner(a).name == backend.name
    assert backends.owner(2, a, None, 3.5, a).name == backend.name
    assert backends.owner(a).module is backend.module


def test_numbers_alone_are_numpys():
    assert backends.owner().name == backends.owner(1, 2.0, None).name == "numpy"


def test_mixed_arrays_raise_and_name_both():
    with pytest.raises(TypeError, match="strictgpu and numpy"):
        backends.owner(gpu.asarray(np.ones(2)), np.ones(2))
    with pytest.raises(TypeError, match="numpy and strictgpu"):
        Tensor(np.ones(2)) + Tensor(gpu.asarray(np.ones(2)))


def test_is_array():
    assert backends.is_array(np.ones(1))
    assert backends.is_array(gpu.asarray(np.ones(1)))
    assert not any(map(backends.is_array, (1, 2.0, np.float64(1), [1], None, Tensor(1.0))))


def test_named():
    assert backends.named("numpy").module is np
    assert backends.named("strictgpu").array_type is strictgpu.StrictArray
    with pytest.raises(ValueError, match=r"'torch'.*numpy.*strictgpu.*cupy"):
        backends.named("torch")


def test_registering_twice_changes_nothing():
    before = backends.named("strictgpu")
    assert backends.register("other", None, strictgpu.StrictArray) is before


def test_move(backend):
    there = backends.named(backend.name)
    a = backend.asarray([[1.0, 2.0]])
    assert backends.move(a, there) is a
    home = backends.move(a, backends.named("numpy"))
    assert type(home) is np.ndarray
    assert type(backends.move(home, there)) is backend.array_type


def test_to_numpy_is_in_c_order(backend):
    a = backend.asarray(np.arange(6.0).reshape(2, 3)).T
    assert backends.to_numpy(a).flags.c_contiguous
    assert backends.to_numpy(a).tolist() == [[0, 3], [1, 4], [2, 5]]


def test_tensors_move_by_name(backend):
    t = Tensor(np.arange(3.0))
    moved = t.to(backend.name)
    assert backend.to_numpy(moved).tolist() == [0, 1, 2]
    assert type(moved.to("numpy").data) is np.ndarray
    assert type(t.data) is np.ndarray


def test_a_gradient_comes_back_over_a_move(backend):
    x = Tensor(np.arange(3.0), requires_grad=True)
    (x.to(backend.name) ** 2).sum().backward()
    assert type(x.grad.data) is np.ndarray
    assert x.grad.numpy().tolist() == [0, 2, 4]


def test_values_for_people_are_numpys(backend):
    t = Tensor(backend.asarray([[1.5, 2.5]]).T)
    assert type(t.numpy()) is np.ndarray
    assert t.numpy().flags.c_contiguous
    assert t[0, 0].item() == 1.5
    assert float(t[1, 0]) == 2.5
    assert "1.5" in repr(t)


# ---------------------------------------------------------------- the stand-in itself


@pytest.mark.parametrize(
    "attempt",
    [
        lambda a: np.asarray(a),
        lambda a: np.array([a]),
        lambda a: np.exp(a),
        lambda a: np.sum(a),
        lambda a: np.concatenate([a, a]),
        lambda a: a + np.ones(2),
        lambda a: np.ones(2) + a,
        lambda a: a * np.array(2.0),
        lambda a: np.ones((2, 2)) @ a,
        lambda a: gpu.add(a, np.ones(2)),
        lambda a: gpu.concatenate([a, np.ones(2)]),
        lambda a: gpu.array(np.ones(2)),
        lambda a: a[np.array([0])],
        lambda a: a.__setitem__(0, np.ones(1)),
        lambda a: a == np.ones(2),
        lambda a: float(a[0]),
        lambda a: int(a[0]),
        lambda a: bool(a[0]),
        lambda a: [1, 2][a[0].astype(int)],
        lambda a: range(a[0].astype(int)),
        lambda a: 1 if a[0] == 1 else 2,
        lambda a: np.ones(2).__iadd__(a),
        lambda a: np.ones(2).__setitem__(slice(None), a),
        lambda a: a + Tensor(np.ones(2)).data,
    ],
)
def test_the_stand_in_refuses(attempt):
    before = gpu.transfers
    with pytest.raises(TypeError):
        attempt(gpu.asarray(np.ones(2)))
    assert gpu.transfers == before + 1  # the test's own


def test_the_stand_in_counts_moves():
    before = gpu.to_device, gpu.to_host
    a = gpu.asarray(np.arange(3.0))
    a.get()
    a[0].item()
    assert gpu.asarray(a) is a
    assert (gpu.to_device, gpu.to_host) == (before[0] + 1, before[1] + 2)


def test_the_stand_in_computes():
    a = gpu.asarray(np.arange(6.0).reshape(2, 3))
    before = gpu.transfers
    assert type(a.sum()) is type(a[0, 0]) is strictgpu.StrictArray
    assert a.sum().shape == ()
    b = gpu.zeros((2, 3))
    b += a
    b[0] = 7
    b[:, gpu.asarray(gpu.arange(1))] *= 2.0
    gpu.add.at(b, (gpu.zeros(2, int), 1), 1.0)
    gpu.exp(b, out=b)
    c = np.float32(2) * a.astype(np.float32) + np.float64(1)
    assert gpu.transfers == before
    assert np.log(b.get()).round(9).tolist() == [[14, 9, 7], [6, 4, 5]]
    assert (c.dtype, c.get().tolist()) == (np.float64, [[1, 3, 5], [7, 9, 11]])
    assert a.T.shape == (3, 2)
    assert len(a) == 2
    assert [row.shape for row in a] == [(3,), (3,)]
    assert gpu.array_equal(a, a).get()
    assert copy.deepcopy(a).get().tolist() == a.get().tolist()
    assert gpu.iinfo(np.int8).min == -128
    assert gpu.inf == np.inf


def test_slices_are_views_as_everywhere():
    a = gpu.zeros(4)
    a[1:3][:] = 1.0
    assert a.get().tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("name", ["random", "nditer", "no_such_name"])
def test_names_that_a_gpu_lacks(name):
    with pytest.raises(AttributeError):
        getattr(gpu, name)


def test_ops_read_nothing_from_the_device():
    x = Tensor(gpu.asarray(np.ones((2, 3))), requires_grad=True)
    before = gpu.transfers
    loss = ops.softmax_crossentropy(x * 2, x.detach()).mean()
    loss.backward()
    x -= 0.1 * x.grad
    assert gpu.transfers == before
