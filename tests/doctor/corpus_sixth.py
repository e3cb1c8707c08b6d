"""A sixth batch: losses, probabilities, linear algebra, images and steps in time."""

import numpy as np

from minidl import ops

from . import parts as p
from .corpus import batch, made_of_tensors, positive, remembers, wrong

batch("sixth")

MIX = np.array([[0.3, 0.6, 0.1], [-0.2, -0.3, 0.5], [0.6, -0.5, -0.1]])  # from red, green, blue to luma and two chromas
KEPT = np.array([[1.0, 0, 1, 1], [0, 1, 1, 1], [1, 1, 0, 0]])


def dice(x, t):
    return 1 - 2 * (x * t).sum() / (x.sum() + t.sum())


def dice_back(g, x, t, two=2.0, sign=-1.0, inner=1.0):
    s = x.sum() + t.sum()
    return g * (sign * two * t / s + inner * 2 * (x * t).sum() / s**2), g * (-2 * x / s + 2 * (x * t).sum() / s**2)


def log_normal(x, m, s):
    return -0.5 * ((x - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)


def solve(a, b):
    return np.linalg.solve(a + 5 * np.eye(len(a)), b)


def solve_back(g, a, b, transpose=True, sign=-1):
    m = a + 5 * np.eye(len(a))
    db = np.linalg.solve(m.T if transpose else m, g)
    return sign * db @ solve(a, b).T, db


def pendulum(angle, speed, length):
    return np.stack([angle + 0.1 * speed, speed - 0.1 * 9.81 / length * np.sin(angle)])


def pendulum_back(g, angle, speed, length, minus=-1, square=2):
    return (
        g[0] + minus * g[1] * 0.981 / length * np.cos(angle),
        0.1 * g[0] + g[1],
        g[1] * 0.981 / length**square * np.sin(angle),
    )


def gru(x, h, wz, wh):
    z, c = p.sigmoid(x @ wz), np.tanh(h @ wh)
    return (1 - z) * h + z * c


def gru_back(g, x, h, wz, wh, mask=True, minus=1, through=True):
    z, c = p.sigmoid(x @ wz), np.tanh(h @ wh)
    dz, dc = g * (c - minus * h) * (z * (1 - z) if mask else 1), g * z * (1 - c * c)
    return dz @ wz.T, g * (1 - z) + through * dc @ wh.T, x.T @ dz, h.T @ dc


def moving_average(x, decay=0.5):
    y = np.zeros_like(x)
    for t in range(len(x)):
        y[t] = (decay * y[t - 1] if t else 0) + (1 - decay) * x[t]
    return y


def moving_average_back(g, decay=0.5):
    return moving_average(g[::-1], decay)[::-1]


def bilinear_up(x):
    """Each pixel doubled along its row, the mean of two neighbours between them."""
    y = np.zeros((len(x), 2 * x.shape[1] - 1))
    y[:, ::2] = x
    y[:, 1::2] = (x[:, 1:] + x[:, :-1]) / 2
    return y


def bilinear_up_back(g, right=0, left=1):
    d = g[:, ::2].copy()
    n = d.shape[1]
    d[:, right : right + n - 1] += g[:, 1::2] / 2
    d[:, left : left + n - 1] += g[:, 1::2] / 2
    return d


def conv1d(x, k):
    n, size = len(x) - len(k) + 1, len(k)
    return np.stack([np.tensordot(x[i : i + size], k, 2) for i in range(n)])


def conv1d_back(g, x, k, one=0):
    dx, dk, size = np.zeros_like(x), np.zeros_like(k), len(k)
    for i in range(len(g)):
        dx[i : i + size] += k @ g[i]
        j = min(i + one, len(x) - size)
        dk += x[j : j + size, :, None] * g[i]
    return dx, dk


def attention(q, k, v):
    return p.softmax(q @ k.T) @ v


def attention_back(g, q, k, v, cross=1.0, swap=False):
    a = p.softmax(q @ k.T)
    da = g @ v.T
    ds = a * (da - cross * (da * a).sum(1, keepdims=True))
    return (ds @ k, ds @ q, a.T @ g) if swap else (ds @ k, ds.T @ q, a.T @ g)


def scale_norm(x, s):
    return s * x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)


def through_scale(g, x):
    r = np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)
    return (g - x * (g * x).mean(-1, keepdims=True) / r**2) / r


