"""``print(tape)``."""

import time

import numpy as np

import minidl
from minidl import Tensor, ops
from minidl.stepper.table import brief, cut, padded, width

from .computations import intro, scalar


def test_a_neuron():
    lines = str(scalar()).splitlines()
    assert lines[0] == "computations.py: 14 steps (7 forward, 5 backward, 2 update)"
    assert lines[1].split() == ["phase", "op", "shapes", "values", "line"]
    assert lines[4].split()[:4] == ["2", "forward", "tanh", "()"] and "y = 0.8005" in lines[4] and "ops.tanh(w * x + b)" in lines[4]
    assert "dL/dw += −0.2866" in lines[11] and "w: 0.5 → 0.5287" in lines[13]


def test_columns_stand_under_each_other():
    with minidl.record() as tape:
        x = Tensor(np.ones(3), name="変数")
        ops.exp(x)
        ops.exp(Tensor(np.ones(2), name="é" * 80))
        ops.tanh(1.0)
    header, *rows = str(tape).splitlines()[2:]
    assert header.split()[0] == "phase"
    starts = {width(row[: row.index("test_table.py")]) for row in rows}
    assert starts == {width(header[: header.index("line")])}


def test_widths():
    assert width("abc") == 3 and width("変") == 2 and width("é") == 1 and width("\u200b") == 0
    assert padded("変", 4) == "変  " and cut("変変変", 5) == "変変…" and cut("a\x1b[31mb\tc", 99) == "a[31mb c" and cut("abc", 3) == "abc"


def test_values():
    assert brief(np.array(1.5)) == "1.5" and brief(np.array([1, 2])) == "[1 2]" and brief(np.zeros((0, 2))) == "nothing"
    assert brief(np.array([[1.0, 2], [3, -4]])) == "[[1 2] [3 −4]]"
    assert brief(np.linspace(0, 1, 5)) == "0 … 1, mean 0.5"
    assert brief(np.array([np.nan] * 5 + [np.inf, 1.0])) == "1 … 1, mean 1, 5 nan, 1 inf"
    assert brief(np.full(5, np.nan)) == "no finite number, 5 nan"
    assert brief(np.arange(10)) == "0 … 9, mean 4.5" and brief(np.array([True] * 9)) == "True … True, mean 1"


def test_a_large_graph_is_folded():
    x = Tensor(1.0, requires_grad=True)
    begin = time.perf_counter()
    with minidl.record() as tape:
        y = x
        for _ in range(10_000):
            y = y * 1.0001
        y.backward()
    text = str(tape)
    assert time.perf_counter() - begin < 20
    assert len(tape) == 20_000 and len(text.splitlines()) < 70
    assert "19940 steps are left out here" in text and text.splitlines()[-1].startswith("19999")


def test_nothing():
    with minidl.record() as tape:
        pass
    assert str(tape).splitlines() == [
        "test_table.py: 0 steps (0 forward, 0 backward, 0 update)",
        "Nothing was recorded: no op of minidl ran, or it ran in another thread.",
    ]


def test_no_backward():
    with minidl.record() as tape:
        ops.exp(1.0)
    assert "No backward pass was recorded: call loss.backward()" in str(tape)


def test_the_intro_net():
    text = str(intro())
    assert "32 → ()" not in text and "4×32×32×3" in text and "update    Adam" in text
    assert all(width(line) < 260 for line in text.splitlines())
