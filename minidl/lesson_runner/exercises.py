"""Exercises and predictions, as the cells of a lesson use them."""
import html
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Any

from minidl import checking
from minidl.lesson_runner.answers import difference, readable, short, told, too_long
from minidl.lesson_runner.format import lessons, predictions
from minidl.pages import framed

SECONDS = 8.0  # that one check may take
IMPATIENT = 1.0  # the same once a check has run into that limit: a loop that never ends is met by several
TODO = "this is still to be written"

listener: Callable[..., None] | None = None  # the grader; without one, results are printed
known: set[tuple[str, str]] = set()  # exercise and title of what the grader need not hear again

_patience = {"seconds": SECONDS}


class TooLong(BaseException):
    """A check ran into its time limit. (No Exception: a student's ``except Exception`` shall not catch it.)"""


class Exercise:
    """A few checks, a point each. What fails says why, and the next checks go on.

    ``name``: of the exercise, as ``minidl lesson hint`` takes it; ``task``: in one sentence; ``hints``: three, each saying more (not in a
    student's copy)."""

    def __init__(self, name: str, task: str, hints: Sequence[str] = ()):
        self.name, self.task, self.hints = name, task, list(hints)
        self.points = self.total = 0

    def check(self, title: str, call: Callable[[], Any], expected: Any = True, tolerance: float = 1e-6, because: str = "") -> bool:
        """Compare what ``call()`` gives with ``expected``: numbers and arrays up to ``tolerance`` (relative to the largest magnitude),
        lists and dictionaries place by place, anything else with ==, if it is of the same class. ``because``: why it should be so, shown
        when it is not."""
        return self._point(title, lambda: difference(call(), expected, tolerance), because)

    def check_raises(self, title: str, call: Callable[[], Any], error: type[BaseException], because: str = "") -> bool:
        """Expect an error of that class."""

        def wrong() -> str:
            try:
                value = short(call())
            except error:
                return ""
            return f"expected {error.__name__}, got {value}"

        return self._point(title, wrong, because)

    def check_gradient(self, title: str, make: Callable[[], Any], *arrays: Any) -> bool:
        """Check a gradient numerically: ``make()`` gives what `minidl.gradcheck` takes, a function or a pair (forward, backward). What is
        wrong with it, the gradient doctor says."""

        def wrong() -> str:
            report = checking.gradcheck(make(), *arrays)
            if report.ok:
                return ""
            return report.diagnosis[0].sentence if report.diagnosis else str(report).splitlines()[0]

        return self._point(title, wrong)

    def done(self) -> None:
        """Say how many points there are."""
        mark = "✓" if self.points == self.total else "…"
        if listener is None:
            print(f"{mark} {self.name}: {self.points} of {self.total} points")

    def _point(self, title: str, wrong: Callable[[], str], because: str = "") -> bool:
        """A point if ``wrong()`` is ""; else what it says is the reason why there is none, or what happened to it instead."""
        if (self.name, title) in known:
            return False
        self.total += 1
        if listener is not None:
            listener(begin=title, exercise=self.name)
        try:
            reason = limited(wrong)
        except TooLong:
            reason = too_long(_patience["seconds"])
            _patience["seconds"] = IMPATIENT
        except NotImplementedError as error:
            reason, because = str(error) or TODO, ""
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and listener is None:
                raise
            reason, because = told(error), "" if isinstance(error, NameError) else because
        if reason and because:
            reason += f" ({because})"
        self.points += not reason
        if listener is not None:
            listener(check=title, exercise=self.name, passed=not reason, reason=readable(reason))
        else:
            print(f"  {'✗' if reason else '✓'} {title}" + (f": {reason}" if reason else ""))
        return not reason


class Prediction:
    """A question to answer before the next cell shows it: in a notebook and on the site the answer is folded away. A student's copy does
    not hold it: there it is looked up in the lesson."""

    def __init__(self, question: str, choices: Sequence[str], answer: int | None = None, why: str = ""):
        if answer is None:
            answer, why = _answer(question)
        if not 0 <= answer < len(choices):
            raise ValueError(f"answer must be one of 0…{len(choices) - 1}; got {answer}")
        self.question, self.choices, self.answer, self.why = question, list(choices), answer, why

    def __repr__(self) -> str:
        options = "\n".join(f"  {letter}) {text}" for letter, text in zip("abcdef", self.choices))
        return f"Predict: {self.question}\n{options}"

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(text)}</li>" for text in self.choices)
        letter = "abcdef"[self.answer]
        return (
            f'<div class="prediction"><p><strong>Predict:</strong> {html.escape(self.question)}</p><ol type="a">{items}</ol>'
            f"<details><summary>Show the answer</summary><p><strong>{letter})</strong> {html.escape(self.why)}</p></details></div>"
        )

    def reveal(self) -> str:
        """The answer, for those who read in a terminal."""
        return f"{'abcdef'[self.answer]}) {self.choices[self.answer]}. {self.why}"


def _answer(question: str) -> tuple[int, str]:
    for one in lessons():
        for asked in predictions(one):
            if asked["question"] == question:
                return asked["answer"], asked["why"]
    raise ValueError(f"no lesson asks {question!r}: a prediction of your own needs its answer")


class embed:
    """A page (HTML as text) inside a notebook or the site."""

    def __init__(self, page: str, height: int = 700, title: str = "An interactive page"):
        self.page, self.height, self.title = page, height, title

    def _repr_html_(self) -> str:
        return framed(self.page, self.title, self.height)

    def __repr__(self) -> str:
        return f"<{self.title}: shown in a notebook or on the site>"


def limited(call: Callable[[], Any], seconds: float | None = None) -> Any:
    """``call()``, stopped after so many seconds where the system can do that (in the main thread of Linux and macOS)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return call()

    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _patience["seconds"] if seconds is None else seconds)
    try:
        return call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)
