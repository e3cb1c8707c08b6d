"""Losses: their values, gradients and second derivatives, what they refuse, and Keras as the judge."""

import copy
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import labels, losses, ops
from minidl.autograd import grad
from minidl.switches import no_grad, switch
from minidl.tensor import Tensor

rng = np.random.default_rng(0)
N, K = 7, 5
CLASSES = rng.integers(0, K, N)
ONE_HOT = np.eye(K)[CLASSES]
SCORES = rng.normal(0, 2, (N, K))
PROBABILITIES = np.exp(SCORES) / np.exp(SCORES).sum(1, keepdims=True)
ANSWERS = rng.integers(0, 2, (N, K))
TARGETS = rng.normal(0, 1, (N, K))
WEIGHTS = rng.random(N)


# ---------------------------------------------------------------- independently written: float64, plain loops over classes left to NumPy


def np_categorical(y: Any, p: Any, from_logits: bool = False, label_smoothing: float = 0.0) -> Any:
    y = y * (1 - label_smoothing) + label_smoothing / y.shape[-1]
    if from_logits:
        p = np.exp(p - p.max(-1, keepdims=True))
        return -(y * np.log(p / p.sum(-1, keepdims=True))).sum(-1)
    return -(y * np.log(np.minimum(np.maximum(p / p.sum(-1, keepdims=True), 1e-7), 1 - 1e-7))).sum(-1)


def np_binary(y: Any, p: Any, from_logits: bool = False, label_smoothing: float = 0.0) -> Any:
    y = y * (1 - label_smoothing) + label_smoothing / 2
    p = 1 / (1 + np.exp(-p)) if from_logits else np.minimum(np.maximum(p, 1e-7), 1 - 1e-7)
    return np.where(y > 0, -y * np.log(p), 0).mean(-1) + np.where(y < 1, -(1 - y) * np.log(1 - p), 0).mean(-1)


CASES: dict[str, tuple[losses.Loss, Any, Any, Any]] = {  # loss, y_true, y_pred, the loss of each example
    "mse": (losses.MeanSquaredError("none"), TARGETS, SCORES, ((SCORES - TARGETS) ** 2).sum(1) / K),
    "mae": (losses.MeanAbsoluteError("none"), TARGETS, SCORES, abs(SCORES - TARGETS).sum(1) / K),
}
for logits in (False, True):
    for alpha in (0.0, 0.3, 1.0):
        p = SCORES if logits else PROBABILITIES
        end = f"{'logits' if logits else 'probabilities'}-{alpha}"
        CASES[f"binary-{end}"] = (
            losses.BinaryCrossentropy(logits, alpha, reduction="none"),
            ANSWERS,
            p,
            np_binary(ANSWERS, p, logits, alpha),
        )
        CASES[f"categorical-{end}"] = (
            losses.CategoricalCrossentropy(logits, alpha, reduction="none"),
            ONE_HOT,
            p,
            np_categorical(ONE_HOT, p, logits, alpha),
        )
    CASES[f"sparse-{logits}"] = (
        losses.SparseCategoricalCrossentropy(logits, reduction="none"),
        CLASSES,
        p,
        np_categorical(ONE_HOT, p, logits),
    )
CASES["not normalized"] = (
    losses.CategoricalCrossentropy(reduction="none"),
    ONE_HOT,
    3 * PROBABILITIES,
    np_categorical(ONE_HOT, 3 * PROBABILITIES),
)
CASES["soft labels"] = (
    losses.CategoricalCrossentropy(True, reduction="none"),
    PROBABILITIES[::-1],
    SCORES,
    np_categorical(PROBABILITIES[::-1], SCORES, True),
)
cases = pytest.mark.parametrize("case", CASES)


@cases
def test_values(case: str) -> None:
    loss, y_true, y_pred, expected = CASES[case]
    found = loss(y_true, y_pred)
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-14)


