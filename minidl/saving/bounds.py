"""How much a file may make the reader build and compute. A few lines can describe layers with more weights than there is memory for, inputs
of any size, and models in models in models whose cost doubles at each level; all that is counted before it happens."""
import inspect
import math
from typing import Any

from minidl.layers import Layer
from minidl.symbolic import flat

MOST_LAYERS, MOST_CALLS = 4096, 20_000
MOST_AT_ONCE = 2**26  # numbers in one place, for one example: 256 MB
MOST_NUMBERS, MOST_PRODUCTS = 2**29, 2**36  # of all layers together: some times what the largest nets need for a picture


class Bounds:
    """What is left to spend. ``weights``: how many numbers the file can hold."""

    def __init__(self, weights: int):
        self.weights, self.layers, self.calls, self.numbers, self.products = weights, MOST_LAYERS, MOST_CALLS, MOST_NUMBERS, MOST_PRODUCTS
        self._inside: dict[Any, tuple[int, int, int, int]] = {}  # what a model in a model costs
        self._watched: list[Layer] = []

    def count_layer(self) -> None:
        """One more layer; ValueError if there are too many."""
        self.layers -= 1
        if self.layers < 0:
            raise ValueError(f"there are more than {MOST_LAYERS} layers")

    def watch(self, layer: Layer) -> None:
        """The layer makes no weights beyond those in the file, and draws none: they come from there."""
        make = type(layer).add_weight

        def add_weight(*args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(make).bind(layer, *args, **kwargs)
            self.weights -= math.prod(given.arguments["shape"])
            if self.weights < 0:
                raise ValueError("it would have more weights than there are in the file")
            given.arguments["initializer"] = "zeros"
            return make(*given.args, **given.kwargs)

        vars(layer)["add_weight"] = add_weight
        self._watched.append(layer)

    def release(self) -> None:
        """The layers are as all others again."""
        for layer in self._watched:
            vars(layer).pop("add_weight", None)

    def spend(self, layer: Any, inputs: Any) -> None:
        """Before a layer is called on symbols, which runs it once; ValueError if that costs too much."""
        calls, largest, numbers, products = self._inside.get(layer) or _cost(layer, [symbol.shape for symbol in flat(inputs)])
        self.calls, self.numbers, self.products = self.calls - calls, self.numbers - numbers, self.products - products
        if largest > MOST_AT_ONCE or min(self.calls, self.numbers, self.products) < 0:
            raise ValueError("what flows here, or all layers together, would be far larger than a model for pictures")

    def left(self) -> tuple[int, int, int]:
        """What is left now; to be given to `inside`."""
        return self.calls, self.numbers, self.products

    def inside(self, model: Any, before: tuple[int, int, int]) -> None:
        """What connecting a model has cost since ``before`` it costs again wherever the model is called."""
        calls, numbers, products = (then - now for then, now in zip(before, self.left()))
        self._inside[model] = calls + 1, 0, numbers, products


def _cost(layer: Any, shapes: list[tuple[int | None, ...]]) -> tuple[int, int, int, int]:
    """Calls, most numbers at once, numbers, products: at most so many, for one example."""
    given = sum(math.prod(n or 1 for n in shape) for shape in shapes)
    name, (height, width, channels) = type(layer).__name__, _picture(shapes)
    if name == "Dense":
        made = given // max(1, shapes[0][-1] or 1) * layer.units
        return 1, max(given, made), given + made, given * layer.units
    if hasattr(layer, "kernel_size") or hasattr(layer, "pool_size"):
        window, spread = getattr(layer, "kernel_size", None) or layer.pool_size, getattr(layer, "dilation_rate", (1, 1))
        rows, columns = (n + (k - 1) * d if layer.padding == "same" else n for n, k, d in zip((height, width), window, spread))
        filters = getattr(layer, "filters", channels)
        made = height * width * filters
        return 1, max(rows * columns * channels, made), rows * columns * channels + made, made * math.prod(window) * channels
    if name == "ZeroPadding2D":
        (top, bottom), (left, right) = layer.padding
        given = max(given, (height + top + bottom) * (width + left + right) * channels)
    if name == "UpSampling2D":
        given *= math.prod(layer.size)
    return 1, given, given, 0


def _picture(shapes: list[tuple[int | None, ...]]) -> tuple[int, int, int]:
    """Height, width and channels of the first input, where it is a picture."""
    sizes = [n or 1 for n in shapes[0][1:]] if shapes else []
    return (sizes[0], sizes[1], sizes[2]) if len(sizes) == 3 else (1, 1, 1)
