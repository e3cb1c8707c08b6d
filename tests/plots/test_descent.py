import numpy as np
import pytest

import minidl
from minidl import optimizers, plots
from minidl.data import house_prices

from .conftest import check_layout, texts

X, Y = house_prices.load_data()


def loss(w, b=3.0):
    return ((w * X + b - Y) ** 2).mean()


def walk(optimizer=None, steps=12, start=(4.0, -15.0)):
    return minidl.descend(loss, dict(zip("wb", start)), optimizer or optimizers.SGD(0.01), steps)


def line(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


def test_errors():
    figure = plots.errors(X, Y, 8, 3, "rooms", "price")
    check_layout(figure)
    left, right = figure.axes
    assert texts(figure, "title") == ["ŷ = 8·x + 3: mean squared error 599.41"] and texts(figure, "mean") == ["mean\n599.41"]
    segments = left.collections[0].get_segments()
    np.testing.assert_allclose([s[1][1] - s[0][1] for s in segments], Y - (8 * X + 3))
    np.testing.assert_allclose([bar.get_height() for bar in right.patches], (Y - (8 * X + 3)) ** 2)  # X is sorted
    assert (left.get_xlabel(), left.get_ylabel()) == ("rooms", "price")
    check_layout(plots.errors([2.0], [3.0], -1.5, -0.25))


def test_a_loss_curve_with_marks_and_with_a_walk():
    figure = plots.loss_curve(lambda w: loss(w), (3, 15), marks=(7, 8, 9))
    check_layout(figure)
    assert texts(figure, "mark") == ["w = 7: 703.16", "w = 8: 599.41", "w = 9: 566.05"]
    assert texts(figure, "title") == ["The loss is least at w = 8.97"]  # not 8.95, the lowest of the points drawn
    curve = line(figure.axes[0], "loss")
    np.testing.assert_allclose(curve.get_ydata()[[0, -1]], [loss(3.0), loss(15.0)])
    ledger = minidl.descend(lambda w: ((w * X + 3 - Y) ** 2).mean(), {"w": 4.0}, "sgd", 7)
    figure = plots.loss_curve(loss, (3, 15), walk=ledger)
    check_layout(figure)
    np.testing.assert_array_equal(line(figure.axes[0], "walk").get_xdata(), ledger.path("w"))
    np.testing.assert_allclose(line(figure.axes[0], "walk").get_ydata(), ledger.path("loss"))
    assert plots.loss_curve(lambda e: e**2, (-1, 1), "error", y_label="square").axes[0].get_ylabel() == "square"
    assert "over b" in texts(plots.loss_curve(lambda b: b * 2.0, (0, 1), name="b"), "title")[0]


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_a_surface_with_a_path(kind):
    ledger = walk()
    figure = plots.loss_surface(loss, (2, 14), (-30, 30), ledger, kind=kind)
    if kind == "contour":
        check_layout(figure)
        np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), ledger.path("w"))
        np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), ledger.path("b"))
    star = "Least loss 566.03, near w = 9, b = 3"  # no grid point is as low as that
    assert star in texts(figure, "title")[0] and star in plots.alt_text(figure)
    assert "from (4, −15), loss 2,790, to" in plots.alt_text(figure) and "in 12 updates" in plots.alt_text(figure)
    check_layout(plots.loss_surface(lambda w, b: 1.0, (0, 1), (0, 1)))


def test_a_race():
    walks = {"SGD": walk(), "Adam": walk(optimizers.Adam(1.0)), "too fast": walk(optimizers.SGD(10.0), 200)}
    figure = plots.optimizer_race(walks, loss)
    check_layout(figure)
    assert sorted(texts(figure, "end label")) == ["Adam", "SGD", "too fast, diverges"] and texts(figure, "path") == list(walks)
    np.testing.assert_array_equal(line(figure.axes[1], "Adam").get_ydata(), walks["Adam"].path("loss"))
    winner = min(("SGD", "Adam"), key=lambda name: float(walks[name].end["loss"]))
    assert texts(figure, "title")[0].startswith(f"After 200 updates {winner} is lowest: loss ")


def test_the_names_of_the_paths_hide_no_path():
    """They stand in the first corner that is free: left above, right above, left below, right below."""
    corners = {"left above": (4.0, 28.0), "right above": (12.0, 28.0), "left below": (2.2, -28.0)}
    stay = {name: minidl.descend(loss, {"w": w, "b": b}, optimizers.SGD(1e-9), 3) for name, (w, b) in corners.items()}

    def place(*names):
        figure = plots.loss_surface(loss, (2, 14), (-30, 30), {name: stay[name] for name in names})
        check_layout(figure)
        names = [text for text in figure.axes[0].texts if text.get_gid() == "path"]
        (x, y), side = names[0].get_position(), names[0].get_ha()
        return side, x, y > 0.5

    assert place("left below") == ("left", 0.02, True)
    assert place("left above", "left below") == ("right", 0.98, True)
    assert place("left above", "right above") == ("left", 0.02, False)
    assert place(*corners) == ("right", 0.98, False)


def test_a_sweep():
    rates = [1e-4, 1e-3, 0.01, 0.1]
    figure = plots.learning_rate_sweep(loss, {"w": 4.0, "b": 3.0}, rates)
    check_layout(figure)
    assert texts(figure, "title") == ["η = 0.01 comes lowest in 30 updates"]
    assert texts(figure, "subtitle") == ["η = 0.1 moves away from the minimum"]
    expected = minidl.descend(loss, {"w": 4.0, "b": 3.0}, optimizers.SGD(1e-3), 30)
    np.testing.assert_array_equal(line(figure.axes[0], "η = 0.001").get_ydata(), expected.path("loss"))
    assert texts(plots.learning_rate_sweep(loss, {"w": 4.0}, [1.0, 2.0]), "title") == ["Every rate is too large"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.errors([1, 2], [1], 0, 0), ValueError, "same length"),
        (lambda: plots.errors([], [], 0, 0), ValueError, "at least one"),
        (lambda: plots.errors([1, np.nan], [1, 2], 0, 0), ValueError, "finite"),
        (lambda: plots.loss_curve(loss, (3, 3)), ValueError, "from < to"),
        (lambda: plots.loss_surface(loss, (3, 1), (0, 1)), ValueError, r"w must be \(from, to\)"),
        (lambda: plots.loss_surface(loss, (0, 1), (0, 1), kind="bars"), ValueError, "'contour' or '3d'"),
        (lambda: plots.loss_surface(loss, (0, 1), (0, 1), {"a": [1, 2]}), TypeError, "Ledger objects"),
        (lambda: plots.loss_surface(lambda w, b: np.nan, (0, 1), (0, 1)), ValueError, "finite nowhere"),
        (lambda: plots.optimizer_race({}, loss), ValueError, "walks is empty"),
        (lambda: plots.learning_rate_sweep(loss, {"w": 1.0}, []), ValueError, "rates is empty"),
    ],
)
def test_mistakes_are_explained(call, error, message):
    with pytest.raises(error, match=message):
        call()
