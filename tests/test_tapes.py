"""GradientTape and Variable: TensorFlow's ways, over `grad`."""
import numpy as np
import pytest

import minidl as tf
from minidl import Sequential, layers
from minidl.tapes import GradientTape, Variable


def test_the_gradient_of_a_variable():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    assert tape.gradient(y, w).item() == 6


def test_a_constant_is_watched():
    x = tf.constant([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = (x**2).sum()
    assert tape.gradient(y, x).numpy().tolist() == [2, 4]
    for wrong in (tf.constant([1, 2]), 3.0):
        with pytest.raises(TypeError, match="a tape watches Tensors of floats"):
            GradientTape().watch(wrong)


def test_the_structure_of_the_sources_and_what_is_not_connected():
    a, b, c, still = Variable(2.0), Variable(3.0), Variable(4.0), Variable(5.0, trainable=False)
    with GradientTape(persistent=True) as tape:
        y = a * b * still
    assert [g if g is None else g.item() for g in tape.gradient(y, [a, b, c, still])] == [15, 10, None, None]
    found = tape.gradient(y, {"a": a, "deep": (b, [c])})
    assert found["a"].item() == 15 and found["deep"][0].item() == 10 and found["deep"][1] == [None]
    with pytest.raises(TypeError, match="sources are Tensors or Variables"):
        tape.gradient(y, [1.0])


def test_of_several_numbers_the_gradient_of_the_sum():
    x = Variable([1.0, 2.0, 3.0])
    with GradientTape(persistent=True) as tape:
        y, z = x**2, x * 10.0
    assert tape.gradient(y, x).numpy().tolist() == [2, 4, 6]
    assert tape.gradient([y, z], x).numpy().tolist() == [12, 14, 16]
    assert tape.gradient(y, x, output_gradients=tf.constant([1.0, 0.0, 2.0])).numpy().tolist() == [2, 0, 12]
    with pytest.raises(ValueError, match="output_gradients must be one for each of 2 targets; got 1"):
        tape.gradient([y, z], x, output_gradients=[y])


def test_a_tape_that_is_not_persistent_gives_one_gradient():
    w = Variable(1.0)
    with GradientTape() as tape:
        y = w * 2.0
    tape.gradient(y, w)
    with pytest.raises(RuntimeError, match=r"GradientTape\(persistent=True\)"):
        tape.gradient(y, w)


def test_tapes_within_tapes_give_higher_derivatives():
    x = Variable(2.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = x**3
        slope = inner.gradient(y, x)
    assert (slope.item(), outer.gradient(slope, x).item()) == (12, 12)


def test_two_tapes_side_by_side_share_what_was_computed():
    w = Variable(2.0)
    with GradientTape() as one, GradientTape() as other:
        shared = w * w
        a, b = shared * 3.0, shared * 5.0
    assert (one.gradient(a, w).item(), other.gradient(b, w).item()) == (12, 20)


def test_only_what_is_watched():
    a, b = Variable(2.0), Variable(3.0)
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([b])
        y = a * b
    assert [g is None for g in tape.gradient(y, [a, b])] == [True, False]


def test_a_model_is_trained_as_train_on_batch_does():
    x, y = np.random.default_rng(0).random((8, 3)).astype("float32"), np.ones((8, 1), "float32")
    models = [Sequential([layers.Input((3,)), layers.Dense(1)]) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    models[0].compile(tf.keras.optimizers.SGD(0.1), "mse")
    models[0].train_on_batch(x, y)
    with GradientTape() as tape:
        loss = tf.reduce_mean(tf.keras.losses.mean_squared_error(y, models[1](x, training=True)))
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.apply_gradients(zip(tape.gradient(loss, models[1].trainable_variables), models[1].trainable_variables))
    for a, b in zip(models[0].get_weights(), models[1].get_weights()):
        assert np.allclose(a, b, atol=1e-7)


def test_variables():
    w = Variable([[1, 2], [3, 4]], dtype="float32", name="w")
    assert (w.dtype, w.requires_grad, w.name, w.shape) == ("float32", True, "w", (2, 2))
    assert Variable(1).dtype == "int32" and not Variable(1).requires_grad
    assert Variable(1.5).dtype == "float32" and Variable(np.array(1.5)).dtype == "float64"
    assert w.assign([[0, 0], [0, 1]]).assign_add(np.ones((2, 2))).assign_sub([[1, 0], [0, 0]]).numpy().tolist() == [[0, 1], [1, 2]]
    before = w.value()
    w.assign(w + 1.0)
    assert before.numpy().tolist() == [[0, 1], [1, 2]] and w.numpy().tolist() == [[1, 2], [2, 3]]
    with pytest.raises(ValueError, match=r"the variable has shape \(2, 2\), the value \(3,\)"):
        w.assign([1, 2, 3])


def test_a_variable_is_learned():
    w, b = Variable(5.0), Variable(0.0)
    x = np.array([1.0, 2.0, 3.0], "float32")
    for _ in range(200):
        with GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(w * x + b - (3 * x + 2)))
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.1 * dw)
        b.assign_sub(0.1 * db)
    assert w.item() == pytest.approx(3, abs=0.05) and b.item() == pytest.approx(2, abs=0.1)
