"""A fifth batch: signals, geometry, statistics and graphs; functions that are not layers, next to some that are."""

import math

import numpy as np

from minidl import ops

from . import parts as p
from .corpus import batch, made_of_tensors, positive, remembers, wrong

batch("fifth")

LABELS = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
POINTS = np.linspace(-2, 2, 24).reshape(6, 4) ** 3 / 4 + np.cos(np.arange(24.0)).reshape(6, 4)
COSINES = np.cos(np.pi * np.outer(np.arange(5), np.arange(5) + 0.5) / 5)
ROADS = np.array([[0.0, 1, 0, 0], [0.5, 0, 0.5, 0], [0, 0, 0, 1], [0.2, 0.8, 0, 0]])
FROM, TO = [0, 1, 1, 2, 3, 0], [1, 0, 2, 3, 3, 2]
ROW, IMAGE = (3, 5), (2, 4, 4, 4)


def logistic(w):
    return np.log1p(np.exp(-LABELS * (POINTS @ w))).mean()


def logistic_back(g, w, sign=-1):
    return g * sign * ((LABELS * p.sigmoid(-LABELS * (POINTS @ w))) @ POINTS) / 6


def rotated(t, x, y):
    return np.stack([x * np.cos(t) - y * np.sin(t), x * np.sin(t) + y * np.cos(t)])


def rotated_back(g, t, x, y, one=-1):
    c, s = np.cos(t), np.sin(t)
    return (g[0] * (one * x * s - y * c) + g[1] * (x * c - y * s)), g[0] * c + g[1] * s, -g[0] * s + g[1] * c


