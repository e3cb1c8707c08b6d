"""``minidl lesson``: what its commands write and say. The grading itself is tested in tests/lesson_runner."""
import pytest

NAME = "03_gradient_descent"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_start_writes_here_or_into_a_folder_and_overwrites_nothing(run_command, tmp_path):
    assert run_command("lesson", "start", 3)[0] == 0 and (tmp_path / f"{NAME}.py").is_file()
    assert run_command("lesson", "start", 3, "mine", "--notebook")[0] == 0 and (tmp_path / "mine" / f"{NAME}.ipynb").is_file()
    (tmp_path / f"{NAME}.py").write_text("mine")
    code, _, err = run_command("lesson", "start", 3)
    assert code == 1 and "nothing is overwritten" in err and (tmp_path / f"{NAME}.py").read_text() == "mine"


def test_start_wants_a_folder(run_command, tmp_path):
    (tmp_path / "notes.txt").write_text("")
    code, _, err = run_command("lesson", "start", 3, "notes.txt")
    assert (code, err) == (1, "minidl: notes.txt is a file: name a folder to write into\n")


def test_open_leaves_a_notebook_that_is_there(run_command, tmp_path):
    assert "written: " in run_command("lesson", "open", 3)[1]
    (tmp_path / f"{NAME}.ipynb").write_text("mine")
    code, out, _ = run_command("lesson", "open", 3)
    assert code == 0 and "left as it is" in out and (tmp_path / f"{NAME}.ipynb").read_text() == "mine"


def test_a_file_that_is_not_there_is_said_once(run_command):
    code, out, _ = run_command("lesson", "check", 3, "nowhere")
    assert code == 2 and out.count("there is no nowhere: minidl lesson start 3 FOLDER writes it") == 1
    assert "0 of 14 points" in out


def test_solutions_have_no_marks(run_command):
    code, out, _ = run_command("lesson", "solution", 3)
    assert code == 0 and "return w - rate * g\n" in out and "SOLUTION" not in out
