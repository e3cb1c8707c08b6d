"""Ops that work number by number. Start here: every op in minidl is written like these.

    @op
    def tanh(xp, x):              arrays in, array out; xp is the arrays' own module, handed in by the engine
        return xp.tanh(x)

    @tanh.vjp
    def _(g, y, x):               Tensors in, Tensors out; g = dL/dy
        return g * (1 - y * y)    dL/dx

A rule does not care about broadcasting or dtypes: the engine fits each gradient to its Tensor. It returns None where there is no
gradient, and it may return a function for a gradient that costs something: it is called only if that gradient is wanted.
"""
import math

from minidl.backend import move, named
from minidl.tensor import Op, composite, op

# ---------------------------------------------------------------- arithmetic


@op
def add(xp, a, b):
    """y = a + b          dL/da = g          dL/db = g"""
    return a + b


@add.vjp
def _(g, y, a, b):
    return g, g


@op
def subtract(xp, a, b):
    """y = a − b          dL/da = g          dL/db = −g"""
    return a - b


@subtract.vjp
def _(g, y, a, b):
    return g, lambda: -g


@op
def multiply(xp, a, b):
    """y = a · b          dL/da = g b          dL/db = g a"""
    return a * b


@multiply.vjp
def _(g, y, a, b):
    return lambda: g * b, lambda: g * a


@op
def divide(xp, a, b):
    """y = a / b          dL/da = g / b          dL/db = −g y / b"""
    return xp.true_divide(a, b)


@divide.vjp
def _(g, y, a, b):
    return lambda: g / b, lambda: -g * y / b


@op
def power(xp, a, b):
    """y = aᵇ          dL/da = g b aᵇ⁻¹, 0 where b = 0          dL/db = g y log a, 0 where a = 0 (a ≥ 0, or b constant)"""
    return xp.power(a, b)


@power.vjp
def _(g, y, a, b):
    def with_base():
        return g * b * a ** (b - (b != 0))

    def with_exponent():
        return g * y * log(ones_like(y) * (a + (a == 0)))  # a may be a number: its logarithm, too, has y's dtype and backend

    return with_base, with_exponent


@op
def negative(xp, x):
    """y = −x          dL/dx = −g"""
    return -x


@negative.vjp
def _(g, y, x):
    return -g


@op
def abs(xp, x):
    """y = |x|          dL/dx = g sign(x), 0 at x = 0"""
    return xp.abs(x)


@abs.vjp
def _(g, y, x):
    return g * sign(x)


@op
def square(xp, x):
    """y = x²          dL/dx = 2 g x"""
    return x * x


@square.vjp
def _(g, y, x):
    return 2 * g * x


@op
def sqrt(xp, x):
    """y = √x          dL/dx = g / 2y"""
    return xp.sqrt(x)


@sqrt.vjp
def _(g, y, x):
    return g / (2 * y)


@op
def exp(xp, x):
    """y = eˣ          dL/dx = g y"""
    return xp.exp(x)


@exp.vjp
def _(g, y, x):
    return g * y


@op
def log(xp, x):
    """y = ln x          dL/dx = g / x"""
    return xp.log(x)


@log.vjp
def _(g, y, x):
    return g / x


@op
def sin(xp, x):
    """y = sin x          dL/dx = g cos x"""
    return xp.sin(x)


@sin.vjp
def _(g, y, x):
    return g * cos(x)


@op
def cos(xp, x):
    """y = cos x          dL/dx = −g sin x"""
    return xp.cos(x)


@cos.vjp
def _(g, y, x):
    return -g * sin(x)


# ---------------------------------------------------------------- choices


@op
def maximum(xp, a, b):
    """y = max(a, b)          g goes to the larger one; in a tie to a"""
    return xp.maximum(a, b)


@maximum.vjp
def _(g, y, a, b):
    return lambda: g * (a >= b), lambda: g * (b > a)


@op
def minimum(xp, a, b):
    """y = min(a, b)          g goes to the smaller one; in a tie to a"""
    return xp.minimum(a, b)


@minimum.vjp
def _(g, y, a, b):
    return lambda: g * (a <= b), lambda: g * (b < a)


@op
def clip(xp, x, *, low, high):
    """y = x kept within [low, high] (numbers)          dL/dx = g inside and on the borders, 0 outside"""
    return xp.clip(x, low, high)


@clip.vjp
def _(g, y, x, *, low, high):
    return g * (x == y)


@op
def where(xp, condition, a, b):
    """y = a where the condition holds, else b          dL/da = g there, 0 elsewhere; dL/db the other way round"""
    return xp.where(condition, a, b)


@where.vjp
def _(g, y, condition, a, b):
    return None, lambda: where(condition, g, 0), lambda: where(condition, 0, g)


# ---------------------------------------------------------------- without a gradient


def _constant(name, docstring, function):
    """An op that is flat wherever it can be differentiated."""

    def forward(xp, *xs):
        return function(xp, *xs)

    forward.__name__, forward.__doc__ = name, docstring
    made = Op(forward)
    made.vjp(lambda g, y, *xs: (None,) * len(xs))
    return made


