"""Models saved on the way."""
import math

import numpy as np
import pytest

import minidl
from minidl.callbacks import Callback, ModelCheckpoint
from minidl.models import load_model

from .helpers import Script, X, Y, compiled, run


def test_every_epoch_with_numbers_in_the_name(tmp_path, capsys):
    check = ModelCheckpoint(tmp_path / "new" / "cp-{epoch:04d}-{val_x:.2f}.npz", "val_x", verbose=1)
    model = compiled()
    run([0.5, 0.25, 0.3333], check, model)
    names = ["cp-0001-0.50.npz", "cp-0002-0.25.npz", "cp-0003-0.33.npz"]
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == names
    expected = [f"\nEpoch {n}: saving model to {tmp_path / 'new' / name}\n" for n, name in enumerate(names, 1)]
    assert capsys.readouterr().out == "".join(expected)
    np.testing.assert_array_equal(load_model(tmp_path / "new" / names[-1]).get_weights()[0], model.get_weights()[0])


def test_only_the_best(tmp_path, capsys):
    path, kept, model = tmp_path / "best_model.npz", [], compiled()

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(self.model.get_weights()[0])

    check = ModelCheckpoint(str(path), "val_x", mode="min", verbose=1, save_best_only=True)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[Keep(), Script([0.69315, 0.7, 0.5, math.nan]), check])
    assert capsys.readouterr().out == (
        f"\nEpoch 1: val_x improved from inf to 0.69315, saving model to {path}\n"
        "\nEpoch 2: val_x did not improve from 0.69315\n"
        f"\nEpoch 3: val_x improved from 0.69315 to 0.50000, saving model to {path}\n"
        "\nEpoch 4: val_x did not improve from 0.50000\n"
    )
    np.testing.assert_array_equal(load_model(path).get_weights()[0], kept[2])


def test_a_resumed_training_keeps_the_best(tmp_path):
    path, model = tmp_path / "best.npz", compiled()
    check = ModelCheckpoint(path, "val_x", mode="max", save_best_only=True)
    run([3.0], check, model)
    kept = load_model(path).get_weights()[0]
    run([2.0], check, model)
    np.testing.assert_array_equal(load_model(path).get_weights()[0], kept)
    again = ModelCheckpoint(path, "val_x", mode="max", save_best_only=True, initial_value_threshold=3.0)
    run([2.5], again, model)
    np.testing.assert_array_equal(load_model(path).get_weights()[0], kept)
    run([3.5], again, model)
    assert (load_model(path).get_weights()[0] != kept).any()


def test_epochs_count_on_from_initial_epoch(tmp_path):
    model = compiled()
    model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "{epoch}.npz")])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["4.npz", "5.npz"]


@pytest.mark.parametrize("ending", [".npz", ".weights.h5"])
def test_weights_alone(ending, tmp_path):
    model = compiled()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(tmp_path / f"w{{epoch}}{ending}", save_weights_only=True)])
    twin = compiled()
    twin.load_weights(tmp_path / f"w2{ending}")
    np.testing.assert_array_equal(twin.get_weights()[0], model.get_weights()[0])
    with pytest.raises(ValueError, match=r"not a whole model|for weights alone"):
        load_model(tmp_path / f"w2{ending}")


def test_every_so_many_batches(tmp_path):
    """Counted over the ends of epochs: after steps 2, 4, 6, 8 of 9."""
    check = ModelCheckpoint(tmp_path / "e{epoch}b{batch}-{loss:.1f}.npz", save_freq=2)
    compiled().fit(X, Y, batch_size=2, epochs=3, verbose=0, callbacks=[check])
    assert sorted(file.name.split("-")[0] for file in tmp_path.iterdir()) == ["e1b2", "e2b1", "e2b3", "e3b2"]


def test_logs_are_asked_for_only_where_it_saves(tmp_path):
    check = ModelCheckpoint(tmp_path / "a.npz", save_freq=3)
    wanted = []

    class Look(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            wanted.append(check.wants_logs("on_train_batch_end"))

    compiled().fit(X, Y, batch_size=1, verbose=0, callbacks=[Look(), check])
    assert wanted == [False, False, True] * 2
    assert not ModelCheckpoint("a.npz").wants_logs("on_train_batch_end")


def test_a_training_that_the_clock_ends_is_saved_too(tmp_path):
    compiled().fit(X, Y, batch_size=1, epochs=9, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "{epoch}.npz")], time_budget=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["1.npz"]


@pytest.mark.parametrize("ending", [".npz", ".keras"])
def test_what_was_saved_can_go_on(ending, tmp_path):
    model = compiled()
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=3, verbose=0, shuffle=False, callbacks=[ModelCheckpoint(tmp_path / f"{{epoch}}{ending}")])
    resumed = load_model(tmp_path / f"2{ending}")
    resumed.fit(X, Y, epochs=3, initial_epoch=2, verbose=0, shuffle=False)
    np.testing.assert_array_equal(resumed.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ModelCheckpoint("training_1/cp-{epoch:04d}.ckpt", save_weights_only=True), r"use \.weights\.h5 or"),
        (lambda: ModelCheckpoint("model"), "has none: write 'model.keras'"),
        (lambda: ModelCheckpoint("m.weights.h5"), "for weights alone"),
        (lambda: ModelCheckpoint("m.keras", save_weights_only=True), "for a whole model"),
        (lambda: ModelCheckpoint("m.npz", save_freq="batch"), "save_freq, unless it is 'epoch', must be a whole number ≥ 1; got 'batch'"),
        (lambda: ModelCheckpoint("m.npz", save_freq=0), "must be a whole number ≥ 1; got 0"),
        (lambda: ModelCheckpoint("m.npz", save_best_only=1), "save_best_only must be True or False"),
        (lambda: ModelCheckpoint("m.npz", mode="best"), "mode must be"),
    ],
)
def test_arguments_are_checked_before_anything_is_trained(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_names_that_do_not_exist(tmp_path):
    with pytest.raises(ValueError, match=r"needs 'val_acc': .*there are epoch, loss, val_x"):
        run([1.0], ModelCheckpoint(tmp_path / "{val_acc:.2f}.npz", "val_x"))
    with pytest.raises(ValueError, match=r"ModelCheckpoint cannot watch 'val_loss'.*without validation data"):
        compiled().fit(X, Y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "a.npz", save_best_only=True)])
    assert not list(tmp_path.iterdir())


def test_what_is_better_is_only_asked_where_it_matters(tmp_path):
    run([1.0], ModelCheckpoint(tmp_path / "a.npz", "anything at all"))
    assert minidl.models.load_model(tmp_path / "a.npz").layers
