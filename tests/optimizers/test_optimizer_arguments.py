"""What optimisers are made with and made of: learning rates, arguments, names, own rules, kernels."""
import textwrap
from typing import Any

import numpy as np
import pytest

from minidl import optimizers
from minidl.optimizers import base, schedules
from minidl.switches import reference_only
from minidl.tensor import Tensor

# ---------------------------------------------------------------- the learning rate


def test_learning_rate_can_be_read_and_set() -> None:
    w = Tensor(np.zeros(1), requires_grad=True)
    made = optimizers.SGD(np.float32(0.5))  # type: ignore[arg-type]
    assert type(made.learning_rate) is float
    made.apply([np.ones(1)], [w])
    made.learning_rate = 0.25
    made.apply([np.ones(1)], [w])
    made.learning_rate = lambda step: 1 / (1 + step)  # two updates so far
    assert made.learning_rate == pytest.approx(1 / 3)
    made.apply([np.ones(1)], [w])
    made.learning_rate = schedules.PiecewiseConstantDecay([2], [5.0, 0.125])
    made.apply([np.ones(1)], [w])
    assert w.data[0] == pytest.approx(-(0.5 + 0.25 + 1 / 3 + 0.125))
    assert isinstance(made.get_config()["learning_rate"], schedules.PiecewiseConstantDecay)


def test_a_schedule_starts_at_step_0() -> None:
    seen: list[int] = []
    made = optimizers.SGD(lambda step: float(seen.append(step) or 0.1))
    for _ in range(3):
        made.apply([np.ones(1)], [Tensor(np.zeros(1), requires_grad=True)])
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf"), True, "0.1", None, np.ones(1)])
def test_learning_rates_that_are_none(wrong: Any) -> None:
    with pytest.raises(ValueError, match="learning_rate must be a finite number ≥ 0; got"):
        optimizers.Adam(wrong)
    made = optimizers.Adam(lambda step: wrong)
    with pytest.raises(ValueError, match="learning_rate must be a finite number ≥ 0; got"):
        made.apply([np.ones(1)], [Tensor(np.zeros(1), requires_grad=True)])
    with pytest.raises(ValueError, match="learning_rate must be"):
        optimizers.SGD().learning_rate = wrong


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(momentum=1.1), "momentum must be a finite number ≥ 0 and ≤ 1; got 1.1"),
        (lambda: optimizers.SGD(momentum=True), "momentum must be a finite number .* got True"),
        (lambda: optimizers.SGD(nesterov=1), "nesterov must be True or False; got 1"),
        (lambda: optimizers.RMSprop(rho=1), "rho must be a finite number ≥ 0 and < 1; got 1"),
        (lambda: optimizers.RMSprop(momentum=-1), "momentum must be"),
        (lambda: optimizers.RMSprop(epsilon=-1e-7), "epsilon must be a finite number ≥ 0; got -1e-07"),
        (lambda: optimizers.RMSprop(centered="no"), "centered must be True or False; got 'no'"),
        (lambda: optimizers.Adam(beta_1=1.0), "beta_1 must be a finite number ≥ 0 and < 1; got 1.0"),
        (lambda: optimizers.Adam(beta_2=-0.1), "beta_2 must be"),
        (lambda: optimizers.Adam(epsilon=None), "epsilon must be"),
        (lambda: optimizers.Adam(amsgrad=None), "amsgrad must be"),
        (lambda: optimizers.AdamW(weight_decay=None), "weight_decay must be a finite number ≥ 0; got None"),
        (lambda: optimizers.Adagrad(initial_accumulator_value=-0.1), "initial_accumulator_value must be"),
        (lambda: optimizers.Adagrad(epsilon=float("nan")), "epsilon must be"),
        (lambda: optimizers.SGD(weight_decay=-1), "weight_decay must be a finite number ≥ 0; got -1"),
        (lambda: optimizers.SGD(clipnorm=0), "clipnorm must be a finite number > 0; got 0"),
        (lambda: optimizers.SGD(clipvalue=-1), "clipvalue must be"),
        (lambda: optimizers.SGD(global_clipnorm="1"), "global_clipnorm must be"),
        (lambda: optimizers.Adam(clipnorm=1, global_clipnorm=1), "at most one of clipnorm.*got clipnorm and global_clipnorm"),
    ],
)
def test_values_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_keywords_are_answered_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"Adam has no argument 'beta1': did you mean 'beta_1'"):
        optimizers.Adam(beta1=0.9)  # type: ignore[call-arg]
    for keyword in ("use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"):
        with pytest.raises(TypeError, match=f"has no argument '{keyword}' for 2"):
            optimizers.SGD(**{keyword: 2})


def test_what_keras_has_beside_is_taken_where_it_changes_nothing() -> None:
    optimizers.Adam(use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None, loss_scale_factor=None)  # type: ignore[call-arg]


