"""Where weights start. An initializer is called with a shape and gives a NumPy array; the sum of n random numbers of variance σ² has
variance n σ², so the good starts below make σ² fall with the number of connections.

    HeNormal()((3, 3, 64, 128))                  a kernel for Conv2D(128, 3) on 64 channels

The same seed gives the same numbers at every call and, but for rounding, in every dtype. Without a seed they come from the generator
that all share (``minidl.set_seed``).
"""
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minidl.checks import number, whole
from minidl.random_numbers import random_generator
from minidl.registry import Configured, look_up

Shape = tuple[int, ...]
Values = np.ndarray[Any, np.dtype[np.float64]]

STD_OF_TRUNCATED_NORMAL = 0.87962566103423978  # of a standard normal distribution cut off at ±2


class Initializer(Configured):
    """The base class: an own initializer writes ``values(self, shape)`` and returns a float64 array."""

    def __call__(self, shape: Sequence[int], dtype: Any = "float32") -> np.ndarray:
        """A new C-contiguous array of that shape and dtype."""
        return self.values(tuple(shape)).astype(dtype, order="C")

    def values(self, shape: Shape) -> Values:
        """The numbers, in float64: they are rounded to another dtype only afterwards."""
        raise NotImplementedError(f"{type(self).__name__} has no values method: write values(self, shape)")


# ---------------------------------------------------------------- the same number everywhere


class Constant(Initializer):
    """``value`` everywhere."""

    def __init__(self, value: float = 0.0):
        self.value = number("value", value)

    def values(self, shape: Shape) -> Values:
        return np.full(shape, self.value)


class Zeros(Constant):
    """0 everywhere: the start of biases."""

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """1 everywhere."""

    def __init__(self) -> None:
        super().__init__(1.0)


# ---------------------------------------------------------------- random numbers


class RandomUniform(Initializer):
    """Evenly between ``minval`` and ``maxval``."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        self.minval, self.maxval, self.seed = number("minval", minval), number("maxval", maxval), _seed(seed)
        if self.minval > self.maxval:
            raise ValueError(f"minval must be ≤ maxval; got minval={minval!r}, maxval={maxval!r}")

    def values(self, shape: Shape) -> Values:
        return np.asarray(random_generator(self.seed).uniform(self.minval, self.maxval, shape))


class RandomNormal(Initializer):
    """Normally distributed."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        self.mean, self.stddev, self.seed = number("mean", mean), number("stddev", stddev, at_least=0), _seed(seed)

    def values(self, shape: Shape) -> Values:
        return self.mean + self.stddev * np.asarray(random_generator(self.seed).standard_normal(shape))


class TruncatedNormal(RandomNormal):
    """Normally distributed, but what lies more than 2 ``stddev`` from the mean is drawn again. (The standard deviation of the result is
    therefore 0.88 ``stddev``.)"""

    def values(self, shape: Shape) -> Values:
        generator = random_generator(self.seed)
        z = np.asarray(generator.standard_normal(shape))
        while (outside := np.abs(z) > 2).any():
            z[outside] = generator.standard_normal(np.count_nonzero(outside))
        return self.mean + self.stddev * z