# ---------------------------------------------------------------- sign
wrong("sign", "sixth: dice loss, numerator", dice, lambda g, x, t: dice_back(g, x, t, sign=1.0), positive(3, 4), positive(3, 4))
wrong(
    "sign",
    "sixth: normal density, its scale",
    log_normal,
    lambda g, x, m, s: (-g * (x - m) / s**2, g * (x - m) / s**2, g * ((x - m) ** 2 / s**3 + 1 / s)),
    (3, 4),
    (3, 4),
    positive(3, 4),
)
wrong("sign", "sixth: linear solve, matrix", solve, lambda g, a, b: solve_back(g, a, b, sign=1), (3, 3), (3, 2))
wrong("sign", "sixth: pendulum's angle", pendulum, lambda g, *a: pendulum_back(g, *a, minus=1), (4,), (4,), positive(4))
wrong("sign", "sixth: update gate", gru, lambda g, *a: gru_back(g, *a, minus=-1), (3, 2), (3, 4), (2, 4), (4, 4))
made_of_tensors(
    "sign", "sixth: op, arc cosine", lambda xp, x: xp.arccos(xp.tanh(x)), lambda g, y, x: g * ops.sqrt(1 - ops.tanh(x) ** 2), (3, 4)
)
# ---------------------------------------------------------------- factor
wrong("factor", "sixth: dice loss, 2 of the numerator", dice, lambda g, x, t: dice_back(g, x, t, two=1.0), positive(3, 4), positive(3, 4))
wrong(
    "factor",
    "sixth: correlation over n − 1",
    lambda x, y: ((x - x.mean()) * (y - y.mean())).mean(),
    lambda g, x, y: (g * (y - y.mean()) / (len(y) - 1), g * (x - x.mean()) / (len(x) - 1)),
    (7,),
    (7,),
)
wrong(
    "factor",
    "sixth: kinetic energy",
    lambda m, v: 0.5 * (m * (v * v).sum(1)).sum(),
    lambda g, m, v: (0.5 * g * (v * v).sum(1), 2 * g * m[:, None] * v),
    positive(4),
    (4, 3),
)
wrong("factor", "sixth: moving average, 1 − decay", moving_average, lambda g, x: 2 * moving_average_back(g), (6, 2))
made_of_tensors(
    "factor",
    "sixth: op, softplus with a slope",
    lambda xp, x: xp.log(1 + xp.exp(3 * x)) / 3,
    lambda g, y, x: g * ops.sigmoid(3 * x) * 3,
    (3, 4),
)
# ---------------------------------------------------------------- transposed
wrong("transposed", "sixth: colours by a matrix", lambda x: x @ MIX, lambda g, x: g @ MIX, (2, 3, 3))
wrong("transposed", "sixth: linear solve", solve, lambda g, a, b: solve_back(g, a, b, transpose=False), (3, 3), (3, 2))
wrong(
    "transposed", "sixth: keys of an attention", attention, lambda g, q, k, v: attention_back(g, q, k, v, swap=True), (4, 3), (4, 3), (4, 2)
)
wrong(
    "transposed",
    "sixth: polynomial features",
    lambda x, w: np.stack([x, x**2, x**3]).T @ w,
    lambda g, x, w: ((g @ w.T * np.stack([1 + 0 * x, 2 * x, 3 * x**2]).T).sum(1), (np.stack([x, x**2, x**3]) @ g).T),
    (3,),
    (3, 3),
)
wrong("transposed", "sixth: moving average run forwards again", moving_average, lambda g, x: moving_average(g), (6, 2))
made_of_tensors(
    "transposed",
    "sixth: op, batch of matrices",
    lambda xp, a, b: a @ b,
    lambda g, y, a, b: (g @ b, ops.transpose(a, axes=(0, 2, 1)) @ g),
    (2, 3, 3),
    (2, 3, 3),
)
# ---------------------------------------------------------------- missing_sum
wrong(
    "missing_sum",
    "sixth: length of a pendulum for all",
    lambda x, s: np.sin(x) / s,
    lambda g, x, s: (g * np.cos(x) / s, (-g * np.sin(x) / s**2)[0]),
    (4, 3),
    positive(3),
)
wrong(
    "missing_sum",
    "sixth: histogram weights",
    lambda w: w[[0, 2, 1, 2, 2, 0]] ** 2,
    lambda g, w: (lambda d: (d.__setitem__([0, 2, 1, 2, 2, 0], 2 * g * w[[0, 2, 1, 2, 2, 0]]), d)[1])(np.zeros_like(w)),
    (3,),
)
wrong(
    "missing_sum",
    "sixth: gain for all but the channels",
    scale_norm,
    lambda g, x, s: (through_scale(g * s, x), (g * scale_norm(x, 1)).sum(0)),
    (2, 3, 4),
    (4,),
)
wrong(
    "missing_sum",
    "sixth: pixels doubled along a row, one neighbour",
    bilinear_up,
    lambda g, x: np.concatenate([g[:, :1], g[:, 2::2] + g[:, 1::2] / 2], 1),
    (2, 5),
)
made_of_tensors("missing_sum", "sixth: op, table of three rows", lambda xp, x: xp.concatenate([x, x, x]), lambda g, y, x: g[:2], (2, 4))
# ---------------------------------------------------------------- missing_mask
wrong(
    "missing_mask",
    "sixth: soft threshold of a matrix product",
    lambda x, w: np.sign(x @ w) * np.maximum(np.abs(x @ w) - 0.5, 0),
    lambda g, x, w: (g @ w.T, x.T @ g),
    (4, 3),
    (3, 4),
)
wrong(
    "missing_mask",
    "sixth: loss over known entries",
    lambda x: (KEPT * (x - 1) ** 2).sum() / KEPT.sum(),
    lambda g, x: g * 2 * (x - 1) / KEPT.sum(),
    (3, 4),
)
wrong("missing_mask", "sixth: largest over time, to all times", lambda x: x.max(0), lambda g, x: np.broadcast_to(g, x.shape), (5, 3))
wrong("missing_mask", "sixth: gelu-like ramp", lambda x: x * np.clip(x + 0.5, 0, 1), lambda g, x: g * (np.clip(x + 0.5, 0, 1) + x), (4, 5))
wrong(
    "missing_mask",
    "sixth: two layers, mask of the other's",
    lambda x, w: p.relu(p.relu(x) @ w),
    lambda g, x, w: (lambda d: (d @ w.T, p.relu(x).T @ d))(g * (p.relu(x) @ w > 0)),
    (4, 3),
    (3, 4),
)
made_of_tensors(
    "missing_mask", "sixth: op, threshold at one", lambda xp, x: xp.where(x > 0.3, x * x, 0.0), lambda g, y, x: 2 * g * x, (4, 5)
)
# ---------------------------------------------------------------- missing_cross_term
wrong(
    "missing_cross_term",
    "sixth: attention, softmax's sum",
    attention,
    lambda g, q, k, v: attention_back(g, q, k, v, cross=0.0),
    (4, 3),
    (5, 3),
    (5, 2),
)
wrong(
    "missing_cross_term",
    "sixth: scale norm, root constant",
    scale_norm,
    lambda g, x, s: (g * s / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5), (g * scale_norm(x, 1)).sum(0)),
    (3, 4),
    (4,),
)
wrong(
    "missing_cross_term",
    "sixth: dice loss, denominator constant",
    dice,
    lambda g, x, t: dice_back(g, x, t, inner=0.0),
    positive(3, 4),
    positive(3, 4),
)
wrong(
    "missing_cross_term",
    "sixth: state of a gate, through the candidate",
    gru,
    lambda g, *a: gru_back(g, *a, through=False),
    (3, 2),
    (3, 4),
    (2, 4),
    (4, 4),
)
wrong(
    "missing_cross_term",
    "sixth: geometric mean divided out",
    lambda x: x / np.exp(np.log(x).mean(1, keepdims=True)),
    lambda g, x: g / np.exp(np.log(x).mean(1, keepdims=True)),
    positive(3, 4),
)
made_of_tensors(
    "missing_cross_term", "sixth: op, x by its exponential", lambda xp, x: x * xp.exp(-x), lambda g, y, x: g * ops.exp(-x), (3, 4)
)
# ---------------------------------------------------------------- shifted
wrong(
    "shifted", "sixth: kernel of a 1-D convolution, input one later", conv1d, lambda g, x, k: conv1d_back(g, x, k, one=1), (7, 2), (3, 2, 2)
)
wrong("shifted", "sixth: pixels between, right neighbour one off", bilinear_up, lambda g, x: bilinear_up_back(g, right=0, left=0), (2, 5))
wrong(
    "shifted",
    "sixth: rows from 2, put back from 1",
    lambda x: np.exp(x[2:5]),
    lambda g, x: np.pad(g * np.exp(x[2:5]), ((1, len(x) - 4), (0, 0))),
    (7, 2),
)
wrong(
    "shifted",
    "sixth: average of four, stride 1 put back from 1",
    lambda x: p.windows(x, 2).mean((3, 4)),
    lambda g, x: p.unwindows(np.broadcast_to(g[:, :, :, None, None] / 4, (*g.shape[:3], 2, 2, g.shape[3])), x.shape, off=-1),
    (1, 5, 5, 1),
)
wrong(
    "shifted",
    "sixth: last state of a sequence",
    lambda x: np.tanh(x[:, -1]),
    lambda g, x: (lambda d: (d.__setitem__((slice(None), -2), g * (1 - np.tanh(x[:, -1]) ** 2)), d)[1])(np.zeros_like(x)),
    (3, 4, 2),
)
made_of_tensors(
    "shifted",
    "sixth: op, columns from the second on",
    lambda xp, x: 2 * x[:, 1:],
    lambda g, y, x: ops.concatenate(2 * g, x[:, :1] * 0, axis=1),
    (3, 5),
)
# ---------------------------------------------------------------- wrong_argument
wrong(
    "wrong_argument",
    "sixth: normal density, mean and value",
    log_normal,
    lambda g, x, m, s: (-g * (x - m) / s**2, g * (x - m) / s**2, g * ((x - m) ** 2 / m**3 - 1 / s)),
    positive(3, 4),
    positive(3, 4),
    positive(3, 4),
)
wrong(
    "wrong_argument",
    "sixth: kernel gradient from the output",
    lambda x, w: np.tanh(x @ w),
    lambda g, x, w: (lambda y: ((g * (1 - y * y)) @ w.T, y.T @ (g * (1 - y * y))))(np.tanh(x @ w)),
    (5, 4),
    (4, 4),
)
wrong(
    "wrong_argument",
    "sixth: softplus by its output",
    lambda x: np.log1p(np.exp(x)),
    lambda g, x: g * p.sigmoid(np.log1p(np.exp(x))),
    (3, 4),
)
wrong(
    "wrong_argument",
    "sixth: values and queries",
    attention,
    lambda g, q, k, v: (lambda d: (d[2], d[1], d[0]))(attention_back(g, q, k, v)),
    (4, 3),
    (4, 3),
    (4, 3),
)
wrong(
    "wrong_argument",
    "sixth: mixture of two by a share",
    lambda a, b, t: a * t + b * (1 - t),
    lambda g, a, b, t: (g * t, g * (1 - t), g * (a - t)),
    (3, 4),
    (3, 4),
    positive(3, 4),
)
made_of_tensors(
    "wrong_argument",
    "sixth: op, quotient of squares",
    lambda xp, a, b: a * a / b,
    lambda g, y, a, b: (2 * g * b / b, -g * a * a / b**2),
    (3, 4),
    positive(3, 4),
)


