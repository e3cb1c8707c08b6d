import os

import numpy as np
import pytest
from PIL import Image

import minidl
from minidl import attribution, layers, nets, ops
from minidl.data import cifar10

RNG = np.random.default_rng(3)
NO_CIFAR = not (os.environ.get("MINIDL_DATA") and cifar10.available())
PICTURES = RNG.random((3, 12, 10, 2)).astype("float32")


def small(last="softmax", classes=4):
    minidl.set_seed(2)
    return minidl.Sequential([
        minidl.Input((12, 10, 2)), layers.Conv2D(5, 3, activation="relu", name="first"), layers.MaxPooling2D(name="half"),
        layers.Conv2D(6, 2, activation="relu", name="second"), layers.Flatten(name="flat"),
        layers.Dense(classes, activation=last, name="out"),
    ])  # fmt: skip


def spots(layer=False):
    """A model that knows by its construction where to look: class k is red or green light, summed over the picture."""
    kernel = np.array([[[[1.0, 0.0], [0.0, 1.0]]]], "float32")
    model = minidl.Sequential([
        minidl.Input((12, 10, 2)), layers.Conv2D(2, 1, use_bias=False, name="colours"), layers.GlobalAveragePooling2D(),
        *([layers.Softmax()] if layer else [layers.Activation("softmax")]),
    ])  # fmt: skip
    model.set_weights([kernel])
    return model


def test_what_each_layer_makes():
    model = small()
    found = attribution.layer_outputs(model, PICTURES)
    assert {name: t.shape for name, t in found.items()} == {
        "first": (3, 10, 8, 5), "half": (3, 5, 4, 5), "second": (3, 4, 3, 6), "flat": (3, 72), "out": (3, 4),
    }  # fmt: skip
    np.testing.assert_allclose(found["out"].numpy(), model.predict(PICTURES, verbose=0), rtol=1e-5)
    (g,) = minidl.grad(found["out"][:, 1].sum(), [found["first"]])
    assert g.shape == (3, 10, 8, 5) and np.abs(g.numpy()).max() > 0


def test_models_with_branches_and_several_inputs():
    a, b = minidl.Input((4,), name="a"), minidl.Input((3,), name="b")
    model = minidl.Model([a, b], layers.Concatenate(name="both")([layers.Dense(2, name="left")(a), b]))
    x = RNG.random((5, 4)), RNG.random((5, 3))
    for given in (list(x), {"a": x[0], "b": x[1]}):
        found = attribution.layer_outputs(model, given)
        np.testing.assert_allclose(found["both"].numpy()[:, 2:], x[1], rtol=1e-6)


@pytest.mark.parametrize("layer", [True, False])
@pytest.mark.parametrize("kind", ["gradcam", "gradcam++"])
def test_the_map_lies_where_the_light_is(kind, layer):
    x = np.zeros((2, 12, 10, 2), "float32")
    x[:, 2:4, 1:3, 0] = x[:, 8:10, 6:9, 1] = 1
    model = spots(layer)
    for k, (row, column) in enumerate([(2.5, 1.5), (8.5, 7)]):
        heat = attribution.grad_cam(model, x, classes=[k, k], layer="colours", kind=kind)
        assert heat.shape == (2, 12, 10) and heat.max() == 1 and heat.min() == 0
        rows, columns = np.nonzero(heat[0])
        assert (rows.mean(), columns.mean()) == (row, column)
    np.testing.assert_array_equal(
        attribution.saliency(model, x, classes=[0, 1]), np.ones((2, 12, 10)), "a mean looks at all places alike"
    )


def test_grad_cam_is_the_formula():
    model = small()
    heat = attribution.grad_cam(model, PICTURES, classes=[0, 3, 2], layer="second")
    found = attribution.layer_outputs(model, PICTURES)
    flat, (kernel, bias) = found["second"].numpy().reshape(3, 72), model.get_weights()[-2:]
    np.testing.assert_allclose(ops.softmax(flat @ kernel + bias).numpy(), found["out"].numpy(), rtol=1e-4)
    seen = 0.0
    for i, k in enumerate([0, 3, 2]):
        a, g = found["second"].numpy()[i], kernel[:, k].reshape(4, 3, 6)  # the score is linear in the maps
        expected = np.maximum((a * g.mean(axis=(0, 1))).sum(axis=-1), 0)
        seen = max(seen, expected.max())
        large = np.asarray(Image.fromarray(expected).resize((10, 12), Image.Resampling.BILINEAR))
        np.testing.assert_allclose(heat[i], large / (large.max() or 1), atol=1e-5)
    assert seen > 0


def test_grad_cam_plus_plus_by_hand():
    """Eq. 19 with Y = e^score, whose derivatives by one place are e^score · g, g² and g³; then the sum over the places of eq. 10."""
    model = small()
    heat = attribution.grad_cam(model, PICTURES, classes=[0, 3, 2], layer="second", kind="gradcam++")
    maps, kernel = attribution.layer_outputs(model, PICTURES)["second"].numpy(), model.get_weights()[-2]
    for i, k in enumerate([0, 3, 2]):
        a, g, place_sum = maps[i], kernel[:, k].reshape(4, 3, 6), np.zeros((4, 3))
        for channel in range(6):
            weight = 0.0
            for row, column in np.ndindex(4, 3):
                d = g[row, column, channel]
                weight += d**2 / (2 * d**2 + sum(a[r, c, channel] * d**3 for r, c in np.ndindex(4, 3))) * max(d, 0.0)
            place_sum += weight * a[..., channel]
        large = np.asarray(Image.fromarray(np.maximum(place_sum, 0).astype("float32")).resize((10, 12), Image.Resampling.BILINEAR))
        np.testing.assert_allclose(heat[i], large / large.max(), atol=1e-5)


