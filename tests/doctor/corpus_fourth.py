"""A fourth batch: short rules of the kind that stands in exercises, three or four of each kind."""

import numpy as np

from minidl import ops

from . import parts as p
from .corpus import batch, made_of_tensors, positive, remembers, wrong

batch("fourth")


def log_sum_exp(x):
    m = x.max(-1, keepdims=True)
    return (m + np.log(np.exp(x - m).sum(-1, keepdims=True)))[..., 0]


def instance_norm(x, s):
    m, v = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    return s * (x - m) / np.sqrt(v + 1e-5)


def instance_norm_back(g, x, s, mean=True, var=True):
    m, std = x.mean((1, 2), keepdims=True), np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    xhat, d = (x - m) / std, g * s
    dx = d - mean * d.mean((1, 2), keepdims=True) - var * xhat * (d * xhat).mean((1, 2), keepdims=True)
    return dx / std, (g * xhat).sum((0, 1, 2))


def bag(table, ids):
    return table[ids].mean(1)


def bag_back(g, table, ids, count=None):
    d = np.zeros_like(table)
    np.add.at(d, ids, np.repeat(g[:, None], ids.shape[1], 1) / (count or ids.shape[1]))
    return d, None


def highway(x, h, t):
    return p.sigmoid(t) * h + (1 - p.sigmoid(t)) * x


def highway_back(g, x, h, t, minus=True):
    s = p.sigmoid(t)
    return g * (1 - s), g * s, g * (h - x if minus else h + x) * s * (1 - s)


IMAGES = (2, 3, 3, 2), (2,)
BAG = (6, 3), [[0, 1, 1], [5, 2, 0]]

