"""``minidl gradcheck``: check the gradients of a function that a learner's own file offers."""

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from minidl.checking import gradcheck


def check(target: str, order: int = 1) -> None:
    """Print the report for ``module:function`` (or ``file.py:function``), which takes no argument and returns ``(f, *arrays)``. The process
    ends with 1 if a gradient is wrong; ValueError if there is nothing to check."""
    function = _function(target)
    try:
        inspect.signature(function).bind()
    except TypeError:
        raise ValueError(f"{target} must take no argument, and return (f, *arrays)") from None
    with _own_errors(getattr(getattr(function, "__code__", None), "co_filename", "")):
        returned = function()
        if not isinstance(returned, tuple) or len(returned) < 2:
            raise ValueError(f"{target} must return (f, *arrays): what to check, and the arrays to check it with")
        report = gradcheck(*returned, order=order)
    typer.echo(str(report))
    if not report:
        raise typer.Exit(1)


@contextmanager
def _own_errors(file: str) -> Iterator[None]:
    """What goes wrong in a line of this file is said with the line."""
    try:
        yield
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        if not lines:
            raise
        what = f": {error}" if str(error) else ""
        raise RuntimeError(f"{type(error).__name__} in {os.path.basename(file)}, line {lines[-1]}{what}") from error


def _function(target: str) -> Any:
    module_name, colon, name = target.rpartition(":")
    if not colon or not module_name or not name:
        raise ValueError(f"expected module:function, as in homework:dense_layer; got {target!r}")
    module = _module(module_name)
    found = getattr(module, name, None)
    if not callable(found):
        raise ValueError(f"{module_name} has no function {name!r}")
    return found


def _module(name: str) -> Any:
    """The module of that name, looked for in the working folder too; or the file."""
    if name.endswith(".py"):
        spec = importlib.util.spec_from_file_location(Path(name).stem, name)
        if spec is None or spec.loader is None or not Path(name).is_file():
            raise FileNotFoundError(f"there is no file {name}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise ValueError(f"there is no module {name}, neither here nor installed") from None
        raise
