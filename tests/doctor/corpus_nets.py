"""More wrong rules: whole layers, losses, attention, recurrence, in the styles of assignments with a cache."""

import numpy as np

from . import parts as p
from .corpus import batch, positive, remembers, wrong

batch("nets")


def _affine(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w, b)


def _affine_back(g, cache):
    x, w, _ = cache
    return (g @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ g, g.sum(0)


AFFINE = (3, 2, 2), (4, 5), (5,)

# sign
wrong("sign", "affine, bias gradient negative", _affine, lambda g, c: (*_affine_back(g, c)[:2], -g.sum(0)), *AFFINE)
wrong("sign", "sigmoid with a plus", p.sigmoid, lambda g, x: g * p.sigmoid(x) * (1 + p.sigmoid(x)), (3, 4))
wrong(
    "sign",
    "cross-entropy, t − p",
    lambda x, t: -(t * np.log(p.softmax(x))).sum() / len(x),
    lambda g, x, t: (g * (t * 1.0 - p.softmax(x)) / len(x), None),
    (3, 4),
    np.eye(4, dtype=int)[[0, 2, 1]],
)
wrong(
    "sign",
    "batch-norm, mean term added",
    lambda x: p.normalized(x)[0],
    lambda g, x: (lambda h, s: (g + g.mean(0) - h * (g * h).mean(0)) / s)(*p.normalized(x)),
    (6, 3),
)
wrong("sign", "absolute difference", lambda a, b: np.abs(a - b), lambda g, a, b: (g * np.sign(a - b), g * np.sign(a - b)), (3, 4), (3, 4))
wrong(
    "sign",
    "log-sum-exp shift",
    lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    lambda g, x: g + p.softmax(x) * g.sum(-1, keepdims=True),
    (3, 4),
)
# factor
wrong(
    "factor",
    "MSE over batch only",
    lambda y, t: ((y - t) ** 2).mean(),
    lambda g, y, t: (g * 2 * (y - t) / len(y), -g * 2 * (y - t) / len(y)),
    (6, 2),
    (6, 2),
)
wrong(
    "factor",
    "dropout not rescaled",
    lambda x, m: x * m / 0.8,
    lambda g, x, m: (g * m, None),
    (3, 5),
    [[1, 0, 1, 1, 1], [1, 1, 0, 1, 1], [0, 1, 1, 1, 1]],
)
wrong("factor", "L2 penalty without its half", lambda w: 0.5 * 0.1 * (w**2).sum(), lambda g, w: g * 2 * 0.1 * w, (4, 3))
wrong("factor", "one in ten thousand", np.sin, lambda g, x: g * np.cos(x) * 1.0001, (4, 3))
wrong(
    "factor",
    "temperature",
    lambda x: p.softmax(x / 3.0),
    lambda g, x: (lambda y: y * (g - (g * y).sum(-1, keepdims=True)))(p.softmax(x / 3.0)),
    (3, 4),
)
wrong("factor", "batch-norm, missing 1/N", lambda x: p.normalized(x)[0], lambda g, x: p.through_norm(g, *p.normalized(x)) * len(x), (6, 3))
# transposed
wrong("transposed", "affine, dw transposed", _affine, lambda g, c: (_affine_back(g, c)[0], _affine_back(g, c)[1].T, g.sum(0)), *AFFINE)
wrong(
    "transposed",
    "softmax, general Jacobian not symmetric",
    lambda x, a: np.tanh(x @ a),
    lambda g, x, a: ((g * (1 - np.tanh(x @ a) ** 2)) @ a, x.T @ (g * (1 - np.tanh(x @ a) ** 2))),
    (3, 4),
    (4, 4),
)
wrong("transposed", "batched matmul", lambda a, b: a @ b, lambda g, a, b: (g @ b, a.transpose(0, 2, 1) @ g), (2, 3, 3), (2, 3, 3))
wrong(
    "transposed",
    "heads merged by reshape",
    lambda x: x.transpose(1, 0, 2).reshape(x.shape[1], -1),
    lambda g, x: g.reshape(x.shape),
    (2, 3, 4),
)
wrong("transposed", "flatten in the other order", lambda x: x.reshape(len(x), -1), lambda g, x: g.reshape(x.shape, order="F"), (2, 3, 4))
# missing_sum
wrong(
    "missing_sum",
    "conv bias not summed",
    lambda x, k, b: p.conv(x, k) + b,
    lambda g, x, k, b: (p.unwindows(p.conv_dcols(g, k), x.shape), p.conv_dk(g, x, k), g),
    (2, 4, 4, 1),
    (2, 2, 1, 3),
    (3,),
)
wrong("missing_sum", "gain not summed", lambda x, s: x * s, lambda g, x, s: (g * s, g * x), (4, 3), (3,))
wrong(
    "missing_sum",
    "kernel of the last image",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape), p.conv_dk(g[-1:], x[-1:], k)),
    (2, 4, 4, 1),
    (2, 2, 1, 2),
)
wrong(
    "missing_sum",
    "weights shared over time, last step",
    lambda x, w: x @ w,
    lambda g, x, w: (g @ w.T, x[:, -1].T @ g[:, -1]),
    (2, 3, 4),
    (4, 2),
)
wrong("missing_sum", "upsampling, one of four", lambda x: np.repeat(np.repeat(x, 2, 1), 2, 2), lambda g, x: g[:, ::2, ::2], (2, 3, 3, 1))
wrong("missing_sum", "bias summed along the wrong axis", lambda x, b: x + b, lambda g, x, b: (g, g.sum(1)), (4, 4), (4,))
# missing_mask
wrong(
    "missing_mask",
    "affine-relu without mask",
    lambda x, w, b: (p.relu(x @ w + b), (x, w)),
    lambda g, c: (g @ c[1].T, c[0].T @ g, g.sum(0)),
    (5, 3),
    (3, 4),
    (4,),
)
wrong("missing_mask", "elu as the identity", lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1), lambda g, x: g, (4, 4))
wrong("missing_mask", "max pool shares equally", p.max_pool, lambda g, x: np.repeat(np.repeat(g, 2, 1), 2, 2) / 4, (1, 4, 4, 2))
wrong("missing_mask", "hinge loss over all", lambda s: np.maximum(0, 1 + s).sum(), lambda g, s: g * np.ones_like(s), (4, 3))
wrong(
    "missing_mask",
    "padded positions",
    lambda x, m: ((x**2) * m).sum(),
    lambda g, x, m: (2 * g * x, None),
    (2, 4),
    [[1, 1, 1, 0], [1, 1, 0, 0]],
)
wrong("missing_mask", "maximum of two", np.maximum, lambda g, a, b: (g, g), (3, 4), (3, 4))
wrong(
    "missing_mask",
    "relu mask too strict",
    p.relu,
    lambda g, x: g * (x > 0.5),
    lambda rng: rng.permutation(np.linspace(-2, 2, 12)).reshape(3, 4),
)
# missing_cross_term
wrong("missing_cross_term", "layer norm, both constant", lambda x: p.normalized(x, 1)[0], lambda g, x: g / p.normalized(x, 1)[1], (3, 5))
wrong(
    "missing_cross_term",
    "attention without softmax's cross terms",
    lambda s, v: p.softmax(s) @ v,
    lambda g, s, v: (p.softmax(s) * (1 - p.softmax(s)) * (g @ v.T), p.softmax(s).T @ g),
    (3, 4),
    (4, 2),
)
wrong("missing_cross_term", "share of the total", lambda x: x / x.sum(), lambda g, x: g / x.sum(), positive(6))
wrong(
    "missing_cross_term",
    "log-softmax, only its own",
    lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    lambda g, x: g - p.softmax(x) * g,
    (3, 4),
)
wrong(
    "missing_cross_term",
    "quadratic form, one half",
    lambda x, a: x @ a @ x,
    lambda g, x, a: (g * (a @ x), g * np.outer(x, x)),
    (4,),
    (4, 4),
)
wrong(
    "missing_cross_term",
    "batch-norm, mean constant",
    lambda x: p.normalized(x)[0],
    lambda g, x: (lambda h, s: (g - h * (g * h).mean(0)) / s)(*p.normalized(x)),
    (6, 3),
)
# shifted
wrong(
    "shifted",
    "col2im pad cut on the wrong side",
    lambda x, k: p.conv(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), k),
    lambda g, x, k: (
        p.unwindows(p.conv_dcols(g, k), (len(x), 6, 6, 1))[:, :4, :4],
        p.conv_dk(g, np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), k),
    ),
    (1, 4, 4, 1),
    (3, 3, 1, 2),
)
wrong("shifted", "subsampling by 2 put back densely", lambda x: x[::2], lambda g, x: np.append(g, np.zeros(len(x) - len(g))), (9,))
wrong(
    "shifted",
    "kernel gradient from windows one off",
    p.conv,
    lambda g, x, k: (p.unwindows(p.conv_dcols(g, k), x.shape), p.conv_dk(g, np.roll(x, 1, 1), k)),
    (1, 6, 6, 1),
    (2, 2, 1, 2),
)
wrong(
    "shifted",
    "average pooling put back at stride 1",
    lambda x: p.windows(x, 2, 2).mean((3, 4)),
    lambda g, x: p.unwindows(np.broadcast_to(g[:, :, :, None, None] / 4, (*g.shape[:3], 2, 2, g.shape[3])), x.shape, step=1),
    (1, 6, 6, 1),
)
wrong(
    "shifted",
    "max pooling one column off",
    p.max_pool,
    lambda g, x: np.roll(np.repeat(np.repeat(g, 2, 1), 2, 2) * (np.repeat(np.repeat(p.max_pool(x), 2, 1), 2, 2) == x), 1, 2),
    (1, 4, 4, 1),
)
# wrong_argument
wrong(
    "wrong_argument",
    "power rule with base and exponent exchanged",
    lambda a, b: a**b,
    lambda g, a, b: (g * a * b ** (a - 1), g * a**b * np.log(a)),
    positive(4),
    positive(4),
)
wrong("wrong_argument", "matmul, dA from A", lambda a, b: a @ b, lambda g, a, b: (g @ a.T, a.T @ g), (3, 3), (3, 3))
wrong(
    "wrong_argument",
    "where, branches exchanged",
    lambda a, b, c: np.where(c, a, b),
    lambda g, a, b, c: (g * ~c, g * c, None),
    (5,),
    (5,),
    np.array([True, False, True, True, False]),
)
wrong(
    "wrong_argument",
    "gate and value",
    lambda a, b: p.sigmoid(a) * b,
    lambda g, a, b: (g * p.sigmoid(a), g * b * p.sigmoid(a) * (1 - p.sigmoid(a))),
    (3, 4),
    (3, 4),
)
wrong("wrong_argument", "sigmoid rule on x", p.sigmoid, lambda g, x: g * x * (1 - x), (3, 4))
wrong("wrong_argument", "query and key", lambda q, k: q @ k.T, lambda g, q, k: (g @ q, g.T @ k), (4, 4), (4, 4))
# stale
wrong("stale", "constant slope", np.exp, lambda g, x: g, (5,))


