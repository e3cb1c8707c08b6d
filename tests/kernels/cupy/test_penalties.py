"""Penalties in steps that are recorded, and layers whose steps are not."""
import pytest

from minidl import Input, Sequential, layers, ops
from minidl.layers import Conv2D, Dense, Flatten, MaxPooling2D
from minidl.optimizers import SGD
from minidl.random_numbers import set_seed
from minidl.regularizers import L1L2, L2

from .test_training import assert_same_run, data, history_of


def compiled(name, *first, rule="l2", capture="auto"):
    set_seed(1)
    model = Sequential([
        Input((8, 8, 2)), *first, Conv2D(4, 3, activation="relu", kernel_regularizer=L1L2(1e-3, 0.1), activity_regularizer=rule),
        MaxPooling2D(), Flatten(), Dense(3, activation="softmax", kernel_regularizer=rule),
    ]).to(name)  # fmt: skip
    model.compile(SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"], capture=capture)
    return model


def test_penalties_are_recorded_with_the_step(device):
    model = compiled(device.name)
    assert_same_run(history_of(model), history_of(compiled("numpy")), 2e-4)
    (recording,) = model.captured.recordings.values()
    assert recording.replay is not None


def test_a_factor_that_changes_is_recorded_anew(device):
    runs = []
    for name in ("numpy", device.name):
        rule = L2(0.01)
        model = compiled(name, rule=rule)
        history_of(model)
        rule.l2 = 1.0
        runs.append(history_of(model))
    assert_same_run(*runs, 2e-4)
    assert len(model.captured.recordings) == 2


def test_an_own_regularizer_may_do_anything(device):
    model = compiled(device.name, rule=lambda w: ops.sum(w * w) * 0.01)
    history_of(model)
    assert "not minidl's own" in model.captured.refused


@pytest.mark.parametrize("capture", ["auto", True])
def test_pictures_changed_at_random_are_not_recorded(device, capture):
    """The numbers are drawn in Python: a recording would repeat those of its one step."""
    runs = []
    for name in ("numpy", device.name):
        model = compiled(name, layers.RandomTranslation(0.2, 0.2, seed=1), layers.RandomFlip(seed=2), capture=capture)
        x, y = data()
        runs.append([model.train_on_batch(x, y)[0] for _ in range(5)])
    assert "draws random numbers in Python, and a recording would repeat them" in model.captured.refused
    assert runs[0] == pytest.approx(runs[1], rel=1e-4)
    assert len(set(runs[1])) == 5
