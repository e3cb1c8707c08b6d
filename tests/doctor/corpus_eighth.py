"""An eighth batch: distances, sequences, pictures and small models once more, written after the seventh was learned from."""

import numpy as np

from minidl import ops

from . import parts as p
from .corpus import batch, made_of_tensors, positive, remembers, wrong

batch("eighth")

EDGES = np.array([[0, 1], [1, 2], [2, 0], [2, 3]])
LEVELS = np.array([0.2, 0.5, 0.3])
CODES = np.array([[2, 0], [1, 1], [3, 2]])
MIXING = np.array([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]])


def gaussian(x, c, width):
    return np.exp(-((x - c) ** 2) / (2 * width**2))


def gaussian_back(g, x, c, width, sign=-1, power=3, half=1.0):
    y = gaussian(x, c, width)
    return sign * g * y * (x - c) / width**2, g * y * (x - c) / width**2, half * g * y * (x - c) ** 2 / width**power


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))


def distances_back(g, x, y, sign=-1, root=True):
    d = g[..., None] * (x[:, None] - y[None]) / (distances(x, y)[..., None] if root else 1)
    return d.sum(1), sign * d.sum(0)


def elman(x, h, w, u, b):
    return np.tanh(x @ w + h @ u + b)


def elman_back(g, x, h, w, u, b, slope=True):
    d = g * (1 - elman(x, h, w, u, b) ** 2 if slope else 1)
    return d @ w.T, d @ u.T, x.T @ d, h.T @ d, d.sum(0)


def two_layers(x, w, v):
    return p.relu(x @ w) @ v


def two_layers_back(g, x, w, v):
    d = (g @ v.T) * (x @ w > 0)
    return d @ w.T, x.T @ d, p.relu(x @ w).T @ g


def layer_norm(x, s, b):
    xhat, _ = p.normalized(x, axis=-1)
    return s * xhat + b


def layer_norm_back(g, x, s, b):
    xhat, std = p.normalized(x, axis=-1)
    return p.through_norm(g * s, xhat, std, axis=-1), (g * xhat).sum(0), g.sum(0)


def cosine_loss(a, b):
    return 1 - (a @ b) / np.sqrt((a @ a) * (b @ b))


def cosine_loss_back(g, a, b, own=1.0):
    n = np.sqrt((a @ a) * (b @ b))
    return -g * (b / n - own * (a @ b) * a / (n * (a @ a))), -g * (a / n - own * (a @ b) * b / (n * (b @ b)))


def pooled(x):
    return p.windows(x, 2, 2).mean((3, 4))


def spread(g, shape):
    return p.unwindows(np.broadcast_to(g[:, :, :, None, None] / 4, (*g.shape[:3], 2, 2, g.shape[3])), shape, stride=2)


