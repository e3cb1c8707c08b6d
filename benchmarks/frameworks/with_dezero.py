"""DeZero, the engine of the book *Deep Learning from Scratch 3*: NumPy too. It has no global average and no loss for one probability."""
import platform
from collections.abc import Callable
from typing import Any

import numpy as np
import threadpoolctl

setattr(np, "int", int)  # noqa: B010  (DeZero was written for a NumPy that had this name)
import dezero.functions as F
import dezero.layers as L
from dezero import Model, Variable, no_grad, optimizers

from benchmarks.frameworks.base import EPSILON, LEARNING_RATE, Framework
from benchmarks.nets import Conv, Dense, Dropout, Flatten, Net, Pool, channels_first, shapes


class DeZero(Framework):
    def versions(self) -> dict[str, str]:
        return {"dezero": "0.0.13", "numpy": np.__version__, "python": platform.python_version()}

    def threads_in_use(self) -> int | str:
        return max((pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"), default="unknown")

    def build(self, net: Net, weights: list[np.ndarray]) -> None:
        self.model = DeZeroNet(net, weights)
        self.optimizer = optimizers.Adam(alpha=LEARNING_RATE, eps=EPSILON).setup(self.model)

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = np.ascontiguousarray(x.transpose(0, 3, 1, 2)), y

    def step(self) -> float:
        loss = F.softmax_cross_entropy(self.model(self.x), self.y)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return float(loss.data)

    def forward(self, x: np.ndarray) -> np.ndarray:
        with no_grad():
            return F.softmax(self.model(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))).data

    def recorded_addition(self) -> Callable[[], Any]:
        a, b = (Variable(np.ones(4, "float32")) for _ in range(2))
        return lambda: a + b


class DeZeroNet(Model):
    """The net with channels first, as DeZero has them."""

    def __init__(self, net: Net, weights: list[np.ndarray]):
        super().__init__()
        self.net, self.parts = net, []
        rest = iter(weights)
        flattened: tuple[int, ...] = ()
        for i, (layer, before, _) in enumerate(shapes(net)):
            part = None
            match layer:
                case Conv(filters, size, padding):
                    part = L.Conv2d(filters, size, pad=size // 2 if padding == "same" else 0, in_channels=before[-1])
                    part.W.data, part.b.data = np.ascontiguousarray(next(rest).transpose(3, 2, 0, 1)), next(rest)
                case Flatten():
                    flattened = before
                case Dense(units):
                    part = L.Linear(units, in_size=before[0])
                    part.W.data, part.b.data = channels_first(next(rest), flattened), next(rest)
                    flattened = ()
            self.parts.append(part)
            if part is not None:
                setattr(self, f"part{i}", part)  # this registers it

    def forward(self, x: Any) -> Any:
        for layer, part in zip(self.net.layers, self.parts):
            match layer:
                case Conv():
                    x = F.relu(part(x))
                case Pool():
                    x = F.pooling(x, 2, 2)
                case Flatten():
                    x = F.flatten(x)
                case Dropout(rate):
                    x = F.dropout(x, rate)
                case Dense(_, activation):
                    x = F.relu(part(x)) if activation == "relu" else part(x)
                case _:
                    raise NotImplementedError(f"DeZero has no {type(layer).__name__}")
        return x
