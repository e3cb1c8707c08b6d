"""Every rule with every combination of its arguments, against formulas written out here as sums over all gradients so far."""
from itertools import product
from typing import Any

import numpy as np
import pytest

from minidl import optimizers
from minidl.tensor import Tensor

SHAPES = [(3, 2), (1,), (), (2, 0)]
COMMON: list[dict[str, Any]] = [
    {}, {"weight_decay": 0.1}, {"clipnorm": 0.7}, {"clipvalue": 0.3}, {"global_clipnorm": 0.9}, {"weight_decay": 0.01, "clipnorm": 0.5},
]  # fmt: skip


def _combinations(**choices: Any) -> list[dict[str, Any]]:
    return [dict(zip(choices, values)) for values in product(*choices.values())]


CASES: list[tuple[type[optimizers.Optimizer], dict[str, Any]]] = [
    *[(optimizers.SGD, own) for own in _combinations(momentum=[0.0, 0.6, 1.0], nesterov=[False, True])],
    (optimizers.Momentum, {}),
    (optimizers.Momentum, {"momentum": 0.5, "nesterov": True}),
    *[(optimizers.Adagrad, own) for own in _combinations(initial_accumulator_value=[0.1, 0.0], epsilon=[1e-7, 0.2])],
    *[(optimizers.RMSprop, own) for own in _combinations(rho=[0.9, 0.0], momentum=[0.0, 0.7], epsilon=[1e-3, 0.2], centered=[False, True])],
    *[(optimizers.Adam, own) for own in _combinations(beta_1=[0.9, 0.0], beta_2=[0.999, 0.3], epsilon=[1e-7, 0.2], amsgrad=[False, True])],
    (optimizers.AdamW, {}),
    (optimizers.AdamW, {"amsgrad": True, "weight_decay": 0.5}),
]  # fmt: skip
IDS = [f"{rule.__name__}-{'-'.join(f'{k}={v}' for k, v in own.items())}" for rule, own in CASES]
DEFAULTS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.0, "nesterov": False},
    "Momentum": {"momentum": 0.9, "nesterov": False},
    "Adagrad": {"initial_accumulator_value": 0.1, "epsilon": 1e-7},
    "RMSprop": {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
    "Adam": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False},
    "AdamW": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False, "weight_decay": 0.004},
}


def _decayed(values: list[Any], factor: float) -> Any:
    """Σ factor^(age) · value, the last value being of age 0."""
    return sum(factor ** (len(values) - 1 - i) * value for i, value in enumerate(values))


def _rms_step(gs: list[Any], rate: float, rho: float, epsilon: float, centered: bool) -> Any:
    variance = (1 - rho) * _decayed([g**2 for g in gs], rho)
    if centered:
        variance = variance - ((1 - rho) * _decayed(gs, rho)) ** 2
    return rate * gs[-1] / (variance + epsilon) ** 0.5


def _change(name: str, gs: list[Any], rates: list[float], a: dict[str, Any]) -> Any:
    """What the rule adds to w, from all gradients and learning rates up to now."""
    g, rate, t = gs[-1], rates[-1], len(gs)
    if name in ("SGD", "Momentum"):
        velocity = -_decayed([eta * past for eta, past in zip(rates, gs)], a["momentum"])
        return a["momentum"] * velocity - rate * g if a["nesterov"] else velocity
    if name == "Adagrad":
        return -rate * g / (a["initial_accumulator_value"] + sum(past**2 for past in gs) + a["epsilon"]) ** 0.5
    if name == "RMSprop":
        steps = [_rms_step(gs[: i + 1], rates[i], a["rho"], a["epsilon"], a["centered"]) for i in range(t)]
        return -_decayed(steps, a["momentum"])
    m_hat = (1 - a["beta_1"]) * _decayed(gs, a["beta_1"]) / (1 - a["beta_1"] ** t)
    vs = [(1 - a["beta_2"]) * _decayed([past**2 for past in gs[:i]], a["beta_2"]) for i in range(1, t + 1)]
    v_hat = (np.max(vs, axis=0) if a["amsgrad"] else vs[-1]) / (1 - a["beta_2"] ** t)
    return -rate * m_hat / (v_hat**0.5 + a["epsilon"] / (1 - a["beta_2"] ** t) ** 0.5)


