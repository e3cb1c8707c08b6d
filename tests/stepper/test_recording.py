"""Scripts, recorded as Python would run them."""

import sys

import pytest

import minidl
from minidl.stepper import run_script
from minidl.stepper.steps import step_name

NEURON = """
from minidl import Tensor, ops
w = Tensor(0.5, requires_grad=True)
loss = ops.tanh(w) ** 2
loss.backward()
"""


@pytest.fixture
def script(tmp_path):
    def write(text, name="train.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_script(script):
    path = script(NEURON)
    tape = run_script(path)
    assert tape.title == "train.py" and tape.error is None and tape.notes == []
    assert [step_name(step) for step in tape.steps] == ["tanh", "power", "power", "tanh"]
    assert tape.steps[0].line == (str(path), 4) and "loss = ops.tanh(w) ** 2" in str(tape)
    assert [value.name for value in tape.steps[0].inputs] == ["w"] and tape.steps[1].output.name == "loss"


def test_it_runs_as_the_main_program(script, capsys):
    script("value = 7", "helper.py")
    path = script("import sys, helper\nif __name__ == '__main__':\n    print(sys.argv[1:], __file__ == sys.argv[0], helper.value)")
    before = sys.argv, sys.path[:]
    run_script(path, ["--epochs", "3"])
    assert capsys.readouterr().out == "['--epochs', '3'] True 7\n"
    assert (sys.argv, sys.path) == before


def test_an_error(script):
    tape = run_script(script(NEURON + "\nloss.no_such_thing()\n"))
    assert tape.error == "The recording ended in line 7 of train.py: AttributeError: 'Tensor' object has no attribute 'no_such_thing'"
    assert len(tape) == 4 and tape.error in str(tape)


def test_an_error_in_a_module_of_the_learner(script):
    script("def f():\n    return 1 / 0\n", "broken.py")
    assert (
        run_script(script("import broken\nbroken.f()")).error
        == "The recording ended in line 2 of broken.py: ZeroDivisionError: division by zero"
    )


def test_an_error_inside_of_minidl_names_the_learners_line(script):
    error = run_script(script("import minidl\nx = minidl.Tensor([1.0, 2.0], requires_grad=True)\n(x * 2).backward()")).error
    assert error.startswith("The recording ended in line 3 of train.py: ValueError: a gradient starts from one number")


def test_a_script_that_python_cannot_read(script):
    tape = run_script(script("x = = 1"))
    assert "SyntaxError" in tape.error and len(tape) == 0


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("0", None),
        ("", None),
        ("3", "train.py ended itself with sys.exit(3)."),
        ("'no data'", "train.py ended itself with sys.exit('no data')."),
    ],
)
def test_exit(script, code, error):
    tape = run_script(script(NEURON + f"import sys; sys.exit({code})"))
    assert tape.error == error and len(tape) == 4


def test_ctrl_c(script):
    tape = run_script(script(NEURON + "raise KeyboardInterrupt"))
    assert tape.error == "The recording ended in line 6 of train.py: it was stopped by Ctrl-C" and len(tape) == 4


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.py"):
        run_script(tmp_path / "nowhere.py")


def test_a_script_that_computes_nothing(script):
    tape = run_script(script("print('hello')"))
    assert tape.notes == ["Nothing was recorded: no op of minidl ran, or it ran in another thread."]


@pytest.mark.parametrize("room", [0, -1, "much", None, float("nan")])
def test_room_that_is_none(room):
    with pytest.raises((TypeError, ValueError), match="max_bytes"), minidl.record(room):
        pass


def test_room_without_end():
    with minidl.record(float("inf")) as tape:
        minidl.Tensor(1.0) * 2
    assert len(tape) == 1
