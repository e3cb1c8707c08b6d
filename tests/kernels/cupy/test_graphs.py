"""What is recorded and played: on strictgpu by the stand-in, on a GPU as a CUDA graph."""

import numpy as np
import pytest

from minidl import devices


@pytest.fixture
def recorder(device):
    return devices.recorders[device.name]()


def work(x, state):
    def run():
        y = x * 2 + 1
        state[...] = state + y.sum()
        return y

    return run


def test_recording_does_nothing_and_playing_does_it(device, recorder):
    x, state = device.asarray(np.arange(3.0)), device.asarray(np.zeros(()))
    with recorder.active():
        work(x, state)()
        y, replay = recorder.record(work(x, state))
        assert device.to_numpy(state) == 9
        replay()
        assert device.to_numpy(y).tolist() == [1, 3, 5]
        x[...] = device.asarray(np.ones(3))
        replay()
    assert device.to_numpy(y).tolist() == [3, 3, 3]
    assert device.to_numpy(state) == 27


def test_reading_is_refused_while_recording(device, recorder):
    x = device.asarray(np.ones(3))

    def reading():
        return x * x.sum().item()

    with recorder.active():
        with pytest.raises(Exception, match=r"."):
            recorder.record(reading)
        y, replay = recorder.record(lambda: x + 1)  # and the next recording works
        replay()
        assert device.to_numpy(y).tolist() == [2, 2, 2]


def test_what_others_allocate_does_not_touch_what_was_recorded(device, recorder):
    x = device.asarray(np.ones(1000))
    with recorder.active():
        work(x, x[0])()
        y, replay = recorder.record(lambda: ((x + 1) * 2).sum())
    others = [device.module.full(1000, 7.0) for _ in range(50)]
    with recorder.active():
        replay()
        assert device.to_numpy(y) > 0
    assert all((device.to_numpy(other) == 7).all() for other in others)