# ---------------------------------------------------------------- stale
@remembers("stale", "sixth: solution of the system before", (3, 3), (3, 2))
def _solution():
    kept = [np.ones((3, 2))]

    def forward(a, b):
        kept.append(solve(a, b))
        return kept[-1].copy()

    return forward, lambda g, a, b: (-np.linalg.solve((a + 5 * np.eye(3)).T, g) @ kept[-2].T, np.linalg.solve((a + 5 * np.eye(3)).T, g))


@remembers("stale", "sixth: attention weights kept if the shape is the same", (4, 3), (4, 3), (4, 2))
def _weights():
    kept = {}

    def forward(q, k, v):
        kept.setdefault(q.shape, p.softmax(q @ k.T))
        return attention(q, k, v)

    def backward(g, q, k, v):
        a = kept[q.shape]
        da = g @ v.T
        ds = a * (da - (da * a).sum(1, keepdims=True))
        return ds @ k, ds.T @ q, a.T @ g

    return forward, backward


wrong(
    "stale",
    "sixth: pendulum for small angles",
    pendulum,
    lambda g, a, s, k: pendulum_back(g, 0 * a, s, k)[:2] + pendulum_back(g, a, s, k)[2:],
    (4,),
    (4,),
    positive(4),
)


@remembers("stale", "sixth: layer that copies its weights when made", (4, 3), (3, 2))
def _copied():
    class Layer:
        w = None

        def forward(self, x, w):
            self.w = w.copy() if self.w is None else self.w
            return np.tanh(x @ w), (x, np.tanh(x @ w))

        def backward(self, g, cache):
            x, y = cache
            d = g * (1 - y * y)
            return d @ self.w.T, x.T @ d

    layer = Layer()
    return layer.forward, layer.backward


