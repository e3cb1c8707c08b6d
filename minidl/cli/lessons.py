"""``minidl lesson``: read, start, check."""
import json
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from minidl.lesson_runner.exercises import TODO, Prediction
from minidl.lesson_runner.format import Lesson, lesson, lessons, predictions, solutions, student_version
from minidl.lesson_runner.grading import Grade, expected_exercises, grade, unread
from minidl.lesson_runner.notebooks import notebook
from minidl.registry import nearest

console = Console(highlight=False, soft_wrap=True)


def list_lessons() -> None:
    """The table of the lessons."""
    table = Table(box=None, pad_edge=False)
    for name in ("", "lesson", "what it is about"):
        table.add_column(name)
    for one in lessons():
        number, _, title = one.title.partition(". ")
        table.add_row(str(one.number), one.name, escape(title or number))
    console.print(table)
    console.print("\nminidl lesson start 3 mine     writes your copy of lesson 3 into the folder mine", markup=False)


def open_lesson(number: int, show: bool) -> None:
    """Write the lesson as a notebook into the working folder, and start Jupyter with it where there is one. A notebook that is there
    already is opened as it is."""
    one = lesson(number)
    file = Path(f"{one.path.stem}.ipynb")
    if file.is_file():
        typer.echo(f"{file} is here already: it is left as it is")
    else:
        file.write_text(notebook(one.text), encoding="utf-8")
        typer.echo(f"written: {file}")
    jupyter = shutil.which("jupyter")
    if not show or not sys.stdout.isatty():
        return
    if jupyter is None:
        typer.echo("Jupyter is not installed (pip install jupyterlab): open the file with any program for notebooks")
        return
    subprocess.run([jupyter, "lab", str(file)], check=False)


def start(number: int, folder: Path, as_notebook: bool) -> None:
    """Write the student's copy: the lesson without its solutions."""
    one = lesson(number)
    text = student_version(one.text)
    file = folder / (f"{one.path.stem}.ipynb" if as_notebook else one.path.name)
    if file.exists():
        raise ValueError(f"{file} exists already, and nothing is overwritten: choose another folder")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder to write into")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(notebook(text) if as_notebook else text, encoding="utf-8")
    typer.echo(f"written: {file}\nread it and write what is asked; then: minidl lesson check {number} {file}")


def check(number: int, file: Path | None, as_json: bool, seconds: float) -> int:
    """Grade a file, and return the exit code."""
    try:
        one = lesson(number)
    except ValueError as error:
        typer.echo(f"minidl: {error}", err=True)
        return 2
    try:
        with nullcontext() if as_json else console.status("running your file and its checks"):  # in a terminal: some lessons take a while
            result = grade(one, _file(one, file), seconds)
    except (ValueError, OSError) as error:
        result = unread(one, str(error))
    if as_json:
        typer.echo(json.dumps(result.as_json(), indent=2))
    else:
        _print(result, number)
    return result.exit_code


def hint(number: int, exercise: str | None, which: int) -> None:
    """The hints of an exercise in their order: the first, the second, the third."""
    known = {one.name: one for one in expected_exercises(lesson(number))}
    if exercise is None:
        typer.echo("\n".join(f"{name}: {one.task}" for name, one in known.items()))
        typer.echo(f"\nminidl lesson hint {number} {next(iter(known), 'NAME')}     shows its first hint; -n 2 and -n 3 the next ones")
        return
    if exercise not in known:
        raise ValueError(f"lesson {number} has no exercise {exercise!r}: {nearest(exercise, known)}")
    hints = known[exercise].hints
    if not 1 <= which <= len(hints):
        raise ValueError(f"there are {len(hints)} hints; -n must be one of them")
    typer.echo(f"hint {which} of {len(hints)}: {hints[which - 1]}")


def solution(number: int) -> None:
    """The solutions of a lesson, and the answers to its predictions."""
    one = lesson(number)
    for text in solutions(one.text):
        typer.echo(text + "\n")
    for asked in (Prediction(**told) for told in predictions(one)):
        lines = f"{asked!r}\n{asked.reveal()}".splitlines()
        typer.echo("".join(f"# {line}\n" for line in lines))


def _file(one: Lesson, given: Path | None) -> Path:
    candidates = [given] if given else [Path(one.path.name), Path(f"{one.path.stem}.ipynb")]
    if given and given.is_dir():
        candidates = [given / one.path.name, given / f"{one.path.stem}.ipynb"]
    for file in candidates:
        if file is not None and file.is_file():
            return file
    raise ValueError(f"there is no {' or '.join(str(file) for file in candidates)}: minidl lesson start {one.number} FOLDER writes it")


def _print(result: Grade, number: int) -> None:
    if result.problem:
        how = "Not all of the file could be run." if result.ran else "The file could not be run."
        console.print(f"[bold]{how}[/bold] {escape(result.problem)}")
    for one in result.exercises if result.ran else []:  # else each reason would say this again
        console.print(f"[bold]{escape(one.name)}[/bold]  {one.points} of {one.total}  {escape(one.task)}")
        for check in one.checks:
            mark = "[green]✓[/green]" if check.passed else "[red]✗[/red]"
            console.print(f"  {mark} {escape(check.title)}" + (f": {escape(check.reason)}" if check.reason else ""))
        if one.points < one.total and all(check.reason == TODO for check in one.checks if not check.passed):
            console.print(f"  minidl lesson hint {number} {one.name}     for a hint", markup=False)
    console.print(f"[bold]{result.points} of {result.total} points[/bold]")
