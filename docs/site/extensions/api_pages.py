"""The reference: a page for each public module, whose docstrings are plain text (indented lines are code, `names` are links)."""
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

import minidl
from minidl.tensor import Op

BESIDE = (
    "keras", "wrappers", "distributed", "testing", "saving", "dashboard", "lesson_runner", "tensor", "checking", "detecting", "devices",
    "higher_order", "ledger", "random_numbers", "switches", "tracing", "training",
)  # fmt: skip
GAP = re.compile(r"(?<=\S) {3,}(?=\S)")
WORDS = re.compile(r"(``.+?``|`[^`]+`|(?<![\w*])\*[a-z]+\*(?![\w*]))")


@cache
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
        inside = [f"{module.__name__}.{inner}" for inner in sorted(listed)]
        found += [inner for inner in inside if _is_module(inner)]  # not those that only bear a name here
    return found


def _is_module(name: str) -> bool:
    try:
        return isinstance(importlib.import_module(name), ModuleType)
    except ImportError:
        return False


def members(module: ModuleType) -> list[str]:
    """The public names of a module that are no modules: ``__all__``, or what it defines itself; of `minidl.ops` what it gathers."""
    listed = dir(module) if module.__name__.startswith("minidl.keras") else getattr(module, "__all__", None)  # not what is left out
    if listed is None:
        own = lambda value: getattr(value, "__module__", None) == module.__name__  # noqa: E731
        gathered = lambda value: module.__name__ == "minidl.ops" and isinstance(value, Op)  # noqa: E731
        public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        listed = [name for name, value in public.items() if own(value) or gathered(value)]
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
    text = [
        "Reference", "=========", "", "What minidl offers, from its docstrings. ``import minidl`` loads a module when it is first used: "
        "``minidl.layers``, ``minidl.ops`` and the others need no import of their own.", "", rows, "", ".. toctree::", "   :hidden:", "",
        f"   {inner}", "",
    ]  # fmt: skip
    made["index"] = "\n".join(text)
    return made


