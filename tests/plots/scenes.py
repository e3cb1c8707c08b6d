"""The pictures that have a reference, of data that are the same on every machine: formulas, and nets whose weights are formulas."""

from functools import partial

import numpy as np

import minidl
from minidl import Tensor, layers, optimizers, plots

T = np.arange(1, 21)


def valley(w, b):
    return 0.1 * w**2 + 2.0 * b**2 + 1.0


def walk(optimizer, steps=12):
    return minidl.descend(valley, {"w": -8.0, "b": 1.5}, optimizer, steps)


def descent_path(steps=12, loss=valley, **options):
    return plots.loss_surface(loss, (-9, 3), (-2, 2), walk(optimizers.SGD(0.2), steps), **options)


def walks(steps=30):
    rules = {"SGD": optimizers.SGD(0.1), "Momentum": optimizers.Momentum(0.05), "Adam": optimizers.Adam(0.4)}
    return {name: walk(rule, steps) for name, rule in rules.items()}


def surface():
    return plots.loss_surface(valley, (-9, 3), (-2, 2), walks(), kind="3d")


def race():
    return plots.optimizer_race(walks(), valley)


def sweep(rates=(0.01, 0.1, 0.4, 1.02)):
    return plots.learning_rate_sweep(lambda w: w**2 + 0.01, {"w": 4.0}, rates, steps=20)


def history():
    loss, late = 2.2 * np.exp(-T / 6) + 0.1, 2.2 * np.exp(-T / 5) + 0.3 + 0.03 * np.maximum(0, T - 9)
    return {"loss": loss, "accuracy": 1 - loss / 3, "val_loss": late, "val_accuracy": 1 - late / 3}


COUNTS = np.array([[40, 3, 0, 1], [5, 35, 8, 2], [0, 12, 30, 0], [4, 0, 1, 45]])


def confusion(counts=COUNTS):
    return plots.confusion_matrix(counts, ["cat", "dog", "fox", "a longer name"])


def picture(size=16, at=0.0):
    """A bright ring before a slope of colours."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    ring = np.exp(-40 * (np.hypot(x - at, y) - 0.55) ** 2)
    return np.stack([ring, 0.5 * ring + 0.25 * (1 + x) / 2, 0.4 * (1 + y) / 2], axis=-1).clip(0, 1)


PICTURES = np.stack([picture(at=at) for at in (-0.4, 0.0, 0.4)]).astype(np.float32)


def waves(shape, scale=0.5):
    """Numbers of all sizes and both signs, without a random generator."""
    return scale * np.sin(1.7 * np.arange(1, 1 + np.prod(shape)) ** 1.3).reshape(shape)


def net():
    model = minidl.Sequential([
        minidl.Input((16, 16, 3), name="picture"), layers.Conv2D(6, 3, activation="relu", name="conv"), layers.MaxPooling2D(name="pool"),
        layers.Conv2D(8, 3, activation="relu", name="conv_2"), layers.Flatten(name="flat"), layers.Dropout(0.25, name="drop"),
        layers.Dense(3, "softmax", name="out"),
    ], name="a_small_net")  # fmt: skip
    model.set_weights([waves(w.shape, 0.3) if w.ndim > 1 else np.zeros(w.shape) for w in model.weights])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def feature_maps():
    return plots.feature_maps(net(), PICTURES[0], "conv")


def histograms():
    return plots.weight_histograms(net(), PICTURES, np.array([0, 1, 2]))


def grad_cam():
    return plots.grad_cam(net(), PICTURES, class_names=["left", "middle", "right"])


def update_ratios():
    def loss(kernel, other):
        return (kernel**2).sum() + 0.1 * ((other - 1.0) ** 2).sum()

    start = [Tensor(waves((3, 3), 2.0), requires_grad=True, name="kernel"), Tensor(waves((2, 4)), requires_grad=True, name="other")]
    return plots.update_ratios(minidl.descend(loss, start, optimizers.SGD(0.003), 40))


ANGLES = 2.4 * np.arange(40)
POINTS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) * np.sqrt(np.arange(40) / 40)[:, None]
INSIDE = ((POINTS**2).sum(axis=1) < 0.4).astype(int)


class Disc:
    """Sure of the inside and of the outside, and not so sure between."""

    def predict(self, x):
        return 1 / (1 + np.exp(8 * ((x**2).sum(axis=1, keepdims=True) - 0.4)))


def boundary(points=POINTS):
    return plots.decision_boundary(Disc(), points, INSIDE, ["outside", "inside"], points=61)


def plane(depth=1):
    model = minidl.Sequential([minidl.Input((2,)), *(layers.Dense(4, "tanh", name=f"hidden_{i}") for i in range(depth)),
                               layers.Dense(1, "sigmoid", name="out")])  # fmt: skip
    model.set_weights([waves(w.shape, 1.0) if w.ndim > 1 else np.zeros(w.shape) for w in model.weights])
    model.compile("sgd", "binary_crossentropy")
    return model


def landscape(kind="contour"):
    return plots.loss_landscape(plane(), POINTS, INSIDE[:, None], points=9, kind=kind)


def gradient_flow():
    return plots.gradient_flow({"shallow": plane(2), "deep": plane(6)}, POINTS, INSIDE[:, None])


def graph():
    a, b, c = Tensor(2.0, True, "a"), Tensor(-3.0, True, "b"), Tensor(10.0, True, "c")
    return plots.computation_graph(a * b + a * c)


def predictions():
    sure = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.7, 0.1, 0.2]])
    return plots.predictions(PICTURES, [0, 1, 2], sure, ["left", "middle", "right"], columns=3)


SCENES = {
    "descent_path": descent_path,
    "surface": surface,
    "race": race,
    "sweep": sweep,
    "loss_curve": lambda: plots.loss_curve(lambda w: (w - 2) ** 2, (-1, 5), marks=(0, 3), walk=[-0.5, 1.0, 1.6, 1.9]),
    "errors": lambda: plots.errors(T[:8], T[:8] + waves(8, 2.0), 1.1, 0.5),
    "learning_curves": lambda: plots.learning_curves(history()),
    "confusion": confusion,
    "feature_maps": feature_maps,
    "filters_colour": lambda: plots.filters(waves((3, 3, 3, 8))),
    "filters": lambda: plots.filters(waves((3, 3, 4, 3))),
    "histograms": histograms,
    "update_ratios": update_ratios,
    "gradient_flow": gradient_flow,
    "dead_units": lambda: plots.dead_units(net(), PICTURES),
    "boundary": boundary,
    "landscape": landscape,
    "landscape_3d": partial(landscape, "3d"),
    "grad_cam": grad_cam,
    "architecture": lambda: plots.architecture(net()),
    "activations": lambda: plots.activations(),
    "losses": lambda: plots.losses_of_a_probability(),
    "neurons": lambda: plots.neurons([3, 10, 2]),
    "graph": graph,
    "predictions": predictions,
    "gallery": lambda: plots.gallery(PICTURES, [0, 1, 2], ["left", "middle", "right"]),
}
