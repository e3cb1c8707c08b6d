"""Wrong gradient rules as students write them, each with the kind of its mistake. Plain NumPy pairs; every third is set aside (see
`SET_ASIDE`): the hypotheses were written without looking at those."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minidl.tensor import Op, registry

from . import parts as p


class Rule(NamedTuple):
    kind: str
    name: str
    make: Callable[[], tuple[Any, Any]]  # (forward, backward), fresh: nothing remembered from another check
    inputs: Callable[[np.random.Generator], list[np.ndarray]]
    batch: str


RULES: list[Rule] = []
_batch = ["first"]


def batch(name: str) -> None:
    """The rules that follow belong to this batch."""
    _batch[0] = name


def wrong(kind: str, name: str, forward: Any, backward: Any, *inputs: Any) -> None:
    RULES.append(Rule(kind, name, lambda: (forward, backward), _inputs(inputs), _batch[0]))


def remembers(kind: str, name: str, *inputs: Any) -> Any:
    """A decorator for functions that make a pair with a memory."""
    return lambda make: RULES.append(Rule(kind, name, make, _inputs(inputs), _batch[0]))


class made_of_tensors:
    """`wrong`, for an op of Tensors: forward(xp, *arrays), rule(g, y, *tensors)."""

    def __init__(self, kind: str, name: str, forward: Any, rule: Any, *inputs: Any):
        RULES.append(Rule(kind, name, lambda: self.op(forward, rule), _inputs(inputs), _batch[0]))

    @staticmethod
    def op(forward: Any, rule: Any) -> Op:
        made = Op(forward)
        registry.pop(made.name, None)
        made.vjp(rule)
        return made


def _inputs(inputs: tuple[Any, ...]) -> Any:
    return lambda rng: [x(rng) if callable(x) else rng.standard_normal(x) if isinstance(x, tuple) else np.array(x) for x in inputs]


def positive(*shape: int) -> Any:
    return lambda rng: rng.uniform(0.5, 2.0, shape)


DENSE = (4, 3), (3, 5), (5,)
SQUARE = (4, 4), (4, 4), (4,)

# ---------------------------------------------------------------- sign
wrong("sign", "subtract", lambda a, b: a - b, lambda g, a, b: (g, g), (3, 4), (3, 4))
wrong("sign", "cosine", np.cos, lambda g, x: g * np.sin(x), (3, 4))
wrong("sign", "reciprocal", lambda x: 1 / x, lambda g, x: g / x**2, positive(3, 4))
wrong("sign", "divide, second", lambda a, b: a / b, lambda g, a, b: (g / b, g * a / b**2), (3, 4), positive(3, 4))
wrong(
    "sign",
    "squared error",
    lambda y, t: ((y - t) ** 2).mean(),
    lambda g, y, t: (g * 2 * (t - y) / y.size, g * 2 * (t - y) / y.size),
    (6, 2),
    (6, 2),
)
wrong("sign", "negative log-likelihood", lambda x: -np.log(x).sum(), lambda g, x: g / x, positive(5))
wrong("sign", "softmax, cross term added", p.softmax, lambda g, x: p.softmax(x) * (g + (g * p.softmax(x)).sum(-1, keepdims=True)), (3, 4))
wrong("sign", "tanh with a plus", np.tanh, lambda g, x: g * (1 + np.tanh(x) ** 2), (3, 4))

# ---------------------------------------------------------------- factor
wrong("factor", "square without its 2", lambda x: x**2, lambda g, x: g * x, (3, 4))
wrong("factor", "mean without 1/N", lambda x: x.mean(), lambda g, x: g * np.ones_like(x), (3, 7))
wrong("factor", "bias averaged", p.dense, lambda g, x, w, b: (g @ w.T, x.T @ g, g.mean(0)), *DENSE)
wrong(
    "factor",
    "loss divided twice by the batch",
    lambda y, t: ((y - t) ** 2).sum() / len(y),
    lambda g, y, t: (g * 2 * (y - t) / len(y) ** 2, -g * 2 * (y - t) / len(y)),
    (6, 2),
    (6, 2),
)
wrong("factor", "half squared norm", lambda x: 0.5 * (x**2).sum(), lambda g, x: g * 2 * x, (5, 3))
wrong("factor", "cube with 2", lambda x: x**3, lambda g, x: g * 2 * x**2, (4,))
wrong(
    "factor",
    "average pooling without 1/4",
    lambda x: p.windows(x, 2, 2).mean((3, 4)),
    lambda g, x: np.repeat(np.repeat(g, 2, 1), 2, 2),
    (2, 4, 4, 2),
)
wrong(
    "factor",
    "scaled attention scores without 1/√d",
    lambda q, k: q @ k.T / np.sqrt(q.shape[1]),
    lambda g, q, k: (g @ k, g.T @ q),
    (4, 3),
    (5, 3),
)

# ---------------------------------------------------------------- transposed
wrong("transposed", "dense, weights not transposed", p.dense, lambda g, x, w, b: (g @ w, x.T @ g, g.sum(0)), *SQUARE)
wrong("transposed", "dense, weight gradient transposed", p.dense, lambda g, x, w, b: (g @ w.T, g.T @ x, g.sum(0)), *DENSE)
wrong("transposed", "square weight gradient transposed", p.dense, lambda g, x, w, b: (g @ w.T, g.T @ x, g.sum(0)), *SQUARE)
wrong("transposed", "transpose forgotten", lambda x: x.T, lambda g, x: g.reshape(x.shape), (3, 5))
wrong("transposed", "matrix times vector, forward map", lambda a, v: a @ v, lambda g, a, v: (np.outer(g, v), a @ g), (4, 4), (4,))
wrong("transposed", "channels first and last", lambda x: x.transpose(0, 2, 3, 1), lambda g, x: g.transpose(0, 3, 2, 1), (2, 3, 4, 4))
wrong(
    "transposed",
    "conv kernel axes",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape), p.conv_dk(g, x, k).transpose(1, 0, 2, 3)),
    (2, 5, 5, 2),
    (2, 2, 2, 3),
)
wrong("transposed", "outer product", np.outer, lambda g, a, b: (g.T @ b, g @ a), (4,), (4,))

# ---------------------------------------------------------------- missing_sum
wrong("missing_sum", "bias not summed", p.dense, lambda g, x, w, b: (g @ w.T, x.T @ g, g), *DENSE)
wrong("missing_sum", "bias of the first example", p.dense, lambda g, x, w, b: (g @ w.T, x.T @ g, g[0]), *DENSE)


def _embedding_overwrites(g, table, ids):
    d = np.zeros_like(table)
    d[ids] = g
    return d, None


def _embedding_buffered(g, table, ids):
    d = np.zeros_like(table)
    d[ids] += g
    return d, None


wrong("missing_sum", "embedding overwrites", lambda t, i: t[i], _embedding_overwrites, (6, 3), [1, 4, 1, 1, 0])
wrong("missing_sum", "embedding with buffered +=", lambda t, i: t[i], _embedding_buffered, (5, 2), [3, 3, 0, 2, 3])
wrong("missing_sum", "broadcast column", lambda x, c: x * c, lambda g, x, c: (g * c, g * x), (3, 4), (3, 1))
wrong("missing_sum", "scalar slope", lambda x, s: x * s, lambda g, x, s: (g * s, (g * x).sum(0)), (3, 4), ())
wrong(
    "missing_sum",
    "batch-norm gain",
    p.batch_norm,
    lambda g, x, gamma, beta: (p.through_norm(g * gamma, *p.normalized(x)), (g * p.normalized(x)[0])[-1], g.sum(0)),
    (5, 3),
    (3,),
    (3,),
)
wrong(
    "missing_sum",
    "overlapping windows overwrite",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape, add=False), p.conv_dk(g, x, k)),
    (1, 4, 4, 1),
    (3, 3, 1, 2),
)
wrong("missing_sum", "conv bias over images only", lambda x, b: x + b, lambda g, x, b: (g, g.sum(0)), (2, 3, 3, 4), (4,))

# ---------------------------------------------------------------- missing_mask
wrong("missing_mask", "relu passes all", p.relu, lambda g, x: g, (3, 5))
wrong("missing_mask", "relu inverted", p.relu, lambda g, x: g * (x < 0), (3, 5))
wrong(
    "missing_mask", "dropout", lambda x, m: x * m / 0.5, lambda g, x, m: (g / 0.5, None), (3, 4), [[1, 0, 1, 1], [0, 0, 1, 0], [1, 1, 0, 1]]
)
wrong("missing_mask", "max over rows", lambda x: x.max(1), lambda g, x: np.repeat(g[:, None], x.shape[1], 1), (3, 4))
wrong("missing_mask", "max pooling to all", p.max_pool, lambda g, x: np.repeat(np.repeat(g, 2, 1), 2, 2), (1, 4, 4, 2))
wrong("missing_mask", "where", lambda a, b: np.where(a > 0, a, b), lambda g, a, b: (g, g * (a <= 0)), (3, 4), (3, 4))
wrong("missing_mask", "clip", lambda x: np.clip(x, -0.5, 0.5), lambda g, x: g, (4, 5))
wrong("missing_mask", "leaky relu", lambda x: np.where(x > 0, x, 0.1 * x), lambda g, x: g, (3, 5))
wrong(
    "missing_mask",
    "two-layer net without the relu mask",
    lambda x, w, v: p.relu(x @ w) @ v,
    lambda g, x, w, v: (g @ v.T @ w.T, x.T @ (g @ v.T), p.relu(x @ w).T @ g),
    (5, 3),
    (3, 4),
    (4, 2),
)

# ---------------------------------------------------------------- missing_cross_term
wrong("missing_cross_term", "softmax, diagonal", p.softmax, lambda g, x: g * p.softmax(x) * (1 - p.softmax(x)), (3, 4))
wrong("missing_cross_term", "softmax, y only", p.softmax, lambda g, x: g * p.softmax(x), (2, 5))
wrong(
    "missing_cross_term",
    "batch-norm, statistics constant",
    p.batch_norm,
    lambda g, x, gamma, beta: (g * gamma / p.normalized(x)[1], (g * p.normalized(x)[0]).sum(0), g.sum(0)),
    (6, 3),
    (3,),
    (3,),
)
wrong(
    "missing_cross_term",
    "batch-norm, variance constant",
    p.batch_norm,
    lambda g, x, gamma, beta: (gamma * (g - g.mean(0)) / p.normalized(x)[1], (g * p.normalized(x)[0]).sum(0), g.sum(0)),
    (6, 3),
    (3,),
    (3,),
)


def _layer_norm_without_mean(g, x):
    xhat, std = p.normalized(x, 1)
    return (g - xhat * (g * xhat).mean(1, keepdims=True)) / std


wrong("missing_cross_term", "layer norm, mean constant", lambda x: p.normalized(x, 1)[0], _layer_norm_without_mean, (3, 6))
wrong(
    "missing_cross_term",
    "unit vectors",
    lambda x: x / np.linalg.norm(x, axis=1, keepdims=True),
    lambda g, x: g / np.linalg.norm(x, axis=1, keepdims=True),
    (3, 4),
)
wrong("missing_cross_term", "centred", lambda x: x - x.mean(0), lambda g, x: g, (5, 2))
wrong("missing_cross_term", "log-softmax", lambda x: np.log(p.softmax(x)), lambda g, x: g * (1 - p.softmax(x)), (3, 4))

# ---------------------------------------------------------------- shifted
STRIDED = (1, 7, 7, 1), (3, 3, 1, 2)
wrong(
    "shifted",
    "col2im without the stride",
    lambda x, k: p.conv(x, k, 2),
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape, step=1), p.conv_dk(g, x, k, 2)),
    *STRIDED,
)
wrong(
    "shifted",
    "col2im one off",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape, off=1), p.conv_dk(g, x, k)),
    (1, 5, 5, 2),
    (2, 2, 2, 2),
)
wrong("shifted", "padding not cut off", lambda x: np.pad(x, ((0, 0), (1, 1))), lambda g, x: g[:, : x.shape[1]], (3, 5))
wrong(
    "shifted",
    "image padding not cut off",
    lambda x: np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))),
    lambda g, x: g[:, : x.shape[1], : x.shape[2]],
    (2, 4, 4, 1),
)


def _slice_at_zero(g, x):
    d = np.zeros_like(x)
    d[: len(g)] = g
    return d


wrong("shifted", "slice put back at the start", lambda x: x[2:6], _slice_at_zero, (8, 2))
wrong("shifted", "roll in the same direction", lambda x: np.roll(x, 1), lambda g, x: np.roll(g, 1), (7,))


def _embedding_one_off(g, table, ids):
    d = np.zeros_like(table)
    np.add.at(d, (ids + 1) % len(table), g)
    return d, None


wrong("shifted", "embedding counts from 1", lambda t, i: t[i], _embedding_one_off, (6, 3), [1, 4, 0, 2])
wrong("shifted", "upsampling, neighbour", lambda x: np.repeat(x, 2), lambda g, x: np.roll(g, 1).reshape(-1, 2).sum(1), (6,))

# ---------------------------------------------------------------- wrong_argument
wrong("wrong_argument", "multiply by itself", lambda a, b: a * b, lambda g, a, b: (g * a, g * b), (3, 4), (3, 4))
wrong("wrong_argument", "gradients in the wrong order", p.dense, lambda g, x, w, b: (x.T @ g, g @ w.T, g.sum(0)), *DENSE)
wrong("wrong_argument", "matmul swapped", lambda a, b: a @ b, lambda g, a, b: (a.T @ g, g @ b.T), (4, 4), (4, 4))
wrong("wrong_argument", "tanh of x for y", np.tanh, lambda g, x: g * (1 - x**2), (3, 4))
wrong("wrong_argument", "sigmoid of y", p.sigmoid, lambda g, x: g * p.sigmoid(p.sigmoid(x)) * (1 - p.sigmoid(p.sigmoid(x))), (3, 4))
wrong(
    "wrong_argument", "divide by the wrong one", lambda a, b: a / b, lambda g, a, b: (g / a, -g * a / b**2), positive(3, 4), positive(3, 4)
)
wrong(
    "wrong_argument",
    "gain gets the shift's",
    lambda x, s, b: x * s + b,
    lambda g, x, s, b: (g * s, g.sum(0), (g * x).sum(0)),
    (4, 3),
    (3,),
    (3,),
)
wrong("wrong_argument", "exp of x for y", np.exp, lambda g, x: g * x, (3, 4))

# ---------------------------------------------------------------- stale
wrong("stale", "seven", lambda x: x**2, lambda g, x: g * 7, (5,))
wrong("stale", "inner derivative forgotten", p.sigmoid, lambda g, x: g * 0.25, (3, 4))


@remembers("stale", "dense, cache filled once", *DENSE)
def _dense_cache_once():
    cache = {}

    def forward(x, w, b):
        if "x" not in cache:
            cache["x"] = x
        return x @ w + b

    return forward, lambda g, x, w, b: (g @ w.T, cache["x"].T @ g, g.sum(0))


@remembers("stale", "square of the input before", (4,))
def _square_before():
    seen = [np.zeros(4)]

    def forward(x):
        seen.append(x)
        return x**2

    return forward, lambda g, x: 2 * seen[-2] * g


@remembers("stale", "sigmoid output kept from the first call", (3, 3))
def _sigmoid_first():
    kept = []

    def forward(x):
        kept.append(p.sigmoid(x))
        return kept[-1]

    return forward, lambda g, x: g * kept[0] * (1 - kept[0])


@remembers("stale", "old weights", (4, 3), (3, 2))
def _old_weights():
    kept = {}

    def forward(x, w):
        kept.setdefault("w", w.copy())
        return x @ w, x

    return forward, lambda g, x: (g @ kept["w"].T, x.T @ g)


@remembers("stale", "batch-norm, std of the first batch", (5, 3))
def _old_std():
    kept = []

    def forward(x):
        xhat, std = p.normalized(x)
        kept.append(std)
        return xhat, xhat

    return forward, lambda g, xhat: p.through_norm(g, xhat, kept[0])


# ---------------------------------------------------------------- accumulated


def _accumulating(forward, backward):
    """dW += … on arrays that are never cleared."""
    total = []

    def adding(g, *arrays):
        grads = backward(g, *arrays)
        grads = grads if isinstance(grads, tuple) else (grads,)
        if not total:
            total.extend(np.zeros_like(d) for d in grads)
        for t, d in zip(total, grads):
            t += d
        return tuple(total)

    return forward, adding


@remembers("accumulated", "dense, all", *DENSE)
def _dense_adds():
    return _accumulating(p.dense, lambda g, x, w, b: (g @ w.T, x.T @ g, g.sum(0)))


@remembers("accumulated", "square", (4,))
def _square_adds():
    return _accumulating(lambda x: x**2, lambda g, x: 2 * x * g)


@remembers("accumulated", "dense, weights only", *DENSE)
def _weights_add():
    dw = np.zeros((3, 5))

    def backward(g, x, w, b):
        dw[...] += x.T @ g
        return g @ w.T, dw, g.sum(0)

    return p.dense, backward


@remembers("accumulated", "embedding", (6, 3), [1, 4, 1, 0])
def _embedding_adds():
    d = np.zeros((6, 3))

    def backward(g, table, ids):
        np.add.at(d, ids, g)
        return d, None

    return lambda table, ids: table[ids], backward


@remembers("accumulated", "conv kernel", (1, 5, 5, 1), (3, 3, 1, 2))
def _kernel_adds():
    dk = 0.0

    def backward(g, x, k):
        nonlocal dk
        dk = dk + p.conv_dk(g, x, k)
        return p.unwindows(p.conv_dcols(g, k), x.shape), dk

    return p.conv, backward


@remembers("accumulated", "gradient kept in the cache of the layer", (5, 3), (3,))
def _layer_adds():
    grads = {"s": np.zeros(3)}

    def backward(g, cache):
        x, s = cache
        grads["s"] += (g * x).sum(0)
        return g * s, grads["s"]

    return lambda x, s: (x * s, (x, s)), backward


# ---------------------------------------------------------------- precision
wrong(
    "precision",
    "float32 in backward, cancelled",
    np.tanh,
    lambda g, x: g * (1 - np.tanh(x.astype(np.float32)) ** 2),
    lambda rng: rng.uniform(3, 5, (3, 4)),
)
wrong(
    "precision", "float16 weights", p.dense, lambda g, x, w, b: (g @ w.T, (x.T.astype(np.float16) @ g.astype(np.float16)), g.sum(0)), *DENSE
)
wrong("precision", "float32 in forward", lambda x: np.sin(x.astype(np.float32)), lambda g, x: g * np.cos(x), (3, 4))


def _forward_difference(g, x):
    return g * (np.exp(x + 1e-5) - np.exp(x)) / 1e-5


wrong("precision", "a difference as the derivative", np.exp, _forward_difference, (3, 4))


def _float32_variance(g, x):
    x32 = x.astype(np.float32)
    std = np.sqrt((x32**2).mean(0) - x32.mean(0) ** 2 + 1e-5)
    return p.through_norm(g, p.normalized(x)[0], std)


wrong(
    "precision",
    "float32 variance, cancelled",
    lambda x: p.normalized(x)[0],
    _float32_variance,
    lambda rng: 30 + rng.standard_normal((5, 3)),
)
wrong("precision", "too small a difference", np.sin, lambda g, x: g * (np.sin(x + 1e-12) - np.sin(x)) / 1e-12, (3, 4))
wrong(
    "precision",
    "half-precision forward and backward",
    lambda x: (x.astype(np.float16) ** 2).astype(float),
    lambda g, x: g * 2 * x.astype(np.float16),
    (3, 4),
)

# ---------------------------------------------------------------- kink
WITH_ZEROS = [[0.0, 1.5, -0.7], [0.8, 0.0, -1.2]]
wrong("kink", "relu says 2 at zero", p.relu, lambda g, x: g * np.where(x == 0, 2.0, x > 0), WITH_ZEROS)
wrong("kink", "abs divides by itself", np.abs, lambda g, x: g * x / np.abs(x), WITH_ZEROS)
wrong(
    "kink",
    "norm at zero",
    lambda x: np.sqrt((x**2).sum(1)),
    lambda g, x: g[:, None] * x / np.sqrt((x**2).sum(1, keepdims=True)),
    [[0.0, 0.0], [1.0, -2.0]],
)
wrong("kink", "relu by division", p.relu, lambda g, x: g * p.relu(x) / x, WITH_ZEROS)
wrong(
    "kink",
    "hinge says −1 at the margin",
    lambda x: np.maximum(0, 1 - x),
    lambda g, x: g * np.where(x < 1, -1.0, np.where(x == 1, 1.0, 0.0)),
    [1.0, 0.3, 2.0, 1.0],
)
wrong(
    "kink",
    "maximum adds both at a tie",
    np.maximum,
    lambda g, a, b: (g * np.where(a == b, 2.0, a > b), g * (b > a)),
    [1.0, 2.0, -1.0],
    [1.0, 0.5, 3.0],
)

# ---------------------------------------------------------------- unknown
wrong("unknown", "zeros", np.sin, lambda g, x: np.zeros_like(x), (3, 4))
wrong("unknown", "g ignored", lambda x: x**2, lambda g, x: 2 * x, (3, 4))
wrong("unknown", "another function's rule", np.sin, lambda g, x: g * np.exp(x), (3, 4))
wrong("unknown", "keepdims", lambda x, b: x + b, lambda g, x, b: (g, g.sum(0, keepdims=True)), (4, 3), (3,))
wrong("unknown", "too few gradients", p.dense, lambda g, x, w, b: (g @ w.T, x.T @ g), *DENSE)
wrong("unknown", "NaN", np.sin, lambda g, x: g * np.nan, (3,))

# Every third of a kind, in the order above.
SET_ASIDE = frozenset(name for kind in {r.kind for r in RULES} for name in [r.name for r in RULES if r.kind == kind][2::3])
