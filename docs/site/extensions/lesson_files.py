"""Lessons as the site reads them: from their scripts to notebooks, and what readers can take home."""
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jupytext

from minidl.lesson_runner import format as lesson_format
from minidl.lesson_runner.notebooks import notebook

SECONDS_A_CELL = 120
SECONDS_A_LESSON = 180
CONCEPTS = Path(__file__).resolve().parents[2] / "concepts.toml"
MARKER = re.compile(r"<!--\s*concepts?:\s*([\d\s,]+?)\s*-->")

lessons = lesson_format.lessons


@cache
def concepts() -> dict[str, Any]:
    """docs/concepts.toml."""
    return tomllib.loads(CONCEPTS.read_text(encoding="utf-8"))


def numbers(text: str) -> list[int]:
    """The concepts that the markers in a text name."""
    return [int(number) for found in MARKER.findall(text) for number in re.findall(r"\d+", found)]


def as_notebook(text: str) -> Any:
    """A lesson's script as a notebook whose markers are anchors."""
    book = jupytext.reads(text, fmt="py:percent")
    known: set[int] = set()
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = MARKER.sub(lambda found: _anchors(found[0], known), cell.source)
    book.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    return book


def _anchors(marker: str, known: set[int]) -> str:
    new = [number for number in numbers(marker) if number not in known]
    known.update(new)
    anchors = "".join(f'<div class="concept" id="concept-{number}"></div>' for number in new)
    return f"\n\n{anchors}\n\n" if anchors else ""


def places() -> dict[int, list[tuple[lesson_format.Lesson, str]]]:
    """Where each concept is taught: (lesson, the heading above), in the order of the lessons, each lesson once."""
    found: dict[int, list[tuple[lesson_format.Lesson, str]]] = {}
    for one in lessons():
        heading, seen = "", set()
        for cell in lesson_format.cells(one.text):
            if cell.kind != "markdown":
                continue
            above, below = heading, re.search(r"^#\s*#{2,3} (.+)", cell.source, re.MULTILINE)
            for line in cell.source.splitlines():
                if match := re.match(r"#\s*#{2,3} (.+)", line):
                    heading = match[1].strip()
                for number in numbers(line):
                    if number not in seen:
                        seen.add(number)
                        begins = heading == above and below is not None and "##" not in cell.source[: cell.source.index(line)]
                        found.setdefault(number, []).append((one, below[1].strip() if begins and below else heading))
    return found


def downloads(one: lesson_format.Lesson) -> dict[str, str]:
    """The student's copies, by file name."""
    student = lesson_format.student_version(one.text)
    return {one.path.name: student, f"{one.path.stem}.ipynb": notebook(student)}
