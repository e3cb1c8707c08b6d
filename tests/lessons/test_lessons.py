"""Every lesson runs, is complete, and grades its solution and its student version as it should. The lessons are found, not listed."""

import ast
import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minidl.lesson_runner import format as lesson_format
from minidl.lesson_runner.exercises import TODO
from minidl.lesson_runner.grading import expected_exercises, grade
from minidl.lesson_runner.notebooks import export

LESSONS = lesson_format.lessons()
SECONDS = 60  # on two cores; counted is the processor's time, so that a busy machine fails no lesson
each = pytest.mark.parametrize("lesson", LESSONS, ids=[one.path.stem for one in LESSONS])
ALONE = """
import runpy, socket, sys

def refuse(*_):
    raise OSError("a lesson asked for the network")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def code(lesson):
    """The code of all cells, as syntax trees."""
    return [ast.parse(cell.source) for cell in lesson_format.cells(lesson.text) if cell.kind != "markdown"]


def test_there_are_lessons_in_order():
    numbers = [one.number for one in LESSONS]
    assert numbers == sorted(set(numbers)) and numbers


@each
@pytest.mark.slow
def test_it_runs(lesson, tmp_path):
    """As a plain script: without a network, in an empty home, with warnings as errors, in time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MINIDL_", "PYTHON"))}
    environment = kept | {"HOME": str(tmp_path), "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8", "MPLCONFIGDIR": str(tmp_path)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, "-W", "error", "-c", ALONE, str(lesson.path)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=8 * SECONDS, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "✗" not in done.stdout, done.stdout[-3000:]
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(f"{lesson.path.stem}: {spent:.1f} s of computing, {time.perf_counter() - start:.1f} s in all")
    assert spent < 2 * SECONDS


@each
@pytest.mark.slow
def test_its_solution_has_full_marks(lesson):
    found = grade(lesson, lesson.path, seconds=8 * SECONDS)
    lost = {check.title: check.reason for one in found.exercises for check in one.checks if not check.passed}
    assert (lost, found.problem, found.exit_code) == ({}, "", 0)


@each
@pytest.mark.slow
def test_its_student_version_loses_exactly_what_is_to_be_written(lesson, tmp_path):
    file = tmp_path / lesson.path.name
    file.write_text(lesson_format.student_version(lesson.text), encoding="utf-8")
    found = grade(lesson, file, seconds=8 * SECONDS)
    assert found.problem == "", "the student version does not run to its end: a cell needs what the student has not written yet"
    assert {check.reason for one in found.exercises for check in one.checks if not check.passed} == {TODO}
    assert [one.name for one in found.exercises if one.points == one.total] == [], "these pass without being written"
    assert found.exit_code == 1


@each
def test_it_is_complete(lesson):
    assert re.match(rf"# %% \[markdown\]\n# # {lesson.number}\. \S", lesson.text), "the first cell is its title, # N. …"
    text = "\n".join(cell.source for cell in lesson_format.cells(lesson.text) if cell.kind == "markdown")
    assert "**After this lesson you can**" in text and re.search(r"^# \*\*Where we are\.?\*\*", text, re.MULTILINE)
    assert re.search(r"^# ## What you know now", text, re.MULTILINE), "its summary has the heading: What you know now"
    assert re.search(r"^# \*\d+ minutes\.", text, re.MULTILINE), "how long it takes: *40 minutes. You need: …*"
    called = [node.func for tree in code(lesson) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert any(isinstance(function, ast.Name) and function.id == "Prediction" for function in called)
    assert any(isinstance(function, ast.Attribute) and ast.unparse(function).startswith("plots.") for function in called), "a picture"


@each
def test_its_exercises_are_complete(lesson):
    exercises = expected_exercises(lesson)
    assert len(exercises) >= 3 and len({one.name for one in exercises}) == len(exercises)
    for one in exercises:
        assert len(one.checks) >= 3, one.name
        assert len(one.hints) == 3 and all(hint.strip() for hint in one.hints), one.name
        assert one.task.strip()
        titles = [check.title for check in one.checks]
        assert len(set(titles)) == len(titles), one.name
    assert lesson.text.count(lesson_format.BEGIN) == lesson.text.count(lesson_format.END) >= len(exercises)


@each
def test_it_depends_on_nothing_outside(lesson):
    """No address is fetched, and no place of one machine is named."""
    for tree in code(lesson):
        strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        assert not [text for text in strings if re.search(r"https?://", text)]
        assert not [text for text in strings if re.match(r"(/(home|root|work|tmp|usr|opt|mnt|Users|content)\b|~/|[A-Z]:[\\/])", text)]
        imported = {name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {"urllib", "requests", "http", "httpx", "socket", "ftplib", "pooch"}


def test_the_notebooks(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: it checks the exported notebooks")
    written = export(tmp_path)
    assert len(written) == 2 * len(LESSONS)
    for file in written:
        book = nbformat.reads(file.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
        nbformat.validate(book)
        ids = [cell.metadata.nbgrader.grade_id for cell in book.cells if "nbgrader" in cell.metadata]
        assert len(set(ids)) == len(ids)
        solved = lesson_format.BEGIN in json.dumps(book)
        assert solved == (file.parent.name == "solutions")
        if not solved:
            assert "raise NotImplementedError" in json.dumps(book)


def test_make_notebooks_says_what_it_did(tmp_path):
    command = [sys.executable, "-m", "minidl.lesson_runner.notebooks", str(tmp_path / "new" / "books")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{2 * len(LESSONS)} notebooks" in done.stdout
    assert len(list(Path(tmp_path / "new" / "books").rglob("*.ipynb"))) == 2 * len(LESSONS)
    assert subprocess.run(command[:-1], capture_output=True, check=False).returncode == 1
