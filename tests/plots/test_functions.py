import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from minidl import ops, plots

from .conftest import check_layout, texts


def line(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


def test_activations_and_their_slopes():
    figure = plots.activations()
    check_layout(figure)
    panels = {axes.get_label(): axes for axes in figure.axes}
    assert list(panels) == ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu"]
    x = line(panels["tanh"], "function").get_xdata()
    np.testing.assert_allclose(line(panels["tanh"], "function").get_ydata(), np.tanh(x))
    np.testing.assert_allclose(line(panels["tanh"], "derivative").get_ydata(), 1 - np.tanh(x) ** 2)
    assert "sigmoid and tanh are flat far from 0" in plots.alt_text(figure)
    assert texts(figure, "slope")[0] == "steepest: 0.25"


def test_functions_of_ones_own():
    figure = plots.activations([lambda x: x * ops.sigmoid(x), ops.softplus], between=(-2, 2), columns=5)
    check_layout(figure)
    assert [axes.get_label() for axes in figure.axes][1] == "softplus"


def test_one_alone_is_larger_and_all_of_it_is_seen():
    figure, several = plots.activations(["sigmoid"]), plots.activations(["sigmoid", "relu"])
    for one in (figure, several):
        check_layout(one)
    sizes = [one.axes[0].get_position().width * one.get_size_inches()[0] for one in (figure, several)]
    assert sizes[0] > 1.3 * sizes[1]
    low, high = figure.axes[0].get_ylim()
    assert -0.2 < low < 0 and 1 < high < 1.3
    assert several.axes[0].get_ylim() == several.axes[1].get_ylim() and several.axes[1].get_ylim()[1] > 2.5


@pytest.mark.parametrize("wrong", [[], "relu"])
def test_no_names(wrong):
    with pytest.raises(ValueError, match="a list of activations"):
        plots.activations(wrong)


def test_losses_of_a_probability():
    figure = plots.losses_of_a_probability()
    check_layout(figure)
    loss, slope = figure.axes
    p = line(loss, "squared loss").get_xdata()
    np.testing.assert_allclose(line(loss, "cross-entropy").get_ydata(), -np.log(p))
    np.testing.assert_allclose(line(slope, "cross-entropy").get_ydata(), -1 / p)
    np.testing.assert_allclose(line(slope, "squared loss").get_ydata(), np.gradient((1 - p) ** 2, p), atol=0.01)


def test_names_lie_on_no_curve():
    figure = plots.losses_of_a_probability()
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    for axes in figure.axes:
        for text in (text for text in axes.texts if text.get_gid() == "curve"):
            box = text.get_window_extent(renderer)
            for curve in axes.lines:
                x, y = axes.transData.transform(curve.get_xydata()).T
                assert not ((box.x0 < x) & (x < box.x1) & (box.y0 < y) & (y < box.y1)).any(), text.get_text()
