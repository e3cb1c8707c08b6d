"""A seventh batch: homework of a course on deep learning: policies, embeddings, residual blocks, steps of physics."""

import numpy as np

from minidl import ops

from . import parts as p
from .corpus import batch, made_of_tensors, positive, remembers, wrong

batch("seventh")

ACTIONS, REWARDS = np.array([0, 2, 1, 2, 0]), np.array([1.0, -0.5, 2.0, 0.3, -1.0])
TARGET = p.softmax(np.cos(np.arange(12.0)).reshape(3, 4))
BLUR = np.array([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
POWERS = np.linspace(0.2, 1.1, 4)[:, None] ** np.arange(4)
OFFSETS = np.arange(4)[:, None] - np.arange(4) + 3
WORDS, REAL = np.array([[1, 3, 3], [0, 2, 4]]), np.array([[1.0, 1, 1], [1, 1, 0]])


def policy(z):
    return -(REWARDS * np.log(p.softmax(z))[np.arange(5), ACTIONS]).mean()


def divergence(z):
    return (TARGET * (np.log(TARGET) - np.log(p.softmax(z)))).sum(1).mean()


def spring(x, v, k):
    return np.stack([x + 0.2 * v, v - 0.2 * k * x - 0.1 * v])


def spring_back(g, x, v, k, damping=0.9, kx=1):
    return g[0] - 0.2 * k * g[1], 0.2 * g[0] + damping * g[1], -0.2 * (x if kx else v) * g[1]


def blurred(x):
    return np.einsum("nijabc,ab->nijc", p.windows(x, 3), BLUR / 16)


def blurred_back(g, shape, kernel):
    return p.unwindows(np.einsum("nijc,ab->nijabc", g, kernel), shape)


def residual(x, w, b):
    return x + np.tanh(x @ w + b)


def residual_back(g, x, w, b, skip=1.0, other=True):
    d = g * (1 - np.tanh(x @ w + b) ** 2)
    return skip * g + other * d @ w.T, x.T @ d, d.sum(0)


def cell(o, c):
    return p.sigmoid(o) * np.tanh(c)


def relative(s, b):
    return s + b[OFFSETS]


def words(e):
    return (e[WORDS] * REAL[..., None]).sum(1)


def words_back(g, e, mask=True):
    d = np.zeros_like(e)
    np.add.at(d, WORDS, g[:, None] * (REAL[..., None] if mask else np.ones((2, 3, 1))))
    return d


def clipped_policy(r, a):
    return np.minimum(r * a, np.clip(r, 0.8, 1.2) * a)


def causal(x, k):
    padded = np.concatenate([np.zeros((len(k) - 1, x.shape[1])), x])
    return sum(k[i] * padded[i : i + len(x)] for i in range(len(k)))


def causal_back(g, x, k, cut=None, off=0):
    n, size = len(x), len(k)
    padded, d = np.concatenate([np.zeros((size - 1, x.shape[1])), x]), np.zeros((n + size - 1, x.shape[1]))
    dk = np.array([(g * padded[max(i - off, 0) : max(i - off, 0) + n]).sum() for i in range(size)])
    for i in range(size):
        d[i : i + n] += k[i] * g
    return d[size - 1 :] if cut is None else d[:n], dk


def entropy(z):
    q = p.softmax(z)
    return -(q * np.log(q)).sum(1)


def factorized(x, v):
    """The pairs of a factorization machine: ((x v)² − x² v²) / 2, summed over the factors."""
    return ((x @ v) ** 2 - x**2 @ v**2).sum(1) / 2


def factorized_back(g, x, v, second=1.0):
    g = g[:, None]
    s = x @ v
    return g * (s @ v.T - second * x * (v**2).sum(1)), x.T @ (g * s) - second * v * (x**2 * g).sum(0)[:, None]


# ---------------------------------------------------------------- sign
wrong(
    "sign",
    "seventh: policy gradient",
    policy,
    lambda g, z: g * REWARDS[:, None] * (np.eye(4)[ACTIONS] - p.softmax(z)) / 5,
    (5, 4),
)
wrong("sign", "seventh: divergence of a target", divergence, lambda g, z: g * (TARGET - p.softmax(z)) / 3, (3, 4))
wrong(
    "sign",
    "seventh: margin of two scores",
    lambda a, b: np.maximum(0, 1 - a + b).sum(),
    lambda g, a, b: (g * (1 - a + b > 0), g * (1 - a + b > 0)),
    (7,),
    (7,),
)
wrong(
    "sign",
    "seventh: factorization machine, squares added",
    factorized,
    lambda g, x, v: factorized_back(g, x, v, second=-1.0),
    (3, 4),
    (4, 2),
)
made_of_tensors("sign", "seventh: op, logit", lambda xp, q: xp.log(q / (3 - q)), lambda g, y, q: g * (1 / q - 1 / (3 - q)), positive(3, 4))
# ---------------------------------------------------------------- factor
wrong("factor", "seventh: blur not divided by 16", blurred, lambda g, x: blurred_back(g, x.shape, BLUR), (1, 5, 5, 2))
wrong("factor", "seventh: logarithm of a cosh", lambda x: np.log(np.cosh(3 * x)) / 3, lambda g, x: 3 * g * np.tanh(3 * x), (3, 4))
wrong(
    "factor",
    "seventh: policy gradient, sum over the batch",
    policy,
    lambda g, z: -g * REWARDS[:, None] * (np.eye(4)[ACTIONS] - p.softmax(z)),
    (5, 4),
)
wrong(
    "factor",
    "seventh: steps of a spring, twice as long",
    spring,
    lambda g, x, v, k: tuple(2 * d for d in spring_back(g, x, v, k)),
    (4,),
    (4,),
    positive(4),
)
made_of_tensors(
    "factor",
    "seventh: op, norm of rows squared and halved",
    lambda xp, x: (x * x).sum(1) / 2,
    lambda g, y, x: 2 * g.reshape(-1, 1) * x,
    (4, 3),
)
wrong("factor", "seventh: damping of a spring, 1.1 for 0.9", spring, lambda g, *a: spring_back(g, *a, damping=1.1), (4,), (4,), positive(4))
# ---------------------------------------------------------------- transposed
wrong(
    "transposed",
    "seventh: kernel, rows and columns exchanged",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape), p.conv_dk(g, x, k).swapaxes(0, 1)),
    (2, 4, 4, 2),
    (2, 2, 2, 3),
)
wrong("transposed", "seventh: values of a polynomial", lambda c: POWERS @ c, lambda g, c: POWERS @ g, (4,))
wrong(
    "transposed",
    "seventh: picture on its side",
    lambda x: np.tanh(x.swapaxes(1, 2)),
    lambda g, x: g * (1 - np.tanh(x.swapaxes(1, 2)) ** 2),
    (2, 3, 3),
)
wrong(
    "transposed",
    "seventh: residual block, square weights",
    residual,
    lambda g, x, w, b: (lambda d: (g + d @ w, x.T @ d, d.sum(0)))(g * (1 - np.tanh(x @ w + b) ** 2)),
    (4, 3),
    (3, 3),
    (3,),
)
wrong(
    "transposed",
    "seventh: bilinear score, both sides' weights",
    lambda x, w, y: ((x @ w) * y).sum(1),
    lambda g, x, w, y: (g[:, None] * (y @ w.T), (g[:, None] * y).T @ x, g[:, None] * (x @ w)),
    (4, 3),
    (3, 3),
    (4, 3),
)
# ---------------------------------------------------------------- missing_sum
wrong(
    "missing_sum",
    "seventh: bias by relative position",
    relative,
    lambda g, s, b: (g, np.array([np.diagonal(g, -k)[0] for k in range(-3, 4)])),
    (4, 4),
    (7,),
)
wrong(
    "missing_sum",
    "seventh: words counted once",
    lambda e: e[[1, 3, 3, 0]].sum(0),
    lambda g, e: (lambda d: (d.__setitem__([1, 3, 3, 0], g), d)[1])(np.zeros_like(e)),
    (5, 3),
)
wrong(
    "missing_sum",
    "seventh: shift of all pictures, first picture",
    lambda x, b: np.exp(x + b),
    lambda g, x, b: (g * np.exp(x + b), (g * np.exp(x + b))[0].sum((0, 1))),
    (2, 3, 3, 2),
    (2,),
)
wrong(
    "missing_sum",
    "seventh: one temperature for every row",
    lambda x, t: p.softmax(x * t),
    lambda g, x, t: (lambda d: (d * t, (d * x).sum(1)[:1]))(p.softmax(x * t) * (g - (g * p.softmax(x * t)).sum(1, keepdims=True))),
    (3, 4),
    (1,),
)
made_of_tensors(
    "missing_sum",
    "seventh: op, row added to its neighbours",
    lambda xp, x: x[:-1] + x[1:],
    lambda g, y, x: ops.concatenate(g, x[:1] * 0, axis=0),
    (5, 3),
)
# ---------------------------------------------------------------- missing_mask
wrong(
    "missing_mask",
    "seventh: clipped policy",
    clipped_policy,
    lambda g, r, a: (g * a, g * np.where(r * a < np.clip(r, 0.8, 1.2) * a, r, np.clip(r, 0.8, 1.2))),
    positive(4, 5),
    (4, 5),
)
wrong(
    "missing_mask",
    "seventh: relu of a sum, skip without the mask",
    lambda x, y: p.relu(x + y),
    lambda g, x, y: (g, g * (x + y > 0)),
    (4, 5),
    (4, 5),
)
wrong("missing_mask", "seventh: padded words", words, lambda g, e: words_back(g, e, mask=False), (5, 3))
wrong("missing_mask", "seventh: lower half of a matrix", lambda x: np.tril(x) ** 2, lambda g, x: 2 * g * x, (4, 4))
made_of_tensors(
    "missing_mask", "seventh: op, distance beyond one", lambda xp, x: xp.maximum(abs(x) - 0.5, 0), lambda g, y, x: g * ops.sign(x), (4, 5)
)
# ---------------------------------------------------------------- missing_cross_term
wrong(
    "missing_cross_term",
    "seventh: residual block without its skip",
    residual,
    lambda g, *a: residual_back(g, *a, skip=0.0),
    (4, 3),
    (3, 3),
    (3,),
)
wrong(
    "missing_cross_term",
    "seventh: entropy, probabilities as constants",
    entropy,
    lambda g, z: -g[:, None] * p.softmax(z) * (1 - p.softmax(z)),
    (3, 4),
)
wrong(
    "missing_cross_term",
    "seventh: factorization machine, squares left out",
    factorized,
    lambda g, x, v: factorized_back(g, x, v, second=0.0),
    (3, 4),
    (4, 2),
)
wrong(
    "missing_cross_term",
    "seventh: scaled by its own projection",
    lambda x, w: x * (x @ w)[:, None],
    lambda g, x, w: (g * (x @ w)[:, None], x.T @ (g * x).sum(1)),
    (4, 3),
    (3,),
)
made_of_tensors(
    "missing_cross_term",
    "seventh: op, minus its mean, by its length",
    lambda xp, x: x / xp.sqrt((x * x).sum(1, keepdims=True) + 1),
    lambda g, y, x: g / ops.sqrt((x * x).sum(axis=1, keepdims=True) + 1),
    (3, 4),
)
# ---------------------------------------------------------------- shifted
wrong("shifted", "seventh: causal convolution, cut at the end", causal, lambda g, x, k: causal_back(g, x, k, cut=1), (6, 2), (3,))
wrong(
    "shifted",
    "seventh: causal convolution, kernel from one later",
    lambda x, k: causal(x, k),
    lambda g, x, k: causal_back(g, x, k, off=1),
    (6, 2),
    (3,),
)
wrong(
    "shifted",
    "seventh: odd places into the even ones",
    lambda x: np.sin(x[1::2]),
    lambda g, x: (lambda d: (d.__setitem__(slice(None, None, 2), g * np.cos(x[1::2])), d)[1])(np.zeros_like(x)),
    (8,),
)
wrong(
    "shifted",
    "seventh: label before",
    lambda z: p.softmax(z)[np.arange(3), [1, 3, 2]],
    lambda g, z: p.softmax(z) * g[:, None] * (np.eye(4)[[0, 2, 1]] - p.softmax(z)[np.arange(3), [1, 3, 2]][:, None]),
    (3, 4),
)
wrong(
    "shifted",
    "seventh: dilated window, put back undilated",
    lambda x: np.stack([x[i : i + 5 : 2] for i in range(4)]),
    lambda g, x: (lambda d: ([d.__setitem__(slice(i, i + 3), d[i : i + 3] + g[i]) for i in range(4)], d)[1])(np.zeros_like(x)),
    (8,),
)
made_of_tensors(
    "shifted",
    "seventh: op, last rows",
    lambda xp, x: x[2:] * 3,
    lambda g, y, x: ops.concatenate(x[:1] * 0, 3 * g, x[:1] * 0, axis=0),
    (6, 2),
)
# ---------------------------------------------------------------- wrong_argument
wrong(
    "wrong_argument",
    "seventh: state of a cell for its tanh",
    cell,
    lambda g, o, c: (g * np.tanh(c) * p.sigmoid(o) * (1 - p.sigmoid(o)), g * p.sigmoid(o) * (1 - c**2)),
    (3, 4),
    (3, 4),
)
wrong("wrong_argument", "seventh: stiffness, speed for place", spring, lambda g, *a: spring_back(g, *a, kx=0), (4,), (4,), positive(4))
made_of_tensors(
    "wrong_argument",
    "seventh: op, product with a transpose",
    lambda xp, a, b: a @ b.T,
    lambda g, y, a, b: (g @ b, ops.transpose(g) @ b),
    (3, 3),
    (3, 3),
)
wrong(
    "wrong_argument",
    "seventh: share of two, other numerator",
    lambda a, b: a / (a + b),
    lambda g, a, b: (g * a / (a + b) ** 2, -g * a / (a + b) ** 2),
    positive(3, 4),
    positive(3, 4),
)
wrong(
    "wrong_argument",
    "seventh: residual block, weights from the output",
    residual,
    lambda g, x, w, b: (lambda d, y: (g + d @ w.T, y.T @ d, d.sum(0)))(g * (1 - np.tanh(x @ w + b) ** 2), residual(x, w, b)),
    (4, 3),
    (3, 3),
    (3,),
)
made_of_tensors(
    "wrong_argument",
    "seventh: op, sine times cosine",
    lambda xp, a, b: xp.sin(a) * xp.cos(b),
    lambda g, y, a, b: (g * ops.cos(a) * ops.cos(b), -g * ops.sin(a) * ops.sin(a)),
    (3, 4),
    (3, 4),
)


