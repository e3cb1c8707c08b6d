"""The description of a model as Keras 3 writes it, so that it opens there."""
import inspect
from typing import Any

import numpy as np

from minidl import activations, initializers, losses, metrics, regularizers
from minidl.layers import Layer
from minidl.registry import Configured
from minidl.saving.architecture import KNOWN
from minidl.saving.keras_names import CLASSES, FUNCTIONAL, MODULES, OURS, SEQUENTIAL
from minidl.saving.keras_reading import in_tree_order
from minidl.symbolic import Call, Symbol, map_structure

_NAMES = {value: name for name, value in reversed(KNOWN.items())}
_FUNCTIONS: list[dict[str, Any]] = [activations.KNOWN, {name: value for name, value in vars(losses).items() if inspect.isfunction(value)}]

Described = dict[str, Any]


class KerasWriter:
    """Describes a model; a layer that is in several models is the same one again afterwards."""

    def __init__(self) -> None:
        self._seen: dict[Any, Described] = {}

    def layer(self, layer: Any) -> Described:
        """A layer or model: its class, and the arguments that make it."""
        described = self._model(layer) if hasattr(layer, "calls") else self._plain(layer)
        first = self._seen.setdefault(layer, described)
        if first is not described:
            described["shared_object_id"] = first.setdefault("shared_object_id", list(self._seen).index(layer))
        return described

    def _plain(self, layer: Layer) -> Described:
        if type(layer).__name__ == "InputLayer":
            return self._named(layer, {"batch_shape": [None, *layer.shape], "dtype": layer.dtype, "name": layer.name})  # type: ignore[attr-defined]
        config = {key: value for key, value in layer.get_config().items() if key not in OURS.get(type(layer).__name__, ())}
        described = {key: self.value(_object(key, value), f"the {key} of layer {layer.name!r}") for key, value in config.items()}
        return self._named(layer, described | {"name": layer.name, "trainable": layer.trainable, "dtype": _policy(layer.dtype)})

    def _named(self, thing: Any, config: Described) -> Described:
        """The class of an object as Keras calls it; an own class by its name."""
        known = _NAMES.get(type(thing))
        if known is None:
            name = type(thing).__name__
            return {"module": None, "class_name": name, "config": config, "registered_name": name}
        kind, _, name = known.partition(".")
        return {"module": MODULES[kind], "class_name": CLASSES.get(known, name), "config": config, "registered_name": None}

    def value(self, value: Any, where: str) -> Any:
        """An argument; ``where`` is for the error."""
        value = value.item() if isinstance(value, np.generic) else value
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.dtype):
            return value.name
        if isinstance(value, (list, tuple)):
            return [self.value(one, where) for one in value]
        if isinstance(value, dict):
            return {key: self.value(one, where) for key, one in value.items()}
        if isinstance(value, Layer):
            return self.layer(value)
        if isinstance(value, type) and issubclass(value, Configured):
            return self.value(value(), where)
        if isinstance(value, metrics.Metric) and type(value).__name__.startswith("_"):
            return value.name  # "accuracy", which fits itself to the labels
        if isinstance(value, Configured):
            config = {key: self.value(one, f"the {key} of {type(value).__name__}") for key, one in value.get_config().items()}
            if isinstance(value, metrics.Metric) and config.get("dtype") in (None, "float64"):
                config["dtype"] = "float32"  # Keras' default, as float64 is minidl's
            return self._named(value, config)
        if callable(value) and (name := activations.name_of(value)) != "<lambda>":
            if any(known.get(name) is value for known in _FUNCTIONS):
                return name
            return {"module": None, "class_name": "function", "config": name, "registered_name": name}
        raise ValueError(f"{where} cannot be saved: {value!r}")

    # ---------------------------------------------------------------- models

    def _model(self, model: Any) -> Described:
        kind = type(model).__name__
        own = kind not in ("Model", "Sequential")
        if not model.calls and not hasattr(model, "add"):
            raise ValueError(f"model {model.name!r} cannot be saved whole: it has no inputs and outputs; save_weights works")
        if own and "__init__" in vars(type(model)) and "from_symbols" not in vars(type(model)):
            raise ValueError(f"model {model.name!r} cannot be saved whole: {kind} makes its layers itself; save_weights works")
        config: Described = {"name": model.name, "trainable": model.trainable}
        if hasattr(model, "add"):
            inputs = [call.layer for call in model.calls if not call.inputs]
            config |= {"dtype": _policy(model.dtype), "layers": [self.layer(layer) for layer in [*inputs, *model.layers]]}
            if inputs:
                config["build_input_shape"] = [None, *inputs[0].shape]
            described: Described = SEQUENTIAL
        else:
            config |= self._graph(model)
            described = FUNCTIONAL
        return {**(self._named(model, config) if own else described), "config": config}

    def _graph(self, model: Any) -> Described:
        calls: dict[Any, list[Call]] = {}
        for call in model.calls:
            calls.setdefault(call.layer, []).append(call)

        def place(symbol: Symbol) -> list[Any]:
            call = symbol.call
            return [call.layer.name, calls[call.layer].index(call), in_tree_order(call.result).index(symbol)]

        def tensor(symbol: Symbol) -> Described:
            config = {"shape": list(symbol.shape), "dtype": symbol.call.layer.dtype, "keras_history": place(symbol)}
            return {"class_name": "__keras_tensor__", "config": config}

        def end(symbol: Symbol) -> list[Any]:
            name, node, index = place(symbol)
            functional = hasattr(symbol.call.layer, "calls") and not hasattr(symbol.call.layer, "add")
            return [name, node + functional, index]  # in Keras, a Functional has a call of its own before the first

        def node(call: Call) -> Described:
            training = call.training
            return {"args": _listed(map_structure(tensor, call.inputs)), "kwargs": {} if training is None else {"training": training}}

        layers = []
        for layer in model.layers:
            described = self.layer(layer)
            described |= {"name": layer.name, "inbound_nodes": [node(call) for call in calls[layer] if call.inputs]}
            layers.append(described)
        ends = {"input_layers": model.input_structure, "output_layers": model.output_structure}
        return {"layers": layers, **{key: map_structure(end, value) for key, value in ends.items()}}


def _object(key: str, value: Any) -> Any:
    """What a name means: minidl knows more spellings of them than Keras."""
    get = {"initializer": initializers.get, "regularizer": regularizers.get}.get(key.rpartition("_")[2])
    return get(value) if get and isinstance(value, str) else value


def _listed(structure: Any) -> Any:
    if isinstance(structure, (list, tuple)):
        return [_listed(one) for one in structure]
    return structure


def _policy(dtype: str) -> Described:
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": dtype}, "registered_name": None}
