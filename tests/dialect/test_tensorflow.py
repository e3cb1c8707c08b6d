"""TensorFlow's functions, as the courses call them. Values by hand, or NumPy's; what TensorFlow 2.14 gave is said where it surprises."""
import logging

import numpy as np
import pytest

import minidl as tf

M = np.array([[1.0, 5.0, 2.0], [4.0, 0.0, 3.0]], "float32")


@pytest.mark.parametrize(
    ("made", "expected", "dtype"),
    [
        (lambda: tf.argmax(M), [1, 0, 1], "int64"),  # along the first axis
        (lambda: tf.argmax(M, axis=1), [1, 0], "int64"),
        (lambda: tf.argmax(M, 1, output_type=tf.int32), [1, 0], "int32"),
        (lambda: tf.argmin(M, axis=-1), [0, 1], "int64"),
        (lambda: tf.expand_dims([1.0, 2.0], 0), [[1, 2]], "float32"),
        (lambda: tf.expand_dims([1.0, 2.0], axis=-1), [[1], [2]], "float32"),
        (lambda: tf.squeeze([[[1], [2]]]), [1, 2], "int32"),
        (lambda: tf.squeeze([[[1], [2]]], axis=0), [[1], [2]], "int32"),
        (lambda: tf.squeeze([[[1], [2]]], [0, 2]), [1, 2], "int32"),
        (lambda: tf.reshape(M, (3, -1)), [[1, 5], [2, 4], [0, 3]], "float32"),
        (lambda: tf.reshape(M, -1), M.ravel(), "float32"),
        (lambda: tf.transpose(M), M.T, "float32"),
        (lambda: tf.transpose(M, [1, 0]), M.T, "float32"),
        (lambda: tf.transpose(M[None], perm=[2, 0, 1]), M[None].transpose(2, 0, 1), "float32"),
        (lambda: tf.cast([1.7, -1.7], tf.int32), [1, -1], "int32"),
        (lambda: tf.cast(np.array([0, 255], "uint8"), tf.float32) / 255, [0, 1], "float32"),
        (lambda: tf.cast([0.0, 2.0], tf.bool), [False, True], "bool"),
        (lambda: tf.where(tf.constant([0.2, 0.7]) < 0.5, 0, 1), [0, 1], "int32"),
        (lambda: tf.where(M > 3, M, 0), [[0, 5, 0], [4, 0, 0]], "float32"),
        (lambda: tf.where([False, True, True]), [[1], [2]], "int64"),
        (lambda: tf.reduce_mean(M), 2.5, "float32"),
        (lambda: tf.reduce_mean(M, axis=0), [2.5, 2.5, 2.5], "float32"),
        (lambda: tf.reduce_mean([1, 2, 4]), 2, "int32"),  # whole numbers stay whole
        (lambda: tf.reduce_mean([-1, -2, -4]), -2, "int32"),
        (lambda: tf.reduce_sum(M, 1, keepdims=True), [[8], [7]], "float32"),
        (lambda: tf.reduce_sum(M, axis=[0, 1]), 15, "float32"),
        (lambda: tf.reduce_max(M, axis=1), [5, 4], "float32"),
        (lambda: tf.reduce_min(M, axis=1), [1, 0], "float32"),
        (lambda: tf.reduce_prod([2.0, 3.0]), 6, "float32"),
        (lambda: tf.math.reduce_variance([1.0, 3.0]), 1, "float32"),
        (lambda: tf.math.reduce_std([1.0, 5.0]), 2, "float32"),
        (lambda: tf.constant(3.0), 3, "float32"),
        (lambda: tf.constant([1, 2]), [1, 2], "int32"),
        (lambda: tf.constant(np.array([1.0])), [1], "float64"),
        (lambda: tf.constant(2, dtype=tf.float32, shape=(2, 2)), [[2, 2], [2, 2]], "float32"),
        (lambda: tf.constant([1, 2, 3, 4], shape=(2, 2)), [[1, 2], [3, 4]], "int32"),
        (lambda: tf.convert_to_tensor([[1.0], [2.0]]), [[1], [2]], "float32"),
        (lambda: tf.convert_to_tensor([tf.constant(1.0), tf.constant(2.0)]), [1, 2], "float32"),
        (lambda: tf.zeros((2, 1)), [[0], [0]], "float32"),
        (lambda: tf.ones([2], dtype=tf.int32), [1, 1], "int32"),
        (lambda: tf.zeros_like(M), 0 * M, "float32"),
        (lambda: tf.ones_like([1, 2]), [1, 1], "int32"),
        (lambda: tf.eye(2), [[1, 0], [0, 1]], "float32"),
        (lambda: tf.range(3), [0, 1, 2], "int32"),
        (lambda: tf.range(1.0, 2.0, 0.5), [1, 1.5], "float32"),
        (lambda: tf.one_hot([1, 0, 5], 3), [[0, 1, 0], [1, 0, 0], [0, 0, 0]], "float32"),
        (lambda: tf.concat([M, M], 0), np.vstack([M, M]), "float32"),
        (lambda: tf.concat([M, M], axis=-1), np.hstack([M, M]), "float32"),
        (lambda: tf.stack([M, M]), np.stack([M, M]), "float32"),
        (lambda: tf.matmul(M, M.T), M @ M.T, "float32"),
        (lambda: tf.add([1, 2], 3), [4, 5], "int32"),
        (lambda: tf.subtract(M, 1), M - 1, "float32"),
        (lambda: tf.multiply(2.0, M), 2 * M, "float32"),
        (lambda: tf.divide(M, 2), M / 2, "float32"),
        (lambda: tf.pow([2.0, 3.0], 2.0), [4, 9], "float32"),
        (lambda: tf.maximum(M, 3), np.maximum(M, 3), "float32"),
        (lambda: tf.minimum(M, 3), np.minimum(M, 3), "float32"),
        (lambda: tf.equal([1, 2], [1, 3]), [True, False], "bool"),
        (lambda: tf.greater(M, 2), M > 2, "bool"),
        (lambda: tf.abs([-1.0, 2.0]), [1, 2], "float32"),
        (lambda: tf.square([-3.0]), [9], "float32"),
        (lambda: tf.sqrt(9.0), 3, "float32"),
        (lambda: tf.exp(0.0), 1, "float32"),
        (lambda: tf.math.log(1.0), 0, "float32"),
        (lambda: tf.sign([-2.0, 0.0, 3.0]), [-1, 0, 1], "float32"),
        (lambda: tf.round([0.5, 1.5, 2.2]), [0, 2, 2], "float32"),
        (lambda: tf.clip_by_value([-1.0, 0.5, 9.0], 0, 1), [0, 0.5, 1], "float32"),
        (lambda: tf.shape(M), [2, 3], "int32"),
        (lambda: tf.size(M), 6, "int32"),
        (lambda: tf.rank(M), 2, "int32"),
        (lambda: tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]), [[1, 0], [1, 1]], "int32"),
        (lambda: tf.nn.softmax([0.0, 0.0]), [0.5, 0.5], "float32"),
        (lambda: tf.nn.softmax(np.zeros((2, 1)), axis=0), [[0.5], [0.5]], "float64"),
        (lambda: tf.nn.sigmoid(np.zeros(2)), [0.5, 0.5], "float64"),
        (lambda: tf.nn.relu(np.array([-1.0, 1.0])), [0, 1], "float64"),
        (lambda: tf.nn.leaky_relu([-1.0, 1.0], alpha=0.25), [-0.25, 1], "float32"),
        (lambda: tf.nn.bias_add([[1.0, 2.0]], [1.0, 1.0]), [[2, 3]], "float32"),
        (lambda: tf.nn.log_softmax([0.0]), [0], "float32"),
        (lambda: tf.nn.max_pool2d(M[None, ..., None], (1, 2, 3, 1), 1, "VALID"), [[[[5.0]]]], "float32"),
        (lambda: tf.nn.avg_pool2d(M[None, ..., None], (2, 3), (1, 1), "VALID"), [[[[2.5]]]], "float32"),
        (lambda: tf.nn.conv2d(M[None, ..., None], np.ones((2, 3, 1, 1), "float32"), [1, 1, 1, 1], "VALID"), [[[[15.0]]]], "float32"),
        (lambda: tf.nn.dropout([1.0, 2.0], rate=0.0), [1, 2], "float32"),
        (lambda: tf.nn.softmax_cross_entropy_with_logits(labels=[[1.0, 0.0]], logits=[[0.0, 0.0]]), [np.log(2)], "float32"),
        (lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=[[0.0, 0.0]]), [np.log(2)], "float32"),
        (lambda: tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[0.0]), [np.log(2)], "float32"),
        (lambda: tf.image.flip_left_right(M[..., None])[..., 0], M[:, ::-1], "float32"),
        (lambda: tf.image.flip_up_down(M[..., None])[..., 0], M[::-1], "float32"),
        (lambda: tf.image.rot90(M[..., None])[..., 0], np.rot90(M), "float32"),
        (lambda: tf.image.grayscale_to_rgb(M[..., None])[..., 2], M, "float32"),
        (lambda: tf.image.rgb_to_grayscale(np.ones((1, 1, 3))), [[[0.9999]]], "float64"),
        (lambda: tf.image.resize(M[..., None], (4, 6)).shape, (4, 6, 1), None),
    ],
)  # fmt: skip
def test_values(made, expected, dtype):
    value = made()
    assert np.allclose(np.asarray(value), expected, atol=1e-6) and np.shape(value) == np.shape(expected)
    if dtype is not None:
        assert isinstance(value, tf.Tensor) and value.dtype == dtype


