"""A step as lines."""

import numpy as np

from minidl.stepper.labels import Labels
from minidl.stepper.screen import array_lines, step_lines
from minidl.stepper.table import width

from .computations import intro, scalar


def texts(lines):
    return [line.text for line in lines]


def test_arrays():
    assert texts(array_lines("x", np.array(0.5), 80)) == ["x = 0.5"]
    assert texts(array_lines("x", np.array([1, 2]), 80)) == ["x = [1 2]"]
    assert texts(array_lines("x", np.array([[1.0, -20], [3, 4]]), 80)) == ["x: 2×2 float64", "  [  1 −20]", "  [  3   4]"]
    assert texts(array_lines("x", np.zeros((0, 2)), 80)) == ["x: 0×2 float64, nothing"]
    assert texts(array_lines("x", np.ones((100, 2)), 80)) == ["x: 100×2 float64, 1 … 1, mean 1"]
    assert texts(array_lines("x", np.zeros((9, 2)), 80))[-1] == "  … 9 rows"


def test_lines_are_cut_to_the_width():
    for step in intro(1).steps:
        assert all(width(line.text) <= 50 for line in step_lines(step, Labels(), 50))


def test_what_is_hidden():
    tape, labels = scalar(), Labels()
    shown, hidden = (texts(step_lines(tape.steps[7], labels, 80, hidden)) for hidden in (False, True))
    assert any("−0.1433" in line for line in shown) and not any("−0.1433" in line for line in hidden)
