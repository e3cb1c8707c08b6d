"""The promise of the grader, held against hundreds of mangled files: it never crashes or hangs, it gives a true reason for every lost
point, exercises that are still right keep their points, and nothing is left running.

All of them, ten minutes on two cores: make test ARGS="tests/lesson_runner -m mangled". Without -m, a part, always the same."""
import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from minidl.cli import lessons as command
from minidl.lesson_runner import exercises, grading, process
from tests.lesson_runner.mangling import SLOW, Case, cases

CASES = cases()
OFTEN = [case for case in CASES if case.lesson not in SLOW][::8]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(process, "GRACE", 1.0)
    monkeypatch.setattr(exercises, "IMPATIENT", 0.5)
    monkeypatch.setattr(grading, "limits", lambda seconds: {"code": seconds / (3 if seconds > 200 else 15), "check": 2.0})


def faults(case: Case, folder: Path, capsys) -> list[str]:
    """What the grader does wrong with this file."""
    file, here = case.write(folder), os.getcwd()
    seconds = 240.0 if case.lesson in SLOW else 90.0
    token = f"MINIDL_TEST_{os.getpid()}_{time.monotonic_ns()}"
    os.environ[token] = "1"
    start = time.monotonic()
    try:
        code = command.check(case.lesson, file, True, seconds)
    except BaseException as error:
        return [f"it crashed: {error!r}"]
    finally:
        del os.environ[token]
    found = [f"it took {time.monotonic() - start:.0f} s"] if time.monotonic() - start > seconds + 10 else []
    result = json.loads(capsys.readouterr().out)
    lost = {(one["name"], check["title"]): check["reason"] for one in result["exercises"] for check in one["checks"] if not check["passed"]}
    said = [result["problem"], *lost.values()]
    names = {name for name, _ in lost}
    found += [f"exit code {code} instead of {case.codes}"] if code not in case.codes else []
    found += [f"exit code {code} with {len(lost)} lost points"] if (code == 0) != (not lost) else []
    found += [f"{name}, {title}: no reason" for (name, title), reason in lost.items() if not reason.strip()]
    found += [f"{name}, {title}: untouched, but lost: {why}" for (name, title), why in lost.items() if name in case.spared]
    found += [f"{name}: it should have lost points" for name in case.lost - names]
    found += [f"no reason says {case.says!r}: {said}"] if case.says and not any(case.says in reason for reason in said) else []
    found += [f"a reason that cannot be printed: {reason!r}" for reason in said if not reason.isprintable()]
    found += [f"it wrote {path}" for path in folder.iterdir() if path != file] + (["it changed the folder"] if os.getcwd() != here else [])
    return found + [f"still running: {pid}" for pid in left_running(token)]


def left_running(token: str) -> list[str]:
    """What still runs a few seconds later: a process that was killed needs a moment to be gone."""
    end = time.monotonic() + 5
    while (found := running(token)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def running(token: str) -> list[str]:
    """The processes that inherited the token (known on Linux only)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if token.encode() in path.read_bytes():
                found.append(path.parts[2])
        except OSError:
            continue
    return found


def ids(chosen: list[Case]) -> list[str]:
    return [f"{case.lesson:02d}-{case.name}" for case in chosen]


def test_there_are_enough():
    assert len(CASES) >= 200 and {case.lesson for case in CASES} == set(range(18))
    names = Counter(ids(CASES))
    assert names.most_common(1)[0][1] == 1


@pytest.mark.parametrize("case", OFTEN, ids=ids(OFTEN))
def test_a_part_of_the_mangled_files(case, tmp_path, capsys, impatient):
    assert faults(case, tmp_path, capsys) == []


@pytest.mark.mangled
@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_all_mangled_files(case, tmp_path, capsys, impatient):
    assert faults(case, tmp_path, capsys) == []


# ---------------------------------------------------------------- graders that are broken on purpose


def named(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def test_a_grader_that_crashes_is_noticed(tmp_path, capsys, monkeypatch):
    def crash(file):
        raise KeyError("cells")

    monkeypatch.setattr(grading, "read", crash)
    assert faults(named("no cells"), tmp_path, capsys) == ["it crashed: KeyError('cells')"]


def test_a_grader_without_reasons_is_noticed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(grading, "readable", lambda text: "")
    assert any("no reason" in fault for fault in faults(named("empty"), tmp_path, capsys))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="which processes run is read from /proc")
def test_a_grader_that_leaves_processes_is_noticed(tmp_path, capsys, monkeypatch, impatient):
    monkeypatch.setattr(process.os, "killpg", lambda group, number: None)
    found = faults(named("a process, end"), tmp_path, capsys)
    pids = [int(fault.split()[-1]) for fault in found if fault.startswith("still running")]
    for pid in pids:
        os.kill(pid, 9)
    assert pids


def test_a_grader_that_gives_points_away_is_noticed(tmp_path, capsys, monkeypatch, impatient):
    monkeypatch.setattr(grading.Grade, "exit_code", 0)
    found = faults(named("one solution with a syntax error"), tmp_path, capsys)
    assert "exit code 0 instead of (1,)" in found


def test_a_grader_that_gives_up_is_noticed(tmp_path, capsys, monkeypatch, impatient):
    """Without a second run, a loop costs the exercises behind it."""
    runs: list[process.Run] = []

    def once(*given):
        runs.append(process.Run(problem="once only") if runs else process.run(*given))
        return runs[-1]

    monkeypatch.setattr(grading, "run", once)
    assert any("untouched, but lost" in fault for fault in faults(named("os._exit, middle"), tmp_path, capsys))
