"""``minidl evaluate`` and ``minidl predict``, ``--version`` and ``python -m minidl``."""
import json
import shutil
import subprocess
import sys

import minidl


def test_evaluate_finds_the_accuracy_of_the_run_again(run_command, trained_run):
    code, printed, err = run_command("evaluate", trained_run)
    assert (code, err) == (0, "")
    recorded = json.loads((trained_run / "config.json").read_text())["test_accuracy"]
    assert printed.strip().splitlines()[-1] == f"test accuracy {recorded:.4f}"


def test_evaluate_on_other_classes_says_so(run_command, trained_run):
    code, _, err = run_command("evaluate", trained_run, "--dataset", "shapes10")
    assert code == 1
    assert "trained on arrow, circle, crescent" in err


def test_predict_names_the_likeliest_classes(run_command, trained_run, picture_folder):
    pictures = sorted(picture_folder.glob("*/00.png"))
    code, printed, err = run_command("predict", trained_run, *pictures)
    assert (code, err) == (0, "")
    for picture in pictures:
        line = next(line for line in printed.splitlines() if str(picture) in line)
        shares = [float(word.rstrip("%")) for word in line.split() if word.endswith("%")]
        assert len(shares) == 3 and abs(sum(shares) - 100) < 0.3 and shares == sorted(shares, reverse=True)


def test_predict_refuses_what_is_no_picture(run_command, trained_run, tmp_path):
    (tmp_path / "text.png").write_text("not a picture")
    for picture in (tmp_path / "text.png", tmp_path / "nothing.png"):
        code, _, err = run_command("predict", trained_run, picture)
        assert code == 1
        assert picture.name in err and "Traceback" not in err
    assert "got a folder" in run_command("predict", trained_run, tmp_path)[2]


def test_damaged_runs_are_explained(run_command, trained_run, tmp_path):
    assert "no folder" in run_command("evaluate", tmp_path / "nope")[2]
    assert "config.json" in run_command("evaluate", tmp_path)[2]
    assert "weights.npz is a file: name the folder" in run_command("evaluate", trained_run / "weights.npz")[2]
    damaged = tmp_path / "run"
    shutil.copytree(trained_run, damaged)
    weights = damaged / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "weights.npz" in run_command("evaluate", damaged)[2]
    settings = json.loads((trained_run / "config.json").read_text(encoding="utf-8"))
    (damaged / "config.json").write_text(json.dumps(settings | {"dataset": "/moved/away"}))
    shutil.copy(trained_run / "weights.npz", weights)
    assert "were in /moved/away, which is no folder now: --dataset" in run_command("evaluate", damaged)[2]
    (damaged / "config.json").write_text("{")
    assert "damaged" in run_command("evaluate", damaged)[2]


def test_version_and_module():
    done = subprocess.run([sys.executable, "-m", "minidl", "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, f"minidl {minidl.__version__}")
    done = subprocess.run([sys.executable, "-m", "minidl"], capture_output=True, text=True, timeout=60)
    assert "train" in done.stdout + done.stderr and "predict" in done.stdout + done.stderr
