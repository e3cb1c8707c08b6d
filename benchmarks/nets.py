"""The nets that are trained, as plain data that each framework builds in its own way. NumPy only: every worker imports this."""
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Conv:
    """A convolution with stride 1, bias and ReLU; ``padding`` is "valid" or "same"."""

    filters: int
    size: int = 3
    padding: str = "same"


@dataclass(frozen=True)
class Pool:
    """The maximum of each 2×2 window."""


@dataclass(frozen=True)
class Flatten:
    """One row of numbers for each image, in the order height, width, channel."""


@dataclass(frozen=True)
class GlobalAverage:
    """The mean of each channel."""


@dataclass(frozen=True)
class Dropout:
    """In training, each number is 0 with probability ``rate``, else divided by 1 − rate."""

    rate: float


@dataclass(frozen=True)
class Dense:
    """A matrix product with bias; ``activation`` is "relu", or on the last layer "softmax" or "sigmoid"."""

    units: int
    activation: str = "relu"


Layer = Conv | Pool | Flatten | GlobalAverage | Dropout | Dense
KINDS = {kind.__name__: kind for kind in (Conv, Pool, Flatten, GlobalAverage, Dropout, Dense)}
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Net:
    """Layers for images of shape ``image`` (height, width, channels). The loss is the cross-entropy that the last activation asks for."""

    name: str
    image: tuple[int, int, int]
    layers: tuple[Layer, ...]

    @property
    def sigmoid(self) -> bool:
        """Whether the net ends with one probability instead of one for each class."""
        return self.layers[-1] == Dense(1, "sigmoid")

    @property
    def classes(self) -> int:
        return 2 if self.sigmoid else self.layers[-1].units  # type: ignore[union-attr]

    def without_dropout(self) -> "Net":
        """The same net with a rate of 0: what random numbers decide cannot be compared."""
        return replace(self, layers=tuple(Dropout(0.0) if isinstance(layer, Dropout) else layer for layer in self.layers))

    def as_json(self) -> dict[str, Any]:
        """The net as lists and numbers, for another process."""
        layers = [[type(layer).__name__, *vars(layer).values()] for layer in self.layers]
        return {"name": self.name, "image": list(self.image), "layers": layers}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Net":
        """The net that ``as_json`` wrote."""
        layers = tuple(KINDS[kind](*arguments) for kind, *arguments in data["layers"])
        return cls(data["name"], tuple(data["image"]), layers)


VGG = tuple(layer for filters in (32, 64, 128) for layer in (Conv(filters), Conv(filters), Pool()))
XRAY = tuple(layer for filters, size in ((8, 3), (8, 3), (12, 3), (12, 3), (20, 5), (20, 5)) for layer in (Conv(filters, size), Pool()))
INTRO = (Conv(16, 3, "valid"), Pool(), Conv(32, 3, "valid"), Pool())

NETS = {net.name: net for net in (
    Net("intro", (32, 32, 3), (*INTRO, Flatten(), Dense(64), Dense(10, "softmax"))),
    Net("dropout", (32, 32, 3), (*INTRO, Conv(64, 3, "valid"), Dropout(0.6), Flatten(), Dense(128), Dense(10, "softmax"))),
    Net("xray", (256, 256, 1),
        (*XRAY, Conv(50, 5), GlobalAverage(), Dense(128), Dropout(0.6), Dense(32), Dense(1, "sigmoid"))),
    Net("vgg", (32, 32, 3), (*VGG, Flatten(), Dense(128), Dense(10, "softmax"))),
)}  # fmt: skip


def growing(*, image: int = 32, channels: int = 16, depth: int = 2) -> Net:
    """A net of one kind whose size can be chosen: ``depth`` convolutions with ``channels`` filters, a pool, a global average."""
    layers = (*(Conv(channels) for _ in range(depth)), Pool(), GlobalAverage(), Dense(10, "softmax"))
    return Net(f"image {image}, channels {channels}, depth {depth}", (image, image, 3), layers)


def shapes(net: Net) -> Iterator[tuple[Layer, Shape, Shape]]:
    """(layer, its input's shape, its output's shape) for one image."""
    shape: Shape = net.image
    for layer in net.layers:
        before = shape
        match layer:
            case Conv(filters, size, padding):
                lost = size - 1 if padding == "valid" else 0
                shape = (shape[0] - lost, shape[1] - lost, filters)
            case Pool():
                shape = (shape[0] // 2, shape[1] // 2, shape[2])
            case Flatten():
                shape = (prod(shape),)
            case GlobalAverage():
                shape = (shape[-1],)
            case Dense(units):
                shape = (units,)
        yield layer, before, shape


def weight_shapes(net: Net) -> list[Shape]:
    """Kernel and bias of each layer that has them: (kh, kw, in, out) or (in, out), and (out,)."""
    found: list[Shape] = []
    for layer, before, after in shapes(net):
        if isinstance(layer, Conv):
            found += [(layer.size, layer.size, before[-1], layer.filters), (layer.filters,)]
        elif isinstance(layer, Dense):
            found += [(before[0], layer.units), after]
    return found


def parameters(net: Net) -> int:
    """How many numbers are trained."""
    return sum(map(prod, weight_shapes(net)))


def step_operations(net: Net, batch: int) -> int:
    """Additions and multiplications of the products of one training step: forward, and twice as many backward; the gradient of the
    images is not needed."""
    total, first = 0, True
    for layer, before, after in shapes(net):
        if isinstance(layer, Conv | Dense):
            products = prod(after) * (before[-1] * layer.size**2 if isinstance(layer, Conv) else before[0])
            total += products * (2 if first else 3)
            first = False
    return 2 * total * batch


def start_weights(net: Net, seed: int = 0) -> list[np.ndarray]:
    """Weights to start from, float32, the same for all: He's normal distribution, and biases that are not quite zero."""
    rng = np.random.default_rng(seed)
    return [
        (rng.standard_normal(shape) * (0.01 if len(shape) == 1 else np.sqrt(2 / prod(shape[:-1])))).astype("float32")
        for shape in weight_shapes(net)
    ]


def channels_first(kernel: np.ndarray, flattened: Shape) -> np.ndarray:
    """The kernel of a Dense layer after Flatten for a framework that flattens channel, height, width: the same numbers in other rows.
    An empty ``flattened``: it does not follow a Flatten."""
    if not flattened:
        return kernel
    return np.ascontiguousarray(kernel.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(kernel.shape))


def pictures(net: Net, n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """``n`` random images (n, height, width, channels) in float32 and their classes (n,) in int64."""
    rng = np.random.default_rng(seed)
    return rng.random((n, *net.image), dtype="float32"), rng.integers(0, net.classes, n)
