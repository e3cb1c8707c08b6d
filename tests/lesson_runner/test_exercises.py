from fractions import Fraction
from unittest import mock

import numpy as np
import pytest

import minidl
from minidl.lesson_runner import Exercise, Prediction, embed, exercises


def results(capsys):
    return capsys.readouterr().out.rstrip().split("\n")


def made(**changes):
    return Exercise("name", "the task", ["a", "b", "c"], **changes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, 1), (np.float32(0.1), 0.1), (np.arange(3), [0, 1, 2]), (minidl.Tensor([1.0, 2.0]), np.array([1, 2])), (True, True),
        (np.bool_(True), True), ("a", "a"), ({"a": 1}, {"a": 1}), (None, None), ((1.0, 2.0), (1.0, 2.0)), (float("nan"), float("nan")),
        (float("inf"), float("inf")), (1e-12, 1e-12), (0.0, 0.0), (["a", "b"], ["a", "b"]), (np.zeros((0, 3)), np.zeros((0, 3))),
        (2**70, 2.0**70), (Fraction(1, 2), 0.5), (("a",), ["a"]), ({"a": (1, 2)}, {"a": [1, 2]}), (frozenset("ab"), frozenset("ba")),
        ((np.arange(2), minidl.Tensor(3.0)), [np.arange(2), 3]),
    ],
)  # fmt: skip
def test_what_is_equal(value, expected, capsys):
    assert made().check("title", lambda: value, expected)
    assert results(capsys) == ["  ✓ title"]


@pytest.mark.parametrize(
    ("value", "expected", "reason"),
    [
        (2.0, 1.0, "expected 1, got 2"),
        (0.0, 1e-9, "expected 1e-09, got 0"),
        (np.zeros((2, 1)), np.zeros(2), "expected an array of shape (2,), got an array of shape (2, 1)"),
        (np.zeros(3), 1.0, "expected one number, got an array of shape (3,)"),
        (2.0, np.zeros(3), "expected an array of shape (3,), got one number (2)"),
        ((), (40,), "expected (40,), got ()"),
        ([2.0, 2.0, 3.0], [2.0, 3.0], "expected (2, 3), got (2, 2, 3)"),
        ((2, 1), (np.int64(1), 2), "expected (1, 2), got (2, 1)"),
        ([1.0, 2.0, 4.0], [1.0, 2.0, 3.0], "expected (1, 2, 3), got (1, 2, 4)"),
        (np.arange(7), np.zeros(7), "6 of 7 numbers differ; at [1] expected 0, got 1"),
        ([True, False], [True, True], "expected (True, True), got (True, False)"),
        (np.arange(8) > 0, np.ones(8, bool), "1 of 8 answers differ; at [0] expected True, got False"),
        (None, 3.0, "expected 3, got None: is a return missing?"),
        ("3", 3.0, "expected"),
        (False, True, "expected True, got False"),
        (1, True, "expected True, got 1"),
        (float("nan"), 1.0, "expected 1, got nan"),
        ({"a": 2}, {"a": 1}, "expected {'a': 1}, got {'a': 2}"),
        (object(), 1.0, "expected 1, got <object"),
        ([[1, 2], [3]], [1.0], "expected [1.0], got [[1, 2], [3]]"),
        (mock.ANY, 1.0, "expected 1, got <ANY>"),
        (mock.ANY, "a", "expected 'a', got <ANY>"),
        (mock.ANY, frozenset("a"), "expected frozenset({'a'}), got <ANY>"),
        ([mock.ANY, mock.ANY], [1.0, 2.0], "expected [1.0, 2.0], got [<ANY>, <ANY>]"),
        (["a", mock.ANY], ["a", "b"], "expected ['a', 'b'], got ['a', <ANY>]"),
        ({"a": mock.ANY}, {"a": 1}, "expected {'a': 1}, got {'a': <ANY>}"),
        (["a", "c"], ["a", "b"], "expected ['a', 'b'], got ['a', 'c']"),
        ([1.0, 2.0], ["a", "b"], "expected ['a', 'b'], got [1.0, 2.0]"),
        ((np.arange(2), 4), [np.arange(2), 3], "expected [array([0, 1]), 3], got (array([0, 1]), 4)"),
    ],
)
def test_what_is_not(value, expected, reason, capsys):
    assert not made().check("title", lambda: value, expected)
    assert results(capsys)[0].startswith("  ✗ title: " + reason)