class Orthogonal(Initializer):
    """``gain`` times a random matrix with orthonormal columns, or rows where there are fewer of them: it keeps lengths. A kernel of shape
    (…, c_in, c_out) is the matrix (… · c_in, c_out).        Saxe et al. 2014"""

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        self.gain, self.seed = number("gain", gain), _seed(seed)

    def values(self, shape: Shape) -> Values:
        if len(shape) < 2:
            raise ValueError(f"an orthogonal start needs a shape of two axes or more; got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = random_generator(self.seed).standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diag(r))  # without it, not every orthogonal matrix would be equally likely
        return self.gain * (q.T if rows < columns else q).reshape(shape)


class Identity(Initializer):
    """``gain`` on the diagonal of a matrix, 0 elsewhere: what goes in comes out."""

    def __init__(self, gain: float = 1.0):
        self.gain = number("gain", gain)

    def values(self, shape: Shape) -> Values:
        if len(shape) != 2:
            raise ValueError(f"an identity is a matrix, of two axes; got {shape}")
        return self.gain * np.eye(*shape)


# ---------------------------------------------------------------- random numbers, scaled to the number of connections


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out): how many numbers one output is the sum of, and how many outputs one input goes into.

    A matrix (inputs, outputs) has its own two sizes; a kernel (kh, kw, c_in, c_out) has (kh · kw · c_in, kh · kw · c_out)."""
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


class VarianceScaling(Initializer):
    """Random numbers of mean 0 and variance σ² = ``scale`` / n. ``mode`` says what n is: "fan_in", "fan_out", or "fan_avg", their mean;
    ``distribution`` is "truncated_normal" (cut off at 2 standard deviations, σ² counted afterwards), "untruncated_normal", or
    "uniform" between ±√(3 σ²)."""

    def __init__(self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: int | None = None):
        self.scale = number("scale", scale, at_least=0)
        if not self.scale:
            raise ValueError("scale must be > 0; got 0")
        self.mode = _choice("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        self.distribution = _choice("distribution", distribution, ("truncated_normal", "untruncated_normal", "uniform"))
        self.seed = _seed(seed)

    def values(self, shape: Shape) -> Values:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        sigma = math.sqrt(self.scale / max(1.0, n))
        if self.distribution == "uniform":
            return RandomUniform(-math.sqrt(3) * sigma, math.sqrt(3) * sigma, self.seed).values(shape)
        if self.distribution == "untruncated_normal":
            return RandomNormal(0.0, sigma, self.seed).values(shape)
        return TruncatedNormal(0.0, sigma / STD_OF_TRUNCATED_NORMAL, self.seed).values(shape)


class GlorotUniform(VarianceScaling):
    """Uniform, σ² = 2 / (fan_in + fan_out): a compromise that keeps the variance forwards and backwards where activations are nearly
    linear; the default of the layers.        Glorot & Bengio 2010, eq. 16"""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal, σ² = 2 / (fan_in + fan_out).        Glorot & Bengio 2010, eq. 12"""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform, σ² = 1 / fan_in: keeps the variance forwards where activations are nearly linear.        LeCun et al. 1998, eq. 16"""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal, σ² = 1 / fan_in.        LeCun et al. 1998, eq. 16; what selu needs: Klambauer et al. 2017"""

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform, σ² = 2 / fan_in: relu sets half of its inputs to 0, twice the variance makes up for it.        He et al. 2015, eq. 10"""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal, σ² = 2 / fan_in.        He et al. 2015, eq. 10"""

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


# ---------------------------------------------------------------- by name

_classes = (Constant, Zeros, Ones, RandomUniform, RandomNormal, TruncatedNormal, Orthogonal, Identity, VarianceScaling,
            GlorotUniform, GlorotNormal, LecunUniform, LecunNormal, HeUniform, HeNormal)  # fmt: skip
_by_name: dict[str, type[Initializer]] = {made.__name__: made for made in _classes}
_by_name |= {"zero": Zeros, "one": Ones, "uniform": RandomUniform, "normal": RandomNormal}  # Keras' short names
_by_name |= {"OrthogonalInitializer": Orthogonal, "IdentityInitializer": Identity}

# Keras' other names
constant, zeros, ones, orthogonal, identity = Constant, Zeros, Ones, Orthogonal, Identity
OrthogonalInitializer, IdentityInitializer = Orthogonal, Identity
random_uniform, random_normal, truncated_normal, variance_scaling = RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling
glorot_uniform, glorot_normal, he_uniform, he_normal = GlorotUniform, GlorotNormal, HeUniform, HeNormal
lecun_uniform, lecun_normal = LecunUniform, LecunNormal


def get(identifier: Any) -> Callable[..., Any]:
    """The initializer of that name ("he_normal", "HeNormal"); a class makes its default; any other function of (shape, dtype) is itself."""
    if isinstance(identifier, str):
        identifier = look_up(identifier, _by_name, "initializer")
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    made: Callable[..., Any] = identifier if callable(identifier) else look_up(identifier, _by_name, "initializer")
    return made


def _seed(seed: Any) -> int | None:
    return seed if seed is None else whole("seed", seed, at_least=0)


def _choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")
    return str(value)