# ---------------------------------------------------------------- sign
wrong("sign", "fourth: exponential decay", lambda t: np.exp(-t), lambda g, t: g * np.exp(-t), (5,))
wrong("sign", "fourth: highway gate", highway, lambda g, x, h, t: highway_back(g, x, h, t, minus=False), (3, 4), (3, 4), (3, 4))
wrong("sign", "fourth: difference of neighbours", lambda x: x[1:] - x[:-1], lambda g, x: np.pad(g, (0, 1)) - np.pad(g, (1, 0)), (7,))
wrong("sign", "fourth: margin ranking", lambda a, b: (a - b) ** 3, lambda g, a, b: (3 * g * (a - b) ** 2, 3 * g * (a - b) ** 2), (6,), (6,))
# ---------------------------------------------------------------- factor
wrong("factor", "fourth: embedding bag, sum for mean", bag, lambda g, t, i: bag_back(g, t, i, count=1), *BAG)
wrong("factor", "fourth: mean square over all", lambda x: (x**2).mean(), lambda g, x: 2 * g * x / len(x), (3, 5))
wrong(
    "factor", "fourth: scaled tanh", lambda x: 1.7159 * np.tanh(2 * x / 3), lambda g, x: g * 1.7159 * (1 - np.tanh(2 * x / 3) ** 2), (3, 4)
)
wrong("factor", "fourth: weight decay in a loss", lambda w: 0.01 * (w**2).sum() / 2, lambda g, w: g * 0.02 * w, (3, 4))
# ---------------------------------------------------------------- transposed
wrong("transposed", "fourth: three axes to two", lambda x: x.transpose(2, 0, 1).reshape(4, -1), lambda g, x: g.reshape(x.shape), (2, 3, 4))
wrong("transposed", "fourth: covariance with a fixed matrix", lambda x, a: a @ x, lambda g, x, a: (a @ g, g @ x.T), (4, 3), (4, 4))
wrong("transposed", "fourth: scan", lambda x: np.tril(np.ones((5, 5))) @ x, lambda g, x: np.tril(np.ones((5, 5))) @ g, (5, 2))
made_of_tensors("transposed", "fourth: op, swapped axes", lambda xp, x: xp.swapaxes(x, 0, 1), lambda g, y, x: g.reshape(x.shape), (3, 4))
# ---------------------------------------------------------------- missing_sum
wrong("missing_sum", "fourth: gate for all channels", lambda x, s: x * s, lambda g, x, s: (g * s, g * x), (2, 3, 4), (2, 3, 1))
wrong(
    "missing_sum",
    "fourth: embedding bag overwrites",
    bag,
    lambda g, t, i: (lambda d: (d.__setitem__(i, g[:, None] / 3), (d, None))[1])(np.zeros_like(t)),
    *BAG,
)
wrong(
    "missing_sum",
    "fourth: one bias for all times",
    lambda x, b: np.tanh(x + b),
    lambda g, x, b: (lambda d: (d, d.sum(0)))(g * (1 - np.tanh(x + b) ** 2)),
    (2, 3, 4),
    (4,),
)
wrong(
    "missing_sum",
    "fourth: kernel over places, last one",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape), np.einsum("nabc,nf->abcf", p.windows(x, 2)[:, -1, -1], g[:, -1, -1])),
    (2, 4, 4, 1),
    (2, 2, 1, 2),
)
# ---------------------------------------------------------------- missing_mask
wrong(
    "missing_mask",
    "fourth: selu with one slope",
    lambda x: 1.05 * np.where(x > 0, x, 1.67 * (np.exp(np.minimum(x, 0)) - 1)),
    lambda g, x: 1.05 * g,
    (4, 5),
)
wrong(
    "missing_mask",
    "fourth: absolute error above a tolerance",
    lambda x: np.maximum(np.abs(x) - 0.5, 0),
    lambda g, x: g * np.sign(x),
    (4, 5),
)
wrong("missing_mask", "fourth: relu mask of g", p.relu, lambda g, x: g * (g > 0), (4, 5))
wrong("missing_mask", "fourth: largest of all", lambda x: x.max(), lambda g, x: g * np.ones_like(x), (3, 4))
# ---------------------------------------------------------------- missing_cross_term
wrong(
    "missing_cross_term",
    "fourth: instance norm, variance constant",
    instance_norm,
    lambda g, x, s: instance_norm_back(g, x, s, var=False),
    *IMAGES,
)
wrong(
    "missing_cross_term",
    "fourth: instance norm, both constant",
    instance_norm,
    lambda g, x, s: instance_norm_back(g, x, s, mean=False, var=False),
    *IMAGES,
)
wrong("missing_cross_term", "fourth: log-probabilities", lambda x: x - log_sum_exp(x)[..., None], lambda g, x: g, (3, 4))
wrong(
    "missing_cross_term", "fourth: shares", lambda x: x / x.sum(1, keepdims=True), lambda g, x: g / x.sum(1, keepdims=True), positive(3, 4)
)
# ---------------------------------------------------------------- shifted
wrong(
    "shifted", "fourth: reflected by hand", lambda x: np.concatenate([x[1:3], x]), lambda g, x: g[2:] + np.pad(g[:2], (0, len(x) - 2)), (6,)
)
wrong("shifted", "fourth: every third", lambda x: x[::3], lambda g, x: np.repeat(g, 3)[: len(x)] * (np.arange(len(x)) % 3 == 1), (9,))
wrong(
    "shifted",
    "fourth: pooling windows one later",
    lambda x: p.windows(x, 2, 2).mean((3, 4)),
    lambda g, x: p.unwindows(np.broadcast_to(g[:, :, :, None, None] / 4, (*g.shape[:3], 2, 2, g.shape[3])), x.shape, stride=2, off=1),
    (1, 6, 6, 1),
)
made_of_tensors(
    "shifted", "fourth: op, middle of a row", lambda xp, x: x[:, 1:4], lambda g, y, x: ops.concatenate(g, x[:, :2] * 0, axis=1), (3, 5)
)
# ---------------------------------------------------------------- wrong_argument
wrong(
    "wrong_argument",
    "fourth: highway, input and transform",
    highway,
    lambda g, x, h, t: (lambda d: (d[1], d[0], d[2]))(highway_back(g, x, h, t)),
    (3, 4),
    (3, 4),
    (3, 4),
)
wrong(
    "wrong_argument",
    "fourth: product of three",
    lambda a, b, c: a * b * c,
    lambda g, a, b, c: (g * b * c, g * a * b, g * a * b),
    *((3, 4),) * 3,
)
wrong(
    "wrong_argument",
    "fourth: arc sine of y",
    np.arcsin,
    lambda g, x: g / np.sqrt(1 - np.arcsin(x) ** 2),
    lambda rng: rng.uniform(-0.6, 0.6, (3, 4)),
)
wrong("wrong_argument", "fourth: left and right factor", lambda a, b: a @ b, lambda g, a, b: (g @ b.T, b.T @ g), (3, 3), (3, 3))
# ---------------------------------------------------------------- stale
wrong("stale", "fourth: square at one point", lambda x: x**2, lambda g, x: 4 * g, (3, 4))


