"""One switch: where new weights are born."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import strictgpu

import minidl
from minidl import config, devices
from minidl.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from minidl.models import Model, Sequential


def kinds(model):
    return {type(w.data) for w in model.weights}


def test_weights_are_born_on_the_backend_that_is_used(backend):
    with minidl.use_backend(backend.name):
        assert devices.used().name == backend.name
        model = Sequential([Input((6, 6, 1)), Conv2D(2, 3), MaxPooling2D(), Flatten(), Dense(3, activation="softmax")])
        late = Sequential([Dense(3)])
        symbol = Input((4,))
        graph = Model(symbol, Dense(2)(symbol))
        model.compile("adam", "sparse_categorical_crossentropy")
        x, y = np.random.default_rng(0).random((5, 6, 6, 1)).astype("float32"), np.arange(5) % 3
        model.fit(x, y, verbose=0)
        assert late.predict(np.ones((2, 4), "float32"), verbose=0).shape == (2, 3)
    assert devices.used().name == "numpy"
    assert kinds(model) == kinds(late) == kinds(graph) == {backend.array_type}
    assert kinds(Sequential([Input((4,)), Dense(2)])) == {np.ndarray}
    model.add(Dense(2))  # its neighbours stay where they are
    assert type(model.predict(x, verbose=0)) is np.ndarray if backend.name == "numpy" else True


def test_one_seed_gives_one_start_on_every_backend(backend):
    starts = []
    for name in ("numpy", backend.name):
        with minidl.use_backend(name):
            minidl.set_seed(7)
            starts.append(Sequential([Input((4,)), Dense(3)]).get_weights())
    for a, b in zip(*starts):
        assert (a == b).all()


def test_it_holds_until_the_next_call():
    with minidl.use_backend("numpy"):
        minidl.use_backend("strictgpu")
        assert kinds(Sequential([Input((4,)), Dense(2)])) == {strictgpu.StrictArray}
        with minidl.use_backend("numpy"):
            assert devices.used().name == "numpy"
        assert devices.used().name == "strictgpu"
    assert devices.used().name == "numpy"


def in_a_thread(function):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def test_other_threads_see_it_from_here_on_but_not_for_a_block(monkeypatch):
    monkeypatch.setattr(devices._used, "process", None)  # and as it was, afterwards
    monkeypatch.setattr(devices._tf32, "process", False)

    def seen():
        return devices.used().name, devices.tf32_allowed()

    with minidl.use_backend("strictgpu"), minidl.use_tf32():
        assert seen() == ("strictgpu", True)
        assert in_a_thread(seen) == ("numpy", False)
    minidl.use_backend("strictgpu")
    minidl.use_tf32()
    assert seen() == in_a_thread(seen) == ("strictgpu", True)
    with minidl.use_backend("numpy"), minidl.use_tf32(False):
        assert seen() == ("numpy", False)
        assert in_a_thread(seen) == ("strictgpu", True)
    assert seen() == ("strictgpu", True)


def test_an_error_inside_the_block_ends_it():
    with pytest.raises(ZeroDivisionError), minidl.use_backend("strictgpu"):
        raise ZeroDivisionError
    assert devices.used().name == "numpy"


def test_an_unknown_backend_changes_nothing():
    with pytest.raises(ValueError, match=r"'torch'.*numpy"):
        minidl.use_backend("torch")
    assert devices.used().name == "numpy"


def test_the_environment_variable(monkeypatch):
    monkeypatch.setenv("MINIDL_BACKEND", "strictgpu")
    assert devices.used().name == "strictgpu"
    with minidl.use_backend("numpy"):
        assert devices.used().name == "numpy"
    monkeypatch.setenv("MINIDL_BACKEND", "toaster")
    with pytest.raises(ValueError, match="MINIDL_BACKEND is 'toaster'"):
        Sequential([Input((4,)), Dense(2)])


def test_nothing_imports_cupy():
    code = "import minidl.models, minidl.kernels.cupy, sys; sys.exit('cupy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_tf32_is_asked_for():
    assert not devices.tf32_allowed()
    with minidl.use_tf32():
        assert devices.tf32_allowed()
        with minidl.use_tf32(False):
            assert not devices.tf32_allowed()
    assert not devices.tf32_allowed()
    with pytest.raises(ValueError, match="True or False"):
        minidl.use_tf32("yes")


def test_too_little_memory_is_explained_where_it_was_a_gpus():
    class OutOfMemoryError(MemoryError):
        __module__ = "cupy.cuda.memory"

    with pytest.raises(MemoryError, match=r"GPU has too little memory \(3 GB\): use a smaller batch_size"), config.computing:
        raise OutOfMemoryError("3 GB")
    with pytest.raises(MemoryError, match=r"^mine$"), config.computing:
        raise MemoryError("mine")