def test_older_names() -> None:
    with pytest.warns(UserWarning, match="lr= is the old name of learning_rate="):
        optimizer = optimizers.Adam(lr=0.25)  # type: ignore[call-arg]
    assert optimizer.learning_rate == optimizer.lr == optimizer.get_config()["learning_rate"] == 0.25
    optimizer.lr = 0.5
    assert optimizer.learning_rate == 0.5
    with pytest.raises(ValueError, match="lr and learning_rate are the same"):
        optimizers.Adam(0.1, lr=0.1, learning_rate=0.1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"decay= is left out, .*InverseTimeDecay\(start, 1, 1e-06\) is the same"):
        optimizers.SGD(0.1, decay=1e-6)  # type: ignore[call-arg]
    w = Tensor(np.ones(2), requires_grad=True)
    optimizers.SGD(0.5).apply_gradients(zip([np.ones(2)], [w]))
    assert w.numpy().tolist() == [0.5, 0.5]


def test_get() -> None:
    for name, made in {"sgd": "SGD", "ADAM": "Adam", "rms_prop": "RMSprop", "adamw": "AdamW", "Adagrad": "Adagrad"}.items():
        assert type(optimizers.get(name)) is getattr(optimizers, made)
        assert optimizers.get(name).name == made
    made_once = optimizers.Adam()
    assert optimizers.get(made_once) is made_once
    with pytest.raises(ValueError, match=r"no optimizer is called 'adan': .*Adagrad, Adam, AdamW, Momentum, RMSprop, SGD"):
        optimizers.get("adan")
    assert type(optimizers.get(optimizers.Adam)) is optimizers.Adam
    for wrong in (None, 0.1, int):
        with pytest.raises(TypeError, match="optimizer: expected"):
            optimizers.get(wrong)


def test_defaults_are_keras() -> None:
    rates = {name: optimizers.get(name).learning_rate for name in ("sgd", "momentum", "adagrad", "rmsprop", "adam", "adamw")}
    assert rates == {"sgd": 0.01, "momentum": 0.01, "adagrad": 0.001, "rmsprop": 0.001, "adam": 0.001, "adamw": 0.001}


def test_configuration_makes_the_same_again() -> None:
    made = optimizers.AdamW(0.1, 0.3, beta_2=0.5, clipnorm=2, name="mine")
    made.learning_rate = 0.05
    again = optimizers.AdamW.from_config(made.get_config())
    assert again.get_config() == made.get_config()
    v, w = (Tensor(np.ones(3), requires_grad=True) for _ in range(2))
    made.apply([np.arange(3.0)], [v])
    again.apply([np.arange(3.0)], [w])
    assert again.name == "mine"
    assert np.array_equal(v.data, w.data)


# ---------------------------------------------------------------- own rules and kernels


def _documented() -> type[optimizers.Optimizer]:
    """The class in the docstring of Optimizer."""
    lines = str(optimizers.Optimizer.__doc__).splitlines()
    start = next(i for i, line in enumerate(lines) if "class SignedMomentum" in line)
    end = next(i for i, line in enumerate(lines) if "``learning_rate`` is a number" in line)
    names: dict[str, Any] = {"Optimizer": optimizers.Optimizer}
    exec(textwrap.dedent("\n".join(lines[start:end])), names)
    return names["SignedMomentum"]  # type: ignore[no-any-return]


def test_the_own_optimizer_of_the_docstring() -> None:
    made = _documented()(learning_rate=0.5)
    w = Tensor(np.array([0.0, 0.0]), requires_grad=True)
    made.apply([np.array([1.0, -2.0])], [w])
    made.apply([np.array([-0.5, -2.0])], [w])
    assert np.array_equal(w.data, [-1.0, 1.0])
    np.testing.assert_allclose(made.state_arrays([w])[0], [0.9 * 0.1 - 0.05, -0.2 * 0.9 - 0.2])
    assert made.name == "SignedMomentum"


def test_an_own_optimizer_that_is_not_complete() -> None:
    w = Tensor(np.zeros(1), requires_grad=True)

    class NoRule(optimizers.Optimizer):
        pass

    class NoSuper(optimizers.Optimizer):
        def __init__(self) -> None:
            pass

    with pytest.raises(NotImplementedError, match="NoRule has no update rule: write update"):
        NoRule().apply([np.ones(1)], [w])
    with pytest.raises(RuntimeError, match=r"NoSuper.__init__ must call super"):
        NoSuper().apply([np.ones(1)], [w])


def test_a_kernel_replaces_the_rule_it_was_made_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Halved(optimizers.SGD):
        def update(self, xp: Any, w: Any, g: Any, state: Any, learning_rate: float, t: int) -> None:
            super().update(xp, w, g, state, learning_rate / 2, t)

    def kernel(self: Any, xp: Any, w: Any, g: Any, state: Any, learning_rate: float, t: int) -> None:
        w += 100 * t

    def result(made: optimizers.Optimizer) -> float:
        w = Tensor(np.zeros(1), requires_grad=True)
        made.apply([np.ones(1)], [w])
        return float(w.data[0])

    monkeypatch.setitem(base.kernels, ("numpy", optimizers.SGD.update), kernel)
    assert result(optimizers.SGD(1.0)) == 100
    assert result(optimizers.Momentum(1.0)) == 100  # the same rule
    assert result(Halved(1.0)) == -0.5  # another
    with reference_only():
        assert result(optimizers.SGD(1.0)) == -1
