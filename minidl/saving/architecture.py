"""A model's layers and connections as plain data, and back again."""
from collections.abc import Mapping
from typing import Any

from minidl import activations, layers
from minidl.layers.symbolic import Call, Symbol, flat, map_structure
from minidl.registry import nearest

VERSION = 1


def describe_layer(layer: Any) -> dict[str, Any]:
    """The class, name and arguments of a layer; a model in the model is described whole."""
    if hasattr(layer, "_output_structure"):
        return {"class": type(layer).__name__, "name": layer.name, "graph": describe_graph(layer)}
    config = {key: _plain(value, layer, key) for key, value in layer.get_config().items() if key != "name"}
    return {"class": type(layer).__name__, "name": layer.name, "config": config, "trainable": layer.trainable}


def describe_graph(model: Any) -> dict[str, Any]:
    """The calls of a functional model: which layer, on the outputs of which earlier calls."""
    calls, unique = model._calls, list(dict.fromkeys(call.layer for call in model._calls))

    def place(symbol: Symbol) -> dict[str, int]:
        return {"call": calls.index(symbol.call), "output": symbol.call.outputs.index(symbol)}

    return {
        "layers": [describe_layer(layer) for layer in unique],
        "calls": [{"layer": unique.index(call.layer), "inputs": map_structure(place, list(call.inputs))} for call in calls],
        "inputs": map_structure(place, model._input_structure),
        "outputs": map_structure(place, model._output_structure),
        "sequential": type(model).__name__ == "Sequential",
    }


def _plain(value: Any, layer: Any, key: str) -> Any:
    """``value`` as JSON can hold it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(v, layer, key) for v in value]
    if isinstance(value, layers.Layer):
        return {"layer": describe_layer(value)}
    if hasattr(value, "get_config"):
        return {"object": type(value).__name__, "config": {k: _plain(v, layer, k) for k, v in value.get_config().items()}}
    if key == "activation" and callable(value):
        return activations.name_of(value)
    raise ValueError(f"layer {layer.name!r} cannot be saved: its {key} is {value!r}; give it by name")
