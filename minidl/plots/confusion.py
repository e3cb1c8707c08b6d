"""What is taken for what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from .canvas import bare_box, heading_height, new_picture, number, percent, share_bar, text_width, write
from .inputs import as_array, as_labels, as_names, same_length
from .style import BLUE, BLUES, FAINT, GREY, INK, MARGIN, ORANGES, SMALL, TEXT

RECALL = 1.5  # inches for the column at the side
NAMES = 2.2  # inches at most for the class names
MOST = 40  # classes: of more, the cells are small and without numbers
Counts = npt.NDArray[np.int64]


def confusion_matrix(matrix: Any, class_names: Iterable[Any] | None = None, title: str | None = None) -> Figure:
    """Counts of true class (row) against predicted class (column), coloured by their share of the row, with each class's recall.

    ``matrix`` is a square matrix of counts, or the tuple ``(y_true, y_pred)``: class numbers of shape (n,) or (n, 1), or rows of
    shape (n, classes), of which the largest counts. Right answers are blue, on the diagonal; mistakes are orange.

    Raises ValueError for a matrix that is not square or holds anything but counts, for labels that do not fit, and for a number
    of names other than the number of classes."""
    names = None if class_names is None or isinstance(class_names, str) else list(class_names)
    counts = _counted(*matrix, names) if isinstance(matrix, tuple) and len(matrix) == 2 else _checked(matrix)
    names = as_names(class_names if names is None else names, len(counts))
    total, right = int(counts.sum()), int(np.trace(counts))
    headline = f"Accuracy {percent(right / total)}: {number(right)} of {number(total)} right"
    mistake = _largest_mistake(counts, names)

    n = len(counts)
    cell = 0.9 if n <= 3 else 0.72 if n <= 6 else 0.56 if n <= 12 else 0.44 if n <= 24 else 0.32 if n <= MOST else 0.1
    small = min(TEXT, cell * 68)  # points: names and recalls stay apart in small cells, too
    longest = max(text_width(name, small) for name in names)
    left_names = 0.06 + min(NAMES, longest) + 0.12
    slanted = longest > cell - 0.1
    upright = n > MOST  # slanted lines would meet
    below = min(NAMES, longest) * (1 if upright else 0.72) + 0.22 if slanted else 0.28
    side, left = n * cell, 0.32 + left_names
    width = max(left + side + 0.25 + RECALL, 5.6)
    figure = new_picture(width, 0.28 + side + below + 0.18, title or headline, mistake, _alt(counts, names, headline, mistake))
    left += MARGIN
    top = heading_height(mistake) + 0.28

    axes = bare_box(figure, left, top, side, side)
    _cells(axes, counts, cell)
    for k, name in enumerate(names):
        middle = top + (k + 0.5) * cell
        write(figure, left - 0.1, middle, name, size=small, width=NAMES, name=True, ha="right", va="center", gid="true class")
        x = left + (k + 0.5) * cell
        turn = {"rotation": 90 if upright else 45, "ha": "right", "rotation_mode": "anchor"} if slanted else {"ha": "center"}
        x += 0.03 if slanted and not upright else 0
        write(figure, x, top + side + 0.14, name, size=small, width=NAMES, name=True, va="center", gid="predicted class", **turn)
    axes.set_ylabel("true class", labelpad=(left_names + 0.1) * 72)
    axes.set_xlabel("predicted class", labelpad=(below + 0.02) * 72)
    _recall(figure, left + side + 0.25, top, cell, counts, small)
    return figure


def _counted(y_true: Any, y_pred: Any, names: list[Any] | None) -> Counts:
    truth, answer = as_labels(y_true, "y_true", len(names) if names else None), as_labels(y_pred, "y_pred", len(names) if names else None)
    same_length(y_true=truth, y_pred=answer)
    columns = [a.shape[1] for a in (as_array(y_true, "y_true"), as_array(y_pred, "y_pred")) if a.ndim == 2]
    n = len(names) if names else max(int(truth.max()) + 1, int(answer.max()) + 1, 2, *columns)
    return np.bincount(truth * n + answer, minlength=n * n).reshape(n, n).astype(np.int64)


def _checked(matrix: Any) -> Counts:
    counts = as_array(matrix, "the confusion matrix")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise ValueError(
            f"a confusion matrix has shape (classes, classes) with at least two classes, got {counts.shape}; "
            "labels and answers come as a pair: confusion_matrix((y_true, y_pred))"
        )
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError("a confusion matrix holds counts: whole numbers ≥ 0")
    if not counts.any():
        raise ValueError("the confusion matrix is empty: every count is 0")
    return counts.astype(np.int64)


def _largest_mistake(counts: Counts, names: list[str]) -> str:
    wrong = counts * (1 - np.eye(len(counts), dtype=np.int64))
    i, j = divmod(int(wrong.argmax()), len(counts))
    if not wrong[i, j]:
        return "No mistakes"
    return f"Most frequent mistake: {names[i]} taken for {names[j]}, {number(int(wrong[i, j]))} of {number(int(counts[i].sum()))} times"


def _cells(axes: Axes, counts: Counts, cell: float) -> None:
    n = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    digits = len(str(counts.max()))
    size = min(12.0 if n <= 6 else 10.0, (cell - 0.06) * 72 / (0.7 * max(digits, 2)))  # 0.7: a bold digit
    colours = np.empty((n, n, 4))
    for i in range(n):
        for j in range(n):
            scale: Colormap = BLUES if i == j else ORANGES
            strength = share[i, j] if i == j else min(1.0, 1.6 * share[i, j])  # mistakes are rare: let them be seen
            colours[i, j] = scale(0.9 * strength)
            red, green, blue = colours[i, j, :3]
            if n > MOST:  # there is no room for numbers
                continue
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
            write(axes, j, i, str(counts[i, j]), size=size, ha="center", va="center", gid="count",
                  color="white" if dark else INK if counts[i, j] else "#A6A6A6", weight="bold" if i == j else "normal")  # fmt: skip
    axes.imshow(colours, interpolation="nearest", aspect="auto")
    for k in range(1, n):
        axes.axhline(k - 0.5, color="white", linewidth=1.5 if n <= MOST else 0.4)
        axes.axvline(k - 0.5, color="white", linewidth=1.5 if n <= MOST else 0.4)
    axes.spines[:].set(visible=True, color="#B3B3B3", linewidth=1)
    axes.set_xlim(-0.5, n - 0.5)
    axes.set_ylim(n - 0.5, -0.5)


def _recall(figure: Figure, left: float, top: float, cell: float, counts: Counts, small: float) -> None:
    """For each class: which share of its pictures was recognised."""
    n, bar = len(counts), 0.8
    write(figure, left, top - 0.1, "recall", color=GREY, va="bottom")
    thickness = min(0.17, 0.5 * cell)
    for k in range(n):
        size = int(counts[k].sum())
        middle = top + (k + 0.5) * cell
        share_bar(figure, left, middle - thickness / 2, bar, thickness, counts[k, k] / max(size, 1), BLUE)
        text = percent(counts[k, k] / size) if size else "no pictures"
        write(figure, left + bar + 0.1, middle, text, size=small if size else min(small, SMALL), color=INK if size else FAINT,
              va="center", gid="recall", width=RECALL - bar - 0.1)  # fmt: skip


def _alt(counts: Counts, names: list[str], headline: str, mistake: str) -> str:
    sizes = counts.sum(axis=1)
    recalls = ", ".join(f"{name} {percent(counts[k, k] / sizes[k])}" for k, name in enumerate(names) if sizes[k])
    return f"Confusion matrix of {len(names)} classes. {headline}. {mistake}. Recall: {recalls}."
