"""``python -m tests.doctor``: the confusion matrix of the doctor over the corpus of wrong rules, and the alarms on right ones (minutes)."""

import sys
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does for the tests

from .confusion import alarms, differentiable_cases, measure, share, table
from .corpus import RULES, SET_ASIDE

SEEDS = range(20)

batches = defaultdict(list)
for rule in RULES:
    batches[rule.batch + ", set aside" * (rule.name in SET_ASIDE)].append(rule)
counts = {name: measure(rules, show=True) for name, rules in batches.items()}
total = sum(counts.values(), Counter())
print(table(total))
for name, part in counts.items():
    print(f"right kind first: {share(part):6.1%} of {sum(part.values()):3} ({name})")
print(f"right kind first: {share(total):6.1%} of {len(RULES)}; detected: {sum(n for (_, k), n in total.items() if k != 'right')}")

found = list(alarms(SEEDS))
print(*found, sep="\n\n")
print(f"alarms on right rules: {len(found)} in {len(differentiable_cases()) * len(SEEDS)} checks")
