"""A model from the description in a ``.keras`` file, as Keras 2.13 to 2.15 and Keras 3 write it.

Only classes that minidl knows, or that were given as ``custom_objects``, are ever made. A description names modules; none is imported."""
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from minidl import activations, losses, metrics
from minidl.layers import Input, Layer
from minidl.registry import nearest
from minidl.saving.architecture import KNOWN
from minidl.saving.bounds import Bounds
from minidl.saving.keras_names import changes_nothing, kind_of
from minidl.symbolic import Call, Symbol

FUNCTIONS: dict[str, Mapping[str, Any]] = {"losses": losses.KNOWN, "metrics": metrics.KNOWN, "activations": activations.KNOWN}
FLOATS = ("float16", "float32", "float64")


class Place(NamedTuple):
    """One of the outputs of the n-th call of a layer, as the connections of a Functional name it."""

    layer: str
    node: int
    tensor: int


Key = tuple[str, int]  # a layer's name, and which of its calls


class Node(NamedTuple):
    """What a layer is called on, places in lists and dictionaries; and whether it was told to be trained."""

    args: tuple[Any, ...]
    training: bool | None


class KerasReader:
    """``models``: the classes of models, by name; ``custom``: the learner's own classes and functions, by name."""

    def __init__(self, models: Mapping[str, Any], custom: Mapping[str, Any] | None, bounds: Bounds):
        self.models, self.custom, self.bounds = models, dict(custom or {}), bounds
        self.order: dict[Any, list[Layer]] = {}  # of each model's layers, as the file has them
        self._stacks: dict[Any, list[Layer]] = {}  # Sequentials without an Input: they are connected when they are called
        self._shared: dict[int, Layer] = {}
        self._where, self._old = "the model", False  # old: of Keras 2

    def layers_of(self, model: Any) -> list[Layer]:
        """The layers of a model in the order of the file."""
        layers: list[Layer] = self.order.get(model, model.layers)
        return layers

    # ---------------------------------------------------------------- objects

    def layer(self, described: Any) -> Any:
        """The layer or model that is described."""
        if not isinstance(described, dict) or not isinstance(described.get("config"), dict):
            raise ValueError(f"{self._where}: expected the description of a layer, got {described!r:.80}")
        shared = described.get("shared_object_id")
        if shared in self._shared:
            return self._shared[shared]
        self.bounds.count_layer()
        config, outside = described["config"], self._where
        self._where = f"layer {config.get('name', described.get('name'))!r} ({described.get('class_name')})"
        if described.get("class_name") == "Lambda":
            raise ValueError(f"{self._where}: its function is code in the file, and code in files is never run; give a layer of your own")
        found = self._class(described, "layers")
        if hasattr(found, "from_symbols"):
            made = self._model(found, config)
        else:
            made = self._made(found, {key: value for key, value in config.items() if key not in ("trainable", "dtype")}, config)
            self.bounds.watch(made)
        made.freeze_alone(not config.get("trainable", True))
        if shared is not None:
            self._shared[shared] = made
        self._where = outside
        return made

    def _class(self, described: Mapping[str, Any], kind: str | None = None) -> Any:
        """The class that a description names; ValueError if it is not known."""
        name, module = described.get("class_name"), described.get("module")
        for own in (described.get("registered_name"), name):
            if isinstance(own, str) and own in self.custom:
                return self.custom[own]
        place = kind_of(module)
        if place == "models" and name in ("Functional", "Model", "Sequential"):
            return self.models["Sequential" if name == "Sequential" else "Model"]
        known: dict[str, Any] = {}
        if kind in (None, place):
            known = {key.split(".")[1]: value for key, value in KNOWN.items() if key.split(".")[0] == place}
            if name in known and not str(name).startswith("_"):
                return known[name]
        hint = f"; {nearest(str(name), known)}" if known else ""
        raise ValueError(f"{self._where}: minidl has no {name} of {module}{hint}; own ones are given as custom_objects")

    def _made(self, found: Any, config: Mapping[str, Any], whole: Mapping[str, Any] | None = None) -> Any:
        """An object of the class, with those arguments that it has; the others must change nothing."""
        known = inspect.signature(found.__init__).parameters
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
        arguments = {}
        for key, value in config.items():
            if key in known or takes_all:
                arguments[key] = self.value(_plain(key, value))
            elif not changes_nothing(key, value):
                raise ValueError(f"{self._where}: minidl has no {key}, and the file sets {key} to {_shown(value)}")
        if whole is not None and "dtype" in whole and (dtype := self._dtype(whole["dtype"])) and "dtype" in known:
            arguments["dtype"] = dtype
        try:
            return found(**arguments)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self._where}: {error}") from error

    def _dtype(self, described: Any) -> str:
        """The name of a type, or of a policy for types."""
        name = described.get("config", {}).get("name") if isinstance(described, dict) else described
        if name is not None and name not in FLOATS:
            raise ValueError(f"{self._where}: minidl has no dtype {name!r}; it has {', '.join(FLOATS)}")
        return str(name or "float32")

    def value(self, described: Any) -> Any:
        """What an argument describes: numbers and names are themselves, a dictionary with a class is an object of it."""
        if isinstance(described, list):
            return tuple(self.value(one) for one in described)
        if not isinstance(described, dict):
            return described
        if "class_name" not in described:
            return {key: self.value(one) for key, one in described.items()}
        name, config, place = described["class_name"], described.get("config"), kind_of(described.get("module"))
        if name == "__tuple__":
            return self.value(described.get("items", []))
        if name == "SeedGenerator":
            return config.get("seed") if isinstance(config, dict) else None
        if name == "function":
            return self._function(config, described.get("registered_name"))
        if str(name).startswith("__"):
            raise ValueError(f"{self._where}: {name} is code or data of another kind, and code in files is never run")
        if not isinstance(config, dict):
            raise ValueError(f"{self._where}: the description of a {name} is damaged")
        found = self._class(described)
        if place == "layers" or inspect.isclass(found) and issubclass(found, Layer):
            return self.layer(described)
        if place == "metrics":
            config = {key: value for key, value in config.items() if (key, value) != ("dtype", "float32")}  # minidl adds in float64
        if place == "losses" and config.get("reduction") == "auto":
            config = {**config, "reduction": "sum_over_batch_size"}  # as Keras 2 means it
        return self._made(found, config)

    def _function(self, name: Any, registered: Any) -> Any:
        for own in (registered, name):
            if isinstance(own, str) and own in self.custom:
                return self.custom[own]
        if any(name in known for known in FUNCTIONS.values()):
            return name  # as a name, it is looked up where it is used
        raise ValueError(f"{self._where}: the function {name!r} is not known; own ones are given as custom_objects")

    # ---------------------------------------------------------------- models

    def _model(self, found: Any, config: Mapping[str, Any]) -> Any:
        described = config.get("layers")
        if not isinstance(described, list):
            raise ValueError(f"{self._where}: a model that makes its layers itself: make it in Python, and use load_weights")
        if "output_layers" in config:
            return self._functional(found, config)
        symbol, name = None, config.get("name")
        if described and isinstance(described[0], dict) and described[0].get("class_name") == "InputLayer":
            symbol, described = self._input(described[0]), described[1:]
        stack = [self.layer(one) for one in described]
        if symbol is None and stack and len(getattr(stack[0], "inputs", ())) == 1:
            symbol = Input(stack[0].inputs[0].shape[1:])
        if symbol is None:
            model = found(stack, name)
            self._stacks[model] = stack
        else:
            before = self.bounds.left()
            model = found.from_symbols(symbol, self._through(stack, symbol), name)
            self.bounds.inside(model, before)
        self.order[model] = stack
        return model

    def _through(self, stack: list[Layer], symbol: Symbol) -> Symbol:
        for layer in stack:
            (symbol,) = self._call(layer, (symbol,), None).outputs
        return symbol

    def _functional(self, found: Any, config: Mapping[str, Any]) -> Any:
        layers: dict[str, Any] = {}
        calls: dict[Key, Call] = {}
        for described in config["layers"]:
            if not isinstance(described, dict) or not isinstance(name := described.get("name"), str) or name in layers:
                raise ValueError(f"{self._where}: a layer has no name, or two have the same")
            if described.get("class_name") == "InputLayer":
                symbol = self._input(described)
                layers[name], calls[name, 0] = symbol.call.layer, symbol.call
            else:
                layers[name] = self.layer(described)
        written = {one["name"]: one.get("inbound_nodes", []) for one in config["layers"]}
        # In Keras 2, each model has a call of its own before the first; in Keras 3, so it is said of a Functional at the ends, not between.
        self._old |= (old := any(isinstance(node, list) for nodes in written.values() for node in nodes))
        own = {name for name, layer in layers.items() if hasattr(layer, "calls") and (old or not hasattr(layer, "add"))}
        nodes = {(name, n): _node(node, own) for name, listed in written.items() for n, node in enumerate(listed)}
        inputs, outputs = (_places(config[f"{end}_layers"], own) for end in ("input", "output"))
        before = self.bounds.left()
        self._connect(nodes, layers, calls, [(place.layer, place.node) for place in flat_places(outputs)])
        ends = (_single(_replaced(structure, calls)) for structure in (inputs, outputs))
        model = found.from_symbols(*ends, config.get("name"))
        self.bounds.inside(model, before)
        self.order[model] = list(layers.values())
        return model

    def _connect(self, nodes: Mapping["Key", "Node"], layers: Mapping[str, Any], calls: dict["Key", Call], todo: list["Key"]) -> None:
        """Make these calls, and before them those whose outputs they are called on."""
        waiting: set[Key] = set()
        while todo:
            key = todo[-1]
            if key in calls:
                todo.pop()
            elif key not in nodes:
                raise ValueError(f"layer {key[0]!r} is used, but its call {key[1]} is not described")
            elif missing := [place[:2] for place in flat_places(nodes[key].args) if place[:2] not in calls]:
                if key in waiting:
                    raise ValueError(f"layer {key[0]!r} needs its own output")
                waiting.add(key)
                todo += missing
            else:
                inputs = tuple(_replaced(arg, calls) for arg in nodes[key].args)
                calls[key] = self._call(layers[key[0]], inputs, nodes[key].training)

    def _call(self, layer: Any, inputs: tuple[Any, ...], training: bool | None) -> Call:
        outside, self._where = self._where, f"layer {layer.name!r} ({type(layer).__name__})"
        try:
            if layer in self._stacks:
                if len(inputs) != 1 or not isinstance(inputs[0], Symbol):
                    raise ValueError("it takes one input")
                before, symbol = self.bounds.left(), Input(inputs[0].shape[1:])
                layer.connect_graph(symbol, self._through(self._stacks.pop(layer), symbol))
                self.bounds.inside(layer, before)
            self.bounds.spend(layer, inputs)
            call: Call = layer.connect(*inputs)
        except ValueError as error:
            raise error if str(error).startswith("layer ") else ValueError(f"{self._where}: {error}") from error
        call.training = training
        self._where = outside
        return call

    def _input(self, described: Mapping[str, Any]) -> Symbol:
        self.bounds.count_layer()
        config = described.get("config", {})
        shape = config.get("batch_shape", config.get("batch_input_shape"))
        name = config.get("name", described.get("name"))
        if not isinstance(shape, list) or not shape[1:] or not all(isinstance(n, int) for n in shape[1:]):
            raise ValueError(f"input {name!r}: minidl needs the size of each axis but the batch; the file has {_shown(shape)}")
        if config.get("sparse") or config.get("ragged"):
            raise ValueError(f"input {name!r} is sparse or ragged, which minidl has not")
        symbol: Symbol = Input(tuple(shape[1:]), name=name)
        self.bounds.spend(symbol.call.layer, symbol)
        return symbol

    # ---------------------------------------------------------------- compile

    def compile_arguments(self, described: Mapping[str, Any], outputs: list[str]) -> dict[str, Any]:
        """The arguments of ``compile``, for a model with these outputs."""
        self._where = "compile"
        for key, value in described.items():
            if key not in ("optimizer", "loss", "loss_weights", "metrics") and not changes_nothing(key, value):
                raise ValueError(f"compile: minidl has no {key}, and the file sets it to {_shown(value)}")
        arguments = {key: self.value(described.get(key)) for key in ("optimizer", "loss", "loss_weights", "metrics")}
        measures = arguments["metrics"] or ()
        for name, several in measures.items() if isinstance(measures, dict) else zip(outputs, measures):
            for metric in several if isinstance(several, tuple) else [several]:
                if self._old and len(outputs) > 1 and isinstance(metric, metrics.Metric):
                    metric.name = metric.name.removeprefix(f"{name}_")  # Keras 2 writes the output in front, and puts it there again
        return arguments


