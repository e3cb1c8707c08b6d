"""Wrong rules as an examiner would set them: layers with a cache, ops and models of Tensors. The hypotheses were scored on these before
they learned from them."""

from math import erf

import numpy as np

from minidl import layers, losses, ops

from . import parts as p
from .corpus import batch, made_of_tensors, positive, remembers, wrong

batch("exam")
PHI = np.vectorize(lambda x: (1 + erf(x / 2**0.5)) / 2, otypes=[float])


def _last(x):
    return np.mean(x, -1, keepdims=True)


def _layer_norm(x, gamma, beta):
    xhat, std = p.normalized(x, -1)
    return gamma * xhat + beta, (xhat, std, gamma)


def _layer_norm_back(g, cache, through):
    xhat, std, gamma = cache
    return through(g * gamma, xhat, std), (g * xhat).sum(0), g.sum(0)


LAYER_NORM = (4, 6), (6,), (6,)

# ---------------------------------------------------------------- sign
wrong(
    "sign",
    "exam: layer norm, variance term added",
    _layer_norm,
    lambda g, c: _layer_norm_back(g, c, lambda g, xhat, std: (g - _last(g) + xhat * _last(g * xhat)) / std),
    *LAYER_NORM,
)
wrong(
    "sign",
    "exam: gate between old and new",
    lambda z, h, c: z * h + (1 - z) * c,
    lambda g, z, h, c: (g * (h + c), g * z, g * (1 - z)),
    (3, 4),
    (3, 4),
    (3, 4),
)
wrong(
    "sign",
    "exam: Gaussian log-likelihood, log-variance",
    lambda m, s: (0.5 * (m**2 * np.exp(-s) + s)).sum(),
    lambda g, m, s: (g * m * np.exp(-s), 0.5 * g * (1 + m**2 * np.exp(-s))),
    (5,),
    (5,),
)
wrong(
    "sign",
    "exam: least squares, target",
    lambda a, x, b: 0.5 * ((a @ x - b) ** 2).sum(),
    lambda g, a, x, b: (g * np.outer(a @ x - b, x), g * a.T @ (a @ x - b), g * (a @ x - b)),
    (5, 3),
    (3,),
    (5,),
)
made_of_tensors("sign", "exam: op, softplus of −x", lambda xp, x: xp.log1p(xp.exp(-x)), lambda g, y, x: g * ops.sigmoid(-x), (3, 4))


def _cross_entropy(z, labels):
    q = p.softmax(z)
    return -np.log(q[np.arange(len(z)), labels]).mean(), (q, labels)


def _cross_entropy_back(g, cache, flip=1.0, over=None):
    q, labels = cache
    d = q.copy()
    d[np.arange(len(q)), labels] -= 1
    return flip * g * d / (len(q) if over is None else over), None


wrong("sign", "exam: cross-entropy of labels", _cross_entropy, lambda g, c: _cross_entropy_back(g, c, -1.0), (5, 3), [0, 2, 1, 1, 0])

# ---------------------------------------------------------------- factor
wrong(
    "factor",
    "exam: cross-entropy, batch mean forgotten",
    _cross_entropy,
    lambda g, c: _cross_entropy_back(g, c, over=1),
    (5, 3),
    [0, 2, 1, 1, 0],
)
wrong("factor", "exam: sample variance over N", lambda x: x.var(0, ddof=1), lambda g, x: g * 2 * (x - x.mean(0)) / len(x), (6, 3))
wrong(
    "factor",
    "exam: average pooling over one side only",
    lambda x: p.windows(x, 3, 3).mean((3, 4)),
    lambda g, x: np.repeat(np.repeat(g, 3, 1), 3, 2) / 3,
    (1, 6, 6, 2),
)


def _scaled_lookup_back(g, table, ids):
    d = np.zeros_like(table)
    np.add.at(d, ids, g)
    return d, None


wrong("factor", "exam: embedding times √d", lambda t, i: t[i] * np.sqrt(t.shape[1]), _scaled_lookup_back, (6, 4), [0, 5, 5, 2])
wrong(
    "factor", "exam: degrees", lambda x: np.sin(np.deg2rad(x)), lambda g, x: g * np.cos(np.deg2rad(x)), lambda rng: rng.uniform(0, 360, 6)
)
wrong("factor", "exam: logarithm to the base 2", np.log2, lambda g, x: g / x, positive(3, 3))
made_of_tensors("factor", "exam: op, root of a sum of squares", lambda xp, x: xp.sqrt(xp.sum(x * x)), lambda g, y, x: 2 * g * x / y, (3, 4))