def _clipped(grads: list[Any], a: dict[str, Any]) -> list[Any]:
    if "clipvalue" in a:
        return [np.minimum(np.maximum(g, -a["clipvalue"]), a["clipvalue"]) for g in grads]
    norms = [np.linalg.norm(np.ravel(g)) for g in grads]
    if "global_clipnorm" in a:
        whole = np.linalg.norm(norms)
        return [g * a["global_clipnorm"] / whole if whole > a["global_clipnorm"] else g for g in grads]
    if "clipnorm" in a:
        return [g * a["clipnorm"] / norm if norm > a["clipnorm"] else g for g, norm in zip(grads, norms)]
    return grads


def _expected(name: str, starts: list[Any], history: list[list[Any]], rates: list[float], a: dict[str, Any]) -> list[Any]:
    ws, past = list(starts), [_clipped(grads, a) for grads in history]
    for t in range(1, len(past) + 1):
        for i in range(len(ws)):
            w = ws[i] * (1 - rates[t - 1] * a.get("weight_decay", 0.0))
            ws[i] = w + _change(name, [grads[i] for grads in past[:t]], rates[:t], a)
    return ws


def _material(steps: int, dtype: Any = "float64") -> tuple[list[Any], list[list[Any]]]:
    rng = np.random.default_rng(3)
    starts = [rng.standard_normal(shape).astype(dtype) if shape else np.asarray(rng.standard_normal(), dtype) for shape in SHAPES]
    history = [[np.asarray(rng.standard_normal(shape), dtype) for shape in SHAPES] for _ in range(steps)]
    return starts, history


@pytest.mark.parametrize(("rule", "own"), CASES, ids=IDS)
@pytest.mark.parametrize("scheduled", [False, True], ids=["constant", "scheduled"])
def test_equals_the_formula(rule: type[optimizers.Optimizer], own: dict[str, Any], scheduled: bool) -> None:
    starts, history = _material(steps=5)
    rates = [0.03 / (1 + step) if scheduled else 0.03 for step in range(5)]
    for common in COMMON:
        arguments: dict[str, Any] = {**own, **common}
        made = rule(learning_rate=(lambda step: 0.03 / (1 + step)) if scheduled else 0.03, **arguments)
        params = [Tensor(w, requires_grad=True) for w in starts]
        for grads in history:
            made.apply(grads, params)
        expected = _expected(rule.__name__, starts, history, rates, {**DEFAULTS[rule.__name__], **arguments})
        for w, e in zip(params, expected):
            np.testing.assert_allclose(w.data, e, rtol=1e-12, atol=1e-12, err_msg=str(arguments))


def test_the_expected_values_tell_every_argument_apart() -> None:
    starts, history = _material(steps=5)
    for rule, own in CASES:
        given = {**DEFAULTS[rule.__name__], **own}
        if rule is optimizers.SGD and not given["momentum"]:
            continue  # nesterov then means nothing, in the formula too
        for key, value in given.items():
            other = not value if isinstance(value, bool) else value + 0.05
            a, b = (_expected(rule.__name__, starts, history, [0.03] * 5, arguments)[0] for arguments in (given, {**given, key: other}))
            if key != "amsgrad":  # whose v may happen to grow all the time
                assert np.abs(a - b).max() > 1e-6, (rule, key)


