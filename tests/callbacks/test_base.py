"""The moments of training, and the lines that are printed."""
import re

import numpy as np
import pytest

from minidl import Input, Sequential
from minidl.callbacks import Callback, CallbackList, History, LambdaCallback, ProgressBar
from minidl.layers import Dense

X, Y = np.random.default_rng(0).random((6, 3)), np.zeros((6, 1))


def compiled():
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


class Recorder(Callback):
    def __init__(self):
        self.moments = []


def _recording(moment):
    def method(self, *args):
        self.moments.append((moment, *args[:-1], *sorted(args[-1] or {})))

    return method


for _moment in [name for name in vars(Callback) if name.startswith("on_")]:
    setattr(Recorder, _moment, _recording(_moment))


def test_the_order_of_the_moments_and_their_logs():
    recorder, model = Recorder(), compiled()
    model.fit(X, Y, batch_size=4, epochs=2, validation_data=(X[:2], Y[:2]), callbacks=[recorder], verbose=0)
    epoch = [
        ("on_train_batch_begin", 0), ("on_train_batch_end", 0, "loss", "mae"),
        ("on_train_batch_begin", 1), ("on_train_batch_end", 1, "loss", "mae"),
        ("on_test_begin",), ("on_test_batch_begin", 0), ("on_test_batch_end", 0, "loss", "mae"), ("on_test_end", "loss", "mae"),
    ]  # fmt: skip
    ends = [("on_epoch_end", k, "loss", "mae", "val_loss", "val_mae") for k in range(2)]
    assert recorder.moments == [
        ("on_train_begin",), ("on_epoch_begin", 0), *epoch, ends[0], ("on_epoch_begin", 1), *epoch, ends[1],
        ("on_train_end", "loss", "mae", "val_loss", "val_mae"),
    ]  # fmt: skip
    assert recorder.model is model
    assert recorder.params == {"epochs": 2, "steps": 2, "verbose": 0}


def test_the_moments_of_evaluate_and_predict():
    recorder, model = Recorder(), compiled()
    model.evaluate(X, Y, callbacks=recorder, verbose=0)
    assert [m[0] for m in recorder.moments] == ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"]
    recorder.moments.clear()
    model.predict(X, callbacks=[recorder], verbose=0)
    assert [m[0] for m in recorder.moments] == ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]
    outputs = []
    model.predict(X, verbose=0, callbacks=LambdaCallback(on_predict_batch_end=lambda batch, logs: outputs.append(logs["outputs"])))
    assert np.array_equal(outputs[0], model.predict(X, verbose=0)[: len(outputs[0])])


def test_the_logs_of_a_batch_are_the_mean_so_far():
    class Logs(Callback):
        def __init__(self):
            self.losses = []

        def on_train_batch_end(self, batch, logs=None):
            self.losses.append(logs["loss"])

    model, logs = compiled(), Logs()
    model.optimizer.learning_rate = 0.0
    history = model.fit(X, Y, batch_size=2, shuffle=False, callbacks=[logs], verbose=0).history
    each = [model.test_on_batch(X[k : k + 2], Y[k : k + 2])[0] for k in (0, 2, 4)]
    assert logs.losses == pytest.approx([each[0], sum(each[:2]) / 2, sum(each) / 3], rel=1e-6)
    assert history["loss"] == logs.losses[-1:]


@pytest.mark.parametrize("moment", ["on_train_batch_end", "on_epoch_end"])
def test_stop_training(moment):
    class Stop(Callback):
        pass

    setattr(Stop, moment, lambda self, number, logs=None: setattr(self.model, "stop_training", True))
    model, recorder = compiled(), Recorder()
    history = model.fit(X, Y, batch_size=2, epochs=5, callbacks=[Stop(), recorder], verbose=0)
    assert history.epoch == [0]
    assert recorder.moments[-1][0] == "on_train_end"
    assert model.optimizer.iterations == (1 if "batch" in moment else 3)
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1], "the wish to stop is over"


