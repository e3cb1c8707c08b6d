"""The process in which a student's code runs, watched from outside: it is ended when it takes too long, with all that it has started."""
import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from minidl.lesson_runner.answers import too_long
from minidl.lesson_runner.exercises import SECONDS
from minidl.lesson_runner.plan import Item

GRACE = 2.0  # seconds between the moment when code should have stopped by itself and its end
DEEP = ": a recursion that is too deep does that"


@dataclass
class Run:
    """What was reported, and how it ended: ``problem`` is "" if it came to its end; else ``at`` is the item, if it had begun one.
    ``slow``: it had to be ended."""

    events: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""
    at: int | None = None
    slow: bool = False


def limits(seconds: float) -> dict[str, float]:
    """Seconds for one cell and for one check of a file that may take so many in all."""
    return {"code": seconds / 3, "check": min(SECONDS, seconds / 4)}


def run(items: Sequence[Item], known: Sequence[tuple[str, str]], imports: str, hidden: Sequence[str], seconds: float,
        allowed: dict[str, float]) -> Run:  # fmt: skip
    """Run the items in a new process, for so many seconds at most. ``known``: checks that need not be made
    again, by exercise and title."""
    word = secrets.token_hex(8)  # said with each report, so that what a student's code writes into the channel is none
    program = {"items": [asdict(item) for item in items], "known": known, "imports": imports, "hidden": hidden, "limits": allowed,
               "word": word}  # fmt: skip
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, tempfile.TemporaryFile() as complaints:
        script, desk = Path(folder, "program.json"), Path(folder, "desk")
        script.write_text(json.dumps(program), encoding="utf-8")
        desk.mkdir()
        environment = os.environ | {"MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-m", "minidl.lesson_runner.running", str(script)]
        process = subprocess.Popen(command, env=environment, cwd=desk, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=complaints, start_new_session=True)  # fmt: skip
        try:
            return _watched(process, word, items, seconds, allowed, complaints)
        finally:
            _end(process)


def _watched(process: subprocess.Popen[bytes], word: str, items: Sequence[Item], seconds: float, allowed: dict[str, float],
             complaints: IO[bytes]) -> Run:  # fmt: skip
    found, end = Run(), time.monotonic() + seconds
    pause = end
    for event in _events(process, word):
        now = time.monotonic()
        if event is not None:
            found.events.append(event)
            if "end" in event:
                return found
            found.at = event.get("item", found.at)
            pause = now + allowed[items[found.at].kind] + GRACE if found.at is not None else end
        if now > min(end, pause):
            limit = seconds if now > end or found.at is None else allowed[items[found.at].kind]
            found.problem = too_long(limit)
            found.slow = True
            return found
    try:
        code = process.wait(max(0.0, min(end, pause) - time.monotonic()))
    except subprocess.TimeoutExpired:
        found.problem = "it closed the files that the grader listens to"
        return found
    if code < 0:
        with contextlib.suppress(ValueError):
            found.problem = f"Python itself was ended ({signal.Signals(-code).name})" + DEEP * (code == -signal.SIGSEGV)
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - 1000))
    last = complaints.read().decode(errors="replace").strip().splitlines()[-1:] if found.at is None else []
    found.problem = found.problem or f"it ended Python with code {code}, as os._exit() does" + "".join(f" ({line[:200]})" for line in last)
    return found


def _events(process: subprocess.Popen[bytes], word: str) -> Iterator[dict[str, Any] | None]:
    """What the process reports; None whenever nothing came for a while."""
    lines: queue.Queue[bytes | None] = queue.Queue()

    def listen() -> None:
        assert process.stdout is not None
        with process.stdout as stream, contextlib.suppress(ValueError, OSError):
            for line in stream:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    ended = False
    while True:
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            if ended:
                return
            if process.poll() is not None:  # a process that it has started may still hold the pipe
                _end(process)
                ended = True
            yield None
            continue
        if line is None:
            return
        with contextlib.suppress(ValueError, RecursionError):
            event = json.loads(line)
            if isinstance(event, dict) and event.pop("word", None) == word:
                yield event


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and those that it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
