"""The order of the kernels' memory: their own business, and nobody else's."""
import numpy as np
import pytest

import minidl
from minidl import layers
from minidl.kernels.numpy import memory


def test_rows_first_and_back():
    x = np.random.default_rng(0).normal(size=(4, 5, 6, 3))
    for order in (x, np.asfortranarray(x), x[:, ::-1], x[:1]):
        y = memory.rows_first(order)
        assert y.flags.c_contiguous and y.shape == (6, 3, 5, order.shape[0])
        np.testing.assert_array_equal(memory.images_first(y), order)
        assert memory.rows_first(memory.images_first(y)) is not x and np.shares_memory(memory.rows_first(memory.images_first(y)), y)


def test_scratch_is_taken_again_and_grows():
    first = memory.scratch("test", (3, 4), np.dtype("float32"))
    first[...] = 1
    assert np.shares_memory(first, memory.scratch("test", (2, 2), np.dtype("float64")))
    assert memory.scratch("test", (100, 100), np.dtype("float64")).shape == (100, 100)
    assert not np.shares_memory(memory.scratch("test", (2,), np.dtype(bool)), memory.scratch("other", (2,), np.dtype(bool)))


def test_the_layout_after_every_layer_of_the_intro_net():
    """Images innermost after the convolutions, from one layer to the next without a copy; C-contiguous from Flatten on."""
    minidl.set_seed(0)
    x = minidl.Tensor(np.random.default_rng(0).random((4, 32, 32, 3), "float32"))
    for layer in minidl.nets.intro().layers[1:]:
        x = layer(x)
        picture = isinstance(layer, (layers.Conv2D, layers.MaxPooling2D))
        assert (x.data.transpose(2, 3, 1, 0) if picture else x.data).flags.c_contiguous, layer.name


def test_what_leaves_the_engine_is_c_contiguous(tmp_path):
    minidl.set_seed(0)
    inputs = minidl.Input((8, 8, 1))
    model = minidl.Model(inputs, layers.Conv2D(3, 3)(inputs))
    x = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
    y = model(x)
    assert not y.data.flags.c_contiguous
    for array in (y.numpy(), model.predict(x, verbose=0), model.predict_on_batch(x), np.asarray(y), *model.get_weights()):
        assert array.flags.c_contiguous
    model.compile("adam", "mse")
    model.train_on_batch(x, y.numpy() * 0)
    assert all(w.data.flags.c_contiguous for w in model.weights)


def test_tensors_are_freed_with_their_kernels_results():
    import gc
    import weakref

    gc.disable()
    try:
        x = minidl.Tensor(np.ones((1, 4, 4, 1)), requires_grad=True)
        y = minidl.ops.conv2d(x, np.ones((2, 2, 1, 1)))
        saved = weakref.ref(y)
        minidl.grad(y.sum(), [x])
        del y
        assert saved() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("size", [1, 7])
def test_batches_of_any_size(size):
    minidl.set_seed(0)
    model = minidl.nets.intro()
    x = np.random.default_rng(0).random((size, 32, 32, 3), "float32")
    with minidl.reference_only():
        plain = model.predict(x, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), plain, rtol=1e-4, atol=1e-6)
