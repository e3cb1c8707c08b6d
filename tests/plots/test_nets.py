"""Pictures of models: their layers, insides and health."""
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

import minidl
from minidl import layers, plots
from minidl.plots.canvas import percent

from .conftest import check_layout, texts

RNG = np.random.default_rng(7)
IMAGES = RNG.random((6, 12, 10, 3)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2])


def net(last="softmax", units=3, bias=0.0):
    minidl.set_seed(1)
    model = minidl.Sequential([
        minidl.Input((12, 10, 3)),
        layers.Conv2D(5, 3, activation="relu", name="first", bias_initializer=minidl.initializers.Constant(bias)),
        layers.MaxPooling2D(name="half"), layers.Flatten(name="flat"), layers.Dense(4, "relu", name="hidden"),
        layers.Dense(units, last, name="out"),
    ])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy" if units > 1 else "binary_crossentropy")
    return model


def plane(activation="tanh", depth=2):
    minidl.set_seed(1)
    model = minidl.Sequential([minidl.Input((2,)), *(layers.Dense(8, activation) for _ in range(depth)), layers.Dense(1, "sigmoid")])
    model.compile(minidl.optimizers.Adam(0.05), "binary_crossentropy")
    return model


POINTS = RNG.uniform(-1, 1, (60, 2))
SIDES = (POINTS[:, 0] > 0.2).astype(int)


def test_architecture():
    figure = plots.architecture(net())
    check_layout(figure)
    assert texts(figure, "name")[1:] == ["first", "half", "flat", "hidden", "out"]
    assert texts(figure, "shape") == ["12 × 10 × 3", "10 × 8 × 5", "5 × 4 × 5", "100", "4", "3"]
    assert texts(figure, "parameters") == ["no parameters", "140 parameters", *["no parameters"] * 2, "404 parameters", "15 parameters"]
    assert "Conv2D 3×3" in texts(figure, "kind")


def test_the_architecture_of_branches():
    x = minidl.Input((8, 8, 3))
    a, b = layers.Conv2D(4, 1, name="left")(x), layers.Conv2D(4, 1, name="right")(x)
    model = minidl.Model(x, layers.Add(name="sum")([a, b]), name="branches")
    figure = plots.architecture(model)
    check_layout(figure)
    assert len([artist for artist in figure.artists + figure.patches if isinstance(artist, FancyArrowPatch)]) == 4
    with pytest.raises(ValueError, match="layers are connected"):
        plots.architecture(minidl.Sequential([layers.Dense(2)]))


def test_feature_maps():
    model = net()
    figure = plots.feature_maps(model, IMAGES[0], "first", count=4)
    check_layout(figure)
    assert texts(figure, "title") == ["first: 5 feature maps of 10×8"] and texts(figure, "number") == ["0", "1", "2", "3"]
    expected = minidl.attribution.layer_outputs(model, IMAGES[:1])["first"].numpy()[0]
    drawn = [image.get_array() for image in figure.axes[0].images[1:]]
    for k in range(4):
        np.testing.assert_allclose(drawn[k], expected[:, :, k], rtol=1e-6)
    silent = net(bias=-100.0)
    assert "5 of them are the same everywhere" in plots.alt_text(plots.feature_maps(silent, IMAGES[0], "first"))
    for wrong, message in ((IMAGES[0], "these do: first, half"), (IMAGES, "one picture")):
        with pytest.raises(ValueError, match=message):
            plots.feature_maps(model, wrong, "out")


@pytest.mark.parametrize("name", ["grad_cam", "saliency"])
def test_where_a_model_looks(name):
    draw, compute = getattr(plots, name), getattr(minidl.attribution, name)
    model = net()
    figure = draw(model, IMAGES[:3], class_names=["a", "b", "c"])
    check_layout(figure)
    answers = model.predict(IMAGES[:3], verbose=0)
    assert texts(figure, "class") == [f"{'abc'[p.argmax()]}  {100 * p.max():.0f} %" for p in answers]
    maps = [image.get_array() for image in figure.axes[0].images[1::3]]
    np.testing.assert_allclose(maps, compute(model, IMAGES[:3]))
    one = draw(net("sigmoid", 1), IMAGES * 4 - 2, classes=0)
    check_layout(one)
    assert all(text.startswith("0  ") for text in texts(one, "class"))


