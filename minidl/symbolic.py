"""Connecting layers before there is data: symbols stand for what will flow."""
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

_clock = count()


class Symbol:
    """What flows at one place of a model: its shape, with None for the batch, and the call that makes it."""

    def __init__(self, shape: tuple[int | None, ...], call: "Call"):
        self.shape, self.call = shape, call

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def name(self) -> str:
        return str(self.call.layer.name)

    def zeros(self) -> np.ndarray:
        """A batch of one empty example."""
        return np.zeros((1, *(n or 1 for n in self.shape[1:])), "float32")

    def __repr__(self) -> str:
        return f"<Symbol of shape {self.shape} from {self.name!r}>"

    def _no_number(self, *_: Any) -> Any:
        raise TypeError(f"{self!r} holds no numbers yet: connect it with layers, like Add()([a, b]) or Rescaling(2.0)(a)")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _no_number
    __matmul__ = __rmatmul__ = __neg__ = __abs__ = __lt__ = __le__ = __gt__ = __ge__ = _no_number
    __getitem__ = __iter__ = __len__ = __float__ = __bool__ = __array__ = _no_number


class Call:
    """One use of a layer: its inputs and outputs are symbols. A layer used twice has two calls."""

    def __init__(self, layer: Any, inputs: tuple[Any, ...]):
        self.layer, self.inputs, self.outputs = layer, inputs, list[Symbol]()
        self.result: Any = None  # the outputs as the layer returned them: one, or a list or dictionary
        self.training: bool | None = None  # what it is told, whatever the model does; None: as the model
        vars(layer)["last_call"] = self
        self.born = next(_clock)  # a call is younger than those that make its inputs

    def told(self, training: bool | None) -> Any:
        """The outputs of a call that is always told ``training``: ``base_model(x, training=False)`` keeps a part of a model in its ways."""
        self.training = training
        return self.result

    def add_output(self, shape: tuple[int | None, ...]) -> Symbol:
        self.outputs.append(Symbol(shape, self))
        return self.outputs[-1]


def flat(structure: Any) -> list[Any]:
    """What lists, tuples and dictionaries hold, however deep."""
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)):
        return [x for item in structure for x in flat(item)]
    return [] if structure is None else [structure]


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same lists, tuples and dictionaries with ``function`` of what they hold."""
    if isinstance(structure, dict):
        return {key: map_structure(function, value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_structure(function, item) for item in structure)
    return function(structure)
