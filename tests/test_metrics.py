"""Metrics: values over several batches, weights, what "accuracy" means, what they refuse, and Keras as the judge."""

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import labels, losses, metrics, ops
from minidl.switches import switch
from minidl.tensor import Tensor

rng = np.random.default_rng(0)
N, K = 23, 7
CLASSES = rng.integers(0, K, N)
ONE_HOT = np.eye(K)[CLASSES]
P = rng.random((N, K))
P /= P.sum(1, keepdims=True)
ANSWERS = rng.integers(0, 2, (N, 3))
YES = rng.random((N, 3))
WEIGHTS = rng.random(N)

WINNERS = np.array([max(range(K), key=lambda j: row[j]) for row in P])
RANKS = np.array([sorted(row, reverse=True).index(row[c]) for row, c in zip(P, CLASSES)])
CASES: dict[str, tuple[Any, Any, Any, Any]] = {  # how it is made, y_true, y_pred, the value of each example
    "accuracy": (metrics.Accuracy, ANSWERS, 1 * (YES > 0.5), ((YES > 0.5) == ANSWERS).mean(1)),
    "binary": (metrics.BinaryAccuracy, ANSWERS, YES, ((YES > 0.5) == ANSWERS).mean(1)),
    "binary-0.2": (lambda: metrics.BinaryAccuracy(threshold=0.2), ANSWERS, YES, ((YES > 0.2) == ANSWERS).mean(1)),
    "categorical": (metrics.CategoricalAccuracy, ONE_HOT, P, WINNERS == CLASSES),
    "sparse": (metrics.SparseCategoricalAccuracy, CLASSES, P, WINNERS == CLASSES),
    "top 5": (metrics.TopKCategoricalAccuracy, ONE_HOT, P, RANKS < 5),
    "top 2": (lambda: metrics.TopKCategoricalAccuracy(2), ONE_HOT, P, RANKS < 2),
    "sparse top 5": (metrics.SparseTopKCategoricalAccuracy, CLASSES, P, RANKS < 5),
    "sparse top 3": (lambda: metrics.SparseTopKCategoricalAccuracy(k=3), CLASSES[:, None], P, RANKS < 3),
    "mse": (metrics.MeanSquaredError, ANSWERS, YES, ((ANSWERS - YES) ** 2).mean(1)),
    "mae": (metrics.MeanAbsoluteError, ANSWERS, YES, abs(ANSWERS - YES).mean(1)),
    "bce": (metrics.BinaryCrossentropy, ANSWERS, YES, -np.log(np.where(ANSWERS, YES, 1 - YES)).mean(1)),
    "crossentropy": (metrics.CategoricalCrossentropy, ONE_HOT, P, -np.log(P[np.arange(N), CLASSES])),
    "sparse crossentropy": (metrics.SparseCategoricalCrossentropy, CLASSES, P, -np.log(P[np.arange(N), CLASSES])),
    "function": (lambda: metrics.get(lambda t, p: ops.max(ops.abs(p - t), axis=-1)), ANSWERS, YES, abs(ANSWERS - YES).max(1)),
}
cases = pytest.mark.parametrize("case", CASES)


