"""Missing gradients explained: the six ways to cut a graph, what NumPy does in between, and random graphs."""

import math
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minidl
from minidl import Tensor, ops
from minidl.hooks import learners_line
from minidl.layers import Dense, Layer
from minidl.switches import no_grad

HERE = __file__
WAYS = ["data", "detach", "numpy", "item", "new Tensor", "no_grad"]
REENTRIES = ["as it is", "through NumPy", "through a buffer", "in a fresh Tensor"]


def w_and_v() -> tuple[Tensor, Tensor]:
    return Tensor([0.5, -1.5, 2.0], requires_grad=True, name="w"), Tensor([1.0, 2.0, 3.0], requires_grad=True, name="v")


def line_here() -> int:
    return sys._getframe(1).f_lineno


# ---------------------------------------------------------------- random graphs

UNARY = {"tanh": ops.tanh, "sin": ops.sin, "relu": ops.relu, "square": ops.square, "negative": ops.negative, "sigmoid": ops.sigmoid}
BINARY = {"add": ops.add, "multiply": ops.multiply, "subtract": ops.subtract, "maximum": ops.maximum}


class Graph:
    """A random graph of vectors of length 3; ``cut`` says at which node, in which way, and how the numbers come back."""

    def __init__(self, seed: int, way: str | None, back: str):
        chance = np.random.default_rng(seed)
        self.params = [Tensor(chance.normal(size=3), requires_grad=True, name=f"p{i}") for i in range(chance.integers(1, 5))]
        self.plan: list[tuple[Any, ...]] = []
        for count in range(len(self.params), len(self.params) + int(chance.integers(2, 12))):
            if chance.random() < 0.5:
                self.plan.append((chance.choice(list(UNARY)), int(chance.integers(count))))
            else:
                self.plan.append((chance.choice(list(BINARY)), int(chance.integers(count)), int(chance.integers(count))))
        self.way, self.back, self.at = way, back, int(chance.integers(len(self.params) + len(self.plan)))
        if way == "no_grad":
            self.at = max(self.at, len(self.params))  # an op is what runs unrecorded
        self.line, self.op = 0, ""

    def __call__(self) -> Tensor:
        values: list[Any] = []
        for i in range(len(self.params) + len(self.plan)):
            name, *places = ("", i) if i < len(self.params) else self.plan[i - len(self.params)]
            op, inputs = (UNARY | BINARY).get(name), [values[place] for place in places] if name else []
            if i == self.at and self.way == "no_grad":
                with no_grad():
                    value, self.line = op(*inputs), line_here()
            else:
                value = op(*inputs) if op else self.params[i]
            if i == self.at:
                self.op = name or self.params[i].name or ""
                value = self.returned(self.cut(value))
            values.append(value)
        return ops.sum(values[-1] + 0.0 * Tensor(np.ones(3)))

    def cut(self, h: Any) -> Any:
        if self.way == "data":
            value, self.line = h.data, line_here()
        elif self.way == "detach":
            value, self.line = h.detach(), line_here()
        elif self.way == "numpy":
            value, self.line = (np.asarray(h) if self.at % 2 else h.numpy()), line_here()
        elif self.way == "item":
            value, self.line = ([float(x) for x in h] if self.at % 2 else [x.item() for x in h]), line_here()
        elif self.way == "new Tensor":
            value, self.line = Tensor(h), line_here()
        else:
            value = h
        return value

    def returned(self, value: Any) -> Any:
        if self.way is None or self.back == "as it is":
            return np.array(value) if isinstance(value, list) else value
        if self.way == "item":
            return np.array([2.0 * x + 1 for x in value]) if self.back == "through NumPy" else Tensor(value)
        if isinstance(value, Tensor):
            return value * 2.0 + 1.0
        if self.back == "through NumPy":
            return np.concatenate([np.exp(value[:1] / 9), value[1:] - value.mean()]).reshape(3)
        if self.back == "through a buffer":
            buffer = np.zeros(3)
            for i in range(3):
                buffer[i] = value[i] * 2
            return buffer
        return Tensor(np.ascontiguousarray(value))

    def without_gradient(self) -> list[Tensor]:
        """The parameters that the last value is made of, but that get no gradient."""
        depends = [{i} for i in range(len(self.params))]
        for _, *places in self.plan:
            depends.append(set().union(*(depends[i] for i in places)))
        y = self()
        grads = minidl.grad(y, self.params) if y.node else [None] * len(self.params)
        return [p for i, p in enumerate(self.params) if grads[i] is None and i in depends[-1]]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=120)