# ---------------------------------------------------------------- stale
@remembers("stale", "seventh: probabilities of the batch before", (5, 4))
def _probabilities():
    kept = [np.full((5, 4), 0.25)]

    def forward(z):
        kept.append(p.softmax(z))
        return policy(z)

    return forward, lambda g, z: -g * REWARDS[:, None] * (np.eye(4)[ACTIONS] - kept[-2]) / 5


@remembers("stale", "seventh: residual block that caches its activation once", (4, 3), (3, 3), (3,))
def _activation():
    class Block:
        cache = None

        def forward(self, x, w, b):
            if self.cache is None:
                self.cache = np.tanh(x @ w + b)
            return residual(x, w, b)

        def backward(self, g, x, w, b):
            d = g * (1 - self.cache**2)
            return g + d @ w.T, x.T @ d, d.sum(0)

    block = Block()
    return block.forward, block.backward


@remembers("stale", "seventh: largest so far", (4, 5))
def _largest():
    seen = [0.0]

    def forward(x):
        seen[0] = max(seen[0], np.abs(x).max())
        return x**2, seen[0]

    return forward, lambda g, cache: 2 * g * cache


wrong(
    "stale", "seventh: spring, place taken as 1", spring, lambda g, x, v, k: spring_back(g, np.ones_like(x), v, k), (4,), (4,), positive(4)
)


