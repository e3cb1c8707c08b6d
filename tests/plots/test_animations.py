from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import minidl
from minidl import layers, optimizers, plots
from minidl.data import house_prices

from .conftest import texts

X, Y = house_prices.load_data()
RNG = np.random.default_rng(7)
POINTS = RNG.uniform(-1, 1, (40, 2))
SIDES = (POINTS[:, 0] > 0.2).astype(int)


def loss(w, b):
    return ((w * X + b - Y) ** 2).mean()


def walk(steps=5, rate=0.01):
    return minidl.descend(loss, {"w": 4.0, "b": -15.0}, optimizers.SGD(rate), steps)


def frames_of(path):
    with Image.open(path) as picture:
        found = []
        for i in range(picture.n_frames):
            picture.seek(i)
            found.append(np.asarray(picture.convert("L"), float))
        return found, picture.info["duration"]


def test_a_walk_as_gif_and_as_page(tmp_path):
    animation = plots.descent_animation(loss, (2, 14), (-30, 30), walk(), seconds=3.0)
    assert animation.frames == 6
    assert animation.save(tmp_path / "new" / "walk.gif") == tmp_path / "new" / "walk.gif"
    frames, duration = frames_of(tmp_path / "new" / "walk.gif")
    assert len(frames) == 6 and duration == 500
    assert all(np.abs(a - b).max() > 50 for a, b in pairwise(frames))
    page = animation.save(tmp_path / "walk.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64") == 6 and "http://" not in page and page.startswith("<!DOCTYPE html>")
    assert animation._repr_html_().count("data:image/png;base64") == 6


def test_each_frame_shows_the_walk_so_far():
    walks = {"slow": walk(8, 0.001), "fast": walk(4, 0.01)}
    animation = plots.descent_animation(loss, (2, 14), (-30, 30), walks)
    lines = {line.get_label(): line for line in animation.figure.axes[0].lines}
    for i in (0, 3, 8):
        animation.draw(i)
        for label, ledger in walks.items():
            np.testing.assert_array_equal(lines[label].get_xdata(), ledger.path("w")[: i + 1])
        assert texts(animation.figure, "counter") == [f"update {i}"]
    assert texts(animation.figure, "subtitle") == ["ring: the start   dot: where it is   star: the least loss"]
    assert {"_start", "least loss"} <= set(labels := [line.get_label() for line in animation.figure.axes[0].lines]) and "_end" not in labels
    alone = plots.descent_animation(loss, (2, 14), (-30, 30), walk())
    alone.draw(0)
    assert texts(alone.figure, "counter") == ["update 0: loss 2,790.3"]
    assert plots.descent_animation(loss, (2, 14), (-30, 30), walk(400)).frames == 150


def test_a_border_while_it_is_learned(tmp_path):
    minidl.set_seed(1)
    model = minidl.Sequential([minidl.Input((2,)), layers.Dense(8, "tanh"), layers.Dense(1, "sigmoid")])
    model.compile(optimizers.Adam(0.05), "binary_crossentropy")
    frames = plots.BoundaryFrames(POINTS, SIDES, ["left", "right"], every=5, points=21)
    with pytest.raises(ValueError, match="no frames yet"):
        frames.animation()
    model.fit(POINTS, SIDES[:, None], epochs=20, verbose=0, callbacks=[frames])
    assert frames.epochs == [0, 5, 10, 15, 20]
    animation = frames.animation()
    seen = []
    for i in range(5):
        animation.draw(i)
        axes = animation.figure.axes[0]
        assert len(axes.images) == 1 and len(axes.collections) <= 1
        seen.append(np.array(axes.images[0].get_array()))
    right = int(((model.predict(POINTS, verbose=0)[:, 0] > 0.5) == SIDES).sum())
    assert texts(animation.figure, "counter") == [f"epoch 20: {right} of 40 examples lie on the right side"]
    assert all(not np.array_equal(a, b) for a, b in pairwise(seen))
    animation.save(tmp_path / "border.gif")
    assert len(frames_of(tmp_path / "border.gif")[0]) == 5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.descent_animation(loss, (2, 14), (-30, 30), {}), "walks is empty"),
        (lambda: plots.descent_animation(loss, (2, 14), (-30, 30), walk(), seconds=0), "seconds must be"),
        (lambda: plots.descent_animation(loss, (2, 14), (-30, 30), walk()).save("walk.mp4"), r"\.gif or \.html; got 'walk.mp4'"),
        (lambda: plots.BoundaryFrames(POINTS[:, :1], SIDES), r"shape \(n, 2\)"),
        (lambda: plots.BoundaryFrames(POINTS, SIDES, every=0), "every must be"),
    ],
)
def test_mistakes_are_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()
