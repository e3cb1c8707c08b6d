import numpy as np
import pytest
from matplotlib.colors import to_hex

from minidl import plots
from minidl.data import shapes10
from minidl.plots.style import BLUE, ORANGE

from .conftest import check_layout, texts

NAMES = shapes10.CLASS_NAMES


@pytest.fixture(scope="module")
def data():
    (x, y), _ = shapes10.load_data(120, 1)
    z = np.random.default_rng(1).normal(0, 1.2, (120, 10))
    z[np.arange(120), y[:, 0]] += 2
    p = np.exp(z)
    return x, y, p / p.sum(1, keepdims=True)


def frames(figure):
    return [to_hex(frame.get_edgecolor()).upper() for frame in figure.axes[0].patches]


@pytest.mark.parametrize("form", [
    lambda x: x, lambda x: (x / 255).astype(np.float32), lambda x: x[..., :1], lambda x: x[..., 0], lambda x: x[..., 0] / 255,
    lambda x: x[:, :20], lambda x: x[:, :, 1:12], lambda x: x[..., 0] > 128,
])  # fmt: skip
def test_every_form_of_picture(data, form):
    x, y, p = data
    check_layout(plots.predictions(form(x), y, p, NAMES))
    check_layout(plots.gallery(form(x), y, NAMES))


def test_the_surest_mistakes_come_first(data):
    x, y, p = data
    figure = plots.predictions(x, y, p, NAMES)
    answer, sure = p.argmax(1), p.max(1)
    wrong = np.flatnonzero(answer != y[:, 0])
    wrong = wrong[np.argsort(-sure[wrong])][:12]
    answers = texts(figure, "answer")
    assert answers[:12] == [f"✗ {NAMES[answer[i]]}" for i in wrong]
    assert texts(figure, "truth") == [f"true: {NAMES[y[i, 0]]}" for i in wrong]
    assert texts(figure, "probability")[:12] == [f"{100 * sure[i]:.0f} %" for i in wrong]
    assert [a[0] for a in answers[12:]] == ["✓"] * 6
    assert frames(figure) == [ORANGE] * 12 + [BLUE] * 6
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), x[wrong[0]])
    assert texts(figure, "title") == [f"{100 * (answer == y[:, 0]).mean():.1f} % of 120 pictures recognised"]
    assert f"{NAMES[y[wrong[0], 0]]} taken for {NAMES[answer[wrong[0]]]}" in plots.alt_text(figure)


def test_bars_are_as_long_as_the_probability():
    figure = plots.predictions(np.zeros((2, 4, 4)), [0, 1], [[0.75, 0.25], [0.6, 0.4]])
    tracks, shares = ([bar.get_width() for bar in figure.artists if bar.get_gid() == gid] for gid in ("track", "share"))
    np.testing.assert_allclose(np.divide(shares, tracks), [0.6, 0.75])


@pytest.mark.parametrize(("right", "headings"), [(1.0, ["No mistakes", "✓ Right"]), (0.0, ["✗ Mistakes", "No right answers"])])
def test_nothing_wrong_and_nothing_right(data, right, headings):
    x, y, _ = data
    p = np.full((120, 10), 0.05)
    p[np.arange(120), (y[:, 0] + (right == 0)) % 10] = 0.55
    figure = plots.predictions(x, y, p, NAMES)
    check_layout(figure)
    assert all(any(text.startswith(heading) for text in texts(figure)) for heading in headings)
    assert len(texts(figure, "answer")) == 18


@pytest.mark.parametrize("count", [1, 5, 6, 7, 40])
def test_count(data, count):
    x, y, p = data
    figure = plots.predictions(x, y, p, NAMES, count=count, columns=4)
    check_layout(figure)
    assert len(texts(figure, "answer")) == count
    check_layout(plots.predictions(x[:count], y[:count], p[:count], NAMES, count=count))


def test_two_classes_from_one_probability(data):
    x, y, _ = data
    figure = plots.predictions(x, y % 2, np.linspace(0, 1, 120)[:, None], ["a rather long name of a class", "$b$"])
    check_layout(figure)
    assert texts(figure, "answer")[-1][2:] in ("$b$", "a rather long n…") or texts(figure, "answer")[-1].endswith("…")
    one = plots.predictions(x[:1], [1], [0.2], ["no", "yes"])
    assert texts(one, "answer") == ["✗ no"]
    assert texts(one, "probability") == ["80 %"]


