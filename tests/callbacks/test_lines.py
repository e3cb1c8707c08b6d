"""The line that tells how far a training is. The numbers are those of the line in the CIFAR course's notes."""
import re

import numpy as np
import pytest

import minidl
from minidl import Input, Sequential
from minidl.callbacks import ProgressBar, lines
from minidl.layers import Dense

LOGS = {"loss": 1.4651, "accuracy": 0.4738, "val_loss": 1.2736, "val_accuracy": 0.5507}
X, Y = np.random.default_rng(0).random((6, 3)), np.zeros((6, 1))


def test_the_line_in_the_course_notes():
    bar, numbers = "[==============================]", "loss: 1.4651 - accuracy: 0.4738 - val_loss: 1.2736 - val_accuracy: 0.5507"
    expected = f"1250/1250 {bar} - 15s 12ms/step - {numbers}"
    assert lines.keras2(1250, 1250, 15.0, LOGS, 1, last=True) == expected
    assert lines.keras2(1, 1, 0.093, {}, 1, last=True) == "1/1 [==============================] - 0s 93ms/step"


def test_the_line_of_keras_3():
    assert lines.keras3(1250, 1250, 15.0, LOGS, 1, last=True) == (
        "1250/1250 ━━━━━━━━━━━━━━━━━━━━ 15s 12ms/step - accuracy: 0.4738 - loss: 1.4651 - val_accuracy: 0.5507 - val_loss: 1.2736"
    )
    logs = {"loss": 0.6818, "accuracy": 0.5}
    assert lines.keras3(2, 2, 0.626, logs, 2, last=True) == "2/2 - 1s - 313ms/step - accuracy: 0.5000 - loss: 0.6818"


@pytest.mark.parametrize(
    ("done", "seconds", "expected"),
    [  # what Progbar of Keras 2.12.0 prints
        (1, 0.125, "   1/1250 [..............................] - ETA: 2:36 - loss: 1.0000e-04"),
        (137, 1.5, " 137/1250 [==>...........................] - ETA: 12s - loss: 1.0000e-04"),
        (1249, 4000.0, "1249/1250 [============================>.] - ETA: 3s - loss: 1.0000e-04"),
        (2, 10.0, "   2/1250 [..............................] - ETA: 1:44:00 - loss: 1.0000e-04"),
    ],
)
def test_the_line_of_keras_2_on_its_way(done, seconds, expected):
    assert lines.keras2(done, 1250, seconds, {"loss": 1e-4}, 1, last=False) == expected


def test_other_lines_of_keras_2():
    assert lines.keras2(3, 3, 1.5, {"loss": 0.0}, 2, last=True) == "3/3 - 2s - loss: 0.0000e+00 - 2s/epoch - 500ms/step"
    assert lines.keras2(3, None, 1.5, {"loss": 2.0}, 1, last=False) == "      3/Unknown - 2s 500ms/step - loss: 2.0000"


def test_fit_evaluate_and_predict_print_in_the_style_in_use(capsys):
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    bar, step = r"\[={30}\]", r"\d+s \d+(s|ms|us)/step"
    try:
        minidl.use_style("keras2.14")
        model.fit(X, Y, batch_size=2, epochs=2, validation_data=(X, Y))
        numbers = r"loss: \S+ - mae: \S+ - val_loss: \S+ - val_mae: \S+"
        assert re.fullmatch(rf"Epoch 1/2\n3/3 {bar} - {step} - {numbers}\nEpoch 2/2\n3/3 .*\n", capsys.readouterr().out)
        model.evaluate(X, Y, batch_size=3)
        assert re.fullmatch(rf"2/2 {bar} - {step} - loss: \S+ - mae: \S+\n", capsys.readouterr().out)
        model.predict(X)
        assert re.fullmatch(rf"1/1 {bar} - {step}\n", capsys.readouterr().out)
    finally:
        minidl.use_style("keras3")
    model.predict(X, verbose=0, callbacks=[])
    assert capsys.readouterr().out == ""


def test_a_bar_has_a_style_of_its_own():
    assert ProgressBar("keras2.12").style == "keras2.12"
    with pytest.raises(ValueError, match="no style is called 'keras4'"):
        ProgressBar("keras4")


def test_how_numbers_and_times_are_written():
    assert [lines.value(v) for v in (0, 1.23456, 2e-5, -0.5)] == ["0.0000", "1.2346", "2.0000e-05", "-0.5000"]
    assert [lines.duration(s) for s in (0.4, 61, 3725)] == ["0s", "1:01", "1:02:05"]
    assert [lines.eta(s) for s in (12.7, 65.2, 3725)] == ["12s", "1:05", "1:02:05"]
    assert [lines.each(s, "step") for s in (2, 0.0123, 0.0000123)] == ["2s/step", "12ms/step", "12us/step"]
    assert list(lines.ordered({"val_loss": 1, "loss": 1, "accuracy": 1})) == ["accuracy", "loss", "val_loss"]