@given(seed=st.integers(0, 2**32), back=st.sampled_from(REENTRIES))
def test_random_graphs_that_were_cut(way: str, seed: int, back: str) -> None:
    graph = Graph(seed, way, back)
    missing = graph.without_gradient()
    report = minidl.why_no_grad(graph, parameters=graph.params)
    assert {f.tensor for f in report} == set(missing)
    for finding in report:
        assert (finding.way, finding.file, finding.line) == (way, HERE, graph.line)
        assert finding.op == ("getitem" if way == "item" else graph.op)


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32))
def test_no_report_on_graphs_that_were_not_cut(seed: int) -> None:
    graph = Graph(seed, None, "as it is")
    assert not minidl.why_no_grad(graph, parameters=graph.params)
    assert not minidl.why_no_grad(graph)


# ---------------------------------------------------------------- one by one


def by_math(w: Tensor) -> Any:
    return math.exp(w.sum().item())


def by_arithmetic_on_floats(w: Tensor) -> Any:
    return float(w.sum()) * 2.0 + 1.0


def by_a_list(w: Tensor) -> Any:
    return sum(w.data.tolist())


def by_einsum(w: Tensor) -> Any:
    return np.einsum("i,i->", w.data, np.ones(3))


def by_in_place(w: Tensor) -> Any:
    total = np.arange(3.0)
    total += w.numpy()
    return total


def by_out(w: Tensor) -> Any:
    return np.add(w.data, 1, out=np.empty(3))


def by_windows(w: Tensor) -> Any:
    return np.lib.stride_tricks.sliding_window_view(w.data, 2).mean(axis=1)[:1]


def by_strides(w: Tensor) -> Any:
    return np.lib.stride_tricks.as_strided(w.data, (3, 1), (8, 8)).max()


def by_setting_data(w: Tensor) -> Any:
    t = Tensor(np.zeros(3))
    t.data = w.data * 2
    return t


def by_writing_under_no_grad(w: Tensor) -> Any:
    t = Tensor(np.zeros(3))
    with no_grad():
        t[...] = w
    return t


@pytest.mark.parametrize(
    "through",
    [by_math, by_arithmetic_on_floats, by_a_list, by_einsum, by_in_place, by_out, by_windows, by_strides, by_setting_data,
     by_writing_under_no_grad],
)  # fmt: skip
def test_numbers_are_followed(through: Callable[[Tensor], Any]) -> None:
    w, v = w_and_v()
    report = minidl.why_no_grad(lambda: (v * through(w)).sum())
    assert [(f.parameter, f.file) for f in report] == [("w", HERE)]
    first = through.__code__.co_firstlineno
    assert first < report[0].line <= first + 5
    assert f"test_tracing.py:{report[0].line}" in str(report)


def test_what_only_is_looked_at_is_no_cut() -> None:
    w, v = w_and_v()

    def loss() -> Tensor:
        _ = f"{w.data} {w.sum().item():.2f} {float(w.mean())} {np.asarray(w)}"
        return (v * w.detach()).sum() + w.sum()

    assert not minidl.why_no_grad(loss)
    assert len(minidl.why_no_grad(lambda: (v * 2 * (w.data > 0)).sum())) == 0  # a mask has no derivative
    assert str(minidl.why_no_grad(loss)) == "no cut found: every parameter that the result depends on has a recorded path to it"


def test_without_a_cut_it_says_what_else_is_missing() -> None:
    w, _ = w_and_v()
    plain = Tensor([1.0, 2.0])
    assert str(minidl.why_no_grad(lambda: (plain * 2).sum())).startswith("no parameter found")
    assert "only in steps that have no derivative" in str(minidl.why_no_grad(lambda: (w > 0).astype(float).sum()))
    for nothing in (lambda: None, lambda: [w]):
        report = minidl.why_no_grad(nothing)
        assert not report and f"the function returned {type(nothing()).__name__}, and must return the loss" in str(report)


def test_what_is_no_function_is_explained() -> None:
    w, _ = w_and_v()
    model, x = Dense(2), np.ones((3, 2))
    for loss in (w.sum(), "mse", None):
        with pytest.raises(TypeError, match=rf"why_no_grad\(lambda: …\); got {type(loss).__name__}"):
            minidl.why_no_grad(loss)
    for arguments in [(model, x, x), ((model, "mse"), x, x), ((model,), x, x), ((model, lambda a, b: a - b), x)]:
        with pytest.raises(TypeError, match=r"why_no_grad\(\(model, loss\), x, y\)"):
            minidl.why_no_grad(*arguments)
    assert not minidl.why_no_grad(model, x)


def test_the_whole_loss_may_be_a_number() -> None:
    w, _ = w_and_v()
    report = minidl.why_no_grad(lambda: float((w * w).sum()))
    assert (len(report), report[0].way, report[0].op) == (1, "item", "sum")


