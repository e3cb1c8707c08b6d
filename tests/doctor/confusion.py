"""How often the doctor names the right kind over its corpus of wrong rules; and how often the check is alarmed for nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import strictgpu  # noqa: F401  (it registers itself as a backend)
from ops.cases import all_cases

from minidl.checking import gradcheck
from minidl.doctor.diagnosis import KINDS

from . import corpus_eighth, corpus_exam, corpus_fifth, corpus_fourth, corpus_nets, corpus_resit, corpus_seventh, corpus_sixth, corpus_third  # noqa: F401  (their rules join those of the corpus)
from .corpus import RULES, Rule


def first_kind(rule: Rule, seed: int = 0) -> str:
    report = gradcheck(rule.make(), *rule.inputs(np.random.default_rng(seed)), seed=seed)
    return "right" if report.ok else report.diagnosis[0].kind


def table(counts: Counter[tuple[str, str]]) -> str:
    """The confusion matrix as text: a row per true kind, a column per kind named first."""
    columns = [k for k in (*KINDS, "right") if any(counts[t, k] for t in KINDS)]
    head = f"{'true kind':20}" + "".join(f"{k[:9]:>10}" for k in columns)
    rows = [f"{t:20}" + "".join(f"{counts[t, k] or '·':>10}" for k in columns) for t in KINDS]
    return "\n".join([head, *rows])


def measure(rules: Iterable[Rule] = RULES, seeds: Iterable[int] = (0,), show: bool = False) -> Counter[tuple[str, str]]:
    counts = Counter[tuple[str, str]]()
    for rule in rules:
        for seed in seeds:
            kind = first_kind(rule, seed)
            counts[rule.kind, kind] += 1
            if show and kind != rule.kind:
                print(f"{rule.kind}: {rule.name!r} (seed {seed}) was called {kind}")
    return counts


def share(counts: Counter[tuple[str, str]]) -> float:
    return sum(n for (t, k), n in counts.items() if t == k) / max(sum(counts.values()), 1)


def differentiable_cases() -> list:
    """Every op and composite of minidl, in at least three shapes."""
    return [case for case in all_cases() if any(a.dtype.kind == "f" for a in case.arrays())]


def alarms(seeds: Iterable[int]) -> Iterator[str]:
    """The right rules that the check calls wrong."""
    for case in differentiable_cases():
        for seed in seeds:
            report = gradcheck(case, *case.inputs(np.random.default_rng(seed)), seed=seed)
            if not report:
                yield f"{case.name}: {case.label}, seed {seed}\n{report}"