@remembers("stale", "fourth: last batch's mask", (4, 5))
def _last_mask():
    kept = [np.zeros((4, 5), bool)]

    def forward(x):
        kept.append(np.abs(x) < 1)
        return np.clip(x, -1, 1)

    return forward, lambda g, x: g * kept[-2]


@remembers("stale", "fourth: scale computed once", (5, 3), (3,))
def _scale_once():
    class Scale:
        def forward(self, x, s):
            self.s = getattr(self, "s", s)
            return x * s, x

        def backward(self, g, x):
            return g * self.s, (g * x).sum(0)

    layer = Scale()
    return layer.forward, layer.backward


# ---------------------------------------------------------------- accumulated


@remembers("accumulated", "fourth: gain of an instance norm", *IMAGES)
def _gain():
    class Norm:
        ds = 0

        def backward(self, g, x, s):
            dx, ds = instance_norm_back(g, x, s)
            self.ds = self.ds + ds
            return dx, self.ds

    return instance_norm, Norm().backward


@remembers("accumulated", "fourth: everything in one buffer", (3, 4), (3, 4))
def _buffer():
    buffer = np.zeros((2, 3, 4))

    def backward(g, a, b):
        buffer[0] += g * b
        buffer[1] += g * a
        return buffer[0], buffer[1]

    return lambda a, b: a * b, backward


@remembers("accumulated", "fourth: op with a list of gradients", (3, 4))
def _op_list():
    past = []

    def rule(g, y, x):
        past.append(2 * g * x)
        return sum(past[1:], past[0])

    return made_of_tensors.op(lambda xp, x: x * x, rule)


# ---------------------------------------------------------------- precision
wrong("precision", "fourth: log-sum-exp in half precision", log_sum_exp, lambda g, x: g[:, None] * p.softmax(x.astype(np.float16)), (3, 4))
wrong(
    "precision", "fourth: difference quotient with a step of 1e-5", np.cos, lambda g, x: g * (np.cos(x + 1e-5) - np.cos(x)) / 1e-5, (3, 4)
)
wrong(
    "precision",
    "fourth: mean in float16",
    lambda x: x.astype(np.float16).mean(0).astype(float),
    lambda g, x: np.repeat(g[None], len(x), 0) / len(x),
    (6, 3),
)
# ---------------------------------------------------------------- kink
wrong(
    "kink",
    "fourth: range of a row, constant row",
    lambda x: x.max(1) - x.min(1),
    lambda g, x: (
        g[:, None]
        * 2
        * ((x == x.max(1, keepdims=True)) * 1.0 - (x == x.min(1, keepdims=True)) * 0.5 * (x != x.max(1, keepdims=True)))
        * (1 - 0.5 * (x.max(1) != x.min(1))[:, None] * (x == x.max(1, keepdims=True)))
    ),
    [[1.0, 1.0], [0.5, -1.0]],
)
wrong(
    "kink",
    "fourth: distance from the diagonal",
    lambda a, b: np.abs(a - b),
    lambda g, a, b: (lambda s: (g * s, -g * s))(np.where(a == b, 2.0, np.sign(a - b))),
    [1.0, 2.0],
    [1.0, 0.5],
)
wrong(
    "kink",
    "fourth: power 1 of the absolute value",
    lambda x: np.abs(x),
    lambda g, x: g * np.abs(x) ** 0.0 * x / np.abs(x),
    [0.0, -1.0, 3.0],
)
# ---------------------------------------------------------------- unknown
wrong("unknown", "fourth: reversed power rule", lambda x: x**3, lambda g, x: g * x**4 / 4, (3, 4))
wrong("unknown", "fourth: squared g", np.sin, lambda g, x: g**2 * np.cos(x), (3, 4))
wrong("unknown", "fourth: second argument forgotten", lambda a, b: a + b**2, lambda g, a, b: (g, np.zeros_like(b)), (3, 4), (3, 4))