def test_gradients_pass():
    x = tf.Variable([[1.0, -2.0], [3.0, 4.0]])
    for function in (
        tf.abs, tf.exp, tf.square, tf.transpose, tf.squeeze, tf.reduce_min, tf.math.reduce_variance, tf.nn.softmax, tf.nn.leaky_relu,
        lambda x: tf.expand_dims(x, 1), lambda x: tf.where(x > 0, x, 0.0), lambda x: tf.concat([x, x], 0), lambda x: tf.matmul(x, x),
        lambda x: tf.clip_by_value(x, -5, 5), lambda x: tf.reshape(x, [-1]), lambda x: tf.stack([x, x]), lambda x: tf.cast(x, tf.float64),
    ):  # fmt: skip
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(function(x) * 2.0)
        assert tape.gradient(y, x) is not None, function


def test_random_numbers():
    tf.random.set_seed(3)
    first = tf.random.normal([1000], mean=2.0, stddev=0.5)
    tf.random.set_seed(3)
    assert (first.numpy() == tf.random.normal((1000,), 2.0, 0.5).numpy()).all()
    assert first.dtype == "float32" and abs(float(tf.reduce_mean(first)) - 2) < 0.1
    assert tf.random.uniform((2, 3), seed=1).shape == (2, 3)
    whole = tf.random.uniform([200], minval=1, maxval=4, dtype=tf.int32)
    assert set(whole.numpy().tolist()) == {1, 2, 3}
    with pytest.raises(ValueError, match="random whole numbers need a maxval"):
        tf.random.uniform([2], dtype=tf.int32)
    assert sorted(tf.random.shuffle(tf.range(9)).numpy().tolist()) == list(range(9))
    dropped = tf.nn.dropout(tf.ones([1000]), rate=0.5, seed=1)
    assert set(dropped.numpy().tolist()) == {0.0, 2.0}