# ---------------------------------------------------------------- accumulated
@remembers("accumulated", "sixth: kernel of a 1-D convolution", (7, 2), (3, 2, 2))
def _kernel():
    class Convolution:
        dk = np.zeros((3, 2, 2))

        def backward(self, g, x, k):
            dx, dk = conv1d_back(g, x, k)
            self.dk += dk
            return dx, self.dk

    layer = Convolution()
    layer.dk = np.zeros((3, 2, 2))
    return conv1d, layer.backward


@remembers("accumulated", "sixth: gates' weights", (3, 2), (3, 4), (2, 4), (4, 4))
def _gates():
    total = {}

    def backward(g, *arrays):
        found = gru_back(g, *arrays)
        for i in (2, 3):
            total[i] = total.get(i, 0) + found[i]
        return found[0], found[1], total[2], total[3]

    return gru, backward


@remembers("accumulated", "sixth: half of the old gradient stays", (3, 4))
def _half():
    kept = [0.0]

    def backward(g, x):
        kept[0] = 0.5 * kept[0] + g * np.exp(x)
        return kept[0]

    return np.exp, backward


@remembers("accumulated", "sixth: op, dot product", (5,), (5,))
def _dot():
    seen = []

    def rule(g, y, a, b):
        seen.append(g * b)
        return sum(seen[1:], seen[0]), g * a

    return made_of_tensors.op(lambda xp, a, b: (a * b).sum(), rule)


