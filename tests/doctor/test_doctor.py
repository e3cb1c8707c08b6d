"""The doctor over its corpus: every mistake is found, and nearly always called by its name."""

from collections import Counter

import numpy as np
import pytest

from minidl.checking import gradcheck
from minidl.doctor.diagnosis import KINDS

from .confusion import measure, share, table
from .corpus import RULES, SET_ASIDE


@pytest.fixture(scope="module")
def counts():
    seen = measure(which=lambda rule: rule.name not in SET_ASIDE)
    aside = measure(which=lambda rule: rule.name in SET_ASIDE)
    return seen, aside


def test_the_corpus_is_large_enough():
    kinds = Counter(rule.kind for rule in RULES)
    assert set(kinds) == set(KINDS) and min(kinds.values()) >= 5 and len(RULES) >= 65
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_mistake_is_detected(counts):
    assert not [kinds for kinds in counts[0] + counts[1] if kinds[1] == "right"]


def test_nine_of_ten_get_their_right_name(counts):
    for part in counts:
        assert share(part) >= 0.9, table(part)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kind}: {rule.name}")
def test_a_report_speaks_in_sentences(rule):
    report = gradcheck(rule.make(), *rule.inputs(np.random.default_rng(3)), seed=3)
    assert not report
    kinds = [d.kind for d in report.diagnosis]
    assert len(set(kinds)) == len(kinds) and set(kinds) <= set(KINDS)
    for d in report.diagnosis:
        assert d.sentence.endswith((".", "?")) and d.evidence and d.sentence[0].isupper(), d
    assert "WRONG" in str(report) and kinds[0] in str(report)
