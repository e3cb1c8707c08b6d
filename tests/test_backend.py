"""The array's type decides: owners, moves, and the stand-in for a GPU that keeps all other tests honest."""

import copy

import numpy as np
import pytest
import strictgpu

from minidl import backend as backends
from minidl import gradcheck, losses, ops
from minidl.layers import AveragePooling2D, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from minidl.models import Model, Sequential, load_model
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


# ---- what a further backend must offer: NumPy's names, asarray, and arrays with get()


@pytest.fixture
def bare(monkeypatch):
    """The stand-in without its other way out, and what moves: ``bare()`` gives (to the device, to the host) since it was last asked."""
    monkeypatch.setattr(strictgpu.StrictArray, "item", strictgpu.StrictArray._no)
    last = [gpu.to_device, gpu.to_host]

    def moves():
        found = gpu.to_device - last[0], gpu.to_host - last[1]
        last[:] = gpu.to_device, gpu.to_host
        return found

    return moves


def net(loss, dropout=0.25):
    model = Sequential(
        [
            Input((8, 8, 2)), Conv2D(4, 3, activation="relu"), MaxPooling2D(), BatchNormalization(), AveragePooling2D(1), Flatten(),
            Dense(6, activation="tanh"), Dropout(dropout), Dense(3, activation="softmax"),
        ]
    )  # fmt: skip
    model.to("strictgpu").compile("adam", loss, metrics=["accuracy", "mse"] if loss != "sparse_categorical_crossentropy" else ["accuracy"])
    return model


def pictures(n=12):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    return rng.random((n, 8, 8, 2), dtype="float32"), y, np.eye(3, dtype="float32")[y]


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy", "mse"])
def test_a_training_step_reads_the_device_once(bare, loss):
    model = net(loss)
    x, classes, one_hot = pictures()
    y = classes if loss.startswith("sparse") else one_hot
    weights = np.linspace(0.5, 1, 12, dtype="float32")
    on_device = [gpu.asarray(array) for array in (x, y, weights)]
    for arrays in ((x, y), on_device[:2], (x, y, weights), on_device):
        bare()
        model.train_on_batch(*arrays)
        assert bare()[1] == 1
        model.fit(arrays[0], arrays[1], sample_weight=arrays[2] if len(arrays) > 2 else None, batch_size=4, epochs=2, verbose=0)
        assert bare()[1] == 6
    bare()
    model.train_step((Tensor(on_device[0]), on_device[1]))
    assert bare()[1] == 1
    model.test_on_batch(*on_device[:2])
    assert bare()[1] == 1


@pytest.mark.parametrize("wrong", [3, -1])
def test_wrong_labels_are_noticed_on_a_device(bare, wrong):
    model, (x, y, _) = net("sparse_categorical_crossentropy"), pictures()
    y = np.where(np.arange(12) == 7, wrong, y)
    for labels in (y, gpu.asarray(y)):
        with pytest.raises(ValueError, match=f"holds {wrong}"):
            model.train_on_batch(x, labels)
        with pytest.raises(ValueError, match=f"holds {wrong}"):
            model.evaluate(x, labels, verbose=0)
        with pytest.raises(ValueError, match=f"holds {wrong}"):
            model.fit(x, labels, batch_size=4, verbose=0)


def test_a_step_of_ones_own_does_not_lose_a_doubt(bare):
    class Own(Model):
        def train_step(self, data):
            x, y = data
            loss, _ = self.objective.loss(y, self(x, training=True))
            return {"loss": loss}

    symbol = Input((8, 8, 2))
    model = Own(symbol, Dense(3, activation="softmax")(Flatten()(symbol))).to("strictgpu")
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y, _ = pictures()
    with pytest.raises(ValueError, match="holds 9"):
        model.fit(x, np.where(y == 0, 9, y), batch_size=4, verbose=0)


def test_gradients_are_checked_where_the_arrays_are(bare):
    rng = np.random.default_rng(3)
    x, kernel = (gpu.asarray(rng.standard_normal(shape)) for shape in ((2, 6, 6, 2), (3, 3, 2, 3)))
    seen = []

    def function(a, b):
        seen.append({type(a.data), type(b.data)})
        return ops.softmax(ops.flatten(ops.max_pool2d(ops.tanh(ops.conv2d(a, b, padding="same")))))

    for order in (1, 2):
        assert gradcheck(function, x, kernel, order=order)
    assert {kind for kinds in seen for kind in kinds} == {strictgpu.StrictArray}
    model = net("mse", dropout=0.0)
    pixels, _, one_hot = pictures(3)
    assert gradcheck((model, losses.get("mse")), gpu.asarray(pixels.astype(float)), gpu.asarray(one_hot.astype(float)))
    assert not gradcheck(lambda a: a.detach() * a, x)  # half of the gradient is missing


def test_saving(bare, tmp_path):
    model, (x, y, _) = net("sparse_categorical_crossentropy", dropout=0.0), pictures()
    model.fit(x, y, batch_size=4, verbose=0)
    model.save(tmp_path / "m.npz")
    model.save_weights(tmp_path / "w.npz")
    loaded, other = load_model(tmp_path / "m.npz"), net("sparse_categorical_crossentropy", dropout=0.0)
    other.load_weights(tmp_path / "w.npz")
    for again in (loaded, loaded.to("strictgpu"), other):
        np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)
    for m in (model, loaded):
        m.fit(x, y, batch_size=4, verbose=0, shuffle=False)
    for a, b in zip(model.get_weights(), loaded.get_weights()):
        np.testing.assert_allclose(a, b, atol=1e-6)