@pytest.mark.parametrize(("rule", "own"), CASES, ids=IDS)
def test_stays_on_its_device_and_in_float32(rule: type[optimizers.Optimizer], own: dict[str, Any], backend: Any) -> None:
    starts, history = _material(3, "float32")
    # Centered RMSprop divides by the root of v − a², two numbers that nearly cancel where a gradient hardly changes: the rounding of v and
    # a, half a unit of 6e-8 each, is then a multiple of that in what is left, and each of the steps adds its own.
    rtol, atol = (1e-5, 1e-6) if own.get("centered") else (1e-6, 1e-7)
    for common in [{"weight_decay": 0.1, "clipnorm": 0.5}, {"clipvalue": 0.3}, {"global_clipnorm": 0.5}]:
        arguments: dict[str, Any] = {**own, **common}
        here = [Tensor(w, requires_grad=True) for w in starts]
        there = [Tensor(backend.asarray(w), requires_grad=True) for w in starts]
        on_device = [[backend.asarray(g) for g in grads] for grads in history]
        a, b = rule(np.float64(0.03), **arguments), rule(0.03, **arguments)
        moved = getattr(backend.module, "transfers", 0)
        for grads, same in zip(history, on_device):
            a.apply(grads, here)
            b.apply(same, there)
        assert getattr(backend.module, "transfers", 0) == moved, "an update must not leave the device"
        for w, v in zip(here, there):
            assert w.dtype == v.dtype == np.float32
            np.testing.assert_allclose(backend.to_numpy(v), w.data, rtol=rtol, atol=atol)
        assert {array.dtype for array in b.state_arrays(there)} <= {np.dtype("float32")}


def test_momentum_is_sgd_with_momentum() -> None:
    starts, history = _material(4)
    results = []
    for made in (optimizers.Momentum(0.1), optimizers.SGD(0.1, momentum=0.9)):
        params = [Tensor(w, requires_grad=True) for w in starts]
        for grads in history:
            made.apply(grads, params)
        results.append([w.numpy() for w in params])
    assert all(np.array_equal(a, b) for a, b in zip(*results))


def test_centered_rmsprop_survives_a_gradient_that_never_changes() -> None:
    w = Tensor(np.zeros(50, np.float32), requires_grad=True)
    made = optimizers.RMSprop(centered=True)
    g = np.linspace(100, 10000, 50).astype("float32")
    for step in range(400):  # the averages come from above, where rounding leaves a² > v
        made.apply([2 * g if step < 100 else g], [w])
    assert np.isfinite(w.data).all()


def test_a_gradient_of_zeros_moves_nothing_even_when_clipped() -> None:
    for clip in ("clipnorm", "global_clipnorm", "clipvalue"):
        w = Tensor(np.ones(3), requires_grad=True)
        optimizers.SGD(0.1, **{clip: 1.0}).apply([np.zeros(3)], [w])  # type: ignore[arg-type]
        assert np.array_equal(w.data, np.ones(3))


@pytest.mark.parametrize("clip", [{}, {"clipnorm": 1.0}, {"clipvalue": 1.0}, {"global_clipnorm": 1.0}])
def test_a_rule_sees_gradients_of_the_parameters_dtype(clip: dict[str, float], backend: Any) -> None:
    seen: list[Any] = []

    class Plain(optimizers.Optimizer):
        def update(self, xp: Any, w: Any, g: Any, state: Any, learning_rate: float, t: int) -> None:
            seen.append(g.dtype)
            w -= learning_rate * g

    a, b = (Tensor(backend.asarray(np.ones(n, dtype)), requires_grad=True) for n, dtype in ((3, "float32"), (2, "float64")))
    grads = [backend.asarray(np.full(n, 3.0, dtype)) for n, dtype in ((3, "float32"), (2, "float64"))]
    Plain(1.0, **clip).apply(grads, [a, b])  # type: ignore[arg-type]
    Plain(0.0, **clip).apply([g.astype("float64") for g in grads], [a, b])  # type: ignore[arg-type]
    assert seen == [np.float32, np.float64] * 2
    if "global_clipnorm" in clip:
        np.testing.assert_allclose([*backend.to_numpy(a), *backend.to_numpy(b)], 1 - 1 / np.sqrt(5), rtol=1e-6)
