"""Models: layers that are connected, and trained as one."""
from collections import Counter
from typing import Any

import minidl.kernels.cupy  # noqa: F401  (its kernels attach to ops; CuPy is not imported)
from minidl import saving
from minidl.arguments import asked
from minidl.graph import calls_between, in_keras_order, names_of
from minidl.joining import Steps
from minidl.layers.base import Layer, unique_name
from minidl.layers.input import Input, InputLayer
from minidl.notes import note
from minidl.plan import Plan, make_plan
from minidl.registry import nearest
from minidl.saving import KNOWN, checked_path, describe, describe_layer, read_npz, rebuild, rebuild_layer, write_npz
from minidl.styles import checked
from minidl.summary import summary_text
from minidl.symbolic import Call, Symbol, flat, map_structure
from minidl.training import Trainer

OLDER = {  # what models had in Keras 2
    **dict.fromkeys(("fit_generator", "evaluate_generator", "predict_generator"), "fit, evaluate and predict take generators themselves"),
    "predict_classes": "write model.predict(x).argmax(axis=-1), or model.predict(x) > 0.5 for a single output",
    "predict_proba": "model.predict(x) gives the probabilities",
    "compiled_loss": "write self.compute_loss(y=y, y_pred=y_pred)",
    "compiled_metrics": "write metric.update_state(y, y_pred) for each metric of self.metrics",
    **dict.fromkeys(("to_json", "to_yaml"), "model.save('x.keras') keeps the architecture with the weights"),
}  # fmt: skip


