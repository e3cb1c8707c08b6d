"""The commands and their options. What goes wrong ends in one sentence, not in a traceback."""
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import minidl

# What click raises for options that make no sense. Some versions of typer bring a click of their own.
UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "UsageError")

app = typer.Typer(
    help="Train neural networks on code that you can read.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"minidl {minidl.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Train neural networks on code that you can read."""


@app.command()
def train(
    model: Annotated[str, typer.Option(help="The net: intro, dropout or xray.")] = "intro",
    dataset: Annotated[str, typer.Option(help="auto, cifar10, shapes10, chests2, or a folder with one sub-folder per class.")] = "auto",
    data_dir: Annotated[Path | None, typer.Option(help="The folder that holds cifar-10-batches-bin/ (default: $MINIDL_DATA).")] = None,
    epochs: Annotated[int | None, typer.Option(help="Rounds through the data (default: 5; cifar10, chests2 and folders: 10).")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures per step (default: 32; xray: 16).")] = None,
    optimizer: Annotated[str, typer.Option(help="sgd, momentum, rmsprop, adam, adamw or adagrad.")] = "adam",
    learning_rate: Annotated[float | None, typer.Option(help="The size of a step (default: the optimiser's own).")] = None,
    seed: Annotated[int, typer.Option(help="Start of all random numbers: the same seed gives the same run.")] = 1,
    out: Annotated[Path | None, typer.Option(help="The folder to write, which must not exist yet (default: runs/…).")] = None,
    backend: Annotated[str | None, typer.Option(help="numpy, or cupy for a GPU (default: $MINIDL_BACKEND, else numpy).")] = None,
    time_budget: Annotated[str | None, typer.Option(help="Stop the training in time: 90 s, 5 min, 1 h.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show the training live on a page that only this machine can open.")] = False,
) -> None:
    """Train a net on pictures, and leave a folder with its weights, its numbers and pictures of what it learned."""
    from minidl.cli.train import Options, run

    run(Options(model, dataset, data_dir, epochs, batch_size, optimizer, learning_rate, seed, out, backend, time_budget, watch))


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="The folder that `minidl train` left.")],
    dataset: Annotated[str | None, typer.Option(help="Other test data than those of the run (as for train).")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="The folder that holds cifar-10-batches-bin/ (default: $MINIDL_DATA).")] = None,
) -> None:
    """Measure a trained net again, on the test pictures."""
    from minidl.cli.runs import evaluate_run

    evaluate_run(run, dataset, data_dir)


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(help="The folder that `minidl train` left.")],
    pictures: Annotated[list[Path], typer.Argument(help="Picture files: PNG, JPEG, …")],
) -> None:
    """Ask a trained net what is on your own pictures."""
    from minidl.cli.runs import predict_pictures

    predict_pictures(run, pictures)


@app.command()
def info(
    kernels: Annotated[bool, typer.Option("--kernels", help="Only list the cases that kernels leave to the readable ops.")] = False,
) -> None:
    """Show what this machine has for training, how fast it multiplies, and what is badly set."""
    from minidl.cli.info import show, show_kernels

    show_kernels() if kernels else show()


@app.command()
def gradcheck(
    target: Annotated[str, typer.Argument(help="module:function or file.py:function; it takes nothing and returns (f, *arrays).")],
    order: Annotated[int, typer.Option(help="2 checks the gradients of the gradients too.")] = 1,
) -> None:
    """Check gradients against differences, and say what kind of mistake a wrong one is."""
    from minidl.cli.gradcheck import check

    check(target, order)


lesson = typer.Typer(help="The lessons: from one neuron to a convolutional net.", no_args_is_help=True)
app.add_typer(lesson, name="lesson")
Number = Annotated[int, typer.Argument(help="The lesson's number: see minidl lesson list.")]


@lesson.command("list")
def lesson_list() -> None:
    """Show the lessons."""
    from minidl.cli.lessons import list_lessons

    list_lessons()


@lesson.command("open")
def lesson_open(
    number: Number, show: Annotated[bool, typer.Option("--start/--no-start", help="Start Jupyter with it.")] = True
) -> None:
    """Write a lesson as a notebook, to read and to run; its solutions are in it."""
    from minidl.cli.lessons import open_lesson

    open_lesson(number, show)


@lesson.command("start")
def lesson_start(
    number: Number,
    folder: Annotated[Path, typer.Argument(help="Where your copy is written (default: here).")] = Path(),
    notebook: Annotated[bool, typer.Option("--notebook", help="As a notebook instead of a script.")] = False,
) -> None:
    """Write your copy of a lesson, without the solutions."""
    from minidl.cli.lessons import start

    start(number, folder, notebook)


@lesson.command("check")
def lesson_check(
    number: Number,
    file: Annotated[Path | None, typer.Argument(help="Your copy, or its folder (default: here).")] = None,
    json: Annotated[bool, typer.Option("--json", help="Points, reasons and hints as JSON.")] = False,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds that the whole file may take.")] = 180,
) -> None:
    """Check your copy. Ends with 0 for full marks, 1 if points are missing, 2 if it could not be run."""
    from minidl.cli.lessons import check

    raise typer.Exit(check(number, file, json, time_limit))


@lesson.command("hint")
def lesson_hint(
    number: Number,
    exercise: Annotated[str | None, typer.Argument(help="The exercise's name (without it: all names).")] = None,
    which: Annotated[int, typer.Option("-n", "--number", help="1, 2 or 3: each says more.")] = 1,
) -> None:
    """Show a hint for an exercise."""
    from minidl.cli.lessons import hint

    hint(number, exercise, which)


@lesson.command("solution")
def lesson_solution(number: Number) -> None:
    """Show the solutions of a lesson."""
    from minidl.cli.lessons import solution

    solution(number)


@app.command()
def explore(
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("explore.html"),
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Write a page to play with gradient descent on: a line fitted to house prices, by hand or one update at a time."""
    from minidl.cli.pages import opened
    from minidl.explorer import write

    opened(write(out), show)


@app.command(context_settings={"ignore_unknown_options": True})
def step(
    file: Annotated[Path, typer.Argument(help="A Python script that computes with minidl.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="What the script is given as sys.argv[1:]; after -- if need be.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page for the browser instead.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Print the steps as a table instead.")] = False,
) -> None:
    """Run a script, and step through what it computed: forward, backward, update."""
    from minidl.cli.step import step as step_through

    step_through(file, arguments or [], html, listed)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; the process ends with 0 if all went well, 1 if something failed, 2 if the command line makes no sense."""
    try:
        code = app(arguments, standalone_mode=False)
    except UsageError as error:
        _fail(error.format_message() or "which command? see minidl --help", 2)
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped", 130)
    except (ValueError, TypeError, RuntimeError, OSError, MemoryError) as error:
        if os.environ.get("MINIDL_DEBUG"):
            raise
        _fail(_sentence(error), 1)
    else:
        sys.exit(code or 0)


def _sentence(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory for this: try a smaller --batch-size"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _fail(sentence: str, code: int) -> None:
    first = " ".join(sentence.split())
    print(f"minidl: {first}", file=sys.stderr)
    sys.exit(code)
