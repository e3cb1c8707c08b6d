"""Two tapes: where they begin to differ."""

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops
from minidl.stepper import compare

from .computations import dense, intro, scalar
from .pagetext import tape_in


def test_equal_tapes():
    found = compare(dense(), dense())
    assert not found and found.first is None
    assert str(found) == "the first tape and the second tape are equal in all 38 steps."


def test_another_seed_differs_from_the_first_step():
    found = compare(dense(), dense(seed=1))
    assert found and found.first == 0
    assert "step 0, forward matmul" in str(found) or "step 0, forward dense_layer" in str(found)


def test_another_learning_rate_differs_in_the_updates():
    a, b = dense(), dense(rate=0.25)
    found = a.compare(b)
    assert a.steps[found.first].phase == "update" and "the parameter after differs by" in str(found)
    assert all(a.steps[d.position].phase == "update" for d in found.differences)


def test_a_bug_in_a_rule():
    def run(rule):
        cube = minidl.op(lambda xp, x: x**3)
        cube.vjp(rule)
        x = Tensor(2.0, requires_grad=True)
        with minidl.record() as tape:
            ops.tanh(cube(x) * 0.1).backward()
        return tape

    right, wrong = run(lambda g, y, x: g * 3 * x * x), run(lambda g, y, x: g * 3 * x)
    found = right.compare(wrong)
    assert found.first == 5 and right.steps[5].phase == "backward" and right.steps[5].op.name == "<lambda>"
    assert found.differences[0].relative == pytest.approx(0.5)


def test_other_ops_and_other_lengths():
    found = dense().compare(dense(activation="sigmoid"))
    assert any("forward tanh here, forward sigmoid there" in d.text for d in found.differences)
    assert scalar().compare(intro()).first == 0
    with minidl.record() as short:
        ops.exp(1.0)
    with minidl.record() as long:
        ops.exp(1.0)
        ops.exp(1.0)
    assert str(short.compare(long)).count("(no step)") >= 1


def test_tolerance_and_nan():
    def run(x):
        with np.errstate(all="ignore"), minidl.record() as tape:
            ops.log(np.asarray(x))
        return tape

    assert run([1.0]).compare(run([1.0 + 1e-9])) and not run([2.0]).compare(run([2.0 + 1e-9]), rtol=1e-6)
    assert not run([-1.0, 0.0]).compare(run([-1.0, 0.0]))
    assert run([-1.0]).compare(run([1.0])).differences[0].value == np.inf
    assert run([1.0]).compare(run([1.0, 2.0])).differences[0].text.startswith("input 0 is float64 of shape (1,)")
    assert not run(np.zeros(0)).compare(run(np.zeros(0)))


def test_keywords():
    def run(axis):
        with minidl.record() as tape:
            ops.sum(np.ones((2, 2)), axis=axis)
        return tape

    assert run(0).compare(run(1)).differences[0].text == "the keywords of the call differ"


def test_the_page_marks_the_first_difference(tmp_path):
    a, b = dense(), dense(rate=0.25)
    found = a.compare(b)
    found.to_html(tmp_path / "difference.html")
    data = tape_in((tmp_path / "difference.html").read_text(encoding="utf-8"))
    assert data["differs"] == found.first and data["steps"][found.first]["difference"]["value"] == found.differences[0].value
    assert sum("difference" in step for step in data["steps"]) == len(found.differences)
    assert "They are equal up to step" in data["notes"][1]
    assert a.data()["differs"] is None
