"""A model's layers in the order in which they run, and which neighbours run as one op: kernels are faster where they see both."""
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from minidl import ops
from minidl.layers import Conv2D, MaxPooling2D
from minidl.switches import kernels_on
from minidl.symbolic import Call, Symbol, flat, map_structure
from minidl.tensor import Tensor

CALLS = {Conv2D: Conv2D.call, MaxPooling2D: MaxPooling2D.call}  # as they are written


class ConvolutionAndPooling:
    """A `Conv2D` and the `MaxPooling2D` that follows. One by one, where somebody put another ``call`` in the place of theirs; and where
    something is wrong: then the layer says so."""

    def __init__(self, convolution: Conv2D, pooling: MaxPooling2D):
        self.convolution, self.pooling = convolution, pooling

    def __call__(self, x: Tensor, training: bool | None = None) -> Tensor:
        c, p = self.convolution, self.pooling
        if c.activity_regularizer is None and all(getattr(layer.call, "__func__", None) is CALLS[type(layer)] for layer in (c, p)):
            with suppress(ValueError):
                return ops.convolution_and_pooling(
                    x, c.kernel, c.bias,
                    convolution={"strides": c.strides, "padding": c.padding, "dilation": c.dilation_rate, "activation": c.activation},
                    pooling={"pool_size": p.pool_size, "strides": p.strides, "padding": p.padding},
                )  # fmt: skip
        y: Tensor = p(c(x, training=training), training=training)
        return y


class AsTold:
    """The layer of a call that was written with ``training=…``: it is told that, and not what the model is told."""

    def __init__(self, call: Call):
        self.call = call

    def __call__(self, *inputs: Any, training: bool) -> Any:
        return self.call.layer(*inputs, training=self.call.training)


JOINED: dict[tuple[type, type], Callable[[Any, Any], Callable[..., Any]]] = {(Conv2D, MaxPooling2D): ConvolutionAndPooling}


Step = tuple[Callable[..., Any], tuple[Any, ...], list[Symbol]]  # a layer or two as one; its inputs; its outputs


class Steps:
    """What a model does, one step after the other: layer by layer, and with neighbours joined. ``outputs`` are those of the model."""

    def __init__(self, calls: list[Call], outputs: list[Symbol]):
        self.apart, self.joined = _steps(calls, outputs, False), _steps(calls, outputs, True)

    def run(self, values: dict[Symbol, Any], training: bool | None) -> None:
        """Add to ``values``, which has the model's inputs, what each step makes of them. Neighbours are joined where kernels may run."""
        for layer, inputs, outputs in self.joined if kernels_on.get() else self.apart:
            values.update(zip(outputs, flat(layer(*map_structure(values.__getitem__, inputs), training=training))))


def _steps(calls: list[Call], outputs: list[Symbol], join: bool) -> list[Step]:
    """With ``join``, two layers of the classes in `JOINED` (not of subclasses, which may do something else) run as one op, if nobody else
    needs what flows between them."""
    steps: dict[Call, Step] = {}
    users = Counter([*outputs, *(symbol for call in calls for symbol in flat(call.inputs))])
    for call in calls:
        if not call.inputs:
            continue
        layer, inputs, symbol = call.layer if call.training is None else AsTold(call), call.inputs, call.inputs[0]
        if join and isinstance(symbol, Symbol) and symbol.call in steps and users[symbol] == 1:
            before = symbol.call.layer
            if both := JOINED.get((type(before), type(call.layer))):
                layer, inputs = both(before, call.layer), steps.pop(symbol.call)[1]
        steps[call] = layer, inputs, call.outputs
    return list(steps.values())