@cases
def test_every_reduction_with_and_without_weights(case: str) -> None:
    loss, y_true, y_pred, each = CASES[case]
    expected = {
        "sum_over_batch_size": (each.sum() / N, (WEIGHTS * each).sum() / N),
        "mean": (each.sum() / N, (WEIGHTS * each).sum() / N),
        "auto": (each.sum() / N, (WEIGHTS * each).sum() / N),  # Keras 2's name of the first
        "sum": (each.sum(), (WEIGHTS * each).sum()),
        "mean_with_sample_weight": (each.sum() / N, (WEIGHTS * each).sum() / WEIGHTS.sum()),
        "none": (each, WEIGHTS * each),
        None: (each, WEIGHTS * each),
    }
    assert set(expected) == set(losses.REDUCTIONS)
    for reduction, (plain, weighted) in expected.items():
        loss = copy.copy(loss)
        loss.reduction = reduction
        np.testing.assert_allclose(loss(y_true, y_pred).numpy(), plain, rtol=1e-12, atol=1e-14)
        for weights in (WEIGHTS, WEIGHTS[:, None], list(WEIGHTS), Tensor(WEIGHTS)):
            np.testing.assert_allclose(loss(y_true, y_pred, weights).numpy(), weighted, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(
            loss(y_true, y_pred, 3).numpy(), plain * (1 if reduction == "mean_with_sample_weight" else 3), rtol=1e-12
        )


@cases
def test_gradients_and_second_derivatives(case: str) -> None:
    loss, y_true, y_pred, _ = CASES[case]
    weights, h = np.cos(np.arange(y_pred.size)).reshape(y_pred.shape), 1e-6

    def first(at: Any, create_graph: bool = False) -> tuple[Any, Any]:
        x = Tensor(at, requires_grad=True)
        return x, grad(loss(y_true, x, WEIGHTS).sum(), x, create_graph=create_graph)[0]

    def numeric(function: Any) -> Any:
        slopes = np.zeros(y_pred.shape)
        for i in np.ndindex(y_pred.shape):
            up, down = y_pred.copy(), y_pred.copy()
            up[i] += h
            down[i] -= h
            slopes[i] = (function(up) - function(down)) / (2 * h)
        return slopes

    x, exact = first(y_pred, create_graph=True)
    np.testing.assert_allclose(exact.numpy(), numeric(lambda at: loss(y_true, at, WEIGHTS).sum().item()), rtol=1e-6, atol=1e-8)
    (second,) = grad((exact * weights).sum() + 0 * x.sum(), x)
    np.testing.assert_allclose(second.numpy(), numeric(lambda at: (first(at)[1].numpy() * weights).sum()), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_predictions_stay_finite(dtype: Any) -> None:
    scores = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4], [0, 0, 0]], dtype)
    certain = np.eye(3, dtype=dtype)
    for loss, y_true, y_pred in [
        (losses.CategoricalCrossentropy(True), certain[[1, 0, 2]], scores),
        (losses.SparseCategoricalCrossentropy(True), [1, 0, 2], scores),
        (losses.BinaryCrossentropy(True), certain[[1, 0, 2]], scores),
        (losses.CategoricalCrossentropy(), certain, certain[[1, 2, 0]]),
        (losses.SparseCategoricalCrossentropy(), [0, 1, 2], certain[[1, 2, 0]]),
        (losses.BinaryCrossentropy(), certain, certain[[1, 2, 0]]),
    ]:
        x = Tensor(y_pred, requires_grad=True)
        value = loss(y_true, x)
        assert value.dtype == dtype
        assert np.isfinite(value.numpy())
        assert np.isfinite(grad(value, x)[0].numpy()).all()
    assert losses.SparseCategoricalCrossentropy(True, reduction="none")([1], scores[:1]).item() == 2e4
    assert losses.SparseCategoricalCrossentropy(reduction="none")([1], certain[:1].astype(float)).item() == pytest.approx(
        -np.log(1e-7), rel=1e-12
    )
    assert losses.SparseCategoricalCrossentropy(reduction="none")([0], certain[:1].astype(float)).item() == pytest.approx(1e-7, rel=1e-6)