@remembers("stale", "seventh: op, weights of the first call", (3, 4), (4, 2))
def _first_weights():
    kept = []

    def forward(xp, x, w):
        kept.append(w.copy())
        return x @ w

    return made_of_tensors.op(forward, lambda g, y, x, w: (g @ ops.transpose(w) * 0 + g @ kept[0].T, ops.transpose(x) @ g))


# ---------------------------------------------------------------- accumulated
@remembers("accumulated", "seventh: table of words", (5, 3))
def _table():
    d = np.zeros((5, 3))

    def backward(g, e):
        np.add.at(d, WORDS, g[:, None] * REAL[..., None])
        return d

    return words, backward


@remembers("accumulated", "seventh: residual block's bias", (4, 3), (3, 3), (3,))
def _bias():
    class Block:
        db = 0.0

        def backward(self, g, *arrays):
            dx, dw, db = residual_back(g, *arrays)
            self.db = self.db + db
            return dx, dw, self.db

    return residual, Block().backward


@remembers("accumulated", "seventh: gradient added to what was returned", (3, 4))
def _returned():
    kept = [None]

    def backward(g, x):
        d = g / (1 + x**2)
        kept[0] = d if kept[0] is None else kept[0] + d
        return kept[0]

    return np.arctan, backward


@remembers("accumulated", "seventh: op, number of passes", (3, 4))
def _passes():
    passes = [0]

    def rule(g, y, x):
        passes[0] += 1
        return g * y * passes[0]

    return made_of_tensors.op(lambda xp, x: xp.exp(x), rule)