class Model(Trainer):
    """A graph of layers from input symbols to output symbols: ``Model(inputs, outputs, name)``.

    ``inputs`` and ``outputs`` are symbols, or lists or dictionaries of them; any acyclic graph between them will do. A model is a layer:
    it can be called on Tensors, arrays or symbols, and be a part of another model. Or subclass it, make layers in ``__init__``
    and write ``call(self, x, training=False)``."""

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None):
        if name is None and inputs is not None and type(self) is Model:
            name = unique_name("functional")  # Keras' name for what is no subclass
        super().__init__(name)
        self.inputs: list[Symbol] = []
        self.outputs: list[Symbol] = []
        self.calls: tuple[Call, ...] = ()  # of its layers, in the order of the computation
        if (inputs is None) != (outputs is None):
            raise ValueError("a Model needs both inputs and outputs")
        if inputs is not None:
            self.connect_graph(inputs, outputs)

    def connect_graph(self, inputs: Any, outputs: Any) -> None:
        """Become the model between these symbols."""
        first, last = flat(inputs), flat(outputs)
        for symbol in [*first, *last]:
            if not isinstance(symbol, Symbol):
                raise TypeError(f"inputs and outputs of a Model are symbols: Input(…), and what layers give for symbols; got {symbol!r}")
        for symbol in first:
            if symbol.call.inputs:
                raise ValueError(f"the inputs of a Model come from Input(…); {symbol!r} is the output of a layer")
        calls = calls_between(first, last)
        layers = in_keras_order(calls, last)
        names = Counter(layer.name for layer in layers)
        if twice := [name for name, times in names.items() if times > 1]:
            raise ValueError(f"a model needs a different name for each layer; {twice[0]!r} comes twice")
        self.input_structure, self.output_structure = inputs, outputs
        for call in calls:
            given, shapes = call.layer.given_shape, [symbol.shape for symbol in flat(call.inputs)]
            if given is not None and (None, *given) not in shapes:
                note(f"layer {call.layer.name!r}: input_shape={given} has no effect, its input has shape {shapes[0]}")
        self._steps = Steps(calls, last)
        self.inputs, self.outputs, self.calls, self._layers, self.built = first, last, tuple(calls), layers, True

    @property
    def input_names(self) -> list[str]:
        """What the inputs are called: the keys, if they were given as a dictionary, else the names of their layers."""
        return names_of(self.input_structure) if self.inputs else []

    @property
    def output_names(self) -> list[str]:
        """What the outputs are called: the keys, if they were given as a dictionary, else the names of the layers that make them."""
        return names_of(self.output_structure) if self.outputs else ["output"]

    @asked
    def input(self) -> Any:
        """Its input symbol, or the list of them."""
        return self.inputs[0] if len(self.inputs) == 1 else self.inputs

    @asked
    def output(self) -> Any:
        """Its output symbol, or the list of them."""
        return self.outputs[0] if len(self.outputs) == 1 else self.outputs

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` returns: "loss", and the names of the metrics."""
        self._needs_compile()
        return list(self.objective.logs())

    @property
    def metrics(self) -> list[Any]:
        """The running mean called "loss", and the metrics: for a ``train_step`` of one's own, which may also write ``metrics`` anew."""
        return [] if self.optimizer is None else self.objective.own()

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
        """The loss of a batch, as `compile` chose it, with the penalties: for a ``train_step`` of one's own."""
        self._needs_compile()
        return self.objective.loss(y, y_pred, sample_weight, self.losses)[0]

    def __getattr__(self, name: str) -> Any:
        hint = f": {OLDER[name]}" if name in OLDER else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}", name=name, obj=self)

    @classmethod
    def from_symbols(cls, inputs: Any, outputs: Any, name: str) -> "Model":
        """A model of this class between symbols that exist already."""
        return cls(inputs, outputs, name)

    @property
    def layers(self) -> list[Layer]:
        """Its layers, each once, in Keras' order: those first that are most steps away from the outputs."""
        return list(self._layers) if self.calls else super().sublayers

    @property
    def sublayers(self) -> list[Layer]:
        return list(dict.fromkeys([*self.layers, *super().sublayers]))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not self.calls:
            raise NotImplementedError(f"{type(self).__name__} has neither inputs and outputs nor a call method")
        values = dict(zip(self.inputs, self.arranged(inputs)))
        self._steps.run(values, training)
        return map_structure(values.__getitem__, self.output_structure)

    def arranged(self, inputs: Any) -> list[Any]:
        """The inputs in the order of ``self.inputs``, with their shapes checked."""
        if isinstance(inputs, dict):
            names = self.input_names
            if set(inputs) != set(names):
                raise ValueError(f"expected inputs called {', '.join(names)}; got {', '.join(inputs)}")
            inputs = [inputs[name] for name in names]
        arrays = flat(inputs)
        if len(arrays) != len(self.inputs):
            raise ValueError(f"expected {len(self.inputs)} inputs, got {len(arrays)}")
        arrays = [x.reshape(-1, 1) if x.ndim == 1 and symbol.shape == (None, 1) else x for symbol, x in zip(self.inputs, arrays)]
        for symbol, x in zip(self.inputs, arrays):
            if x.shape[1:] != symbol.shape[1:] or x.ndim != len(symbol.shape):
                one = " (one example? give it a batch axis: x[None])" if x.shape == symbol.shape[1:] else ""
                expected = ", ".join(map(str, ("batch", *symbol.shape[1:])))
                raise ValueError(f"input {symbol.name!r} expects shape ({expected}), got {x.shape}{one}")
        return arrays

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place in ``layers``."""
        if (name is None) == (index is None):
            raise ValueError("get_layer takes a name or an index")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(f"layer {index} was asked for, but model {self.name!r} has {len(self.layers)} layers")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"model {self.name!r} has no layer {name!r}: {nearest(str(name), [layer.name for layer in self.layers])}")

    def plan(self, batch_size: int, epochs: int = 1, samples: int | None = None) -> Plan:
        """What `fit` would cost with this batch size, before it starts: for each layer operations, parameters and bytes; the most memory;
        and the time of a step, and of an epoch with so many ``samples``. It is measured for about a second, with a copy of the model."""
        self._needs_compile()
        return make_plan(self, batch_size, epochs, samples)

    def summary(
        self, line_length: int | None = None, positions: Any = None, print_fn: Any = None, expand_nested: bool = False,
        show_trainable: bool = False, style: str | None = None,
    ) -> None:  # fmt: skip
        """Print the layers with their output shapes and numbers of parameters, as ``style`` of Keras does: "keras2.12", "keras2.14" or
        "keras3" (see `minidl.use_style`).

        ``line_length`` in characters; ``positions``: where the columns end, as parts of it (or in characters). ``print_fn`` is called
        with the text in the place of `print`: for each line in Keras 2's styles, once in Keras 3's. ``expand_nested``: also the
        layers of models in the model. ``show_trainable``: whether each layer is trained."""
        text = summary_text(self, line_length, positions, expand_nested, show_trainable, style)
        if print_fn is None:
            print(text, end="")
        elif checked(style) == "keras3":
            print_fn(text)
        else:
            for line in text.splitlines():
                print_fn(line)

    def save(self, path: Any) -> None:
        """Write the whole model to a file: layers, connections, weights, and if it is compiled the settings and the optimiser's state, so
        that training can go on. ``.keras`` is what Keras reads and writes, too; ``.npz`` is NumPy's, and minidl's own. Missing folders
        are made; what fails leaves the old file as it was."""
        if (path := checked_path(path)).suffix == ".keras":
            return saving.write_keras(path, self)
        arrays = {f"weight {i}": array for i, array in enumerate(self.get_weights())}
        text: dict[str, Any] = {"format": "minidl model", "version": 1, "model": describe_layer(self), "compile": None}
        if self.optimizer is not None:
            text["compile"] = describe(self.compile_arguments | {"optimizer": self.optimizer}, "the compile settings")
            text["iterations"] = self.optimizer.iterations
            states = self.optimizer.state_arrays(self.trainable_variables) if self.optimizer.iterations else []
            arrays |= {f"state {i}": array for i, array in enumerate(states)}
        write_npz(path, arrays, text)

    def save_weights(self, path: Any) -> None:
        """Write the weights to a file: ``.weights.h5``, which is Keras', with the optimiser's state; or ``.npz``. Folders are made."""
        path = checked_path(path, "weights")
        if not self.built:
            raise ValueError(f"model {self.name!r} has no weights yet: call it on data first")
        if path.suffix == ".h5":
            return saving.write_h5(path, self)
        arrays = {f"weight {i}": array for i, array in enumerate(self.get_weights())}
        write_npz(path, arrays, {"format": "minidl weights", "version": 1, "model": self.name})

    def load_weights(self, path: Any) -> None:
        """Take over the weights of a file that `save_weights` or `save` wrote, here or in Keras, for a model with the same layers."""
        path = checked_path(path, "weights to load", existing=True)
        if path.suffix != ".npz":
            return saving.read_h5(path, self)
        arrays, _ = read_npz(path)
        try:
            self.set_weights(_numbered(arrays, "weight"))
        except ValueError as error:
            raise ValueError(f"{path} does not fit this model: {error}") from None


class Sequential(Model):
    """Layers one after the other: ``Sequential([Input((32, 32, 3)), Conv2D(16, 3), …])``, or ``add`` one at a time.

    With an ``Input`` it is built at once; without, when it first sees data."""

    def __init__(self, layers: Any = None, name: str | None = None):
        super().__init__(name=name)
        self._stack: list[Layer] = []
        if isinstance(layers, Layer):
            raise TypeError(f"Sequential takes a list of layers: write [{type(layers).__name__}(…)], with brackets around it")
        for layer in layers or ():
            self.add(layer)

    @classmethod
    def from_symbols(cls, inputs: Any, outputs: Any, name: str) -> "Sequential":
        """A model of this class between symbols that exist already."""
        made = cls(name=name)
        made.connect_graph(inputs, outputs)
        made._stack = [call.layer for call in made.calls if call.inputs]
        return made

    def add(self, layer: Any) -> None:
        """Add a layer at the end."""
        if isinstance(layer, Symbol):
            layer = layer.call.layer
        if not isinstance(layer, Layer):
            kind = f"the class {layer.__name__}" if isinstance(layer, type) else type(layer).__name__
            raise TypeError(f"expected a layer, got {kind}")
        layer.require_init()
        if isinstance(layer, InputLayer):
            if self._stack or self.inputs:
                raise ValueError("an Input comes first, and once")
            return self._start(layer.shape, layer.name)
        if layer in self._stack or layer.name in [other.name for other in self._stack]:
            raise ValueError(f"the model already has a layer called {layer.name!r}: give this one another name")
        if not self.inputs and not self._stack:
            if layer.given_shape is not None:
                self._start(layer.given_shape)
            elif isinstance(layer, Model) and len(layer.inputs) == 1:
                self._start(layer.inputs[0].shape[1:])
        if self.inputs:
            self.connect_graph(self.inputs[0], layer(self.outputs[0]))
        self._stack.append(layer)

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self._stack:
            raise ValueError("the model has no layers")
        layer = self._stack.pop()
        if self.inputs:
            self._connect_stack(self.inputs[0])
        return layer

    def _start(self, shape: Any, name: str | None = None) -> None:
        symbol = Input(shape, name=name)
        self.connect_graph(symbol, symbol)

    def _connect_stack(self, symbol: Symbol) -> None:
        output = symbol
        for layer in self._stack:
            output = layer(output)
        self.connect_graph(symbol, output)

    def build(self, input_shape: Any) -> None:
        """Connect the layers for inputs of this shape (with the batch first)."""
        if not self.inputs:
            self._connect_stack(Input(input_shape[1:] or (1,)))  # (n,) is (n, 1), as for labels

    @property
    def layers(self) -> list[Layer]:
        """Its layers, without the input."""
        return list(self._stack)


def load_model(path: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Model:
    """The model that ``model.save(path)`` wrote, ready to predict and (with ``compile``) to go on training; ``.keras`` files may come from
    Keras 2.13 to 2.15, or 3. ValueError if the file is damaged, or needs what minidl has not; it names the layer or entry.

    ``custom_objects``: own layer classes, losses, metrics and functions, by name. A file never makes anything else run."""
    path = checked_path(path, existing=True)
    if path.suffix == ".keras":
        read: Model = saving.read_keras(path, {"Model": Model, "Sequential": Sequential}, custom_objects, compile)
        return read
    arrays, text = read_npz(path)
    if text.get("format") != "minidl model":
        raise ValueError(f"{path} holds {text.get('format', 'something else')}, not a whole model: use load_weights")
    known = {**KNOWN, "Model": Model, "Sequential": Sequential, **(custom_objects or {})}
    try:
        model: Model = rebuild_layer(text["model"], known)
        model.set_weights(_numbered(arrays, "weight"))
        if compile and text["compile"] is not None:
            model.compile(**rebuild(text["compile"], known))
            if text["iterations"]:
                model.optimizer.load_state_arrays(model.trainable_variables, _numbered(arrays, "state"), text["iterations"])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except (KeyError, IndexError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        raise ValueError(f"{path} is damaged, or was not written by this version of minidl ({error!r:.100})") from error
    return model


def _numbered(arrays: dict[str, Any], what: str) -> list[Any]:
    """The arrays called "what 0", "what 1", …"""
    numbers = sorted(int(name.split()[1]) for name in arrays if name.split()[0] == what and name.split()[-1].isdigit())
    return [arrays[f"{what} {i}"] for i in numbers]
