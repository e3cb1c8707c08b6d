"""``python -m tests.doctor``: the confusion matrix of the doctor over the corpus of wrong rules, and the alarms on right ones (minutes)."""

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does for the tests

from .confusion import alarms, differentiable_cases, measure, share, table
from .corpus import RULES, SET_ASIDE

SEEDS = range(20)

parts = {"seen while writing": [r for r in RULES if r.name not in SET_ASIDE], "set aside": [r for r in RULES if r.name in SET_ASIDE]}
counts = {name: measure(rules, show=True) for name, rules in parts.items()}
print(table(sum(counts.values(), Counter())))
for name, part in counts.items():
    print(f"right kind first: {share(part):.1%} of {sum(part.values())} {name}")
print(f"detected: {sum(n for c in counts.values() for (_, k), n in c.items() if k != 'right')} of {len(RULES)}")

found = list(alarms(SEEDS))
print(*found, sep="\n\n")
print(f"alarms on right rules: {len(found)} in {len(differentiable_cases()) * len(SEEDS)} checks")
