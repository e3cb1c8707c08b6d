"""``python -m tests.doctor``: the confusion matrix of the doctor over the corpus of wrong rules."""
from .confusion import measure, share, table

seen = measure(which=lambda rule: not rule.set_aside, show=True)
aside = measure(which=lambda rule: rule.set_aside, show=True)
print(table(seen + aside))
print(f"right kind first: {share(seen):.1%} of {sum(seen.values())} seen while writing, {share(aside):.1%} of {sum(aside.values())} set aside")
