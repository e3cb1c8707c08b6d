"""Each picture looks as its reference does; and where something real is changed, it does not."""

import matplotlib
import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from minidl import optimizers, plots
from minidl.plots import descent, insides, pictures, surfaces, weights

from . import scenes
from .references import FOLDER, difference, draw
from .scenes import SCENES


@pytest.mark.parametrize("name", SCENES)
def test_it_looks_as_its_reference(name, tmp_path):
    draw(SCENES[name], drawn := tmp_path / f"{name}.png")
    if changed := difference(name, drawn):
        pytest.fail(changed, pytrace=False)


def test_references_are_small_and_none_is_left_over():
    files = list(FOLDER.iterdir())
    assert {file.name for file in files} == {f"{name}.png" for name in SCENES}
    sizes = [file.stat().st_size for file in files]
    assert max(sizes) <= 25_000 and sum(sizes) <= 500_000


def without(figure, *labels):
    """The figure without its lines of that label."""
    for axes in figure.axes:
        for line in [line for line in axes.lines if line.get_label() in labels]:
            line.remove()
    return figure


def turned(loss):
    return lambda w, b: loss(b, w)


def other_colours(module, name):
    """Draw with a colour map the other way round."""

    def change(patch, make):
        patch.setattr(module, name, getattr(module, name).reversed())
        return make()

    return change


def no_key(patch, make):
    for module in (descent, surfaces):
        patch.setattr(module, "key", lambda *_: None)
    return make()


def no_end_labels(patch, make):
    patch.setattr(descent, "end_labels", lambda *_: None)
    return make()


def linear(patch, make):
    patch.setattr(descent, "log_axis", lambda axes: None)
    return make()


def upside_down(patch, make):
    show = pictures.show
    for module in (pictures, insides, weights):
        patch.setattr(module, "show", lambda figure, picture, *where, **options: show(figure, np.asarray(picture)[::-1], *where, **options))
    return make()


def no_ring(patch, make):
    return without(make(), "best validation epoch")


def all_solid(patch, make):
    for module in (descent, surfaces):
        patch.setattr(module, "LINES", tuple((colour, "-") for colour, _ in descent.LINES))
    return make()


def no_border(patch, make):
    patch.setattr(Axes, "contour", lambda *_, **__: Artist())
    return make()


# What is changed, in which scene: a function that draws it instead of the scene.
CHANGES = {
    "a path one step short": ("descent_path", lambda patch, make: make(steps=11)),
    "no star": ("descent_path", lambda patch, make: without(make(), "least loss")),
    "no start": ("descent_path", lambda patch, make: without(make(), "_start")),
    "axes of the surface swapped": ("descent_path", lambda patch, make: make(loss=turned(scenes.valley))),
    "another title": ("descent_path", lambda patch, make: make(title="Another title")),
    "greys the other way round": ("descent_path", other_colours(surfaces, "GREYS")),
    "walks without their key": ("surface", no_key),
    "a surface with its colours the other way round": ("surface", other_colours(surfaces, "BLUES")),
    "a race without a key": ("race", no_key),
    "a race without labels at the ends": ("race", no_end_labels),
    "a race with solid lines alone": ("race", all_solid),
    "a race one update short": ("race", lambda patch, make: plots.optimizer_race(scenes.walks(29), scenes.valley)),
    "another optimizer's rule": ("race", lambda patch, make: plots.optimizer_race(
        scenes.walks() | {"Adam": scenes.walk(optimizers.RMSprop(0.4), 30)}, scenes.valley)),
    "another learning rate": ("sweep", lambda patch, make: make(rates=(0.01, 0.1, 0.3, 1.02))),
    "losses on a linear axis": ("sweep", linear),
    "curves without the best epoch": ("learning_curves", no_ring),
    "training and validation swapped": ("learning_curves", lambda patch, make: plots.learning_curves(
        {name.removeprefix("val_") if name.startswith("val_") else f"val_{name}": v for name, v in scenes.history().items()})),
    "a confusion matrix transposed": ("confusion", lambda patch, make: make(scenes.COUNTS.T)),
    "mistakes with the colours of right answers": ("confusion", lambda patch, make: patch.setattr(
        "minidl.plots.confusion.ORANGES", plots.confusion.BLUES) or make()),
    "feature maps upside down": ("feature_maps", upside_down),
    "feature maps with light for much": ("feature_maps", other_colours(insides, "BLUES")),
    "filters with orange for below 0": ("filters", other_colours(weights, "DIVERGING")),
    "filters upside down": ("filters", upside_down),
    "colour filters upside down": ("filters_colour", upside_down),
    "histograms of weights alone": ("histograms", lambda patch, make: plots.weight_histograms(scenes.net())),
    "points with x and y swapped": ("boundary", lambda patch, make: make(scenes.POINTS[:, ::-1])),
    "classes without their border": ("boundary", no_border),
    "a landscape without its solution": ("landscape", lambda patch, make: without(make(), "solution")),
    "a landscape from elsewhere": ("landscape", lambda patch, make: plots.loss_landscape(
        scenes.plane(), scenes.POINTS, scenes.INSIDE[:, None], points=9, seed=1)),
    "a map with light for much": ("grad_cam", other_colours(insides, "HEAT")),
    "a map upside down": ("grad_cam", upside_down),
    "a layer less": ("architecture", lambda patch, make: plots.architecture(scenes.plane())),
    "activations without derivatives": ("activations", lambda patch, make: without(make(), "derivative")),
    "pictures upside down": ("gallery", upside_down),
    "answers upside down": ("predictions", upside_down),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(change, monkeypatch, tmp_path):
    name, altered = CHANGES[change]
    draw(lambda: altered(monkeypatch, SCENES[name]), drawn := tmp_path / "changed.png")
    said = difference(name, drawn)
    assert f"the picture {name!r} has changed" in said
    for file in (drawn, FOLDER / f"{name}.png"):
        assert str(file) in said and file.exists()
    apart = tmp_path / "changed-failed-diff.png"
    assert (str(apart) in said and apart.exists()) or "sizes do not match" in said
    assert f"python -m tests.plots.references {name}" in said


def test_a_picture_without_reference(tmp_path):
    draw(SCENES["confusion"], tmp_path / "new.png")
    assert "draw it: python -m tests.plots.references new" in difference("new", tmp_path / "new.png")


def test_settings_of_the_reader_change_nothing(tmp_path):
    with matplotlib.rc_context({"lines.linewidth": 9, "axes.facecolor": "black", "font.size": 30, "image.cmap": "gray"}):
        draw(SCENES["learning_curves"], tmp_path / "one.png")
        assert matplotlib.rcParams["lines.linewidth"] == 9
    assert not difference("learning_curves", tmp_path / "one.png")
