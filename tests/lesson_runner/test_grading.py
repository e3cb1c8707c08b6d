"""Grading: full marks, lost points with reasons, and files after accidents drawn at random, of which none makes it crash or hang."""
import json
import random
import re

import pytest

from minidl.lesson_runner import format, grading, notebooks

LESSON = '''# %% [markdown]
# # 1. A small lesson

# %%
import numpy as np

from minidl.lesson_runner import Exercise

CONSTANT = 3.0

# %% [markdown]
# ## Exercise


# %%
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise("double", "Twice a number.", hints=["one", "two", "three"])
exercise.check("a number", lambda: double(2.0), 4.0)
exercise.check("an array", lambda: double(np.arange(3.0)), [0.0, 2.0, 4.0])
exercise.done()


# %%
def slope(g, x):
    """The derivative of x² times g."""
    ### BEGIN SOLUTION
    return g * 2 * x
    ### END SOLUTION


# %% tags=["check"]
exercise = Exercise("slope", "A derivative.", hints=["one", "two", "three"])
exercise.check_gradient("it is right", lambda: (lambda x: x**2, slope), np.array([0.3, 1.0]))
exercise.check("a constant", lambda: CONSTANT, 3.0)
exercise.check_raises("two arguments", lambda: slope(1.0), TypeError)
exercise.done()
'''


@pytest.fixture
def lesson(tmp_path):
    path = tmp_path / "01_small.py"
    path.write_text(LESSON, encoding="utf-8")
    return format.Lesson(1, "small", path)


def graded(lesson, text, tmp_path, name="student.py", seconds=60.0):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return grading.grade(lesson, file, seconds)


def reasons(result):
    return {check.title: check.reason for one in result.exercises for check in one.checks if not check.passed}


def test_the_solution_has_full_marks(lesson, tmp_path):
    result = graded(lesson, LESSON, tmp_path)
    assert (result.points, result.total, result.exit_code, reasons(result)) == (5, 5, 0, {})
    assert [one.name for one in result.exercises] == ["double", "slope"] and result.exercises[0].hints == ["one", "two", "three"]


def test_the_student_version_fails_exactly_its_checks(lesson, tmp_path):
    result = graded(lesson, format.student_version(LESSON), tmp_path)
    assert result.exit_code == 1 and result.points == 2, "a constant and the number of arguments are right from the start"
    assert set(reasons(result).values()) == {"this is still to be written"} and result.problem == ""


def test_as_a_notebook(lesson, tmp_path):
    assert graded(lesson, notebooks.notebook(LESSON), tmp_path, "student.ipynb").points == 5
    assert graded(lesson, notebooks.notebook(format.student_version(LESSON)), tmp_path, "student.ipynb").points == 2


@pytest.mark.parametrize(
    ("change", "points", "reason"),
    [
        (("return 2 * x\n", "return 3 * x\n"), 3, {"a number": "expected 4, got 6"}),
        (("return g * 2 * x", "return -g * 2 * x"), 4, {"it is right": "sign"}),
        (("def double(x)", "def twice(x)"), 3, {"a number": "name 'double' is not defined: was it deleted, renamed, or never imported?"}),
        (("def double(x):", "def double(x)"), 3, {"a number": "name 'double' is not defined"}),
        (("return 2 * x\n", "return np.zeros((2, 2))\n"), 3, {"an array": "expected an array of shape (3,), got an array of shape (2, 2)"}),
        (("    return 2 * x\n", "    return 2 * x)\n"), 3, {"a number": "because its cell failed: line 19: SyntaxError: unmatched ')'"}),
        (("CONSTANT = 3.0", "CONSTANT = 4.0"), 4, {"a constant": "expected 3, got 4"}),
        (("CONSTANT = 3.0", "exit()"), 4, {"a constant": "name 'CONSTANT' is not defined"}),
        (('exercise.check("a number", lambda: double(2.0), 4.0)\n', ""), 5, {}),
        (("lambda: double(2.0), 4.0", "lambda: 4.0, 4.0"), 5, {}),
        (("    return 2 * x\n", "    return print(x).a\n"), 3, {"a number": "print(x).a (a function without return gives None"}),
        (("    return 2 * x\n", "    raise KeyError('x')\n"), 3, {"a number": "it raised KeyError: 'x' in line 19: raise KeyError('x')"}),
    ],
)
def test_every_lost_point_has_its_reason(lesson, tmp_path, change, points, reason):
    assert change[0] in LESSON
    result = graded(lesson, LESSON.replace(*change), tmp_path)
    assert result.points == points
    found = reasons(result)
    assert all(text in found[title] for title, text in reason.items()), found
    assert all(found.values()) and len(found) == 5 - points


def test_an_error_in_the_check_itself_names_no_line_of_the_learner(lesson, tmp_path):
    lesson.path.write_text(LESSON.replace("lambda: double(2.0), 4.0", "lambda: double(2.0).is_integer()"), encoding="utf-8")
    reason = reasons(graded(lesson, LESSON.replace("    return 2 * x\n", "    2 * x\n"), tmp_path))["a number"]
    assert "'is_integer' in the check: " in reason and "(a function without return gives None" in reason


def test_a_tampered_check_is_not_believed(lesson, tmp_path):
    tampered = format.student_version(LESSON).replace("lambda: double(2.0), 4.0", "lambda: 4.0, 4.0")
    assert graded(lesson, tampered, tmp_path).points == 2


