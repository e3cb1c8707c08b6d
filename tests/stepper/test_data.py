"""The tape as data for the page: everything refers to what is there, and the numbers are those of the tape."""

import json
import time

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops
from minidl.stepper import Backward, Forward, Update

from .computations import dense, images, intro, scalar


def check(data):
    """Every reference leads somewhere, and it is JSON."""
    json.dumps(data, allow_nan=False)
    tensors, groups, steps = (len(data[name]) for name in ("tensors", "groups", "steps"))
    for tensor in data["tensors"]:
        assert tensor["label"] and tensor["kind"] in ("parameter", "input", "number", "result")
        assert tensor["group"] is None or tensor["group"] < groups
        assert tensor["made_by"] is None or data["steps"][tensor["made_by"]]["phase"] == "forward"
    for i, group in enumerate(data["groups"]):
        assert group["parent"] is None or group["parent"] < groups and group["parent"] != i
    todo = list(data["steps"])
    while todo:
        step = todo.pop()
        todo += step.get("body") or []
        assert step["group"] is None or step["group"] < groups
        if step["line"]:
            assert str(step["line"][1]) in data["lines"][step["line"][0]]
        if step["phase"] == "update":
            assert step["op"] == "in place" or step["op"] in data["rules"]
            assert step["parameter"] < tensors and step["result"] < tensors
            continue
        assert step["op"] in data["rules"] and step["output"] < tensors and all(x < tensors for x in step["inputs"])
        if step["phase"] == "forward":
            assert len(step["inputs"]) == len(step["input_names"])
        else:
            assert len(step["inputs"]) == len(step["grads"]) == len(step["totals"]) == len(step["complete"])
            assert step["forward"] is None or step["forward"] < steps and data["steps"][step["forward"]]["output"] == step["output"]
            assert all(0 <= row["input"] < len(step["inputs"]) for row in step["chain"])
    return data


@pytest.mark.parametrize("make", [scalar, dense, intro])
def test_references(make):
    data = check(make().data())
    assert data["format"] == 1 and data["title"] == "computations.py" and data["notes"] == []
    assert {step["phase"] for step in data["steps"]} == {"forward", "backward", "update"}


def test_the_numbers_are_those_of_the_tape():
    tape = dense(dtype="float64")
    data = check(tape.data())
    for step, written in zip(tape.steps, data["steps"]):
        if isinstance(step, Forward):
            assert data["tensors"][written["output"]]["value"]["values"] == step.output.array.ravel().tolist()
        elif isinstance(step, Backward):
            assert written["g"]["values"] == step.g.ravel().tolist()
            kept = [own for value, own in zip(step.inputs, step.grads) if value is not None]
            assert [None if w is None else w["values"] for w in written["grads"]] == [
                None if g is None else g.ravel().tolist() for g in kept
            ]
        elif isinstance(step, Update):
            assert written["before"]["values"] == step.before.ravel().tolist()
            assert written["change"]["values"] == (step.after.array - step.before).ravel().tolist()


def test_float32_has_no_more_digits_than_it_has():
    data = dense().data()
    values = [v for step in data["steps"] if step["phase"] == "backward" for v in step["g"]["values"] or []]
    assert values and all(np.float32(v) == np.float32(f"{v:.9g}") and f"{v!r}" == f"{float(str(np.float32(v)))!r}" for v in values)


def test_complete_is_said_of_the_last_step_that_adds():
    w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    with minidl.record() as tape:
        (ops.exp(w) + ops.tanh(w)).sum().backward()
    data = check(tape.data())
    said = [
        complete for step in data["steps"] if step["op"] in ("exp", "tanh") and step["phase"] == "backward" for complete in step["complete"]
    ]
    assert said == [False, True]


def test_sizes():
    assert len(json.dumps(dense().data())) < 200_000
    assert len(json.dumps(intro(32).data())) < 5_000_000


def test_composites_open():
    data = check(intro().data())
    first = data["steps"][0]
    assert first["kernel"] and [step["op"] for step in first["body"]] == ["convolution_layer", "max_pool2d"]
    assert [step["op"] for step in first["body"][0]["body"][0]["body"]] == ["im2col", "reshape", "reshape", "matmul", "reshape"]
    assert data["tensors"][first["body"][0]["output"]]["again"] is True
    back = next(step for step in data["steps"] if step["phase"] == "backward" and step["forward"] == 0)
    assert [step["op"] for step in back["body"]][:3] == ["max_pool2d", "relu", "add"]
    outputs = {step["output"] for step in first["body"]}
    assert outputs <= {step["output"] for step in back["body"]}


