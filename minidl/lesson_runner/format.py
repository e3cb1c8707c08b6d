"""Lessons as files: Python scripts in the percent format of jupytext, with nbgrader's markers around the solutions.

A cell begins with ``# %%`` (code) or ``# %% [markdown]``. A code cell whose first line is ``# %% tags=["check"]`` holds the checks of an
exercise; one with ``### BEGIN SOLUTION`` and ``### END SOLUTION`` is what the student writes."""
import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minidl

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TODO = 'raise NotImplementedError("this is still to be written")'
SPOILERS = ("hints", "answer", "why")  # keywords of Exercise and Prediction
_HEAD = re.compile(r"# %%(?P<rest>.*)")


@dataclass(frozen=True)
class Cell:
    """``kind``: "markdown", "code" or "check"; ``line``: of its first line in the file, counted from 1; ``place``: "cell 3" in a notebook,
    whose cells count their own lines."""

    kind: str
    source: str
    line: int
    place: str = ""

    @property
    def has_solution(self) -> bool:
        return BEGIN in self.source


@dataclass(frozen=True)
class Lesson:
    """A lesson's number, name ("gradient_descent"), and file."""

    number: int
    name: str
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        """The first heading."""
        found = re.search(r"^# # (.+)$", self.text, re.MULTILINE)
        return found[1].strip() if found else self.name.replace("_", " ")


def folder() -> Path:
    """Where the lessons lie: in the installed package, or beside it in a checkout."""
    package = Path(minidl.__file__).parent
    for place in (package / "lessons", package.parent / "lessons"):
        if place.is_dir():
            return place
    raise FileNotFoundError("the lessons are not installed: pip install minidl, or work in a checkout")


def lessons() -> list[Lesson]:
    """All lessons in their order."""
    found = [(re.fullmatch(r"(\d\d)_(\w+)", path.stem), path) for path in sorted(folder().glob("*.py"))]
    return [Lesson(int(match[1]), match[2], path) for match, path in found if match]


def lesson(number: int) -> Lesson:
    """The lesson of that number; ValueError with what there is."""
    known = {one.number: one for one in lessons()}
    if number not in known:
        raise ValueError(f"there is no lesson {number}; there are {min(known)} to {max(known)}: see minidl lesson list")
    return known[number]


def cells(text: str) -> list[Cell]:
    """The cells of a script. What stands before the first ``# %%`` is a code cell of its own, if there is anything."""
    found: list[tuple[str, int, list[str]]] = [("code", 1, [])]
    for number, line in enumerate(re.split(r"\r\n?|\n", text), 1):
        if match := _HEAD.fullmatch(line):
            rest = match["rest"]
            kind = "markdown" if "[markdown]" in rest else "check" if re.search(r'tags=.*"check"', rest) else "code"
            found.append((kind, number + 1, []))
        else:
            found[-1][2].append(line)
    return [_cell(kind, lines, at) for kind, at, lines in found if "".join(lines).strip()]


def _cell(kind: str, lines: list[str], at: int) -> Cell:
    """Without the empty lines around it."""
    first = next(number for number, line in enumerate(lines) if line)
    return Cell(kind, "\n".join(lines).strip("\n"), at + first)


def student_version(text: str) -> str:
    """The lesson without its solutions. ValueError if a marker has no partner."""
    lines, inside, indent = [], False, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() == BEGIN:
            if inside:
                raise ValueError(f"line {number}: a solution begins inside a solution")
            inside, indent = True, line[: len(line) - len(line.lstrip())]
            lines += [f"{indent}# YOUR CODE HERE", f"{indent}{TODO}"]
        elif line.strip() == END:
            if not inside:
                raise ValueError(f"line {number}: a solution ends that did not begin")
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise ValueError("a solution has no end")
    whole = "\n".join(lines) + "\n"
    for cell in cells(whole):
        if cell.kind != "markdown":
            whole = whole.replace(cell.source, unspoilt(cell.source))
    return whole


def unspoilt(source: str) -> str:
    """A cell without the hints of its exercise and the answer of its prediction: ``minidl lesson hint`` and ``solution`` tell them."""
    if not re.search(r"\b(Exercise|Prediction)\(", source):
        return source
    code = source.encode()
    starts = [0, *(match.end() for match in re.finditer(rb"\n", code))]
    for call in sorted(_calls(source, "Exercise", "Prediction"), key=lambda call: -call.lineno):
        told = [keyword.value for keyword in call.keywords if keyword.arg in SPOILERS]
        kept = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg not in SPOILERS)]
        if told and kept:  # what is told stands last
            begin, end = (max(starts[(v.end_lineno or 1) - 1] + (v.end_col_offset or 0) for v in part) for part in (kept, told))
            code = code[:begin] + code[end:]
    return code.decode()


def predictions(lesson: Lesson) -> Iterator[dict[str, Any]]:
    """``question``, ``choices``, ``answer`` and ``why`` of each."""
    for call in _calls(lesson.text, "Prediction"):
        named = {keyword.arg or "": keyword.value for keyword in call.keywords}
        given = dict(zip(("question", "choices", "answer", "why"), call.args)) | named
        yield {name: ast.literal_eval(value) for name, value in given.items()}


def _calls(source: str, *names: str) -> Iterator[ast.Call]:
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return (call for call in calls if isinstance(call.func, ast.Name) and call.func.id in names)


def solutions(text: str) -> list[str]:
    """The cells with the solutions, markers taken out."""
    markers = rf"^ *({re.escape(BEGIN)}|{re.escape(END)})\n?"
    return [re.sub(markers, "", cell.source, flags=re.MULTILINE).rstrip() for cell in cells(text) if cell.has_solution]
