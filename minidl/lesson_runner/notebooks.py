"""Lessons as Jupyter notebooks, with the cells' tags and nbgrader's metadata. Written by hand: a notebook is JSON.

``python -m minidl.lesson_runner.notebooks FOLDER`` writes all lessons, for students into FOLDER/student and whole into FOLDER/solutions."""
import json
import re
import sys
from pathlib import Path

from minidl.lesson_runner.format import cells, lessons, student_version


def notebook(text: str) -> str:
    """The notebook (nbformat 4.5) of a lesson's script, or of its student version."""
    made: list[dict[str, object]] = []
    for number, cell in enumerate(cells(text)):
        base: dict[str, object] = {"id": f"cell-{number:03d}", "metadata": {}}
        if cell.kind == "markdown":
            lines = [re.sub(r"^# ?", "", line) for line in cell.source.splitlines()]
            made.append(base | {"cell_type": "markdown", "source": "\n".join(lines)})
            continue
        metadata: dict[str, object] = {"tags": ["check"]} if cell.kind == "check" else {}
        checks = cell.kind == "check"
        if checks or cell.has_solution or "# YOUR CODE HERE" in cell.source:
            name = f"{'check' if checks else 'solution'}-{number:03d}"
            graded = {"grade": checks, "solution": not checks, "locked": checks, "task": False, "schema_version": 3, "grade_id": name}
            metadata["nbgrader"] = graded | ({"points": cell.source.count(".check")} if checks else {})
        made.append(base | {"cell_type": "code", "metadata": metadata, "execution_count": None, "outputs": [], "source": cell.source})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": made, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def export(folder: Path) -> list[Path]:
    """Write every lesson as two notebooks, into ``student`` (without solutions) and ``solutions``; what is there is overwritten."""
    written = []
    for kind in ("student", "solutions"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for one in lessons():
            file = folder / kind / f"{one.path.stem}.ipynb"
            file.write_text(notebook(student_version(one.text) if kind == "student" else one.text), encoding="utf-8")
            written.append(file)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python -m minidl.lesson_runner.notebooks FOLDER")
    files = export(Path(sys.argv[1]))
    print(f"{len(files)} notebooks in {sys.argv[1]}: student, solutions")