def test_what_is_refused():
    with pytest.raises(ValueError, match="axis must lie between -2 and 1"):
        tf.expand_dims([1.0], 2)
    with pytest.raises(ValueError, match="only axes of size 1 can be left out"):
        tf.squeeze(M, axis=0)
    with pytest.raises(ValueError, match="both x and y, or neither"):
        tf.where([True], [1.0])


def test_the_rest():
    @tf.function
    def double(x):
        return 2 * x

    @tf.function()
    def triple(x):
        return 3 * x

    assert (double(2), triple(2), double.__name__) == (4, 6, "double")
    assert tf.executing_eagerly() and tf.is_tensor(tf.constant(1)) and not tf.is_tensor(1)
    assert tf.get_logger() is logging.getLogger("minidl")
    assert ["airplane", "cat"][tf.argmax([0.1, 0.9])] == "cat"
    assert tf.float32 == np.float32 and tf.keras.layers.Dense(1, dtype=tf.float64).dtype == "float64"


def test_devices(monkeypatch):
    from types import SimpleNamespace

    from minidl import gpu

    def none():
        raise RuntimeError("no GPU")

    monkeypatch.setattr(gpu, "load_cupy", none)
    assert tf.config.list_physical_devices() == [("/physical_device:CPU:0", "CPU")]
    assert tf.config.list_physical_devices("GPU") == []
    monkeypatch.setattr(gpu, "load_cupy", lambda: SimpleNamespace(cuda=SimpleNamespace(runtime=SimpleNamespace(getDeviceCount=lambda: 1))))
    assert tf.config.list_physical_devices("GPU") == [("/physical_device:GPU:0", "GPU")]


def test_axes_lines_and_lengths():
    x = tf.constant([3.0, 4.0])
    assert x[..., tf.newaxis].shape == (2, 1)
    assert float(tf.norm(x)) == 5 and np.array_equal(tf.linspace(0.0, 1.0, 5).numpy(), [0, 0.25, 0.5, 0.75, 1])
    assert tf.linspace(0.0, 1.0, 5).dtype == "float32" and tf.linspace(-2, 2, 3).dtype == "float64"


def test_the_weights_of_layers_are_variables():
    layer = tf.keras.layers.Dense(1, input_shape=(2,))
    tf.keras.Sequential([layer])
    layer.kernel.assign([[1.0], [2.0]])
    layer.kernel.assign_add(tf.ones((2, 1)))
    layer.weights[1].assign_sub([0.5])
    assert [w.tolist() for w in layer.get_weights()] == [[[2.0], [3.0]], [-0.5]]


def test_the_value_of_a_metric_is_a_number_and_can_be_asked_for_as_a_tensor():
    metric = tf.keras.metrics.Mean(name="train_loss")
    metric(tf.constant([1.0, 2.0]))
    assert metric.result() == 1.5 and metric.result().numpy() == 1.5 and f"{metric.result():.2f}" == "1.50"
