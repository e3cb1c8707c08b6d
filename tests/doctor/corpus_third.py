"""A third batch: right implementations of common layers and losses, each with one mistake put in, kind by kind."""

import numpy as np

from minidl import ops

from . import parts as p
from .corpus import batch, made_of_tensors, positive, remembers, wrong

batch("third")

# ---------------------------------------------------------------- the right ones


def dense_net(x, w1, b1, w2, b2):
    h = np.tanh(x @ w1 + b1)
    return h @ w2 + b2, (x, w1, h, w2)


def dense_net_back(g, cache, h_of=None, slope=lambda h: 1 - h**2, w2_of=lambda w: w.T):
    x, w1, h, w2 = cache
    dz = (g @ w2_of(w2)) * slope(h)
    return dz @ w1.T, x.T @ dz, dz.sum(0), h.T @ g, g.sum(0)


NET = (5, 3), (3, 4), (4,), (4, 4), (4,)


def lstm(x, h, c, w):
    z = np.concatenate([x, h], 1) @ w
    i, f, o, n = np.split(z, 4, 1)
    i, f, o, n = p.sigmoid(i), p.sigmoid(f), p.sigmoid(o), np.tanh(n)
    new = f * c + i * n
    return o * np.tanh(new), (x, h, c, w, i, f, o, n, new)


def lstm_back(g, cache, through_c=lambda g, o, t: g * o * (1 - t**2), sign=1.0, forget=lambda c, n: c):
    x, h, c, w, i, f, o, n, new = cache
    t = np.tanh(new)
    dc = through_c(g, o, t)
    dz = np.concatenate([dc * n * i * (1 - i), sign * dc * forget(c, n) * f * (1 - f), g * t * o * (1 - o), dc * i * (1 - n**2)], 1)
    dxh = dz @ w.T
    return dxh[:, : x.shape[1]], dxh[:, x.shape[1] :], dc * f, np.concatenate([x, h], 1).T @ dz


LSTM = (3, 2), (3, 4), (3, 4), (6, 16)


def spatial_norm(x, gamma, beta):
    m, v = x.mean((0, 1, 2)), x.var((0, 1, 2))
    xhat = (x - m) / np.sqrt(v + 1e-5)
    return gamma * xhat + beta, (xhat, gamma, np.sqrt(v + 1e-5))


def spatial_norm_back(g, cache, mean=1.0, var=1.0, axes=(0, 1, 2)):
    xhat, gamma, std = cache
    d = g * gamma
    dx = (d - mean * d.mean((0, 1, 2)) - var * xhat * (d * xhat).mean((0, 1, 2))) / std
    return dx, (g * xhat).sum(axes), g.sum((0, 1, 2))


SPATIAL = (2, 3, 3, 2), (2,), (2,)


def dot_attention(q, k, v):
    a = p.softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]))
    return a @ v, (q, k, v, a)


def dot_attention_back(g, cache, scale=None, av=lambda a: a.transpose(0, 2, 1), cross=1.0):
    q, k, v, a = cache
    da = g @ v.transpose(0, 2, 1)
    ds = a * (da - cross * (da * a).sum(-1, keepdims=True)) / (np.sqrt(q.shape[-1]) if scale is None else scale)
    return ds @ k, ds.transpose(0, 2, 1) @ q, av(a) @ g


HEADS = (2, 3, 4), (2, 3, 4), (2, 3, 4)


def focal(q):
    return -((1 - q) ** 2 * np.log(q)).sum()


