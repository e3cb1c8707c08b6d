"""Measuring: who takes part, what is checked, and how processes answer."""
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import memory, peers, rounds
from benchmarks.cases import KINDS, Case, cases, contestants
from benchmarks.contestants import ALL, ALLOCATOR, MINIDL, Contestant
from benchmarks.nets import NETS, Conv, Net, growing
from benchmarks.peers import PEERS, Peer
from benchmarks.worker import timed
from benchmarks.workers import Process, WorkerError

SMALL = growing(image=8, channels=2, depth=1)


def test_losses_must_agree():
    right = [2.0, 1.5, 1.2, 1.1, 1.0]
    rounds.check_losses({"minidl": right, "a": right, "b": [2.00001, 1.501, 1.21, 1.1, 1.0]})
    with pytest.raises(rounds.LossesDiffer, match=r"step 2: the loss of minidl is 1.5.*, that of b 1.51"):
        rounds.check_losses({"minidl": right, "a": right, "b": [2.0, 1.51, 1.2, 1.1, 1.0]})
    for step in range(5):
        for wrong in (1.02 * right[step], float("nan")):
            with pytest.raises(rounds.LossesDiffer, match=f"step {step + 1}"):
                rounds.check_losses({"minidl": right, "a": [*right[:step], wrong, *right[step + 1 :]]})


def test_minidl_is_measured_in_a_process_of_its_own():
    result = rounds.measure(Case("step", SMALL, 2, 1), [MINIDL], 2, 0.001, 2, lambda name: None)
    assert len(result.numbers["minidl"]) == 2 and all(0 < t < 60 for t in result.numbers["minidl"])
    assert len(result.losses["minidl"]) == len(rounds.TOLERANCES)
    assert result.described["minidl"]["threads"] == 1  # it was told, as the machine has 2
    assert result.ratio("minidl") is None and result.ratio("torch") is None


def test_a_worker_says_what_is_wrong():
    with Process(MINIDL, 1, 2) as worker:
        with pytest.raises(WorkerError, match="minidl: TypeError"):
            worker.ask("build", no_such=1)
        assert worker.ask("describe")["versions"]["minidl"]  # and goes on


def test_a_worker_that_ends_is_noticed():
    with Process(MINIDL, 1, 2) as worker:
        worker.process.kill()
        with pytest.raises(WorkerError, match="minidl ended with"):
            worker.ask("describe")


def test_a_peer_that_cannot_be_measured_is_left_out_with_its_reason():
    nobody = Contestant("x", "x", "no_such_framework")
    result = rounds.measure(Case("step", SMALL, 2, 1), [MINIDL, nobody], 1, 0.001, 2, lambda name: None)
    assert list(result.numbers) == ["minidl"] and result.failed["x"].startswith("x: ModuleNotFoundError")
    impossible = Net("impossible", (4, 4, 1), (Conv(2, 9, "valid"),))
    with pytest.raises(WorkerError, match="does not fit an image"):
        rounds.measure(Case("step", impossible, 2, 1), [MINIDL], 1, 0.001, 2, lambda name: None)


def test_the_best_of_a_group_is_quoted():
    result = rounds.Result(
        Case("step", SMALL, 2, 1), {"minidl": [4, 4, 8], "first": [8, 8, 16], "last": [2, 2, 4]},
        {"minidl": "minidl", "first": "torch", "last": "torch"},
    )  # fmt: skip
    assert result.best("torch") == "last"
    assert result.ratio("torch").median == 2
    assert result.as_json()["minidl by"] == {"torch": {"best": "last", "median": 2, "low": 2, "high": 2}}


def test_cases():
    every = list(cases(list(KINDS), list(NETS), cores=2, quick=False))
    assert {case.kind for case in every} == set(KINDS) - {"import"}  # startup.py does that one
    assert {case.threads for case in every if case.kind == "step"} == {1, 2}
    assert {case.batch for case in every if case.net.name == "xray"} == {16}
    assert {c.framework for c in contestants(every[0], list(PEERS))} == {"minidl", "product", *PEERS}
    assert [c.name for c in contestants(every[0], [])] == ["minidl", "product"]
    fit = next(case for case in every if case.kind == "fit")
    assert [c.name for c in contestants(fit, list(PEERS))] == ["minidl", "keras", "keras with XLA", "minidl, bare step"]
    assert [rounds.request(fit, c, 1)["request"] for c in contestants(fit, [])] == ["fit", "steps"]
    assert len(list(cases(list(KINDS), ["intro"], 2, quick=True))) < len(every) / 2
    for case in every:
        assert contestants(case, list(PEERS))[0] is MINIDL


def test_environments(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    ours = MINIDL.environment_for(2, 2)
    assert "OPENBLAS_CORETYPE" not in ours and "OMP_NUM_THREADS" not in ours  # as users run it
    assert MINIDL.environment_for(1, 2)["OMP_NUM_THREADS"] == "1"
    tuned = [c.name for c in ALL if c.environment_for(2, 2).get("MALLOC_TRIM_THRESHOLD_") == ALLOCATOR["MALLOC_TRIM_THRESHOLD_"]]
    assert tuned == ["torch tuned, channels_first", "torch tuned, channels_last"]
    assert all(c.environment_for(2, 2)["OMP_NUM_THREADS"] == "2" for c in ALL[1:])


def test_an_absent_peer_is_named_with_its_reason(monkeypatch):
    monkeypatch.setattr(Peer, "python", Path(sys.executable))
    said = []
    nobody = Peer("nobody", "Nobody", "import no_such_module", ("--no-such-option",))
    reason = peers.install(nobody, said.append)
    assert said == ["Nobody: installing --no-such-option"]
    assert reason.startswith("pip install --no-such-option failed:") and "no such option" in reason
    assert peers._imports(nobody) == "'import no_such_module' failed: ModuleNotFoundError: No module named 'no_such_module'"
    there_already = Peer("json", "JSON", "import json", ("--no-such-option",))
    assert peers.install(there_already, said.append) == ""
    assert len(said) == 1


def test_timed():
    calls = []
    assert len(timed(lambda: calls.append(1), 0.0)) == len(calls) == 3


def test_the_peak_of_memory_grows_with_what_is_held():
    """In a process of its own: this one may have memory left to give."""
    if memory.resident_peak() is None:
        pytest.skip("this system does not tell the peak of memory")
    program = "from benchmarks.memory import Peak; p = Peak(); a = p.growth(); held = bytearray(b'x' * 2**26); print(a, p.growth())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=peers.PROJECT)
    before, after = map(int, done.stdout.split())
    assert before < 2**22 and after >= 2**26