@given(st.integers(1, 5), st.integers(2, 5), st.booleans(), st.integers(0, 2**32 - 1))
def test_sparse_is_categorical_on_one_hot(n: int, k: int, from_logits: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    y, p = random.integers(0, k, n), random.random((n, k)) + 0.01
    sparse, categorical = losses.SparseCategoricalCrossentropy(from_logits), losses.CategoricalCrossentropy(from_logits)
    assert sparse(y, p).item() == categorical(np.eye(k)[y], p).item()


# ---------------------------------------------------------------- labels, shapes, dtypes


@pytest.mark.parametrize("dtype", [bool, *"bBhHiIlLqQefd"])
def test_sparse_labels_of_any_dtype(dtype: Any) -> None:
    y, p = (CLASSES % 2).astype(dtype), PROBABILITIES.astype(np.float32)
    expected = losses.SparseCategoricalCrossentropy()(CLASSES % 2, p)
    for shaped in (y, y[:, None], Tensor(y)):
        found = losses.SparseCategoricalCrossentropy()(shaped, p)
        assert found.dtype == np.float32
        assert found.item() == expected.item()


def test_class_axis_elsewhere() -> None:
    scores, classes = rng.normal(size=(2, K, 3, 4)), rng.integers(0, K, (2, 3, 4))
    expected = np_categorical(np.eye(K)[classes], np.moveaxis(scores, 1, -1), True)
    for axis in (1, -3):
        for y in (classes, classes[:, None]):
            sparse = losses.SparseCategoricalCrossentropy(True, axis=axis, reduction="none")(y, scores)
            np.testing.assert_allclose(sparse.numpy(), expected, rtol=1e-12)
        one_hot = np.moveaxis(np.eye(K)[classes], -1, 1)
        np.testing.assert_allclose(
            losses.CategoricalCrossentropy(True, axis=axis, reduction="none")(one_hot, scores).numpy(), expected, rtol=1e-12
        )
        smooth = losses.CategoricalCrossentropy(True, 0.2, axis=axis, reduction="none")(one_hot, scores).numpy()
        np.testing.assert_allclose(smooth, np_categorical(np.eye(K)[classes], np.moveaxis(scores, 1, -1), True, 0.2), rtol=1e-12)
    weights = np.array([2.0, 0.5])
    loss = losses.SparseCategoricalCrossentropy(True, axis=1)
    assert loss(classes, scores, weights).item() == pytest.approx((expected * weights[:, None, None]).mean(), rel=1e-12)
    assert loss(classes, scores, expected).item() == pytest.approx((expected**2).mean(), rel=1e-12)
    loss.reduction = "mean_with_sample_weight"
    assert loss(classes, scores, weights).item() == pytest.approx(
        (expected * weights[:, None, None]).sum() / (weights.sum() * 12), rel=1e-12
    )
    binary = losses.BinaryCrossentropy(axis=1, reduction="none")(one_hot, np.full((2, K, 3, 4), 0.25)).numpy()
    np.testing.assert_allclose(binary, np.full((2, 3, 4), -(np.log(0.25) + (K - 1) * np.log(0.75)) / K), rtol=1e-12)


@pytest.mark.parametrize(
    "loss", [losses.MeanSquaredError("none"), losses.MeanAbsoluteError("none"), losses.BinaryCrossentropy(reduction=None)]
)
def test_one_output_with_or_without_its_axis(loss: losses.Loss) -> None:
    y, p = ANSWERS[:, 0], PROBABILITIES[:, 0]
    expected = loss(y[:, None], p[:, None])
    assert expected.shape == (N,)
    for y_true, y_pred in ((y, p), (y[:, None], p), (y, p[:, None]), (list(y), list(p))):
        np.testing.assert_array_equal(loss(y_true, y_pred).numpy(), expected.numpy())


@pytest.mark.parametrize("loss", [losses.MeanSquaredError(), losses.MeanAbsoluteError(), losses.BinaryCrossentropy()])
@pytest.mark.parametrize(
    ("a", "b"), [((4,), (4, 4)), ((4, 1), (4, 4)), ((4, 4), (4, 1)), ((4, 3), (4, 4)), ((3,), (4,)), ((1, 4), (4,)), ((), (4,)), ((4,), ())]
)
def test_nothing_is_broadcast(loss: losses.Loss, a: Any, b: Any) -> None:
    with pytest.raises(ValueError, match=r"shape") as error:
        loss(np.full(a, 0.5), np.full(b, 0.5))
    assert str(a) in str(error.value)
    assert str(b) in str(error.value)


@pytest.mark.parametrize("name", ["mse", "mae", "bce", "categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_empty_batches_raise(name: str) -> None:
    with pytest.raises(ValueError, match=r"at least one; y_true has shape \(0, 3\), y_pred \(0, 3\)"):
        losses.get(name)(np.zeros((0, 3)), np.zeros((0, 3)))


@pytest.mark.parametrize(
    ("y_true", "message"),
    [
        ([0, 1, 3], r"y_true holds 3, y_pred has 3 classes: labels must be whole numbers from 0 to 2"),
        ([0, -1, 2], r"y_true holds -1, y_pred has 3 classes"),
        ([0, 1.5, 2], r"y_true holds 1.5, .* whole"),
        ([0, np.nan, 2], r"y_true holds nan"),
        ([0, np.inf, 2], r"y_true holds inf"),
        ([[0], [7], [1]], r"y_true holds 7"),
        (np.uint8([0, 255, 1]), r"y_true holds 255"),
        (
            np.eye(3),
            r"use CategoricalCrossentropy or CategoricalAccuracy, or y_true.argmax\(-1\); y_true has shape \(3, 3\), y_pred \(3, 3\)",
        ),
        (np.zeros((3, 2)), r"in shape \(3,\); y_true has shape \(3, 2\), y_pred \(3, 3\)"),
        ([0, 1], r"y_true has shape \(2,\), y_pred \(3, 3\)"),
    ],
)
def test_sparse_refuses(y_true: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        losses.SparseCategoricalCrossentropy()(y_true, np.full((3, 3), 1 / 3))


@pytest.mark.parametrize(
    ("y_true", "message"),
    [
        ([0, 1, 2], r"use SparseCategoricalCrossentropy .*data.one_hot.* y_true has shape \(3,\), y_pred \(3, 3\)"),
        ([[0], [1], [2]], r"use SparseCategoricalCrossentropy .*data.one_hot"),
        (2 * np.eye(3), r"y_true holds 2.0: it must lie between 0 and 1"),
        (-np.eye(3), r"y_true holds -1.0"),
        (np.full((3, 3), np.nan), r"y_true holds nan"),
        (np.zeros((3, 4)), r"y_true has shape \(3, 4\), y_pred \(3, 3\)"),
    ],
)
def test_categorical_refuses(y_true: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        losses.CategoricalCrossentropy()(y_true, np.full((3, 3), 1 / 3))


def test_binary_and_regression_refuse() -> None:
    for bad in (-1, 1.5, np.nan, np.inf):
        with pytest.raises(ValueError, match=rf"y_true holds {bad}.*: it must lie between 0 and 1"):
            losses.BinaryCrossentropy()([0, bad], [0.5, 0.5])
    for bad in (np.nan, np.inf):
        for loss in (losses.MeanSquaredError(), losses.MeanAbsoluteError(), losses.get(lambda t, p: ops.mean(p - t))):
            with pytest.raises(ValueError, match=rf"y_true holds {bad}: it must be finite"):
                loss([0, bad], [0.5, 0.5])


def test_one_class_is_no_choice() -> None:
    for loss, y in ((losses.CategoricalCrossentropy(), [[1], [0]]), (losses.SparseCategoricalCrossentropy(), [1, 0])):
        with pytest.raises(ValueError, match=r"at least 2 classes .* shape \(2, 1\): a single output \(0 or 1\) is for BinaryCrossentropy"):
            loss(y, [[0.3], [0.4]])
        with pytest.raises(ValueError, match=r"expected y_pred as \(examples, classes\)"):
            loss(y, [0.3, 0.4])
    with pytest.raises(ValueError, match=r"classes along axis 2; it has shape \(3, 3\)"):
        losses.CategoricalCrossentropy(axis=2)(np.eye(3), np.eye(3))


def test_weights_refused() -> None:
    for shape in ((3,), (2, 2), (4, 1)):
        with pytest.raises(ValueError, match=r"sample_weight must have a number for each of the values, \(2,\); it has shape"):
            losses.MeanSquaredError()([1, 2], [1, 2], np.ones(shape))
    with pytest.raises(ValueError, match=r"sample_weight holds nan"):
        losses.MeanSquaredError()([1, 2], [1, 2], [1, np.nan])
    assert losses.MeanSquaredError("mean_with_sample_weight")([1.0, 2], [3.0, 4], [0, 0]).item() == 0


def test_the_prediction_decides_the_dtype_and_keeps_its_nan() -> None:
    y_pred = Tensor(PROBABILITIES.astype(np.float32), requires_grad=True)
    for name, y_true in (("mse", TARGETS), ("mae", TARGETS), ("bce", ANSWERS), ("categorical_crossentropy", ONE_HOT)):
        loss = losses.get(name)(y_true, y_pred, WEIGHTS)
        assert loss.dtype == np.float32
        assert grad(loss, y_pred)[0].dtype == np.float32
    own = losses.get(lambda t, p: ops.mean(ops.abs(p - t), axis=-1))(TARGETS, y_pred)
    assert own.dtype == np.float32
    assert losses.MeanSquaredError()([1, 2], [3, 5]).item() == 6.5
    assert np.isnan(losses.MeanSquaredError()([1.0, 2.0], [np.nan, 2.0]).item())


def test_the_gradient_reaches_y_true_as_well() -> None:
    y = Tensor(TARGETS, requires_grad=True)
    np.testing.assert_allclose(grad(losses.MeanSquaredError()(y, SCORES), y)[0].numpy(), 2 * (TARGETS - SCORES) / (N * K), rtol=1e-12)


# ---------------------------------------------------------------- arguments, names, losses of one's own


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match=r"reduction must be one of 'sum_over_batch_size', 'mean', .*; got 'average'"):
        losses.MeanSquaredError("average")
    for bad in (-0.1, 1.1):
        with pytest.raises(ValueError, match=r"label_smoothing must lie between 0 and 1"):
            losses.CategoricalCrossentropy(label_smoothing=bad)
    for axis in (0, 1.0, None):
        with pytest.raises(ValueError, match=r"axis must be a whole number, and not 0"):
            losses.CategoricalCrossentropy(axis=axis)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"CategoricalCrossentropy has no argument 'from_logit': .*from_logits"):
        losses.CategoricalCrossentropy(from_logit=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"no argument 'ignore_class'"):
        losses.SparseCategoricalCrossentropy(ignore_class=1)  # type: ignore[call-arg]


def test_config_and_names() -> None:
    loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2, name="mine")
    again = losses.CategoricalCrossentropy.from_config(loss.get_config())
    assert (again.from_logits, again.label_smoothing, again.name) == (True, 0.2, "mine")
    assert losses.default_name(losses.SparseCategoricalCrossentropy) == losses.SparseCategoricalCrossentropy().name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mse", losses.MeanSquaredError),
        ("MSE", losses.MeanSquaredError),
        ("mean_squared_error", losses.MeanSquaredError),
        ("MeanAbsoluteError", losses.MeanAbsoluteError),
        ("bce", losses.BinaryCrossentropy),
        ("BinaryCrossentropy", losses.BinaryCrossentropy),
        ("Categorical_Crossentropy", losses.CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy),
    ],
)
def test_get_by_name(name: str, kind: type) -> None:
    assert type(losses.get(name)) is kind
    assert type(losses.get(kind)) is kind


