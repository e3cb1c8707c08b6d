"""Layers that change pictures at random: when, how much, and how randomly."""
import numpy as np
import pytest

import minidl
from minidl import Input, Sequential, Tensor, gradcheck, layers
from minidl.layers import Dense, Flatten, RandomBrightness, RandomContrast, RandomFlip, RandomRotation, RandomTranslation, RandomZoom

RNG = np.random.default_rng(9)
PICTURES = RNG.random((40, 6, 8, 3), "float32")

EVERY = {
    "RandomFlip": {"mode": "horizontal_and_vertical"}, "RandomRotation": {"factor": 0.2}, "RandomZoom": {"height_factor": 0.3},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.3}, "RandomContrast": {"factor": 0.5, "value_range": (0, 1)},
    "RandomBrightness": {"factor": 0.3, "value_range": (0, 1)},
}  # fmt: skip
every = pytest.mark.parametrize("kind", EVERY)


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(0)


def make(kind, **more):
    return getattr(layers, kind)(**EVERY[kind], **more)


# ---- what all of them promise


@every
def test_only_in_training(kind):
    layer = make(kind)
    np.testing.assert_array_equal(layer(PICTURES, training=False).numpy(), PICTURES)
    np.testing.assert_array_equal(Sequential([Input((6, 8, 3)), layer]).predict(PICTURES, verbose=0), PICTURES)
    changed = layer(PICTURES, training=True).numpy()
    assert changed.shape == PICTURES.shape
    assert changed.dtype == "float32"
    assert (changed != PICTURES).any()
    assert changed.min() >= 0
    assert changed.max() <= 1


@every
def test_where_nobody_says_what_it_is_for(kind):
    """As in Keras: such a layer then works, also in a model, while dropout does not."""
    model = Sequential([Input((6, 8, 3)), make(kind), layers.Dropout(0.5)])
    nested = Sequential([Input((6, 8, 3)), model])
    for augment in (make(kind), Sequential([make(kind)]), model, nested):
        changed = augment(PICTURES).numpy()
        assert (changed != PICTURES).any()
        assert (changed == 0).mean() < 0.2
        np.testing.assert_array_equal(augment(PICTURES, training=False).numpy(), PICTURES)
    assert (model(PICTURES, training=True).numpy() == 0).mean() > 0.4


@every
def test_the_check_of_gradients_leaves_pictures_alone(kind):
    x = RNG.random((2, 3, 3, 1)) * 0.5 + 0.2
    assert gradcheck(Sequential([Input((3, 3, 1)), make(kind), Flatten(), Dense(2)]), x)


@every
def test_each_picture_in_its_own_way(kind):
    same = np.repeat(PICTURES[:1], 30, axis=0)
    changed = make(kind)(same, training=True).numpy()
    assert len({one.tobytes() for one in changed}) == (4 if kind == "RandomFlip" else 30)


@every
def test_seeds(kind):
    def two(layer):
        return [layer(PICTURES, training=True).numpy() for _ in range(2)]

    first, second = two(make(kind, seed=3))
    again, other = two(make(kind, seed=3)), two(make(kind, seed=4))
    np.testing.assert_array_equal(first, again[0])
    np.testing.assert_array_equal(second, again[1])
    assert (first != second).any(), "the next batch is changed otherwise"
    assert (first != other[0]).any()
    minidl.set_seed(1)
    shared = two(make(kind))
    make(kind, seed=5)(PICTURES, training=True)  # takes nothing from what all share
    minidl.set_seed(1)
    np.testing.assert_array_equal(shared[1], two(make(kind))[1])


@every
def test_one_picture_alone(kind):
    one = make(kind, seed=2)(PICTURES[0], training=True)
    assert one.shape == PICTURES[0].shape
    np.testing.assert_array_equal(one.numpy(), make(kind, seed=2)(PICTURES[:1], training=True).numpy()[0])
    np.testing.assert_array_equal(make(kind)(PICTURES[0], training=False).numpy(), PICTURES[0])


@every
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("training", [False, True])
def test_dtypes(kind, dtype, training):
    x = (PICTURES * (255 if dtype == "uint8" else 1)).astype(dtype)
    for given in (x, Tensor(x)):
        y = make(kind)(given, training=training)
        assert y.dtype == ("float64" if dtype == "float64" and isinstance(given, Tensor) else "float32")


