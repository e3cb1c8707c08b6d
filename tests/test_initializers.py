"""Initializers: the moments and bounds that their formulas promise, seeds, names and checks."""
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import initializers
from minidl.random_numbers import set_seed

RANDOM: list[Any] = [
    initializers.RandomNormal, initializers.RandomUniform, initializers.TruncatedNormal, initializers.VarianceScaling,
    initializers.GlorotUniform, initializers.GlorotNormal, initializers.HeUniform, initializers.HeNormal,
    initializers.LecunUniform, initializers.LecunNormal, initializers.Orthogonal,
]  # fmt: skip
SHAPES = [(300, 200), (3, 5, 40, 70), (4000,)]


def _fans_by_counting(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many numbers of the array share one output (the last axis), and how many one input (the last but one)."""
    places = np.ones(shape)
    if len(shape) == 1:
        return shape[0], shape[0]
    return int(places[..., 0].sum()), int(places[..., 0, :].sum())


def test_constants() -> None:
    assert np.array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3), np.float32))
    assert np.array_equal(initializers.Ones()([2], dtype="float64"), np.ones(2))
    assert np.array_equal(initializers.Constant(0.1)((2,)), np.full(2, 0.1, np.float32))
    assert initializers.Constant()(()).shape == ()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("make", "scale", "mode", "uniform"),
    [
        (initializers.GlorotUniform, 1.0, "avg", True),
        (initializers.GlorotNormal, 1.0, "avg", False),
        (initializers.HeUniform, 2.0, "in", True),
        (initializers.HeNormal, 2.0, "in", False),
        (initializers.LecunUniform, 1.0, "in", True),
        (initializers.LecunNormal, 1.0, "in", False),
        (initializers.VarianceScaling, 1.0, "in", False),
        (lambda seed: initializers.VarianceScaling(3.0, "fan_out", "uniform", seed), 3.0, "out", True),
        (lambda seed: initializers.VarianceScaling(0.5, "fan_out", seed=seed), 0.5, "out", False),
    ],
)
def test_variance_and_bounds(make: Any, scale: float, mode: str, uniform: bool, shape: tuple[int, ...]) -> None:
    fan_in, fan_out = _fans_by_counting(shape)
    n = {"in": fan_in, "out": fan_out, "avg": (fan_in + fan_out) / 2}[mode]
    w = make(seed=1)(shape, "float64")
    bound = math.sqrt(3 * scale / n) if uniform else 2 * math.sqrt(scale / n) / 0.87962566103423978
    assert w.shape == shape
    assert 0.99 * bound < np.abs(w).max() <= bound
    assert w.var() == pytest.approx(scale / n, rel=4 / math.sqrt(w.size))
    assert abs(w.mean()) < 4 * math.sqrt(scale / n / w.size)


def test_distributions() -> None:
    n = (200, 300)
    normal, cut = initializers.RandomNormal(1.0, 2.0, seed=0)(n, "float64"), initializers.TruncatedNormal(1.0, 2.0, seed=0)(n, "float64")
    uniform = initializers.RandomUniform(2.0, 5.0, seed=0)(n, "float64")
    z = (normal - 1) / 2
    assert [abs(z.mean()) < 0.02, abs(z.std() - 1) < 0.02, 0.03 < (np.abs(z) > 2).mean() < 0.06] == [True] * 3  # 4.55 % lie outside
    z = (cut - 1) / 2
    assert [abs(z.mean()) < 0.02, abs(z.std() - initializers.STD_OF_TRUNCATED_NORMAL) < 0.01, np.abs(z).max() <= 2] == [True] * 3
    assert abs((np.abs(z) < 1).mean() - 0.6827 / 0.9545) < 0.01  # drawn again, not moved to the border
    assert [2 <= uniform.min() < 2.01, 4.99 < uniform.max() < 5, abs(uniform.mean() - 3.5) < 0.02] == [True] * 3
    untruncated = initializers.VarianceScaling(4.0, "fan_in", "untruncated_normal", 0)((100, 500), "float64") / 0.2
    assert abs(untruncated.std() - 1) < 0.02
    assert np.abs(untruncated).max() > 3


@given(shape=st.lists(st.integers(1, 7), min_size=2, max_size=4), gain=st.floats(0.1, 3), seed=st.integers(0, 99))
def test_orthogonal(shape: list[int], gain: float, seed: int) -> None:
    q = initializers.Orthogonal(gain, seed)(shape, "float64").reshape(-1, shape[-1])
    product = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(product, gain**2 * np.eye(min(q.shape)), atol=1e-12)


def test_orthogonal_takes_both_signs() -> None:
    signs = {float(np.sign(initializers.Orthogonal(seed=seed)((1, 1))[0, 0])) for seed in range(20)}
    assert signs == {-1.0, 1.0}
    with pytest.raises(ValueError, match=r"two axes or more; got \(3,\)"):
        initializers.Orthogonal()((3,))


@pytest.mark.parametrize("make", RANDOM)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (3, 3, 2, 7), (1, 1), (0, 4)])
def test_seeds_dtypes_and_layout(make: Any, shape: tuple[int, ...]) -> None:
    seeded = make(seed=5)
    once = seeded(shape, "float64")
    assert np.array_equal(once, seeded(shape, "float64")), "a seed means the same at every call"
    for dtype in ("float16", "float32"):
        assert np.array_equal(seeded(shape, dtype), once.astype(dtype)), "and in every dtype"
    assert seeded(shape).dtype == np.float32
    assert seeded(list(shape)).flags.c_contiguous
    set_seed(3)
    first, second = make()(shape), make()(shape)
    set_seed(3)
    assert np.array_equal(first, make()(shape))
    if math.prod(shape) > 1:
        assert not np.array_equal(first, second)
        assert not np.array_equal(once, make(seed=6)(shape, "float64"))


def test_identity() -> None:
    assert np.array_equal(initializers.Identity(2)((2, 3)), 2 * np.eye(2, 3, dtype=np.float32))
    with pytest.raises(ValueError, match=r"an identity is a matrix, of two axes; got \(3, 3, 2, 2\)"):
        initializers.Identity()((3, 3, 2, 2))


def test_a_single_number() -> None:
    for make in RANDOM[:-1]:
        assert make(seed=0)(()).shape == ()


def test_fans() -> None:
    expected = {(): (1, 1), (7,): (7, 7), (2, 3): (2, 3), (5, 2, 3): (10, 15), (3, 3, 2, 4): (18, 36)}
    assert {shape: initializers.fans(shape) for shape in expected} == expected


def test_get() -> None:
    for name, made in [
        ("glorot_uniform", "GlorotUniform"), ("HeNormal", "HeNormal"), ("he_normal", "HeNormal"), ("zeros", "Zeros"), ("ones", "Ones"),
        ("lecun_normal", "LecunNormal"), ("orthogonal", "Orthogonal"), ("normal", "RandomNormal"), ("variance_scaling", "VarianceScaling"),
    ]:  # fmt: skip
        assert type(initializers.get(name)) is getattr(initializers, made)
    for kind in (*RANDOM, initializers.Constant, initializers.Zeros, initializers.Ones, initializers.Identity):
        snake = re.sub("(?<=.)([A-Z])", r"_\1", kind.__name__).lower()
        assert getattr(initializers, snake) is kind is type(initializers.get(snake))
    assert isinstance(initializers.get("OrthogonalInitializer"), initializers.Orthogonal)
    assert isinstance(initializers.get("IdentityInitializer"), initializers.IdentityInitializer)
    instance = initializers.HeNormal(seed=1)
    assert initializers.get(instance) is instance
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)

    def own(shape: Any, dtype: Any = None) -> Any:
        return np.full(shape, 3.0, dtype)

    assert initializers.get(own) is own
    with pytest.raises(ValueError, match=r"no initializer is called 'he_norml': did you mean .*'HeNormal'"):
        initializers.get("he_norml")
    for wrong in (None, 3.0):
        with pytest.raises(TypeError, match="initializer: expected"):
            initializers.get(wrong)


def test_an_own_initializer() -> None:
    class Diagonal(initializers.Initializer):
        def values(self, shape: Any) -> Any:
            return np.eye(*shape)

    assert np.array_equal(initializers.get(Diagonal)((2, 3)), np.eye(2, 3, dtype=np.float32))
    with pytest.raises(NotImplementedError, match="Initializer has no values method"):
        initializers.Initializer()((2,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.Constant("1"), "value must be a finite number; got '1'"),  # type: ignore[arg-type]
        (lambda: initializers.Constant(True), "value must be a finite number; got True"),
        (lambda: initializers.RandomNormal(stddev=-1), "stddev must be a finite number ≥ 0; got -1"),
        (lambda: initializers.TruncatedNormal(mean=math.nan), "mean must be a finite number; got nan"),
        (lambda: initializers.RandomUniform(1, 0), "minval must be ≤ maxval; got minval=1, maxval=0"),
        (lambda: initializers.RandomUniform(seed=-1), "seed must be a whole number ≥ 0; got -1"),
        (lambda: initializers.HeNormal(seed=1.5), "seed must be a whole number"),  # type: ignore[arg-type]
        (lambda: initializers.HeNormal(seed=True), "seed must be a whole number"),
        (lambda: initializers.VarianceScaling(scale=0), "scale must be > 0; got 0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode must be one of fan_in, fan_out, fan_avg; got 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="normal"), "distribution must be one of truncated_normal, .*got 'normal'"),
        (lambda: initializers.Orthogonal(gain=math.inf), "gain must be a finite number; got inf"),
    ],
)
def test_values_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_keywords_and_configuration() -> None:
    with pytest.raises(TypeError, match=r"RandomNormal has no argument 'std': .*stddev"):
        initializers.RandomNormal(std=1.0)  # type: ignore[call-arg]
    made = initializers.VarianceScaling(2.0, mode="fan_avg", seed=4)
    assert np.array_equal(initializers.VarianceScaling.from_config(made.get_config())((3, 4)), made((3, 4)))
