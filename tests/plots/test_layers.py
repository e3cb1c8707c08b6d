"""A model as boxes and arrows."""
import pytest
from matplotlib.patches import FancyArrowPatch, Rectangle
from PIL import Image

from minidl import Input, Model, Sequential, layers, nets, plots
from minidl.layers import Add, Dense, Dropout
from minidl.symbolic import flat

from .conftest import check_layout, texts


def branches():
    i = Input((4,), name="start")
    return Model(i, Dense(2, "softmax", name="end")(Add(name="sum")([Dense(4, name="left")(i), Dense(4, name="right")(i), i])), name="two")


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
@pytest.mark.parametrize("model", [nets.intro(), branches(), Sequential([Input((3,)), Dense(1)])], ids=["chain", "branches", "short"])
def test_boxes_and_arrows(model, rankdir):
    figure = plots.plot_model(model, None, show_shapes=True, show_layer_names=True, rankdir=rankdir)
    check_layout(figure)
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    assert len(boxes) == len(model.calls)
    assert len(arrows) == sum(len(flat(call.inputs)) for call in model.calls)
    corners = [patch.get_xy() for patch in boxes]
    assert len(set(corners)) == len(corners)


def test_layers_go_down_or_to_the_right_as_they_are_computed():
    model = branches()
    for rankdir, axis in (("TB", 1), ("LR", 0)):
        figure = plots.plot_model(model, None, rankdir=rankdir)
        start, left, right, total, end = (p.get_xy()[axis] for p in figure.axes[0].patches if isinstance(p, Rectangle))
        assert start < left == right < total < end


def test_what_stands_in_the_boxes():
    model = Sequential([Input((4,), name="i"), Dense(3, "relu", name="d"), Dropout(0.5, name="o")], name="net")
    assert texts(plots.plot_model(model, None), "layer") == ["InputLayer", "Dense", "Dropout"]
    assert texts(plots.plot_model(model, None), "title") == ["net, 15 parameters"]
    figure = plots.plot_model(model, None, True, True, True, show_layer_activations=True, show_trainable=True)
    assert texts(figure, "layer") == [
        "i (InputLayer)", "in: (None, 4)", "out: (None, 4)", "float32", "nothing to train",
        "d (Dense)", "activation: relu", "in: (None, 4)", "out: (None, 3)", "float32", "trained",
        "o (Dropout)", "in: (None, 3)", "out: (None, 3)", "float32", "nothing to train",
    ]  # fmt: skip
    model.layers[0].trainable = False
    assert "not trained" in texts(plots.plot_model(model, None, show_trainable=True), "layer")
    assert plots.alt_text(figure) == "The layers of net as boxes and arrows: d after i; o after d."


def test_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layers.reset_names()
    model = Sequential([Input((4,)), Dense(3)])
    figure = plots.plot_model(model, dpi=50)
    with Image.open("model.png") as picture:
        assert picture.size == tuple(int(50 * side + 1e-6) for side in figure.get_size_inches())
    plots.plot_model(model, "new/folder/net.svg")
    assert "<svg" in (tmp_path / "new/folder/net.svg").read_text(encoding="utf-8")


def test_what_is_refused():
    model = Sequential([Input((4,)), Dense(3)])
    with pytest.raises(ValueError, match="rankdir must be 'TB' or 'LR'"):
        plots.plot_model(model, None, rankdir="BT")
    with pytest.raises(ValueError, match="show_shapes must be True or False"):
        plots.plot_model(model, None, show_shapes=1)
    with pytest.raises(ValueError, match="expand_nested is left out"):
        plots.plot_model(model, None, expand_nested=True)
    with pytest.raises(ValueError, match="has no connected layers yet"):
        plots.plot_model(Sequential([Dense(3)]), None)