# ---------------------------------------------------------------- transposed
wrong("transposed", "exam: running sum", lambda x: np.cumsum(x, 1), lambda g, x: np.cumsum(g, 1), (3, 5))
wrong(
    "transposed",
    "exam: inverse",
    np.linalg.inv,
    lambda g, a: -np.linalg.inv(a) @ g @ np.linalg.inv(a),
    lambda rng: rng.standard_normal((3, 3)) + 3 * np.eye(3),
)
wrong(
    "transposed",
    "exam: weights stored (out, in)",
    lambda x, w, b: x @ w.T + b,
    lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0)),
    *((4, 4), (4, 4), (4,)),
)
wrong("transposed", "exam: product with the first transposed", lambda a, b: a.T @ b, lambda g, a, b: (g @ b.T, a @ g), (5, 3), (5, 2))
wrong(
    "transposed",
    "exam: filter not flipped",
    lambda x: np.convolve(x, [1.0, 2.0, 4.0], "same"),
    lambda g, x: np.convolve(g, [1.0, 2.0, 4.0], "same"),
    (8,),
)


def _cell(x, h, wx, wh, b):
    new = np.tanh(x @ wx + h @ wh + b)
    return new, (x, h, wx, wh, new)


def _cell_back(g, cache):
    x, h, wx, wh, new = cache
    dz = g * (1 - new**2)
    return dz @ wx.T, dz @ wh.T, x.T @ dz, h.T @ dz, dz.sum(0)


CELL = (3, 4), (3, 5), (4, 5), (5, 5), (5,)


def _cell_back_transposed(g, cache):
    dx, dh, dwx, dwh, db = _cell_back(g, cache)
    return dx, dh, dwx, dwh.T, db


wrong("transposed", "exam: recurrent weights of an RNN cell", _cell, _cell_back_transposed, *CELL)
wrong(
    "transposed",
    "exam: axes put back by the same permutation",
    lambda x: x.transpose(1, 2, 0),
    lambda g, x: g.transpose(1, 2, 0),
    (3, 3, 3),
)

# ---------------------------------------------------------------- missing_sum
wrong("missing_sum", "exam: position embedding", lambda x, t: x + t, lambda g, x, t: (g, g[0]), (3, 4, 2), (4, 2))
wrong("missing_sum", "exam: temperature", lambda x, t: x / t, lambda g, x, t: (g / t, -g * x / t**2), (3, 4), lambda rng: np.array(1.7))
wrong("missing_sum", "exam: column plus row", lambda a, b: a + b, lambda g, a, b: (g[:, :1], g.sum(0, keepdims=True)), (3, 1), (1, 4))
wrong(
    "missing_sum",
    "exam: slope per channel, over the batch only",
    lambda x, a: np.where(x > 0, x, a * x),
    lambda g, x, a: (g * np.where(x > 0, 1, a), (g * np.where(x > 0, 0, x)).sum(0)),
    (2, 3, 3, 4),
    (4,),
)


def _unrolled(xs, w):
    h, hs = np.zeros((xs.shape[0], w.shape[1])), []
    for t in range(xs.shape[1]):
        h = np.tanh(xs[:, t] @ w)
        hs.append(h)
    return np.stack(hs, 1)


def _unrolled_back(g, xs, w):
    hs = _unrolled(xs, w)
    dw, dx = np.zeros_like(w), np.zeros_like(xs)
    for t in range(xs.shape[1]):
        dz = g[:, t] * (1 - hs[:, t] ** 2)
        dw = xs[:, t].T @ dz
        dx[:, t] = dz @ w.T
    return dx, dw


wrong("missing_sum", "exam: weights over time, = for +=", _unrolled, _unrolled_back, (2, 4, 3), (3, 2))


def _pixels_overwrite(g, x, ids):
    d = np.zeros(x.size)
    d[ids] = g
    return d.reshape(x.shape), None


