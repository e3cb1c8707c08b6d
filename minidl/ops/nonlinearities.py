"""What stands between two linear layers: activation functions, number by number."""
import math

from minidl.ops.elementwise import exp, square, step, where
from minidl.tensor import composite, op


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