def test_weight_histograms():
    model = net()
    figure = plots.weight_histograms(model)
    check_layout(figure)
    assert texts(figure, "kernel") == ["first/kernel", "hidden/kernel", "out/kernel"]
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 3 * 3 * 3 * 5
    figure = plots.weight_histograms(model, IMAGES, LABELS)
    check_layout(figure)
    assert [axes.get_label() for axes in figure.axes][:2] == ["first/kernel weight", "first/kernel gradient"]
    kernel = model.weights[0]
    loss = minidl.losses.get("sparse_categorical_crossentropy")(LABELS, model(IMAGES))
    (g,) = minidl.grad(loss, [kernel])
    spread = float(g.numpy().std())
    assert texts(figure, "spread")[1] == f"σ = {spread:.2g}".replace("-", "−")
    with pytest.raises(ValueError, match="has no kernels yet"):
        plots.weight_histograms(minidl.Sequential([layers.Dense(2)]))


def test_gradient_flow():
    models = {"sigmoid": plane("sigmoid", 6), "tanh": plane("tanh", 6)}
    figure = plots.gradient_flow(models, POINTS, SIDES[:, None])
    check_layout(figure)
    assert texts(figure, "title")[0].startswith("sigmoid: the first layer gets 1/")
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert len(lines["tanh"]) == 7 and lines["sigmoid"][0] < lines["tanh"][0] / 10
    last = minidl.attribution.layer_outputs(models["tanh"], POINTS)[models["tanh"].layers[-1].name]
    p, y = last.numpy().astype(float), SIDES[:, None]
    np.testing.assert_allclose(lines["tanh"][-1], np.abs((p - y) / (p * (1 - p)) / len(y)).mean(), rtol=1e-4)


def test_dead_units():
    figure = plots.dead_units(net(bias=-100.0), IMAGES)
    check_layout(figure)
    hidden = minidl.attribution.layer_outputs(net(bias=-100.0), IMAGES)["hidden"].numpy()
    silent = int((hidden <= 0).all(axis=0).sum())
    assert texts(figure, "layer") == ["first", "hidden"]
    assert texts(figure, "share") == ["5 of 5, 100 %", f"{silent} of 4, {percent(silent / 4)}"]
    with pytest.raises(ValueError, match="no layer with ReLU"):
        plots.dead_units(plane(), POINTS)


def test_update_ratios():
    model, ledger = plane(), minidl.Ledger()
    model.fit(POINTS, SIDES[:, None], epochs=2, batch_size=20, verbose=0, callbacks=[ledger])
    figure = plots.update_ratios(ledger)
    check_layout(figure)
    name = model.weights[0].name
    values = next(line for line in figure.axes[0].lines if line.get_label() == name).get_ydata()
    norms = [np.linalg.norm(update) / np.linalg.norm(w) for update, w in zip(ledger[f"{name}.update"], ledger[name])]
    np.testing.assert_allclose(values, norms)
    with pytest.raises(ValueError, match="holds no kernels"):
        plots.update_ratios(minidl.descend(lambda w: w * w, {"w": 1.0}, steps=2))


@pytest.mark.parametrize("kind", ["contour", "3d"])
def test_a_loss_landscape(kind):
    model = plane()
    model.fit(POINTS, SIDES[:, None], epochs=20, verbose=0)
    before = model.get_weights()
    figure = plots.loss_landscape(model, POINTS, SIDES[:, None], points=5, kind=kind)
    check_layout(figure)
    middle = model.evaluate(POINTS, SIDES[:, None], verbose=0)
    assert f"solution: {middle:.3g} there" in texts(figure, "title")[0]
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="'contour' or '3d'"):
        plots.loss_landscape(model, POINTS, SIDES[:, None], kind="flat")


def test_a_landscape_whose_points_miss_the_middle():
    model = plane()
    model.fit(POINTS, SIDES[:, None], epochs=20, verbose=0)
    middle = model.evaluate(POINTS, SIDES[:, None], verbose=0)
    for kind in ("contour", "3d"):
        figure = plots.loss_landscape(model, POINTS, SIDES[:, None], points=2, kind=kind)
        assert f"solution: {middle:.3g} there" in texts(figure, "title")[0]
        assert ("cross" in texts(figure, "subtitle")[0]) == (kind == "contour")
    with pytest.raises(ValueError, match="points must be at least 2"):
        plots.loss_landscape(model, POINTS, SIDES[:, None], points=1)


