import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from minidl import plots
from minidl.data.cifar10 import CLASS_NAMES

from .conftest import check_layout, texts


@pytest.mark.parametrize("names", [
    ["no", "yes"], ["normal", "effusion"], [1, 2, 3], list(CLASS_NAMES), [f"a fairly long name, number {i}" for i in range(13)],
    [str(i) for i in range(16)], ["$x^", "_y$", "<&>", "ß", "Übung ✓"],
])  # fmt: skip
def test_all_sizes(names, rng):
    n = len(names)
    counts = rng.integers(0, 40, (n, n)) + np.diag(rng.integers(50, 5000, n))
    figure = plots.confusion_matrix(counts, names)
    check_layout(figure)
    cells = figure.axes[0]
    assert (cells.get_xlabel(), cells.get_ylabel()) == ("predicted class", "true class")
    assert texts(figure, "count") == [str(c) for c in counts.ravel()]
    assert len(texts(figure, "true class")) == len(texts(figure, "predicted class")) == n
    if n <= 10:
        assert texts(figure, "true class") == texts(figure, "predicted class") == [str(name) for name in names]
    shares = np.diag(counts) / counts.sum(1)
    assert texts(figure, "recall") == [f"{100 * s:.1f} %" for s in shares]


def test_the_title_says_the_accuracy_and_the_largest_mistake():
    figure = plots.confusion_matrix([[900, 100, 0], [0, 1000, 0], [0, 350, 650]], ["cat", "dog", "fox"])
    assert texts(figure, "title") == ["Accuracy 85.0 %: 2\u2009550 of 3\u2009000 right"]
    assert texts(figure, "subtitle") == ["Most frequent mistake: fox taken for dog, 350 of 1\u2009000 times"]
    assert "fox 65.0 %" in plots.alt_text(figure)


def test_right_answers_are_blue_and_mistakes_orange():
    colours = plots.confusion_matrix([[8, 2, 0], [3, 7, 0], [0, 0, 5]]).axes[0].images[0].get_array()
    blue, orange, none = colours[0, 0], colours[0, 1], colours[0, 2]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    np.testing.assert_array_equal(none, [1, 1, 1, 1])


@pytest.mark.parametrize("form", [
    lambda y: y, lambda y: y[:, None], lambda y: y.astype(np.uint8), lambda y: y.astype(float), lambda y: list(y), lambda y: np.eye(4)[y],
])  # fmt: skip
def test_labels_in_every_form(form):
    y_true, y_pred = np.array([0, 1, 2, 2, 3, 3]), np.array([0, 1, 2, 1, 3, 3])
    figure = plots.confusion_matrix((form(y_true), form(y_pred)), ["a", "b", "c", "d"])
    assert texts(figure, "count") == [str(n) for n in (1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 2)]


def test_a_class_without_pictures_has_no_recall():
    figure = plots.confusion_matrix(([0, 0, 1], [0, 2, 1]), ["a", "b", "c"])
    assert texts(figure, "recall") == ["50.0 %", "100 %", "no pictures"]


def test_perfect():
    figure = plots.confusion_matrix(np.diag([3, 4]))
    assert texts(figure, "title") == ["Accuracy 100 %: 7 of 7 right"]
    assert texts(figure, "subtitle") == ["No mistakes"]


@pytest.mark.parametrize(("matrix", "names", "error", "message"), [
    (np.ones((2, 3)), None, ValueError, r"\(classes, classes\)"),
    ([[1]], None, ValueError, "at least two"),
    ([[1, 2], [3]], None, ValueError, "different lengths"),
    ([[1, -1], [0, 1]], None, ValueError, "counts"),
    ([[0.5, 0.5], [0, 1]], None, ValueError, "counts"),
    ([[np.nan, 1], [0, 1]], None, ValueError, "counts"),
    (np.zeros((2, 2)), None, ValueError, "every count is 0"),
    (np.eye(3), ["a", "b"], ValueError, "2 names for 3 classes"),
    (np.array([0, 1]), np.array([0, 1]), ValueError, r"come as a pair: confusion_matrix\(\(y_true, y_pred\)\)"),
    (np.eye(3), "abc", TypeError, "list of names"),
    (([0, 1], [0]), None, ValueError, "y_true with 2, y_pred with 1"),
    (([0, 1], [0, 2]), ["a", "b"], ValueError, "y_pred holds the class 2"),
    (([0, -1], [0, 1]), None, ValueError, "the class -1"),
    (([0, 1], [[0.2], [0.9]]), None, ValueError, "output > 0.5"),
    (([], []), None, ValueError, "empty"),
    (([0, 1], np.eye(3)[:2]), ["a", "b"], ValueError, "3 columns for 2 classes"),
    (([0, 1], np.ones((2, 2, 2))), None, ValueError, "must have shape"),
    ((["a", "b"], ["a", "b"]), None, TypeError, "must be numbers"),
])  # fmt: skip
def test_what_does_not_fit_is_explained(matrix, names, error, message):
    with pytest.raises(error, match=message):
        plots.confusion_matrix(matrix, names)


def test_a_hundred_classes_fit_on_a_page(rng):
    counts = rng.integers(0, 40, (100, 100)) + np.diag(rng.integers(50, 500, 100))
    figure = plots.confusion_matrix(counts, [f"class {i}" for i in range(100)])
    check_layout(figure)
    assert max(figure.get_size_inches()) < 16
    assert not texts(figure, "count") and len(texts(figure, "recall")) == len(texts(figure, "predicted class")) == 100


def test_large_counts_stay_in_their_cells():
    figure = plots.confusion_matrix([[393001179, 3], [4, 8]])
    renderer, cells = FigureCanvasAgg(figure).get_renderer(), figure.axes[0]
    figure.draw_without_rendering()
    number = next(text for text in cells.texts if text.get_text() == "393001179")
    assert number.get_window_extent(renderer).width < cells.bbox.width / 2


def test_names_that_begin_alike_are_told_apart():
    names = [f"a very long class name that never seems to end {i}" for i in range(3)]
    shown = texts(plots.confusion_matrix(np.eye(3), names), "true class")
    assert len(set(shown)) == 3 and all("…" in name for name in shown)
