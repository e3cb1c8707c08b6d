"""A check that accepts everything proves nothing: wrong rules, each of a kind that people write, must be rejected."""

import numpy as np
import pytest
from gradients import check_gradients

from minidl import ops
from minidl.tensor import Op


def wrong(forward, rule):
    """An op whose rule is wrong, under a name that no op of minidl has."""
    made = Op(lambda xp, *xs, **metadata: forward(xp, *xs, **metadata))
    made.vjp(rule)
    return made


SQUARE = np.linspace(0.5, 2.0, 9).reshape(3, 3)
OTHER = np.linspace(-1.0, 1.3, 9).reshape(3, 3)

CONTROLS = {
    "7 for the derivative of x²": (lambda xp, x: x * x, lambda g, y, x: 7 * g, [SQUARE]),
    "the sign": (lambda xp, x: xp.cos(x), lambda g, y, x: g * ops.sin(x), [SQUARE]),
    "a factor": (lambda xp, x: x * x, lambda g, y, x: g * x, [SQUARE]),
    "one millionth too much": (lambda xp, x: x * x, lambda g, y, x: g * x * 2.000002, [SQUARE]),
    "g forgotten": (lambda xp, x: xp.exp(x), lambda g, y, x: y, [SQUARE]),
    "softmax without its cross term": (
        lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x), axis=-1, keepdims=True),
        lambda g, y, x: g * y * (1 - y),
        [SQUARE],
    ),
    "softmax summed over the wrong axis": (
        lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x), axis=-1, keepdims=True),
        lambda g, y, x: y * (g - ops.sum(g * y, axis=0, keepdims=True)),
        [SQUARE],
    ),
    "transposed": (lambda xp, a, b: a @ b, lambda g, y, a, b: (g @ b, a.T @ g), [SQUARE, OTHER]),
    "the Jacobian instead of its transpose": (lambda xp, a, b: a @ b, lambda g, y, a, b: (g @ b.T, a @ g), [SQUARE, OTHER]),
    "the second gradient only": (lambda xp, a, b: a * b, lambda g, y, a, b: (None, g * a), [SQUARE, OTHER]),
    "gradients swapped": (lambda xp, a, b: a * b, lambda g, y, a, b: (g * a, g * b), [SQUARE, OTHER]),
    "a mean that is a sum": (lambda xp, x: xp.mean(x, axis=0), lambda g, y, x: ops.broadcast_to(g, shape=x.shape), [SQUARE]),
    "repeats overwrite instead of adding": (
        lambda xp, x: x[[0, 1, 1]],
        lambda g, y, x: ops.stack(g[0], g[2], g[0] * 0, axis=0),
        [SQUARE],
    ),
    "NaN": (lambda xp, x: x * x, lambda g, y, x: 2 * g * x * np.nan, [SQUARE]),
    "no gradient at all": (lambda xp, x: x * x, lambda g, y, x: None, [SQUARE]),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_wrong_rule_is_rejected(name):
    forward, rule, arrays = CONTROLS[name]
    with pytest.raises(AssertionError, match=r"order 1, argument \d: the rule gives .*, differences give"):
        check_gradients(wrong(forward, rule), arrays)


def test_a_missing_sum_over_the_broadcast_axis_is_rejected():
    bad = wrong(lambda xp, x, b: x + b, lambda g, y, x, b: (g, g[0]))
    with pytest.raises(AssertionError, match="order 1, argument 1"):
        check_gradients(bad, [SQUARE, OTHER[0]])


def test_a_rule_that_is_right_once_but_constant_afterwards_is_rejected_at_order_2():
    stale = wrong(lambda xp, x: x * x * x, lambda g, y, x: g * (3 * x * x).detach())
    check_gradients(stale, [SQUARE])
    with pytest.raises(AssertionError, match="order 2, argument 0"):
        check_gradients(stale, [SQUARE], order=2)


def test_a_rule_that_forgets_the_cotangent_at_order_2_is_rejected():
    detached = wrong(lambda xp, x: x * x, lambda g, y, x: 2 * g.detach() * x)
    check_gradients(detached, [SQUARE])
    with pytest.raises(AssertionError, match="order 2, argument 1"):
        check_gradients(detached, [SQUARE], order=2)


def test_the_right_rules_of_the_same_ops_are_accepted():
    right = wrong(lambda xp, a, b: a @ b, lambda g, y, a, b: (g @ b.T, a.T @ g))
    check_gradients(right, [SQUARE, OTHER], order=2)


def test_a_plain_sum_would_not_have_seen_it():
    """Why the cotangents are random: the gradient of softmax's sum is 0, and a rule that gives 0 passes for right."""
    zero = wrong(lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x), axis=-1, keepdims=True), lambda g, y, x: g * 0)
    check_gradients(lambda x: ops.softmax(x).sum(axis=-1), [SQUARE])
    with pytest.raises(AssertionError):
        check_gradients(zero, [SQUARE])