@cases
def test_values_over_batches_of_different_sizes(case: str) -> None:
    make, y_true, y_pred, each = CASES[case]
    metric = make()
    assert metric.result() == 0.0
    for _ in range(2):
        for part in (slice(0, 10), slice(10, 17), slice(17, N)):
            metric.update_state(y_true[part], y_pred[part])
        assert isinstance(metric.result(), float)
        assert metric.result() == pytest.approx(each.mean(), rel=1e-12)
        metric.reset_state()
        for part in (slice(0, 20), slice(20, N)):
            running = metric(y_true[part], y_pred[part], sample_weight=WEIGHTS[part])
        assert running == metric.result() == pytest.approx((each * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-12)
        metric.reset_state()
    metric.update_state(y_true, y_pred)
    metric.update_state(y_true[:4], y_pred[:4], WEIGHTS[:4])
    assert metric.result() == pytest.approx((each.sum() + (each * WEIGHTS)[:4].sum()) / (N + WEIGHTS[:4].sum()), rel=1e-12)


def test_options_of_the_losses() -> None:
    scores = np.log(P)
    for options in ({"from_logits": True}, {"label_smoothing": 0.2}, {"from_logits": True, "label_smoothing": 0.2}):
        for ours, loss in (
            (metrics.CategoricalCrossentropy, losses.CategoricalCrossentropy),
            (metrics.BinaryCrossentropy, losses.BinaryCrossentropy),
        ):
            y_pred = scores if "from_logits" in options else P
            assert ours(**options)(ONE_HOT, y_pred) == pytest.approx(loss(**options)(ONE_HOT, y_pred).item(), rel=1e-12)
    sparse = metrics.SparseCategoricalCrossentropy(from_logits=True, axis=1)
    assert sparse(CLASSES, scores) == pytest.approx(-np.log(P[np.arange(N), CLASSES]).mean(), rel=1e-12)
    moved = metrics.CategoricalCrossentropy(axis=1)(np.zeros((2, 3, 4)) + np.eye(3)[:, :1], np.full((2, 3, 4), 1 / 3))
    assert moved == pytest.approx(np.log(3), rel=1e-12)


def test_ties_go_to_the_first() -> None:
    tied = np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.3, 0.3, 0.3]])
    assert metrics.SparseCategoricalAccuracy()([0, 1, 0], tied) == 1.0
    assert metrics.SparseCategoricalAccuracy()([1, 2, 2], tied) == 0.0
    assert metrics.CategoricalAccuracy()(np.eye(3)[[0, 1, 0]], tied) == 1.0
    assert metrics.SparseTopKCategoricalAccuracy(1)([1, 2, 2], tied) == 1.0  # as Keras: as large as the k-th largest is enough
    assert metrics.SparseTopKCategoricalAccuracy(1)([2, 0, 1], tied) == pytest.approx(1 / 3)
    assert metrics.SparseTopKCategoricalAccuracy(2)([0], [[np.nan, 0.5, 0.5]]) == 0.0
    assert metrics.SparseTopKCategoricalAccuracy(9)([0, 1, 2], tied) == 1.0


def test_mean() -> None:
    mean = metrics.Mean()
    assert mean.name == "mean"
    assert mean([1, 3, 5, 7]) == 4.0
    mean.reset_state()
    assert mean([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]) == 2.0
    assert mean(8.0) == 4.0
    assert mean(values=np.float32(4.0)) == 4.0
    with pytest.raises(ValueError, match=r"at least one value, got shape \(0,\)"):
        mean([])


def test_the_running_sums_have_the_dtype() -> None:
    many = np.ones(4096, np.float32)
    for dtype, expected in ((None, 1.0), ("float32", 1.0), ("float16", 0.5)):
        mean = metrics.Mean(dtype=dtype)
        for one in np.split(many, 4096):
            mean.update_state(one)
        assert mean.result() == expected
    with pytest.raises(ValueError, match=r"dtype must be a float type, got 'int32'"):
        metrics.CategoricalAccuracy(dtype="int32")


# ---------------------------------------------------------------- names


def test_names() -> None:
    for name in ("accuracy", "acc", "Accuracy", "mse", "MAE", "categorical_accuracy", "TopKCategoricalAccuracy", "bce"):
        assert metrics.get(name).name == name
    for kind, name in (
        (metrics.Accuracy, "accuracy"),
        (metrics.TopKCategoricalAccuracy, "top_k_categorical_accuracy"),
        (metrics.SparseTopKCategoricalAccuracy, "sparse_top_k_categorical_accuracy"),
        (metrics.SparseCategoricalCrossentropy, "sparse_categorical_crossentropy"),
        (metrics.MeanSquaredError, "mean_squared_error"),
    ):
        assert kind().name == metrics.get(kind).name == name
        assert kind(name="mine").name == "mine"

    def worst(y_true: Any, y_pred: Any) -> Any:
        return np.abs(y_pred.numpy() - y_true.numpy()).max()

    assert metrics.get(worst).name == "worst"
    assert metrics.get(worst)([1.0, 2.0], [2.0, 5.0]) == 3.0
    assert metrics.get(losses.MeanSquaredError(None)).name == "mean_squared_error"
    made = metrics.BinaryAccuracy("b", threshold=0.2)
    assert metrics.get(made) is made
    assert metrics.BinaryAccuracy.from_config(made.get_config()).threshold == 0.2


