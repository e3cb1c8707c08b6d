"""The README's performance table: between two markers, written from the results."""
from pathlib import Path
from typing import Any

from benchmarks.contestants import TITLES
from benchmarks.report import amount, label

BEGIN, END = "<!-- benchmark: written by make bench -->", "<!-- end of benchmark -->"
GROUPS = ("torch", "torch tuned", "keras", "jax", "dezero")


def section(results: dict[str, Any]) -> str:
    """The table in Markdown, with machine, versions and date."""
    steps = [case for case in results["cases"] if case["kind"] in ("step", "fit")]
    memory = {case["title"]: case for case in results["cases"] if case["kind"] == "memory"}
    groups = [name for name in GROUPS if any(name in case["minidl by"] for case in steps)]
    rows = [["a training step", "minidl", *(f"by {TITLES[name]}" for name in groups)]]
    rows += [_row(case, groups) for case in steps]
    lines = [_markdown(rows)]
    if memory:
        head = ["memory that five steps need", "minidl", "by PyTorch"]
        cells = [[title, amount(case["numbers"]["minidl"]["median"], "bytes"), _ratio(case, "torch")] for title, case in memory.items()]
        lines += ["", _markdown([head, *cells])]
    machine = results["machine"]
    versions = sorted({f"{key} {value}" for case in results["cases"] for d in case.get("settings", {}).values()
                       for key, value in d["versions"].items() if key != "minidl"})  # fmt: skip
    lines += ["", f"({machine['cpu']}, {machine['cores']} cores, {machine['blas']}; {', '.join(versions)}; {results['date']}. "
              f"Medians of {results['rounds']} interleaved rounds; below 1, minidl is ahead; each peer with its best layout.)"]  # fmt: skip
    return "\n".join(lines)


def _row(case: dict[str, Any], groups: list[str]) -> list[str]:
    name = label(case) + (", `fit`" if case["kind"] == "fit" else "")
    return [name, amount(case["numbers"]["minidl"]["median"], case["unit"]), *(_ratio(case, group) for group in groups)]


def _ratio(case: dict[str, Any], group: str) -> str:
    found = case["minidl by"].get(group)
    return f"{found['median']:.2f}" if found else "–"


def _markdown(rows: list[list[str]]) -> str:
    head, *rest = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *rest])


def replaced(text: str, new: str) -> str:
    """``text`` with ``new`` between the markers; ValueError if they are not there, once each, in this order."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the README must have the lines {BEGIN} and {END}, once each")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{rest.split(END)[1]}"


def write(path: Path, results: dict[str, Any]) -> None:
    """Put the table into the file."""
    path.write_text(replaced(path.read_text(encoding="utf-8"), section(results)), encoding="utf-8")
