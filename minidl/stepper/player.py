"""The terminal player: one step at a time, forward and back, with the arrow keys."""
import sys
from collections.abc import Callable, Sequence
from textwrap import wrap
from typing import Any

from minidl.stepper.again import Bodies
from minidl.stepper.labels import Labels
from minidl.stepper.quiz import asked_for, check_prediction
from minidl.stepper.screen import Line, step_lines
from minidl.stepper.steps import Backward, Forward, Step, step_name
from minidl.stepper.table import cut, padded, width

MOST_NOTE_LINES = 4  # of each
KEYS = "← → step   Home End   ↑ ↓ scroll   Enter open   ? quiz   q quit"
STYLES = {
    "bar": "reverse", "head": "bold", "forward": "bold ansigreen", "backward": "bold ansimagenta", "update": "bold ansiyellow",
    "maths": "ansicyan", "code": "", "dim": "ansibrightblack", "note": "bold ansired",
}  # fmt: skip
TYPED = set("0123456789+-−.,;/[]() enaif")  # what a number, nan or inf is written with


class Player:
    """What is shown, and what a key does to it. Knows no terminal: `handle` takes the name of a key, `lines` gives the screen."""

    def __init__(self, title: str, notes: Sequence[str], steps: Sequence[Step]):
        self.title, self.notes = title, list(notes)
        self.levels: list[tuple[str, Sequence[Step], int]] = [("", steps, 0)]  # name of the opened step, its steps, where we are
        self.labels, self.bodies = Labels(), Bodies()
        self.quiz, self.typed, self.hint = False, "", ""
        self.revealed: set[Step] = set()
        self.top = 0  # lines scrolled away
        self.done = False
        for step in steps:  # so that numbers in labels are those of the order of the tape
            if isinstance(step, Forward):
                self.labels.of(step.output)

    # ---------------------------------------------------------------- where we are

    @property
    def step(self) -> Step | None:
        _, steps, at = self.levels[-1]
        return steps[at] if steps else None

    @property
    def hidden(self) -> bool:
        """Whether the gradient of this step is kept back, to be predicted."""
        step = self.step
        return self.quiz and isinstance(step, Backward) and asked_for(step) is not None and step not in self.revealed

    def go(self, to: int) -> None:
        name, steps, _ = self.levels[-1]
        self.levels[-1] = name, steps, max(0, min(to, len(steps) - 1))
        self.typed, self.hint, self.top = "", "", 0

    # ---------------------------------------------------------------- keys

    def handle(self, key: str) -> None:
        """ "left", "right", "home", "end", "up", "down", "enter", "escape", "backspace", or a character."""
        at, last = self.levels[-1][2], len(self.levels[-1][1]) - 1
        moves = {"right": at + 1, " ": at + 1, "left": at - 1, "home": 0, "end": last}
        if self.hidden and (key in TYPED or key == "backspace" and self.typed or key == "enter"):
            self._predict(key)
        elif key in moves:
            self.go(moves[key])
        elif key in ("up", "down"):
            self.top = max(0, self.top + (1 if key == "down" else -1))
        elif key == "?":
            self.quiz, self.typed, self.hint = not self.quiz, "", ""
        elif key == "enter":
            self._open()
        elif key in ("escape", "backspace") and len(self.levels) > 1:
            self.levels.pop()
            self.top = 0
        elif key == "q":
            self.done = True

    def _open(self) -> None:
        step = self.step
        inside: Sequence[Step] = ()
        if isinstance(step, Forward):
            inside = self.bodies.forward(step)
        elif isinstance(step, Backward):
            inside = self.bodies.backward(step)
        if inside and step is not None:
            self.levels.append((step_name(step), inside, 0))
            self.top, self.hint = 0, ""
        else:
            self.hint = "There is nothing inside: this is one op."

    def _predict(self, key: str) -> None:
        step = self.step
        assert isinstance(step, Backward)
        if key == "backspace":
            self.typed = self.typed[:-1]
        elif key != "enter":
            self.typed += key
        elif not self.typed.strip():
            self.revealed.add(step)
            self.hint = "Revealed."
        else:
            answer = check_prediction(step, self.typed)
            self.hint = answer.hint
            if answer.right:
                self.revealed.add(step)
            self.typed = ""

    # ---------------------------------------------------------------- the screen

    def lines(self, columns: int, rows: int) -> list[Line]:
        """The screen: exactly ``rows`` lines of at most ``columns``."""
        name, steps, at = self.levels[-1]
        place = f"step {at}/{len(steps) - 1}" if steps else "no steps"
        inside = f"   inside {name}, computed again" if name else ""
        head = [_bar(f" {self.title}   {place}{inside}", "quiz " if self.quiz else "", columns)]
        notes = self.notes if at == 0 and not name else []
        head += [Line(f" {cut(row, columns - 1)}", "note") for note in notes for row in wrap(note, columns - 2)[:MOST_NOTE_LINES]]
        ask = f" Predict the gradient, then Enter (nothing: reveal): {self.typed}▏" if self.hidden else ""
        keys = _bar(f" {KEYS}{'   Esc back' if name else ''}", "", columns)
        foot = [Line(cut(f" {self.hint}", columns), "note"), Line(cut(ask, columns), "note"), keys]
        step = self.step
        body = step_lines(step, self.labels, columns - 1, self.hidden) if step is not None else []
        room = max(1, rows - len(head) - len(foot))
        self.top = max(0, min(self.top, len(body) - room))
        shown = body[self.top : self.top + room]
        if len(body) > self.top + room:
            shown[-1] = Line(f"… {len(body) - self.top - room + 1} more lines: ↓", "dim")
        shown = [Line(f" {line.text}", line.style) for line in shown]
        return [*head, *shown, *[Line("")] * (room - len(shown)), *foot][:rows]


