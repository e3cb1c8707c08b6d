"""Score the tests: ``python -m tests.mutation.run`` mutates every gradient rule in minidl/ops, the kernels for NumPy (forward and back),
and what decides in `minidl.gradcheck` whether a gradient is right, and asks the tests about each mutant.

``--part rules`` (or ``kernels``, ``checker``) is one of the three; ``--only softmax`` takes the mutants whose name has these words;
``--sample 40`` takes so many, spread over the functions; ``--list`` only names them. ``--json FILE`` writes the verdicts as they come; with
``--resume``, what the file says was killed (by more than lack of time) is not asked.
``--module minidl.checking --tests tests/test_checking.py`` mutates every function of a module, and asks these tests."""

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from minidl import config

from .equivalents import EQUIVALENT
from .judge import Stage, Verdict, by_pytest, judge, judged, stages_for, stages_for_kernels, wrong_verdict
from .mutants import Mutant, all_mutants, functions_of, helpers, rules

from ops.cases import ops_of_minidl  # isort: skip  (judge has put the tests on the path)

PROJECT = Path(__file__).parents[2]
CHECKER_TESTS = [str(PROJECT / "tests" / file) for file in ("doctor/test_differences.py", "doctor/test_examination.py", "test_checking.py")]
KERNELS = "convolution", "correlation", "memory", "pooling", "dense", "probabilities", "normalization", "optimizers"
COMPUTE_NOTHING = {  # they find memory, register, and decide how much is done at a time and whether by the kernel or the readable op
    *("scratch", "forget_scratch", "_attach", "row_blocks", "blocks", "_blocks"),
    *("fitting", "fits_bias", "_fitting", "in_one_type"),
}
CHECKED = "checking", "doctor.examination", "doctor.differences"
DECIDE = {
    *("gradcheck", "_check", "_off", "_somewhere", "_tried", "examine", "wrong_shapes", "has_values", "_examine_argument", "_report"),
    *("scale", "beside", "slope", "noise", "compare", "kink", "add", "excess", "claimed", "unit"),
}


def mutants_of_rules() -> list[Mutant]:
    """Of every gradient rule of minidl/ops, and of the helpers that rules call."""
    found = rules(ops_of_minidl())
    return all_mutants(found + helpers(found))


def mutants_of_kernels() -> list[Mutant]:
    """Of every kernel for NumPy, forward and back, and of what they call."""
    targets = [t for module in KERNELS for t in functions_of(import_module(f"minidl.kernels.numpy.{module}"))]
    return all_mutants([t for t in targets if t.name.split(".")[-1] not in COMPUTE_NOTHING])


def mutants_of_checker() -> list[Mutant]:
    """Of the functions that decide whether gradcheck answers right or wrong. Fractions and budgets (how far, how small, how often) are
    choices, not mistakes: they stay, and whole numbers (coefficients, places) are mutated. ``<`` does not become ``<=``: measured numbers
    are equal to the last bit by chance only. What only makes Python raise an error is left out."""
    targets = [t for module in CHECKED for t in functions_of(import_module(f"minidl.{module}")) if t.name.split(".")[-1] in DECIDE]
    chosen = [m for m in all_mutants(targets) if m.operator not in ("operands", "call", "keyword")]
    fraction = [m for m in chosen if m.operator == "constant" and ("." in m.old or "e" in m.old)]
    edge = [m for m in chosen if m.operator == "compare" and m.old != m.new and m.old.replace("=", "") == m.new.replace("=", "")]
    left_out = {m.id for m in fraction + edge}
    return [m for m in chosen if m.id not in left_out and "ESCAPES" not in m.old and "DRAWS" not in m.old]


PARTS = {"rules": mutants_of_rules, "kernels": mutants_of_kernels, "checker": mutants_of_checker}


def part_of(name: str) -> str:
    return "checker" if name.startswith(CHECKED) else "kernels" if name.startswith("kernels.") else "rules"