@every
def test_gradients_pass(kind):
    x = RNG.random((3, 4, 3, 2)) * 0.4 + 0.3
    assert (report := gradcheck(lambda x: make(kind, seed=1)(x, training=True), x, rtol=1e-5)), str(report)


@every
def test_in_the_middle_of_a_model(kind):
    model = Sequential([Input((6, 8, 3)), layers.Conv2D(3, 1), make(kind), Flatten(), Dense(1)])
    assert model.layers[1](Input((6, 8, 3))).shape == (None, 6, 8, 3)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(PICTURES, np.zeros(40), verbose=0)
    assert (model.get_weights()[0] != before[0]).any(), "nothing is cut"
    assert len(model.get_weights()) == 4
    np.testing.assert_array_equal(model.predict(PICTURES, verbose=0), model.predict(PICTURES, verbose=0))
    assert model.plan(4).peak_bytes > 0


@every
def test_where_the_pictures_are(kind, backend):
    there = make(kind, seed=1)(Tensor(PICTURES).to(backend.name), training=True)
    assert isinstance(there.data, backend.array_type)
    np.testing.assert_allclose(there.numpy(), make(kind, seed=1)(PICTURES, training=True).numpy(), atol=1e-6)


@every
def test_no_pictures_and_no_pictures_at_all(kind):
    assert make(kind)(PICTURES[:0], training=True).shape == (0, 6, 8, 3)
    with pytest.raises(ValueError, match="expected pictures"):
        make(kind)(np.zeros((3, 4)), training=True)


# ---- each of them


def test_flips():
    for mode, forms in {"horizontal": [(1, 1), (1, -1)], "vertical": [(1, 1), (-1, 1)]}.items():
        y = RandomFlip(mode)(PICTURES, training=True).numpy()
        which = [[np.array_equal(after, before[::v, ::h]) for v, h in forms] for before, after in zip(PICTURES, y)]
        assert all(sum(found) == 1 for found in which)
        assert 10 <= sum(found[0] for found in which) <= 30, "about half of them"
    both = RandomFlip()(PICTURES, training=True).numpy()
    for v, h in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        assert any(np.array_equal(after, before[::v, ::h]) for before, after in zip(PICTURES, both))


def test_a_quarter_of_a_turn_is_counter_clockwise():
    square = PICTURES[:, :, :6]
    y = RandomRotation((0.25, 0.25))(square, training=True).numpy()
    np.testing.assert_allclose(y, np.rot90(square, axes=(1, 2)), atol=1e-5)
    y = RandomRotation((-0.25, -0.25), interpolation="nearest")(square, training=True).numpy()
    np.testing.assert_array_equal(y, np.rot90(square, -1, axes=(1, 2)))


def test_how_far_it_turns():
    """Where the brightest pixel of a large picture goes."""
    x = np.zeros((200, 41, 41, 1), "float32")
    x[:, 20, 38] = 1
    y = RandomRotation(0.1, fill_mode="constant")(x, training=True).numpy()[..., 0]
    places = np.array([np.unravel_index(one.argmax(), one.shape) for one in y]) - 20
    angles = -np.arctan2(places[:, 0], places[:, 1]) / (2 * np.pi)
    assert -0.105 < angles.min() < -0.09
    assert 0.09 < angles.max() < 0.105
    assert abs(angles.mean()) < 0.02


def test_translation_moves_down_and_right():
    y = RandomTranslation((0.5, 0.5), (0.25, 0.25), fill_mode="constant", fill_value=7)(PICTURES, training=True).numpy()
    np.testing.assert_allclose(y[:, 3:, 2:], PICTURES[:, :3, :6], atol=1e-6)
    np.testing.assert_allclose(y[:, :3], 7)
    np.testing.assert_allclose(y[:, :, :2], 7)
    y = RandomTranslation(0.0, (-0.25, -0.25), fill_mode="wrap")(PICTURES, training=True).numpy()
    np.testing.assert_allclose(y, np.roll(PICTURES, -2, axis=2), atol=1e-6)