@remembers("stale", "class with self.x set once", (4, 3), (3, 2))
def _class():
    class Layer:
        x = None

        def forward(self, x, w):
            self.x = x if self.x is None else self.x
            return x @ w

        def backward(self, g, x, w):
            return g @ w.T, self.x.T @ g

    layer = Layer()
    return layer.forward, layer.backward


@remembers("stale", "mask of the batch before", (4, 5))
def _mask_before():
    masks = [np.ones((4, 5), bool)]

    def forward(x):
        masks.append(x > 0)
        return p.relu(x)

    return forward, lambda g, x: g * masks[-2]


@remembers("stale", "mask of the first batch", (4, 5))
def _first_mask():
    masks = []

    def forward(x):
        masks.append(x > 0)
        return p.relu(x)

    return forward, lambda g, x: g * masks[0]


@remembers("stale", "softmax of the first batch", (2, 4))
def _first_softmax():
    kept = {}

    def forward(x):
        y = p.softmax(x)
        kept.setdefault("y", y)
        return y

    def backward(g, x):
        y = kept["y"]
        return y * (g - (g * y).sum(-1, keepdims=True))

    return forward, backward


@remembers("stale", "g of the call before", (3, 3))
def _old_g():
    last = [np.zeros((3, 3))]

    def backward(g, x):
        last.append(g)
        return last[-2] * np.cos(x)

    return np.sin, backward


