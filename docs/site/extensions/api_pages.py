"""The reference: a page for each public module, whose docstrings are plain text (indented lines are code, `names` are links)."""
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx

import minidl
from minidl.tensor import Op

BESIDE = ("keras", "wrappers", "distributed", "testing", "saving", "dashboard", "lesson_runner", "tensor", "checking", "detecting", "devices",
          "doctor", "graph", "higher_order", "ledger", "random_numbers", "switches", "tracing", "training")  # fmt: skip
INDENTED = re.compile(r"(?m)^(?: {2,}|\t).*(?:\n(?: {2,}.*|\s*))*")
WORDS = re.compile(r"(``.+?``|`[^`]+`)")


def public_modules() -> list[str]:
    """Their full names: what ``minidl`` lists, a few beside it that exist, and public modules inside of these."""
    names = sorted({*(name for name in minidl.__all__ if _is_module(f"minidl.{name}")), *BESIDE})
    found = ["minidl"]
    for name in names:
        if not _is_module(f"minidl.{name}"):
            continue
        module = importlib.import_module(f"minidl.{name}")
        found.append(module.__name__)
        listed = getattr(module, "__all__", [])
        found += [f"{module.__name__}.{inner}" for inner in sorted(listed) if isinstance(getattr(module, inner, None), ModuleType)]
    return found


def _is_module(name: str) -> bool:
    try:
        return isinstance(importlib.import_module(name), ModuleType)
    except ImportError:
        return False


def members(module: ModuleType) -> list[str]:
    """The public names of a module that are no modules: ``__all__``, or what it defines itself; of `minidl.ops` what it gathers."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        own = lambda value: getattr(value, "__module__", None) == module.__name__  # noqa: E731
        gathered = lambda value: module.__name__ == "minidl.ops" and isinstance(value, Op)  # noqa: E731
        listed = [name for name, value in vars(module).items() if not name.startswith("_") and (own(value) or gathered(value))]
    found = []
    for name in listed:
        value = getattr(module, name)
        described = inspect.isclass(value) or inspect.isroutine(value) or isinstance(value, Op)
        if not isinstance(value, ModuleType) and described and (value.__doc__ or "").strip():
            found.append(name)
    return sorted(found, key=lambda name: (not inspect.isclass(getattr(module, name)), name.lower()))


def pages() -> dict[str, str]:
    """reStructuredText by page name."""
    modules = public_modules()
    homes: dict[int, str] = {}
    for name in sorted(modules, key=lambda name: (name == "minidl", -name.count("."))):
        module = importlib.import_module(name)
        for member in members(module):
            homes.setdefault(id(getattr(module, member)), name)
    made = {name: _page(name, homes) for name in modules}
    inner = "\n   ".join(modules)
    rows = "\n".join(f"* :doc:`{name}`: {_in_one_line(importlib.import_module(name))}" for name in modules)
    made["index"] = (
        "Reference\n=========\n\nWhat minidl offers, from its docstrings. ``import minidl`` loads a module when it is first used: "
        f"``minidl.layers``, ``minidl.ops`` and the others need no import of their own.\n\n{rows}\n\n.. toctree::\n   :hidden:\n\n   {inner}\n"
    )
    return made


def _in_one_line(module: ModuleType) -> str:
    first = (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")
    first = re.split(r"(?<=[.:])\s", first)[0].rstrip(":")
    return "".join(rst([first])).replace("\n", " ").strip()


def _page(name: str, homes: dict[int, str]) -> str:
    module = importlib.import_module(name)
    lines = [name, "=" * len(name), "", f".. py:module:: {name}", "", *rst((inspect.getdoc(module) or "").splitlines()), ""]
    elsewhere = []
    for member in members(module):
        value = getattr(module, member)
        if homes[id(value)] != name:
            elsewhere.append(f"* :py:obj:`{name}.{member} <{homes[id(value)]}.{member}>`: {_summary(value)}")
            continue
        kind = "class" if inspect.isclass(value) else "function"
        shown = [f".. auto{kind}:: {name}.{member}" + (_signature(value) if isinstance(value, Op) else "")]
        if kind == "class":
            shown += ["   :members:", "   :inherited-members: object, Exception, BaseException, dict, tuple, Figure, NamedTuple"] if _rich(value) else []
        lines += [*shown, ""]
    inner = [f"{name}.{each}" for each in getattr(module, "__all__", []) if isinstance(getattr(module, each), ModuleType)]
    if elsewhere and name == "minidl":
        lines += ["From its modules:", "", *elsewhere, ""]
    elif elsewhere:
        lines += ["And from elsewhere:", "", *elsewhere, ""]
    if inner and name != "minidl":
        lines += ["Modules in it: " + ", ".join(f":doc:`{each}`" for each in inner), ""]
    return "\n".join(lines) + "\n"


def _rich(value: type) -> bool:
    return not issubclass(value, Exception)


def _summary(value: Any) -> str:
    first = re.split(r"(?<=[.:;])\s|\n| {4}", inspect.getdoc(value) or "")[0].rstrip(":;")
    return "".join(rst([first])).strip()


def _signature(value: Op) -> str:
    """Of an op as it is called: the array module in front is the engine's business."""
    given = list(inspect.signature(value.function).parameters.values())
    given = [one.replace(annotation=inspect.Parameter.empty) for one in given if one.name != "xp"]
    return str(inspect.Signature(given))