wrong("missing_sum", "exam: pixels taken more than once", lambda x, i: x.ravel()[i], _pixels_overwrite, (3, 3), [0, 8, 4, 4, 4, 1])
made_of_tensors(
    "missing_sum", "exam: op, tiled three times", lambda xp, x: xp.concatenate([x, x, x]), lambda g, y, x: g[: x.shape[0]], (2, 3)
)

# ---------------------------------------------------------------- missing_mask
wrong(
    "missing_mask",
    "exam: relu6 without its upper end",
    lambda x: np.clip(x, 0, 2),
    lambda g, x: g * (x > 0),
    lambda rng: 3 * rng.standard_normal((4, 5)),
)
wrong(
    "missing_mask",
    "exam: causal scores",
    lambda q, k: np.tril(q @ k.T),
    lambda g, q, k: (g @ k, g.T @ q),
    (4, 3),
    (4, 3),
)
wrong("missing_mask", "exam: smallest of a row to all", lambda x: x.min(1), lambda g, x: np.broadcast_to(g[:, None], x.shape), (4, 3))
wrong(
    "missing_mask",
    "exam: Huber loss without its ends",
    lambda x: np.where(np.abs(x) < 1, 0.5 * x**2, np.abs(x) - 0.5).sum(),
    lambda g, x: g * x,
    lambda rng: 2 * rng.standard_normal((4, 3)),
)


def _dropped(x):
    keep = np.arange(x.size).reshape(x.shape) % 3 > 0
    return x * keep * 1.5, keep


wrong("missing_mask", "exam: dropout, mask in the cache unused", _dropped, lambda g, keep: g * 1.5, (3, 5))


def _relu_net():
    relu = made_of_tensors.op(lambda xp, x: xp.maximum(x, 0), lambda g, y, x: g)

    class Relu(layers.Layer):
        def call(self, x):
            return relu(x)

    from minidl import Sequential

    return Sequential([layers.Input((4,)), layers.Dense(6), Relu(), layers.Dense(3)]), losses.MeanSquaredError()


remembers("missing_mask", "exam: model with a relu layer that passes all", (5, 4), (5, 3))(_relu_net)
wrong(
    "missing_mask",
    "exam: masked mean over time",
    lambda x, m: (x * m[..., None]).sum(1) / m.sum(1)[:, None],
    lambda g, x, m: (np.repeat((g / m.sum(1)[:, None])[:, None], x.shape[1], 1), None),
    (2, 4, 3),
    [[1, 1, 0, 0], [1, 1, 1, 0]],
)

# ---------------------------------------------------------------- missing_cross_term


def _attention(q, k, v):
    a = p.softmax(q @ k.T / np.sqrt(q.shape[1]))
    return a @ v, (q, k, v, a)


def _attention_back(g, cache, through):
    q, k, v, a = cache
    ds = through(a, g @ v.T) / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, a.T @ g


wrong(
    "missing_cross_term",
    "exam: attention with a diagonal softmax",
    _attention,
    lambda g, c: _attention_back(g, c, lambda a, d: a * (1 - a) * d),
    *((4, 3), (5, 3), (5, 2)),
)
wrong(
    "missing_cross_term",
    "exam: layer norm, statistics constant",
    _layer_norm,
    lambda g, c: _layer_norm_back(g, c, lambda g, xhat, std: g / std),
    *LAYER_NORM,
)
wrong("missing_cross_term", "exam: swish, half the product rule", lambda x: x * p.sigmoid(x), lambda g, x: g * p.sigmoid(x), (3, 4))
wrong("missing_cross_term", "exam: gelu, half the product rule", lambda x: x * PHI(x), lambda g, x: g * PHI(x), (3, 4))
wrong("missing_cross_term", "exam: matrix squared, one side", lambda a: a @ a, lambda g, a: g @ a.T, (4, 4))
wrong("missing_cross_term", "exam: Gram matrix, one side", lambda x: x @ x.T, lambda g, x: g @ x, (4, 3))
wrong(
    "missing_cross_term",
    "exam: RMS norm, root constant",
    lambda x: x / np.sqrt((x**2).mean(-1, keepdims=True)),
    lambda g, x: g / np.sqrt((x**2).mean(-1, keepdims=True)),
    (3, 5),
)
wrong(
    "missing_cross_term",
    "exam: cosine similarity, lengths constant",
    lambda a, b: (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)),
    lambda g, a, b: (lambda s: (s * b, s * a))((g / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1))[:, None]),
    (4, 3),
    (4, 3),
)
made_of_tensors(
    "missing_cross_term",
    "exam: op, softmax over columns",
    lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x), axis=0, keepdims=True),
    lambda g, y, x: g * (y - y * y),
    (4, 3),
)

