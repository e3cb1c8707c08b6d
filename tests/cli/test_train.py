"""``minidl train``: what it leaves, what it says, and what it says when it cannot."""
import csv
import json
import re
import resource
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

import minidl
from minidl import gpu
from minidl.cli import datasets, train
from minidl.cli.progress import LiveProgress
from minidl.models import load_model
from minidl.nets import intro


def one_sentence(code, out, err, expected_code=1):
    """The command failed with one line on standard error and no traceback."""
    assert code == expected_code
    lines = err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("minidl: "), err
    assert "Traceback" not in out + err
    return lines[0]


def test_a_run_leaves_weights_numbers_and_pictures(trained_run):
    pictures = {"pictures.png", "curves.png", "confusion.png", "predictions.png", "filters.png"}
    assert {file.name for file in trained_run.iterdir()} == {"weights.npz", "history.csv", "config.json", "report.html"} | pictures
    assert '"finished":true' in (trained_run / "report.html").read_text(encoding="utf-8")
    rows = list(csv.DictReader((trained_run / "history.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["1"]
    assert 0 < float(rows[0]["loss"]) < 10
    assert set(rows[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    config = json.loads((trained_run / "config.json").read_text())
    assert config["class_names"] == ["arrow", "circle", "crescent"]
    assert (config["batch_size"], config["epochs"], config["optimizer"], config["learning_rate"]) == (8, 1, "adam", 0.001)
    for name in ("curves", "confusion", "predictions", "filters"):
        with Image.open(trained_run / f"{name}.png") as picture:
            assert picture.width > 400 and picture.height > 300
            assert np.asarray(picture.convert("L")).std() > 5  # not blank


def test_the_file_holds_the_trained_net(trained_run):
    model = intro(classes=3)
    before = model.get_weights()
    model.load_weights(trained_run / "weights.npz")
    assert any(not np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    whole = load_model(trained_run / "weights.npz")
    assert all(np.array_equal(a, b) for a, b in zip(whole.get_weights(), model.get_weights()))
    assert whole.optimizer.iterations > 0


def test_a_training_that_diverges_is_one_sentence(run_command, picture_folder, tmp_path):
    options = ["--dataset", picture_folder, "--epochs", 3, "--optimizer", "sgd", "--learning-rate", 1e30, "--batch-size", 4]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's, about the overflow
        code, out, err = run_command("train", *options, "--out", tmp_path / "run")
    assert "diverged" in one_sentence(code, out, err) and "--learning-rate" in err
    assert not (tmp_path / "run").exists()


def test_small_folders(run_command, tmp_path):
    for count, enough in ((2, False), (3, True)):
        folder = tmp_path / f"pictures{count}"
        for name in ("a", "b"):
            (folder / name).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (32, 32), (10 * i, 0, 200 * (name == "a"))).save(folder / name / f"{i}.png")
        code, out, err = run_command("train", "--dataset", folder, "--epochs", 1, "--out", tmp_path / f"run{count}")
        assert code == (0 if enough else 1), err
        if not enough:
            assert "at least 3 pictures" in one_sentence(code, out, err)


def test_the_last_lines_are_the_test_accuracy_and_the_folder(run_command, picture_folder, tmp_path):
    out = tmp_path / "deep" / "run"
    code, printed, _ = run_command("train", "--dataset", picture_folder, "--epochs", 1, "--batch-size", 16, "--out", out)
    *_, accuracy, folder = printed.strip().splitlines()
    assert code == 0
    assert accuracy.startswith("test accuracy 0.") or accuracy == "test accuracy 1.0000"
    assert folder == str(out)
    assert str(picture_folder) in printed.splitlines()[0]
    assert "Total params" in printed
    assert "epoch 1/1" in printed


def test_the_same_seed_gives_the_same_weights(run_command, picture_folder, tmp_path):
    weights = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        run_command("train", "--dataset", picture_folder, "--epochs", 1, "--seed", seed, "--out", tmp_path / name)
        with np.load(tmp_path / name / "weights.npz") as file:
            weights.append([file[f"weight {i}"] for i in range(8)])
    assert all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1]))
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], weights[2]))


def test_the_weights_kept_are_those_of_the_best_epoch(run_command, picture_folder, tmp_path):
    """With a rate far too large the loss grows: the best epoch is not the last."""
    options = ["--dataset", picture_folder, "--optimizer", "sgd", "--learning-rate", 0.5, "--batch-size", 8]
    code, printed, _ = run_command("train", *options, "--epochs", 4, "--out", tmp_path / "run")
    assert code == 0
    losses = [float(row["val_loss"]) for row in csv.DictReader((tmp_path / "run" / "history.csv").read_text().splitlines())]
    best = losses.index(min(losses)) + 1
    assert f"kept the weights of epoch {best}," in printed
    assert json.loads((tmp_path / "run" / "config.json").read_text())["best_epoch"] == best
    run_command("train", *options, "--epochs", best, "--out", tmp_path / "shorter")
    with np.load(tmp_path / "run" / "weights.npz") as kept, np.load(tmp_path / "shorter" / "weights.npz") as shorter:
        assert all(np.array_equal(kept[f"weight {i}"], shorter[f"weight {i}"]) for i in range(8))


