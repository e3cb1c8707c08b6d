"""Students' files after accidents and attacks, over all lessons: always the same, each with what a grader must say about it."""
import ast
import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from minidl.lesson_runner.format import BEGIN, END, Lesson, cells, lessons, student_version
from minidl.lesson_runner.notebooks import notebook
from minidl.lesson_runner.plan import checked

SLOW = (10, 11, 12, 14)  # lessons whose needed cells take several seconds


@dataclass(frozen=True)
class Case:
    """``content``: what the file holds, or a function that makes the file. ``codes``: the exit codes that are right. ``spared``: exercises
    that are still right and must keep all their points; ``lost``: those that must lose some. ``says``: what one reason must contain."""

    name: str
    lesson: int
    content: bytes | Callable[[Path], None]
    codes: tuple[int, ...] = (1,)
    spared: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()
    says: str = ""
    suffix: str = ".py"

    def write(self, folder: Path) -> Path:
        file = folder / f"student{self.suffix}"
        if isinstance(self.content, bytes):
            file.write_bytes(self.content)
        else:
            self.content(file)
        return file


# ---------------------------------------------------------------- one function of the solution is another

WRAPPED = "def {f}(*given, **named):\n    {do}\n    return right_{f}(*given, **named)"
LOOP = "longer than"
# kind: (what stands in the place of the function f, what the reason says, whether the results are still right)
FUNCTIONS: dict[str, tuple[str, str, bool]] = {
    "deleted": ("", "name '{f}' is not defined: was it deleted, renamed, or never imported?", False),
    "renamed": ("def my_{f}(*given, **named):\n    return right_{f}(*given, **named)", "'{f}' is not defined", False),
    "a value": ("{f} = 3", "not callable", False),
    "without arguments": ("def {f}():\n    return 1.0", "argument", False),
    "one argument more": ("def {f}(a, b, c, d, e, g, h, i):\n    return 1.0", "argument", False),
    "gives nothing": ("def {f}(*given, **named):\n    pass", "None", False),
    "gives another shape": ("def {f}(*given, **named):\n    return np.zeros((7, 1, 5))", "", False),
    "gives text": ("def {f}(*given, **named):\n    return 'one'", "", False),
    "gives a list": ("def {f}(*given, **named):\n    return [[1.0], [2.0, 3.0]]", "", False),
    "gives nan": ("def {f}(*given, **named):\n    return np.nan", "", False),
    "gives inf": ("def {f}(*given, **named):\n    return np.full(3, np.inf)", "", False),
    "gives a Tensor": ("def {f}(*given, **named):\n    return minidl.Tensor(np.zeros(3))", "", False),
    "gives a monster": ("class Monster:\n    def __repr__(self):\n        raise OSError('boo')\n    def __eq__(self, other):\n"
                        "        while True: pass\n    __hash__ = None\n    __array__ = __len__ = __repr__\n"
                        "def {f}(*given, **named):\n    return Monster()", "", False),
    "gives without end": ("def {f}(*given, **named):\n    while True:\n        yield 1.0", "", False),
    "gives a large list": ("def {f}(*given, **named):\n    return list(range(3_000_000))", "", False),
    "raises": ("def {f}(*given, **named):\n    raise KeyError('lost key')", "lost key", False),
    "raises a BaseException": ("class Odd(BaseException):\n    pass\ndef {f}(*given, **named):\n    raise Odd('odd')", "odd", False),
    "raises escapes": ("def {f}(*given, **named):\n    raise ValueError('\\x1b[2J\\udc80 [bold] \\u202e')", "ValueError", False),
    "raises StopIteration": ("def {f}(*given, **named):\n    raise StopIteration", "StopIteration", False),
    "sys.exit": ("import sys\ndef {f}(*given, **named):\n    sys.exit(0)", "exit()", False),
    "os._exit": ("import os\ndef {f}(*given, **named):\n    os._exit(0)", "code 0", False),
    "os._exit 7": ("import os\ndef {f}(*given, **named):\n    os._exit(7)", "code 7", False),
    "KeyboardInterrupt": ("def {f}(*given, **named):\n    raise KeyboardInterrupt", "KeyboardInterrupt", False),
    "killed": ("import os\ndef {f}(*given, **named):\n    os.kill(os.getpid(), 9)", "SIGKILL", False),
    "stopped": ("import os, signal\ndef {f}(*given, **named):\n    os.kill(os.getpid(), signal.SIGSTOP)", LOOP, False),
    "segfault": ("import ctypes\ndef {f}(*given, **named):\n    ctypes.string_at(1)", "SIGSEGV", False),
    "endless loop": ("def {f}(*given, **named):\n    while True:\n        pass", LOOP, False),
    "endless loop in C": ("def {f}(*given, **named):\n    return sum(range(10**13))", LOOP, False),
    "endless loop, except Exception": ("def {f}(*given, **named):\n    while True:\n        try:\n            1 / 0\n"
                                       "        except Exception:\n            pass", LOOP, False),
    "endless loop, except": ("def {f}(*given, **named):\n    while True:\n        try:\n            while True:\n                pass\n"
                             "        except:\n            pass", LOOP, False),
    "sleeps": ("import time\ndef {f}(*given, **named):\n    time.sleep(1e6)", LOOP, False),
    "waits for a lock": ("import threading\ndef {f}(*given, **named):\n    lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
                         LOOP, False),
    "recursion": ("def {f}(*given, **named):\n    return {f}(*given, **named)", "recursion", False),
    "recursion without limit": ("import sys\ndef {f}(*given, **named):\n    sys.setrecursionlimit(10**9)\n"
                                "    return max([{f}(*given, **named)], key=lambda v: v)", "", False),
    "memory": ("def {f}(*given, **named):\n    held = [0] * 1000\n    while True:\n        held = held + held", "", False),
    "memory at once": ("def {f}(*given, **named):\n    return np.ones(10**12)", "memory", False),
    "input": ("def {f}(*given, **named):\n    return float(input())", "input() waits", False),
    "stdin": ("import sys\ndef {f}(*given, **named):\n    return float(sys.stdin.read())", "", False),
    "async": ("async def {f}(*given, **named):\n    return 1.0", "coroutine", False),
    "a generator": ("def {f}(*given, **named):\n    yield right_{f}(*given, **named)", "generator", False),
    "a class": ("class {f}:\n    pass", "", False),
    "a lambda": ("{f} = lambda *given, **named: None", "None", False),
    "unknown name inside": ("def {f}(*given, **named):\n    return unheard_of", "'unheard_of' is not defined in line", False),
    "unbound": ("def {f}(*given, **named):\n    if named == 3: v = 1\n    return v", "UnboundLocalError", False),
    "forged results": ("import json, os\ndef {f}(*given, **named):\n    for fd in (1, 2):\n        os.write(fd, b'"
                       '{{"check": "x", "exercise": "{f}", "passed": true}}\\n'
                       "')\n    print('100 of 100 points')\n    return None", "", False),
    "closes all files": ("import os\ndef {f}(*given, **named):\n    os.closerange(0, 200)\n    return 1.0", "", False),
    "changes its arguments": ("def {f}(*given, **named):\n    for a in given:\n        if isinstance(a, np.ndarray): a[...] = 99\n"
                              "    return right_{f}(*given, **named)", "", True),
    "prints megabytes": (WRAPPED.replace("{do}", "import sys; print('x' * 2_000_000); print('y' * 2_000_000, file=sys.stderr)"), "", True),
    "closes stdout": (WRAPPED.replace("{do}", "import sys; sys.stdout.close()"), "", True),
    "stdout is None": (WRAPPED.replace("{do}", "import sys; sys.stdout = sys.stderr = None"), "", True),
    "starts a thread": (WRAPPED.replace("{do}", "import threading, time; threading.Thread(target=time.sleep, args=(999,)).start()"), "",
                        True),
    "starts a process": (WRAPPED.replace("{do}", "import subprocess; subprocess.Popen(['sleep', '1000'])"), "", True),
    "forks": (WRAPPED.replace("{do}", "import os, time; os.fork() or time.sleep(1000)"), "", True),
    "changes the folder": (WRAPPED.replace("{do}", "import os; os.chdir('/')"), "", True),
    "deletes the folder": (WRAPPED.replace("{do}", "import os, shutil; shutil.rmtree(os.getcwd(), ignore_errors=True)"), "", True),
    "reseeds": (WRAPPED.replace("{do}", "np.random.seed(3)"), "", True),
    "takes the alarm": (WRAPPED.replace("{do}", "import signal; signal.alarm(0); signal.signal(signal.SIGALRM, signal.SIG_IGN)"), "", True),
    "clears the environment": (WRAPPED.replace("{do}", "import os; os.environ.clear()"), "", True),
    "mutable default": ("def {f}(*given, kept=[], **named):\n    kept.append(given)\n    return right_{f}(*given, **named)", "", True),
    "unicode names": ("def {f}(*größe, **βήτα):\n    ŷ = right_{f}(*größe, **βήτα)\n    return ŷ", "", True),
}  # fmt: skip