# ---------------------------------------------------------------- shifted


def _conv1d(x, k):
    return np.stack([(x[i : i + len(k)] * k).sum() for i in range(len(x) - len(k) + 1)])


def _conv1d_back(g, x, k, step):
    dx, dk = np.zeros(len(x) + 8), np.zeros_like(k)
    for i in range(len(g)):
        dx[i + step : i + step + len(k)] += g[i] * k
        dk += g[i] * x[i : i + len(k)]
    return dx[: len(x)], dk


wrong("shifted", "exam: 1-D convolution, input one late", _conv1d, lambda g, x, k: _conv1d_back(g, x, k, 1), (9,), (3,))
wrong(
    "shifted",
    "exam: concatenation cut one early",
    lambda a, b: np.concatenate([a, b], 1),
    lambda g, a, b: (g[:, : a.shape[1]], g[:, a.shape[1] - 1 : -1]),
    (2, 3),
    (2, 4),
)
wrong(
    "shifted", "exam: differences", lambda x: x[1:] - x[:-1], lambda g, x: np.pad(g, (0, 1)) - np.pad(g, (0, 1))[np.r_[1 : len(x), 0]], (7,)
)
wrong(
    "shifted",
    "exam: causal shift put back the wrong way",
    lambda x: np.pad(x, ((1, 0), (0, 0)))[:-1],
    lambda g, x: np.pad(g, ((1, 0), (0, 0)))[:-1],
    (6, 2),
)


def _pool_argmax_off(g, x):
    d = np.zeros_like(x)
    for i in range(g.shape[0]):
        for j in range(g.shape[1]):
            a = np.argmax(x[i, 2 * j : 2 * j + 2])
            d[i, (2 * j + a + 1) % x.shape[1]] += g[i, j]
    return d


wrong("shifted", "exam: 1-D max pooling, index one off", lambda x: x.reshape(len(x), -1, 2).max(2), _pool_argmax_off, (3, 8))
wrong(
    "shifted",
    "exam: strided windows put back at stride 3",
    lambda x: p.windows(x, 2, 2).sum((3, 4)),
    lambda g, x: p.unwindows(np.broadcast_to(g[:, :, :, None, None], (*g.shape[:3], 2, 2, g.shape[3])), x.shape, step=3),
    (2, 8, 8, 1),
)
made_of_tensors("shifted", "exam: op, first rows cut", lambda xp, x: x[2:], lambda g, y, x: ops.concatenate(g, x[:2] * 0, axis=0), (6, 3))

# ---------------------------------------------------------------- wrong_argument
wrong(
    "wrong_argument",
    "exam: three matrices, the middle one",
    lambda a, b, c: a @ b @ c,
    lambda g, a, b, c: (g @ c.T @ b.T, b.T @ g @ c.T, (a @ b).T @ g),
    *((3, 3), (3, 3), (3, 3)),
)
wrong(
    "wrong_argument",
    "exam: interpolation, ends exchanged",
    lambda a, b, t: a + t * (b - a),
    lambda g, a, b, t: (g * t, g * (1 - t), g * (b - a)),
    *((3, 4), (3, 4), (3, 4)),
)
wrong("wrong_argument", "exam: root, x for y", np.sqrt, lambda g, x: g / (2 * x), positive(3, 4))
wrong(
    "wrong_argument",
    "exam: gain of a batch norm from x",
    p.batch_norm,
    lambda g, x, s, b: (p.through_norm(g * s, *p.normalized(x)), (g * x).sum(0), g.sum(0)),
    *((5, 3), (3,), (3,)),
)
wrong(
    "wrong_argument",
    "exam: gates of an LSTM",
    lambda f, c, i, n: f * c + i * n,
    lambda g, f, c, i, n: (g * n, g * f, g * c, g * i),
    *((3, 4),) * 4,
)


def _softmax_of_x(g, x):
    return x * (g - (g * x).sum(-1, keepdims=True))


