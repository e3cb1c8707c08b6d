"""What is said about an answer: how it differs from the expected one, or which error came instead, and where."""
import re
import sysconfig
import traceback
from collections.abc import Sequence
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from minidl.tensor import Tensor

FEW = 6  # numbers that are told whole when one of them is wrong
NONE_IS = "a function without return gives None, and so does minidl.grad where nothing was recorded"

_PACKAGE = str(Path(__file__).parents[1])
_LIBRARIES = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def difference(value: Any, expected: Any, tolerance: float) -> str:
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
    return len(values) == len(expected) and not any(map(difference, values, expected, repeat(tolerance)))


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
    told = [f"an array of shape {array.shape}" if array.ndim else f"one number ({short(array.item())})" for array in (a, b)]
    return f"expected {told[1] if b.ndim else 'one number'}, got {told[0]}"


def _listed(array: np.ndarray) -> str:
    return "(" + ", ".join(short(v.item()) for v in array) + (",)" if array.size == 1 else ")")


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
    return f"expected {short(expected)}, got {short(value)}{nothing}"


def short(value: Any) -> str:
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


def too_long(seconds: float) -> str:
    return f"it ran longer than {seconds:g} second{'' if seconds == 1 else 's'}: is there a loop that never ends?"


def readable(text: str) -> str:
    """On one line, without what a terminal would obey or could not show."""
    return "".join(one if one.isprintable() else "�" for one in " ".join(text.split()))