def test_saliency_is_the_gradient_of_the_score():
    model = small("linear")
    heat = attribution.saliency(model, PICTURES, classes=1)
    x = minidl.Tensor(PICTURES, requires_grad=True)
    (g,) = minidl.grad(model(x)[:, 1].sum(), [x])
    expected = np.abs(g.numpy()).max(axis=3)
    np.testing.assert_allclose(heat, expected / expected.max(axis=(1, 2), keepdims=True), rtol=1e-5)
    smooth = attribution.saliency(model, PICTURES, classes=1, samples=4)
    assert not np.allclose(smooth, heat) and np.corrcoef(smooth.ravel(), heat.ravel())[0, 1] > 0.5
    np.testing.assert_array_equal(smooth, attribution.saliency(model, PICTURES, classes=1, samples=4))


def test_one_output_speaks_for_two_classes():
    model = small("sigmoid", classes=1)
    raised, lowered = (attribution.saliency(model, PICTURES, classes=k) for k in (1, 0))
    np.testing.assert_array_equal(raised, lowered)
    answer = (model.predict(PICTURES, verbose=0)[:, 0] > 0.5).astype(int)
    np.testing.assert_array_equal(attribution.grad_cam(model, PICTURES), attribution.grad_cam(model, PICTURES, classes=answer))


def test_the_answer_is_the_default():
    model = small()
    answer = model.predict(PICTURES, verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(attribution.saliency(model, PICTURES), attribution.saliency(model, PICTURES, classes=answer))


@pytest.mark.skipif(NO_CIFAR, reason="no CIFAR-10 in MINIDL_DATA: a net is trained on it here for two or three minutes")
def test_grad_cam_points_at_the_object():
    """The pointing game (Zhang et al. 2016): of four shrunk photographs side by side one shows the class that is asked for, and the hottest
    place of the map should lie in it. Each corner has its turn equally often, so chance and the picture's centre both hit 1 in 4."""
    minidl.set_seed(1)
    (x, y), (x_test, y_test) = cifar10.load_data()
    x, x_test, y_test = x[:40_000] / np.float32(255), x_test / np.float32(255), y_test[:, 0]
    trained, untrained = nets.dropout(classes=10), [nets.dropout(classes=10) for _ in range(5)]
    trained.compile("adam", "sparse_categorical_crossentropy")
    trained.fit(x, y[:40_000], epochs=6, verbose=0)

    rng, n = np.random.default_rng(0), 800
    small = x_test.reshape(-1, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    alone = np.tile(x_test.mean(axis=(1, 2), keepdims=True), (1, 32, 32, 1))
    alone[:, 8:24, 8:24] = small
    known = (model_answers(trained, x_test) == y_test) & (model_answers(trained, alone) == y_test)
    chosen, corners = rng.choice(np.flatnonzero(known), n), np.arange(n) % 4
    others = [rng.choice(np.flatnonzero(y_test != y_test[i]), 4) for i in chosen]
    tiles = small[np.array(others)]
    tiles[np.arange(n), corners] = small[chosen]
    pictures = tiles.reshape(n, 2, 2, 16, 16, 3).transpose(0, 1, 3, 2, 4, 5).reshape(n, 32, 32, 3)

    def hits(model):
        row, column = np.divmod(attribution.grad_cam(model, pictures, y_test[chosen]).reshape(n, -1).argmax(axis=1), 32)
        return (row // 16 * 2 + column // 16 == corners).mean()

    assert hits(trained) >= 0.25 + 0.25
    assert np.mean([hits(model) for model in untrained]) == pytest.approx(0.25, abs=0.05)


def model_answers(model, x):
    return model.predict(x, batch_size=256, verbose=0).argmax(axis=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attribution.grad_cam(small(), PICTURES[0]), "give it a batch axis"),
        (lambda: attribution.grad_cam(small(), PICTURES, kind="cam"), "'gradcam' or 'gradcam"),
        (lambda: attribution.grad_cam(small(), PICTURES, layer="secnd"), "did you mean 'second'"),
        (lambda: attribution.grad_cam(small(), PICTURES, layer="out"), "'out' makes no feature maps"),
        (lambda: attribution.saliency(small(), PICTURES, classes=4), r"classes must lie in 0…3; got \[4, 4, 4\]"),
        (lambda: attribution.saliency(small(), PICTURES, classes=[0, 1]), "one for each of the 3 pictures"),
        (lambda: attribution.saliency(small(), PICTURES, classes=0.5), "a class number"),
        (lambda: attribution.saliency(small(), PICTURES, samples=0), "samples must be a whole number"),
        (lambda: attribution.layer_outputs(minidl.Sequential([layers.Dense(2)]), PICTURES), "layers are connected"),
        (lambda: attribution.grad_cam(minidl.Sequential([minidl.Input((12, 10, 2)), layers.Flatten(), layers.Dense(2)]), PICTURES),
         "no layer that makes feature maps"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()