# ---------------------------------------------------------------- sign
wrong("sign", "eighth: Gaussian bell, its place", gaussian, lambda g, *a: gaussian_back(g, *a, sign=1), (3, 4), (3, 4), positive(3, 4))
wrong("sign", "eighth: distances, second points", distances, lambda g, x, y: distances_back(g, x, y, sign=1), (3, 2), (4, 2))
wrong("sign", "eighth: cosine loss, own direction added", cosine_loss, lambda g, a, b: cosine_loss_back(g, a, b, own=-1.0), (5,), (5,))
wrong(
    "sign",
    "eighth: complement of a product",
    lambda a, b: 1 - (1 - a) * (1 - b),
    lambda g, a, b: (g * (1 + b), g * (1 - a)),
    (3, 4),
    (3, 4),
)
made_of_tensors("sign", "eighth: op, inverse root", lambda xp, x: 1 / xp.sqrt(x), lambda g, y, x: g * y / (2 * x), positive(3, 4))
# ---------------------------------------------------------------- factor
wrong(
    "factor", "eighth: Gaussian bell, width doubled", gaussian, lambda g, *a: gaussian_back(g, *a, half=2.0), (3, 4), (3, 4), positive(3, 4)
)
wrong("factor", "eighth: quantile loss over three levels", lambda e: (LEVELS * e**2).mean(), lambda g, e: g * 2 * LEVELS * e, (4, 3))
wrong(
    "factor",
    "eighth: mean pooling of a sequence over its batch",
    lambda x: x.mean(1),
    lambda g, x: np.repeat(g[:, None], 5, 1) / len(x),
    (2, 5, 3),
)
wrong(
    "factor",
    "eighth: heights over the squared length",
    lambda u, v: 0.5 * u[:, None] * v,
    lambda g, u, v: ((g * v).sum(1), 0.5 * (g * u[:, None]).sum(0)),
    (4,),
    (3,),
)
made_of_tensors("factor", "eighth: op, power of five", lambda xp, x: x**5, lambda g, y, x: 4 * g * x**4, (3, 4))
# ---------------------------------------------------------------- transposed
wrong(
    "transposed",
    "eighth: recurrent weights of a cell, square",
    elman,
    lambda g, *a: (lambda d: (*d[:3], d[3].T, d[4]))(elman_back(g, *a)),
    (4, 2),
    (4, 3),
    (2, 3),
    (3, 3),
    (3,),
)
wrong("transposed", "eighth: steps of a Markov chain", lambda q: q @ MIXING @ MIXING, lambda g, q: g @ MIXING @ MIXING, (4, 3))
wrong(
    "transposed",
    "eighth: weights of the second layer, square",
    two_layers,
    lambda g, x, w, v: (lambda d: ((g @ v) * (x @ w > 0) @ w.T, *d[1:]))(two_layers_back(g, x, w, v)),
    (4, 3),
    (3, 3),
    (3, 3),
)
wrong(
    "transposed",
    "eighth: frames and channels",
    lambda x: x.transpose(0, 2, 1).reshape(2, -1) ** 2,
    lambda g, x: (2 * g * x.transpose(0, 2, 1).reshape(2, -1)).reshape(x.shape),
    (2, 3, 4),
)
made_of_tensors("transposed", "eighth: op, rows from columns", lambda xp, x: xp.sin(x).T, lambda g, y, x: g * ops.cos(x), (4, 4))
# ---------------------------------------------------------------- missing_sum
wrong(
    "missing_sum",
    "eighth: bias of a cell",
    elman,
    lambda g, *a: (lambda d: (*d[:4], (g * (1 - elman(*a) ** 2))[0]))(elman_back(g, *a)),
    (4, 2),
    (4, 3),
    (2, 3),
    (3, 3),
    (3,),
)
wrong(
    "missing_sum",
    "eighth: differences along edges, overwritten",
    lambda x: x[EDGES[:, 1]] - x[EDGES[:, 0]],
    lambda g, x: (lambda d: (d.__setitem__(EDGES[:, 1], g), d.__setitem__(EDGES[:, 0], -g), d)[2])(np.zeros_like(x)),
    (4, 2),
)
wrong(
    "missing_sum",
    "eighth: weights shared by two halves",
    lambda x, w: np.concatenate([x[:, :3] @ w, x[:, 3:] @ w], 1),
    lambda g, x, w: (np.concatenate([g[:, :2] @ w.T, g[:, 2:] @ w.T], 1), x[:, 3:].T @ g[:, 2:]),
    (4, 6),
    (3, 2),
)
wrong(
    "missing_sum",
    "eighth: gain of a layer norm, last row",
    layer_norm,
    lambda g, x, s, b: (lambda d: (d[0], (g * p.normalized(x, axis=-1)[0])[-1], d[2]))(layer_norm_back(g, x, s, b)),
    (4, 3),
    (3,),
    (3,),
)
made_of_tensors(
    "missing_sum",
    "eighth: op, column times row",
    lambda xp, a, b: a * b,
    lambda g, y, a, b: (g * b, ops.concatenate((g * a)[:, :1], axis=1)),
    (3, 4),
    (3, 1),
)
# ---------------------------------------------------------------- missing_mask
wrong(
    "missing_mask",
    "eighth: hidden layer of two",
    two_layers,
    lambda g, x, w, v: (g @ v.T @ w.T, x.T @ (g @ v.T), p.relu(x @ w).T @ g),
    (4, 3),
    (3, 4),
    (4, 2),
)
wrong("missing_mask", "eighth: deadband of a control", lambda x: np.where(np.abs(x) > 0.6, x - 0.6 * np.sign(x), 0), lambda g, x: g, (4, 5))
wrong(
    "missing_mask",
    "eighth: second largest gets the largest's",
    lambda x: np.sort(x)[:, -1],
    lambda g, x: g[:, None] * (x == np.sort(x)[:, -2:-1]),
    (4, 5),
)
wrong(
    "missing_mask",
    "eighth: relu under a root",
    lambda x: np.sqrt(1 + np.maximum(x, 0)),
    lambda g, x: g / (2 * np.sqrt(1 + np.maximum(x, 0))),
    (4, 5),
)
made_of_tensors(
    "missing_mask", "eighth: op, smaller of x and its square", lambda xp, x: xp.minimum(x, x * x), lambda g, y, x: g * 2 * x, positive(4, 5)
)
# ---------------------------------------------------------------- missing_cross_term
wrong(
    "missing_cross_term",
    "eighth: cosine loss, lengths constant",
    cosine_loss,
    lambda g, a, b: cosine_loss_back(g, a, b, own=0.0),
    (5,),
    (5,),
)
wrong(
    "missing_cross_term",
    "eighth: layer norm inside a dense layer",
    lambda x, w: p.normalized(x, axis=-1)[0] @ w,
    lambda g, x, w: (g @ w.T / p.normalized(x, axis=-1)[1], p.normalized(x, axis=-1)[0].T @ g),
    (4, 3),
    (3, 2),
)
wrong("missing_cross_term", "eighth: x to the x", lambda x: x**x, lambda g, x: g * x * x ** (x - 1), positive(3, 4))
wrong("missing_cross_term", "eighth: matrix cubed, outer factors", lambda x: x @ x @ x, lambda g, x: g @ (x @ x).T + (x @ x).T @ g, (3, 3))
wrong(
    "missing_cross_term",
    "eighth: rows by their largest",
    lambda x: np.exp(x - x.max(1, keepdims=True)),
    lambda g, x: g * np.exp(x - x.max(1, keepdims=True)),
    (3, 5),
)
made_of_tensors(
    "missing_cross_term",
    "eighth: op, share of the sum of exponentials",
    lambda xp, x: xp.exp(x) / xp.exp(x).sum(0),
    lambda g, y, x: g * y,
    (4, 3),
)
# ---------------------------------------------------------------- shifted
wrong(
    "shifted",
    "eighth: window of a spectrum",
    lambda x: x[3:7] * np.arange(1, 5),
    lambda g, x: np.pad(g * np.arange(1, 5), (2, len(x) - 6)),
    (9,),
)
wrong(
    "shifted",
    "eighth: picture moved down",
    lambda x: np.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :-1] ** 3,
    lambda g, x: (lambda d: np.pad(d[:, 2:], ((0, 0), (0, 2), (0, 0))))(3 * g * np.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :-1] ** 2),
    (2, 5, 3),
)
wrong(
    "shifted",
    "eighth: means of pairs, put one column on",
    lambda x: (x[:, ::2] + x[:, 1::2]) / 2,
    lambda g, x: np.roll(np.repeat(g, 2, 1) / 2, 1, 1),
    (2, 8),
)
wrong(
    "shifted",
    "eighth: codes looked up, table from 1",
    lambda t: np.tanh(t[CODES]),
    lambda g, t: (lambda d: (np.add.at(d, (CODES + 1) % 4, g * (1 - np.tanh(t[CODES]) ** 2)), d)[1])(np.zeros_like(t)),
    (4, 3),
)
wrong("shifted", "eighth: diagonal above", lambda x: np.diagonal(x, 1) ** 2, lambda g, x: np.diag(2 * g * np.diagonal(x, 1), -1), (5, 5))
made_of_tensors(
    "shifted",
    "eighth: op, all but the first two",
    lambda xp, x: xp.exp(x[2:]),
    lambda g, y, x: ops.concatenate(x[:1] * 0, g * y, x[:1] * 0, axis=0),
    (6, 2),
)
# ---------------------------------------------------------------- wrong_argument
wrong(
    "wrong_argument",
    "eighth: state's weights from the input",
    elman,
    lambda g, *a: (lambda d: (*d[:3], d[2], d[4]))(elman_back(g, *a)),
    (4, 3),
    (4, 3),
    (3, 3),
    (3, 3),
    (3,),
)
wrong(
    "wrong_argument",
    "eighth: bell, centre for width",
    gaussian,
    lambda g, x, c, w: (lambda d: (d[0], d[2], d[1]))(gaussian_back(g, x, c, w)),
    (3, 4),
    (3, 4),
    positive(3, 4),
)
wrong(
    "wrong_argument",
    "eighth: hidden weights' gradient from the input",
    lambda x, w, v: np.tanh(x @ w) @ v,
    lambda g, x, w, v: ((g @ v.T * (1 - np.tanh(x @ w) ** 2)) @ w.T, x.T @ (g @ v.T * (1 - np.tanh(x @ w) ** 2)), x.T @ g),
    (4, 3),
    (3, 3),
    (3, 2),
)
wrong(
    "wrong_argument",
    "eighth: sine of the cosine",
    lambda a, b: np.sin(a) * b,
    lambda g, a, b: (g * np.cos(b) * b, g * np.sin(a)),
    (3, 4),
    (3, 4),
)
wrong("wrong_argument", "eighth: logistic curve, x in its own slope", lambda x: 3 * p.sigmoid(x), lambda g, x: 3 * g * x * (1 - x), (3, 4))
made_of_tensors(
    "wrong_argument",
    "eighth: op, difference over sum",
    lambda xp, a, b: a / (a * b + 1),
    lambda g, y, a, b: (g / (a * b + 1) ** 2, -g * b * a / (a * b + 1) ** 2),
    positive(3, 4),
    positive(3, 4),
)


