"""A tape's own ways to be looked at."""

import contextlib
import html
import json
import re

import numpy as np
import pytest

import minidl
from minidl import Tensor, ops
from minidl.stepper import Backward

from .computations import dense, intro, scalar
from .pagetext import EVIL, Scripts, tape_in


def test_a_page(tmp_path):
    path = tmp_path / "step.html"
    scalar().to_html(path)
    assert tape_in(path.read_text(encoding="utf-8"))["title"] == "computations.py"
    assert list(tmp_path.iterdir()) == [path]
    dense().to_html(str(path))
    assert path.stat().st_size < 1_000_000


def test_data_cannot_break_out_of_the_page(tmp_path):
    w = Tensor([1.0], requires_grad=True, name=EVIL)
    with minidl.record() as tape:
        (w * w).backward()
    tape.title = EVIL
    tape.to_html(tmp_path / "evil.html")
    scalar().to_html(tmp_path / "harmless.html")
    text, harmless = ((tmp_path / name).read_text(encoding="utf-8") for name in ("evil.html", "harmless.html"))
    assert "alert(1)<" not in text and len(Scripts(text).scripts) == len(Scripts(harmless).scripts)
    assert tape_in(text)["title"] == EVIL and tape_in(text)["tensors"][0]["name"] == EVIL


def test_the_page_of_the_intro_net_is_not_too_large(tmp_path):
    intro(32).to_html(tmp_path / "step.html")
    assert (tmp_path / "step.html").stat().st_size < 5_000_000


def test_all_numbers_beside_the_page(tmp_path):
    tape = dense()
    tape.to_html(tmp_path / "net.html", arrays=True)
    data = tape_in((tmp_path / "net.html").read_text(encoding="utf-8"))
    assert "net-arrays.npz" in data["notes"][-1]
    with np.load(tmp_path / "net-arrays.npz", allow_pickle=False) as saved:
        for i, tensor in enumerate(data["tensors"]):
            assert list(saved[f"tensor_{i}"].shape) == tensor["value"]["shape"]
        for i, step in enumerate(tape.steps):
            if isinstance(step, Backward):
                assert np.array_equal(saved[f"step_{i}_g"], step.g)
                assert all(own is None or np.array_equal(saved[f"step_{i}_grad_{k}"], own) for k, own in enumerate(step.grads))
            elif step.phase == "update":
                assert np.array_equal(saved[f"step_{i}_after"], step.after.array)
    assert tape.notes == []


def test_in_a_notebook():
    w = Tensor([1.0], requires_grad=True, name=EVIL)
    with minidl.record() as tape:
        (w * w).backward()
    shown = tape._repr_html_()
    (frame,) = re.findall(r'<iframe srcdoc="([^"]*)"', shown)
    assert shown.count("<") == 2 and "alert(1)<" not in shown
    assert tape_in(html.unescape(frame))["tensors"][0]["name"] == EVIL


def test_names_are_safe_in_text():
    w = Tensor([1.0], requires_grad=True, name="\x1b[31mred\n")
    with minidl.record() as tape:
        (w * w).backward()
    assert "\x1b" not in str(tape)


def test_an_exception_in_the_block():
    with contextlib.suppress(ValueError), minidl.record() as tape:
        ops.exp(1.0)
        raise ValueError("no such thing")
    assert len(tape) == 1
    assert re.fullmatch(r"The recording ended in line \d+ of test_tape.py: ValueError: no such thing", tape.error)
    assert tape.data()["notes"][0] == tape.error and tape.error in str(tape)


def test_a_recording_in_a_recording():
    with minidl.record() as outer:
        ops.exp(1.0)
        with minidl.record() as inner:
            ops.tanh(1.0)
        ops.sqrt(1.0)
    assert [step.op.name for step in outer.steps] == ["exp", "tanh", "sqrt"]
    assert [step.op.name for step in inner.steps] == ["tanh"]
    json.dumps(inner.data(), allow_nan=False)


def test_a_page_written_in_a_recording_is_no_part_of_it(tmp_path):
    w = Tensor(0.5, requires_grad=True)
    with minidl.record() as outer:
        with minidl.record() as inner:
            ops.tanh(w).backward()
        inner.to_html(tmp_path / "step.html")
        str(inner)
    assert [step.op.name for step in outer.steps] == ["tanh", "tanh"]


def test_gradients():
    w, unused = Tensor(2.0, requires_grad=True), Tensor(1.0, requires_grad=True)
    with minidl.record() as tape:
        (w * w * w).backward()
    assert tape.gradient(w) == 12 and tape.gradient(unused) is None


def test_predictions():
    tape = scalar()
    assert tape.check_prediction(7, "-0.1433").right
    with pytest.raises(ValueError, match="this is forward"):
        tape.check_prediction(0, "1")


def test_what_it_is_called():
    assert repr(scalar()) == "<Tape of 'computations.py': 14 steps>"


def test_stepping_back_and_forth_changes_nothing():
    tape = dense()
    before = json.dumps(tape.data())
    for step in [*tape.steps, *reversed(tape.steps)]:
        tape.body(step)
    str(tape)
    assert json.dumps(tape.data()) == before