ones_like = _constant("ones_like", "1 everywhere", lambda xp, x: xp.ones_like(x))
sign = _constant("sign", "−1, 0 or 1", lambda xp, x: xp.sign(x))
step = _constant("step", "1 where x > 0, else 0: the derivative of relu", lambda xp, x: (x > 0).astype(x.dtype))
less = _constant("less", "a < b", lambda xp, a, b: xp.less(a, b))
less_equal = _constant("less_equal", "a ≤ b", lambda xp, a, b: xp.less_equal(a, b))
greater = _constant("greater", "a > b", lambda xp, a, b: xp.greater(a, b))
greater_equal = _constant("greater_equal", "a ≥ b", lambda xp, a, b: xp.greater_equal(a, b))
equal = _constant("equal", "a = b", lambda xp, a, b: xp.equal(a, b))
not_equal = _constant("not_equal", "a ≠ b", lambda xp, a, b: xp.not_equal(a, b))


# ---------------------------------------------------------------- where and how the numbers are stored


@op
def astype(xp, x, *, dtype):
    """y = x in another dtype          dL/dx = g (the engine brings g back to x's dtype)"""
    return x.astype(dtype)


@astype.vjp
def _(g, y, x, *, dtype):
    return g


@op
def to(xp, x, *, backend):
    """y = x on another backend          dL/dx = g (the engine brings g back to x's backend)"""
    return move(x, named(backend))


@to.vjp
def _(g, y, x, *, backend):
    return g


# ---------------------------------------------------------------- activations


@op
def relu(xp, x):
    """y = max(0, x)          dL/dx = g where x > 0; at 0 it is 0"""
    return xp.maximum(x, 0)


@relu.vjp
def _(g, y, x):
    return g * step(x)


@op
def leaky_relu(xp, x, *, negative_slope=0.2):
    """y = x where x > 0, else slope · x          dL/dx = g, or slope · g where x ≤ 0"""
    return xp.where(x > 0, x, negative_slope * x)


@leaky_relu.vjp
def _(g, y, x, *, negative_slope=0.2):
    return g * (step(x) + negative_slope * (1 - step(x)))


@op
def sigmoid(xp, x):
    """y = 1 / (1 + e⁻ˣ)          dL/dx = g y (1 − y)"""
    e = xp.exp(-xp.abs(x))  # never overflows
    return xp.where(x >= 0, 1, e) / (1 + e)


@sigmoid.vjp
def _(g, y, x):
    return g * y * (1 - y)


@op
def tanh(xp, x):
    """y = tanh x          dL/dx = g (1 − y²)"""
    return xp.tanh(x)


@tanh.vjp
def _(g, y, x):
    return g * (1 - y * y)


@op
def softplus(xp, x):
    """y = ln(1 + eˣ)          dL/dx = g sigmoid(x)"""
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


@softplus.vjp
def _(g, y, x):
    return g * sigmoid(x)


@op
def elu(xp, x, *, alpha=1.0):
    """y = x where x > 0, else α (eˣ − 1)          dL/dx = g, or g (y + α) where x ≤ 0        Clevert et al. 2016"""
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


@elu.vjp
def _(g, y, x, *, alpha=1.0):
    return g * where(x > 0, 1, y + alpha)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, eq. 14


@composite
def selu(x):
    """y = λ elu(x, α), with the α and λ that keep mean 0 and variance 1 from layer to layer."""
    return SELU_SCALE * elu(x, alpha=SELU_ALPHA)


@composite
def silu(x):
    """y = x sigmoid(x), also called swish.        Elfwing et al. 2018"""
    return x * sigmoid(x)


@composite
def gelu(x, *, approximate=False):
    """y = x Φ(x), Φ the normal distribution function; ``approximate`` takes tanh for it.        Hendrycks & Gimpel 2016"""
    if approximate:
        return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * square(x))))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


@op
def erf(xp, x):
    """y = 2/√π ∫₀ˣ e^(−t²) dt          dL/dx = g 2/√π e^(−x²)"""
    z = xp.minimum(xp.abs(x), ERF_IS_ONE)  # NumPy has no erf. 1 − erf(z) = e^(−z²) · c(z), and c is smooth: a short series will do
    t = 2 * _to_series(z)
    b, before = 0 * z, 0 * z
    for coefficient in _series[:0:-1]:  # Clenshaw's recurrence for a Chebyshev series
        b, before = t * b - before + coefficient, b
    return xp.sign(x) * (1 - xp.exp(-z * z) * (t / 2 * b - before + _series[0]))


@erf.vjp
def _(g, y, x):
    return g * (2 / math.sqrt(math.pi)) * exp(-x * x)


ERF_IS_ONE = 6.0  # beyond, 1 − erf is less than float64 can tell


def _to_series(z):
    """[0, 6] → [1, −1], where Chebyshev series live; 2 / (2 + z) bends the tail straight."""
    return (16 / (2 + z) - 5) / 3


def _chebyshev_series(n):
    """The first n coefficients of c(z) = (1 − erf z) e^(z²), from its values at the n Chebyshev points (error of erf: 1e-15 for 24)."""
    angles = [(i + 0.5) * math.pi / n for i in range(n)]
    points = [16 / (3 * math.cos(angle) + 5) - 2 for angle in angles]
    values = [math.erfc(z) * math.exp(z * z) for z in points]
    series = [2 / n * sum(math.cos(k * angle) * v for angle, v in zip(angles, values)) for k in range(n)]
    return [series[0] / 2, *series[1:]]


_series = _chebyshev_series(24)