# ---------------------------------------------------------------- stale
@remembers("stale", "eighth: mask of a hidden layer, first batch", (4, 3), (3, 4), (4, 2))
def _mask():
    kept = []

    def forward(x, w, v):
        kept.append(x @ w > 0)
        return two_layers(x, w, v)

    def backward(g, x, w, v):
        d = (g @ v.T) * kept[0]
        return d @ w.T, x.T @ d, p.relu(x @ w).T @ g

    return forward, backward


@remembers("stale", "eighth: deviation of the batch before", (4, 3), (3,), (3,))
def _deviation():
    kept = [np.ones((4, 1))]

    def forward(x, s, b):
        kept.append(p.normalized(x, axis=-1)[1])
        return layer_norm(x, s, b)

    def backward(g, x, s, b):
        xhat, _ = p.normalized(x, axis=-1)
        return p.through_norm(g * s, xhat, kept[-2], axis=-1), (g * xhat).sum(0), g.sum(0)

    return forward, backward


wrong("stale", "eighth: bell with its width at 1", lambda w: np.exp(-1 / w**2), lambda g, w: g * 2 * np.exp(-1.0), positive(6))


@remembers("stale", "eighth: hidden state saved once", (4, 2), (4, 3), (2, 3), (3, 3), (3,))
def _hidden():
    class Cell:
        state = None

        def forward(self, x, h, w, u, b):
            self.state = h.copy() if self.state is None else self.state
            return elman(x, h, w, u, b)

        def backward(self, g, *arrays):
            found = elman_back(g, *arrays)
            return *found[:3], self.state.T @ (g * (1 - elman(*arrays) ** 2)), found[4]

    cell = Cell()
    return cell.forward, cell.backward


