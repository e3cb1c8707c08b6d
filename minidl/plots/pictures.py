"""Galleries: the data, and what a model made of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from minidl.checks import whole

from .canvas import heading_height, new_picture, number, percent, share_bar, show, write
from .inputs import Numbers, as_images, as_labels, as_names, as_probabilities, same_length
from .style import BLUE, GAP, GREY, INK, MARGIN, ORANGE, RIGHT, SMALL, SUBTITLE, WRONG

SIDE = 1.22  # inches: the longer side of a picture among predictions
CAPTIONS = 0.62, 0.42  # inches under a wrong one and a right one
SMALL_SIDE = 0.8  # inches: the longer side of a picture in the gallery
LEAST_WIDTH = 5.6  # inches: room for the heading


def predictions(
    images: Any,
    y_true: Any,
    probabilities: Any,
    class_names: Iterable[Any] | None = None,
    count: int = 18,
    columns: int = 6,
    title: str | None = None,
) -> Figure:
    """Mistakes, the surest first, and below them right answers, from the surest to the least sure; each with its probability.

    ``images``: (n, height, width[, 1 or 3]), uint8 or floats 0…1; ``y_true``: class numbers (n,) or (n, 1); ``probabilities``:
    (n, classes), or (n, 1) for two classes. At most ``count`` pictures are shown, about half of them mistakes where there are as many
    (whole rows).

    Raises ValueError for shapes, lengths, values or a number of names that do not fit."""
    pictures, shares = as_images(images), as_probabilities(probabilities)
    truth = as_labels(y_true, "y_true", shares.shape[1])
    same_length(images=pictures, y_true=truth, probabilities=shares)
    names = as_names(class_names, shares.shape[1])
    count, columns = whole("count", count), min(whole("columns", columns), count)
    answer, sureness = shares.argmax(axis=1), shares.max(axis=1)
    wrong, right = _selected(answer == truth, sureness, count, columns)
    correct, total = int((answer == truth).sum()), len(truth)

    headline = f"{percent(correct / total)} of {number(total)} pictures recognised" if total > 1 else "One picture"
    sections = [
        (f"{WRONG} Mistakes, the surest first" if correct < total else "No mistakes", wrong),
        (f"{RIGHT} Right answers, from the surest to the least sure" if correct else "No right answers", right),
    ]
    width, height = _size(pictures, SIDE)
    step_x, steps_y = SIDE + 0.3, [height + caption + 0.2 for caption in CAPTIONS]
    tall = sum(0.5 + -(-len(chosen) // columns) * step_y for (_, chosen), step_y in zip(sections, steps_y)) - 0.25
    sentence = f"{headline}. Shown are {len(wrong)} wrong and {len(right)} right answers."
    if len(wrong):
        sentence += f" The surest mistake: {names[truth[wrong[0]]]} taken for {names[answer[wrong[0]]]} at {percent(sureness[wrong[0]])}."
    figure = new_picture(max(columns * step_x - 0.3, LEAST_WIDTH), tall, title or headline,
                         "bar: the probability that the model gave to its answer", sentence)  # fmt: skip
    top = heading_height("bar") - 0.05
    for (heading, chosen), colour, step_y in zip(sections, (ORANGE, BLUE), steps_y):
        write(figure, MARGIN, top + 0.2, heading, size=SUBTITLE + 1, weight="bold", color=colour if len(chosen) else GREY, va="center")
        top += 0.45
        for place, i in enumerate(chosen):
            row, column = divmod(place, columns)
            left, upper = MARGIN + column * step_x, top + row * step_y
            _show(figure, pictures[i], left + (SIDE - width) / 2, upper, width, height, frame=colour)
            _answer(figure, left, upper + height, colour, names[answer[i]], float(sureness[i]))
            if answer[i] != truth[i]:
                true = f"true: {names[truth[i]]}"
                write(figure, left, upper + height + 0.47, true, size=SMALL + 0.5, color=GREY, width=SIDE, name=True, va="center",
                      gid="truth")  # fmt: skip
        top += 0.05 + -(-len(chosen) // columns) * step_y
    return figure


def _selected(correct: npt.NDArray[np.bool_], sureness: Numbers, count: int, columns: int) -> tuple[Numbers, Numbers]:
    """The surest mistakes, and right answers spread evenly from the surest to the least sure. Mistakes fill whole rows where they can."""
    surest = np.argsort(-sureness, kind="stable")
    wrong, right = surest[~correct[surest]], surest[correct[surest]]
    half = -(-count // (2 * columns)) * columns if count > columns else -(-count // 2)
    show_wrong = min(len(wrong), max(half, count - len(right)), count)
    show_right = min(len(right), count - show_wrong)
    return wrong[:show_wrong], right[np.linspace(0, max(len(right) - 1, 0), show_right).round().astype(int)]


def _answer(figure: Figure, left: float, top: float, colour: str, said: str, probability: float) -> None:
    mark = WRONG if colour == ORANGE else RIGHT
    write(figure, left, top + 0.14, f"{mark} {said}", color=colour, weight="bold", width=SIDE, name=True, va="center", gid="answer")
    text = f"{100 * probability:.0f} %"
    bar = SIDE - 0.5
    share_bar(figure, left, top + 0.26, bar, 0.08, probability, colour)
    write(figure, left + SIDE, top + 0.3, text, size=SMALL, color=INK, ha="right", va="center", gid="probability")


def gallery(
    images: Any,
    labels: Any = None,
    class_names: Iterable[Any] | None = None,
    rows: int = 6,
    columns: int = 10,
    title: str | None = None,
) -> Figure:
    """The first pictures of the data: with labels, ``rows`` rows for each class under its name; else ``rows`` rows of ``columns``.

    ``images``: (n, height, width[, 1 or 3]), uint8 or floats 0…1; ``labels``: class numbers (n,) or (n, 1). Few classes get several
    columns each, ``columns`` in all; many classes are set in several bands.

    Raises ValueError for shapes, lengths, values or a number of names that do not fit."""
    pictures, rows, columns = as_images(images), whole("rows", rows), whole("columns", columns)
    shape = f"{'×'.join(map(str, pictures.shape[1:3]))} pixels, {'colour' if pictures.ndim == 4 else 'grey'}"
    if labels is None:
        if class_names is not None:
            raise ValueError("class_names without labels: give the labels, too")
        groups = [("", np.arange(min(len(pictures), rows * columns)))]
        headline, per_class = f"{many(len(pictures), 'picture')}, {shape}", columns
        sentence = f"The first {len(groups[0][1])} of {headline}."
    else:
        given = None if class_names is None or isinstance(class_names, str) else list(class_names)
        classes = as_labels(labels, "labels", len(given) if given else None)
        same_length(images=pictures, labels=classes)
        names = as_names(class_names if given is None else given, max(len(given) if given else 0, int(classes.max()) + 1))
        per_class = max(1, columns // len(names))
        groups = [(name, np.flatnonzero(classes == k)) for k, name in enumerate(names)]
        headline = f"{many(len(pictures), 'picture')} in {many(len(names), 'class', 'classes')}"
        sizes = ", ".join(f"{name} ({many(len(of), 'picture')})" for name, of in groups)
        sentence = f"{headline}, {shape}. The first of each class: {sizes}."

    width, height = _size(pictures, SMALL_SIDE)
    bands = -(-len(groups) // max(1, columns // per_class))
    across = -(-len(groups) // bands)
    used = per_class if labels is not None else min(per_class, len(pictures))
    deep = min(rows, max(-(-len(of) // per_class) for _, of in groups))
    head = 0.5 if labels is not None else 0.05
    group_width = used * (width + 0.06) - 0.06
    step_x, step_y = group_width + GAP + (0.1 if used > 1 else 0), head + deep * (height + 0.06) + 0.15
    if labels is not None:
        step_x = max(step_x, SMALL_SIDE + GAP)
    subtitle = f"{shape}; under each name, how many pictures there are" if labels is not None else ""
    if labels is None and len(groups[0][1]) < len(pictures):
        subtitle = f"the first {len(groups[0][1])}"
    figure = new_picture(max(across * step_x - GAP, LEAST_WIDTH), bands * step_y - 0.2, title or headline, subtitle, sentence)
    for k, (name, of) in enumerate(groups):
        band, place = divmod(k, across)
        left, top = MARGIN + place * step_x, heading_height(subtitle) + band * step_y
        if labels is not None:
            write(figure, left, top + 0.1, name, weight="bold", width=step_x - GAP, name=True, va="center", gid="class")
            write(figure, left, top + 0.28, number(len(of)), size=SMALL, color=GREY, va="center", gid="class size")
        for n, i in enumerate(of[: deep * per_class]):
            row, column = divmod(n, per_class)
            _show(figure, pictures[i], left + column * (width + 0.06), top + head + row * (height + 0.06), width, height)
    return figure


def many(count: int, one: str, more: str = "") -> str:
    """"1 picture", "2 pictures"."""
    return f"{number(count)} {one if count == 1 else more or one + 's'}"


def _size(pictures: Numbers, side: float) -> tuple[float, float]:
    """Width and height in inches such that the longer one is ``side``."""
    height, width = pictures.shape[1:3]
    return side * width / max(height, width), side * height / max(height, width)


def _show(figure: Figure, picture: Numbers, left: float, top: float, width: float, height: float, frame: str = "") -> None:
    show(figure, picture, left, top, width, height, frame, cmap="gray", vmin=0, vmax=255 if picture.dtype == np.uint8 else 1)
