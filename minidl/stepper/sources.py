"""What is written where: the maths in docstrings, the source of rules, the learner's own lines."""
import inspect
import linecache
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from minidl.stepper.steps import Line
from minidl.tensor import Composite, Op


def source(function: Any) -> str | None:
    """The source of a function, decorators included; None if it is nowhere to be read."""
    try:
        return inspect.cleandoc("\n" + inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return None


def place(function: Any) -> tuple[str | None, int | None]:
    """File and first line; files of minidl as "minidl/…"."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return None, None
    file = code.co_filename.replace(os.sep, "/")
    inner = re.search(r"/(minidl/.*)", file) if "/minidl/" in file and os.path.dirname(__file__).replace(os.sep, "/")[:-8] in file else None
    return inner[1] if inner else os.path.basename(file), code.co_firstlineno


@lru_cache(maxsize=1024)
def maths(op: Op) -> tuple[str, dict[str, str]]:
    """From the docstring's first paragraph: what is computed, and each "dL/dx = …" by the input's name."""
    first = (op.__doc__ or "").strip().split("\n\n")[0]
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*|\s{3,}", first) if part.strip()]
    gradients = {m[1]: m[2] for part in parts for m in [re.match(r"dL/d(\w+) = (.*)", part)] if m}
    says = next((part for part in parts if not part.startswith("dL/d")), "").split("; ``")[0].replace("``", "")
    return says or f"y = {op.name}({', '.join(input_names(op))})", gradients


@lru_cache(maxsize=1024)
def input_names(op: Op) -> tuple[str, ...]:
    """The names of an op's array arguments: ("x",), ("a", "b"); with "*xs" for any number."""
    try:
        parameters = list(inspect.signature(op.function).parameters.values())
    except (TypeError, ValueError):
        return ("*xs",)
    parameters = parameters if isinstance(op, Composite) else parameters[1:]
    names = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names.append("*" + parameter.name)
        elif parameter.kind is not parameter.KEYWORD_ONLY and parameter.kind is not parameter.VAR_KEYWORD:
            names.append(parameter.name)
    return tuple(names)


def input_name(op: Op, i: int) -> str:
    """The name of the i-th input: "x", or "xs[2]" where the op takes any number."""
    names = input_names(op)
    if i < len(names) and not names[i].startswith("*"):
        return names[i]
    stars = next((k for k, name in enumerate(names) if name.startswith("*")), len(names))
    base = names[stars][1:] if stars < len(names) else "xs"
    return f"{base}[{i - stars}]"


def update_rule(optimizer: Any) -> str:
    """The line of an optimiser's docstring that says how w changes."""
    for kind in type(optimizer).__mro__:
        for line in (kind.__doc__ or "").splitlines():
            if line.strip().startswith("w ←"):
                return " ".join(re.split(r"\s{4,}", line.strip())[0].split())
    return f"w ← {type(optimizer).__name__}(w, g)"


def metadata_text(metadata: dict[str, Any]) -> str:
    """The keywords of a call: "strides=1, padding='valid'"."""
    return ", ".join(f"{name}={_brief(value)}" for name, value in metadata.items())


def _brief(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + metadata_text(value) + "}"
    if callable(value):
        return str(getattr(value, "name", None) or getattr(value, "__name__", None) or type(value).__name__)
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else text[:77] + "…"


def is_cell(file: str) -> bool:
    """Whether this is a cell of a notebook."""
    return "ipykernel_" in file or file.startswith("<ipython-input")


def line_text(line: Line) -> str:
    """A line of the learner's code, without its indentation; "" where it cannot be read."""
    return linecache.getline(*line).strip()


def file_names(lines: Iterable[Line]) -> dict[str, str]:
    """A short name for each file: its base name, with folders where two files would bear the same."""
    files = list(dict.fromkeys(file for file, _ in lines))
    names: dict[str, str] = {}
    for file in files:
        if is_cell(file):
            names[file] = f"cell {1 + sum(name.startswith('cell ') for name in names.values())}"
            continue
        parts = re.split(r"[\\/]", file)
        name = next(("/".join(parts[-n:]) for n in range(1, len(parts)) if "/".join(parts[-n:]) not in names.values()), file)
        names[file] = name
    return names


def around(file: str, numbers: Iterable[int], context: int = 2) -> dict[str, str]:
    """These lines of a file and ``context`` lines around each, as they stand, by number."""
    wanted = sorted({n for number in numbers for n in range(max(1, number - context), number + context + 1)})
    count = len(linecache.getlines(file))
    return {str(n): linecache.getline(file, n).rstrip("\n") for n in wanted if n <= count}