def _plain(key: str, value: Any) -> Any:
    """Keras 2 writes the axis of a BatchNormalization as a list of one."""
    return value[0] if key == "axis" and isinstance(value, list) and len(value) == 1 else value


def _shown(value: Any) -> str:
    return str(value.get("class_name", "something") if isinstance(value, dict) else repr(value))[:80]


# ---------------------------------------------------------------- connections


def _node(described: Any, own: set[str]) -> Node:
    """Keras 2: ``[[layer, node, tensor, options], …]``, a list of one for a single input; Keras 3: arguments with tensors in them."""
    if isinstance(described, list):
        inputs = [_place(one[:3], own) for one in described]
        options = {key: value for one in described for key, value in (one[3] if len(one) > 3 else {}).items()}
        return Node((inputs[0] if len(inputs) == 1 else inputs,), _training(options))
    return Node(tuple(_tensors(arg) for arg in described["args"]), _training(described["kwargs"]))


def _training(options: Mapping[str, Any]) -> bool | None:
    """How a layer is called; ValueError for more than ``training``. A mask that is None says nothing."""
    for key, value in options.items():
        if key != "training" and any(one is not None for one in (value if isinstance(value, list) else [value])):
            raise ValueError(f"a layer is called with {key}={_shown(value)}, which minidl has not")
    training = options.get("training")
    return None if training is None else bool(training)


