"""Lessons as files: what a student's copy leaves out, and what the lessons tell instead."""

import ast

import pytest

from minidl.cli import lessons as cli
from minidl.lesson_runner import Prediction, format, grading, plan

CELL = '''exercise = Exercise(
    "largest",
    "The größte of some numbers.",
    hints=[
        "one (or two)",
        "max",
        "max(x)",
    ],
)
exercise.check("of three", lambda: largest([1, 3, 2]), 3, because="3 is larger than 1 and 2")
Prediction("How many?", ["1", "2"], answer=1, why="Because.")
'''


def test_a_students_copy_holds_no_hints_and_no_answers():
    left = format.unspoilt(CELL)
    assert left == '''exercise = Exercise(
    "largest",
    "The größte of some numbers.",
)
exercise.check("of three", lambda: largest([1, 3, 2]), 3, because="3 is larger than 1 and 2")
Prediction("How many?", ["1", "2"])
'''
    assert format.unspoilt(left) == left
    assert format.unspoilt("print(1)\n") == "print(1)\n"


@pytest.mark.parametrize("lesson", format.lessons(), ids=lambda lesson: lesson.name)
def test_every_lesson_is_a_lesson_without_them(lesson):
    copy = format.student_version(lesson.text)
    ast.parse(copy)
    assert "hints=" not in copy and "why=" not in copy and "SOLUTION" not in copy
    assert [cell.kind for cell in format.cells(copy)] == [cell.kind for cell in format.cells(lesson.text)]
    for one in grading.expected_exercises(lesson):
        assert not any(hint in copy for hint in one.hints if len(hint) > 60), one.name


@pytest.mark.parametrize("form", [str, format.student_version], ids=["whole", "student's copy"])
def test_the_copies_of_checks_are_known_and_not_run_beside_the_lessons_own(form):
    lesson = format.lesson(8)
    items = plan.plan(lesson, format.cells(form(lesson.text)), "08.py")
    assert [item.exercise for item in items if item.kind == "check"] == [one.name for one in grading.expected_exercises(lesson)]
    assert not any("Exercise(" in item.source or "Prediction(" in item.source for item in items if item.kind == "code")


def test_an_answer_is_looked_up_in_the_lesson():
    lesson = format.lesson(8)
    (told,) = format.predictions(lesson)
    assert Prediction(told["question"], told["choices"]).reveal() == Prediction(**told).reveal()
    with pytest.raises(ValueError, match="a prediction of your own needs its answer"):
        Prediction("What for?", ["a", "b"])


def test_solutions_with_the_answers_to_predictions(capsys):
    cli.solution(8)
    text = capsys.readouterr().out
    ast.parse(text)
    assert "return np.where(x > 0, x, slope * x)" in text and "SOLUTION" not in text
    assert "# Predict: Three dense layers" in text and "\n# a) About half to two thirds. Without activation functions" in text
