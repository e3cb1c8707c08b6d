"""``minidl info``."""
import pytest

from minidl import kernels, machine
from minidl.cli import info
from minidl.kernels import HandedBack


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(machine, "product_rate", lambda threads: 5e10 if threads == 1 else 9.4e10)


@pytest.mark.usefixtures("quick")
def test_info(run_command, monkeypatch):
    monkeypatch.setattr(machine, "advice", lambda found: [])
    code, out, err = run_command("info")
    assert (code, err) == (0, "")
    for name, text in info.rows(machine.look()):
        assert name in out and text.split()[0] in out
    assert "50 GFLOP/s on one thread, 94 GFLOP/s on all" in out
    assert "Nothing is badly set." in out


@pytest.mark.usefixtures("quick")
def test_advice_is_printed(run_command, monkeypatch):
    monkeypatch.setattr(machine, "advice", lambda found: ["Do [this]."])
    assert "Advice: Do [this]." in run_command("info")[1]


def test_what_is_unknown_is_said(run_command, monkeypatch):
    monkeypatch.setattr(
        machine, "look", lambda: machine.Machine("unknown", (), 1, machine.Blas(), None, None, "unknown", "not installed", "?", {})
    )
    code, out, _ = run_command("info")
    assert code == 0 and "an unknown amount" in out and "threads: unknown" in out and "No BLAS" in out


def test_kernels(run_command, monkeypatch):
    assert run_command("info", "--kernels")[0] == 0
    monkeypatch.setattr(info, "CASES_HANDED_BACK", [])
    assert "No kernel leaves" in run_command("info", "--kernels")[1]
    monkeypatch.setattr(info, "CASES_HANDED_BACK", [HandedBack("conv2d", "dilation above 1", "0.98 of its time")])
    out = run_command("info", "--kernels")[1]
    assert "conv2d" in out and "dilation above 1" in out and "0.98 of its time" in out


def test_what_kernels_declare_is_what_is_printed():
    assert info.CASES_HANDED_BACK is kernels.CASES_HANDED_BACK
    assert all(isinstance(case, HandedBack) and all(case) for case in kernels.CASES_HANDED_BACK)