# ---------------------------------------------------------------- accumulated
@remembers("accumulated", "eighth: weights of both layers", (4, 3), (3, 4), (4, 2))
def _both():
    class Net:
        dw = dv = 0.0

        def backward(self, g, *arrays):
            dx, dw, dv = two_layers_back(g, *arrays)
            self.dw, self.dv = self.dw + dw, self.dv + dv
            return dx, self.dw, self.dv

    return two_layers, Net().backward


@remembers("accumulated", "eighth: points of all calls", (3, 2), (4, 2))
def _points():
    kept = {}

    def backward(g, x, y):
        dx, dy = distances_back(g, x, y)
        kept["dy"] = kept.get("dy", 0) + dy
        return dx, kept["dy"]

    return distances, backward


@remembers("accumulated", "eighth: op with a running total", (3, 4))
def _total():
    total = []

    def rule(g, y, x):
        total[:] = [total[0] + g * ops.cos(x)] if total else [g * ops.cos(x)]
        return total[0]

    return made_of_tensors.op(lambda xp, x: xp.sin(x), rule)


# ---------------------------------------------------------------- precision
wrong(
    "precision",
    "eighth: cell in half precision",
    elman,
    lambda g, *a: tuple(d.astype("f2") for d in elman_back(g, *a)),
    (4, 2),
    (4, 3),
    (2, 3),
    (3, 3),
    (3,),
)
wrong(
    "precision",
    "eighth: distances of far points, single precision",
    distances,
    lambda g, x, y: tuple(d.astype(float) for d in distances_back(g, x.astype("f4"), y.astype("f4"))),
    lambda rng: 2000 + rng.standard_normal((3, 2)),
    lambda rng: 2000 + rng.standard_normal((4, 2)),
)
wrong(
    "precision",
    "eighth: slope by a step of 1e-4 to one side",
    gaussian,
    lambda g, x, c, w: (g * (gaussian(x + 1e-4, c, w) - gaussian(x, c, w)) / 1e-4, *gaussian_back(g, x, c, w)[1:]),
    (3, 4),
    (3, 4),
    positive(3, 4),
)
# ---------------------------------------------------------------- unknown
wrong("unknown", "eighth: rule of an inverse square for a root", np.sqrt, lambda g, x: g * np.exp(x) / x**3, positive(3, 4))
wrong(
    "unknown",
    "eighth: gradient times a random pattern",
    two_layers,
    lambda g, x, w, v: tuple(d * np.cos(7.0 * np.arange(d.size) ** 2).reshape(d.shape) for d in two_layers_back(g, x, w, v)),
    (4, 3),
    (3, 4),
    (4, 2),
)
wrong("unknown", "eighth: gradient of magnitude 1", np.exp, lambda g, x: np.sign(g), (3, 4))
wrong(
    "unknown",
    "eighth: nothing for the bias",
    lambda x, b: np.tanh(x + b),
    lambda g, x, b: (g * (1 - np.tanh(x + b) ** 2), None),
    (4, 3),
    (3,),
)
