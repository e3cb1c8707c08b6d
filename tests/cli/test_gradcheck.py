"""``minidl gradcheck``."""

import pytest

SOURCE = """
import numpy as np
def right():
    return (np.sin, lambda g, x: g * np.cos(x)), np.array([0.1, 0.7])
def wrong():
    return (np.cos, lambda g, x: g * np.sin(x)), np.array([0.1, 0.7])
def nothing():
    return 3
def needy(x):
    return np.sin, x
def misspelt():
    return (lambda x: np.sinn(x), lambda g, x: g), np.array([0.1])
def empty():
    assert False
"""


@pytest.fixture
def homework(tmp_path, monkeypatch):
    (tmp_path / "homework_of_ada.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("module", ["homework_of_ada", "homework_of_ada.py"])
def test_it_prints_the_report_and_fails_on_a_wrong_gradient(run_command, homework, module):
    code, out, err = run_command("gradcheck", f"{module}:right")
    assert (code, err) == (0, "") and "right" in out
    code, out, err = run_command("gradcheck", f"{module}:wrong")
    assert (code, err) == (1, "") and "WRONG" in out and "sign" in out


@pytest.mark.parametrize(
    "target", ["homework_of_ada", "homework_of_ada:missing", "no_such_module:f", "no_such.py:f", "homework_of_ada:nothing", ":f"]
)
def test_what_cannot_be_checked_ends_in_one_sentence(run_command, homework, target):
    code, out, err = run_command("gradcheck", target)
    assert code == 1 and out == "" and err.count("\n") == 1


@pytest.mark.parametrize("module", ["homework_of_ada", "homework_of_ada.py"])
@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("needy", "minidl: {module}:needy must take no argument, and return (f, *arrays)"),
        ("misspelt", "minidl: AttributeError in homework_of_ada.py, line 12: module 'numpy' has no attribute 'sinn'"),
        ("empty", "minidl: AssertionError in homework_of_ada.py, line 14"),
    ],
)
def test_a_mistake_in_the_homework_is_said_with_its_line(run_command, homework, module, function, said):
    code, out, err = run_command("gradcheck", f"{module}:{function}")
    assert (code, out) == (1, "") and err == said.format(module=module) + "\n"


def test_what_is_no_homework_is_explained(run_command, homework):
    assert run_command("gradcheck", "minidl.ops:tanh") == (1, "", "minidl: tanh takes 1 array, got 0: tanh(x)\n")