# ---------------------------------------------------------------- sign
wrong("sign", "third: forget gate of an LSTM", lstm, lambda g, c: lstm_back(g, c, sign=-1.0), *LSTM)
wrong("sign", "third: spatial batch norm, mean term added", spatial_norm, lambda g, c: spatial_norm_back(g, c, mean=-1.0), *SPATIAL)
wrong("sign", "third: attention, cross term added", dot_attention, lambda g, c: dot_attention_back(g, c, cross=-1.0), *HEADS)
wrong("sign", "third: second bias of a net", dense_net, lambda g, c: (*dense_net_back(g, c)[:4], -g.sum(0)), *NET)
wrong(
    "sign",
    "third: focal loss, the factor's derivative",
    focal,
    lambda g, q: g * -((1 - q) ** 2 / q + 2 * (1 - q) * np.log(q)),
    lambda rng: rng.uniform(0.2, 0.9, (3, 4)),
)
# ---------------------------------------------------------------- factor
wrong("factor", "third: attention scaled by d", dot_attention, lambda g, c: dot_attention_back(g, c, scale=4.0), *HEADS)
wrong(
    "factor",
    "third: focal loss halved",
    focal,
    lambda g, q: g * 0.5 * (2 * (1 - q) * np.log(q) - (1 - q) ** 2 / q),
    lambda rng: rng.uniform(0.2, 0.9, (3, 4)),
)
wrong(
    "factor",
    "third: first weights of a net over the batch",
    dense_net,
    lambda g, c: (lambda d: (d[0], d[1] / 5, d[2] / 5, *d[3:]))(dense_net_back(g, c)),
    *NET,
)
wrong("factor", "third: mean over the last axis", lambda x: x.mean(-1), lambda g, x: np.repeat(g[:, None], x.shape[1], 1) / len(x), (3, 5))
wrong("factor", "third: cosine of 2x", lambda x: np.cos(2 * x), lambda g, x: -g * np.sin(2 * x), (7,))
# ---------------------------------------------------------------- transposed
wrong("transposed", "third: second weights of a net", dense_net, lambda g, c: dense_net_back(g, c, w2_of=lambda w: w), *NET)
wrong("transposed", "third: values of an attention", dot_attention, lambda g, c: dot_attention_back(g, c, av=lambda a: a), *HEADS)
wrong(
    "transposed",
    "third: kernel with in and out exchanged",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape), p.conv_dk(g, x, k).transpose(0, 1, 3, 2)),
    (2, 4, 4, 2),
    (2, 2, 2, 2),
)
wrong(
    "transposed",
    "third: trapezoidal sums",
    lambda x: np.cumsum(x[:, ::-1], 1)[:, ::-1],
    lambda g, x: np.cumsum(g[:, ::-1], 1)[:, ::-1],
    (2, 5),
)
wrong("transposed", "third: channels first", lambda x: x.transpose(0, 3, 1, 2), lambda g, x: g.transpose(0, 3, 1, 2), (2, 3, 3, 3))
# ---------------------------------------------------------------- missing_sum
wrong(
    "missing_sum",
    "third: gain of a spatial batch norm, over images only",
    spatial_norm,
    lambda g, c: spatial_norm_back(g, c, axes=(0,)),
    *SPATIAL,
)
wrong(
    "missing_sum",
    "third: first bias of a net, one example",
    dense_net,
    lambda g, c: (lambda d: (d[0], d[1], ((g @ c[3].T) * (1 - c[2] ** 2))[0], *d[3:]))(dense_net_back(g, c)),
    *NET,
)
wrong(
    "missing_sum",
    "third: weight matrix shared by a batch of products",
    lambda x, w: x @ w,
    lambda g, x, w: (g @ w.T, x.transpose(0, 2, 1) @ g),
    (2, 3, 4),
    (4, 2),
)
wrong("missing_sum", "third: row scaled", lambda x, s: x * s[:, None], lambda g, x, s: (g * s[:, None], (g * x)[:, 0]), (3, 4), (3,))
made_of_tensors("missing_sum", "third: op, row repeated", lambda xp, x: xp.stack([x, x, x]), lambda g, y, x: g[1], (4,))
# ---------------------------------------------------------------- missing_mask
wrong(
    "missing_mask",
    "third: relu after a batch norm",
    lambda x: p.relu(p.normalized(x)[0]),
    lambda g, x: p.through_norm(g, *p.normalized(x)),
    (6, 3),
)
wrong("missing_mask", "third: gradient clipped where the input is not", lambda x: np.maximum(x, -1), lambda g, x: g * (x > 0), (4, 5))
wrong(
    "missing_mask",
    "third: squared hinge",
    lambda s: (np.maximum(0, 1 - s) ** 2).sum(),
    lambda g, s: -2 * g * (1 - s),
    lambda rng: 2 * rng.standard_normal(9),
)
wrong(
    "missing_mask",
    "third: dropped channels",
    lambda x, m: x * m[:, None, None] * 2,
    lambda g, x, m: (2 * g, None),
    (2, 3, 3, 4),
    np.array([[1, 0, 1, 0], [0, 1, 1, 0]]),
)
wrong(
    "missing_mask",
    "third: relu and pooling, mask of relu forgotten",
    lambda x: p.max_pool(p.relu(x)),
    lambda g, x: p.unwindows(p.pool_winner(x) * g[:, :, :, None, None], x.shape, step=2),
    lambda rng: rng.standard_normal((1, 4, 4, 2)) - 1,
)
# ---------------------------------------------------------------- missing_cross_term
wrong(
    "missing_cross_term",
    "third: spatial batch norm, statistics constant",
    spatial_norm,
    lambda g, c: spatial_norm_back(g, c, mean=0.0, var=0.0),
    *SPATIAL,
)
wrong(
    "missing_cross_term",
    "third: spatial batch norm, variance constant",
    spatial_norm,
    lambda g, c: spatial_norm_back(g, c, var=0.0),
    *SPATIAL,
)
wrong(
    "missing_cross_term",
    "third: attention of heads, no cross term",
    dot_attention,
    lambda g, c: dot_attention_back(g, c, cross=0.0),
    *HEADS,
)
wrong(
    "missing_cross_term",
    "third: mish without the inner derivative",
    lambda x: x * np.tanh(np.log1p(np.exp(x))),
    lambda g, x: g * np.tanh(np.log1p(np.exp(x))),
    (3, 4),
)
wrong(
    "missing_cross_term",
    "third: focal loss, weight constant",
    focal,
    lambda g, q: -g * (1 - q) ** 2 / q,
    lambda rng: rng.uniform(0.2, 0.9, (3, 4)),
)
wrong(
    "missing_cross_term",
    "third: contrast, maximum subtracted",
    lambda x: x / np.sqrt((x**2).sum()) * 3,
    lambda g, x: 3 * g / np.sqrt((x**2).sum()),
    (6,),
)
# ---------------------------------------------------------------- shifted


