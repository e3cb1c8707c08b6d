"""Moving pictures: a walk downhill, and the border between classes while a model learns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress

from minidl.callbacks import Callback
from minidl.checks import number, whole

from .canvas import alt_text, write
from .inputs import Numbers
from .landscapes import Examples, boundary_picture, draw_answers
from .panels import LINES, short
from .style import GREY, MARGIN, SUBTITLE
from .surfaces import Range, loss_surface, walks_of


class Animation:
    """A moving picture: ``save("descent.gif")``, or ``save("descent.html")`` for a page with controls. A notebook shows it with controls.
    While it is rendered, a progress bar says how far it is (on a terminal)."""

    def __init__(self, figure: Figure, draw: Callable[[int], Any], frames: int, seconds: float):
        self.figure, self.draw, self.frames, self.seconds = figure, draw, whole("frames", frames), number("seconds", seconds, above=0)

    def save(self, path: Any) -> Path:
        """Write it; the ending decides the format, .gif or .html. Missing folders are made. Returns the path."""
        file = Path(path)
        if file.suffix.lower() not in (".gif", ".html"):
            raise ValueError(f"an animation is saved as .gif or .html; got {file.name!r}")
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix.lower() == ".html":
            title = alt_text(self.figure).replace("&", "&amp;").replace("<", "&lt;")
            page = f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{title}</title><body>{self._html()}</body></html>'
            file.write_text(page, encoding="utf-8")
            return file
        with _progress(self.frames, f"rendering {file.name}") as tick:
            self._made().save(file, writer=PillowWriter(fps=self._rate), dpi=90, progress_callback=lambda *_: tick())
        return file

    def _repr_html_(self) -> str:
        return self._html()

    @property
    def _rate(self) -> Any:  # frames a second; matplotlib's types ask for whole ones, for no reason
        return max(self.frames / self.seconds, 0.5)

    def _made(self, tick: Callable[[], Any] | None = None) -> FuncAnimation:
        def draw(i: int) -> list[Any]:
            self.draw(i)
            if tick:
                tick()
            return []

        return FuncAnimation(self.figure, draw, frames=self.frames, init_func=lambda: [], interval=1000 / self._rate, blit=False)

    def _html(self) -> str:
        with rc_context({"animation.embed_limit": 100, "savefig.dpi": 90}), _progress(self.frames, "rendering the frames") as tick:
            return _offline(str(self._made(tick).to_jshtml(fps=self._rate, default_mode="once")))


def _offline(page: str) -> str:
    """matplotlib's controls take the pictures on their buttons from another host; signs of the font do as well."""
    signs = {
        "minus": "−", "plus": "+", "fast-backward": "⏮", "step-backward": "‹", "play fa-flip-horizontal": "◀", "pause": "⏸", "play": "▶",
        "step-forward": "›", "fast-forward": "⏭",
    }  # fmt: skip
    page = re.sub(r"<link\b[^>]*>", "", page)
    return re.sub(r'<i class="fa fa-([\w -]+)"></i>', lambda found: signs.get(found[1], found[1]), page)


def descent_animation(
    loss: Callable[[float, float], Any], w: Range, b: Range, walks: Any, names: tuple[str, str] = ("w", "b"), seconds: float = 6.0,
    title: str | None = None,
) -> Animation:  # fmt: skip
    """Walks over a surface, one update a frame (at most 150 frames). The arguments are those of `loss_surface`; ``seconds``: how long it
    runs."""
    paths = walks_of(walks)
    if not paths:
        raise ValueError("walks is empty: give a Ledger, or a dictionary of several")
    figure = loss_surface(loss, w, b, walks, names, title=title)
    (axes,) = figure.axes
    for line in [line for line in axes.lines if line.get_label() not in ("least loss", "_start")]:
        line.remove()
    subtitle = next(text for text in figure.texts if text.get_gid() == "subtitle")
    subtitle.set_text("ring: the start   dot: where it is   star: the least loss")
    points = {label: np.stack([walk.path(name) for name in names]) for label, walk in paths.items()}
    drawn = {}
    for label, (colour, style) in zip(paths, cycle(LINES)):
        drawn[label] = (
            axes.plot([], [], color=colour, linestyle=style, linewidth=1.8, label=label, zorder=4)[0],
            axes.plot([], [], "o", color=colour, markersize=8, markeredgecolor="white", zorder=5, label="_now")[0],
        )
    longest = max(path.shape[1] for path in points.values())
    moments = np.unique(np.linspace(0, longest - 1, min(longest, 150)).astype(int))
    counter = _counter(figure)

    def draw(i: int) -> None:
        t = int(moments[i])
        for label, (path, now) in drawn.items():
            x, y = points[label][:, : t + 1]
            path.set_data(x, y)
            now.set_data(x[-1:], y[-1:])
        values = [float(walk.path("loss")[min(t, points[label].shape[1] - 1)]) for label, walk in paths.items()]
        counter.set_text(f"update {t}: loss {_loss(values[0])}" if len(values) == 1 else f"update {t}")

    return Animation(figure, draw, len(moments), seconds)


def _loss(value: float) -> str:
    return f"{value:,.1f}" if 100 <= abs(value) < 1e6 else short(value, 3)


class BoundaryFrames(Callback):
    """A callback that keeps the border between classes of a model with two inputs, for `animation`:

        frames = plots.BoundaryFrames(x, y)
        model.fit(x, y, epochs=60, callbacks=[frames])
        frames.animation().save("boundary.gif")

    ``x``: (n, 2); ``every``: how many epochs lie between two frames; ``points``: along each side."""

    def __init__(self, x: Any, y: Any, class_names: Iterable[Any] | None = None, every: int = 1, points: int = 61):
        self.examples = Examples(x, y, class_names, whole("points", points))
        self.every = whole("every", every)
        self.epochs: list[int] = []
        self._answers: list[tuple[Numbers, Numbers]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.epochs and self.model.built:
            self._keep(0)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if (epoch + 1) % self.every == 0:
            self._keep(epoch + 1)

    def _keep(self, epoch: int) -> None:
        self.epochs.append(epoch)
        self._answers.append(self.examples.ask(self.model))

    def animation(self, seconds: float = 6.0) -> Animation:
        """The frames kept so far."""
        if not self.epochs:
            raise ValueError("there are no frames yet: give this callback to fit")
        figure = boundary_picture(self.examples, self._answers[-1], title="Learning the border")
        (axes,), counter = figure.axes, _counter(figure)
        drawn: list[Artist] = [*axes.images, *axes.collections]

        def draw(i: int) -> None:
            for artist in drawn:
                artist.remove()
            grid, own = self._answers[i]
            drawn[:] = draw_answers(axes, self.examples, grid)
            counter.set_text(f"epoch {self.epochs[i]}: {self.examples.finding(own)}")

        return Animation(figure, draw, len(self.epochs), seconds)


def _counter(figure: Figure) -> Any:
    """The line that says where in the story a frame is."""
    height = float(figure.get_size_inches()[1])
    return write(figure, MARGIN, height - 0.14, "", size=SUBTITLE, color=GREY, va="center", gid="counter")


@contextmanager
def _progress(total: int, what: str) -> Iterator[Callable[[], Any]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