# ---------------------------------------------------------------- precision
wrong(
    "precision",
    "seventh: probabilities kept in half precision",
    policy,
    lambda g, z: -g * REWARDS[:, None] * (np.eye(4)[ACTIONS] - p.softmax(z).astype("f2")) / 5,
    (5, 4),
)
wrong(
    "precision",
    "seventh: difference quotient, step 1e-12",
    cell,
    lambda g, o, c: (g * (cell(o + 1e-12, c) - cell(o, c)) / 1e-12, g * p.sigmoid(o) * (1 - np.tanh(c) ** 2)),
    (3, 4),
    (3, 4),
)
wrong(
    "precision",
    "seventh: spring in half precision",
    lambda x, v, k: spring(*(a.astype("f2") for a in (x, v, k))).astype(float),
    spring_back,
    (4,),
    (4,),
    positive(4),
)
wrong(
    "precision",
    "seventh: variance of numbers around 5000 in single precision",
    lambda x: x.var(0),
    lambda g, x: (lambda x: 2 * g * (x - x.mean(0)) / len(x))(x.astype("f4")),
    lambda rng: 5000 + rng.standard_normal((6, 3)),
)
# ---------------------------------------------------------------- kink
wrong(
    "kink",
    "seventh: clipped policy, 2 at the clip",
    lambda r: np.clip(r, 0.8, 1.2),
    lambda g, r: g * np.where(r == 1.2, 2.0, (r > 0.8) & (r < 1.2)),
    [1.2, 1.0, 0.3],
)
wrong(
    "kink",
    "seventh: margin of exactly 0",
    lambda s: np.maximum(0, 1 - s),
    lambda g, s: g * np.where(s == 1, 1.0, -1.0 * (s < 1)),
    [1.0, 0.5, 3.0],
)
# ---------------------------------------------------------------- unknown
wrong("unknown", "seventh: gradient of the logarithm of the loss", divergence, lambda g, z: g * (p.softmax(z) ** 2 - TARGET) / 3, (3, 4))
wrong("unknown", "seventh: some other cell", cell, lambda g, o, c: (g * np.tanh(c) * o, g * o * np.cos(c)), (3, 4), (3, 4))
wrong("unknown", "seventh: raised to the third", lambda x: np.exp(x), lambda g, x: (g * np.exp(x)) ** 3, (3, 4))
wrong("unknown", "seventh: shape of the weights", lambda x, w: x @ w, lambda g, x, w: (g @ w.T, g), (4, 3), (3, 5))
wrong("unknown", "seventh: rule of the tanh for a sine", np.sin, lambda g, x: g * (1 - np.sin(x) ** 2), (3, 4))