def _bar(left: str, right: str, columns: int) -> Line:
    left = cut(left, columns - width(right) - 1)
    return Line(padded(left, columns - width(right)) + right, "bar")


def play(player: Player, print_instead: Callable[[], str], input: Any = None, output: Any = None) -> None:
    """Open the player in this terminal until q is pressed. Where there is none, print instead, and say why. (``input`` and ``output``:
    prompt_toolkit's, for tests.)"""
    if input is None and not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()):
        print(print_instead())
        print("(Printed, because this is no terminal in which keys can be pressed.)")
        return
    from prompt_toolkit.application import Application
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.keys import Keys
    from prompt_toolkit.layout import Layout, Window
    from prompt_toolkit.layout.controls import FormattedTextControl
    from prompt_toolkit.styles import Style

    keys = KeyBindings()

    def text() -> Any:
        size = application.output.get_size()
        lines = player.lines(size.columns, size.rows)
        return [part for line in lines for part in ((f"class:{line.style}" if line.style else "", line.text), ("", "\n"))][:-1]

    def press(event: Any) -> None:
        key = event.key_sequence[0].key
        name = str(getattr(key, "value", key))
        known = {"c-m": "enter", "c-j": "enter", "c-h": "backspace", "<any>": event.data, "c-c": "q"}
        player.handle(known.get(name, name))
        if player.done:
            application.exit()

    for key in (Keys.Left, Keys.Right, Keys.Up, Keys.Down, Keys.Home, Keys.End, Keys.Enter, Keys.Backspace, Keys.Escape, Keys.Any):
        keys.add(key, eager=key is not Keys.Escape)(press)
    keys.add("c-c")(press)
    application: Application[None] = Application(
        layout=Layout(Window(FormattedTextControl(text, show_cursor=False), wrap_lines=False)),
        key_bindings=keys, full_screen=True, style=Style.from_dict(STYLES), input=input, output=output,
    )  # fmt: skip
    application.ttimeoutlen = application.timeoutlen = 0.05  # Esc acts at once
    application.run()
