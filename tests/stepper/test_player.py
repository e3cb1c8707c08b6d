"""The player in the terminal: keys, screens, and a terminal that prompt_toolkit pretends to be."""

import numpy as np
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import minidl
from minidl import Tensor, ops
from minidl.stepper.player import Player
from minidl.stepper.table import width

from .computations import dense, intro, scalar


def player_of(tape):
    return Player(tape.title, tape.notes, tape.steps)


def press(player, *keys):
    for key in keys:
        player.handle(key)
    return "\n".join(line.text for line in player.lines(80, 24))


def test_every_screen_fits():
    for tape in (scalar(), dense(), intro(1)):
        player = player_of(tape)
        for columns, rows in ((80, 24), (40, 10), (200, 60)):
            player.handle("home")
            for _ in tape.steps:
                lines = player.lines(columns, rows)
                assert len(lines) == rows and all(width(line.text) <= columns for line in lines)
                player.handle("right")


def test_moving():
    player = player_of(scalar())
    assert "step 0/13" in press(player, "left") and "forward multiply" in press(player)
    assert "step 1/13" in press(player, "right") and "step 13/13" in press(player, "end")
    assert "step 13/13" in press(player, "right") and "step 12/13" in press(player, "left") and "step 0/13" in press(player, "home")
    assert not player.done
    press(player, "q")
    assert player.done


def test_what_a_backward_step_shows():
    screen = press(player_of(scalar()), *["right"] * 7)
    for text in (
        "backward tanh", "computations.py:", "y = ops.tanh(w * x + b)", "y = 0.8005", "dL/dy, upstream = −0.399", "dy/dx = 1 − y²",
        "−0.1433 = (−0.399) × 0.3592", "dL/dx, downstream = −0.1433", "@tanh.vjp",
        "return g * (1 - y * y)", "minidl/ops/nonlinearities.py:",
    ):  # fmt: skip
        assert text in screen


def test_what_an_update_shows():
    screen = press(player_of(scalar()), "end", "left", "left")
    for text in ("update in place", "w ← w − 0.1 g", "0.5287 = 0.5 − 0.1 × (−0.2866)", "p -= 0.1 * p.grad", "change = 0.02866"):
        assert text in screen
    screen = press(player_of(dense()), "end")
    assert "w ← w − η g" in screen and "learning rate η = 0.5, update t = 1" in screen and "def update(self" in screen


def test_back_and_forth_shows_the_same():
    player = player_of(scalar())
    there = [press(player, "right") for _ in range(13)]
    back = [press(player, "left") for _ in range(13)]
    assert back[-2::-1] == there[:-1]


def test_opening_a_composite():
    player = player_of(intro(1))
    assert "a kernel did all of it at once; Enter opens" in press(player)
    screen = press(player, "enter")
    assert "inside convolution_and_pooling, computed again" in screen and "step 0/1" in screen
    assert "forward conv2d" in press(player, "enter") and "im2col" in press(player, "enter")
    assert "There is nothing inside" in press(player, "enter")
    assert "forward convolution_and_pooling" in press(player, "escape", "escape", "backspace", "escape")
    assert len(player.levels) == 1


def test_scrolling():
    player = player_of(intro(1))
    press(player, "enter", "enter")
    before = press(player)
    assert "more lines: ↓" in before
    assert press(player, "down") != before and press(player, "up") == before
    assert "more lines" not in press(player, *["down"] * 50)


def test_quiz():
    player = player_of(scalar())
    screen = press(player, *["right"] * 7, "?")
    assert "dL/dx = ?" in screen and "−0.1433" not in screen and "quiz" in screen and "Predict the gradient" in screen
    assert "the sign is not" in press(player, *"0.1433", "enter")
    assert (
        "0.14▏" in press(player, *"0.14")
        and "0.1▏" in press(player, "backspace")
        and "▏" in press(player, "backspace", "backspace", "backspace")
    )
    screen = press(player, *"-0.1433", "enter")
    assert "Right." in screen and "dL/dx, downstream = −0.1433" in screen
    assert "x▏" not in press(player, "right", "x")  # no part of a number
    assert "dL/da = ?" in press(player) and "Revealed." in press(player, "enter")
    assert "dL/da = ?" in press(player, "right") and "dL/da = ?" not in press(player, "?")


def test_a_quiz_does_not_hide_what_nobody_could_type():
    player = player_of(intro(1))
    screen = press(player, "?", "end", *["left"] * 8)
    assert "backward convolution_and_pooling" in screen and "= ?" not in screen


def test_nothing_and_notes():
    with minidl.record() as tape:
        pass
    player = player_of(tape)
    assert "Nothing was recorded" in press(player) and "no steps" in press(
        player, "right", "left", "home", "end", "enter", "?", "escape", "up"
    )


def test_long_notes_are_wrapped():
    player = Player("train.py", ["The recording ended in line 5 of train.py: ValueError: " + "very " * 30 + "long"], scalar().steps)
    lines = player.lines(80, 24)
    assert len(lines) == 24 and lines[1].text.startswith(" The recording") and lines[3].text.endswith("very long")
    assert "very" not in press(player, "right")


def test_strange_values_and_names():
    w = Tensor([np.nan, np.inf, 0.0], requires_grad=True, name="<script>\x1b[31m")
    with np.errstate(all="ignore"), minidl.record() as tape:
        (ops.log(w) / w).sum().backward()
    player = player_of(tape)
    for _ in tape.steps:
        assert "\x1b" not in press(player, "right")
    for array in (np.zeros((0, 3)), np.arange(6).reshape(2, 3), np.array(True), np.ones((9, 2))):
        with minidl.record() as tape:
            ops.sum(array)
        assert "forward sum" in press(player_of(tape))


class Screen(DummyOutput):
    def get_size(self):
        return Size(rows=24, columns=80)


def test_in_a_terminal():
    tape = scalar()
    with create_pipe_input() as keys:
        keys.send_text("\x1b[C\x1b[C\x1b[D\x1b[F\x1b[H?\r\x7f q")
        tape.play(input=keys, output=Screen())
    with create_pipe_input() as keys:
        keys.send_text("\x03")
        intro(1).play(input=keys, output=Screen())


def test_the_keys_of_a_terminal_arrive(monkeypatch):
    pressed = []
    monkeypatch.setattr(Player, "handle", lambda self, key: pressed.append(key) or setattr(self, "done", key == "q"))
    with create_pipe_input() as keys:
        keys.send_text("\x1b[C\x1b[D\x1b[A\x1b[B\x1b[H\x1b[F\r\x7f?x7")
        keys.send_text("q")
        scalar().play(input=keys, output=Screen())
    assert pressed == ["right", "left", "up", "down", "home", "end", "enter", "backspace", "?", "x", "7", "q"]


def test_without_a_terminal(capsys):
    scalar().play()
    printed = capsys.readouterr().out
    assert "14 steps" in printed and "this is no terminal" in printed