@remembers("accumulated", "class with self.dw +=", (4, 3), (3, 2))
def _class_adds():
    class Layer:
        dw = np.zeros((3, 2))

        def backward(self, g, cache):
            x, w = cache
            self.dw = self.dw + x.T @ g
            return g @ w.T, self.dw

    return lambda x, w: (x @ w, (x, w)), Layer().backward


@remembers("accumulated", "dictionary of gradients", (3,), (3,))
def _dict_adds():
    grads = {}

    def backward(g, a, b):
        for name, d in (("a", g * b), ("b", g * a)):
            grads[name] = grads.get(name, 0) + d
        return grads["a"], grads["b"]

    return lambda a, b: a * b, backward


# precision
wrong("precision", "float32 all through", lambda x: np.exp(np.float32(x)), lambda g, x: np.float32(g) * np.exp(np.float32(x)), (3, 4))
wrong(
    "precision",
    "1 − cos x over x², float32",
    lambda x: np.cos(x),
    lambda g, x: g * (np.cos((x + 1e-3).astype("f4")) - np.cos((x - 1e-3).astype("f4"))) / 2e-3,
    (3, 4),
)
wrong("precision", "derivative rounded to 3 digits", np.sin, lambda g, x: g * np.round(np.cos(x), 3), (3, 4))
wrong(
    "precision",
    "float16 in backward",
    lambda a, b: a * b,
    lambda g, a, b: ((g * b).astype(np.float16), (g * a).astype(np.float16)),
    (3, 4),
    (3, 4),
)
# kink
wrong(
    "kink",
    "leaky relu, 5 at zero",
    lambda x: np.where(x > 0, x, 0.1 * x),
    lambda g, x: g * np.where(x > 0, 1, np.where(x < 0, 0.1, 5.0)),
    [0.0, 1.0, -1.0, 0.0],
)
wrong(
    "kink",
    "soft threshold at its edge",
    lambda x: np.sign(x) * np.maximum(np.abs(x) - 1, 0),
    lambda g, x: g * np.where(np.abs(x) == 1, -1.0, np.abs(x) > 1),
    [1.0, -2.0, 0.2, -1.0],
)
wrong("kink", "norm of zeros", lambda x: np.sqrt((x**2).sum()), lambda g, x: g * x / np.sqrt((x**2).sum()), [0.0, 0.0, 0.0])
wrong(
    "kink",
    "relu, −1 at zero behind a matrix",
    lambda x, w: p.relu(x) @ w,
    lambda g, x, w: ((g @ w.T) * np.where(x == 0, -1.0, x > 0), p.relu(x).T @ g),
    [[0.0, 1.0], [-1.0, 0.0]],
    (2, 3),
)