def _tensors(described: Any) -> Any:
    if isinstance(described, list):
        return [_tensors(one) for one in described]
    if isinstance(described, dict) and described.get("class_name") == "__keras_tensor__":
        return Place(*described["config"]["keras_history"])
    if isinstance(described, dict) and "class_name" not in described:
        return {key: _tensors(one) for key, one in described.items()}
    raise ValueError(f"a layer is called on {_shown(described)}: minidl's layers are called on what other layers give")


def _places(described: Any, own: set[str]) -> Any:
    """Places in lists and dictionaries; ``own``: the layers that have a call of their own before the first."""
    if isinstance(described, list) and len(described) == 3 and isinstance(described[0], str):
        return _place(described, own)
    if isinstance(described, dict):
        return {key: _places(one, own) for key, one in described.items()}
    return [_places(one, own) for one in described]


def _place(described: Any, own: set[str]) -> Place:
    name, node, tensor = described
    return Place(name, node - (name in own), tensor)


def flat_places(structure: Any) -> list[Place]:
    """The places in lists, tuples and dictionaries."""
    if isinstance(structure, Place):
        return [structure]
    return [place for one in (structure.values() if isinstance(structure, dict) else structure) for place in flat_places(one)]


def _replaced(structure: Any, calls: Mapping[Key, Call]) -> Any:
    """The symbols at these places."""
    if isinstance(structure, Place):
        return in_tree_order(calls[structure[:2]].result)[structure.tensor]
    if isinstance(structure, dict):
        return {key: _replaced(one, calls) for key, one in structure.items()}
    return [_replaced(one, calls) for one in structure]


def _single(structure: Any) -> Any:
    """In Keras, a list of one input or output is that one."""
    return structure[0] if isinstance(structure, list) and len(structure) == 1 else structure


def in_tree_order(structure: Any) -> list[Symbol]:
    """Symbols as Keras counts the outputs of a layer: those in a dictionary by their names."""
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, (list, tuple)):
        return [symbol for one in structure for symbol in in_tree_order(one)]
    return [structure]