def test_no_epochs_leaves_the_untrained_net(run_command, picture_folder, tmp_path):
    code, printed, _ = run_command("train", "--dataset", picture_folder, "--epochs", 0, "--out", tmp_path / "run")
    assert code == 0
    assert "for 0 epochs" in printed
    assert (tmp_path / "run" / "history.csv").read_text().startswith("epoch,loss")
    assert (tmp_path / "run" / "weights.npz").is_file()


@pytest.mark.parametrize("optimizer", ["sgd", "Momentum", "rmsprop", "adagrad", "adamw"])
def test_optimizers_and_their_rate(run_command, picture_folder, tmp_path, optimizer):
    code, _, err = run_command(
        "train", "--dataset", picture_folder, "--epochs", 1, "--optimizer", optimizer, "--learning-rate", 0.002, "--out", tmp_path / "run"
    )
    assert (code, err) == (0, "")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (config["optimizer"], config["learning_rate"]) == (optimizer.lower(), 0.002)


def test_the_plan_is_shown_before_it_starts(run_command, picture_folder, tmp_path):
    code, printed, _ = run_command("train", "--dataset", picture_folder, "--epochs", 2, "--batch-size", 8, "--out", tmp_path / "run")
    assert code == 0
    plan = re.search(r"A step with a batch of 8 takes about .*; an epoch of (\d+) samples about .*, 2 of them .*\.\n", printed)
    assert plan and int(plan[1]) == json.loads((tmp_path / "run" / "config.json").read_text())["train"]
    assert plan.end() <= printed.index("epoch 1/2")
    assert "operations a step" in printed and "The time budget" not in printed and "more memory" not in printed


def test_a_time_budget_ends_the_training(run_command, picture_folder, tmp_path):
    options = ["--dataset", picture_folder, "--epochs", 50, "--batch-size", 4, "--time-budget", "0.001 s"]
    code, printed, _ = run_command("train", *options, "--out", tmp_path / "run")
    assert code == 0
    assert "The time budget of 1 ms will probably end it before." in printed
    assert "Trained 0 epochs and 1 of 10 steps of the next in " in printed
    assert len(list(csv.DictReader((tmp_path / "run" / "history.csv").read_text().splitlines()))) == 1
    assert json.loads((tmp_path / "run" / "config.json").read_text())["time_budget"] == "0.001 s"


def test_too_little_memory_is_said(run_command, picture_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("minidl.cli.train.memory_free", lambda: 2**20)
    printed = run_command("train", "--dataset", picture_folder, "--epochs", 1, "--out", tmp_path / "run")[1]
    assert "That is more memory than the 1.0 MB that are free: try a smaller --batch-size." in printed


def test_xray_trains_on_two_classes(run_command, picture_folder, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)

    def few(*_):
        return [(rng.integers(0, 255, (n, 256, 256, 1), "uint8"), rng.integers(0, 2, (n, 1))) for n in (4, 2, 2)]

    monkeypatch.setattr("minidl.data.chests2.load_data", few)
    code, printed, err = run_command("train", "--model", "xray", "--epochs", 1, "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    assert "chests2" in printed.splitlines()[0]
    assert "54,627" in printed
    assert (tmp_path / "run" / "confusion.png").is_file()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--model", "intr"], "did you mean 'intro'?"),
        (["--dataset", "shapes"], "did you mean 'shapes10'?"),
        (["--optimizer", "adm"], "did you mean 'Adam'"),
        (["--epochs", "-1"], "--epochs must be a whole number ≥ 0"),
        (["--batch-size", "0"], "--batch-size must be a whole number ≥ 1"),
        (["--learning-rate", "-0.1"], "--learning-rate must be a finite number ≥ 0"),
        (["--learning-rate", "nan"], "--learning-rate must be a finite number"),
        (["--time-budget", "soon"], "--time-budget is a number of seconds, or a text like '90 s'"),
        (["--seed", "-5"], "--seed must be a whole number"),
        (["--data-dir", "/nowhere/at/all"], "/nowhere/at/all"),
        (["--model", "xray", "--dataset", "shapes10"], "xray"),
        (["--dataset", "shapes10", "--data-dir", "."], "--data-dir"),
        (["--out", __file__ + "/run"], "test_train.py"),
    ],
)
def test_bad_options_are_one_sentence_before_anything_is_made(run_command, tmp_path, monkeypatch, options, expected):
    def not_yet(*args, **kwargs):
        raise AssertionError("data were drawn before the options were checked")

    monkeypatch.setattr(datasets.data.shapes10, "load_data", not_yet)
    sentence = one_sentence(*run_command("train", *([] if "--out" in options else ["--out", tmp_path / "run"]), *options))
    assert expected in sentence
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "--epoch", "2"], "--epochs"),
        (["train", "--epochs", "many"], "--epochs"),
        (["trai"], "train"),
        (["predict"], "run"),
    ],
)
def test_a_misspelt_command_line_is_one_sentence(run_command, arguments, expected):
    assert expected in one_sentence(*run_command(*arguments), expected_code=2)


