"""``python -m minidl.lesson_runner.running program.json``: run cells one after the other in one namespace. An error ends its cell, not the
run; what happened is reported line by line. What a cell has changed for all (NumPy's functions, the working folder, stdout) is put back."""
import bdb
import builtins
import contextlib
import io
import json
import linecache
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import minidl
from minidl.lesson_runner import answers, exercises

MEMORY = 4 * 2**30  # bytes that a file may take, beyond what Python, NumPy and minidl have taken


def run(program: dict[str, Any], report: Callable[..., None]) -> None:
    """``program``: items as in `minidl.lesson_runner.plan`, which checks are known, and what the checks have in any case."""
    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    given: dict[str, Any] = {}
    exec(program["imports"], given)
    restore = _kept()
    minidl.set_seed(0)
    seconds = program["limits"]["code"]
    exercises.known.update(map(tuple, program["known"]))
    exercises._patience["seconds"] = program["limits"]["check"]
    for number, item in enumerate(program["items"]):
        restore()
        report(item=number)
        check = item["kind"] == "check"
        exercises.listener = report if check else None
        try:
            if check:
                minidl.set_seed(0)  # so that a file gets the same points every time
                _check(item, namespace, given, program["hidden"])
            else:
                exercises.limited(partial(exec, _compiled(item), namespace), seconds)
        except NotImplementedError as error:
            if str(error) not in ("", exercises.TODO):
                report(error=_said(error, check), line=_line(error, item))
        except exercises.TooLong:
            report(error=answers.too_long(seconds), line=item["line"])
            seconds = program["limits"]["code"] / 4  # a function that never ends is called by several cells
        except BaseException as error:
            report(error=_said(error, check), line=_line(error, item))
    report(end=True)


def _check(item: dict[str, Any], namespace: dict[str, Any], given: dict[str, Any], hidden: list[str]) -> None:
    """The lesson's check sees the student's names, but its own modules, and Python's own functions."""
    scope = {name: value for name, value in namespace.items() if name not in hidden} | given
    before = dict(scope)
    try:
        exec(_compiled(item), scope)
    finally:
        namespace.update({name: value for name, value in scope.items() if name not in given and before.get(name, exercises) is not value})


def _compiled(item: dict[str, Any]) -> Any:
    file, line, source = item["file"], item["line"], item["source"]
    text = "\n" * (line - 1) + source
    shown = linecache.cache.get(file, (0, None, [], ""))[2]  # type: ignore[misc]
    lines = [*shown, *["\n"] * max(0, line - 1 - len(shown)), *(one + "\n" for one in source.split("\n"))]
    linecache.cache[file] = (len(text), None, lines, file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(text, file, "exec")


def _said(error: BaseException, in_check: bool) -> str:
    if in_check or isinstance(error, (SystemExit, MemoryError)):
        return answers.told(error)
    if isinstance(error, bdb.BdbQuit):
        return "BdbQuit: a debugger waits for somebody who types, and the grader does not"
    if isinstance(error, SyntaxError) and error.msg:  # str(error) names file and line once more
        return f"{type(error).__name__}: {answers.readable(error.msg)[:200]}"
    return f"{type(error).__name__}: {answers.readable(str(error))[:200]}".rstrip(": ")


def _line(error: BaseException, item: dict[str, Any]) -> int:
    at = getattr(error, "lineno", None) if isinstance(error, SyntaxError) and getattr(error, "filename", "") == item["file"] else None
    trace = error.__traceback__
    while trace:
        at = trace.tb_lineno if trace.tb_frame.f_code.co_filename == item["file"] else at
        trace = trace.tb_next
    return int(at or item["line"])


def _kept() -> Callable[[], None]:
    """A function that puts back what a student's cell may have changed for all."""
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] in ("minidl", "numpy", "math", "builtins")]
    functions = [(module, name, value) for module in own for name, value in vars(module).items() if callable(value)]
    methods = [(exercises.Exercise, name, value) for name, value in vars(exercises.Exercise).items() if callable(value)]
    folder, errors, depth, path = Path.cwd(), np.geterr(), sys.getrecursionlimit(), list(sys.path)

    def restore() -> None:
        for owner, name, value in [*functions, *methods]:
            if vars(owner).get(name) is not value:
                setattr(owner, name, value)
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            os.chdir(folder)
        np.seterr(**errors)
        sys.setrecursionlimit(depth)
        sys.path[:] = path
        sys.stdout = sys.__stdout__ if sys.__stdout__ and not sys.__stdout__.closed else io.StringIO()
        sys.stderr = sys.__stderr__ if sys.__stderr__ and not sys.__stderr__.closed else io.StringIO()

    return restore


def _lend_memory() -> None:
    """Let a list that grows for ever end with a MemoryError, not with the machine; where the system can do that (Linux)."""
    with contextlib.suppress(ImportError, OSError, ValueError, StopIteration):
        import resource

        taken = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = 1024 * taken + MEMORY
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEMORY, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def _refuse(*_: Any) -> str:
    raise EOFError("input() waits for somebody who types, and the grader does not")


def main() -> None:
    """The reports take the place of stdout; what the student's code prints goes nowhere."""
    script = Path(sys.argv[1])
    program = json.loads(script.read_text(encoding="utf-8"))
    script.unlink()
    channel, me, nowhere = os.dup(1), os.getpid(), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

    def report(**event: Any) -> None:
        if os.getpid() == me:  # not from a copy that the student's code has made of this process
            text = (json.dumps(event | {"word": program["word"]}) + "\n").encode()
            while text:
                text = text[os.write(channel, text) :]

    sys.argv[:] = [program["items"][0]["file"]] if program["items"] else [""]
    builtins.input = _refuse
    _lend_memory()
    run(program, report)


if __name__ == "__main__":
    main()
    os._exit(0)  # without waiting for threads that the student's code has left running