def test_get_explains() -> None:
    loss = losses.MeanSquaredError()
    assert losses.get(loss) is loss
    with pytest.raises(ValueError, match=r"no loss is called 'crossentropi': .*categorical_crossentropy"):
        losses.get("crossentropi")
    for bad in (None, 3, dict):
        with pytest.raises(TypeError, match=r"loss: expected a name, an object or a function"):
            losses.get(bad)


def test_the_functions_give_one_number_per_example() -> None:
    for case, function, options in [
        ("mse", losses.mean_squared_error, {}),
        ("mae", losses.mean_absolute_error, {}),
        ("binary-logits-0.3", losses.binary_crossentropy, {"from_logits": True, "label_smoothing": 0.3}),
        ("categorical-logits-0.3", losses.categorical_crossentropy, {"from_logits": True, "label_smoothing": 0.3, "axis": 1}),
        ("sparse-True", losses.sparse_categorical_crossentropy, {"from_logits": True, "axis": 1}),
    ]:
        _, y_true, y_pred, expected = CASES[case]
        np.testing.assert_allclose(function(y_true, y_pred, **options).numpy(), expected, rtol=1e-12)


class Cubic(losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.abs(y_pred - y_true) ** 3, axis=-1)


def test_a_loss_of_ones_own() -> None:
    each = (abs(SCORES - TARGETS) ** 3).mean(1)
    assert Cubic().name == "cubic"
    assert Cubic(name="c", reduction="sum")(TARGETS, SCORES, WEIGHTS).item() == pytest.approx((each * WEIGHTS).sum(), rel=1e-12)
    x = Tensor(SCORES, requires_grad=True)
    np.testing.assert_allclose(
        grad(Cubic()(TARGETS, x), x)[0].numpy(), 3 * (SCORES - TARGETS) * abs(SCORES - TARGETS) / (N * K), rtol=1e-12
    )
    for a, b in (((4,), (4, 1)), ((4, 1), (4,))):  # never (4, 4)
        assert Cubic(reduction="none")(np.ones(a), np.zeros(b)).shape == b[:-1]
        assert losses.get(lambda t, p: ops.abs(p - t))(np.arange(4.0).reshape(a), np.zeros(b)).item() == 1.5
    with pytest.raises(NotImplementedError, match=r"Loss must write call\(y_true, y_pred\)"):
        losses.Loss()([1.0], [1.0])