def test_weights_that_are_not_finite_are_counted():
    model = plane()
    weights = model.get_weights()
    weights[0][0, 0], weights[2][:] = np.nan, np.inf
    model.set_weights(weights)
    spreads = texts(plots.weight_histograms(model), "spread")
    assert spreads[0].endswith("  1 not finite") and spreads[1] == f"  {weights[2].size} not finite"


def test_scores_are_told_as_probabilities():
    minidl.set_seed(2)
    model = minidl.Sequential([minidl.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)])
    pictures = 20 * RNG.random((2, 6, 6, 1)).astype("float32")
    scores = model.predict(pictures, verbose=0).astype(float)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(minidl.attribution.probabilities(scores), p)
    assert texts(plots.grad_cam(model, pictures), "class") == [f"{row.argmax()}  {100 * row.max():.0f} %" for row in p]
    s = np.array([[-3.0], [2.0]])
    np.testing.assert_allclose(minidl.attribution.probabilities(s)[:, 1:], 1 / (1 + np.exp(-s)))
    with pytest.raises(ValueError, match=r"one array of pictures \(n, H, W, C\); got 2 arrays"):
        plots.saliency(model, list(pictures))


def test_many_classes_keep_apart():
    class Ring:
        def predict(self, x):
            return np.eye(20)[(10 * (1 + np.arctan2(x[:, 0], x[:, 1]) / np.pi)).astype(int) % 20]

    figure = plots.decision_boundary(Ring(), POINTS, np.arange(60) % 20, [f"a class with a long name {k}" for k in range(20)])
    check_layout(figure)
    looks = {(line.get_marker(), line.get_color()) for line in figure.axes[0].lines if line.get_label() != "_key"}
    assert len(looks) == 20


def test_a_decision_boundary():
    class Rule:
        def predict(self, x):
            return np.stack([x[:, 0] <= 0.2, x[:, 0] > 0.2], axis=1).astype(float)

    figure = plots.decision_boundary(Rule(), POINTS, SIDES, ["left", "right"])
    check_layout(figure)
    assert texts(figure, "title") == ["60 of 60 examples lie on the right side"] and texts(figure, "class") == ["left", "right"]
    border = figure.axes[0].collections[0].get_paths()[0].vertices[:, 0]
    assert np.abs(border - 0.2).max() < 0.02
    model = plane()
    model.fit(POINTS, SIDES[:, None], epochs=30, verbose=0)
    check_layout(plots.decision_boundary(model, POINTS, SIDES))
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\)"):
        plots.decision_boundary(model, RNG.random((4, 3)), SIDES[:4])


def test_the_ends_of_a_histogram_are_said_in_two_digits():
    model = plane()
    model.set_weights([np.full_like(w, 0.14) for w in model.get_weights()])
    figure = plots.weight_histograms(model)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["−0.14", "0", "0.14"]
    assert figure.axes[0].get_ylabel() == "how many"
    four = plots.weight_histograms(plane(depth=3))
    assert len({axes.get_position().x0 for axes in four.axes}) == 2, "two rows of two"
    check_layout(four)


def test_maps_that_are_the_same_everywhere_are_counted():
    assert texts(plots.feature_maps(net(bias=-100.0), IMAGES[0], "first"), "subtitle")[0].endswith("; 5 the same everywhere")


def test_the_colour_bar_stands_beside_the_pictures():
    figure = plots.grad_cam(net(), IMAGES[:1])
    check_layout(figure)
    page, bar = figure.axes
    right = max(image.get_extent()[1] for image in page.images)
    assert bar.get_position().x0 * figure.get_size_inches()[0] - right < 0.5
    assert plots.grad_cam(net(), IMAGES).get_size_inches()[0] < 11


def test_the_plane_is_as_wide_as_it_is_high():
    for figure in (plots.decision_boundary(plane(), POINTS, SIDES), plots.loss_landscape(plane(), POINTS, SIDES[:, None], points=3)):
        assert figure.axes[0].bbox.width == pytest.approx(figure.axes[0].bbox.height)


def test_a_hundred_classes_are_not_all_named():
    class Ring:
        def predict(self, x):
            return np.eye(100)[np.arange(len(x)) % 100]

    figure = plots.decision_boundary(Ring(), POINTS, np.arange(60) % 100, points=5)
    check_layout(figure)
    assert len(texts(figure, "class")) == 24 and "and 76 more" in texts(figure)


def test_long_names_of_classes_have_room():
    names = ["a rather long name outside", "a rather long name inside"]
    figure = plots.decision_boundary(plane(), POINTS, SIDES, names)
    check_layout(figure)
    assert texts(figure, "class") == names
