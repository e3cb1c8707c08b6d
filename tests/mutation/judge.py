"""What the tests say about a mutant: each is installed and tested in a child of this process, with a limit of time, so that neither a
crash nor an endless loop, nor the mutant itself, stays behind. (It forks: not for Windows.)"""

import io
import json
import math
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from minidl import checking
from minidl.kernels.numpy import threads
from minidl.switches import reference_only
from minidl.tensor import Composite, registry

from .mutants import Mutant, install

TESTS = Path(__file__).parents[1]
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))  # as pytest does for the tests

import conftest  # noqa: E402, F401  (it makes hypothesis deterministic)
import strictgpu  # noqa: E402, F401  (it registers itself as a backend)
import verdicts  # noqa: E402
from gradients import check_gradients  # noqa: E402
from ops.cases import Case, all_cases  # noqa: E402

EDGES = ["ops/test_values.py", "ops/test_mutation_gaps.py", "ops/test_dtypes.py", "ops/test_gradients.py"]
OPTIONS = ["-x", "-q", "-m", "not oracle", "-p", "no:cacheprovider"]
# Some test modules and hypothesis are imported before pytest runs, which its plugin and the rewriting of assertions complain about.
OPTIONS += ["-p", "no:hypothesispytest", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
LIMIT = 60.0  # seconds of computing for one mutant; what is right takes less than a quarter
PATIENCE = 10.0  # the seconds on the clock may be so many times more: others may compute beside us
CONVOLUTIONS = "test_convolution.py", "", ("conv2d", "convolution_layer", "convolution_and_pooling")
KERNELS: dict[str, tuple[str, str, tuple[str, ...]]] = {  # for each module: the file of its tests, words in their names, and its ops
    **dict.fromkeys(("convolution", "correlation", "memory"), CONVOLUTIONS),
    "pooling": ("test_pooling.py", "", ("max_pool2d", "average_pool2d")),
    "dense": ("test_other_kernels.py", "dense", ("dense_layer",)),
    "probabilities": ("test_other_kernels.py", "crossentrop", ("crossentropy", "softmax_crossentropy")),
    "normalization": ("test_other_kernels.py", "normalization", ("batch_normalization",)),
    "optimizers": ("test_other_kernels.py", "optimizers", ()),
}


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


@cache
def drawn(file: str, words: str, names: tuple[str, ...]) -> tuple[tuple[Callable[..., None], dict[str, Any]], ...]:
    """The tests of a file whose arguments hypothesis draws, each with all that it draws, after the cases of the kernels' ops; to be
    called while all kernels are right."""
    found: list[Any] = []
    for name, test in vars(import_module(f"kernels.numpy.{file.removesuffix('.py')}")).items():
        if hasattr(test, "hypothesis") and words in name:
            body = test.hypothesis.inner_test
            test.hypothesis.inner_test = lambda body=body, **arguments: found.append((body, arguments))
            test()
            test.hypothesis.inner_test = body
    mine = [case for case in cases() if case.name in names]
    every = import_module("kernels.numpy.test_every_kernel")
    same, reached = every.test_the_kernel_equals_the_op, every.test_every_kernel_is_reached_and_answers_with_one_gradient_for_each_input
    return (*((same, {"case": case}) for case in mine), *found, (reached, {}))


def kernels(file: str, words: str, names: tuple[str, ...]) -> str | None:
    """The first of these cases where a kernel and its readable form differ, with threads for the least work."""
    threads.WORTH = 1
    for test, arguments in drawn(file, words, names):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                test(**arguments)
        except Exception as error:
            return f"{test.__name__}: {type(error).__name__}: {error}"
    return None


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
    """A pytest plugin: of the tests that have a case, those of these ops; of the others, those with these words, that draw nothing."""

    def __init__(self, names: Sequence[str], words: str | None):
        self.names, self.words, self.failure = names, words, ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        of = {item: getattr(item, "callspec", None) and item.callspec.params.get("case") for item in items}
        if self.names:
            items[:] = [item for item in items if of[item] is None or of[item].name in self.names]
        if self.words is not None:
            items[:] = [item for item in items if of[item] or self.words in item.name and not hasattr(item.obj, "hypothesis")]

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and not self.failure:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.failure = f"{report.nodeid}: {crash.message if crash else report.longrepr}"


def by_pytest(paths: Sequence[str], names: Sequence[str] = (), words: str | None = None) -> str | None:
    """The first failure among these tests (of these ops, with these words)."""
    only = _Only(names, words)
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(said):
        status = pytest.main([*OPTIONS, *paths], plugins=[only])
    return None if status == 0 else only.failure or f"pytest ended with {status}: {said.getvalue()[-400:]}"


def stages_for(names: Sequence[str], sample: bool = False) -> list[Stage]:
    stages: list[Stage] = [("gradients", lambda: gradients(names)), ("edges", lambda: edges(names))]
    if sample:
        return stages
    for case in cases():
        passes(case)  # now, while all rules are right
    return [*stages, ("composites", lambda: composites(names))]


def stages_for_kernels(module: str) -> list[Stage]:
    file, words, names = KERNELS[module]
    drawn(file, words, names)  # now, while all kernels are right
    paths = [str(TESTS / "kernels" / "numpy" / file)]
    return [("kernels", lambda: kernels(file, words, names)), ("edges of kernels", lambda: by_pytest(paths, words=words))]


# ---------------------------------------------------------------- in a child


def judge(mutant: Mutant | None, stages: Sequence[Stage], limit: float = LIMIT) -> Verdict:
    """The first stage that notices the mutant (None: nothing is mutated, and nothing may be noticed)."""
    return next(judged([(mutant, stages)], limit=limit))[1]


def judged(asked: Iterable[tuple[Mutant | None, Sequence[Stage]]], at_once: int = 1, limit: float = LIMIT) -> Iterator[tuple[int, Verdict]]:
    """(number, verdict) for what is asked about each mutant, as they come: ``at_once`` children work side by side."""
    waiting, children = enumerate(asked), dict[int, _Child]()
    while True:
        while len(children) < at_once and (one := next(waiting, None)):
            child = _Child(one[0], *one[1], limit)
            children[child.reading] = child
        if not children:
            return
        first_end = min(child.end for child in children.values())
        ready = select.select([*children], [], [], max(0.0, first_end - time.monotonic()))[0]
        for reading, child in [*children.items()]:
            if reading in ready and (more := os.read(reading, 65536)):
                child.said += more
            elif reading in ready or time.monotonic() >= child.end:
                del children[reading]
                yield child.number, child.verdict(limit)


class _Child:
    """A forked process that answers for one mutant."""

    def __init__(self, number: int, mutant: Mutant | None, stages: Sequence[Stage], limit: float):
        self.number, self.end, self.said = number, time.monotonic() + PATIENCE * limit, b""
        self.reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: the child uses none of them
            self.pid = os.fork()
        if self.pid == 0:
            import resource  # here, where we have forked: Windows has neither

            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limit), math.ceil(limit)))
            os.write(writing, json.dumps(_answer(mutant, stages)).encode()[:60000])
            os._exit(0)
        os.close(writing)

    def verdict(self, limit: float) -> Verdict:
        if late := time.monotonic() >= self.end:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.reading)
        status = os.waitpid(self.pid, 0)[1]
        if self.said and not late:
            return Verdict(*json.loads(self.said))
        if late or os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
            return Verdict(True, "time", f"more than {limit:.0f} s")
        return Verdict(True, "crash", "the process ended")


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