wrong("wrong_argument", "exam: softmax rule on x", p.softmax, _softmax_of_x, (3, 4))
wrong(
    "wrong_argument",
    "exam: halves exchanged",
    lambda a, b: np.concatenate([a, b]),
    lambda g, a, b: (g[len(b) :], g[: len(b)]),
    (3, 2),
    (3, 2),
)
made_of_tensors(
    "wrong_argument",
    "exam: op, arc tangent of two",
    lambda xp, a, b: xp.arctan2(a, b),
    lambda g, y, a, b: (g * a / (a * a + b * b), -g * b / (a * a + b * b)),
    (3, 4),
    (3, 4),
)

# ---------------------------------------------------------------- stale
wrong("stale", "exam: slope of tanh taken as 1", np.tanh, lambda g, x: g, (3, 4))


@remembers("stale", "exam: batch norm with the statistics of the batch before", (6, 3))
def _statistics_before():
    past = [np.ones((1, 3))]

    def forward(x):
        xhat, std = p.normalized(x)
        past.append(std)
        return xhat, xhat

    return forward, lambda g, xhat: p.through_norm(g, xhat, past[-2])


@remembers("stale", "exam: max pooling, winners of the first batch", (1, 4, 4, 2))
def _winners_once():
    class Pool:
        def forward(self, x):
            if not hasattr(self, "winner"):
                self.winner = p.pool_winner(x)
            return p.max_pool(x)

        def backward(self, g, x):
            return p.unwindows(self.winner * g[:, :, :, None, None], x.shape, step=2)

    pool = Pool()
    return pool.forward, pool.backward


@remembers("stale", "exam: windows kept by shape", (1, 5, 5, 1), (2, 2, 1, 2))
def _windows_by_shape():
    kept = {}

    def forward(x, k):
        cols = kept.setdefault(x.shape, p.windows(x, 2))
        return p.conv(x, k), (x.shape, cols, k)

    def backward(g, cache):
        shape, cols, k = cache
        return p.unwindows(p.conv_dcols(g, k), shape), np.einsum("nijabc,nijf->abcf", cols, g)

    return forward, backward


@remembers("stale", "exam: attention weights of the call before", (4, 3), (5, 3), (5, 2))
def _attention_before():
    past = [np.full((4, 5), 0.2)]

    def forward(q, k, v):
        y, cache = _attention(q, k, v)
        past.append(cache[3])
        return y, cache

    def backward(g, cache):
        q, k, v, _ = cache
        return _attention_back(g, (q, k, v, past[-2]), lambda a, d: a * (d - (a * d).sum(-1, keepdims=True)))

    return forward, backward


@remembers("stale", "exam: op that keeps its first input", (3, 4))
def _first_input():
    kept = []

    def rule(g, y, x):
        if not kept:
            kept.append(x.data.copy())
        return 3 * g * kept[0] ** 2

    return made_of_tensors.op(lambda xp, x: x**3, rule)


# ---------------------------------------------------------------- accumulated


@remembers("accumulated", "exam: a list as default argument", (4, 3), (3, 2))
def _default_argument():
    def backward(g, x, w, total=[0.0]):  # noqa: B006
        total[0] = total[0] + x.T @ g
        return g @ w.T, total[0]

    return lambda x, w: x @ w, backward


@remembers("accumulated", "exam: bias only", *CELL)
def _bias_adds():
    total = np.zeros(5)

    def backward(g, cache):
        dx, dh, dwx, dwh, db = _cell_back(g, cache)
        np.add(total, db, out=total)
        return dx, dh, dwx, dwh, total

    return _cell, backward


@remembers("accumulated", "exam: the incoming gradient is added up", (3, 4))
def _g_adds():
    class Exp:
        g = 0.0

        def backward(self, g, y):
            self.g = self.g + g
            return self.g * y

    return lambda x: (np.exp(x), np.exp(x)), Exp().backward


@remembers("accumulated", "exam: gain of a layer norm", *LAYER_NORM)
def _gain_adds():
    dgamma = np.zeros(6)

    def backward(g, cache):
        xhat, std, gamma = cache
        dgamma[:] += (g * xhat).sum(0)
        return p.through_norm(g * gamma, xhat, std, -1), dgamma, g.sum(0)

    return _layer_norm, backward