def test_get_explains() -> None:
    with pytest.raises(ValueError, match=r"no metric is called 'acuracy': did you mean .*'accuracy'"):
        metrics.get("acuracy")
    for bad in (None, 3, dict, losses.MeanSquaredError):
        with pytest.raises(TypeError, match=r"metric: expected a name, an object or a function"):
            metrics.get(bad)
    for bad in (0, -1, 2.0, True):
        with pytest.raises(ValueError, match=r"k must be a whole number, at least 1"):
            metrics.TopKCategoricalAccuracy(bad)
    with pytest.raises(TypeError, match=r"BinaryAccuracy has no argument 'treshold': .*threshold"):
        metrics.BinaryAccuracy(treshold=0.1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("y_true", "y_pred", "kind"),
    [
        ((5,), (5,), metrics.BinaryAccuracy), ((5, 1), (5,), metrics.BinaryAccuracy), ((5,), (5, 1), metrics.BinaryAccuracy),
        ((5, 1), (5, 1), metrics.BinaryAccuracy), ((5,), (5, 3), metrics.SparseCategoricalAccuracy),
        ((5, 1), (5, 3), metrics.SparseCategoricalAccuracy), ((5, 3), (5, 3), metrics.CategoricalAccuracy),
        ((5, 4), (5, 4, 3), metrics.SparseCategoricalAccuracy), ((5, 4, 3), (5, 4, 3), metrics.CategoricalAccuracy),
    ],
)  # fmt: skip
def test_what_accuracy_means(y_true: Any, y_pred: Any, kind: Any) -> None:
    assert metrics.resolve_accuracy(y_true, y_pred) is kind
    random = np.random.default_rng(1)
    p = random.random(y_pred)
    y = np.eye(3)[random.integers(0, 3, y_true[:-1])] if kind is metrics.CategoricalAccuracy else random.integers(0, 2, y_true)
    for name in ("acc", "accuracy"):
        metric = metrics.get(name)
        assert metric(y, p) == kind()(y, p)
        assert metric.name == name


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "message"),
    [
        ("accuracy", [0, 3, 1], np.eye(3), r"y_true holds 3, y_pred has 3 classes"),
        ("accuracy", np.ones((3, 2)), np.eye(3), r"y_true has shape \(3, 2\), y_pred \(3, 3\)"),
        ("categorical_accuracy", [0, 2, 1], np.eye(3), r"use SparseCategoricalCrossentropy or SparseCategoricalAccuracy"),
        ("sparse_categorical_accuracy", np.eye(3), np.eye(3), r"use CategoricalCrossentropy or CategoricalAccuracy"),
        ("sparse_top_k_categorical_accuracy", [0.5, 1, 2], np.eye(3), r"y_true holds 0.5"),
        ("top_k_categorical_accuracy", [0, 2, 1], np.eye(3), r"must be one-hot"),
        ("binary_accuracy", [0, 2, 1], [0.1, 0.2, 0.3], r"y_true holds 2: it must lie between 0 and 1"),
        ("binary_accuracy", [0, 1, 1], np.eye(3), r"same shape"),
        ("categorical_accuracy", [[1], [0]], [[0.3], [0.4]], r"a single output \(0 or 1\) is for BinaryCrossentropy and BinaryAccuracy"),
        ("mse", [0, 1, 1], np.zeros((3, 1, 3)), r"same shape"),
        ("mae", np.zeros((0, 3)), np.zeros((0, 3)), r"at least one"),
    ],
)
def test_refused(name: str, y_true: Any, y_pred: Any, message: str) -> None:
    metric = metrics.get(name)
    with pytest.raises(ValueError, match=message):
        metric.update_state(y_true, y_pred)
    assert metric.result() == 0.0


