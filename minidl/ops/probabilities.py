"""From scores to probabilities, and how surprised they are by the truth."""
from minidl.ops.elementwise import clip, exp, log, where
from minidl.ops.nonlinearities import sigmoid
from minidl.ops.reductions import sum
from minidl.tensor import composite, op


@op
def softmax(xp, x, *, axis=-1):
    """y = eˣ / Σ eˣ          dL/dx = y (g − Σ g y)          sums along ``axis``

    Every output depends on every input: the Σ in the gradient is that cross term."""
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))  # the shift changes nothing and keeps eˣ finite
    return e / xp.sum(e, axis=axis, keepdims=True)


@softmax.vjp
def _(g, y, x, *, axis=-1):
    return y * (g - sum(g * y, axis=axis, keepdims=True))


@op
def log_softmax(xp, x, *, axis=-1):
    """y = x − ln Σ eˣ          dL/dx = g − eʸ Σ g          sums along ``axis``"""
    x = x - xp.max(x, axis=axis, keepdims=True)
    return x - xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=True))


@log_softmax.vjp
def _(g, y, x, *, axis=-1):
    return g - exp(y) * sum(g, axis=axis, keepdims=True)


@composite
def softmax_crossentropy(x, targets, *, axis=-1):
    """−Σ targets · log_softmax(x) along ``axis``: the surprise of each example, from scores (logits); finite for any of them."""
    return -sum(targets * where(targets == 0, 0, log_softmax(x, axis=axis)), axis=axis)  # 0 · ln 0 = 0


@composite
def crossentropy(p, targets, *, axis=-1, smallest=1e-7):
    """−Σ targets · ln p along ``axis``, from probabilities, which are divided by their sum and kept ``smallest`` away from 0 and 1."""
    p = clip(p / sum(p, axis=axis, keepdims=True), low=smallest, high=1 - smallest)
    return -sum(targets * log(p), axis=axis)


@op
def sigmoid_crossentropy(xp, x, targets):
    """y = −t ln σ(x) − (1 − t) ln(1 − σ(x)), from scores; exact and finite for any of them          dL/dx = g (σ(x) − t)"""
    return xp.maximum(x, 0) - targets * x + xp.log1p(xp.exp(-xp.abs(x)))


@sigmoid_crossentropy.vjp
def _(g, y, x, targets):
    return lambda: g * (sigmoid(x) - targets), lambda: -g * x


@composite
def binary_crossentropy(p, targets, *, smallest=1e-7):
    """−t ln p − (1 − t) ln(1 − p) for each number, from probabilities, which are kept ``smallest`` away from 0 and 1."""
    p = clip(p, low=smallest, high=1 - smallest)
    return -(targets * log(p) + (1 - targets) * log(1 - p))
