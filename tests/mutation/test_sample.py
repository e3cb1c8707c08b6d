"""A sample of the mutants (all of them: ``make mutation``), and proofs that the scoring can say no as well as yes."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from .equivalents import EQUIVALENT
from .mutants import Mutant
from .operators import OPERATORS

PROJECT = Path(__file__).parents[2]
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants are tried in forked children")


@cache
def mutants() -> list[Mutant]:
    from .run import mutants_of_kernels, mutants_of_rules

    return mutants_of_rules() + mutants_of_kernels()


def score(tmp_path: Path, *options: str) -> tuple[int, dict[str, list], str]:
    """The command's exit status, the verdict for each mutant, and what it printed: in a process of its own, which may fork."""
    file = tmp_path / "verdicts.json"
    path = os.pathsep.join([str(PROJECT), *sys.path])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}
    command = [sys.executable, "-m", "tests.mutation.run", "--json", str(file), *options]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    return done.returncode, json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}, done.stdout + done.stderr


@forks
def test_a_sample_of_the_mutants_is_killed(tmp_path):
    status, verdicts, said = score(tmp_path, "--part", "rules", "--sample", "56")
    assert status == 0, said
    assert len(verdicts) == 56 and all(killed for killed, _, _ in verdicts.values())
    assert {by for _, by, _ in verdicts.values()} <= {"gradients", "edges"}, "none crashed the process, none took too long"
    rules = {m.target.name for m in mutants() if not m.target.name.startswith("kernels.")}
    assert {name.split(" | ")[0] for name in verdicts} == rules, "one of every rule at least"


@forks
def test_a_sample_of_the_kernels_mutants_is_killed(tmp_path):
    status, verdicts, said = score(tmp_path, "--part", "kernels", "--only", "vjp |", "--sample", "14")
    assert status == 0, said
    assert len(verdicts) == 14 and all(killed for killed, _, _ in verdicts.values())


@forks
def test_a_sample_of_the_checkers_mutants_is_killed(tmp_path):
    status, verdicts, said = score(tmp_path, "--part", "checker", "--sample", "8")
    assert status == 0, said
    assert len(verdicts) == 8 and all(killed for killed, _, _ in verdicts.values())


@forks
def test_an_equivalent_mutant_survives():
    from .judge import gradients, judge

    (mutant,) = (m for m in mutants() if m.id == "_swap | drop | x.ndim - 1 → -1")
    assert mutant.id in EQUIVALENT
    assert judge(mutant, [("gradients", lambda: gradients(["matmul"]))]) == (False, "", "")


@forks
def test_a_right_rule_survives():
    from .judge import gradients, judge

    assert judge(None, [("gradients", lambda: gradients(["divide", "max_pool2d", "matmul"]))]) == (False, "", "")


@forks
def test_a_mutant_leaves_nothing_behind():
    from .judge import gradients, judge

    (mutant,) = (m for m in mutants() if m.id == "sin | call | cos(x) → x")
    verdict = judge(mutant, [("gradients", lambda: gradients(["sin"]))])
    assert verdict.killed and verdict.by == "gradients" and "order 1, argument 0" in verdict.words
    assert gradients(["sin"]) is None


@forks
def test_what_never_ends_is_killed_and_so_is_what_crashes():
    from .judge import judge

    def forever() -> None:
        while True:
            pass

    assert judge(None, [("gradients", forever)], limit=0.3)[:2] == (True, "time")
    assert judge(None, [("gradients", lambda: os._exit(3))])[:2] == (True, "crash")


def test_there_are_many_mutants_and_every_operator_makes_some():
    assert len(mutants()) >= 200
    assert {m.operator for m in mutants()} == set(OPERATORS)


def test_names_are_unique_and_stay():
    names = [m.id for m in mutants()]
    assert len(set(names)) == len(names)
    assert names == [m.id for m in mutants.__wrapped__()]


def test_every_rule_has_mutants_and_so_has_every_kernel():
    from ops.cases import ops_of_minidl

    assert {op for m in mutants() for op in m.target.ops} == {op.name for op in ops_of_minidl() if op.rule}
    mutated = {function.__code__ for m in mutants() for function in m.target.functions}
    kernels = [op.kernels["numpy"] for op in ops_of_minidl() if "numpy" in op.kernels]
    assert len(kernels) >= 9
    assert {f.__code__ for kernel in kernels for f in (kernel.forward, kernel.vjp)} <= mutated


def test_every_equivalent_mutant_exists_and_is_argued():
    from .run import mutants_of_checker

    assert set(EQUIVALENT) <= {m.id for m in mutants() + mutants_of_checker()}
    assert all(len(argument.split()) >= 8 for argument in EQUIVALENT.values())
