import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import minidl
from minidl import optimizers, plots
from minidl.data import house_prices
from minidl.plots.panels import short

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
    check_layout(figure)
    if kind == "contour":
        np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), ledger.path("w"))
        np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), ledger.path("b"))
    star = "Least loss 566.03, near w = 9, b = 3"  # no grid point is as low as that
    assert star in texts(figure, "title")[0] and star in plots.alt_text(figure)
    assert "from (4, −15), loss 2,790, to" in plots.alt_text(figure) and "in 12 updates" in plots.alt_text(figure)
    check_layout(plots.loss_surface(lambda w, b: 1.0, (0, 1), (0, 1)))


def test_a_least_loss_of_0_is_called_0():
    figure = plots.loss_surface(lambda w, b: (w - 1 / 3) ** 2 + (b + 2 / 7) ** 2, (-4, 9), (-4, 9))
    assert texts(figure, "title")[0].startswith("Least loss 0, near w = 0.33, b = −0.29")


def test_a_race():
    walks = {"SGD": walk(), "Adam": walk(optimizers.Adam(1.0)), "too fast": walk(optimizers.SGD(10.0), 200)}
    figure = plots.optimizer_race(walks, loss)
    check_layout(figure)
    assert sorted(texts(figure, "end label")) == ["Adam", "SGD", "too fast, diverges"] and texts(figure, "path") == list(walks)
    np.testing.assert_array_equal(line(figure.axes[1], "Adam").get_ydata(), walks["Adam"].path("loss"))
    winner = min(("SGD", "Adam"), key=lambda name: float(walks[name].end["loss"]))
    assert texts(figure, "title")[0].startswith(f"After 200 updates {winner} is lowest: loss ")


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


def test_errors_that_cancel_have_the_mean_zero():
    w, b = np.polyfit(X, Y, 1)
    assert texts(plots.errors(X, Y, w, b), "subtitle")[0].startswith("the mean of the errors is 0: ")
    assert texts(plots.errors(X, 1e-6 * Y, 1e-6 * w, 1e-6 * b), "mean") == [f"mean\n{short(1e-12 * loss(w, b), 4)}"]


def test_errors_of_any_size_and_of_one_side():
    figure = plots.errors([1e-9, 2e-9, 3e-9], [1e12, 2e12, 5e12], 0.9e21, 0.0)
    check_layout(figure)
    assert texts(figure, "mean")[0].startswith("mean\n1.") and "cancel" not in texts(figure, "subtitle")[0]
    check_layout(plots.errors(X, 12 * Y, 8, 3))


def test_marks_stay_in_the_panel():
    figure = plots.loss_curve(loss, (3, 15), marks=(3, 15))
    check_layout(figure)
    panel, renderer = figure.axes[0].bbox, FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts if text.get_gid() == "mark"]
    assert len(boxes) == 2 and all(panel.x0 <= box.x0 and box.x1 <= panel.x1 for box in boxes)
    large = plots.loss_curve(lambda w: 1e12 * (w - 3) ** 2, (-1e6, 1e6), marks=(0, 5e5))
    check_layout(large)
    assert texts(large, "mark") == ["w = 0: 9e+12", "w = 500,000: 2.5e+23"] and texts(large, "title") == ["The loss is least at w = 0"]


def test_a_walk_on_a_curve_says_what_its_ring_is():
    assert texts(plots.loss_curve(loss, (3, 15), walk=[4.0, 8.0]), "subtitle") == ["ring: the start   dot: the end"]


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_the_key_lies_beside_the_surface(kind):
    walks = {"slow": walk(steps=80), "a label so long that it is cut, number 2": walk(optimizers.SGD(0.001))}
    figure = plots.loss_surface(loss, (2, 14), (-30, 30), walks, kind=kind)
    check_layout(figure)
    slow, other = texts(figure, "path")
    assert slow == "slow" and other.startswith("a label") and other.endswith("2")
    pieces = [artist for artist in figure.artists if artist.get_gid() == "key"]
    drawn = [line(figure.axes[0], label) for label in walks]
    assert [piece.get_color() for piece in pieces] == [one.get_color() for one in drawn]
    assert [piece.get_linestyle() for piece in pieces] == [one.get_linestyle() for one in drawn]
    assert all(min(piece.get_xdata()) > figure.axes[0].get_position().x1 - (0.05 if kind == "3d" else 0) for piece in pieces)
    alone = plots.loss_surface(loss, (2, 14), (-30, 30), walk(), kind=kind)
    assert not texts(alone, "path") and alone.get_size_inches()[0] < figure.get_size_inches()[0]


