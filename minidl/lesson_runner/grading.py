"""Grading a student's file: its cells are run in a process of their own, with a limit on time, and the lesson's own checks between them.

Whatever the file holds, the grader comes to an end and gives a reason for every point that is missing."""
import ast
import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minidl.lesson_runner.answers import readable
from minidl.lesson_runner.exercises import IMPATIENT
from minidl.lesson_runner.format import Lesson, cells
from minidl.lesson_runner.plan import Item, defines, hidden, imports, plan
from minidl.lesson_runner.process import limits, run
from minidl.lesson_runner.reading import read


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
        return 2 if not self.ran else 0 if self.points == self.total else 1


def grade(lesson: Lesson, file: Path, seconds: float = 180.0) -> Grade:
    """Grade a student's script or notebook, in about so many seconds at most. Raises nothing, whatever the file holds."""
    try:
        items = plan(lesson, read(file), file.name)
    except (ValueError, OSError) as error:
        return unread(lesson, f"{file.name} cannot be read: {(isinstance(error, OSError) and error.strerror) or error}")
    return _Grading(lesson, items, seconds).result()


def unread(lesson: Lesson, problem: str) -> Grade:
    """No points, for one reason."""
    expected = expected_exercises(lesson)
    for check in (check for one in expected for check in one.checks):
        check.reason = readable(problem)
    return Grade(lesson.name, expected, readable(problem), ran=False)


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


class _Grading:
    """Runs until all checks are decided. What ends the process, or must be ended, is left out of the next run, and costs its own points."""

    def __init__(self, lesson: Lesson, items: list[Item], seconds: float):
        self.lesson, self.items, self.seconds = lesson, items, seconds
        self.exercises = expected_exercises(lesson)
        self.checks = {(one.name, check.title): check for one in self.exercises for check in one.checks}
        self.errors: dict[int, str] = {}  # by the item's number
        self.ran = False

    def result(self) -> Grade:
        over = self._run()
        problems = [error for number, error in sorted(self.errors.items()) if self.items[number].kind == "code"] + [over] * bool(over)
        for (exercise, _), check in self.checks.items():
            if not check.passed:
                mine = next((error for number, error in self.errors.items() if self.items[number].exercise == exercise), "")
                why = mine or over or "".join(problems[:1]) or "the check is gone"
                check.reason = self._better(check.reason) or f"not reached: {why}"
        return Grade(self.lesson.name, self.exercises, "; ".join(problems[:3]), self.ran)

    def _run(self) -> str:
        """Returns why the time is over, or "" if all came to its end."""
        left, allowed, end = list(range(len(self.items))), limits(self.seconds), time.monotonic() + self.seconds
        given = imports(self.lesson), hidden(self.lesson)
        while True:
            known = [key for key, check in self.checks.items() if check.passed or check.reason]
            done = run([self.items[number] for number in left], known, *given, max(0.1, end - time.monotonic()), allowed)
            begun = self._heard(done.events, left)
            if not done.problem:
                return ""
            if done.at is None:
                return done.problem
            number = left[done.at]
            item = self.items[number]
            where = "" if item.kind == "check" else f"{item.place(item.line)}: "
            if time.monotonic() >= end:
                return where + f"the file ran longer than {self.seconds:g} seconds" + f" in the check of {item.exercise}" * (not where)
            if done.slow:
                allowed["check"] = min(allowed["check"], IMPATIENT)
            if begun is not None:
                begun.reason = done.problem
            else:
                self.errors[number] = where + done.problem
                left.remove(number)

    def _heard(self, events: list[dict[str, Any]], left: list[int]) -> CheckResult | None:
        """Note what happened; returns the check that was begun last and did not come to its end."""
        number, begun = -1, None
        for event in events:
            self.ran = True
            check = self.checks.get((event.get("exercise", ""), event.get("begin") or event.get("check", "")))
            if "item" in event:
                number, begun = left[event["item"]], None
            elif "begin" in event:
                begun = check
            elif "check" in event and check is not None and check is begun:
                begun.passed, begun.reason, begun = event["passed"], event["reason"], None
            elif "error" in event and number >= 0:
                item = self.items[number]
                self.errors.setdefault(number, event["error"] if item.kind == "check" else f"{item.place(event['line'])}: {event['error']}")
        return begun

    def _better(self, reason: str) -> str:
        """A name may be missing because the cell that defines it has failed."""
        if missing := re.match(r"name '(\w+)' is not defined", reason):
            for number, error in self.errors.items():
                if self.items[number].kind == "code" and defines(self.items[number].source, missing[1]):
                    return f"name '{missing[1]}' is not defined, because its cell failed: {error}"
        return reason