def deep_to_space(x):
    n, h, w, c = x.shape
    return x.reshape(n, h, w, 2, 2, c // 4).transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w, c // 4)


def space_to_deep(y, order=(0, 1, 3, 2, 4, 5)):
    n, h, w, c = y.shape
    return y.reshape(n, h // 2, 2, w // 2, 2, c).transpose(order).reshape(n, h // 2, w // 2, 4 * c)


def soft_argmax(x):
    return p.softmax(x) @ np.arange(x.shape[-1])


def excited(x, w):
    return x * p.sigmoid(x.mean((1, 2)) @ w)[:, None, None]


def pairwise(x, y):
    return (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T


def top_two(x):
    return x * (x >= np.sort(x)[:, -2:-1])


def triplet(a, b, c):
    return np.maximum(((a - b) ** 2).sum(1) - ((a - c) ** 2).sum(1), 0)


def triplet_back(g, a, b, c):
    g = g[:, None]
    return 2 * g * (c - b), 2 * g * (b - a), 2 * g * (a - c)


def scattered(values, places, length):
    d = np.zeros((length, *values.shape[1:]))
    np.add.at(d, places, values)
    return d


# ---------------------------------------------------------------- sign
wrong("sign", "fifth: logistic regression, labels ±1", logistic, lambda g, w: logistic_back(g, w, sign=1), (4,))
wrong("sign", "fifth: angle of a rotation", rotated, lambda g, *a: rotated_back(g, *a, one=1), (5,), (5,), (5,))
wrong(
    "sign",
    "fifth: contrast of two",
    lambda a, b: (a - b) / (a + b),
    lambda g, a, b: (2 * g * b / (a + b) ** 2, 2 * g * a / (a + b) ** 2),
    positive(3, 4),
    positive(3, 4),
)
wrong(
    "sign",
    "fifth: inverse of a matrix",
    lambda a: np.linalg.inv(a + 4 * np.eye(3)),
    lambda g, a: (lambda i: i.T @ g @ i.T)(np.linalg.inv(a + 4 * np.eye(3))),
    (3, 3),
)
made_of_tensors(
    "sign",
    "fifth: op, divergence from the normal distribution",
    lambda xp, m, s: (s * s + m * m - 1) / 2 - xp.log(s),
    lambda g, y, m, s: (g * m, g * (s + 1 / s)),
    (4, 3),
    positive(4, 3),
)
# ---------------------------------------------------------------- factor
wrong(
    "factor",
    "fifth: root-mean-square pooling",
    lambda x: np.sqrt((p.windows(x, 2, 2) ** 2).mean((3, 4))),
    lambda g, x: x * np.repeat(np.repeat(g / np.sqrt((p.windows(x, 2, 2) ** 2).mean((3, 4))), 2, 1), 2, 2),
    IMAGE,
)
wrong("factor", "fifth: decibels", lambda x: 10 * np.log10(x), lambda g, x: 10 * g / x, positive(7))
wrong(
    "factor",
    "fifth: area under a curve, width of a step",
    lambda x: 0.1 * (x[1:] + x[:-1]).sum() / 2,
    lambda g, x: g * (np.pad(np.ones(len(x) - 1), (0, 1)) + np.pad(np.ones(len(x) - 1), (1, 0))) / 2,
    (8,),
)
wrong(
    "factor",
    "fifth: covariance over n",
    lambda x: (x - x.mean(0)).T @ (x - x.mean(0)) / (len(x) - 1),
    lambda g, x: (x - x.mean(0)) @ (g + g.T) / len(x),
    (6, 3),
)
made_of_tensors(
    "factor",
    "fifth: op, sigmoid by tanh",
    lambda xp, x: (1 + xp.tanh(x / 2)) / 2,
    lambda g, y, x: g * (1 - ops.tanh(x / 2) ** 2) / 2,
    (3, 4),
)
# ---------------------------------------------------------------- transposed
wrong(
    "transposed",
    "fifth: weights (out, in), square",
    lambda x, w: np.tanh(x @ w.T),
    lambda g, x, w: (lambda d: (d @ w, x.T @ d))(g * (1 - np.tanh(x @ w.T) ** 2)),
    (5, 4),
    (4, 4),
)
wrong("transposed", "fifth: cosine transform", lambda x: x @ COSINES, lambda g, x: g @ COSINES, (3, 5))
wrong("transposed", "fifth: depth to space", deep_to_space, lambda g, x: space_to_deep(g, (0, 1, 3, 4, 2, 5)), (2, 2, 3, 8))
wrong(
    "transposed",
    "fifth: neighbours in a directed graph",
    lambda x, w: ROADS @ x @ w,
    lambda g, x, w: (ROADS @ g @ w.T, (ROADS @ x).T @ g),
    (4, 3),
    (3, 2),
)
made_of_tensors(
    "transposed",
    "fifth: op, trace of a product",
    lambda xp, a, b: xp.trace(a @ b),
    lambda g, y, a, b: (g * b, g * a),
    (4, 4),
    (4, 4),
)
# ---------------------------------------------------------------- missing_sum
wrong(
    "missing_sum",
    "fifth: centre of standardised data",
    lambda x, m: (x - m) / 2,
    lambda g, x, m: (g / 2, -g / 2),
    (5, 3),
    (3,),
)
wrong(
    "missing_sum",
    "fifth: messages along edges",
    lambda x, w: x[FROM] * w[:, None],
    lambda g, x, w: (lambda d: (d.__setitem__(FROM, g * w[:, None]), (d, (g * x[FROM]).sum(1)))[1])(np.zeros_like(x)),
    (4, 3),
    (6,),
)
wrong(
    "missing_sum",
    "fifth: state repeated for each step",
    lambda h, v: np.tanh(np.repeat(h[:, None], 4, 1) + v),
    lambda g, h, v: (lambda d: (d[:, 0], d))(g * (1 - np.tanh(h[:, None] + v) ** 2)),
    (2, 3),
    (2, 4, 3),
)
wrong(
    "missing_sum",
    "fifth: groups with the same weights",
    lambda x, w: (x.reshape(3, 2, 4) @ w).reshape(3, -1),
    lambda g, x, w: (
        (g.reshape(3, 2, 2) @ w.T).reshape(3, -1),
        x[:, :4].T @ g[:, :2],
    ),
    (3, 8),
    (4, 2),
)
made_of_tensors(
    "missing_sum",
    "fifth: op, stacked with itself",
    lambda xp, x: xp.stack([x, 2 * x, x * 0.5]),
    lambda g, y, x: g[2] * 0.5,
    (3, 4),
)
# ---------------------------------------------------------------- missing_mask
wrong("missing_mask", "fifth: triplets that are apart already", triplet, triplet_back, (6, 3), (6, 3), (6, 3))
wrong("missing_mask", "fifth: the two largest", top_two, lambda g, x: g, ROW)
wrong("missing_mask", "fifth: median of a row to all", lambda x: np.median(x, 1), lambda g, x: np.repeat(g[:, None], 5, 1), ROW)
wrong(
    "missing_mask",
    "fifth: places overwritten by a number",
    lambda x: np.where(np.arange(20).reshape(4, 5) % 3 == 0, -5.0, np.exp(x)),
    lambda g, x: g * np.exp(x),
    (4, 5),
)
made_of_tensors("missing_mask", "fifth: op, relu squared", lambda xp, x: xp.maximum(x, 0) ** 2, lambda g, y, x: 2 * g * x, (4, 5))
# ---------------------------------------------------------------- missing_cross_term
wrong(
    "missing_cross_term",
    "fifth: soft argmax, expectation left out",
    soft_argmax,
    lambda g, x: g[:, None] * p.softmax(x) * np.arange(x.shape[-1]),
    ROW,
)
wrong(
    "missing_cross_term",
    "fifth: weights of a given length",
    lambda x, v, s: x @ (v * s / np.linalg.norm(v, axis=0)),
    lambda g, x, v, s: (
        g @ (v * s / np.linalg.norm(v, axis=0)).T,
        x.T @ g * s / np.linalg.norm(v, axis=0),
        (x.T @ g * v).sum(0) / np.linalg.norm(v, axis=0),
    ),
    (4, 3),
    (3, 2),
    (2,),
)
wrong(
    "missing_cross_term",
    "fifth: channels weighted by their own means",
    excited,
    lambda g, x, w: (
        g * p.sigmoid(x.mean((1, 2)) @ w)[:, None, None],
        (lambda m, s: m.T @ ((g * x).sum((1, 2)) * s * (1 - s)))(x.mean((1, 2)), p.sigmoid(x.mean((1, 2)) @ w)),
    ),
    (2, 3, 3, 2),
    (2, 2),
)
wrong(
    "missing_cross_term",
    "fifth: divided by the largest",
    lambda x: x / np.abs(x).max(1, keepdims=True),
    lambda g, x: g / np.abs(x).max(1, keepdims=True),
    ROW,
)
made_of_tensors(
    "missing_cross_term",
    "fifth: op, squashed vector",
    lambda xp, x: x / (1 + (x * x).sum(-1, keepdims=True)),
    lambda g, y, x: g / (1 + (x * x).sum(axis=-1, keepdims=True)),
    (4, 3),
)
# ---------------------------------------------------------------- shifted
wrong("shifted", "fifth: padded by two and one", lambda x: np.pad(x, (2, 1)) ** 3, lambda g, x: 3 * g[1:-2] * x**2, (7,))
wrong(
    "shifted",
    "fifth: delay of two, put back by one",
    lambda x: np.concatenate([np.zeros((2, 3)), x[:-2]]),
    lambda g, x: np.concatenate([g[1:], np.zeros((1, 3))]),
    (7, 3),
)
wrong(
    "shifted",
    "fifth: crop, row and column exchanged",
    lambda x: x[2:5, 1:4],
    lambda g, x: np.pad(g, ((1, len(x) - 4), (2, len(x) - 5))),
    (7, 7),
)
wrong(
    "shifted",
    "fifth: curvature, one early",
    lambda x: x[2:] - 2 * x[1:-1] + x[:-2],
    lambda g, x: np.pad(g, (1, 1)) - 2 * np.pad(g, (0, 2)) + np.pad(g, (0, 2)),
    (8,),
)
wrong(
    "shifted",
    "fifth: nodes counted from 1",
    lambda x: np.sin(x)[TO],
    lambda g, x: np.cos(x) * np.roll(scattered(g, TO, len(x)), 1, 0),
    (4, 3),
)
made_of_tensors(
    "shifted",
    "fifth: op, rolled back too far",
    lambda xp, x: xp.roll(x, 2, -1),
    lambda g, y, x: ops.concatenate(g[:, 3:], g[:, :3], axis=1),
    (3, 7),
)
# ---------------------------------------------------------------- wrong_argument
wrong("wrong_argument", "fifth: scale and shift, scale's own", lambda x, a, b: a * x + b, lambda g, x, a, b: (g * a, g * a, g), *(ROW,) * 3)
wrong(
    "wrong_argument",
    "fifth: cross product",
    np.cross,
    lambda g, a, b: (np.cross(a, g), np.cross(g, a)),
    (4, 3),
    (4, 3),
)
wrong(
    "wrong_argument",
    "fifth: power, logarithm of the exponent",
    lambda x, a: x**a,
    lambda g, x, a: (g * a * x ** (a - 1), g * x**a * np.log(a)),
    positive(3, 4),
    positive(3, 4),
)
wrong(
    "wrong_argument",
    "fifth: gated unit, gate's own value",
    lambda a, b: a * p.sigmoid(b),
    lambda g, a, b: (g * p.sigmoid(b), g * b * p.sigmoid(b) * (1 - p.sigmoid(b))),
    ROW,
    ROW,
)
made_of_tensors(
    "wrong_argument",
    "fifth: op, sum in logarithms",
    lambda xp, a, b: xp.logaddexp(a, b),
    lambda g, y, a, b: (g * ops.exp(b - y), g * ops.exp(a - y)),
    ROW,
    ROW,
)


# ---------------------------------------------------------------- stale
@remembers("stale", "fifth: bottom of the stack", ROW, ROW)
def _bottom():
    stack = []

    def forward(a, b):
        stack.append((a.copy(), b.copy()))
        return np.sin(a) * b

    return forward, lambda g, a, b: (g * np.cos(stack[0][0]) * stack[0][1], g * np.sin(stack[0][0]))


@remembers("stale", "fifth: unit vectors, two calls behind", (4, 3))
def _behind():
    seen = [np.full((4, 3), 0.3)] * 2

    def forward(x):
        seen.append(x.copy())
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    def backward(g, x):
        old = seen[-3]
        length = np.linalg.norm(old, axis=1, keepdims=True)
        y = old / length
        return (g - y * (g * y).sum(1, keepdims=True)) / length

    return forward, backward


wrong("stale", "fifth: hyperbolic sine, slope at 0", np.sinh, lambda g, x: g, (3, 4))


@remembers("stale", "fifth: order of the first sort", ROW)
def _order():
    class Sort:
        def forward(self, x):
            if not hasattr(self, "order"):
                self.order = np.argsort(x)
            return np.sort(x)

        def backward(self, g, x):
            d = np.zeros_like(x)
            np.put_along_axis(d, self.order, g, 1)
            return d

    layer = Sort()
    return layer.forward, layer.backward


@remembers("stale", "fifth: op, factor of the call before", ROW)
def _factor_before():
    seen = [1.0]

    def forward(xp, x):
        seen.append(float(x.sum()))
        return x * x.sum()

    return made_of_tensors.op(forward, lambda g, y, x: g * seen[-2] + (g * x).sum())


# ---------------------------------------------------------------- accumulated
@remembers("accumulated", "fifth: out= of one array", ROW)
def _out():
    total = np.zeros(ROW)

    def backward(g, x):
        return np.add(total, g * np.cos(x), out=total)

    return np.sin, backward


@remembers("accumulated", "fifth: gradients by shape", (5, 3), (3, 2))
def _by_shape():
    grads = {}

    def backward(g, x, w):
        for d in (g @ w.T, x.T @ g):
            grads[d.shape] = grads.get(d.shape, 0) + d
        return grads[x.shape], grads[w.shape]

    return lambda x, w: x @ w, backward


@remembers("accumulated", "fifth: op, gradient of the second only", ROW, ROW)
def _second():
    past = []

    def rule(g, y, a, b):
        past.append(g * a)
        return g * b, sum(past[1:], past[0])

    return made_of_tensors.op(lambda xp, a, b: a * b, rule)


@remembers("accumulated", "fifth: logistic weights without zero_grad", (4,))
def _no_zero():
    class Model:
        grad = np.zeros(4)

        def backward(self, g, w):
            self.grad = self.grad + logistic_back(g, w)
            return self.grad

    return logistic, Model().backward


# ---------------------------------------------------------------- precision
wrong(
    "precision",
    "fifth: growth (eˣ − 1)/x in single precision",
    lambda x: np.expm1(x) / x,
    lambda g, x: (lambda x: g * ((np.exp(x) * x - (np.exp(x) - 1)) / x**2).astype(float))(x.astype(np.float32)),
    lambda rng: rng.uniform(0.001, 0.01, 6),
)
wrong(
    "precision",
    "fifth: gradient in steps of 1/256",
    np.tanh,
    lambda g, x: np.round(g * (1 - np.tanh(x) ** 2) * 256) / 256,
    (4, 5),
)
wrong(
    "precision",
    "fifth: weights cut to bfloat16",
    lambda x, w: x @ w,
    lambda g, x, w: (g @ (w.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32).astype(float).T, x.T @ g),
    (4, 3),
    (3, 5),
)
wrong(
    "precision",
    "fifth: distances by squares in single precision",
    lambda x, y: pairwise(x.astype(np.float32), y.astype(np.float32)).astype(float),
    lambda g, x, y: (2 * (g.sum(1)[:, None] * x - g @ y), 2 * (g.sum(0)[:, None] * y - g.T @ x)),
    lambda rng: 30 + rng.standard_normal((4, 2)),
    lambda rng: 30 + rng.standard_normal((3, 2)),
)
# ---------------------------------------------------------------- kink
wrong(
    "kink",
    "fifth: least of three, a tie counts twice",
    lambda x: x.min(0),
    lambda g, x: g * (x == x.min(0)) * (x == x.min(0)).sum(0),
    [[1.0, 2.0], [1.0, 3.0], [4.0, 0.5]],
)
wrong(
    "kink",
    "fifth: distance to the nearest whole number, at one half",
    lambda x: np.abs(x - np.round(x)),
    lambda g, x: g * np.where(x % 1 == 0.5, 2.0, np.sign(x - np.round(x))),
    [0.5, 0.2, 1.7],
)
wrong(
    "kink",
    "fifth: elu with slope 3 below, at zero the product",
    lambda x: np.where(x > 0, x, 3 * np.expm1(np.minimum(x, 0))),
    lambda g, x: g * np.where(x == 0, 9.0, np.where(x > 0, 1, 3 * np.exp(np.minimum(x, 0)))),
    [0.0, 1.5, -0.5],
)
# ---------------------------------------------------------------- unknown
wrong("unknown", "fifth: running sum of the gradient", np.arctan, lambda g, x: np.cumsum(g, -1) / (1 + x**2) ** 1.5, (3, 4))
wrong(
    "unknown",
    "fifth: gelu by the sigmoid, tanh's coefficient",
    lambda x: x * (1 + np.vectorize(math.erf)(x / np.sqrt(2))) / 2,
    lambda g, x: (lambda s: g * (s + 1.2 * x * s * (1 - s)))(p.sigmoid(1.2 * x)),
    (3, 4),
)
wrong("unknown", "fifth: third root, inverse function's rule", np.cbrt, lambda g, x: g * 3 * x**2, positive(3, 4))
wrong("unknown", "fifth: cut short", lambda x: x**2, lambda g, x: (2 * g * x)[:-1], (5, 2))
made_of_tensors(
    "unknown", "fifth: op, rule of the logarithm for a root", lambda xp, x: xp.sqrt(x) + x, lambda g, y, x: g / x * x**3, positive(3, 4)
)