def test_zoom_out_shows_more_and_in_shows_less():
    x = np.ones((1, 9, 9, 1), "float32")
    out = RandomZoom((0.5, 0.5), fill_mode="constant")(x, training=True).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(out[0], 0)
    np.testing.assert_allclose(out[2:7, 2:7], 1)
    ramp = np.tile(np.arange(9.0, dtype="float32")[None, None, :, None], (1, 9, 1, 1))
    y = RandomZoom((-0.5, -0.5))(ramp, training=True).numpy()[0, 4, :, 0]
    np.testing.assert_allclose(y, np.arange(2, 6.5, 0.5), atol=1e-5)
    y = RandomZoom((0.0, 0.0), (-0.5, -0.5))(ramp.swapaxes(1, 2), training=True).numpy()[0, :, 4, 0]
    np.testing.assert_allclose(y, np.arange(9), atol=1e-5)


def test_height_and_width_are_zoomed_alike_without_width_factor():
    x = RNG.random((20, 7, 7, 1), "float32")
    x = x + x.swapaxes(1, 2)
    y = RandomZoom(0.5)(x, training=True).numpy()
    np.testing.assert_allclose(y, y.swapaxes(1, 2), atol=1e-5)
    y = RandomZoom(0.5, 0.5)(x, training=True).numpy()
    assert np.abs(y - y.swapaxes(1, 2)).max() > 0.1


def test_contrast_and_brightness():
    x = PICTURES * 0.4 + 0.3
    mean = x.mean(axis=(1, 2), keepdims=True)
    y = RandomContrast(0.5, (0, 1))(x, training=True).numpy()
    np.testing.assert_allclose(y.mean(axis=(1, 2), keepdims=True), mean, atol=2e-2)
    f = (y - y.mean(axis=(1, 2), keepdims=True)).std(axis=(1, 2, 3)) / (x - mean).std(axis=(1, 2, 3))
    assert 0.5 <= f.min() < 0.65
    assert 1.35 < f.max() <= 1.5
    once = RandomContrast((0.0, 0.9))(x, training=True).numpy()
    assert ((once - mean).std(axis=(1, 2, 3)) >= (x - mean).std(axis=(1, 2, 3)) * 0.999).all(), "from 1 − 0 to 1 + 0.9"
    y = RandomBrightness((0.1, 0.2), (0, 1))(x, training=True).numpy() - x
    assert y.min() >= 0.099
    assert y.max() <= 0.201
    np.testing.assert_allclose(y.std(axis=(1, 2, 3)), 0, atol=1e-6)
    assert y.mean(axis=(1, 2, 3)).std() > 0.02
    np.testing.assert_allclose(RandomBrightness((0.1, 0.1))(x, training=True).numpy(), x + 25.5, rtol=1e-6)
    np.testing.assert_array_equal(RandomBrightness((-1.0, -1.0), (0, 1))(x, training=True).numpy(), 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RandomFlip("diagonal"), "mode must be 'horizontal', 'vertical' or 'horizontal_and_vertical'; got 'diagonal'"),
        (lambda: RandomRotation(1.5), "factor must be a finite number ≥ -1 and ≤ 1; got 1.5"),
        (lambda: RandomRotation((0.1, 0.2, 0.3)), r"factor must be a number or a pair of them; got \(0.1, 0.2, 0.3\)"),
        (lambda: RandomRotation(0.1, "mirror"), "fill_mode must be one of reflect, wrap, constant, nearest; got 'mirror'"),
        (lambda: RandomRotation(0.1, interpolation="bicubic"), "interpolation must be 'bilinear' or 'nearest'; got 'bicubic'"),
        (lambda: RandomRotation(0.1, fill_value="0"), "fill_value must be a finite number"),
        (lambda: RandomZoom((-1, 0)), "a factor of -1 would show a single point"),
        (lambda: RandomZoom(0.1, 2), "width_factor must be a finite number"),
        (lambda: RandomTranslation(0.1, -2), "width_factor must be a finite number"),
        (lambda: RandomContrast(-0.1), "factor must be a finite number ≥ 0"),
        (lambda: RandomContrast((0.1, 0.2, 0.3)), "a pair of them"),
        (lambda: RandomBrightness(0.1, (0, 1, 2)), "value_range must be a number or a pair of them"),
        (lambda: RandomFlip(seed=-1), "seed must be a whole number ≥ 0"),
    ],
)
def test_arguments_are_checked(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_misspelt_argument():
    with pytest.raises(TypeError, match="RandomRotation has no argument 'fill_moed': did you mean 'fill_mode'"):
        RandomRotation(0.1, fill_moed="wrap")
