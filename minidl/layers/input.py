"""Where a model begins."""
from typing import Any

from minidl.layers.base import Layer
from minidl.symbolic import Call, Symbol


class InputLayer(Layer):
    """Passes on what the model is given. Made by `Input`."""

    def __init__(self, shape: Any, name: str | None = None):
        super().__init__(name)
        shape = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
        if any(isinstance(n, bool) or not hasattr(n, "__index__") or n < 1 for n in shape):
            raise ValueError(f"the shape of an input is whole numbers ≥ 1, without the batch, like (32, 32, 3); got {shape}")
        self.shape, self.built = tuple(map(int, shape)), True

    def call(self, x: Any) -> Any:
        return x

    def connect(self, *inputs: Any) -> Call:
        """A call that waits for what the model is given."""
        call = Call(self, ())
        call.result = call.add_output((None, *self.shape))
        return call


def Input(shape: Any, *, name: str | None = None) -> Symbol:
    """A symbol for a batch of examples of ``shape`` (without the batch): ``Input((32, 32, 3))``."""
    symbol: Symbol = InputLayer(shape, name).connect().result
    return symbol
