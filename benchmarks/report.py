"""What was measured, as tables for the terminal. Everything here reads the JSON of the results, so it works for old ones too."""
from collections.abc import Iterable
from typing import Any

from rich.table import Table

from benchmarks.contestants import TITLES
from benchmarks.frameworks.with_product import OPERATIONS

Results = dict[str, Any]


def tables(results: Results) -> Iterable[Table]:
    """One table for each kind of case that was measured."""
    for kind, title in KINDS.items():
        found = [case for case in results["cases"] if case["kind"] == kind]
        if found:
            yield table(title, found)


KINDS = {
    "step": "A training step",
    "fit": "A step of an epoch of fit, with data and accuracy",
    "memory": "Growth of the peak of memory in five steps",
    "addition": "One operation",
    "growth": "A training step of growing nets",
    "import": "Start-up: the import",
}


def table(title: str, found: list[Results]) -> Table:
    """A row for each case: minidl's number, and for each peer its best number, minidl's number by it, and the quartiles of that ratio."""
    groups = [name for name in TITLES if name not in ("minidl", "product") and any(name in case["minidl by"] for case in found)]
    made = Table(title=f"{title}: minidl / peer", title_justify="left", caption="below 1, minidl is ahead; in brackets the quartiles")
    made.add_column("case", no_wrap=True)
    made.add_column("minidl", justify="right", no_wrap=True)
    for name in groups:
        made.add_column(TITLES[name], justify="right")
    with_products = any("product" in case["minidl by"] for case in found)
    if with_products:
        made.add_column("by its products", justify="right")
    for case in found:
        cells = [label(case), amount(case["numbers"]["minidl"]["median"], case["unit"])]
        cells += [cell(case, name) for name in groups]
        made.add_row(*cells, *([f"{times_products(case):.1f}"] if with_products else []))
    return made


def label(case: Results) -> str:
    """ "intro, batch 32, 2 threads" """
    if case["kind"] not in ("step", "fit", "growth"):
        return str(case["title"])
    return f"{case['title']}, {case['threads']} thread{'s' if case['threads'] != 1 else ''}"


def cell(case: Results, group: str) -> str:
    """The peer's number, the ratio and its quartiles."""
    ratio = case["minidl by"].get(group)
    if ratio is None:
        return "–"
    theirs = amount(case["numbers"][ratio["best"]]["median"], case["unit"])
    return f"{theirs}   {ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})"


def times_products(case: Results) -> float:
    """minidl's step by the time of its operations at the rate of the product of 1024×1024 matrices with as many threads."""
    return float(case["minidl by"]["product"]["median"] * OPERATIONS / case["operations"])


def amount(value: float, unit: str) -> str:
    """Seconds or bytes, with a unit in which the number is handy."""
    if unit == "bytes":
        return f"{value / 2**20:,.1f} MB"
    scale, name = next(((s, n) for s, n in ((1, "s"), (1e-3, "ms")) if value >= s), (1e-6, "µs"))
    return f"{value / scale:.3g} {name}" if value / scale < 100 else f"{value / scale:,.0f} {name}"


def settings(results: Results) -> list[str]:
    """How everybody was run, one line each: what is the same in all cases is said once."""
    lines: dict[str, set[str]] = {}
    for case in results["cases"]:
        for name, described in case.get("settings", {}).items():
            said = [f"{key} {value}" for key, value in {**described["versions"], **described["settings"]}.items()]
            said += [f"{key}={value}" for key, value in described["environment"].items()]
            lines.setdefault(f"{name}: {', '.join(said)}", set()).add(f"{described['threads']} for {case['threads']}")
    return [f"{line}; threads in use: {', '.join(sorted(threads))}" for line, threads in lines.items()]


def failures(results: Results) -> list[str]:
    """Who could not be measured, and why; each reason once."""
    found = [f"{TITLES[name]} is absent: {reason}" for name, reason in results["absent"].items()]
    return [*found, *dict.fromkeys(f"{name}: {reason}" for case in results["cases"] for name, reason in case.get("failed", {}).items())]