@remembers("accumulated", "exam: op whose rule adds to an array", (3, 4))
def _op_adds():
    total = [0.0]

    def rule(g, y, x):
        total[0] = total[0] + g * ops.cos(x)
        return total[0]

    return made_of_tensors.op(lambda xp, x: xp.sin(x), rule)


# ---------------------------------------------------------------- precision
def _numerical(f, h):
    def backward(g, x):
        d = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            e = np.zeros_like(x)
            e[i] = h
            d[i] = (g * (f(x + e) - f(x - e))).sum() / (2 * h)
        return d

    return backward


wrong("precision", "exam: numerical gradient with a tiny step", p.softmax, _numerical(p.softmax, 1e-11), (2, 4))
wrong("precision", "exam: numerical gradient with a wide step", np.sin, _numerical(np.sin, 1e-2), (2, 4))
wrong(
    "precision",
    "exam: softmax probabilities in half precision",
    _cross_entropy,
    lambda g, c: _cross_entropy_back(g, (c[0].astype(np.float16), c[1])),
    (5, 3),
    [0, 2, 1, 1, 0],
)
wrong(
    "precision",
    "exam: matrix product of the forward in float32",
    lambda a, b: (a.astype("f4") @ b.astype("f4")).astype("f8"),
    lambda g, a, b: (g @ b.T, a.T @ g),
    (4, 3),
    (3, 4),
)
wrong(
    "precision",
    "exam: variance around a large mean in float32",
    lambda x: x.var(0),
    lambda g, x: g * 2 * (x - x.astype("f4").mean(0)) / len(x),
    lambda rng: 1000 + rng.standard_normal((6, 3)),
)

# ---------------------------------------------------------------- kink
wrong(
    "kink",
    "exam: hat function at its top",
    lambda x: np.maximum(0, 1 - np.abs(x)),
    lambda g, x: g * np.where(x == 0, -3.0, -np.sign(x) * (np.abs(x) < 1)),
    [0.0, 0.4, -0.3, 2.0],
)
wrong(
    "kink",
    "exam: distance of equal points",
    lambda a, b: np.sqrt(((a - b) ** 2).sum(1)),
    lambda g, a, b: (lambda d: (d, -d))(g[:, None] * (a - b) / np.sqrt(((a - b) ** 2).sum(1, keepdims=True))),
    [[1.0, 2.0], [0.5, -1.0]],
    [[1.0, 2.0], [1.5, 1.0]],
)
wrong(
    "kink",
    "exam: clip, 3 at its ends",
    lambda x: np.clip(x, -1, 1),
    lambda g, x: g * np.where(np.abs(x) == 1, 3.0, np.abs(x) < 1),
    [1.0, -1.0, 0.3, 2.0],
)
wrong(
    "kink",
    "exam: absolute error of a perfect guess",
    lambda y, t: np.abs(y - t).mean(),
    lambda g, y, t: (g * (y - t) / np.abs(y - t) / y.size, None),
    [1.0, 0.5, -2.0],
    np.array([1, 1, -2]),
)
made_of_tensors("kink", "exam: op, abs by division", lambda xp, x: xp.abs(x), lambda g, y, x: g * x / y, [[0.0, 1.0], [-2.0, 0.0]])

# ---------------------------------------------------------------- unknown
wrong("unknown", "exam: another activation's rule", np.tanh, lambda g, x: g * p.sigmoid(x) * (1 + x), (3, 4))


@remembers("unknown", "exam: noise", (3, 4))
def _noise():
    rng = np.random.default_rng(5)
    return np.sin, lambda g, x: g * rng.standard_normal(x.shape)


wrong("unknown", "exam: None for an argument", lambda a, b: a * np.exp(b), lambda g, a, b: (g * np.exp(b), None), (3, 4), (3, 4))
wrong("unknown", "exam: infinite", lambda x: x**2, lambda g, x: g / np.zeros_like(x), (4,))
wrong("unknown", "exam: a square of the slope", np.exp, lambda g, x: g * np.exp(x) ** 2, (3, 4))
wrong("unknown", "exam: absolute value of the gradient", lambda a, b: a @ b, lambda g, a, b: (np.abs(g @ b.T), a.T @ g), (3, 4), (4, 2))
