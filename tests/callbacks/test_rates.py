"""The learning rate, epoch by epoch."""
import numpy as np
import pytest

from minidl.callbacks import LearningRateScheduler
from minidl.optimizers import schedules

from .helpers import X, Y, compiled


def rates(schedule, epochs=4, **options):
    model = compiled()
    return model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[LearningRateScheduler(schedule)], **options).history["learning_rate"]


def test_of_epoch_or_of_epoch_and_rate():
    np.testing.assert_allclose(rates(lambda epoch: 0.1 / (epoch + 1)), [0.1, 0.05, 0.1 / 3, 0.025])
    np.testing.assert_allclose(rates(lambda epoch, rate: rate * 0.5 if epoch else rate), [0.1, 0.05, 0.025, 0.0125])
    np.testing.assert_allclose(rates(schedules.ExponentialDecay(0.4, 1, 0.5)), [0.4, 0.2, 0.1, 0.05])
    np.testing.assert_allclose(rates(lambda epoch: 1 / (epoch + 1), initial_epoch=2), [1 / 3, 0.25])


def test_it_is_the_rate_of_the_steps():
    model, twin = compiled(), compiled()
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False, callbacks=[LearningRateScheduler(lambda epoch: (0.3, 0.02)[epoch])])
    for rate in (0.3, 0.02):
        twin.optimizer.learning_rate = rate
        twin.fit(X, Y, verbose=0, shuffle=False)
    np.testing.assert_array_equal(model.get_weights()[0], twin.get_weights()[0])


def test_it_says_so(capsys):
    compiled().fit(X, Y, epochs=2, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.25, verbose=1)])
    line = "\nEpoch {}: LearningRateScheduler setting learning rate to 0.25.\n"
    assert capsys.readouterr().out == line.format(1) + line.format(2)


def test_what_is_refused():
    with pytest.raises(TypeError, match="schedule must be a function of the epoch"):
        LearningRateScheduler(0.1)
    for value in ("0.1", None, -1.0, float("nan")):
        with pytest.raises(ValueError, match="what the schedule returns must be a finite number ≥ 0"):
            rates(lambda epoch: value)  # noqa: B023
    model = compiled(rate=lambda step: 0.1)
    with pytest.raises(ValueError, match="cannot set what a schedule sets"):
        model.fit(X, Y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.1)])


def test_an_error_in_the_schedule_is_shown_as_it_is():
    def schedule(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        rates(schedule)
