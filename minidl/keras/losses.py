"""Keras' losses."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.losses",
    "Loss", "BinaryCrossentropy", "CategoricalCrossentropy", "MeanAbsoluteError", "MeanSquaredError",
    "SparseCategoricalCrossentropy", "get", "binary_crossentropy", "categorical_crossentropy", "mean_absolute_error",
    "mean_squared_error", "sparse_categorical_crossentropy", MSE="mean_squared_error", mse="mean_squared_error",
    MAE="mean_absolute_error", mae="mean_absolute_error",
) | homes(
    "minidl.keras.adapters",
    "Reduction",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys((
        "CategoricalFocalCrossentropy", "BinaryFocalCrossentropy", "CTC", "CosineSimilarity", "Dice", "Hinge",
        "CategoricalHinge", "SquaredHinge", "Huber", "KLDivergence", "LogCosh", "MeanAbsolutePercentageError",
        "MeanSquaredLogarithmicError", "Poisson", "Tversky", "cosine_similarity", "hinge", "huber", "kl_divergence", "log_cosh",
        "poisson",
    ), "any function (y_true, y_pred) of minidl.ops is a loss"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
