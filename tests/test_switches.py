"""no_grad and reference_only: as blocks and as decorators, put back after errors, each thread with its own."""

import threading

import numpy as np
import pytest

from minidl.switches import kernels_on, no_grad, recording, reference_only, switch
from minidl.tensor import Tensor

SWITCHES = [(no_grad, recording), (reference_only, kernels_on)]


@pytest.mark.parametrize(("off", "variable"), SWITCHES)
def test_as_a_block(off, variable):
    assert variable.get()
    with off():
        assert not variable.get()
        with off():
            assert not variable.get()
        assert not variable.get()
    assert variable.get()


@pytest.mark.parametrize(("off", "variable"), SWITCHES)
def test_as_a_decorator_more_than_once(off, variable):
    @off()
    def inside(value, *, more):
        return variable.get(), value, more

    assert inside(1, more=2) == (False, 1, 2)
    assert inside(3, more=4) == (False, 3, 4)
    assert variable.get()


@pytest.mark.parametrize(("off", "variable"), SWITCHES)
def test_put_back_after_an_error(off, variable):
    with pytest.raises(ZeroDivisionError), off():
        1 / 0  # noqa: B018
    assert variable.get()


@pytest.mark.parametrize(("off", "variable"), SWITCHES)
def test_each_thread_has_its_own(off, variable):
    seen, inside, done = [], threading.Event(), threading.Event()

    def other():
        with off():
            inside.set()
            done.wait(10)
            seen.append(variable.get())

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    assert variable.get()  # off there, on here
    with off():
        fresh = threading.Thread(target=lambda: seen.append(variable.get()))
        fresh.start()
        fresh.join()
    done.set()
    thread.join()
    assert seen == [True, False]


def test_switch_turns_on_inside_off():
    with no_grad(), switch(recording, True):
        assert Tensor([1.0], requires_grad=True).exp().requires_grad


def test_nothing_is_recorded():
    w = Tensor([1.0], requires_grad=True)
    with no_grad():
        y = w * 2
    assert not y.requires_grad
    assert y.node is None
    assert w.requires_grad
    with no_grad():
        fresh = Tensor(np.ones(2), requires_grad=True)
    assert fresh.requires_grad
    assert (fresh * 2).requires_grad


def test_a_backward_inside_no_grad_still_works():
    w = Tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    with no_grad():
        loss.backward()
        assert not recording.get()
    assert w.grad.numpy().tolist() == [2, 4]
