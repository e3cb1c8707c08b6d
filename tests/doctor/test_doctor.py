"""The doctor over its corpus: every mistake is found, and nearly always called by its name."""

from collections import Counter

import numpy as np
import pytest

from minidl.checking import gradcheck
from minidl.doctor.diagnosis import KINDS

from .confusion import measure, share, table
from .corpus import RULES


def test_the_corpus_is_large_enough():
    kinds = Counter(rule.kind for rule in RULES)
    assert set(kinds) == set(KINDS) and min(kinds.values()) >= 15 and len(RULES) >= 400
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_nine_of_ten_get_their_right_name():
    """A third of all; the whole is ``python -m tests.doctor``."""
    counts = measure(RULES[::3])
    assert share(counts) >= 0.95, table(counts)
    assert not [kinds for kinds in counts if kinds[1] == "right"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kind}: {rule.name}")
def test_a_report_speaks_in_sentences(rule):
    report = gradcheck(rule.make(), *rule.inputs(np.random.default_rng(3)), seed=3)
    assert not report
    kinds = [d.kind for d in report.diagnosis]
    assert len(set(kinds)) == len(kinds) and set(kinds) <= set(KINDS)
    for d in report.diagnosis:
        assert d.sentence.endswith((".", "?")) and d.evidence and d.sentence[0].isupper(), d
    assert "WRONG" in str(report) and kinds[0] in str(report)