def test_classes_of_the_same_name_are_told_apart():
    assert texts(plots.predictions(np.zeros((1, 4, 4)), [0], [[0.1, 0.9]], ["cat", "cat"]), "answer") == ["✗ cat"]


def test_the_gallery_shows_each_class(data):
    x, y, _ = data
    figure = plots.gallery(x, y, NAMES, rows=3)
    check_layout(figure)
    assert texts(figure, "class") == list(NAMES)
    assert texts(figure, "class size") == ["12"] * 10
    assert len(figure.axes[0].images) == 30
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), x[np.flatnonzero(y == 0)[0]])
    assert texts(figure, "title") == ["120 pictures in 10 classes"]


@pytest.mark.parametrize("classes", [1, 3, 11, 26])
def test_the_gallery_with_any_number_of_classes(classes, rng):
    labels = rng.integers(0, classes, 90)
    labels[:classes] = np.arange(classes)
    check_layout(plots.gallery(rng.random((90, 8, 8)), labels, [f"class number {i}" for i in range(classes)], rows=2))


def test_a_class_without_pictures_keeps_its_place():
    figure = plots.gallery(np.zeros((2, 4, 4)), [0, 2], ["a", "b", "c"])
    assert texts(figure, "class size") == ["1", "0", "1"]


@pytest.mark.parametrize("n", [1, 3, 10, 11, 500])
def test_the_gallery_without_labels(n):
    figure = plots.gallery(np.zeros((n, 6, 6)), rows=2)
    check_layout(figure)
    assert len(figure.axes[0].images) == min(n, 20)


X, Y, P = np.zeros((3, 4, 4)), [0, 1, 0], np.full((3, 2), 0.5)


@pytest.mark.parametrize(("arguments", "options", "error", "message"), [
    ((X, Y[:2], P), {}, ValueError, "images with 3, y_true with 2, probabilities with 3"),
    ((X[:2], Y, P), {}, ValueError, "images with 2"),
    ((X, Y, P), {"class_names": ["a"]}, ValueError, "1 names for 2 classes"),
    ((X, Y, P), {"class_names": "ab"}, TypeError, "list of names"),
    ((X, [0, 1, 2], P), {}, ValueError, "the class 2"),
    ((X, Y, P * 4 - 1), {}, ValueError, None),
    ((X, Y, P * 7), {}, ValueError, "softmax"),
    ((X, Y, P * np.nan), {}, ValueError, "must lie in"),
    ((X, Y, np.zeros((3, 2, 2))), {}, ValueError, r"\(n, classes\)"),
    ((X[0], Y, P), {}, ValueError, "images must have shape"),
    ((np.zeros((3, 4, 4, 4)), Y, P), {}, ValueError, "images must have shape"),
    ((X[:0], Y, P), {}, ValueError, "empty"),
    ((X - 1, Y, P), {}, ValueError, "undo the scaling"),
    ((X * np.nan, Y, P), {}, ValueError, "must lie in"),
    ((np.full((3, 4, 4), 256), Y, P), {}, ValueError, "0…255"),
    ((X, Y, P), {"count": 0}, ValueError, "count must be a whole number"),
    ((X, Y, P), {"columns": 2.5}, ValueError, "columns must be a whole number"),
])  # fmt: skip
def test_what_does_not_fit_is_explained(arguments, options, error, message):
    if message is None:  # 1 everywhere is a probability, if an odd one
        plots.predictions(*arguments, **options)
        return
    with pytest.raises(error, match=message):
        plots.predictions(*arguments, **options)


@pytest.mark.parametrize(("options", "message"), [
    ({"labels": [0, 1]}, "images with 3, labels with 2"),
    ({"labels": Y, "class_names": ["a"]}, "the class 1"),
    ({"class_names": ["a"]}, "without labels"),
    ({"rows": True}, "rows must be a whole number"),
])  # fmt: skip
def test_what_does_not_fit_a_gallery_is_explained(options, message):
    with pytest.raises(ValueError, match=message):
        plots.gallery(X, **options)


def test_one_is_no_plural():
    one = np.zeros((1, 4, 4))
    assert texts(plots.gallery(one), "title") == ["1 picture, 4×4 pixels, grey"]
    assert texts(plots.gallery(one, [0], ["only"]), "title") == ["1 picture in 1 class"]
