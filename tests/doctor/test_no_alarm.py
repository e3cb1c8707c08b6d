"""The check over everything that is right: it must not call it wrong."""

import numpy as np
import pytest

from minidl import gradcheck

from .confusion import differentiable_cases


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.name}: {c.label}") for c in differentiable_cases()])
def test_no_alarm_on_a_correct_op(case):
    """Four draws; ``python -m tests.doctor`` makes twenty."""
    for seed in range(4):
        report = gradcheck(case, *case.inputs(np.random.default_rng(seed)), seed=seed)
        assert report, f"seed {seed}\n{report}"


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.name}: {c.label}") for c in differentiable_cases()])
def test_no_alarm_at_order_2(case):
    report = gradcheck(case, *case.arrays(), order=2)
    assert report, str(report)