def test_in_space_there_are_ring_dot_and_star():
    ledger = walk()
    axes = plots.loss_surface(loss, (2, 14), (-30, 30), ledger, kind="3d").axes[0]
    for label, i in (("_start", 0), ("_end", -1)):
        x, y, _ = line(axes, label).get_data_3d()
        assert (x[0], y[0]) == (ledger.path("w")[i], ledger.path("b")[i])
    x, y, _ = line(axes, "least loss").get_data_3d()
    assert (x[0], y[0]) == pytest.approx((9, 3), abs=0.5)


def test_a_walk_that_leaves_the_surface_has_a_gap_in_space():
    leaving = {"leaving": walk(optimizers.SGD(0.03), 40, start=(4.0, 3.0))}
    x, _, _ = line(plots.loss_surface(loss, (2, 14), (-30, 30), leaving, kind="3d").axes[0], "leaving").get_data_3d()
    assert len(x) == 41 and 0 < np.isnan(x).sum() < 41


def test_contours_have_short_numbers():
    figure = plots.loss_surface(loss, (2, 14), (-30, 30))
    figure.draw_without_rendering()
    shown = [float(text.get_text()) for text in figure.axes[0].texts]
    assert len(shown) >= 3 and all(value % 10 == 0 for value in shown)


def test_a_loss_that_is_the_same_everywhere():
    figure = plots.loss_surface(lambda w, b: 1.0, (0, 1), (0, 1))
    assert texts(figure, "title") == ["The loss is 1 everywhere"] and not figure.axes[0].lines
    plots.loss_surface(lambda w, b: 1.0, (0, 1), (0, 1), kind="3d")


def test_rates_and_minus_signs():
    figure = plots.learning_rate_sweep(loss, {"w": 4.0, "b": 3.0}, [1e-5, 0.001])
    assert sorted(texts(figure, "end label")) == ["η = 0.001", "η = 1e−05"]


def test_a_logarithmic_axis_is_labelled_more_than_once():
    def falling(w):
        return w * w

    for rates, few in (([0.05], True), ([0.3], False)):
        figure = plots.learning_rate_sweep(falling, {"w": 4.0}, rates, steps=15)
        figure.draw_without_rendering()
        (axes,) = figure.axes
        low, high = axes.get_ylim()
        shown = [tick.label1 for tick in axes.yaxis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_text()]
        assert axes.get_yscale() == "log" and len(shown) >= 3
        assert all(("^" not in label.get_text()) == few for label in shown)
        assert not [label for label in axes.yaxis.get_minorticklabels() if label.get_text()]


def test_labels_at_the_ends_keep_to_their_curves():
    figure = plots.learning_rate_sweep(lambda w: w * w + 1, {"w": 4.0}, [0.2, 1e-4, 1e-5, 1e-6])
    check_layout(figure)
    low = next(text for text in figure.axes[0].texts if text.get_text() == "η = 0.2")
    curve = line(figure.axes[0], "η = 0.2").get_ydata()[-1]
    assert low.get_position()[1] == pytest.approx(figure.axes[0].transLimits.transform((0, curve))[1])


def test_many_labels_at_the_ends_fit():
    figure = plots.learning_rate_sweep(lambda w: w * w, {"w": 4.0}, [1e-5 * 1.4**k for k in range(24)])
    check_layout(figure)
    assert len(texts(figure, "end label")) == 24
