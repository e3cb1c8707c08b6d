"""``minidl step``: record a script, and step through what it computed."""
from pathlib import Path

import typer

from minidl.stepper import run_script


def step(file: Path, arguments: list[str], page: Path | None, listed: bool) -> None:
    """Run the script, then open its tape: in the player, as a page, or as a table. The process ends with 1 if the script failed."""
    if page is not None and not page.resolve().parent.is_dir():
        raise ValueError(f"there is no folder {page.resolve().parent} to write {page.name} into")
    if file.is_dir():
        raise ValueError(f"{file} is a folder: name a Python file")
    place = None if page is None else page.absolute()  # from here, whatever folder the script goes to
    tape = run_script(file, arguments)
    if place is not None:
        tape.to_html(place)
        for note in tape.notes:
            typer.echo(note)
        typer.echo(f"{len(tape)} steps of {tape.title} are in {page}: open it in a browser")
    elif listed:
        typer.echo(str(tape))
    else:
        tape.play()
    if tape.error:
        raise typer.Exit(1)