# ---------------------------------------------------------------- precision
wrong(
    "precision",
    "sixth: attention, scores around 1000 in single precision",
    attention,
    lambda g, q, k, v: (*attention_back(g, q, k, v)[:2], p.softmax((q @ k.T + 1000).astype("f4")).T.astype(float) @ g),
    (4, 3),
    (5, 3),
    (5, 2),
)
wrong(
    "precision",
    "sixth: logarithm of 1 + x near 0, single precision",
    lambda x: np.log(np.float32(1) + x.astype("f4")).astype(float),
    lambda g, x: g / (1 + x),
    lambda rng: rng.uniform(0.001, 0.01, 6),
)
wrong("precision", "sixth: difference of two exponentials", np.sinh, lambda g, x: g * (np.sinh(x + 1e-11) - np.sinh(x)) / 1e-11, (3, 4))
wrong(
    "precision",
    "sixth: solved in half precision",
    solve,
    lambda g, a, b: tuple(d.astype("f2") for d in solve_back(g, a, b)),
    (3, 3),
    (3, 2),
)
# ---------------------------------------------------------------- kink
wrong(
    "kink",
    "sixth: ramp, 7 at its foot",
    lambda x: np.clip(x, 0, 1),
    lambda g, x: g * np.where(x == 0, 7.0, (x > 0) & (x < 1)),
    [0.0, 0.5, 2.0, -1.0],
)
wrong(
    "kink",
    "sixth: distance from 1, −3 there",
    lambda x: np.abs(x - 1).sum(),
    lambda g, x: g * np.where(x == 1, -3.0, np.sign(x - 1)),
    [1.0, 0.2, 3.0],
)
# ---------------------------------------------------------------- unknown
wrong("unknown", "sixth: rule of the cosine integral", lambda x: np.sin(x) / x, lambda g, x: g * np.cos(x) * x, positive(3, 4))
wrong(
    "unknown",
    "sixth: gradient normed to 1",
    lambda x: np.exp(x) * x,
    lambda g, x: (lambda d: d / np.linalg.norm(d))(g * np.exp(x) * (1 + x)),
    (3, 4),
)
wrong("unknown", "sixth: only the first argument", lambda a, b: a * b, lambda g, a, b: g * b, (3, 4), (3, 4))
wrong("unknown", "sixth: exponent of the wrong side", lambda x: 2.0**x, lambda g, x: g * x * 2.0 ** (x - 1), (3, 4))
