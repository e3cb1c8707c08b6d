"""The two opt-in modes: arrays changed behind a Tensor's back, and the first nan or infinity."""

import gc
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minidl
from minidl import Tensor, autograd, ops
from minidl.tensor import Op


def line_here() -> int:
    return sys._getframe(1).f_lineno


def vector(*numbers: float, name: str | None = None) -> Any:
    return Tensor(np.array(numbers), requires_grad=True, name=name)


# ---------------------------------------------------------------- changes


def test_a_direct_write_is_found_and_named() -> None:
    w = vector(1.0, 2.0, name="w")
    with minidl.detect_changes():
        y, line = w * w, line_here()
        loss = y.sum()
        w.data[0] = 7
        with pytest.raises(RuntimeError, match=rf"input 0 \(w\) of multiply, called at .*detecting\.py:{line}, was written to directly"):
            loss.backward()


def test_a_write_into_a_shared_array_or_a_result_is_found() -> None:
    x, w = np.array([1.0, 2.0]), vector(3.0, 4.0)
    with minidl.detect_changes():
        y = (Tensor(x) * w).sum()
        x += 1
        with pytest.raises(RuntimeError, match="input 0 of multiply"):
            y.backward()
        y = ops.exp(w)
        y.data[:] = 0
        with pytest.raises(RuntimeError, match="the result of exp"):
            y.sum().backward()


def test_without_the_mode_a_direct_write_is_not_seen() -> None:
    w = vector(1.0, 2.0)
    loss = (w * w).sum()
    w.data[0] = 7
    loss.backward()  # what the mode is for


@pytest.mark.parametrize("write", [lambda w: w.__setitem__(0, 5.0), lambda w: setattr(w, "data", np.zeros(2))])
def test_a_write_through_the_tensor_has_the_usual_error(write: Callable[[Any], None]) -> None:
    w = vector(1.0, 2.0)
    with minidl.detect_changes():
        loss = (w * w).sum()
        write(w)
        with pytest.raises(RuntimeError, match="changed in place after it was used"):
            loss.backward()


def test_no_alarm_where_nothing_is_changed() -> None:
    model, x, y = small_model()
    with minidl.detect_changes(), minidl.detect_nonfinite():
        model.fit(x, y, epochs=2, batch_size=4, verbose=0)
        a = vector(1.0, 2.0)
        loss = (ops.exp(a) * a).sum()
        loss.backward(keep_graph=True)
        a.grad.data[0] = 3  # a gradient is nobody's input
        loss.backward()


def small_model() -> tuple[Any, Any, Any]:
    model = minidl.Sequential(
        [minidl.Input((6, 6, 1)), minidl.layers.Conv2D(2, 3, activation="relu"), minidl.layers.BatchNormalization(),
         minidl.layers.MaxPooling2D(), minidl.layers.Flatten(), minidl.layers.Dropout(0.2), minidl.layers.Dense(3, activation="softmax")]
    )  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, np.random.default_rng(0).normal(size=(8, 6, 6, 1)), np.arange(8) % 3


# ---------------------------------------------------------------- nan and infinity


def test_the_first_op_that_makes_nan_or_infinity_is_named() -> None:
    w = vector(-1.0, 0.0)
    with minidl.detect_nonfinite():
        with pytest.raises(FloatingPointError, match=rf"log, called at .*test_detecting\.py:{line_here() + 1}, made nan of finite"):
            _ = ops.log(w) * 2
        with pytest.raises(FloatingPointError, match=r"divide, .* made infinity of finite"):
            1 / vector(0.0, 1.0)


def test_what_was_given_is_told_from_what_was_made() -> None:
    with minidl.detect_nonfinite(), pytest.raises(FloatingPointError, match=r"add, .* was given nan in its input 1"):
        vector(1.0, 2.0) + Tensor([np.nan, 0.0])


def test_a_gradient_that_is_not_finite_is_named_with_the_line_of_the_forward_call() -> None:
    w = vector(0.0, 4.0)
    with minidl.detect_nonfinite():
        root, line = ops.sqrt(w), line_here()
        loss = root.sum()
        with pytest.raises(FloatingPointError, match=rf"gradient of sqrt, called at .*detecting\.py:{line}, holds infinity for input 0"):
            loss.backward()


def test_a_gradient_of_a_composite_that_a_kernel_computed_has_its_line_too() -> None:
    x, kernel = Tensor(np.ones((1, 3, 3, 1)), requires_grad=True), Tensor(np.ones((2, 2, 1, 1)))
    with minidl.detect_nonfinite():
        y, line = ops.conv2d(x, kernel), line_here()  # type: ignore[attr-defined]
        with pytest.raises(FloatingPointError, match=rf"gradient of conv2d, called at .*detecting\.py:{line}, holds"):
            minidl.grad(y, [x], seed=np.full(y.shape, 1e308))


def test_inside_fit_the_line_is_that_of_the_call_of_fit() -> None:
    model, x, y = small_model()
    model.layers[0].kernel[...] = 3e38
    with minidl.detect_nonfinite(), pytest.raises(FloatingPointError, match=rf"called at .*test_detecting\.py:{line_here() + 1}, made"):
        model.fit(1e4 * x, y, verbose=0)


def test_a_gradient_computed_late_is_checked_too() -> None:
    small = vector(1e-200)
    with minidl.detect_nonfinite():
        loss = (1e-250 / small).sum()
        with pytest.raises(FloatingPointError, match="gradient of divide"):
            loss.backward(Tensor(np.array(1e300)))


def test_infinities_inside_an_op_that_are_masked_are_no_alarm() -> None:
    x = vector(1.0, 0.0)
    with minidl.detect_nonfinite():
        (x**2).sum().backward()
        ops.max_pool2d(Tensor(np.ones((1, 3, 3, 1)), requires_grad=True), padding="same").sum().backward()  # type: ignore[attr-defined]


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("mode", [minidl.detect_changes, minidl.detect_nonfinite])
def test_everything_is_put_back(mode: Callable[[], Any]) -> None:
    before = vars(Op)["__call__"], autograd._rule
    with pytest.raises(ZeroDivisionError), mode():
        1 / ((vars(Op)["__call__"], autograd._rule) == before)  # 1 / False: it is replaced
    assert (vars(Op)["__call__"], autograd._rule) == before


def test_blocks_may_end_in_any_order() -> None:
    before = vars(Op)["__call__"], autograd._rule
    first, second = minidl.detect_changes(), minidl.detect_nonfinite()
    first.__enter__()
    second.__enter__()
    w = vector(1.0, 2.0)
    assert minidl.why_no_grad(lambda: (w.detach() * 2).sum())
    first.__exit__(None, None, None)
    with pytest.raises(FloatingPointError):
        ops.log(-w)
    second.__exit__(None, None, None)
    assert (vars(Op)["__call__"], autograd._rule) == before


def test_what_is_noted_goes_with_the_tensor() -> None:
    from minidl.detecting import _changes

    with minidl.detect_changes():
        y = vector(1.0) * 2
        calls = _changes.get()
        assert calls is not None and len(calls._noted) == 1
        del y
        gc.collect()
        assert not calls._noted
