"""Grading a student's file: its cells are run in a process of their own, with a limit on time, and the lesson's own checks between them.

Whatever the file holds, the grader comes to an end and gives a reason for every point that is missing."""
import ast
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minidl.lesson_runner.exercises import RESULTS
from minidl.lesson_runner.format import Cell, Lesson, cells


@dataclass
class CheckResult:
    title: str
    passed: bool
    reason: str = ""


@dataclass
class ExerciseResult:
    """``points`` of ``total``: one for each check."""

    name: str
    task: str
    hints: list[str]
    checks: list[CheckResult] = field(default_factory=list)

    @property
    def points(self) -> int:
        return sum(check.passed for check in self.checks)

    @property
    def total(self) -> int:
        return len(self.checks)


@dataclass
class Grade:
    """``problem``: why the file could not be run at all, or to its end."""

    lesson: str
    exercises: list[ExerciseResult]
    problem: str = ""
    ran: bool = True

    @property
    def points(self) -> int:
        return sum(one.points for one in self.exercises)

    @property
    def total(self) -> int:
        return sum(one.total for one in self.exercises)

    def as_json(self) -> dict[str, Any]:
        exercises = [asdict(one) | {"points": one.points, "total": one.total} for one in self.exercises]
        return {"lesson": self.lesson, "points": self.points, "total": self.total, "problem": self.problem, "exercises": exercises}

    @property
    def exit_code(self) -> int:
        """0: full marks; 1: points lost; 2: it could not be run."""
        return 2 if not self.ran else 0 if self.points == self.total and not self.problem else 1


def grade(lesson: Lesson, file: Path, seconds: float = 180.0) -> Grade:
    """Grade a student's script or notebook. ValueError or OSError only if there is no such file."""
    expected = expected_exercises(lesson)
    try:
        student = cells(_script(file))
    except (ValueError, UnicodeDecodeError) as error:
        problem = f"{file.name} cannot be read: {error}"
        for check in (check for one in expected for check in one.checks):
            check.reason = problem
        return Grade(lesson.name, expected, problem, ran=False)
    events, problem = _run(lesson, student, file.name, seconds)
    known = {one.name: one for one in expected}
    last = ""
    for event in events:
        one = known.get(event.get("exercise", ""))
        if "cell" in event:
            last = f"the cell at line {event['cell']}"
        elif one is not None and "begin" in event:
            last = f"the check {event['begin']!r}"
        elif one is not None and "check" in event:
            for check in one.checks:
                if check.title == event["check"]:
                    check.passed, check.reason = bool(event["passed"]), str(event["reason"])
    problems = [f"line {event['line']}: {event['error']}" for event in events if "error" in event]
    if problem:
        problems.append(f"{problem}, in {last or 'its first lines'}")
    why = problems[0] if problems else "its check was not reached"
    for one in expected:
        for check in one.checks:
            if not check.passed and not check.reason:
                check.reason = f"not reached: {why}"
    return Grade(lesson.name, expected, "; ".join(problems[:3]), ran=bool(student) and not (problem and not events))


def expected_exercises(lesson: Lesson) -> list[ExerciseResult]:
    """The exercises of a lesson with their checks, none passed yet; read from its check cells."""
    found: list[ExerciseResult] = []
    for cell in cells(lesson.text):
        if cell.kind != "check":
            continue
        for call in (node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "Exercise":
                given = dict(zip(("name", "task", "hints"), call.args)) | {keyword.arg or "": keyword.value for keyword in call.keywords}
                found.append(ExerciseResult(*(ast.literal_eval(given[key]) for key in ("name", "task", "hints"))))
        titles = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                  and node.func.attr in ("check", "check_raises", "check_gradient")]  # fmt: skip
        for call in sorted(titles, key=lambda node: node.lineno):
            found[-1].checks.append(CheckResult(str(ast.literal_eval(call.args[0])), False))
    return found


def _run(lesson: Lesson, student: list[Cell], name: str, seconds: float) -> tuple[list[dict[str, Any]], str]:
    """Run the student's cells, each followed by the lesson's checks that belong there; checks whose place is gone come last."""
    checks = [cell for cell in cells(lesson.text) if cell.kind == "check"]
    program: list[tuple[str, int, str, str]] = []
    for cell in student:
        if cell.kind == "code":
            program.append((name, cell.line, "code", cell.source))
        elif cell.kind == "check" and checks:
            program.append(("<checks>", 1, "check", checks.pop(0).source))
    program += [("<checks>", 1, "check", cell.source) for cell in checks]
    return _events(program, seconds)


def _events(program: list[tuple[str, int, str, str]], seconds: float) -> tuple[list[dict[str, Any]], str]:
    """What the cells reported, and why they ended before their end, if they did."""
    with tempfile.TemporaryDirectory() as folder:
        results, script = Path(folder) / "results", Path(folder) / "program.json"
        script.write_text(json.dumps(program), encoding="utf-8")
        environment = os.environ | {RESULTS: str(results), "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-m", "minidl.lesson_runner.running", str(script)]
        problem = ""
        try:
            done = subprocess.run(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, timeout=seconds)  # fmt: skip
            if done.returncode:
                last = done.stderr.decode(errors="replace").strip().splitlines()
                problem = f"it ended with code {done.returncode}" + (f" ({last[-1][:200]})" if last else "")
        except subprocess.TimeoutExpired:
            problem = f"it ran longer than {seconds:g} seconds"
        lines = results.read_text(encoding="utf-8", errors="replace").splitlines() if results.exists() else []
    return [event for event in map(_parsed, lines) if event], problem


def _parsed(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _script(file: Path) -> str:
    """The text of a script, or of a notebook as a script."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".ipynb":
        return text
    book = json.loads(text)
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        raise ValueError("it is no notebook")
    parts = []
    for cell in book["cells"]:
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        tags = cell.get("metadata", {}).get("tags", []) if isinstance(cell, dict) and isinstance(cell.get("metadata"), dict) else []
        kind = " [markdown]" if cell.get("cell_type") == "markdown" else ' tags=["check"]' if "check" in tags else ""
        parts.append(f"# %%{kind}\n" + ("\n".join("# " + line for line in source.splitlines()) if "markdown" in kind else source))
    return "\n".join(parts) + "\n"


