"""Pictures as sheets of paper: boxes and letters placed in inches from the top left corner."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextPath

from .style import GREY, INK, MARGIN, SUBTITLE, TEXT, TITLE, TRACK


class Picture(Figure):
    """A Figure that a notebook shows, with its alternative text, although it is unknown to pyplot."""

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        file = io.BytesIO()
        self.savefig(file, format="png")
        width, height = (round(96 * side) for side in self.get_size_inches())
        return file.getvalue(), {"alt": alt_text(self), "width": width, "height": height}


def alt_text(figure: Figure) -> str:
    """What the figure shows, in words, for those who cannot see it. Empty for a figure that `minidl.plots` did not make."""
    return str(figure.get_label())


def new_picture(width: float, height: float, title: str, subtitle: str, alt: str) -> Picture:
    """An empty picture with its heading; sizes in inches, ``width`` and ``height`` without the margins and the heading."""
    figure = Picture(figsize=(width + 2 * MARGIN, height + MARGIN + heading_height(subtitle)), dpi=150, facecolor="white")
    figure.set_label(alt)
    write(figure, MARGIN, MARGIN - 0.05, title, size=TITLE, color=INK, width=width, weight="bold", va="top", gid="title")
    if subtitle:
        write(figure, MARGIN, MARGIN + 0.29, subtitle, size=SUBTITLE, color=GREY, width=width, va="top", gid="subtitle")
    return figure


def heading_height(subtitle: str) -> float:
    """Inches from the upper edge to where the content starts."""
    return MARGIN + (0.72 if subtitle else 0.45)


def box(figure: Figure, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
    """Axes at a place in inches from the top left corner, with light grey lines, left and bottom only."""
    w, h = figure.get_size_inches()
    axes = figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h), **options)
    axes.set_facecolor("white")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color="#B3B3B3", linewidth=0.8)
    axes.tick_params(colors=GREY, labelsize=TEXT - 0.5, length=3, width=0.8, color="#B3B3B3", top=False, right=False)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set(color=GREY, fontsize=TEXT, family=_families())
    return axes


def bare_box(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes without lines and ticks: for an image."""
    axes = box(figure, left, top, width, height)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def show(
    figure: Figure, picture: Any, left: float, top: float, width: float, height: float, frame: str = "", line: float = 2, **options: Any
) -> AxesImage:
    """An image at a place in inches; all of them lie in one large Axes, because a hundred Axes take seconds."""
    w, h = figure.get_size_inches()
    page = next((axes for axes in figure.axes if axes.get_label() == "page"), None)
    if page is None:
        page = figure.add_axes((0, 0, 1, 1), label="page", xlim=(0, w), ylim=(h, 0), autoscale_on=False)
        page.set_axis_off()
    if frame:
        page.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=frame, linewidth=line, gid="frame", zorder=3))
    place = (left, left + width, top + height, top)
    return page.imshow(picture, extent=place, interpolation="nearest", aspect="auto", **options)


def share_bar(figure: Figure, left: float, top: float, width: float, height: float, share: float, color: str) -> None:
    """A horizontal bar, filled for a share 0…1 of its length."""
    w, h = figure.get_size_inches()
    for part, tint, gid in ((1.0, TRACK, "track"), (share, color, "share")):
        figure.add_artist(Rectangle((left / w, 1 - (top + height) / h), part * width / w, height / h, color=tint, linewidth=0, gid=gid))


def write(
    where: Figure | Axes, x: float, y: float, text: str, *, size: float = TEXT, color: str = INK, width: float = 0, name: bool = False,
    **options: Any,
) -> Text:  # fmt: skip
    """Text in a figure, at inches from the top left corner, or in axes, at data coordinates. ``width``, in inches: a longer text is set
    smaller, to two thirds of its size, and then cut, at its end; a ``name`` in its middle, because names often differ in their last
    letters. A $ is a $."""
    if width:
        needed = text_width(text, size, options.get("weight", "normal"))
        if needed > width:
            size = max(size * 2 / 3, size * width / needed * 0.995)
            text = shortened(text, size, width, options.get("weight", "normal"), middle=name)
    if isinstance(where, Figure):
        w, h = where.get_size_inches()
        x, y = x / w, 1 - y / h
    return where.text(x, y, text, fontsize=size, color=color, family=_families(), parse_math=False, **options)


def shortened(text: str, size: float, width: float, weight: str = "normal", middle: bool = False) -> str:
    """``text``, cut at its end or in its ``middle``, with … there, where it is wider than ``width`` inches."""
    if text_width(text, size, weight) <= width:
        return text
    kept = len(text)
    while kept:
        kept -= 1
        last = kept // 2 if middle else 0
        cut = text[: kept - last].rstrip() + "…" + text[len(text) - last :].lstrip()
        if text_width(cut, size, weight) <= width:
            return cut
    return "…"


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """The width of one line of text in inches."""
    return _width(text, weight, tuple(_families())) * size / 72 if text.strip() else 0.0


@lru_cache(maxsize=4096)
def _width(text: str, weight: str, families: tuple[str, ...]) -> float:
    path = TextPath((0, 0), text.replace("$", "S"), size=1, prop=FontProperties(family=list(families), weight=weight))
    return float(path.vertices[:, 0].max())


def _families() -> list[str]:
    """The reader's own fonts, then one that has every sign used here and comes with matplotlib."""
    return [*matplotlib.rcParams["font.family"], "DejaVu Sans"]


def number(n: int) -> str:
    """12345 as "12 345", with narrow spaces."""
    return f"{n:,}".replace(",", "\u2009")


def percent(share: float) -> str:
    """0.714 as "71.4 %"; only a whole is called 100 %, only nothing 0 %."""
    return "100 %" if share == 1 else "0 %" if share == 0 else f"{min(max(100 * share, 0.1), 99.9):.1f} %"


def listing(words: Sequence[str]) -> str:
    """a, b and c"""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
