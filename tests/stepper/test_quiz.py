"""Predictions, and what slips look like."""

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops
from minidl.stepper import Backward, check_prediction
from minidl.stepper.quiz import asked_for, numbers

from .computations import intro, scalar


def step_of(f, *arrays, seed):
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    y = f(*tensors)
    with minidl.record() as tape:
        f(*tensors).backward(seed)
    assert y.shape == np.shape(seed)
    return next(step for step in tape.steps if isinstance(step, Backward))


PRODUCT = step_of(ops.matmul, [[1.0, 2.0], [3.0, 5.0]], [[1.0, -1.0], [0.5, 2.0]], seed=np.array([[1.0, 2.0], [3.0, 4.0]]))
NEURON = scalar().steps[7]  # tanh: −0.1433 = (−0.399) × 0.3592


@pytest.mark.parametrize(
    ("typed", "slip"),
    [
        ("-0.14332", "right"), ("−0.143", "right"), ("-.1433", "right"), ("0.1433", "sign"), ("-0.399", "upstream"), ("0.3592", "local"),
        ("-0.2866", "factor"), ("0.0717", "factor"), ("-0.139", "rounding"), ("1 2", "shape"), ("abc", "unreadable"), ("", "unreadable"),
        ("17", "unknown"), ("1/0", "unreadable"), ("nan", "unknown"), ("-1433/10000", "right"),
    ],
)  # fmt: skip
def test_a_number(typed, slip):
    answer = check_prediction(NEURON, typed)
    assert (answer.slip, answer.right) == (slip, slip == "right") and answer.hint


def written(array):
    return str(np.asarray(array).tolist())


def test_a_matrix():
    truth = PRODUCT.grads[0]
    assert check_prediction(PRODUCT, written(truth)).right
    assert check_prediction(PRODUCT, "; ".join(" ".join(map(str, row)) for row in truth)).right
    assert check_prediction(PRODUCT, written(truth.T)).slip == "transposed"
    assert check_prediction(PRODUCT, written(-truth)).slip == "sign"
    assert check_prediction(PRODUCT, written(truth / 7)).slip == "factor"
    assert (
        check_prediction(PRODUCT, written(-2 * truth)).hint
        == "It is 2 times the gradient, and the sign is wrong: a factor is missing, or one too many."
    )
    assert check_prediction(PRODUCT, written(truth.ravel()[::-1])).slip == "transposed"
    assert check_prediction(PRODUCT, written(PRODUCT.g)).slip == "upstream"
    assert check_prediction(PRODUCT, written(truth + np.diag([0, 9.0]))).slip == "unknown"
    assert check_prediction(PRODUCT, "1").slip == "shape"


def test_zeros_and_strange_gradients():
    zero = step_of(ops.relu, [-1.0, -2.0], seed=np.array([1.0, 1.0]))
    assert check_prediction(zero, "0 0").right and check_prediction(zero, "1 1").slip == "upstream"
    with np.errstate(all="ignore"):
        strange = step_of(ops.log, [0.0, np.nan], seed=np.array([1.0, 1.0]))
    assert check_prediction(strange, "inf nan").right and not check_prediction(strange, "1 nan").right


def test_tolerance():
    assert not check_prediction(NEURON, "-0.15").right and check_prediction(NEURON, "-0.15", tolerance=0.1).right


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1", 1),
        ("[1, 2]", [1, 2]),
        ("1 2;3 4", [[1, 2], [3, 4]]),
        ("[[1,2],[3,4]]", [[1, 2], [3, 4]]),
        ("(1, −2)", [1, -2]),
        ("1 2; 3", None),
    ],
)
def test_reading(typed, read):
    found = numbers(typed)
    assert found is None if read is None else found.tolist() == read


def test_what_can_be_asked():
    steps = [step for step in intro().steps if isinstance(step, Backward)]
    assert asked_for(steps[1]) is None
    with pytest.raises(ValueError, match="no gradient of at most"):
        check_prediction(steps[1], "1")
