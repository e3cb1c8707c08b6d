"""Diagrams of nets and of calculations."""

import pytest

from minidl import Tensor, ops, plots

from .conftest import check_layout


def texts(figure, gid):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_gid() == gid]


def test_a_net_counts_its_parameters():
    figure = plots.neurons([3, 4, 2])
    assert "26 parameters" in plots.alt_text(figure)
    assert sum(len(line.get_xdata()) == 2 for line in figure.axes[0].lines) >= 20
    assert texts(figure, "layer") == ["inputs: 3", "hidden layer: 4", "outputs: 2"]


def test_a_large_layer_is_shortened():
    figure = plots.neurons([1024, 10], names=["pixels", "classes"])
    assert texts(figure, "more") == ["⋮", "⋮"]
    assert texts(figure, "layer") == ["pixels: 1\u2009024", "classes: 10"]


@pytest.mark.parametrize(("sizes", "names"), [([3], ()), ([3, 0], ()), ([3, 2], ["one"])])
def test_a_net_that_cannot_be_drawn(sizes, names):
    with pytest.raises(ValueError, match=r"layer|layers|whole"):
        plots.neurons(sizes, names)


def calculation():
    a, b = Tensor(2.0, True, "a"), Tensor(-3.0, True, "b")
    product = a * b
    product.name = "p"
    return product + a


def test_a_graph_shows_values_and_derivatives():
    figure = plots.computation_graph(calculation())
    assert texts(figure, "op") == ["a", "b", "p = a × b", "p + a"]
    assert texts(figure, "value") == ["2", "−3", "−6", "−4"]
    assert texts(figure, "gradient") == ["−2", "2", "1", "1"]
    assert texts(figure, "contribution") == ["−3", "1"], "a is used twice"
    assert "a: 2, derivative −2" in plots.alt_text(figure)


def test_a_graph_without_derivatives_leaves_no_gradient():
    y = calculation()
    figure = plots.computation_graph(y, gradients=False, title="forward")
    assert not texts(figure, "gradient") and len(texts(figure, "value")) == 4
    y.backward()  # the graph is still there


def test_constants_have_no_derivative():
    x, data = Tensor(0.5, True, "x"), Tensor(3.0, name="d")
    figure = plots.computation_graph(ops.tanh(x * data) ** 2)
    assert texts(figure, "op") == ["x", "d", "x × d", "tanh", "· ^ 2"]
    assert len(texts(figure, "gradient")) == 4


def test_boxes_do_not_meet():
    a = Tensor(1.5, True, "a")
    y = a * a + ops.tanh(a) * (a + 1) - ops.exp(a * 2)
    figure = plots.computation_graph(y)
    corners = [patch.get_bbox() for patch in figure.axes[0].patches if hasattr(patch, "get_width")]
    assert len(corners) == 9
    for i, one in enumerate(corners):
        for other in corners[:i]:
            assert not one.overlaps(other)


@pytest.mark.parametrize("y", [Tensor([1.0, 2.0], True) * 2, Tensor(1.0), 3.0])
def test_what_cannot_be_drawn_as_a_graph(y):
    with pytest.raises(ValueError, match="must be"):
        plots.computation_graph(y)


def test_long_names_of_layers_do_not_meet():
    figure = plots.neurons([2, 3, 2, 1], names=[f"a layer with a long name {i}" for i in range(4)])
    check_layout(figure)
    assert texts(figure, "layer")[-1].endswith("3: 1")


def test_minus_signs_are_those_of_print():
    x = Tensor(0.5, True, "x")
    assert texts(plots.computation_graph(x * -2.0), "op") == ["x", "x × −2"]
