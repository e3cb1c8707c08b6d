"""The few functions of the dialect whose arguments differ from the engine's."""
import numpy as np
import pytest
from PIL import Image

from minidl import Input, Tensor, keras, layers, optimizers


def test_input_takes_keras_arguments():
    assert keras.Input((32, 32, 3)).shape == keras.Input(shape=[32, 32, 3]).shape == (None, 32, 32, 3)
    assert keras.Input(batch_shape=(None, 5)).shape == keras.Input(shape=5, dtype="float32", sparse=False).shape == (None, 5)
    assert keras.Input((3,), name="start").name == "start"
    for wrong in ({"batch_size": 4}, {"dtype": "int32"}, {"sparse": True}, {"tensor": 3}):
        (name,) = wrong
        with pytest.raises(TypeError, match=f"Input has no argument '{name}' for"):
            keras.Input((3,), **wrong)
    with pytest.raises(TypeError, match="'batch_size' for 4"):
        keras.Input(batch_shape=(4, 5))
    for wrong in ({}, {"shape": (3,), "batch_shape": (None, 3)}):
        with pytest.raises(TypeError, match="Input takes a shape"):
            keras.Input(**wrong)


def test_plot_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="last")])
    figure = keras.utils.plot_model(model, show_shapes=True, dpi=50)
    assert {"last"} <= {text.get_text() for text in figure.texts}
    with Image.open("model.png") as picture:
        assert picture.size == tuple(int(50 * side + 1e-6) for side in figure.get_size_inches())
    keras.utils.plot_model(model, "new/net.png")
    keras.utils.plot_model(model, None)
    assert [path.name for path in tmp_path.rglob("*.png")] == ["model.png", "net.png"]
    for wrong in ({"show_shapes": False}, {"show_layer_names": False}, {"rankdir": "LR"}):
        (name,) = wrong
        with pytest.raises(TypeError, match=f"plot_model has no argument '{name}' for"):
            keras.utils.plot_model(model, None, **wrong)


def test_backend():
    layers.reset_names()
    assert [layers.Dense(1).name, layers.Dense(1).name] == ["dense", "dense_1"]
    keras.backend.clear_session()
    assert layers.Dense(1).name == "dense"
    assert (keras.backend.epsilon(), keras.backend.floatx(), keras.backend.image_data_format()) == (1e-7, "float32", "channels_last")
    weight = Tensor(np.ones(2), requires_grad=True)
    keras.backend.set_value(weight, [3, 4])
    assert keras.backend.get_value(weight).tolist() == [3, 4]
    optimizer = optimizers.SGD(0.5)
    assert keras.backend.get_value(optimizer.lr) == 0.5
    with pytest.raises(TypeError, match=r"write optimizer\.learning_rate ="):
        keras.backend.set_value(optimizer.lr, 0.1)
    assert keras.backend.mean(np.array([[1.0, 3.0], [5.0, 7.0]]), axis=1).numpy().tolist() == [2, 6]
    assert keras.backend.clip(np.array([1.0, 3.0]), 0, 2).numpy().tolist() == [1, 2]


def test_reduction():
    y = np.array([[0.0], [1.0]])
    assert keras.losses.MeanSquaredError(keras.losses.Reduction.NONE)(y, 1 - y).shape == (2,)
    assert keras.losses.MeanSquaredError(reduction=keras.losses.Reduction.AUTO)(y, 1 - y).item() == 1
    assert keras.losses.MeanSquaredError(reduction=keras.losses.Reduction.SUM)(y, 1 - y).item() == 2
    assert Input((1,)).shape == (None, 1)