# ---------------------------------------------------------------- docstrings


def rst(lines: list[str]) -> list[str]:
    """A docstring as reStructuredText: paragraphs stay, what is indented is code, lines with a wide gap keep it."""
    made: list[str] = []
    for paragraph in _paragraphs(lines):
        first = paragraph[0]
        if first.startswith("  ") or any(re.search(r"\S {3,}\S", line) for line in paragraph):
            margin = min(len(line) - len(line.lstrip()) for line in paragraph if line.strip())
            made += ["", "::", "", *(f"    {line[margin:]}".rstrip() for line in paragraph), ""]
        elif all(re.match(r"[*•-] |  ", line) for line in paragraph):
            made += ["", *(_escaped(line) if not line.startswith(("* ", "- ")) else line[:2] + _escaped(line[2:]) for line in paragraph), ""]
        else:
            made += ["", *(_escaped(line) for line in paragraph), ""]
    return made


def _paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """Blocks of lines of one kind, indented or not; blank lines inside of code do not end it."""
    block: list[str] = []
    for line in lines:
        if not line.strip():
            if block and block[0].startswith("  "):
                block.append("")
            elif block:
                yield block
                block = []
            continue
        indented = line.startswith("  ")
        if block and (block[0].startswith("  ") != indented) and not block[0].startswith(("* ", "- ")):
            yield _stripped(block)
            block = []
        block.append(line)
    if block:
        yield _stripped(block)


def _stripped(block: list[str]) -> list[str]:
    while block and not block[-1].strip():
        block = block[:-1]
    return block


def _escaped(line: str) -> str:
    parts = []
    for part in WORDS.split(line):
        if part.startswith("``") and part.endswith("``") and len(part) > 4:
            parts.append(f"\\ ``{part[2:-2]}``\\ ")
        elif part.startswith("`") and part.endswith("`") and len(part) > 2:
            inner = part[1:-1]
            parts.append(f"\\ :py:obj:`{inner}`\\ " if re.fullmatch(r"[\w.]+", inner) else f"\\ ``{inner}``\\ ")
        else:
            parts.append(re.sub(r"([\\*_`|])", r"\\\1", part))
    return "".join(parts)


def convert(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = rst(list(lines))


def skip(app: Sphinx, what: str, name: str, value: Any, skipped: bool, options: Any) -> bool | None:
    """Of Python's own classes nothing is repeated."""
    home = getattr(value, "__module__", None) or getattr(getattr(value, "fget", None), "__module__", "") or ""
    return None if skipped or str(home).startswith("minidl") or not callable(value) else True


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", convert)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
