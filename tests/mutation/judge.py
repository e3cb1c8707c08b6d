"""What the tests say about a mutant: each is installed and tested in a child of this process, with a limit of time, so that neither a
crash nor an endless loop, nor the mutant itself, stays behind. (It forks: not for Windows.)"""

import io
import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from minidl import checking
from minidl.switches import reference_only
from minidl.tensor import Composite, registry

from .mutants import Mutant, install

TESTS = Path(__file__).parents[1]
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))  # as pytest does for the tests

import strictgpu  # noqa: E402, F401  (it registers itself as a backend)
import verdicts  # noqa: E402
from gradients import check_gradients  # noqa: E402
from ops.cases import Case, all_cases  # noqa: E402

EDGES = ["ops/test_values.py", "ops/test_mutation_gaps.py", "ops/test_dtypes.py", "ops/test_gradients.py"]
LIMIT = 120.0  # seconds for one mutant; the right rules take less than a quarter


class Verdict(NamedTuple):
    killed: bool
    by: str  # "gradients", "edges", "composites", "verdicts", "tests", "time"; "" for a survivor
    words: str  # what failed


Stage = tuple[str, Callable[[], str | None]]  # its name, and what finds the first failure


# ---------------------------------------------------------------- what is asked


@cache
def cases() -> tuple[Case, ...]:
    return tuple(all_cases())


def gradients(names: Sequence[str]) -> str | None:
    """The first case of these ops with a wrong gradient of order 1 or 2; a warning is an error, as in all tests."""
    return _first_failure([case for case in cases() if case.name in names])


def composites(names: Sequence[str]) -> str | None:
    """The same for the composites whose gradients pass through these ops."""
    return _first_failure([case for case in cases() if not passes(case).isdisjoint(names)])


def edges(names: Sequence[str]) -> str | None:
    """The other tests of ops: kinks and ties, dtypes, backends; of the tests by case, those of these ops."""
    return by_pytest([str(TESTS / file) for file in EDGES if (TESTS / file).exists()], names)


def wrong_verdict() -> str | None:
    """The first case of which gradcheck says the wrong thing; what it says about the kind of a mistake is left out, as it takes longest."""
    diagnose = checking.diagnose
    checking.diagnose = lambda *_, **__: []
    try:
        return verdicts.first_wrong()
    finally:
        checking.diagnose = diagnose


def _first_failure(chosen: Sequence[Case]) -> str | None:
    for case in chosen:
        try:
            with reference_only(), warnings.catch_warnings():
                warnings.simplefilter("error")
                check_gradients(case, case.arrays(), order=2)
        except Exception as error:
            return f"{case.name}: {case.label}: {type(error).__name__}: {error}"
    return None


@cache
def passes(case: Case) -> frozenset[str]:
    """The ops whose rules are asked for the gradients of a composite's case; to be called while all rules are right."""
    if not isinstance(registry[case.name], Composite):
        return frozenset()
    seen: set[str] = set()
    rules = {op: op.rule for op in registry.values() if op.rule}

    def noting(name: str, rule: Any) -> Any:
        return lambda *args, **metadata: seen.add(name) or rule(*args, **metadata)

    for op, rule in rules.items():
        op.rule = noting(op.name, rule)
    try:
        assert _first_failure([case]) is None
    finally:
        for op, rule in rules.items():
            op.rule = rule
    return frozenset(seen)


class _Only:
    """A pytest plugin: of the tests that have a case, those of these ops."""

    def __init__(self, names: Sequence[str]):
        self.names, self.failure = names, ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self.names:
            of = {item: getattr(item, "callspec", None) and item.callspec.params.get("case") for item in items}
            items[:] = [item for item in items if of[item] is None or of[item].name in self.names]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failure:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.failure = f"{report.nodeid}: {crash.message if crash else report.longrepr}"


def by_pytest(paths: Sequence[str], names: Sequence[str] = ()) -> str | None:
    """The first failure among these tests (of these ops)."""
    only = _Only(names)
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(said):
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not oracle", *paths], plugins=[only])
    return None if status == 0 else only.failure or f"pytest ended with {status}: {said.getvalue()[-400:]}"


def stages_for(names: Sequence[str], sample: bool = False) -> list[Stage]:
    stages: list[Stage] = [("gradients", lambda: gradients(names)), ("edges", lambda: edges(names))]
    return stages if sample else [*stages, ("composites", lambda: composites(names))]


# ---------------------------------------------------------------- in a child


def judge(mutant: Mutant | None, stages: Sequence[Stage], limit: float = LIMIT) -> Verdict:
    """The first stage that notices the mutant (None: nothing is mutated, and nothing may be noticed)."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: the child uses none of them
        child = os.fork()
    if child == 0:
        answer = _answer(mutant, stages)
        os.write(writing, json.dumps(answer).encode()[:60000])
        os._exit(0)
    os.close(writing)
    said, end = b"", time.monotonic() + limit
    try:
        while (left := end - time.monotonic()) > 0:
            if select.select([reading], [], [], left)[0]:
                if not (more := os.read(reading, 65536)):
                    break
                said += more
        else:
            os.kill(child, signal.SIGKILL)
            return Verdict(True, "time", f"more than {limit:.0f} s")
    finally:
        os.close(reading)
        os.waitpid(child, 0)
    return Verdict(*json.loads(said)) if said else Verdict(True, "crash", "the process ended")


def _answer(mutant: Mutant | None, stages: Sequence[Stage]) -> Verdict:
    try:
        if mutant:
            install(mutant)
        for name, find in stages:
            if failure := find():
                return Verdict(True, name, failure[:2000])
        return Verdict(False, "", "")
    except BaseException as error:
        return Verdict(True, "crash", f"{type(error).__name__}: {error}"[:2000])