def test_on_train_end_comes_also_after_an_error():
    class Breaks(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise ZeroDivisionError

    recorder = Recorder()
    with pytest.raises(ZeroDivisionError):
        compiled().fit(X, Y, callbacks=[recorder, Breaks()], verbose=0)
    assert [m[0] for m in recorder.moments] == ["on_train_begin", "on_epoch_begin", "on_train_end"]


def test_callbacks_may_change_the_learning_rate_and_evaluate():
    class Own(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.0
            assert self.model.evaluate(X, Y, verbose=0, return_dict=True).keys() == {"loss", "mae"}

    model = compiled()
    losses = model.fit(X, Y, epochs=4, shuffle=False, callbacks=[Own()], verbose=0).history["loss"]
    assert losses[0] != losses[1] == losses[2] == losses[3]


def test_only_callbacks_are_callbacks():
    for wrong in ([print], ["History"], [Callback]):
        with pytest.raises(TypeError, match=r"callbacks are objects of minidl\.callbacks\.Callback"):
            compiled().fit(X, Y, callbacks=wrong, verbose=0)
    with pytest.raises(AttributeError):
        _ = CallbackList([], None).something
    with pytest.raises(AttributeError):
        CallbackList([Callback()], None).on_epoch_endd(0)


def test_history():
    history = History()
    history.on_epoch_end(3, {"loss": 1.0})
    history.on_epoch_end(4, {"loss": 0.5})
    assert (history.epoch, history.history) == ([3, 4], {"loss": [1.0, 0.5]})


# ---- what is printed

NUMBERS = r"loss: \d+\.\d{4} - mae: \d+\.\d{4}"
STEP = r"\d+(s|ms|us)/step"


def test_verbose_0_prints_nothing(capsys):
    model = compiled()
    model.fit(X, Y, validation_split=0.5, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    model.train_on_batch(X, Y)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("verbose", [1, "auto", True])
def test_verbose_1_is_a_bar_for_each_epoch(capsys, verbose):
    compiled().fit(X, Y, batch_size=2, epochs=2, validation_data=(X, Y), verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[2], len(lines)] == ["Epoch 1/2", "Epoch 2/2", 4]
    for line in lines[1::2]:
        assert re.fullmatch(rf"3/3 ━{{20}} \d+s {STEP} - {NUMBERS} - val_loss: \S+ - val_mae: \S+", line), line


def test_verbose_2_is_a_line_for_each_epoch(capsys):
    compiled().fit(X, Y, batch_size=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/1"
    assert re.fullmatch(rf"3/3 - \d+s - {STEP} - {NUMBERS}", lines[1]), lines[1]
    assert len(lines) == 2


def test_evaluate_and_predict_print_one_line(capsys):
    model = compiled()
    model.evaluate(X, Y, batch_size=2)
    assert re.fullmatch(rf"3/3 ━{{20}} \d+s {STEP} - {NUMBERS}\n", capsys.readouterr().out)
    model.predict(X)
    assert re.fullmatch(rf"1/1 ━{{20}} \d+s {STEP}\n", capsys.readouterr().out)
    model.predict(iter([X, X]))
    assert capsys.readouterr().out.startswith("2/2 ")


def test_the_bar_is_live_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(ProgressBar, "EVERY", -1.0)
    monkeypatch.setenv("COLUMNS", "60")
    compiled().fit(X, Y, batch_size=2, verbose=1)
    drawn = capsys.readouterr().out.split("\r")[1:]
    assert [line[:3] for line in drawn] == ["1/3", "2/3", "3/3", "3/3"]
    assert "left" in drawn[0]
    assert all(len(line) < 60 for line in drawn[:-1]), "a line that wraps cannot be drawn over"
    assert drawn[-1].endswith("\n")


# ---- older names, functions in the place of methods, what is added to the logs


def test_older_names_of_the_moments():
    told = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            told.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            told.append(("end", batch, *logs))

    compiled().fit(X, Y, batch_size=3, verbose=0, callbacks=[Old()])
    assert told == [("begin", 0), ("end", 0, "loss", "mae"), ("begin", 1), ("end", 1, "loss", "mae")]
    assert Old().wants_logs("on_train_batch_end")
    assert not Callback().wants_logs("on_train_batch_end")


def test_functions_in_the_place_of_methods():
    told = []
    moments = [name for name in vars(Callback) if name.startswith("on_")]
    functions = {name: (lambda *args, name=name: told.append((name, *args[:-1]))) for name in moments}
    model = compiled()
    model.fit(X, Y, validation_split=0.5, verbose=0, callbacks=[LambdaCallback(**functions)])
    assert told == [
        ("on_train_begin",), ("on_epoch_begin", 0), ("on_train_batch_begin", 0), ("on_train_batch_end", 0), ("on_test_begin",),
        ("on_test_batch_begin", 0), ("on_test_batch_end", 0), ("on_test_end",), ("on_epoch_end", 0), ("on_train_end",),
    ]  # fmt: skip
    losses = []
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[LambdaCallback(on_batch_end=lambda batch, logs: losses.append(logs["loss"]))])
    assert len(losses) == 2
    model.predict(X, verbose=0, callbacks=[LambdaCallback(on_predict_end=lambda logs: losses.clear())])
    assert losses == []


def test_only_functions_of_moments():
    with pytest.raises(TypeError, match="on_epoch_end must be a function; got 3"):
        LambdaCallback(on_epoch_end=3)
    with pytest.raises(TypeError, match="on_epoch_ends"):
        LambdaCallback(on_epoch_ends=print)


def test_what_a_callback_adds_to_the_logs_is_in_the_history():
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["mine"] = 10.0 * epoch

    history = compiled().fit(X, Y, epochs=3, verbose=0, callbacks=[Adds()])
    assert history.history["mine"] == [0.0, 10.0, 20.0]
