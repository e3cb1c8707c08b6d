"""The threads of the kernels."""
import os
import threading

import numpy as np
import pytest

import minidl
from minidl import config
from minidl.kernels.numpy import memory, threads


@pytest.fixture(autouse=True)
def _own_team(monkeypatch):
    monkeypatch.setattr(threads, "_team", threads._Team())
    monkeypatch.setattr(threads, "WORTH", 1)


def test_parts_cover_everything_once():
    for n in (1, 2, 5, 64):
        for count in (1, 2, 3, 7):
            with config.using(threads=count):
                parts = threads.parts_of(n, 1e9)
            assert len(parts) == min(n, count)
            assert [i for low, high in parts for i in range(low, high)] == list(range(n))
    with config.using(threads=2):
        assert threads.parts_of(100, 0.5) == [(0, 100)]  # too little work


def test_parts_run_at_the_same_time_and_give_their_results_in_order():
    meeting = threading.Barrier(3, timeout=20)
    found = threads.run_parts(lambda i, low, high: (meeting.wait() >= 0, i, low, high), [(0, 2), (2, 4), (4, 5)])
    assert found == [(True, 0, 0, 2), (True, 1, 2, 4), (True, 2, 4, 5)]


@pytest.mark.parametrize("where", [0, 1, 2])
def test_an_error_in_a_part_is_raised_and_the_next_run_is_clean(where):
    def work(i, low, high):
        if i == where:
            raise ZeroDivisionError(i)
        return i

    parts = [(0, 1), (1, 2), (2, 3)]
    with pytest.raises(ZeroDivisionError, match=str(where)):
        threads.run_parts(work, parts)
    assert threads.run_parts(lambda i, low, high: i, parts) == [0, 1, 2]


def test_after_an_interrupt_the_workers_end(monkeypatch):
    def interrupted(function, i, part):
        raise KeyboardInterrupt  # not caught, as it would be in a part

    monkeypatch.setattr(threads, "_tried", interrupted)
    left = []
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            threads.run_parts(lambda i, low, high: left.append(threading.current_thread()), [(0, 1), (1, 2)])
    monkeypatch.undo()
    assert threads.run_parts(lambda i, low, high: i, [(0, 1), (1, 2)]) == [0, 1]
    for thread in left:
        thread.join(10)
        assert not thread.is_alive()


def test_whoever_finds_the_workers_busy_works_alone_with_the_same_result():
    parts = [(0, 1), (1, 2)]
    inner = threads.run_parts(lambda i, low, high: threads.run_parts(lambda j, a, b: (i, j), parts), parts)
    assert inner == [[(0, 0), (0, 1)], [(1, 0), (1, 1)]]


def test_after_an_interrupt_while_it_waited_the_old_workers_end_and_their_scratch_is_theirs(monkeypatch):
    go_on, first, dtype = threading.Event(), memory.scratch("test", (4,), np.dtype(float)), np.dtype(float)

    class Interrupted:
        def get(self):
            raise KeyboardInterrupt

        def put(self, outcome):
            pass

    def work(i, low, high):
        if i == 1:
            assert go_on.wait(20)
            first[...] = 7

    old = threads._team.hire(1)[0]
    monkeypatch.setattr(old, "done", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        threads.run_parts(work, [(0, 1), (1, 2)])
    again = memory.scratch("test", (4,), dtype)
    assert not np.shares_memory(first, again) and threads._team.workers == []
    assert threads.run_parts(lambda i, low, high: i, [(0, 1), (1, 2)]) == [0, 1]
    go_on.set()
    old.thread.join(20)
    assert not old.thread.is_alive()


def test_without_threads_the_caller_does_it_all(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    me = threading.get_ident()
    assert threads.run_parts(lambda i, low, high: (i, threading.get_ident()), [(0, 1), (1, 2)]) == [(0, me), (1, me)]


def test_numpys_error_settings_hold_in_the_workers():
    def work(i, low, high):
        return np.log(np.zeros(3))

    with np.errstate(divide="ignore"):
        threads.run_parts(work, [(0, 1), (1, 2)])
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        threads.run_parts(work, [(0, 1), (1, 2)])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_workers_of_its_own():
    def both():
        return threads.run_parts(lambda i, low, high: i, [(0, 1), (1, 2)])

    assert both() == [0, 1]
    child = os.fork()
    if child == 0:
        os._exit(0 if both() == [0, 1] else 1)
    assert os.waitpid(child, 0)[1] == 0


def _trained(count):
    minidl.set_seed(3)
    model = minidl.nets.intro((16, 16, 3))
    model.compile("adam", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x, y = rng.random((20, 16, 16, 3)), rng.integers(0, 10, 20)
    with config.using(threads=count):
        model.fit(x, y, batch_size=10, epochs=2, verbose=0)
    return model.get_weights()


def test_a_seed_gives_the_same_bits_on_as_many_threads_and_nearly_the_same_on_others():
    one, two, again = _trained(1), _trained(2), _trained(2)
    assert all(np.array_equal(a, b) for a, b in zip(two, again))
    for a, b in zip(one, two):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * np.abs(a).max() + 1e-6)