FORGED = """
import json, os
events = [{"item": 99}, {"error": "x"}, {"begin": "a number", "exercise": "double"},
          {"check": "a number", "exercise": "double", "passed": True, "reason": ""}]
for fd in range(3, 30):
    try:
        os.write(fd, "".join(json.dumps(event) + "\\n" for event in events).encode())
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    "code",
    [
        "from minidl.lesson_runner import answers, exercises\nanswers.difference = exercises.difference = lambda *a: ''",
        "import minidl\nminidl.checking.gradcheck = lambda *a: type('Report', (), {'ok': True})",
        "import numpy.linalg\nnumpy.isclose = numpy.asarray = lambda *a, **k: numpy.ones(3, bool)",
        FORGED,
        FORGED + "os._exit(0)",
    ],
    ids=["comparing", "gradcheck", "numpy", "reports", "reports and the end"],
)
def test_points_are_not_forged(lesson, tmp_path, code):
    wrong = LESSON.replace("return 2 * x\n", "return 3 * x\n").replace("return g * 2 * x", "return -g * 2 * x")
    result = graded(lesson, f"# %%\n{code}\n\n{wrong}\n\n# %%\n{code}\n", tmp_path)
    assert set(reasons(result)) == {"a number", "an array", "it is right"}


def test_a_check_is_reported_by_itself_alone(lesson, tmp_path):
    """A function that is being checked cannot report a check that is over."""
    event = "check='a number', exercise='double', passed=True, reason=''"
    forged = f"from minidl.lesson_runner import exercises\n    exercises.listener({event})\n    return g * 2 * x"
    result = graded(lesson, LESSON.replace("return g * 2 * x", forged).replace("return 2 * x\n", "return 3 * x\n"), tmp_path)
    assert set(reasons(result)) == {"a number", "an array"}


def test_a_file_that_never_ends(lesson, tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "limits", lambda seconds: {"code": 1.0, "check": 8.0})
    result = graded(lesson, LESSON.replace("CONSTANT = 3.0", "while True:\n    pass"), tmp_path)
    assert result.exit_code == 1 and "line 5: it ran longer than 1 second: " in result.problem
    assert result.points == 4, "what does not need that cell keeps its points"


@pytest.mark.parametrize(("name", "text"), [("a.ipynb", "{"), ("a.ipynb", "[]"), ("a.ipynb", '{"cells": 3}'), ("a.py", "")])
def test_what_is_no_lesson(lesson, tmp_path, name, text):
    result = graded(lesson, text, tmp_path, name)
    assert result.exit_code == 2 or result.points <= 1
    assert all(reasons(result).values())


def test_cells_that_no_exercise_needs_are_not_run(lesson, tmp_path):
    look = "# %%\nlong = [double(2.0)]\nlong.append(CONSTANT / 0)\n\n"
    lesson.path.write_text(LESSON.replace("# %%\ndef slope", look + "# %%\ndef slope"), encoding="utf-8")
    result = graded(lesson, lesson.text, tmp_path)
    assert (result.points, result.problem) == (5, ""), "it is the lesson's, and nothing uses long"
    result = graded(lesson, lesson.text.replace("CONSTANT / 0", "CONSTANT / 00"), tmp_path)
    assert result.points == 5 and "ZeroDivisionError" in result.problem, "it is the student's own now"
    result = graded(lesson, lesson.text.replace("return g * 2 * x", "return g * 2 * x + 0 * len(long)"), tmp_path)
    assert "ZeroDivisionError" in result.problem, "it is used now"


def test_lines_of_a_notebook_are_counted_in_its_cells(lesson, tmp_path):
    text = LESSON.replace("return 2 * x\n", "return 2 * x[0]\n").replace("CONSTANT = 3.0", "CONSTANT = 3.0\n1 / 0")
    result = graded(lesson, notebooks.notebook(text), tmp_path, "student.ipynb")
    assert result.problem == "cell 2, line 6: ZeroDivisionError: division by zero"
    assert reasons(result)["a number"] == "it raised TypeError: 'float' object is not subscriptable in cell 4, line 4: return 2 * x[0]"


def mangled(text, rng):
    """A student's file after an accident."""
    lines = text.split("\n")
    kind = rng.randrange(10)
    at = rng.randrange(len(lines))
    if kind == 0:
        del lines[at : at + rng.randrange(1, 12)]
    elif kind == 1:
        lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
    elif kind == 2:
        accidents = ["while True: pass", "raise SystemExit(3)", "def f(:", "import os; os._exit(5)", "1/0", "\t x = 1", "quit()"]
        lines.insert(at, rng.choice(accidents))
    elif kind == 3:
        lines[at] = "    " + lines[at]
    elif kind == 4:
        rng.shuffle(lines)
    elif kind == 5:
        lines = [line.replace("return", rng.choice(["yield", "print", "retrun", "return None #"])) for line in lines]
    elif kind == 6:
        lines = [re.sub(r"\bx\b", rng.choice(["y", "", "np", "x[0]"]), line) for line in lines]
    elif kind == 7:
        lines = [line for line in lines if not line.startswith("# %%")]
    elif kind == 8:
        lines[at] = "".join(rng.choice("()[]{}\"'#:=\\\x00é∂\ufffd") for _ in range(9))
    else:
        lines = lines[:at]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(10))
def test_mangled_files_never_crash_or_hang(lesson, tmp_path, seed):
    rng = random.Random(seed)
    for _ in range(2):
        text = LESSON
        for _ in range(rng.randrange(1, 4)):
            text = mangled(text, rng)
        result = graded(lesson, text, tmp_path, seconds=6)
        assert result.total == 5 and result.exit_code in (0, 1, 2)
        found = reasons(result)
        assert len(found) == 5 - result.points and all(found.values()), (text, found)
        json.dumps(result.as_json())
