"""``minidl step``."""

import pytest

NEURON = """
import sys
from minidl import Tensor, ops
w = Tensor(float(sys.argv[2]) if len(sys.argv) > 1 else 0.5, requires_grad=True)
loss = ops.tanh(w) ** 2
loss.backward()
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(NEURON)
    return "train.py"


def test_the_table(run_command, script):
    code, out, err = run_command("step", script, "--list")
    assert (code, err) == (0, "") and out.startswith("train.py: 4 steps (2 forward, 2 backward, 0 update)\n")
    assert "tanh 1 = 0.4621" in out and "train.py:5  loss = ops.tanh(w) ** 2" in out


def test_without_a_terminal_it_prints_and_says_why(run_command, script):
    code, out, err = run_command("step", script)
    assert (code, err) == (0, "") and "4 steps" in out and "this is no terminal" in out


def test_arguments_go_to_the_script(run_command, script):
    assert "tanh 1 = 0.7616" in run_command("step", script, "--weight", "1", "--list")[1]
    assert "tanh 1 = 0.7616" in run_command("step", "--list", script, "--", "--html", "1")[1]


def test_the_page(run_command, script, tmp_path):
    code, out, err = run_command("step", script, "--html", "out.html")
    assert (code, err, out) == (0, "", "4 steps of train.py are in out.html: open it in a browser\n")
    assert "tanh" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_a_script_that_goes_to_another_folder(run_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "away").mkdir()
    (tmp_path / "train.py").write_text("import os\nos.chdir('away')\nfrom minidl import Tensor\ny = Tensor(2.0) * 3.0\n")
    assert run_command("step", "train.py", "--html", "out.html")[0] == 0
    assert "y = Tensor(2.0) * 3.0" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_an_error_in_the_script(run_command, script, tmp_path):
    (tmp_path / "train.py").write_text(NEURON + "1 / 0\n")
    for options in ([], ["--list"], ["--html", "out.html"]):
        code, out, err = run_command("step", script, *options)
        assert (code, err) == (1, "") and "The recording ended in line 7 of train.py: ZeroDivisionError: division by zero" in out
        assert "4 steps" in out


def test_sys_exit(run_command, script, tmp_path):
    (tmp_path / "train.py").write_text(NEURON + "sys.exit(2)\n")
    code, out, _ = run_command("step", script, "--list")
    assert code == 1 and "train.py ended itself with sys.exit(2)." in out
    (tmp_path / "train.py").write_text(NEURON + "sys.exit()\n")
    assert run_command("step", script, "--list")[0] == 0


def test_an_empty_tape(run_command, script, tmp_path):
    (tmp_path / "train.py").write_text("print('hello')")
    code, out, _ = run_command("step", script)
    assert code == 0 and "hello\n" in out and "Nothing was recorded" in out


def test_what_cannot_be(run_command, script, tmp_path):
    assert run_command("step", "nowhere.py")[::2] == (1, "minidl: there is no file nowhere.py\n")
    assert run_command("step", ".")[::2] == (1, "minidl: . is a folder: name a Python file\n")
    (tmp_path / "train.py").write_text("open('ran', 'w').close()")
    code, _, err = run_command("step", script, "--html", "no/such/out.html")
    assert code == 1 and "there is no folder" in err and not (tmp_path / "ran").exists()
    assert run_command("step")[0] == 2
