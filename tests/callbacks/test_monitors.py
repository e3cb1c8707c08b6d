"""Callbacks that watch a number. What Keras 3.15 does with the same numbers was found out by running it."""
import math
from types import SimpleNamespace

import numpy as np
import pytest

import minidl
from minidl import layers
from minidl.callbacks import Callback, EarlyStopping, Monitor, ReduceLROnPlateau, TerminateOnNaN, time_budget

from .helpers import Script, X, Y, compiled, run

KERAS = [  # values, mode, patience, min_delta, baseline, start_from_epoch, (epochs, stopped_epoch, best_epoch), cooldown, min_lr, rates
    ([0.8, 0.9, 0.8, 0.6, 0.4, 0.3, 0.1, 0.3], "max", 2, 0.25, None, 1, (4, 3, 1), 1, 0.02,
     [0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.02]),
    ([0.1, 0.0, 0.8, 0.8, 0.9, 1.0, 0.8, 0.5, 0.8, 0.1, 0.6], "max", 1, 0.0, 0.5, 2, (4, 3, 2), 2, 0.02,
     [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.02, 0.02, 0.02, 0.02]),
    ([0.6, 1.0, 0.7, 0.6, 1.0, 0.6, 0.4], "min", 3, 0.25, 0.5, 1, (4, 3, 2), 1, 0.0, [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05]),
    ([0.3, 0.6, 0.4, 0.1, 0.3, 0.6, 0.6, 0.6, 0.7, 0.7], "max", 2, 0.25, None, 2, (5, 4, 2), 2, 0.0,
     [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025]),
    ([0.7, 0.1, 0.9, 0.7, 1.0, 0.1, 0.9, 0.2], "max", 1, 0.1, 0.5, 2, (4, 3, 2), 1, 0.02, [0.1, 0.1, 0.05, 0.05, 0.025, 0.02, 0.02, 0.02]),
    ([0.9, 0.7, 0.3, 0.2, 0.5, 0.0, 0.2], "min", 1, 0.1, 0.5, 0, (4, 3, 2), 1, 0.02, [0.1, 0.1, 0.1, 0.1, 0.05, 0.025, 0.025]),
    ([0.7, 0.7, 0.3, 0.2, 0.7, 0.5, 0.8], "min", 3, 0.25, 0.5, 2, (5, 4, 2), 0, 0.0, [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05]),
    ([0.4, 0.1, 1.0, 0.4, 0.6, 0.3, 0.8, 0.4], "max", 3, 0.0, None, 1, (6, 5, 2), 0, 0.0, [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05]),
    ([0.6, 0.0, 0.4, 0.5, 0.5, 0.7, 0.3, 0.1, 0.4], "max", 0, 0.1, None, 0, (2, 1, 0), 2, 0.02,
     [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.02, 0.02, 0.02]),
    ([0.1, 0.8, 0.9, 0.1, 0.4, 0.5, 0.6, 0.7, 0.0, 0.7], "min", 0, 0.25, 0.5, 1, (3, 2, 1), 2, 0.0,
     [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125, 0.00625, 0.00625]),
]  # fmt: skip


@pytest.mark.parametrize("case", KERAS)
def test_as_keras_does(case):
    values, mode, patience, min_delta, baseline, start, ended, cooldown, min_lr, rates = case
    stop = EarlyStopping("val_x", min_delta, patience, mode=mode, baseline=baseline, start_from_epoch=start)
    assert (len(run(values, stop).epoch), stop.stopped_epoch, stop.best_epoch) == ended
    reduce = ReduceLROnPlateau("val_x", 0.5, patience, mode=mode, min_delta=min_delta, cooldown=cooldown, min_lr=min_lr)
    np.testing.assert_allclose(run(values, reduce).history["learning_rate"], rates)


# ---- EarlyStopping


