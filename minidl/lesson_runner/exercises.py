"""Exercises and predictions, as the cells of a lesson use them."""
import html
import re
import signal
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from minidl import checking
from minidl.lesson_runner.format import lessons, predictions
from minidl.pages import framed
from minidl.tensor import Tensor

SECONDS = 8.0  # that one check may take
IMPATIENT = 1.0  # the same once a check has run into that limit: a loop that never ends is met by several
FEW = 6  # numbers that are told whole when one of them is wrong
TODO = "this is still to be written"
NONE_IS = "a function without return gives None, and so does minidl.grad where nothing was recorded"

listener: Callable[..., None] | None = None  # the grader; without one, results are printed
known: set[tuple[str, str]] = set()  # exercise and title of what the grader need not hear again

_patience = {"seconds": SECONDS}
_PACKAGE = str(Path(__file__).parents[1])
_LIBRARIES = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})


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
        anything else with ==. ``because``: why it should be so, shown when it is not."""
        if (self.name, title) in known:
            return False
        with self._counted(title, because) as failed:
            difference = limited(lambda: _difference(call(), expected, tolerance))
            if difference:
                failed.append(difference + (f" ({because})" if because else ""))
        return not failed

    def check_raises(self, title: str, call: Callable[[], Any], error: type[BaseException], because: str = "") -> bool:
        """Expect an error of that class."""
        if (self.name, title) in known:
            return False
        with self._counted(title) as failed:
            try:
                value = limited(lambda: _short(call()))
            except error:
                pass
            else:
                failed.append(f"expected {error.__name__}, got {value}" + (f" ({because})" if because else ""))
        return not failed

    def check_gradient(self, title: str, make: Callable[[], Any], *arrays: Any) -> bool:
        """Check a gradient numerically: ``make()`` gives what `minidl.gradcheck` takes, a function or a pair (forward, backward). What is
        wrong with it, the gradient doctor says."""
        if (self.name, title) in known:
            return False
        with self._counted(title) as failed:
            report = limited(lambda: checking.gradcheck(make(), *arrays))
            if not report.ok:
                diagnosis = report.diagnosis
                failed.append(diagnosis[0].sentence if diagnosis else str(report).splitlines()[0])
        return not failed

    def done(self) -> None:
        """Say how many points there are."""
        mark = "✓" if self.points == self.total else "…"
        if listener is None:
            print(f"{mark} {self.name}: {self.points} of {self.total} points")

    @contextmanager
    def _counted(self, title: str, because: str = "") -> Iterator[list[str]]:
        """Whatever happens inside becomes a point, or a reason why there is none."""
        failed: list[str] = []
        self.total += 1
        if listener is not None:
            listener(begin=title, exercise=self.name)
        try:
            yield failed
        except TooLong:
            seconds = f"{_patience['seconds']:g} second{'' if _patience['seconds'] == 1 else 's'}"
            failed.append(f"it ran longer than {seconds}: is there a loop that never ends?" + (f" ({because})" if because else ""))
            _patience["seconds"] = IMPATIENT
        except NotImplementedError as error:
            failed.append(str(error) or TODO)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and listener is None:
                raise
            failed.append(told(error) + (f" ({because})" if because and not isinstance(error, NameError) else ""))
        self.points += not failed
        if listener is not None:
            listener(check=title, exercise=self.name, passed=not failed, reason=readable("; ".join(failed)))
        else:
            print(f"  {'✗' if failed else '✓'} {title}" + (f": {failed[0]}" if failed else ""))


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
        for told in predictions(one):
            if told["question"] == question:
                return told["answer"], told["why"]
    raise ValueError(f"no lesson asks {question!r}: a prediction of your own needs its answer")


class embed:
    """A page (HTML as text) inside a notebook or the site."""

    def __init__(self, page: str, height: int = 700, title: str = "An interactive page"):
        self.page, self.height, self.title = page, height, title

    def _repr_html_(self) -> str:
        return framed(self.page, self.title, self.height)

    def __repr__(self) -> str:
        return f"<{self.title}: shown in a notebook or on the site>"


# ---------------------------------------------------------------- comparing


def _difference(value: Any, expected: Any, tolerance: float) -> str:
    """What is different, in words; "" if nothing is."""
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        value = value.item() if isinstance(value, (Tensor, np.generic, np.ndarray)) and value.size == 1 and not value.shape else value
        return "" if type(value) is type(expected) and value == expected else _unlike(value, expected)
    a, b = (_array(v) for v in (value, expected))
    if a is not None and b is not None:
        return _other_numbers(value, a, b, tolerance) if a.shape == b.shape else _other_shape(a, b)
    # From here on the value is not asked whether it is equal unless it is of the expected kind: unittest.mock.ANY is equal to anything.
    if isinstance(expected, dict):
        same = type(value) is dict and value.keys() == expected.keys()
        same = same and _alike([value[key] for key in expected], [*expected.values()], tolerance)
    elif isinstance(expected, (list, tuple)):
        same = isinstance(value, (list, tuple)) and _alike(value, expected, tolerance)
    else:
        try:
            same = type(value) is type(expected) and bool(value == expected)
        except Exception:
            same = False
    return "" if same else _unlike(value, expected)


def _alike(values: Sequence[Any], expected: Sequence[Any], tolerance: float) -> bool:
    return len(values) == len(expected) and not any(map(_difference, values, expected, repeat(tolerance)))


def _other_numbers(value: Any, a: np.ndarray, b: np.ndarray, tolerance: float) -> str:
    """The same for arrays of one shape; ``a`` is the value."""
    if a.dtype.kind not in "biuf" or b.dtype.kind not in "biuf":
        return "" if a.dtype.kind == b.dtype.kind and (a == b).all() else _unlike(value, b.tolist())
    what, kind = ("answers", bool) if a.dtype.kind == b.dtype.kind == "b" else ("numbers", float)
    a, b = a.astype(float), b.astype(float)
    scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
    with np.errstate(invalid="ignore"):
        wrong = ~(np.isclose(a, b, rtol=0, atol=tolerance * max(scale, 1e-300), equal_nan=True))
    if not wrong.any():
        return ""
    if not a.ndim:
        return _unlike(a.item(), b.item())
    if a.ndim == 1 and a.size <= FEW:
        return f"expected {_listed(b.astype(kind))}, got {_listed(a.astype(kind))}"
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{int(wrong.sum())} of {wrong.size} {what} differ; at {list(at)} {_unlike(kind(a[at]), kind(b[at]))}"


def _other_shape(a: np.ndarray, b: np.ndarray) -> str:
    if a.ndim == b.ndim == 1 and max(a.size, b.size) <= 2 * FEW:
        return f"expected {_listed(b)}, got {_listed(a)}"
    told = [f"an array of shape {array.shape}" if array.ndim else f"one number ({_short(array.item())})" for array in (a, b)]
    return f"expected {told[1] if b.ndim else 'one number'}, got {told[0]}"


def _listed(array: np.ndarray) -> str:
    return "(" + ", ".join(_short(v.item()) for v in array) + (",)" if array.size == 1 else ")")


def _array(value: Any) -> np.ndarray | None:
    if isinstance(value, Tensor):
        return np.asarray(value.numpy())
    if value is None or isinstance(value, (str, bytes, dict, set)) or callable(value):
        return None
    try:
        array = np.asarray(float(value) if type(value) is int or isinstance(value, Fraction) else value)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "biufUS" else None


def _unlike(value: Any, expected: Any) -> str:
    nothing = ": is a return missing?" if value is None else ""
    return f"expected {_short(expected)}, got {_short(value)}{nothing}"


def _short(value: Any) -> str:
    try:
        text = f"{float(value):.6g}" if isinstance(value, (float, np.floating)) else repr(value)
    except Exception:
        text = f"an object of {type(value).__name__} that cannot be shown"
    return text if len(text) <= 90 else text[:87] + "…"


def told(error: BaseException) -> str:
    """An error with the learner's own line, where there is one."""
    text = readable(str(error))[:200]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _own(frame.filename)]
    where = ""
    if frames and frames[-1].line:
        file, line = frames[-1].filename, f"line {frames[-1].lineno}"
        in_check = file.startswith("<check")
        where = f" in {'the check' if in_check else f'{file}, {line}' if re.fullmatch('cell [0-9]+', file) else line}: {frames[-1].line}"
    if isinstance(error, SystemExit):
        return f"it calls exit(){where}"
    if isinstance(error, MemoryError):
        return f"it needs more memory than there is{where}"
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        inside = bool(frames) and frames[-1].name.isidentifier()  # not a <lambda> of the check
        return f"{text}{where if inside else ''}: was it deleted, renamed, or never imported?"
    if isinstance(error, (TypeError, AttributeError)) and "'NoneType'" in text:
        where += f" ({NONE_IS})"
    if isinstance(error, RecursionError):
        where += ". A function calls itself without end"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {text}"
    return f"it raised {type(error).__name__}: {text}{where}" if text else f"it raised {type(error).__name__}{where}"


def _own(file: str) -> bool:
    """Whether code is the learner's, or a check: not minidl's, a library's, Python's."""
    path = Path(file)
    if file.startswith((_PACKAGE, *_LIBRARIES)) or "site-packages" in path.parts:
        return False
    return file.startswith("<check") or file.endswith((".py", ".ipynb")) or not file.startswith("<") and not path.is_absolute()


def readable(text: str) -> str:
    """On one line, without what a terminal would obey or could not show."""
    return "".join(one if one.isprintable() else "�" for one in " ".join(text.split()))


# ---------------------------------------------------------------- running


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