def test_functions_as_losses() -> None:
    def per_example(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_pred - y_true), axis=-1)

    loss, x = losses.get(per_example), Tensor(SCORES, requires_grad=True)
    assert loss.name == "per_example"
    expected = losses.MeanSquaredError()(TARGETS, x, WEIGHTS)
    assert loss(TARGETS, x, WEIGHTS).item() == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(grad(loss(TARGETS, x, WEIGHTS), x)[0].numpy(), grad(expected, x)[0].numpy(), rtol=1e-12)

    whole = losses.get(lambda t, p: ops.mean(ops.square(p - t)))
    assert whole(TARGETS, x).item() == pytest.approx(losses.MeanSquaredError()(TARGETS, x).item(), rel=1e-12)
    with pytest.raises(ValueError, match=r"sample_weight needs one number per example, loss <lambda> gave a single one"):
        whole(TARGETS, x, WEIGHTS)
    with pytest.raises(ValueError, match=r"must give one number for each of 7 examples; it gave shape \(5,\)"):
        losses.get(lambda t, p: ops.mean(p - t, axis=0))(TARGETS, x)


def test_a_lost_gradient_is_an_error() -> None:
    x = Tensor(SCORES, requires_grad=True)
    for lost in (lambda t, p: 3.0, lambda t, p: ((p.numpy() - t.numpy()) ** 2).mean(), lambda t, p: ops.mean(p.detach())):
        with pytest.raises(
            TypeError, match=r"loss <lambda> gave a (float|float64|Tensor) without a gradient: use minidl.ops and operators"
        ):
            losses.get(lost)(TARGETS, x)
        with no_grad():
            assert losses.get(lost)(TARGETS, x).shape == ()
        assert losses.get(lost)(TARGETS, SCORES).shape == ()


