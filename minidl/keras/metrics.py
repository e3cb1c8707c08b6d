"""Keras' metrics."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.metrics",
    "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "CategoricalAccuracy", "CategoricalCrossentropy", "Mean",
    "MeanAbsoluteError", "MeanMetricWrapper", "MeanSquaredError", "Metric", "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy", "get",
) | homes(
    "minidl.losses",
    "binary_crossentropy", "categorical_crossentropy", "mean_absolute_error", "mean_squared_error",
    "sparse_categorical_crossentropy",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "AUC", "Precision", "Recall", "F1Score", "FBetaScore", "TruePositives", "TrueNegatives", "FalsePositives",
        "FalseNegatives", "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
        "IoU", "MeanIoU", "BinaryIoU", "OneHotIoU", "OneHotMeanIoU",
    ), "minidl.metrics.confusion_matrix counts what it is made of"),
    **dict.fromkeys((
        "RootMeanSquaredError", "CosineSimilarity", "Hinge", "CategoricalHinge", "SquaredHinge", "KLDivergence", "LogCoshError",
        "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson", "R2Score", "Sum", "MeanTensor",
    ), "any function (y_true, y_pred) is a metric"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
