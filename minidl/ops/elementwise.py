"""Ops that work number by number. Start here: every op in minidl is written like these.

    @op
    def tanh(xp, x):              arrays in, array out; xp is the arrays' own module, handed in by the engine
        return xp.tanh(x)

    @tanh.vjp
    def _(g, y, x):               Tensors in, Tensors out; g = dL/dy
        return g * (1 - y * y)    dL/dx

A rule does not care about broadcasting or dtypes: the engine sums each gradient over what was broadcast, and gives it the dtype of its
Tensor. (It never enlarges one: see the rule of ``sum`` in ``reductions.py``.) A rule returns None where there is no gradient, and it may
return a function for a gradient that costs something: it is called only if that gradient is wanted.
"""
from minidl.backend import move, named
from minidl.tensor import Op, op

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
        return g * b * (a + (a == 0) * (b == 0)) ** (b - 1)  # never 0⁻¹

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
    return lambda: where(a >= b, g, 0), lambda: where(b > a, g, 0)


@op
def minimum(xp, a, b):
    """y = min(a, b)          g goes to the smaller one; in a tie to a"""
    return xp.minimum(a, b)


@minimum.vjp
def _(g, y, a, b):
    return lambda: where(a <= b, g, 0), lambda: where(b < a, g, 0)


@op
def clip(xp, x, *, low, high):
    """y = x kept within [low, high] (numbers)          dL/dx = g inside and on the borders, 0 outside"""
    return xp.clip(x, low, high)


@clip.vjp
def _(g, y, x, *, low, high):
    return where(x == y, g, 0)


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
