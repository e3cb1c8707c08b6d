"""PyTorch, eager, on the CPU. Setting ``layout``: "channels_first" (its default) or "channels_last", for weights and images;
``adam``: "fused" is the quickest one that PyTorch has on a CPU. The batch is a Tensor in the right layout before the clock runs."""
import platform
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.frameworks.base import EPSILON, LEARNING_RATE, Framework
from benchmarks.nets import Conv, Dense, Dropout, Flatten, GlobalAverage, Net, Pool, channels_first, shapes

LAYOUTS = {"channels_first": torch.contiguous_format, "channels_last": torch.channels_last}


class Torch(Framework):
    def __init__(self, settings: dict[str, Any]):
        super().__init__(settings)
        torch.set_num_threads(self.threads)
        self.memory_format = LAYOUTS[settings["layout"]]

    def versions(self) -> dict[str, str]:
        return {"torch": torch.__version__, "python": platform.python_version()}

    def threads_in_use(self) -> int | str:
        return torch.get_num_threads()

    def build(self, net: Net, weights: list[np.ndarray]) -> None:
        self.model = model_of(net, weights).to(memory_format=self.memory_format)
        self.loss = nn.BCEWithLogitsLoss() if net.sigmoid else nn.CrossEntropyLoss()
        self.sigmoid = net.sigmoid
        self.optimizer = torch.optim.Adam(self.model.parameters(), LEARNING_RATE, eps=EPSILON, fused=self.settings["adam"] == "fused")

    def _images(self, x: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=self.memory_format)

    def load(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x = self._images(x)
        self.y = torch.from_numpy(y[:, None].astype("float32") if self.sigmoid else y)

    def step(self) -> float:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def forward(self, x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            y = self.model.eval()(self._images(x))
        self.model.train()
        return (torch.sigmoid(y) if self.sigmoid else torch.softmax(y, 1)).numpy()

    def recorded_addition(self) -> Callable[[], Any]:
        a, b = (torch.ones(4, requires_grad=True) for _ in range(2))
        return lambda: a + b


def model_of(net: Net, weights: list[np.ndarray]) -> nn.Sequential:
    """The net in PyTorch, which puts channels first: kernels are turned, and the rows of the matrix after Flatten too."""
    parts: list[nn.Module] = []
    rest = iter(weights)
    flattened: tuple[int, ...] = ()
    for layer, before, _ in shapes(net):
        match layer:
            case Conv(filters, size, padding):
                part = nn.Conv2d(before[-1], filters, size, padding=size // 2 if padding == "same" else 0)
                _fill(part, next(rest).transpose(3, 2, 0, 1), next(rest))
                parts += [part, nn.ReLU()]
            case Pool():
                parts.append(nn.MaxPool2d(2))
            case Flatten():
                parts.append(nn.Flatten())
                flattened = before
            case GlobalAverage():
                parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            case Dropout(rate):
                parts.append(nn.Dropout(rate))
            case Dense(units, activation):
                linear = nn.Linear(before[0], units)
                _fill(linear, channels_first(next(rest), flattened).T, next(rest))
                flattened = ()
                parts += [linear, nn.ReLU()] if activation == "relu" else [linear]
    return nn.Sequential(*parts)


def _fill(part: Any, weight: np.ndarray, bias: np.ndarray) -> None:
    with torch.no_grad():
        part.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        part.bias.copy_(torch.from_numpy(bias))
