"""Models and their building blocks as plain data (JSON), and back again. Only classes that are known by name are ever made."""
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from minidl import activations, initializers, layers, losses, metrics, optimizers, regularizers
from minidl.registry import Configured, nearest
from minidl.symbolic import Call, Symbol

# The classes that a file may name: "layers.Dense", "losses.MeanSquaredError", …
KNOWN: dict[str, type] = {
    f"{kind}.{name}": value
    for kind, module in {
        "layers": layers, "losses": losses, "metrics": metrics, "initializers": initializers, "optimizers": optimizers,
        "schedules": optimizers.schedules, "regularizers": regularizers,
    }.items()
    for name, value in ((name, getattr(module, name)) for name in dict.fromkeys([*vars(module), *getattr(module, "__all__", ())]))
    if inspect.isclass(value) and issubclass(value, Configured) and name == value.__name__
}  # fmt: skip
_names = {value: name for name, value in reversed(KNOWN.items())}


def _name_of(value: Any) -> str:
    """What a file calls the class of ``value``: an own class by its name alone."""
    return _names.get(type(value), type(value).__name__)


def describe(value: Any, where: str) -> Any:
    """``value`` as JSON can hold it: numbers and names as they are, objects as class and arguments. ``where`` is for the error."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, (list, tuple)):
        return [describe(one, where) for one in value]
    if isinstance(value, dict):
        return {"dict": {key: describe(one, where) for key, one in value.items()}}
    if isinstance(value, layers.Layer):
        return describe_layer(value)
    if isinstance(value, Configured):
        config = {key: describe(one, f"the {key} of {type(value).__name__}") for key, one in value.get_config().items()}
        return {"object": _name_of(value), "config": config}
    if callable(value):
        name = activations.name_of(value)
        return name if activations.KNOWN.get(name) is value else {"function": name}
    raise ValueError(f"{where} cannot be saved: {value!r}")


def rebuild(described: Any, known: Mapping[str, Any]) -> Any:
    """What `describe` described; ``known``: the classes and functions that may be used, by name."""
    if isinstance(described, list):
        return tuple(rebuild(one, known) for one in described)
    if not isinstance(described, dict):
        return described
    if "dict" in described:
        return {key: rebuild(one, known) for key, one in described["dict"].items()}
    if "function" in described:
        return _known(described["function"], known, "function")
    if "object" in described:
        config = {key: rebuild(one, known) for key, one in described["config"].items()}
        return _known(described["object"], known, "class")(**config)
    return rebuild_layer(described, known)


def describe_layer(layer: Any, seen: dict[Any, int] | None = None) -> dict[str, Any]:
    """The class, name and arguments of a layer; for a connected model its layers, and which call feeds which. ``seen`` numbers the
    layers, so that one which is used in several models is described once."""
    seen = {} if seen is None else seen
    if layer in seen:
        return {"same": seen[layer]}
    number = seen[layer] = len(seen)
    described = {"class": _name_of(layer), "number": number, "name": layer.name, "trainable": layer.trainable}
    if not hasattr(layer, "calls"):
        config = {key: value for key, value in layer.get_config().items() if key not in ("name", "trainable")}
        return described | {"config": {key: describe(value, f"the {key} of layer {layer.name!r}") for key, value in config.items()}}
    if not layer.calls:
        raise ValueError(f"model {layer.name!r} cannot be saved whole: it has no inputs and outputs; save_weights works")
    if _name_of(layer) == type(layer).__name__ and "__init__" in vars(type(layer)) and "from_symbols" not in vars(type(layer)):
        raise ValueError(f"model {layer.name!r} cannot be saved whole: {type(layer).__name__} makes its layers itself; save_weights works")
    unique = list(dict.fromkeys(call.layer for call in layer.calls))

    def places(structure: Any) -> Any:
        if isinstance(structure, Symbol):
            return {"call": layer.calls.index(structure.call), "output": structure.call.outputs.index(structure)}
        if isinstance(structure, dict):
            return {"dict": {key: places(one) for key, one in structure.items()}}
        return [places(one) for one in structure]

    return described | {
        "layers": [describe_layer(one, seen) for one in unique],
        "calls": [[unique.index(call.layer), places(call.inputs), *_as_told(call)] for call in layer.calls],
        "inputs": places(layer.input_structure),
        "outputs": places(layer.output_structure),
    }


def _as_told(call: Call) -> list[bool]:
    """The ``training`` that a call was written with, if it was."""
    return [] if call.training is None else [call.training]


def rebuild_layer(described: Mapping[str, Any], known: Mapping[str, Any], made: dict[int, Any] | None = None) -> Any:
    """The layer or model that `describe_layer` described; ``made``: the layers so far, by number."""
    made = {} if made is None else made
    if "same" in described:
        return made[described["same"]]
    layer_class = _known(described["class"], known, "layer class")
    if "calls" not in described:
        layer = layer_class(name=described["name"], **{key: rebuild(value, known) for key, value in described["config"].items()})
    else:
        inner, calls = [rebuild_layer(one, known, made) for one in described["layers"]], list[Call]()

        def symbols(places: Any) -> Any:
            if isinstance(places, list):
                return [symbols(one) for one in places]
            if "dict" in places:
                return {key: symbols(one) for key, one in places["dict"].items()}
            return calls[places["call"]].outputs[places["output"]]

        for index, inputs, *training in described["calls"]:
            calls.append(inner[index].connect(*symbols(inputs)))
            calls[-1].training = bool(training[0]) if training else None
        layer = layer_class.from_symbols(symbols(described["inputs"]), symbols(described["outputs"]), described["name"])
    layer.freeze_alone(not described["trainable"])  # each layer in a model has a description of its own
    made[described["number"]] = layer
    return layer


def _known(name: str, known: Mapping[str, Any], what: str) -> Any:
    if name not in known:
        hint = f"{nearest(name, known)}; own ones are given as custom_objects"
        raise ValueError(f"the file needs a {what} {name!r}, which is not known: {hint}")
    return known[name]
