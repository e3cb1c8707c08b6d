"""What the worker asks of a framework."""
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.nets import Net

LEARNING_RATE, EPSILON = 1e-3, 1e-7  # of Adam, for everybody


class Framework:
    """A framework with its settings. ``settings`` holds ``threads`` and what contestants.py gives; unknown ones are an error there."""

    def __init__(self, settings: dict[str, Any]):
        self.settings = settings
        self.threads: int = settings["threads"]

    def versions(self) -> dict[str, str]:
        """What runs, and on what it stands."""
        raise NotImplementedError

    def threads_in_use(self) -> int | str:
        """As the framework itself reports it."""
        raise NotImplementedError

    def build(self, net: Net, weights: list[np.ndarray]) -> None:
        """Make the net with these weights, and a new Adam."""
        raise NotImplementedError

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        """The batch that ``step`` trains on: images (n, h, w, c) and classes (n,)."""
        raise NotImplementedError

    def step(self) -> float:
        """Forward, loss, backward, Adam; the loss as a Python number (so everything has been computed)."""
        raise NotImplementedError

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The outputs for images, without training."""
        raise NotImplementedError

    def fit(self, x: np.ndarray, y: np.ndarray, batch: int) -> None:
        """One epoch with accuracy as a metric, silently; NotImplementedError where there is no such thing."""
        raise NotImplementedError

    def recorded_addition(self) -> Callable[[], Any]:
        """A function that adds two arrays of four float32 numbers, recorded for a gradient."""
        raise NotImplementedError
