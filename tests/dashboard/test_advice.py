"""What is off is said, and nothing is said of what is well."""
import math

import pytest

from minidl.dashboard.advice import findings

WELL = {"loss": [2.0, 1.2, 0.8, 0.6], "val_loss": [1.9, 1.3, 0.95, 0.9]}


def layers(*gradients, ratio=0.001):
    return [{"name": f"dense_{i}/kernel", "kernel": True, "gradient": [g] * 6, "ratio": [ratio] * 6} for i, g in enumerate(gradients)]


def kinds(history=None, known=(), units=None, surest=()):
    return [finding.kind for finding in findings(history or {}, known, units or {}, surest)]


def test_nothing_is_said_where_all_is_well():
    assert kinds(WELL, layers(0.5, 1.0, 2.0), {"dense": 0.1}, [0.5, 0.6, 0.99]) == []
    assert kinds() == [] and kinds({"loss": [1.0]}, [{"name": "w", "kernel": True, "gradient": [], "ratio": []}]) == []


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"history": {"loss": [2.3, 2.31, 2.302]}}, "flat", "from 2.3 to 2.3 in 3 epochs"),
        ({"history": {"loss": [2.0, math.nan]}}, "diverged", "not a number"),
        ({"history": {"loss": [2, 1, 0.6, 0.3, 0.1], "val_loss": [2, 1.2, 1.0, 1.2, 1.5]}}, "over-fitting", "Since epoch 3"),
        ({"known": layers(1e-7, 1e-3, 1.0)}, "vanishing", "1/10,000,000 of that of dense_2/kernel"),
        ({"known": layers(1.0, ratio=0.2)}, "exploding", "by 20 % of its size"),
        ({"known": [{"name": "w", "kernel": True, "gradient": [1, 1, 1, 1, 900.0], "ratio": []}]}, "exploding", "its norm is 900"),
        ({"known": [{"name": "w", "kernel": True, "gradient": [math.inf], "ratio": []}]}, "exploding", "inf"),
        ({"units": {"conv2d": 0.2, "dense": 0.75}}, "dead", "75 % of the units of dense"),
        ({"surest": [0.999, 0.9995, 0.99]}, "saturated", "over 99.9 %"),
    ],
)
def test_each_is_named_with_its_numbers_and_something_to_try(given, kind, words):
    history, known, units, surest = (given.get(name) for name in ("history", "known", "units", "surest"))
    (finding,) = findings(history or {}, known or (), units or {}, surest or ())
    assert finding.kind == kind and words in finding.sentence
    assert finding.advice[0].isupper() and finding.advice.endswith(".")


def test_a_validation_loss_that_wobbles_is_no_over_fitting():
    assert kinds({"loss": [2, 1.5, 1.2, 1.0], "val_loss": [2, 1.6, 1.61, 1.62]}) == []
    assert kinds({"loss": [2, 1.5, 1.6, 1.7], "val_loss": [2, 1.6, 1.9, 2.2]}) == []


def test_nothing_is_over_100_percent():
    (found,) = findings({}, [], {}, [1.0, 1.0, 1.0])
    assert "over 99.9 %" in found.sentence
