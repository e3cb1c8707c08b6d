"""``make bench``, or ``python -m benchmarks``: hold minidl against others. All of it takes most of an hour, ``--quick`` minutes."""
import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks import plot, readme, report, startup
from benchmarks.cases import KINDS, Case, cases, contestants
from benchmarks.contestants import FORCED_KERNELS
from benchmarks.nets import NETS
from benchmarks.peers import PEERS, PROJECT, install
from benchmarks.rounds import measure
from minidl import machine
from minidl.config import cores
from minidl.registry import nearest

RESULTS = PROJECT / "benchmarks" / "results"
console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)


def chosen(text: str, known: list[str], what: str) -> list[str]:
    """The names in a list with commas; SystemExit with the nearest known name for another."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise SystemExit(f"no {what} is called {name!r}: {nearest(name, known)}")
    return names


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(NETS), help=f"nets, with commas: {', '.join(NETS)}")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"peers, with commas: {', '.join(PEERS)}; '' for none")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"what to measure: {', '.join(KINDS)}")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default: 9, quick: 3)")
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds: a few minutes")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the JSON and the picture (default: benchmarks/results)")
    parser.add_argument("--readme", action="store_true", help="also write the table of the README")
    made = parser.parse_args(arguments)
    made.nets, made.peers = chosen(made.only, [*NETS], "net"), chosen(made.peers, [*PEERS], "peer")
    made.kinds = chosen(made.kinds, [*KINDS], "kind")
    made.rounds = made.rounds if made.rounds is not None else 3 if made.quick else 9
    if made.rounds < 1:
        raise SystemExit(f"--rounds must be 1 or more; got {made.rounds}")
    return made


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write."""
    chosen_options = options(arguments)
    absent = {}
    for name in list(chosen_options.peers):
        if reason := install(PEERS[name], console.print):
            absent[name] = reason
            chosen_options.peers.remove(name)
            console.print(f"{PEERS[name].title} does not take part: {reason}")
    results = run(chosen_options, absent)
    for table in report.tables(results):
        console.print(table)
    for line in [*report.settings(results), *report.failures(results)]:
        console.print(line, soft_wrap=True)
    chosen_options.out.mkdir(parents=True, exist_ok=True)
    stem = chosen_options.out / time.strftime("%Y-%m-%d-%H%M%S")
    stem.with_suffix(".json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    plot.save(results, stem.with_suffix(".png"))
    if chosen_options.readme:
        readme.write(PROJECT / "README.md", results)
    console.print(f"written: {stem}.json, {stem}.png" + (", README.md" if chosen_options.readme else ""), soft_wrap=True)


def run(chosen_options: argparse.Namespace, absent: dict[str, str]) -> dict[str, Any]:
    """Everything that is measured, as it goes into the JSON file."""
    peers, rounds, here = chosen_options.peers, chosen_options.rounds, cores()
    todo = list(cases(chosen_options.kinds, chosen_options.nets, here, chosen_options.quick))
    seconds = 0.05 if chosen_options.quick else 0.15
    found: list[dict[str, Any]] = []
    with _progress() as bar:
        task = bar.add_task("", total=len(todo) + ("import" in chosen_options.kinds))
        for case in todo:
            found.append(measure(case, contestants(case, peers), rounds, seconds, here, _ticker(bar, task, case)).as_json())
            bar.advance(task)
            bar.console.print(_line(found[-1]), soft_wrap=True)
        if "import" in chosen_options.kinds:
            found.append(startup.measure(peers, rounds, here, lambda name: bar.update(task, description=f"import: {name}")))
            bar.advance(task)
    return {
        "date": time.strftime("%Y-%m-%d"), "machine": machine.summary(), "rounds": rounds, "seconds a round": seconds,
        "unset for all": list(FORCED_KERNELS), "absent": absent, "cases": found,
    }  # fmt: skip


def _line(case: dict[str, Any]) -> str:
    ours = report.amount(case["numbers"]["minidl"]["median"], case["unit"])
    ratios = [f"{group} {ratio['median']:.2f}" for group, ratio in case["minidl by"].items() if group != "product"]
    return f"{case['kind']}: {report.label(case)}: {ours}; minidl / peer: {', '.join(ratios) or 'no peer'}"


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip


def _ticker(bar: Progress, task: Any, case: Case) -> Any:
    return lambda name: bar.update(task, description=f"{case.kind}: {case.title}: {name}")


def without_forced_kernels() -> None:
    """Start this process again where a variable forces NumPy's kernels: they were picked when NumPy was loaded."""
    forced = [name for name in FORCED_KERNELS if os.environ.pop(name, None) is not None]
    if forced:
        console.print(f"{' and '.join(forced)} unset, for everything that is measured")
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]])


if __name__ == "__main__":
    without_forced_kernels()
    main()