def test_windows():
    data = check(intro().data())
    window = data["steps"][0]["window"]
    assert window["kind"] == "convolution" and window["pool"] == [2, 2] and window["activation"] == "relu"
    assert [window[k]["shape"] for k in ("x", "kernel", "bias", "y")] == [[32, 32, 3], [3, 3, 3, 16], [16], [15, 15, 16]]
    back = next(step["window"] for step in data["steps"] if step["phase"] == "backward" and step["forward"] == 0)
    assert back["of"] == 0 and back["g_sum"]["shape"] == [30, 30, 16] and back["dx"] is None and back["dkernel"]["shape"] == [3, 3, 3, 16]
    assert [step["window"] and step["window"]["kind"] for step in data["steps"][0]["body"]] == ["convolution", "max_pool"]


def test_windows_that_are_too_large_are_left_out():
    with minidl.record() as tape:
        ops.max_pool2d(np.zeros((1, 500, 500, 1)))
    window = check(tape.data())["steps"][0]["window"]
    assert window["x"] is None and window["y"]["shape"] == [250, 250, 1]


def test_dropout_has_its_mask():
    with minidl.record() as tape:
        ops.dropout(Tensor(np.ones((2, 3)), requires_grad=True), np.array([[0.0, 2, 2], [2, 0, 2]])).sum().backward()
    data = check(tape.data())
    assert data["steps"][0]["window"]["kind"] == "dropout" and data["steps"][0]["window"]["mask"]["shape"] == [3]
    assert data["steps"][3]["window"]["of"] == 0


def test_rules():
    rules = scalar().data()["rules"]
    assert rules["tanh"]["forward"].startswith("@op\ndef tanh(xp, x):") and rules["tanh"]["rule"].startswith("@tanh.vjp\ndef _(g, y, x):")
    assert rules["tanh"]["file"] == "minidl/ops/nonlinearities.py" and rules["tanh"]["formula"] == "dL/dx = g (1 − y²)"
    assert "def update(self" in dense().data()["rules"]["SGD"]["forward"]


def test_two_ops_of_one_name():
    def tanh(xp, x):
        return x

    own = minidl.op(tanh)
    own.vjp(lambda g, y, x: g)
    with minidl.record() as tape:
        ops.tanh(own(Tensor(1.0, requires_grad=True))).backward()
    data = check(tape.data())
    assert [step["op"] for step in data["steps"]] == ["tanh", "tanh (2)", "tanh (2)", "tanh"]


@pytest.mark.parametrize("array", [np.array(1.0), np.zeros((0, 3)), np.arange(3), np.array([np.nan, np.inf, 1.0]), np.ones(3, "float16")])
def test_all_kinds_of_arrays(array):
    with np.errstate(all="ignore"), minidl.record() as tape:
        x = Tensor(array, requires_grad=array.dtype.kind == "f")
        y = ops.sum(x * x)
        if x.requires_grad:
            y.backward()
    check(tape.data())


def test_operands_that_are_none():
    with minidl.record() as tape:
        ops.dense_layer(
            Tensor(np.ones((2, 3)), requires_grad=True), np.ones((3, 1)), None, activation=minidl.activations.linear
        ).sum().backward()
    check(tape.data())


def test_pooling_of_whole_numbers():
    with minidl.record() as tape:
        ops.max_pool2d(np.arange(16).reshape(1, 4, 4, 1))
        ops.max_pool2d(np.zeros((0, 4, 4, 1)))
    check(tape.data())


def test_a_large_graph():
    x = Tensor(1.0, requires_grad=True)
    with minidl.record() as tape:
        y = x
        for _ in range(10_000):
            y = ops.tanh(y)
        y.backward()
    begin = time.perf_counter()
    data = check(tape.data())
    assert time.perf_counter() - begin < 20
    assert len(data["steps"]) == 2000 and data["notes"] == [
        "18000 steps in the middle are left out: here are the first 1000 and the last 1000."
    ]


def test_what_would_be_too_much_for_a_page_is_left_out():
    model = minidl.nets.intro()
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    with minidl.record() as tape:
        model.fit(*images(24), batch_size=4, epochs=1, verbose=0)
    data = check(tape.data())
    opened = [step["body"] is not None for step in data["steps"] if step["op"] == "convolution_and_pooling"]
    assert opened[0] and not opened[-1] and "it would be too much for a page" in data["notes"][0]
    assert len(json.dumps(data)) < 5_000_000


def test_several_training_steps():
    model = minidl.Sequential([minidl.layers.Input((32, 32, 3)), minidl.layers.Flatten(), minidl.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    with minidl.record() as tape:
        model.fit(*images(6), batch_size=2, epochs=1, verbose=0)
    data = check(tape.data())
    labels = [
        tensor["label"] for tensor in data["tensors"] if tensor["kind"] == "parameter" and tensor["name"] and "kernel" in tensor["name"]
    ]
    assert len(labels) == 4 and labels[1:] == [f"{labels[0]} (1 update)", f"{labels[0]} (2 updates)", f"{labels[0]} (3 updates)"]