def boom():
    raise ValueError("this and\nthat")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: missing_function(3), "name 'missing_function' is not defined: was it deleted, renamed, or never imported?"),  # noqa: F821
        (boom, "it raised ValueError: this and that"),
        (lambda: 1 / 0, "it raised ZeroDivisionError: division by zero"),
        (lambda: (lambda a: a)(), "it raised TypeError"),
    ],
)
def test_errors_are_reasons(call, reason, capsys):
    exercise = made()
    exercise.check("first", call, 1.0)
    exercise.check("second", lambda: 1.0, 1.0)
    exercise.done()
    first, second, total = results(capsys)
    assert first.startswith("  ✗ first: " + reason) and second == "  ✓ second" and total == "… name: 1 of 2 points"


def test_an_error_comes_with_why_it_should_be_otherwise(capsys):
    assert not made().check("title", lambda: 1 / 0, 1.0, because="0 is not allowed")
    (line,) = results(capsys)
    assert line.startswith("  ✗ title: it raised ZeroDivisionError: division by zero") and line.endswith("(0 is not allowed)")


def forgets_the_return():
    [1.0].copy()


def calls_itself():
    return calls_itself()


@pytest.mark.parametrize(
    ("call", "question"),
    [
        (lambda: len(forgets_the_return()), "(a function without return gives None, and so does minidl.grad where nothing was recorded)"),
        (lambda: forgets_the_return()[0], "(a function without return gives None, and so does minidl.grad where nothing was recorded)"),
        (calls_itself, ". A function calls itself without end"),
    ],
)
def test_errors_that_beginners_meet_are_explained(call, question, capsys):
    made().check("title", call, 1.0)
    assert results(capsys)[0].endswith(question)


def test_what_is_still_to_be_written(capsys):
    def todo():
        raise NotImplementedError("this is still to be written")

    made().check("title", todo, 1.0)
    assert results(capsys) == ["  ✗ title: this is still to be written"]


def test_a_loop_that_never_ends(monkeypatch, capsys):
    monkeypatch.setitem(exercises._patience, "seconds", 0.2)

    def forever():
        while True:
            pass

    exercise = made()
    assert not exercise.check("title", forever, 1.0, because="there are 2⁴⁰ ways")
    assert exercise.check("next", lambda: 1.0, 1.0)
    assert "it ran longer than 0.2 seconds: is there a loop that never ends? (there are 2⁴⁰ ways)" in results(capsys)[0]
    assert exercises._patience["seconds"] == exercises.IMPATIENT


def test_expected_errors(capsys):
    exercise = made()
    assert exercise.check_raises("raises", boom, ValueError)
    assert not exercise.check_raises("does not", lambda: 3, ValueError, "a wrong shape")
    assert not exercise.check_raises("another", lambda: 1 / 0, ValueError)
    _, second, third = results(capsys)
    assert second == "  ✗ does not: expected ValueError, got 3 (a wrong shape)"
    assert third.startswith("  ✗ another: it raised ZeroDivisionError: division by zero")


def test_the_doctor_speaks(capsys):
    exercise = made()
    assert exercise.check_gradient("right", lambda: (np.sin, lambda g, x: g * np.cos(x)), np.array([0.1, 0.7]))
    assert not exercise.check_gradient("wrong", lambda: (np.cos, lambda g, x: g * np.sin(x)), np.array([0.1, 0.7]))
    assert "sign" in results(capsys)[1]


def test_the_grader_listens(monkeypatch, capsys):
    events = []
    monkeypatch.setattr(exercises, "listener", lambda **event: events.append(event))
    monkeypatch.setattr(exercises, "known", {("name", "c")})
    exercise = made()
    exercise.check("a", lambda: 1.0, 1.0)
    exercise.check("b", lambda: 2.0, 1.0)
    exercise.check("c", boom)
    exercise.done()
    assert events == [
        {"begin": "a", "exercise": "name"},
        {"check": "a", "exercise": "name", "passed": True, "reason": ""},
        {"begin": "b", "exercise": "name"},
        {"check": "b", "exercise": "name", "passed": False, "reason": "expected 1, got 2"},
    ]
    assert capsys.readouterr().out == ""


def test_predictions():
    prediction = Prediction("What is <b>?", ["one", "two & three"], 1, "Because of <i>.")
    assert repr(prediction) == "Predict: What is <b>?\n  a) one\n  b) two & three"
    page = prediction._repr_html_()
    assert "<b>" not in page and "two &amp; three" in page and "<details>" in page and "<strong>b)</strong> Because of &lt;i&gt;." in page
    assert prediction.reveal() == "b) two & three. Because of <i>."
    with pytest.raises(ValueError, match="one of 0…1"):
        Prediction("?", ["a", "b"], 2, "")


def test_pages_in_pages():
    page = embed('<p class="a">&</p>', 300, "A page")
    assert 'srcdoc="&lt;p class=&quot;a&quot;&gt;&amp;&lt;/p&gt;"' in page._repr_html_() and 'height="300"' in page._repr_html_()
    assert "A page" in repr(page)