def test_nothing_is_overwritten(run_command, picture_folder, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    sentence = one_sentence(*run_command("train", "--dataset", picture_folder, "--epochs", 1, "--out", tmp_path / "run"))
    assert "exists already" in sentence
    assert [file.name for file in (tmp_path / "run").iterdir()] == ["mine.txt"]


def test_a_truncated_cifar_file_is_named(run_command, tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
        (folder / name).write_bytes(b"\0" * 3073)
    (folder / "batches.meta.txt").write_text("airplane\n")
    sentence = one_sentence(*run_command("train", "--data-dir", tmp_path, "--out", tmp_path / "run"))
    assert ".bin" in sentence


def test_no_space_left(picture_folder, tmp_path):
    """With a limit on the size of files, as on a full disk: one sentence, and no half-written weights."""
    code = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from minidl.cli import main
import minidl.cli.train, minidl.plots, matplotlib.backends.backend_agg, matplotlib.font_manager
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.argv = ["minidl", "train", "--dataset", {str(picture_folder)!r}, "--epochs", "1", "--out", {str(tmp_path / "run")!r}]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("minidl: ")
    assert "large" in done.stderr or "space" in done.stderr
    assert not list((tmp_path / "run").glob("*weights*"))
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_stopping_keeps_what_was_learned(run_command, picture_folder, tmp_path, monkeypatch):
    fit = minidl.Model.fit

    def interrupted(self, *args, callbacks, **kwargs):
        class Impatient(minidl.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if epoch == 1:
                    raise KeyboardInterrupt

        return fit(self, *args, callbacks=[*callbacks, Impatient()], **kwargs)

    monkeypatch.setattr(minidl.Model, "fit", interrupted)
    code, printed, _ = run_command("train", "--dataset", picture_folder, "--epochs", 5, "--out", tmp_path / "run")
    assert code == 0
    assert "stopped in epoch 2; trained on 38 pictures for 1 epoch" in printed
    assert "test accuracy" in printed
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 2


def test_stopping_by_hand_is_said_with_a_time_budget_too(run_command, picture_folder, tmp_path, monkeypatch):
    class Impatient(LiveProgress):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    monkeypatch.setattr(train, "LiveProgress", Impatient)
    code, printed, _ = run_command("train", "--dataset", picture_folder, "--time-budget", "1 h", "--out", tmp_path / "run")
    assert code == 0
    assert "stopped in epoch 2; trained on 38 pictures for 1 epoch" in printed


def test_auto_says_what_it_took_and_how_to_get_the_other(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.data.cifar10, "available", lambda path=None: False)
    name, sentence = datasets.choose("auto", "intro", None)
    assert name == "shapes10" and "cifar10" in sentence
    monkeypatch.setattr(datasets.data.cifar10, "available", lambda path=None: True)
    name, sentence = datasets.choose("auto", "intro", None)
    assert name == "cifar10" and "shapes10" in sentence
    assert datasets.choose("auto", "xray", None)[0] == "chests2"
    monkeypatch.setattr(datasets.data.cifar10, "available", lambda path=None: False)
    monkeypatch.setenv("MINIDL_DATA", "/no/such/folder")
    name, sentence = datasets.choose("auto", "intro", None)
    assert name == "shapes10" and "(MINIDL_DATA is /no/such/folder, where there is no cifar-10-batches-bin/" in sentence
    assert datasets.choose(str(tmp_path), "intro", None)[0] == str(tmp_path)


@pytest.mark.parametrize("way", ["option", "variable"])
def test_the_backend_can_be_chosen(run_command, picture_folder, tmp_path, monkeypatch, way):
    if way == "variable":
        monkeypatch.setenv("MINIDL_BACKEND", "strictgpu")
    option = ["--backend", "strictgpu"] if way == "option" else []
    code, printed, _ = run_command("train", "--dataset", picture_folder, "--epochs", 1, "--out", tmp_path / "run", *option)
    assert code == 0
    assert "test accuracy" in printed
    assert json.loads((tmp_path / "run" / "config.json").read_text())["backend"] == "strictgpu"


def test_a_backend_that_does_not_work_is_one_sentence(run_command, picture_folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    gpu.load_cupy.cache_clear()
    for name, words in (("cupy", "pip install 'minidl[cuda13]'"), ("toaster", "no backend is called 'toaster'")):
        code, _, error = run_command("train", "--dataset", picture_folder, "--out", tmp_path / "run", "--backend", name)
        assert code == 1 and words in error and "Traceback" not in error
    assert not (tmp_path / "run").exists()


def test_a_run_can_be_watched(run_command, picture_folder, tmp_path):
    out = tmp_path / "run"
    code, printed, _ = run_command("train", "--dataset", picture_folder, "--epochs", 1, "--batch-size", 16, "--out", out, "--watch")
    assert code == 0 and "watch the training at http://127.0.0.1:" in printed and (out / "report.html").exists()
