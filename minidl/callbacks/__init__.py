"""What happens around the training: subclass `Callback` and write the methods that you need, or take one of these."""
from minidl.callbacks.base import Callback, CallbackList, History, LambdaCallback
from minidl.callbacks.checkpoints import ModelCheckpoint
from minidl.callbacks.monitors import EarlyStopping, Monitor, ReduceLROnPlateau, TerminateOnNaN
from minidl.callbacks.progress import ProgressBar
from minidl.callbacks.rates import LearningRateScheduler
from minidl.callbacks.tables import CSVLogger
from minidl.callbacks.time_budget import TimeBudget, within

__all__ = [
    "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler", "ModelCheckpoint",
    "Monitor", "ProgressBar", "ReduceLROnPlateau", "TerminateOnNaN", "TimeBudget", "within",
]  # fmt: skip
