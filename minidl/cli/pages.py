"""Pages that commands write."""
import sys
import webbrowser
from pathlib import Path

import typer


def opened(page: Path, show: bool = True) -> None:
    """Say where the page is, and open it in the browser if ``show`` and somebody sits at a terminal."""
    typer.echo(f"written: {page}")
    if show and sys.stdout.isatty() and not webbrowser.open(page.resolve().as_uri()):
        typer.echo("no browser could be started: open the file yourself")