def test_the_best_weights_come_back_and_it_is_said(capsys):
    stop = EarlyStopping("val_x", patience=2, mode="min", verbose=1, restore_best_weights=True)
    model, kept = compiled(), []

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights())

    model.fit(X, Y, epochs=9, verbose=0, callbacks=[Script([3, 2, 2.5, 2.1, 1, 1, 1, 1, 1]), Keep(), stop])
    assert len(kept) == 4
    np.testing.assert_array_equal(model.get_weights()[0], kept[1][0])
    assert capsys.readouterr().out == "Epoch 4: early stopping\nRestoring model weights from the end of the best epoch: 2.\n"


@pytest.mark.parametrize("restore", [True, False])
def test_weights_come_back_too_where_training_just_ends(restore):
    model, kept = compiled(), []
    stop = EarlyStopping("val_x", patience=5, mode="min", restore_best_weights=restore)

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights()[0])

    model.fit(X, Y, epochs=3, verbose=0, callbacks=[Script([1, 2, 3]), Keep(), stop])
    np.testing.assert_array_equal(model.get_weights()[0], kept[0 if restore else 2])


def test_each_fit_begins_anew():
    stop, model = EarlyStopping("val_x", patience=1, mode="min"), compiled()
    assert len(run([1, 2, 3, 4], stop, model).epoch) == 2
    assert len(run([9, 8, 7, 6], stop, model).epoch) == 4


def test_with_a_validation_split():
    model = compiled()
    history = model.fit(X, Y, epochs=50, validation_split=0.5, verbose=0, callbacks=[EarlyStopping(patience=1, min_delta=10.0)])
    assert len(history.epoch) == 2


