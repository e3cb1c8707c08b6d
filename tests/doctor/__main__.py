"""``python -m tests.doctor``: the confusion matrix of the doctor over the corpus of wrong rules."""

from .confusion import measure, share, table
from .corpus import SET_ASIDE

seen = measure(which=lambda rule: rule.name not in SET_ASIDE, show=True)
aside = measure(which=lambda rule: rule.name in SET_ASIDE, show=True)
print(table(seen + aside))
print(f"right kind first: {share(seen):.1%} of {sum(seen.values())} seen while writing,")
print(f"                  {share(aside):.1%} of {sum(aside.values())} set aside")