def _transposed_conv(x, k):  # stride 2
    y = np.zeros(2 * len(x) + len(k) - 2)
    for i, v in enumerate(x):
        y[2 * i : 2 * i + len(k)] += v * k
    return y


def _transposed_conv_back(g, x, k, step):
    dx, dk = np.zeros_like(x), np.zeros_like(k)
    for i, v in enumerate(x):
        dx[i] = g[step * i : step * i + len(k)] @ k
        dk += v * g[2 * i : 2 * i + len(k)]
    return dx, dk


wrong(
    "shifted",
    "third: transposed convolution, stride forgotten",
    _transposed_conv,
    lambda g, x, k: _transposed_conv_back(g, x, k, 1),
    (5,),
    (3,),
)
wrong(
    "shifted",
    "third: same padding, cut at the end",
    lambda x: p.windows(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 3).sum((3, 4)),
    lambda g, x: p.unwindows(np.broadcast_to(g[:, :, :, None, None], (*g.shape[:3], 3, 3, g.shape[3])), (len(x), 6, 6, x.shape[3]))[
        :, 2:, 2:
    ],
    (1, 4, 4, 1),
)
wrong("shifted", "third: second half of a split", lambda x: x[:, 3:] * 2, lambda g, x: 2 * np.pad(g, ((0, 0), (2, 1))), (2, 6))
wrong("shifted", "third: next token", lambda x: x[:, 1:] ** 2, lambda g, x: np.pad(2 * g * x[:, 1:], ((0, 0), (0, 1), (0, 0))), (2, 4, 3))
wrong(
    "shifted",
    "third: nearest upsampling one row late",
    lambda x: x.repeat(2, 0).repeat(2, 1),
    lambda g, x: np.roll(g, 1, 0).reshape(3, 2, 4, 2).sum((1, 3)),
    (3, 4),
)
# ---------------------------------------------------------------- wrong_argument
wrong("wrong_argument", "third: cell state for candidate in an LSTM", lstm, lambda g, c: lstm_back(g, c, forget=lambda c, n: n), *LSTM)
wrong(
    "wrong_argument",
    "third: net's hidden weights from its output",
    dense_net,
    lambda g, c: (*dense_net_back(g, c)[:3], (c[2] @ c[3]).T @ g, g.sum(0)),
    *NET,
)
wrong(
    "wrong_argument",
    "third: three returned in another order",
    lambda a, b, c: a * b + c,
    lambda g, a, b, c: (g * b, g, g * a),
    *((3, 4),) * 3,
)
wrong("wrong_argument", "third: logarithm, y for x", np.log, lambda g, x: g / np.log(x), lambda rng: rng.uniform(1.5, 4, (3, 4)))
wrong(
    "wrong_argument",
    "third: difference quotient of two",
    lambda a, b: (a - b) / (a + b),
    lambda g, a, b: (g * 2 * a / (a + b) ** 2, -g * 2 * b / (a + b) ** 2),
    positive(3, 4),
    positive(3, 4),
)
# ---------------------------------------------------------------- stale


@remembers("stale", "third: hidden state of the call before", *NET)
def _old_hidden():
    past = [np.zeros((5, 4))]

    def forward(*arrays):
        y, cache = dense_net(*arrays)
        past.append(cache[2])
        return y, cache

    return forward, lambda g, c: dense_net_back(g, (c[0], c[1], past[-2], c[3]))


@remembers("stale", "third: gates kept from the first step", *LSTM)
def _old_gates():
    kept = []

    def forward(*arrays):
        y, cache = lstm(*arrays)
        kept.append(cache[4:8])
        return y, cache

    return forward, lambda g, c: lstm_back(g, (*c[:4], *kept[0], c[8]))