# ---------------------------------------------------------------- backends


@cases
def test_on_every_backend(case: str, backend: Any) -> None:
    loss, y_true, y_pred, each = CASES[case]
    loss = copy.copy(loss)
    loss.reduction = "mean"
    x = Tensor(backend.asarray(y_pred), requires_grad=True)
    value = loss(backend.asarray(y_true), x, backend.asarray(WEIGHTS))
    np.testing.assert_allclose(backend.to_numpy(value), (each * WEIGHTS).mean(), rtol=1e-12)
    host = Tensor(y_pred, requires_grad=True)
    np.testing.assert_allclose(
        backend.to_numpy(grad(value, x)[0]), grad(loss(y_true, host, WEIGHTS), host)[0].numpy(), rtol=1e-12, atol=1e-15
    )
    assert loss(np.asarray(y_true).tolist(), x).item() == pytest.approx(each.mean(), rel=1e-12)  # lists go where y_pred is


def test_bad_labels_on_every_backend(backend: Any) -> None:
    p = backend.asarray(np.full((3, 3), 1 / 3))
    for loss, bad, message in [
        (losses.SparseCategoricalCrossentropy(), [0, 3, 1], "y_true holds 3, y_pred has 3 classes"),
        (losses.SparseCategoricalCrossentropy(), [0, 0.5, 1], "y_true holds 0.5"),
        (losses.CategoricalCrossentropy(), 2 * np.eye(3), "y_true holds 2.0"),
        (losses.BinaryCrossentropy(), -np.eye(3), "y_true holds -1.0"),
        (losses.MeanSquaredError(), np.full((3, 3), np.nan), "y_true holds nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            loss(backend.asarray(bad), p)


def test_what_a_loss_reads_from_the_device() -> None:
    import strictgpu

    device = strictgpu.module
    for loss, y in [
        (losses.SparseCategoricalCrossentropy(), CLASSES),
        (losses.CategoricalCrossentropy(), ONE_HOT),
        (losses.BinaryCrossentropy(), ANSWERS),
    ]:
        y_true, y_pred = device.asarray(y), device.asarray(PROBABILITIES)
        before = device.transfers
        loss(y_true, y_pred)
        assert device.transfers == before + 1  # are the labels right?
        with switch(labels.checking, False):
            loss(y_true, y_pred)
        assert device.transfers == before + 1
    with pytest.raises(TypeError, match=r"arrays of numpy and strictgpu meet"):
        losses.MeanSquaredError()(TARGETS, device.asarray(SCORES))


# ---------------------------------------------------------------- Keras


@pytest.fixture(scope="module")
def keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    return pytest.importorskip("keras", reason="Keras is not installed: it is the judge here")


def close(found: Any, expected: Any) -> None:
    expected = np.array(expected.tolist())
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.abs(found.numpy() - expected).max() <= 2e-6 * max(np.abs(expected).max(), 1e-3)


@pytest.mark.oracle
@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (32, 10), (5, 4, 3)])
@pytest.mark.parametrize("reduction", [r for r in losses.REDUCTIONS if r != "auto"])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_keras(keras: Any, shape: Any, reduction: Any, weighted: bool) -> None:
    random = np.random.default_rng(len(shape) * 100 + shape[0])
    scores = random.normal(0, 3, shape).astype(np.float32)
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    p.reshape(-1, shape[-1])[0] = np.eye(shape[-1])[0]  # a certain one
    classes = random.integers(0, shape[-1], shape[:-1])
    one_hot, answers = np.eye(shape[-1], dtype=np.float32)[classes], random.integers(0, 2, shape)
    weight_shape = shape[:1] if len(shape) == 2 else shape[:-1]
    weights = random.random(weight_shape).astype(np.float32) if weighted else None
    for name, y_true in (("MeanSquaredError", scores[::-1].copy()), ("MeanAbsoluteError", scores[::-1].copy())):
        ours, theirs = (getattr(module, name)(reduction=reduction) for module in (losses, keras.losses))
        close(ours(y_true, scores, weights), theirs(y_true, scores, weights))
    for from_logits, y_pred in ((False, p), (True, scores)):
        ours, theirs = (m.SparseCategoricalCrossentropy(from_logits, reduction=reduction) for m in (losses, keras.losses))
        close(ours(classes, y_pred, weights), theirs(classes, y_pred, weights))
        for smoothing in (0.0, 0.1, 1.0):
            for name, y_true in (("BinaryCrossentropy", answers), ("CategoricalCrossentropy", one_hot)):
                ours, theirs = (getattr(m, name)(from_logits, smoothing, -1, reduction) for m in (losses, keras.losses))
                close(ours(y_true, y_pred, weights), theirs(y_true, y_pred, weights))


@pytest.mark.oracle
def test_names_and_defaults_as_keras(keras: Any) -> None:
    import inspect

    for name in (
        "MeanSquaredError",
        "MeanAbsoluteError",
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "SparseCategoricalCrossentropy",
        "Loss",
    ):
        ours, theirs = (inspect.signature(getattr(m, name).__init__).parameters for m in (losses, keras.losses))
        left_out = {"dtype", "ignore_class"}
        assert {n: p.default for n, p in ours.items()} == {n: p.default for n, p in theirs.items() if n not in left_out}
        if name != "SparseCategoricalCrossentropy":
            assert list(ours) == [n for n in theirs if n not in left_out]