def test_a_metric_of_ones_own() -> None:
    class Worst(metrics.Metric):
        def __init__(self) -> None:
            super().__init__()
            self.reset_state()

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.worst = max(self.worst, float(np.abs(np.asarray(y_true) - np.asarray(y_pred)).max()))

        def result(self) -> float:
            return self.worst

        def reset_state(self) -> None:
            self.worst = 0.0

    worst = Worst()
    assert worst.name == "worst"
    assert worst([1.0, 2.0], [0.0, 5.0]) == 3.0
    assert worst([1.0], y_pred=[0.0]) == 3.0
    for call in (lambda m: m.update_state([1], [1]), lambda m: m.result(), lambda m: m.reset_state()):
        with pytest.raises(NotImplementedError, match=r"Metric must write"):
            call(metrics.Metric())
    with pytest.raises(NotImplementedError, match=r"MeanMetric must write call"):
        metrics.MeanMetric().update_state([1], [1])


def test_functions_that_give_one_number_or_too_few() -> None:
    whole = metrics.get(lambda t, p: ops.mean(ops.abs(p - t)))
    whole.update_state([1.0, 2.0], [2.0, 3.0])
    whole.update_state([1.0], [4.0])
    assert whole.result() == 2.0
    with pytest.raises(ValueError, match=r"sample_weight needs one number per example, metric <lambda> gave a single one"):
        whole.update_state([1.0, 2.0], [2.0, 3.0], [1, 2])
    with pytest.raises(ValueError, match=r"must give a number for each of 2 examples; it gave shape \(3,\)"):
        metrics.get(lambda t, p: np.zeros(3))([1.0, 2.0], [2.0, 3.0])
    with pytest.raises(ValueError, match=r"sample_weight must have a number for each"):
        metrics.CategoricalAccuracy()(ONE_HOT, P, sample_weight=np.ones(4))


def test_nothing_is_recorded() -> None:
    seen = []

    def keep(y_true: Any, y_pred: Any) -> Any:
        seen.append(ops.mean(ops.square(y_pred - y_true), axis=-1))
        return seen[-1]

    metrics.get(keep).update_state(YES, Tensor(YES, requires_grad=True))
    assert seen[0].node is None


# ---------------------------------------------------------------- backends


@cases
def test_on_every_backend(case: str, backend: Any) -> None:
    make, y_true, y_pred, each = CASES[case]
    metric = make()
    metric.update_state(backend.asarray(y_true), Tensor(backend.asarray(y_pred)))
    metric.update_state(backend.asarray(y_true[:5]), backend.asarray(y_pred[:5]), backend.asarray(WEIGHTS[:5]))
    assert metric.result() == pytest.approx((each.sum() + (each * WEIGHTS)[:5].sum()) / (N + WEIGHTS[:5].sum()), rel=1e-12)


@cases
def test_nothing_is_read_from_the_device_before_the_result(case: str) -> None:
    import strictgpu

    make, y_true, y_pred, _ = CASES[case]
    metric, arrays = make(), [strictgpu.module.asarray(a) for a in (y_true, y_pred, WEIGHTS)]
    before = strictgpu.module.transfers
    with switch(labels.checking, False):
        metric.update_state(*arrays)
    assert strictgpu.module.transfers == before
    metric.result()
    assert strictgpu.module.transfers == before + 1


# ---------------------------------------------------------------- confusion matrix


