"""Score the tests: ``python -m tests.mutation.run`` mutates every gradient rule in minidl/ops and asks the tests about each mutant.

``--only softmax`` takes the mutants whose name has these words; ``--sample 40`` takes so many, spread over the ops; ``--list`` only names
them. ``--checker`` mutates what decides in `minidl.gradcheck` whether a gradient is right, and asks the tests of that.
``--module minidl.checking --tests tests/test_checking.py`` mutates every function of a module, and asks these tests."""

import argparse
import json
import time
from collections import Counter, defaultdict
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .equivalents import EQUIVALENT
from .judge import Stage, Verdict, by_pytest, cases, judge, passes, stages_for, wrong_verdict
from .mutants import Mutant, all_mutants, functions_of, helpers, rules

from ops.cases import ops_of_minidl  # isort: skip  (judge has put the tests on the path)

PROJECT = Path(__file__).parents[2]
CHECKER_TESTS = [str(PROJECT / "tests" / "test_checking.py")]
CHECKED = "checking", "doctor.examination", "doctor.differences"
DECIDE = {
    *("gradcheck", "_check", "_off", "_somewhere", "_tried", "examine", "wrong_shapes", "has_values", "_examine_argument", "_report"),
    *("scale", "beside", "slope", "noise", "compare", "kink", "add", "excess", "claimed", "unit"),
}


def mutants_of_ops() -> list[Mutant]:
    """Of every gradient rule of minidl/ops, of its kernels, and of the helpers that rules call."""
    found = rules(ops_of_minidl())
    return all_mutants(found + helpers(found))


def of_ops() -> set[str]:
    """The equivalents among them: the names of functions of other modules have a dot."""
    return {name for name in EQUIVALENT if "." not in name.split(" | ")[0]}


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
    options.add_argument("--only", default="", help="mutants whose name has these words")
    options.add_argument("--sample", type=int, default=0, help="so many mutants, without the argued equivalents")
    options.add_argument("--list", action="store_true", help="name the mutants, and test nothing")
    options.add_argument("--json", type=Path, help="write the verdicts here")
    options.add_argument("--checker", action="store_true", help="mutate gradcheck instead of the rules")
    options.add_argument("--module", default="", help="mutate every function of this module")
    options.add_argument("--tests", nargs="+", default=[], help="the tests to ask about --module")
    chosen = options.parse_args(argv)
    if bool(chosen.module) != bool(chosen.tests):
        options.error("--module and --tests go together")
    if chosen.checker:
        mutants, chosen.tests, mine = mutants_of_checker(), CHECKER_TESTS, set(EQUIVALENT) - of_ops()
    elif chosen.module:
        mutants, mine = all_mutants(functions_of(import_module(chosen.module))), set[str]()
    else:
        mutants, mine = mutants_of_ops(), of_ops()
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
    verdicts = ask(mutants, chosen.tests, sample=bool(chosen.sample))
    if chosen.json:
        chosen.json.write_text(json.dumps({m.id: v for m, v in zip(mutants, verdicts)}, indent=1, ensure_ascii=False), encoding="utf-8")
    return report(mutants, verdicts, time.monotonic() - start)


def ask(mutants: list[Mutant], tests: list[str], sample: bool) -> list[Verdict]:
    """A verdict for each. First the right rules are asked about: a test that fails them would kill anything."""
    everything = sorted({op for m in mutants for op in m.target.ops})
    control = judge(None, asked_of_module(tests) if tests else stages_for(everything, sample)[:: 2 if sample else 1], 600)
    if control.killed:
        raise SystemExit(f"the tests fail without any mutant: {control.words}")
    if not sample and not tests:
        for case in cases():
            passes(case)  # now, while all rules are right
    verdicts = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("mutants", total=len(mutants))
        for mutant in mutants:
            progress.update(task, description=f"{mutant.target.name:.<20.20}")
            stages = asked_of_module(tests) if tests else stages_for(mutant.target.ops, sample)
            verdicts.append(judge(mutant, stages))
            progress.advance(task)
    return verdicts


def asked_of_module(tests: list[str]) -> list[Stage]:
    stages: list[Stage] = [("tests", lambda: by_pytest(tests))]
    return [("verdicts", wrong_verdict), *stages] if tests == CHECKER_TESTS else stages


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
        print(f"\n{place}: {'argued to be equivalent, but killed' if verdict.killed else 'survived'}: {mutant.id}\n    {verdict.words}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