@cache
def known() -> dict[int, Lesson]:
    return {one.number: one for one in lessons()}


@cache
def functions(lesson: Lesson) -> dict[str, str]:
    """Function → exercise: those that a student writes."""
    found, names = {}, []
    for cell in cells(lesson.text):
        if cell.has_solution:
            names += [node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
        elif cell.kind == "check":
            found |= {name: exercise for exercise in checked(cell.source) for name in names}
            names = []
    return found


@cache
def independent(lesson: Lesson, function: str) -> frozenset[str]:
    """The exercises whose checks come to their end without the function."""
    uses: dict[str, set[str]] = {}
    for cell in cells(lesson.text):
        if cell.kind != "markdown":
            tree = ast.parse(cell.source)
            mentioned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
            bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
            for name in {f"check of {one}" for one in checked(cell.source)} or names | bound:
                uses.setdefault(name, set()).update(mentioned)
    found = set()
    for exercise in set(functions(lesson).values()):
        reached, new = set(), {f"check of {exercise}"}
        while new:
            reached |= new
            new = {name for one in new for name in uses.get(one, ())} - reached
        if function not in reached:
            found.add(exercise)
    return frozenset(found)


def with_function(lesson: Lesson, function: str, source: str) -> str:
    """The solution with other source in the place of the function; the right one is there as right_function."""
    lines = lesson.text.split("\n")
    node = next(node for node in ast.parse(lesson.text).body if isinstance(node, ast.FunctionDef) and node.name == function)
    assert node.end_lineno is not None
    right = lines[node.lineno - 1 : node.end_lineno]
    if "right_" in source:
        right[0] = right[0].replace(f"def {function}(", f"def right_{function}(", 1)
    else:
        right = []
    end = node.end_lineno + (END in lines[node.end_lineno])
    return "\n".join([*lines[: node.lineno - 1], *right, *source.split("\n"), *lines[end:]])


def function_cases() -> Iterator[Case]:
    """Every kind in one lesson."""
    turns = {number: itertools.cycle(functions(one).items()) for number, one in known().items()}
    quick = itertools.cycle([number for number in known() if number not in SLOW])
    for kind, (source, says, right) in FUNCTIONS.items():
        number = next(quick)
        lesson, (function, exercise) = known()[number], next(turns[number])
        text = with_function(lesson, function, source.replace("{{", "{").replace("}}", "}").replace("{f}", function))
        lost = frozenset() if right else frozenset({exercise})
        yield Case(f"{kind}: {function}", number, text.encode(errors="surrogatepass"), (0, 1) if right else (1,),
                   independent(lesson, function), lost, says.replace("{f}", function))  # fmt: skip


# ---------------------------------------------------------------- the file is another


def everything(lesson: Lesson) -> frozenset[str]:
    return frozenset(functions(lesson).values())


def inserted(lesson: Lesson, code: str, where: str) -> str:
    """A cell of its own, at the top, in the middle (after the first check), or at the end."""
    heads = list(re.finditer(r"^# %%.*$", lesson.text, re.MULTILINE))
    first = next(number for number, head in enumerate(heads) if "check" in head[0])
    at = {"top": 0, "middle": heads[first + 1].start(), "end": len(lesson.text)}[where]
    return f"{lesson.text[:at]}# %%\n{code}\n\n{lesson.text[at:]}"


ACCIDENTS = {
    "syntax error": ("def broken(:\n    pass", "SyntaxError"),
    "tabs and spaces": ("if True:\n\tv = 1\n        w = 2", "TabError"),
    "return outside": ("return 3", "SyntaxError"),
    "await": ("await something", "SyntaxError"),
    "endless loop": ("while True:\n    pass", LOOP),
    "endless loop, except": ("while True:\n    try:\n        while True:\n            pass\n    except:\n        pass", LOOP),
    "endless loop in C": ("sum(range(10**13))", LOOP),
    "os._exit": ("import os\nos._exit(0)", "code 0"),
    "exit": ("exit()", "exit()"),
    "killed": ("import os\nos.kill(os.getpid(), 9)", "SIGKILL"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "memory": ("held = [0] * 1000\nwhile True:\n    held = held + held", ""),
    "NUL": ("v = '\x00'", "null bytes"),
    "deep brackets": ("(" * 5000 + ")" * 5000, ""),
    "star import": ("from math import *\nfrom os import *", ""),
    "np is a number": ("np = 3\nminidl = None\nExercise = print", ""),
    "Python's names": ("sum = max = min = len = abs = range = zip = list = print = 0", ""),
    "NumPy broken": ("import numpy\nimport minidl\nfor name in ('exp', 'zeros', 'array', 'allclose', 'asarray', 'isclose', 'abs'):\n"
                     "    setattr(numpy, name, None)\nminidl.gradcheck = print", ""),
    "the grader broken": ("from minidl.lesson_runner import Exercise\nExercise.check = Exercise.check_gradient = lambda *a, **k: True", ""),
    "Python broken": ("import builtins\nbuiltins.len = builtins.isinstance = builtins.max = None", ""),
    "errors of NumPy raise": ("import numpy\nnumpy.seterr(all='raise')\nimport warnings\nwarnings.simplefilter('error')", ""),
    "folder gone": ("import os, shutil\nshutil.rmtree(os.getcwd())", ""),
    "stdout closed": ("import sys\nsys.stdout.close()\nsys.stderr.close()", ""),
    "a thread": ("import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()", ""),
    "a process": ("import subprocess\nsubprocess.Popen(['sleep', '1000'])", ""),
    "a copy of itself": ("import os, time\nos.fork() or time.sleep(1000)", ""),
    "at exit": ("import atexit, time\natexit.register(time.sleep, 1000)", ""),
    "a forged check": ("exercise = Exercise('forged', 'x', hints=['1', '2', '3'])\nexercise.check('x', lambda: 1.0, 1.0)", ""),
    "another's line ends": ("v = 'a\x0cb\x0b\x1c'\nw = '\u2028'", ""),
}  # fmt: skip


def accident_cases() -> Iterator[Case]:
    quick = itertools.cycle([number for number in known() if number not in SLOW])
    for kind, (code, says) in ACCIDENTS.items():
        for where in ("top", "middle", "end"):
            lesson = known()[next(quick)]
            spared = everything(lesson) if not _harms(kind, where) else frozenset()
            yield Case(f"{kind}, {where}", lesson.number, inserted(lesson, code, where).encode(errors="surrogatepass"), (0, 1), spared,
                       frozenset(), says)  # fmt: skip


def _harms(kind: str, where: str) -> bool:
    """Whether the student's own functions cannot work any more."""
    return where != "end" and kind in ("star import", "np is a number", "Python's names", "errors of NumPy raise")


def _each_check(text: str, change: Callable[[str], str]) -> str:
    return re.sub(r'^# %% tags=\["check"\]\n(?:(?!# %%).*\n?)*', lambda found: change(found[0]), text, flags=re.MULTILINE)


def _book(text: str, change: Callable[[dict], object]) -> bytes:
    book = json.loads(notebook(text))
    change(book)
    return json.dumps(book).encode()


def _shuffled(text: str) -> str:
    parts = re.split(r"^(?=# %%)", text, flags=re.MULTILINE)
    checks = [part for part in parts if "check" in part.split("\n")[0]]
    return "".join(checks + [part for part in parts if part not in checks])


def _loop(file: Path) -> None:
    file.symlink_to(file)


def _huge(file: Path) -> None:
    with open(file, "wb") as opened:
        opened.truncate(10**9)


def whole_cases() -> Iterator[Case]:
    """The file as a whole: its bytes, its marks, its format."""
    numbers = itertools.cycle([number for number in known() if number not in SLOW])

    def lesson() -> Lesson:
        return known()[next(numbers)]

    def right(kind: str, change: Callable[[str], str | bytes], suffix: str = ".py") -> Case:
        one = lesson()
        content = change(one.text)
        return Case(kind, one.number, content if isinstance(content, bytes) else content.encode(), (0,), everything(one), suffix=suffix)

    def unreadable(kind: str, content: bytes | Callable[[Path], None], says: str, suffix: str = ".py") -> Case:
        one = lesson()
        return Case(kind, one.number, content, (2,), lost=everything(one), says=says, suffix=suffix)

    for number, one in known().items():
        yield Case("the solution", number, one.text.encode(), (0,), everything(one))
        yield Case("the student's version", number, student_version(one.text).encode(), (1,), lost=everything(one), says="to be written")
        other = known()[(number + 1) % len(known())]
        yield Case("another lesson's solution", number, other.text.encode(), (1,), says="not defined")
    yield right("BOM", lambda text: b"\xef\xbb\xbf" + text.encode())
    yield right("UTF-16", lambda text: text.encode("utf-16"))
    yield right("unknown encoding", lambda text: "# -*- coding: klingon -*-\n" + text)
    yield right("CRLF", lambda text: text.replace("\n", "\r\n"))
    yield right("CR", lambda text: text.replace("\n", "\r"))
    yield right("all marks of cells gone", lambda text: re.sub(r"^# %%.*\n", "", text, flags=re.MULTILINE))
    yield right("marks of checks gone", lambda text: text.replace('# %% tags=["check"]\n', ""))
    yield right("tags gone", lambda text: text.replace(' tags=["check"]', ""))
    yield right("every cell a check", lambda text: text.replace("# %%\n", '# %% tags=["check"]\n'))
    yield right("checks gone", lambda text: _each_check(text, lambda _: ""))
    yield right("checks twice", lambda text: _each_check(text, lambda check: check + "\n" + check))
    yield right("all twice", lambda text: text + "\n" + text)
    yield right("checks first", _shuffled)
    yield right("checks broken", lambda text: _each_check(text, lambda check: check.replace("lambda", "lamda")))
    yield right("checks emptied", lambda text: _each_check(text, lambda check: '# %% tags=["check"]\n'))
    yield right("marks of solutions gone", lambda text: text.replace(BEGIN, "").replace(END, ""))
    yield right("spaces at line ends", lambda text: text.replace("\n", "  \n").replace("# %%  \n", "# %%\n"))
    yield right("imports changed", lambda text: text.replace("from minidl.lesson_runner import", "from minidl.lesson_runner  import"))
    yield right("a sea of empty lines", lambda text: text.replace("# %%\n", "# %%\nempty = 1" + "\n" * 100_000 + "lines = 2\n", 1))
    yield right("a notebook", lambda text: notebook(text).encode(), ".ipynb")
    yield right("a notebook with BOM", lambda text: b"\xef\xbb\xbf" + notebook(text).encode(), ".ipynb")
    yield right("a notebook without tags", lambda text: _book(text, lambda book: [
        cell.pop("metadata") for cell in book["cells"]]), ".ipynb")  # fmt: skip
    yield right("a notebook with lists of lines", lambda text: _book(text, lambda book: [
        cell.update(source=cell["source"].splitlines(keepends=True)) for cell in book["cells"]]), ".ipynb")  # fmt: skip
    yield right("a notebook with magics", lambda text: _book(text, lambda book: [
        cell.update(source="%matplotlib inline\n!pip list\n" + cell["source"] + "\nnp?") for cell in book["cells"]
        if cell["cell_type"] == "code"]), ".ipynb")  # fmt: skip
    yield right("a notebook with outputs", lambda text: _book(text, lambda book: [
        cell.update(outputs=[{"output_type": "stream", "text": ["✓"] * 1000}]) for cell in book["cells"]]), ".ipynb")  # fmt: skip
    yield right("a notebook with odd cells", lambda text: _book(text, lambda book: book["cells"].extend(
        [None, 3, {}, {"cell_type": "raw", "source": "raw text"}, {"source": 7}, {"metadata": 3, "source": ["1", 2]}])),
        ".ipynb")  # fmt: skip
    yield right("a notebook without kernel", lambda text: _book(text, lambda book: book.pop("metadata")), ".ipynb")

    yield unreadable("empty", b"", "no code")
    yield unreadable("white", b"\n \n\t\n", "no code")
    yield unreadable("text only", b"# %% [markdown]\n# Hello\n", "no code")
    yield unreadable("binary", bytes(range(256)) * 99, "UTF-8")
    yield unreadable("latin-1", "# größe\nx = 1\n".encode("latin-1"), "line 1")
    yield unreadable("an encoding that makes no text", b"# -*- coding: hex -*-\nx = 1\n", "hex")
    yield unreadable("a directory", lambda file: file.mkdir(), "there is no")
    yield unreadable("missing", lambda file: None, "there is no")
    yield unreadable("a link to itself", _loop, "there is no")
    yield unreadable("a pipe", lambda file: os.mkfifo(file), "there is no")
    yield unreadable("huge", _huge, "larger than")
    yield unreadable("too much code", b"x = 1\n" * 1_000_000, "characters of code")
    yield unreadable("broken JSON", b'{"cells": [', "no notebook", ".ipynb")
    yield unreadable("deep JSON", b"[" * 100_000, "no notebook", ".ipynb")
    yield unreadable("no cells", b'{"nbformat": 4}', "list of cells", ".ipynb")
    yield unreadable("a list", b"[]", "list of cells", ".ipynb")
    yield unreadable("a script named .ipynb", b"import numpy as np\n", "no notebook", ".ipynb")
    yield unreadable("a notebook for R", _book(known()[3].text, lambda book: book["metadata"].update(kernelspec={"language": "R"})),
                     "for R", ".ipynb")  # fmt: skip
    one = lesson()
    yield Case("a notebook as a script", one.number, notebook(one.text).encode(), (1, 2), lost=everything(one))
    one = lesson()
    yield Case("only NUL", one.number, b"\x00" * 1000, (1, 2), lost=everything(one))
    one = known()[3]
    yield Case("a lesson's number overwritten", 3, inserted(one, "x = 5", "middle").encode(), (1,), frozenset({"step", "largest_rate"}))
    yield Case("an import deleted", 3, one.text.replace("import numpy as np\n", "").encode(), (0, 1), frozenset({"step", "derivatives"}))
    yield Case("first cell deleted", 3, re.sub(r"^# %%\nimport.*?(?=^# %%)", "", one.text, flags=re.MULTILINE | re.DOTALL).encode(), (1,),
               frozenset({"step", "largest_rate"}), frozenset({"derivatives"}), "was it deleted")  # fmt: skip
    yield Case("one solution with a syntax error", 3, one.text.replace("return w - rate * g", "return w - rate * * g").encode(), (1,),
               frozenset({"derivatives", "descend", "largest_rate"}), frozenset({"step"}), "because its cell failed: line")  # fmt: skip
    yield Case("a wrong sign", 3, one.text.replace("return w - rate * g", "return w + rate * g").encode(), (1,),
               frozenset({"derivatives", "descend", "largest_rate"}), frozenset({"step"}), "expected 8, got 6")  # fmt: skip


def cases() -> list[Case]:
    """All of them."""
    return [*whole_cases(), *accident_cases(), *function_cases()]