@remembers("stale", "third: normalised values of the first batch", *SPATIAL)
def _old_xhat():
    class Norm:
        def __call__(self, *arrays):
            y, self.cache = spatial_norm(*arrays)
            self.__dict__.setdefault("xhat", self.cache[0])
            return y

        def backward(self, g, *arrays):
            return spatial_norm_back(g, (self.xhat, *self.cache[1:]))

    norm = Norm()
    return norm, norm.backward


wrong("stale", "third: slope of softplus at 0", lambda x: np.log1p(np.exp(x)), lambda g, x: g / 2, (3, 4))

# ---------------------------------------------------------------- accumulated


@remembers("accumulated", "third: all of a net's weights", *NET)
def _net_adds():
    total = {}

    def backward(g, cache):
        dx, *dws = dense_net_back(g, cache)
        for name, d in zip(("w1", "b1", "w2", "b2"), dws):
            total[name] = total.get(name, 0) + d
        return dx, *total.values()

    return dense_net, backward


@remembers("accumulated", "third: keys of an attention", *HEADS)
def _keys_add():
    dk = np.zeros((2, 3, 4))

    def backward(g, cache):
        d = dot_attention_back(g, cache)
        np.add(dk, d[1], out=dk)
        return d[0], dk, d[2]

    return dot_attention, backward


@remembers("accumulated", "third: number of calls as weight", (3, 3))
def _mean_so_far():
    seen = []

    def backward(g, x):
        seen.append(g * np.cos(x))
        return np.sum(seen, 0)

    return np.sin, backward


# ---------------------------------------------------------------- precision
wrong(
    "precision",
    "third: attention in half precision",
    dot_attention,
    lambda g, c: dot_attention_back(g, tuple(a.astype(np.float16).astype(float) for a in c)),
    *HEADS,
)
wrong("precision", "third: LSTM state rounded", lstm, lambda g, c: lstm_back(g, (*c[:8], np.round(c[8], 4))), *LSTM)
wrong(
    "precision",
    "third: variance by float32 squares",
    lambda x: p.normalized(x)[0],
    lambda g, x: p.through_norm(
        g, p.normalized(x)[0], np.sqrt(np.float32(1e-5) + (x.astype("f4") ** 2).mean(0) - x.astype("f4").mean(0) ** 2)
    ),
    lambda rng: 20 + rng.standard_normal((6, 2)),
)
wrong(
    "precision", "third: forward rounded to three digits", lambda x: np.round(np.tanh(x), 3), lambda g, x: g * (1 - np.tanh(x) ** 2), (3, 4)
)
# ---------------------------------------------------------------- kink
wrong(
    "kink",
    "third: parametric relu, sum of both sides",
    lambda x, a: np.where(x > 0, x, a * x),
    lambda g, x, a: (g * ((x >= 0) + a * (x <= 0)), (g * x * (x <= 0)).sum()),
    [0.0, 1.0, -2.0, 0.0],
    lambda rng: np.array(0.3),
)
wrong(
    "kink",
    "third: Euclidean norm of rows with a zero row",
    lambda x: np.linalg.norm(x, axis=1),
    lambda g, x: (g / np.linalg.norm(x, axis=1))[:, None] * x,
    [[3.0, 4.0], [0.0, 0.0]],
)
wrong(
    "kink",
    "third: minimum with a tie, both negative",
    np.minimum,
    lambda g, a, b: (g * np.where(a == b, -0.5, a < b), g * np.where(a == b, -0.5, b < a)),
    [1.0, -1.0, 2.0],
    [1.0, 0.5, 1.5],
)
wrong(
    "kink",
    "third: hinge with infinite slope at its corner",
    lambda s: np.maximum(0, s),
    lambda g, s: g * np.where(s == 0, np.inf, s > 0),
    [0.0, 1.0, -1.0],
)
# ---------------------------------------------------------------- unknown
wrong("unknown", "third: logarithm of the gradient", lambda x: x**2, lambda g, x: np.log(np.abs(2 * g * x) + 1), (3, 4))
wrong("unknown", "third: rule of the arc tangent for tanh", np.tanh, lambda g, x: g / (1 + x**2), (3, 4))
wrong("unknown", "third: no gradient at all", lambda x: x @ x.T, lambda g, x: None, (3, 4))
wrong("unknown", "third: complex numbers", np.exp, lambda g, x: g * np.exp(x) + 0j, (3,))
made_of_tensors("unknown", "third: op, another product", lambda xp, a, b: a * b, lambda g, y, a, b: (g * ops.sin(b), g * a), (3, 4), (3, 4))