def test_beside_a_time_budget(monkeypatch):
    """A training that the clock ends in the middle of an epoch still gets its best weights back."""
    now = [0.0]
    monkeypatch.setattr(time_budget, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    class Tick(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            now[0] += 1.0

    model = compiled()
    stop = EarlyStopping("val_x", patience=5, mode="min", restore_best_weights=True)
    history = model.fit(
        X, Y, batch_size=2, epochs=20, verbose=0, callbacks=[Tick(), Script([1.0, 2.0, 3.0, 4.0]), stop], time_budget=7.5, shuffle=False
    )
    assert history.ended.startswith("Trained 2 epochs and 1 of 3 steps of the next")
    assert stop.stopped_epoch == 0
    twin = compiled()
    twin.fit(X, Y, batch_size=2, epochs=1, verbose=0, shuffle=False)
    np.testing.assert_allclose(model.get_weights()[0], twin.get_weights()[0], rtol=1e-6)


# ---- what is better


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [
        ("loss", "min"), ("val_loss", "min"), ("left_loss", "min"), ("accuracy", "max"), ("val_accuracy", "max"), ("hits", "max"),
        ("mse", "min"), ("val_mae", "min"), ("own", "max"), ("my_accuracy", "max"),
    ],
)  # fmt: skip
def test_what_is_better_follows_from_losses_and_metrics(monitor, mode):
    class Own(minidl.metrics.MeanMetric):
        direction = "max"

        def call(self, y_true, y_pred):
            return y_pred

    def my_accuracy(y_true, y_pred):
        return y_pred

    watcher = Monitor(monitor)
    watcher.set_model(compiled(["accuracy", minidl.metrics.BinaryAccuracy(name="hits"), "mse", "mae", Own("own"), my_accuracy]))
    assert watcher.is_better(2.0, 1.0) == (mode == "max")
    assert watcher.is_better(1.0, 2.0) == (mode == "min")
    assert not watcher.is_better(1.0, 1.0)
    assert watcher.is_better(1.0, None)
    assert not watcher.is_better(math.nan, None)


def test_of_several_outputs():
    i = minidl.Input((3,))
    model = minidl.Model(i, [layers.Dense(1, name="left")(i), layers.Dense(1, name="right")(i)])
    model.compile("sgd", "mse", metrics=[["accuracy"], ["mae"]])
    for name, mode in (("left_accuracy", "max"), ("val_right_mae", "min")):
        watcher = Monitor(name)
        watcher.set_model(model)
        assert watcher.is_better(2.0, 1.0) == (mode == "max")


def test_a_number_that_might_be_either_asks():
    with pytest.raises(ValueError, match="EarlyStopping: is a high 'val_x' good or bad"):
        run([1, 2], EarlyStopping("val_x"))


@pytest.mark.parametrize("make", [EarlyStopping, ReduceLROnPlateau])
def test_a_misspelt_name_says_what_there_is(make):
    with pytest.raises(ValueError, match=r"cannot watch 'val_los': did you mean 'val_loss'\? \(there are loss, val_loss\)$"):
        compiled().fit(X, Y, verbose=0, validation_split=0.5, callbacks=[make("val_los", mode="min")])
    with pytest.raises(ValueError, match=r"cannot watch 'val_loss': .*without validation data there is no 'val_…'"):
        compiled().fit(X, Y, verbose=0, callbacks=[make()])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: EarlyStopping(mode="minimum"), "mode must be 'auto', 'min' or 'max'; got 'minimum'"),
        (lambda: EarlyStopping(patience=-1), "patience must be a whole number ≥ 0"),
        (lambda: EarlyStopping(patience=1.5), "patience must be a whole number ≥ 0"),
        (lambda: EarlyStopping(baseline="0.3"), "baseline must be a finite number"),
        (lambda: EarlyStopping(restore_best_weights=1), "restore_best_weights must be True or False"),
        (lambda: ReduceLROnPlateau(factor=1.0), "factor must be a finite number > 0 and < 1"),
        (lambda: ReduceLROnPlateau(min_lr=-1), "min_lr must be a finite number ≥ 0"),
        (lambda: ReduceLROnPlateau(min_delta=math.nan), "min_delta must be a finite number"),
    ],
)
def test_arguments_are_checked(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_monitor_is_a_name():
    with pytest.raises(TypeError, match="monitor is the name of a number in the logs"):
        EarlyStopping(3)


# ---- ReduceLROnPlateau


def test_it_says_what_it_does(capsys):
    history = run([3, 3, 3, 3], ReduceLROnPlateau("val_x", 0.5, 1, 1, "min", min_lr=0.03))
    lines = [f"\nEpoch {n}: ReduceLROnPlateau reducing learning rate to {rate}.\n" for n, rate in ((2, 0.05), (3, 0.03))]
    assert capsys.readouterr().out == "".join(lines)
    assert history.history["learning_rate"] == [0.1, 0.1, 0.05, 0.03]


def test_it_changes_the_training():
    model, twin = compiled(), compiled()
    run([1, 1, 1], ReduceLROnPlateau("val_x", 0.1, 1, mode="min"), model, shuffle=False)
    for epochs, rate in ((2, 0.1), (1, 0.01)):
        twin.optimizer.learning_rate = rate
        twin.fit(X, Y, epochs=epochs, verbose=0, shuffle=False)
    np.testing.assert_array_equal(model.get_weights()[0], twin.get_weights()[0])


def test_a_schedule_is_not_reduced():
    model = compiled(rate=lambda step: 0.1)
    with pytest.raises(ValueError, match="ReduceLROnPlateau cannot reduce a schedule"):
        run([1], ReduceLROnPlateau("val_x", mode="min"), model)


# ---- TerminateOnNaN


def test_it_ends_with_the_first_nan(capsys):
    model = compiled()
    model.set_weights([np.full((3, 1), 1e30, "float32"), np.zeros(1, "float32")])
    with np.errstate(all="ignore"):
        history = model.fit(X, Y, epochs=5, batch_size=2, verbose=0, callbacks=[TerminateOnNaN()])
    assert len(history.epoch) == 1
    assert capsys.readouterr().out == "Batch 0: Invalid loss, terminating training\n"
    with np.errstate(all="ignore"), pytest.raises(RuntimeError, match="Batch 0: the loss is"):
        model.fit(X, Y, epochs=5, verbose=0, callbacks=[TerminateOnNaN(raise_error=True)])


def test_it_lets_a_good_training_run(capsys):
    assert len(compiled().fit(X, Y, epochs=3, verbose=0, callbacks=[TerminateOnNaN()]).epoch) == 3
    assert capsys.readouterr().out == ""