def test_confusion_matrix() -> None:
    expected = np.zeros((K, K), int)
    for i, j in zip(CLASSES, WINNERS):
        expected[i, j] += 1
    for y_true in (CLASSES, CLASSES[:, None], ONE_HOT, CLASSES.astype(np.uint8), CLASSES.astype(float), Tensor(CLASSES), list(CLASSES)):
        for y_pred in (WINNERS, WINNERS[:, None], P, Tensor(P)):
            found = metrics.confusion_matrix(y_true, y_pred)
            assert found.dtype.kind == "i"
            np.testing.assert_array_equal(found, expected)
    assert metrics.confusion_matrix([0, 1], [1, 1]).tolist() == [[0, 1], [0, 1]]
    assert metrics.confusion_matrix([0, 1], [1, 1], num_classes=3).tolist() == [[0, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert metrics.confusion_matrix([0, 1, 1], [[0.2], [0.7], [0.5]]).tolist() == [[1, 0], [1, 1]]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_confusion_matrix_counts_everything(pairs: list[tuple[int, int]]) -> None:
    true, predicted = (np.array(column) for column in zip(*pairs))
    matrix = metrics.confusion_matrix(true, predicted, num_classes=5)
    assert matrix.sum(1).tolist() == [int((true == c).sum()) for c in range(5)]
    assert matrix.sum(0).tolist() == [int((predicted == c).sum()) for c in range(5)]
    assert matrix.trace() / len(pairs) == pytest.approx(metrics.Accuracy()(true, predicted), rel=1e-12)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([0, 1], [0, 1, 1], r"y_true has 2, y_pred 3"),
        ([], [], r"at least one"),
        ([0, -1], [0, 1], r"y_true holds class -1, there are 2 classes"),
        ([0, 1], [0, 2], r"y_pred holds class 2, there are 2 classes: they are whole numbers from 0 to 1"),
        ([0, 0.5], [0, 1], r"y_true holds 0.5: class numbers must be whole"),
        ([0, 1], [0, np.inf], r"y_pred holds inf"),
        ([0, 1], [0, 1.5], r"y_pred holds 1.5"),
        (np.zeros((2, 2, 2)), [0, 1], r"y_true must have shape \(n,\), \(n, 1\) or \(n, K\), got \(2, 2, 2\)"),
    ],
)
def test_confusion_matrix_refuses(y_true: Any, y_pred: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.confusion_matrix(y_true, y_pred, num_classes=2)


# ---------------------------------------------------------------- Keras


@pytest.fixture(scope="module")
def keras() -> Any:
    os.environ["KERAS_BACKEND"] = "torch"
    return pytest.importorskip("keras", reason="Keras is not installed: it is the judge here")


KERAS = {  # name: (options, labels, predictions)
    "Accuracy": ({}, "answers", "answers"),
    "BinaryAccuracy": ({"threshold": 0.3}, "answers", "probabilities"),
    "CategoricalAccuracy": ({}, "one_hot", "probabilities"),
    "SparseCategoricalAccuracy": ({}, "classes", "probabilities"),
    "TopKCategoricalAccuracy": ({"k": 2}, "one_hot", "probabilities"),
    "SparseTopKCategoricalAccuracy": ({"k": 2}, "classes", "probabilities"),
    "MeanSquaredError": ({}, "answers", "scores"),
    "MeanAbsoluteError": ({}, "answers", "scores"),
    "BinaryCrossentropy": ({"label_smoothing": 0.1, "from_logits": True}, "answers", "scores"),
    "CategoricalCrossentropy": ({"label_smoothing": 0.1}, "one_hot", "probabilities"),
    "SparseCategoricalCrossentropy": ({"from_logits": True}, "classes", "scores"),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", KERAS)
@pytest.mark.parametrize("shape", [(8, 3), (31, 10), (6, 4, 5)])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_keras(keras: Any, name: str, shape: Any, weighted: bool) -> None:
    options, y_true, y_pred = KERAS[name]
    ours, theirs = (getattr(m, name)(**options) for m in (metrics, keras.metrics))
    assert getattr(metrics, name)().name == getattr(keras.metrics, name)().name
    for seed in range(3):
        random = np.random.default_rng(seed)
        scores = random.normal(0, 2, shape).astype(np.float32)
        classes = random.integers(0, shape[-1], shape[:-1])
        data = {
            "scores": scores,
            "probabilities": np.exp(scores) / np.exp(scores).sum(-1, keepdims=True),
            "classes": classes,
            "one_hot": np.eye(shape[-1], dtype=np.float32)[classes],
            "answers": random.integers(0, 2, shape).astype(np.float32),
        }
        weights = random.random(shape[: max(1, len(shape) - 1)]).astype(np.float32) if weighted else None
        batch = data[y_true], data[y_pred][::-1].copy() if name == "Accuracy" else data[y_pred]
        ours.update_state(*batch, sample_weight=weights)
        theirs.update_state(*batch, sample_weight=weights)
    expected = float(theirs.result())
    assert abs(ours.result() - expected) <= 2e-6 * abs(expected)
