"""How often the doctor names the right kind: run every wrong rule of the corpus, and count."""

from collections import Counter

import numpy as np

from minidl.checking import gradcheck
from minidl.doctor.diagnosis import KINDS

from . import corpus_nets  # noqa: F401  (its rules join those of the corpus)
from .corpus import RULES


def first_kind(rule, seed=0):
    report = gradcheck(rule.make(), *rule.inputs(np.random.default_rng(seed)), seed=seed)
    return "right" if report.ok else report.diagnosis[0].kind


def table(counts, kinds=KINDS):
    """The confusion matrix as text: a row per true kind, a column per kind named first."""
    columns = [k for k in (*kinds, "right") if any(counts[t, k] for t in kinds)]
    head = f"{'true kind':20}" + "".join(f"{k[:9]:>10}" for k in columns)
    rows = [f"{t:20}" + "".join(f"{counts[t, k] or '·':>10}" for k in columns) for t in kinds]
    return "\n".join([head, *rows])


def measure(seeds=(0,), which=lambda rule: True, show=False):
    counts = Counter()
    for rule in RULES:
        if which(rule):
            for seed in seeds:
                kind = first_kind(rule, seed)
                counts[rule.kind, kind] += 1
                if show and kind != rule.kind:
                    print(f"{rule.kind}: {rule.name!r} (seed {seed}) was called {kind}")
    return counts


def share(counts):
    return sum(n for (t, k), n in counts.items() if t == k) / max(sum(counts.values()), 1)
