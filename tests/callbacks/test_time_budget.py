"""Training that ends in time, on a clock that only steps and validation move."""
from types import SimpleNamespace

import numpy as np
import pytest

import minidl
from minidl import callbacks, layers

X, Y = np.zeros((40, 3), "float32"), np.zeros((40, 1), "float32")


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(callbacks.time_budget, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


@pytest.fixture
def slow(clock):
    """A model whose training steps take 1 second, and those of validation 0.25."""

    class Slow(minidl.Sequential):
        def train_step(self, data):
            clock.now += 1
            return super().train_step(data)

        def test_step(self, data):
            clock.now += 0.25
            return super().test_step(data)

    model = Slow([layers.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def trained(model, clock, **arguments):
    """(the steps made, the seconds taken, the sentence)"""
    start, before = clock.now, model.optimizer.iterations
    history = model.fit(X, Y, batch_size=4, verbose=0, **arguments)  # 10 steps an epoch
    return model.optimizer.iterations - before, clock.now - start, history.ended


def test_it_stops_in_an_epoch(slow, clock):
    assert trained(slow, clock, epochs=5, time_budget=23.5) == (
        23, 23, "Trained 2 epochs and 3 of 10 steps of the next in 23 s; the time budget is 23.5 s.")  # fmt: skip


def test_it_stops_after_an_epoch(slow, clock):
    assert trained(slow, clock, epochs=5, time_budget="20.5 s")[2] == "Trained 2 epochs in 20 s; the time budget is 20.5 s."


def test_epochs_that_end_in_time_are_not_cut(slow, clock):
    assert trained(slow, clock, epochs=2, time_budget="1 min") == (20, 20, "Trained 2 epochs in 20 s; the time budget is 1 min.")


def test_time_is_left_for_validation(slow, clock):
    """First each of its steps counts like one of training; once it was measured, as it was."""
    data = {"validation_data": (X[:16], Y[:16]), "time_budget": 15.5}
    steps, seconds, sentence = trained(slow, clock, epochs=3, **data)
    assert (steps, seconds) == (10, 11) and sentence.startswith("Trained 1 epoch in")  # another step and validation would end at 13.2
    steps, seconds, _ = trained(slow, clock, epochs=3, validation_data=(X[:16], Y[:16]), time_budget=17.5)
    assert (steps, seconds) == (15, 17)


def test_one_step_is_made_in_any_case(slow, clock):
    assert trained(slow, clock, time_budget=1e-3)[0] == 1


def test_it_is_said(slow, clock, capsys):
    slow.fit(X, Y, batch_size=4, verbose=2, time_budget=3)
    printed = capsys.readouterr().out
    assert "Trained 0 epochs and 3 of 10 steps of the next in 3 s; the time budget is 3 s." in printed
    assert printed.splitlines()[1].startswith("3/10 ")


def test_batches_of_unknown_number(slow, clock):
    history = slow.fit(((X[:4], Y[:4]) for _ in range(9)), verbose=0, time_budget=5.5)
    assert history.ended.startswith("Trained 0 epochs and 5 steps of the next in 5 s")


def test_without_a_budget_nothing_is_said(slow, clock):
    assert trained(slow, clock)[2] == ""


def test_another_stop_goes_on_working(slow, clock):
    class Stop(minidl.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 4

    assert trained(slow, clock, callbacks=[Stop()], time_budget=60)[2].startswith("Trained 0 epochs and 5 of 10 steps")


@pytest.mark.parametrize("wrong", ["soon", 0, -3, "5 days"])
def test_a_budget_must_be_a_duration(slow, wrong):
    with pytest.raises(ValueError, match="time_budget"):
        slow.fit(X, Y, time_budget=wrong)


def test_a_gpus_numbers_are_asked_for_ten_times_a_second(clock, slow):
    """Else it would be waited for in every step, or be behind the times that are measured."""
    budget = callbacks.TimeBudget(1000)
    budget.set_model(slow)
    budget.on_train_begin()
    budget.on_epoch_begin(0)
    asked = []
    for batch in range(9):
        clock.now += 0.03
        asked.append(budget.wants_logs("on_train_batch_end"))
        budget.on_train_batch_end(batch, {"loss": 1.0} if asked[-1] else {})
    assert asked == [False, False, False, True, False, False, False, True, False]
