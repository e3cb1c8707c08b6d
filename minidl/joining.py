"""A model's layers in the order in which they run, and which neighbours run as one op: kernels are faster where they see both."""
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from minidl import ops
from minidl.layers import Conv2D, MaxPooling2D
from minidl.layers.symbolic import Call, Symbol, flat
from minidl.tensor import Tensor


class Step(NamedTuple):
    """One thing that a model does."""

    run: Callable[..., Any]  # a layer, or two as one: called with a value for each input, and training=…
    inputs: tuple[Any, ...]
    outputs: list[Symbol]


class ConvolutionAndPooling:
    """A `Conv2D` and the `MaxPooling2D` that follows."""

    def __init__(self, convolution: Conv2D, pooling: MaxPooling2D):
        self.convolution, self.pooling = convolution, pooling

    def __call__(self, x: Tensor, training: bool = False) -> Tensor:
        c, p = self.convolution, self.pooling
        y: Tensor = ops.convolution_and_pooling(
            x, c.kernel, c.bias,
            convolution={"strides": c.strides, "padding": c.padding, "dilation": c.dilation_rate, "activation": c.activation},
            pooling={"pool_size": p.pool_size, "strides": p.strides, "padding": p.padding},
        )  # fmt: skip
        return y


JOINED: dict[tuple[type, type], Callable[[Any, Any], Callable[..., Any]]] = {(Conv2D, MaxPooling2D): ConvolutionAndPooling}


def steps_of(calls: list[Call], outputs: list[Symbol], join: bool) -> list[Step]:
    """What to run for these calls, one after the other. With ``join``, two layers of the classes in `JOINED` (not of subclasses, which
    may do something else) run as one op, if nobody else needs what flows between them."""
    steps: dict[Call, Step] = {}
    users = Counter([*outputs, *(symbol for call in calls for symbol in flat(call.inputs))])
    for call in calls:
        if not call.inputs:
            continue
        step = Step(call.layer, call.inputs, call.outputs)
        symbol = call.inputs[0]
        if join and isinstance(symbol, Symbol) and symbol.call in steps and users[symbol] == 1:
            before = symbol.call.layer
            if both := JOINED.get((type(before), type(call.layer))):
                step = Step(both(before, call.layer), steps.pop(symbol.call).inputs, call.outputs)
        steps[call] = step
    return list(steps.values())