def test_two_cuts_are_both_named() -> None:
    w, v = w_and_v()
    report = minidl.why_no_grad(lambda: (v * w.data + w.detach()).sum())
    assert [f.way for f in (report[0], *report[0].others)] == ["data", "detach"]


def test_a_way_that_is_not_known_is_called_so() -> None:
    w, v = w_and_v()
    (finding,) = minidl.why_no_grad(lambda: (v * w._data).sum(), parameters=[w, v])
    assert (finding.way, finding.parameter, finding.op) == ("unknown", "w", "w")
    assert np.array_equal(w.data, [0.5, -1.5, 2.0])


def test_parameters_are_named_by_their_place_if_they_have_no_name() -> None:
    a, b = Tensor(1.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    (finding,) = minidl.why_no_grad(lambda a, b: a * b.item(), a, b, parameters=[a, b])
    assert finding.parameter == 1 and finding.op == "parameter 1"


def test_everything_is_put_back() -> None:
    def now() -> dict[str, Any]:
        names = ("data", "numpy", "item", "detach", "__init__")
        return {name: vars(Tensor)[name] for name in names} | {"np": np.asarray, "exp": math.exp}

    before = now()
    w, _ = w_and_v()

    def fails() -> Any:
        assert np.asarray is not before["np"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        minidl.why_no_grad(fails)
    assert minidl.why_no_grad(lambda: w.data.sum())
    assert before == now()


def test_other_threads_see_nothing() -> None:
    w, _ = w_and_v()
    seen = []

    def loss() -> Tensor:
        thread = threading.Thread(target=lambda: seen.append((type(w.data), type(w.sum().item()), type(np.zeros(2)))))
        thread.start()
        thread.join()
        return w.sum()

    minidl.why_no_grad(loss)
    assert seen == [(np.ndarray, float, np.ndarray)]


# ---------------------------------------------------------------- layers that cut


class RawBatchNorm(Layer):
    """Batch normalization on raw arrays: the layers before it learn nothing."""

    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight((input_shape[-1],), "ones", name="gamma")

    def call(self, x: Tensor) -> Tensor:
        a = x.data
        normal = (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-3)
        return Tensor(normal) * self.gamma


class RawAvgPool(Layer):
    """Means of pairs on raw arrays."""

    def call(self, x: Tensor) -> Tensor:
        a = x.numpy()
        y = np.zeros((a.shape[0], a.shape[1] // 2), a.dtype)
        for i in range(y.shape[1]):
            y[:, i] = a[:, 2 * i : 2 * i + 2].mean(axis=1)
        return Tensor(y)


@pytest.mark.parametrize(("layer", "way"), [(RawBatchNorm, "data"), (RawAvgPool, "numpy")])
def test_layers_on_raw_arrays(layer: type[Layer], way: str) -> None:
    model = minidl.Sequential([minidl.Input((6,)), Dense(4, activation="tanh"), layer(), Dense(1)])
    x, y = np.random.default_rng(0).normal(size=(8, 6)), np.ones((8, 1))
    loss = minidl.losses.MeanSquaredError()
    report = minidl.why_no_grad((model, loss), x, y)
    kernel, bias = model.layers[0].trainable_variables
    assert [f.tensor for f in report] == [kernel, bias]
    for finding in report:
        assert (finding.way, finding.op, finding.file) == (way, "tanh", HERE)
        assert finding.line == layer.call.__code__.co_firstlineno + 1
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=r"no gradient for .*kernel, .*bias: left as before; minidl\.why_no_grad"):
        model.fit(x, y, verbose=0)


def test_a_whole_model_is_no_cut_and_is_left_as_it_was() -> None:
    model = minidl.Sequential(
        [minidl.Input((6, 6, 1)), minidl.layers.Conv2D(2, 3, activation="relu"), minidl.layers.BatchNormalization(),
         minidl.layers.MaxPooling2D(), minidl.layers.Flatten(), minidl.layers.Dropout(0.5), Dense(3, activation="softmax")]
    )  # fmt: skip
    x, y = np.random.default_rng(0).normal(size=(4, 6, 6, 1)), np.array([0, 1, 2, 1])
    before = model.get_weights()
    assert not minidl.why_no_grad((model, minidl.losses.SparseCategoricalCrossentropy()), x, y)
    assert all(map(np.array_equal, before, model.get_weights()))


def test_step_and_backward_say_so() -> None:
    w, v = w_and_v()
    (v * w.data).sum().backward()  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match=r"no gradient for w.*why_no_grad"):
        minidl.optimizers.SGD().step([w, v])


def test_the_learners_line() -> None:
    assert learners_line() == (HERE, line_here())
