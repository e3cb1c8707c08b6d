"""Losses, weights and metrics for several outputs, and what is reported of them."""
from contextlib import nullcontext

import numpy as np
import pytest

from minidl import Tensor, losses, metrics, ops
from minidl.objective import Objective

A, B = np.array([[1.0], [3.0]]), np.array([[0.0, 2.0], [4.0, 0.0]])
TWO = [Tensor(A), Tensor(B)]
ZEROS = [0 * A, 0 * B]  # losses: mse of a: 5, of b: 5; mae of a: 2, of b: 1.5


@pytest.mark.parametrize(
    ("loss", "weights", "expected"),
    [
        ("mse", None, {"a": 5, "b": 5}), (["mse", "mae"], None, {"a": 5, "b": 1.5}), (("mae", None), None, {"a": 2}),
        ({"b": "mae", "a": "mse"}, [1, 10], {"a": 5, "b": 1.5}), ({"b": "mae"}, None, {"b": 1.5}),
        (["mse", "mae"], {"b": 0.5}, {"a": 5, "b": 1.5}), (losses.MeanSquaredError, (0, 2), {"a": 5, "b": 5}),
        ([lambda t, y: ops.mean(y - t, axis=-1), "mse"], 3, {"a": 2, "b": 5}),
    ],
)  # fmt: skip
def test_losses_of_two_outputs(loss, weights, expected):
    objective = Objective(["a", "b"], loss, weights, None)
    weights = dict.fromkeys("ab", weights) if weights == 3 else dict(zip("ab", weights)) if isinstance(weights, (list, tuple)) else weights
    factor = {"a": 1, "b": 1} | (weights or {})
    total = sum(factor[name] * value for name, value in expected.items())
    value, parts = objective.loss(ZEROS, TWO)
    assert value.shape == ()
    assert value.item() == pytest.approx(total)
    objective.update(value, parts, ZEROS, TWO)
    assert objective.logs() == pytest.approx({"loss": total, **{f"{name}_loss": v for name, v in expected.items()}})


def test_targets_by_name():
    objective = Objective(["a", "b"], "mse", None, None)
    y = {"b": ZEROS[1], "a": ZEROS[0]}
    assert objective.loss(y, TWO)[0].item() == 10
    assert objective.loss(y, {"b": TWO[1], "a": TWO[0]})[0].item() == 10
    with pytest.raises(ValueError, match="y: the model has no output 'c': there are a, b"):
        objective.loss({"c": A}, TWO)
    with pytest.raises(ValueError, match=r"y: the model has 2 outputs \(a, b\), got 1 arrays"):
        objective.loss([A], TWO)
    with pytest.raises(ValueError, match="there is a loss, but no y"):
        objective.loss({"a": A}, TWO)
    with pytest.raises(ValueError, match="compiled for 2 outputs, and gave 1"):
        objective.loss(ZEROS, TWO[:1])


def test_an_output_without_a_loss_needs_no_target():
    objective = Objective(["a", "b"], {"a": "mse"}, None, None)
    assert objective.loss({"a": ZEROS[0]}, TWO)[0].item() == 5
    assert objective.loss([ZEROS[0], None], TWO)[0].item() == 5


def test_sample_weights_for_all_or_each_output():
    objective = Objective(["a", "b"], "mae", None, None)
    w = np.array([1.0, 0.0])
    assert objective.loss(ZEROS, TWO, w)[0].item() == pytest.approx(0.5 + 0.5)
    assert objective.loss(ZEROS, TWO, [w, 1 - w])[0].item() == pytest.approx(0.5 + 1)
    assert objective.loss(ZEROS, TWO, {"b": 1 - w})[0].item() == pytest.approx(2 + 1)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, []), ("mae", ["a_mae", "b_mae"]), ([["mae"], ["mse", "mae"]], ["a_mae", "b_mse", "b_mae"]),
        ({"b": "mse"}, ["b_mse"]), ({"a": [metrics.MeanAbsoluteError(name="off")]}, ["a_off"]), (["mse", None], ["a_mse"]),
    ],
)  # fmt: skip
def test_metrics_of_two_outputs(given, names):
    objective = Objective(["a", "b"], "mse", None, given)
    loss, parts = objective.loss(ZEROS, TWO)
    objective.update(loss, parts, ZEROS, TWO)
    assert list(objective.logs())[3:] == names


def test_one_output_takes_a_bare_loss_or_a_list_and_bare_metrics():
    for loss in ("mse", ["mse"], {"a": "mse"}):
        for given in ("mae", ["mae"], {"a": ["mae"]}):
            with pytest.warns(UserWarning, match="write metrics=") if given == "mae" else nullcontext():
                objective = Objective(["a"], loss, [2.0], given)
            value, parts = objective.loss(ZEROS[0], TWO[0])
            objective.update(value, parts, ZEROS[0], TWO[0])
            assert objective.logs() == {"loss": 10, "mae": 2}


def test_means_are_weighted_by_batch_size_and_start_anew():
    objective = Objective(["a"], "mse", None, None)
    for y in (np.full((3, 1), 1.0), np.full((1, 1), 3.0)):
        objective.update(*objective.loss(0 * y, Tensor(y)), 0 * y, Tensor(y))
    assert objective.logs() == {"loss": 3.0}  # (3 · 1 + 1 · 9) / 4
    objective.reset()
    assert objective.logs() == {"loss": 0.0}


def test_what_is_refused():
    cases = {"loss": ({"c": "mse"}, None, None), "metrics": ("mse", None, {"c": "mae"}), "loss_weights": ("mse", {"c": 1}, None)}
    for what, arguments in cases.items():
        with pytest.raises(ValueError, match=f"^{what}: the model has no output 'c': there are a, b"):
            Objective(["a", "b"], *arguments)
    with pytest.raises(ValueError, match=r"loss: the model has 2 outputs \(a, b\), got 3 entries"):
        Objective(["a", "b"], ["mse"] * 3, None, None)
    with pytest.raises(ValueError, match="loss_weights must be a finite number"):
        Objective(["a"], "mse", {"a": "accuracy"}, None)
    with pytest.raises(ValueError, match="compiled without a loss"):
        Objective(["a"], None, None, None).loss(A, TWO[0])


def test_metrics_in_the_place_that_keras_2_has_for_them():
    for given in ("mae", ["mae"], metrics.MeanAbsoluteError("mae"), (metrics.MeanAbsoluteError("mae"),)):
        with pytest.warns(UserWarning, match="write metrics=") if not isinstance(given, (list, tuple)) else nullcontext():
            objective = Objective(["a"], "mse", given, None)
        objective.update(*objective.loss(ZEROS[0], TWO[0]), ZEROS[0], TWO[0])
        assert objective.logs() == {"loss": 5, "mae": 2}
        assert isinstance(objective.arguments["metrics"], (list, tuple)) and objective.arguments["loss_weights"] is None
    assert Objective(["a"], "mse", ["mae"], [2.0]).loss_weights == [2.0]
