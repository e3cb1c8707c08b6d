"""Keras' callbacks."""
from typing import Any

from minidl.keras.naming import found, homes

NAMES = homes(
    "minidl.callbacks",
    "Callback", "CallbackList", "CSVLogger", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
    "ModelCheckpoint", "ReduceLROnPlateau", "TerminateOnNaN", ProgbarLogger="ProgressBar",
)  # fmt: skip
LEFT_OUT: dict[str, str] = {
    "TensorBoard": "CSVLogger writes the numbers to a file, and minidl.plots.learning_curves(history) draws them",
    "BackupAndRestore": "ModelCheckpoint writes the model, minidl.models.load_model reads it, fit(initial_epoch=…) goes on",
    **dict.fromkeys((
        "RemoteMonitor", "SwapEMAWeights",
    ), "subclass minidl.callbacks.Callback"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    return found(__name__, name, NAMES, LEFT_OUT)


def __dir__() -> list[str]:
    return sorted(NAMES)