def spread_over_targets(mutants: list[Mutant], n: int) -> list[Mutant]:
    """n of them, the same ones each time: one of each target, and the rest evenly from all."""
    by_target: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_target[mutant.target.name].append(mutant)
    one_each = [mine[7 * i % len(mine)] for i, mine in enumerate(by_target.values())][:n]
    taken = {m.id for m in one_each}
    rest = [m for m in mutants if m.id not in taken]
    return one_each + rest[:: max(1, len(rest) // max(1, n - len(one_each)))][: n - len(one_each)]


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m tests.mutation.run", description=__doc__)
    options.add_argument("--part", choices=PARTS, help="only these mutants")
    options.add_argument("--only", default="", help="mutants whose name has these words")
    options.add_argument("--sample", type=int, default=0, help="so many mutants, without the argued equivalents")
    options.add_argument("--list", action="store_true", help="name the mutants, and test nothing")
    options.add_argument("--json", type=Path, help="write the verdicts here")
    options.add_argument("--resume", action="store_true", help="ask only about those that FILE does not say were killed")
    options.add_argument("--jobs", type=int, default=config.cores(), help="so many at once; as many as there are cores if not given")
    options.add_argument("--module", default="", help="mutate every function of this module")
    options.add_argument("--tests", nargs="+", default=[], help="the tests to ask about --module")
    chosen = options.parse_args(argv)
    if chosen.resume and not chosen.json:
        options.error("--resume needs --json")
    if bool(chosen.module) != bool(chosen.tests):
        options.error("--module and --tests go together")
    parts = [] if chosen.module else [chosen.part] if chosen.part else [*PARTS]
    mutants = [m for part in parts for m in PARTS[part]()] or all_mutants(functions_of(import_module(chosen.module)))
    mine = {name for name in EQUIVALENT if part_of(name) in parts}
    if gone := mine - {m.id for m in mutants}:
        print("argued to be equivalent, but no mutants (any more):", *sorted(gone), sep="\n  ")
        return 1
    mutants = [m for m in mutants if chosen.only in m.id]
    if chosen.sample:
        mutants = spread_over_targets([m for m in mutants if m.id not in EQUIVALENT], chosen.sample)
    if chosen.list:
        print(*(m.id for m in mutants), sep="\n")
        return 0
    start = time.monotonic()
    known = json.loads(chosen.json.read_text(encoding="utf-8")) if chosen.resume and chosen.json.exists() else {}
    verdicts = {name: Verdict(*verdict) for name, verdict in known.items() if verdict[0] and verdict[1] != "time"}
    for mutant, verdict in ask([m for m in mutants if m.id not in verdicts], chosen.tests, bool(chosen.sample), chosen.jobs):
        verdicts[mutant.id] = verdict
        if chosen.json:
            chosen.json.write_text(json.dumps(verdicts, indent=1, ensure_ascii=False), encoding="utf-8")
    return report(mutants, [verdicts[m.id] for m in mutants], time.monotonic() - start)


def stages_of(mutant: Mutant, tests: list[str], sample: bool) -> list[Stage]:
    """What is asked about a mutant, the quickest first."""
    if tests:
        return [("tests", lambda: by_pytest(tests))]
    part = part_of(mutant.target.name)
    if part == "checker":
        return [("verdicts", wrong_verdict), ("tests", lambda: by_pytest(CHECKER_TESTS))]
    return stages_for_kernels(mutant.target.name.split(".")[2]) if part == "kernels" else stages_for(mutant.target.ops, sample)


def controls(mutants: list[Mutant], tests: list[str], sample: bool) -> list[list[Stage]]:
    """What is asked about these mutants, each question once (of a sample only the quick ones: the suite asks the rest)."""
    parts = [part_of(m.target.name) for m in mutants]
    found = {tuple(m.target.name.split(".")[:3]) if part == "kernels" else part: m for part, m in zip(parts, mutants)}
    stages: dict[Any, list[Stage]] = {name: stages_of(mutant, tests, sample) for name, mutant in found.items()}
    if "rules" in stages and not tests:
        stages["rules"] = stages_for(sorted({op for m in mutants for op in m.target.ops}), sample)
    return [of[:1] if sample else of for of in stages.values()]


def ask(mutants: list[Mutant], tests: list[str], sample: bool, at_once: int) -> Iterator[tuple[Mutant, Verdict]]:
    """Each mutant with its verdict, as they come. First the same is asked about what is right: a test that fails it would kill anything."""
    for stages in controls(mutants, tests, sample):
        if (control := judge(None, stages, 600)).killed:
            raise SystemExit(f"the tests fail without any mutant: {control.words}")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("mutants", total=len(mutants))
        for number, verdict in judged(((m, stages_of(m, tests, sample)) for m in mutants), at_once):
            progress.update(task, advance=1, description=f"{mutants[number].target.name.split('.')[-1]:.<20.20}")
            yield mutants[number], verdict


def report(mutants: list[Mutant], verdicts: list[Verdict], seconds: float) -> int:
    """Print the score of each file and every survivor; the exit status is 1 if a mutant survives that is not argued to be equivalent,
    or if one is killed that is."""
    by_file: dict[str, Counter[str]] = defaultdict(Counter)
    wrong = []
    for mutant, verdict in zip(mutants, verdicts):
        kind = "equivalent" if mutant.id in EQUIVALENT else "killed" if verdict.killed else "survived"
        by_file[str(Path(mutant.target.code.co_filename).relative_to(PROJECT))][kind] += 1
        if verdict.killed == (mutant.id in EQUIVALENT):
            wrong.append((mutant, verdict))
    print(f"{'':36}{'mutants':>9}{'equivalent':>12}{'killed':>9}{'survived':>10}{'score':>8}")
    for file, kinds in [*sorted(by_file.items()), ("all", sum(by_file.values(), Counter()))]:
        judged = kinds["killed"] + kinds["survived"]
        score = f"{kinds['killed'] / judged:8.1%}" if judged else ""
        print(f"{file:36}{kinds.total():9}{kinds['equivalent']:12}{kinds['killed']:9}{kinds['survived']:10}{score}")
    by = Counter(v.by for v in verdicts if v.killed)
    raised = sum(v.by == "gradients" and "AssertionError" not in v.words for v in verdicts)
    print(f"of those killed by gradients, {raised} raised an error, the others gave a wrong number, shape or dtype")
    print("killed by:", ", ".join(f"{stage} {n}" for stage, n in by.most_common()), f"({seconds:.0f} s)")
    for mutant, verdict in wrong:
        place = f"{Path(mutant.target.code.co_filename).relative_to(PROJECT)}:{mutant.line}"
        print(f"\n{place}: {'argued to be equivalent, but killed' if verdict.killed else 'survived'}: {mutant.id}")
        print(f"    {verdict.words}" * verdict.killed, end="\n" * verdict.killed)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