def _in_one_line(module: ModuleType) -> str:
    first = (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")
    first = re.split(r"(?<=[a-z][.])\s", first)[0].removeprefix("minidl: ").rstrip(":")
    return "".join(rst([first])).replace("\n", " ").strip()


def _page(name: str, homes: dict[int, str]) -> str:
    module = importlib.import_module(name)
    lines = [name, "=" * len(name), "", f".. py:module:: {name}", "", *rst((inspect.getdoc(module) or "").splitlines()), ""]
    elsewhere = []
    for member in members(module):
        value = getattr(module, member)
        if (home := homes.get(id(value), name)) != name:  # some are made anew each time they are asked for
            link = f":py:obj:`{name}.{member} <{home}.{member}>`"
            elsewhere.append(f"* {link}: {_summary(value)}")
            continue
        kind = "class" if inspect.isclass(value) else "function"
        shown = [f".. auto{kind}:: {name}.{member}" + (_signature(value) if isinstance(value, Op) else "")]
        if kind == "class":
            shown.append("   :members:")
            bases = [base for base in value.__mro__[1:-1] if id(base) in homes]
            shown += ["   :show-inheritance:"] if bases else []
        lines += [*shown, ""]
    inner = [each for each in public_modules() if each.startswith(f"{name}.")]
    if elsewhere and name == "minidl":
        lines += ["From its modules:", "", *elsewhere, ""]
    elif elsewhere:
        lines += ["And from elsewhere:", "", *elsewhere, ""]
    if inner and name != "minidl":
        lines += ["Modules in it: " + ", ".join(f":doc:`{each}`" for each in inner), ""]
    return "\n".join(lines) + "\n"


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
    """A docstring as reStructuredText: paragraphs stay, what is indented is code, formulas with a wide gap between them get lines of
    their own."""
    made: list[str] = []
    for paragraph in _paragraphs(lines):
        first = paragraph[0]
        if not first.startswith("  ") and any(GAP.search(line) for line in paragraph):
            shown = [part for line in paragraph for part in GAP.split(line.replace("``", ""))]
            made += ["", ".. code-block:: text", "", *(f"    {part}" for part in shown), ""]
        elif first.startswith("  "):
            margin = min(len(line) - len(line.lstrip()) for line in paragraph if line.strip())
            made += ["", "::", "", *(f"    {line[margin:]}".rstrip() for line in paragraph), ""]
        elif all(re.match(r"[*•-] |  ", line) for line in paragraph):
            begins = ("* ", "- ")
            made += ["", *(line[:2] + _escaped(line[2:]) if line.startswith(begins) else _escaped(line) for line in paragraph), ""]
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
        elif part.startswith("*") and part.endswith("*") and len(part) > 2:
            parts.append(f"\\ {part}\\ ")
        else:
            parts.append(re.sub(r"([\\*_`|])", r"\\\1", part))
    return "".join(parts)


def public_bases(app: Sphinx, name: str, value: type, options: Any, bases: list[Any]) -> None:
    """In place of a base that is not for others to know, the next one that is."""
    public = [base for base in value.__mro__[1:-1] if not base.__name__.startswith("_")]
    bases[:] = [base for base in bases if not base.__name__.startswith("_")] or public[:1] or bases


def convert(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    lines[:] = rst(list(lines))


def named_arguments(app: Sphinx, what: str, name: str, value: Any, options: Any, given: str | None, returned: str | None) -> Any:
    """The arguments of a class as its ``__init__`` names them: what makes building blocks takes any."""
    if what != "class" or not given or not given.startswith("(*args") or not isinstance(value, type):
        return None
    signature = inspect.signature(value.__init__)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    return stringify_signature(signature.replace(parameters=parameters), show_return_annotation=False, unqualified_typehints=True), None


def skip(app: Sphinx, what: str, name: str, value: Any, skipped: bool, options: Any) -> bool | None:
    """Of Python's own classes nothing is repeated."""
    home = getattr(value, "__module__", None) or getattr(getattr(value, "fget", None), "__module__", "") or ""
    return None if skipped or str(home).startswith("minidl") or not callable(value) else True


def mend_ways_back(app: Sphinx, error: Exception | None) -> None:
    """viewcode knows one documented module for each file. Where a function of the file is documented in another, its way back from the
    source is taken out."""
    pages: dict[Path, str] = {}
    for file in [] if error else (Path(app.outdir) / "_modules").rglob("*.html"):

        def kept(found: re.Match[str], file: Path = file) -> str:
            page, _, anchor = found[1].partition("#")
            target = (file.parent / page).resolve()
            if target not in pages:
                pages[target] = target.read_text(encoding="utf-8") if target.is_file() else ""
            return found[0] if f'id="{anchor}"' in pages[target] else ""

        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r'<a class="viewcode-back" href="([^"]+)">.*?</a>', kept, text), encoding="utf-8")


def lines_of_arguments(app: Sphinx, error: Exception | None) -> None:
    """Sphinx sets long signatures as lists of definitions without terms, which readers of screens stumble over: spans do as well."""
    for file in [] if error else (Path(app.outdir) / "api").glob("*.html"):
        text = file.read_text(encoding="utf-8")
        text = re.sub(r'<dl>\s*((?:<dd><em class="sig-param">.*?</dd>\s*)+)</dl>', _as_spans, text, flags=re.DOTALL)
        file.write_text(text, encoding="utf-8")


def _as_spans(found: re.Match[str]) -> str:
    return f'<span class="arguments">{found[1].replace("<dd>", "<span>").replace("</dd>", "</span>")}</span>'


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", convert)
    app.connect("build-finished", mend_ways_back)
    app.connect("build-finished", lines_of_arguments)
    app.connect("autodoc-process-bases", public_bases)
    app.connect("autodoc-process-signature", named_arguments)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
