"""What every layer is: weights, and a function that uses them."""
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any, Self

import numpy as np

from minidl import backend, initializers, regularizers, variables
from minidl.arguments import LayerArguments
from minidl.conversion import as_array
from minidl.devices import home_of, used
from minidl.switches import no_grad, switch
from minidl.symbolic import Call, Symbol, flat, map_structure
from minidl.tensor import Tensor

_names: Counter[str] = Counter()
_training: ContextVar[bool | None] = ContextVar("training", default=None)  # None: nobody has said
_told: ContextVar[list[Tensor] | None] = ContextVar("told", default=None)  # to `add_loss`, in the call that runs


def unique_name(class_name: str) -> str:
    """conv2d, conv2d_1, conv2d_2, … for Conv2D: Keras' names, counted per process."""
    name = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", class_name)).lower()
    _names[name] += 1
    return name if _names[name] == 1 else f"{name}_{_names[name] - 1}"


def reset_names() -> None:
    """Start counting layer names anew."""
    _names.clear()


class Layer(LayerArguments):
    """The base class of all layers. ``dtype`` is that of the weights it makes, ``activity_regularizer`` a penalty on its output. An own
    layer writes two methods:

        class Scale(Layer):
            def build(self, input_shape):                     # once, when the shape of the input is known
                self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")

            def call(self, x):                                # or call(self, x, training=False)
                return x * self.factor
    """

    input_rank: int | None = None  # how many axes an input has, where that is fixed
    fixed_axes: tuple[int, ...] = ()  # the axes whose size may not change once the layer is built

    def __init__(self, name: str | None = None, trainable: bool = True, dtype: str = "float32", activity_regularizer: Any = None):
        if not isinstance(name, str | None):
            raise TypeError(f"name must be a text; got {name!r}")
        if str(dtype) not in ("float16", "float32", "float64"):
            raise ValueError(f"dtype must be 'float16', 'float32' or 'float64'; got {dtype!r}")
        self.name = name or unique_name(type(self).__name__)
        self.dtype, self.built, self._told = str(dtype), False, ()
        self._trainable, self.activity_regularizer = trainable, regularizers.get(activity_regularizer)
        self._own_weights: list[Tensor] = []
        self._regularized: list[tuple[Tensor, Callable[[Any], Tensor]]] = []
        self._built_shape: Any = None

    # ---------------------------------------------------------------- to be written by each layer

    def build(self, input_shape: Any) -> None:
        """Make the weights; ``input_shape`` is a tuple with None for the batch, or a list of them."""

    def call(self, x: Any) -> Any:
        """The output for the input. With an argument ``training``, it is told whether the model is being trained."""
        raise NotImplementedError(f"{type(self).__name__} has no call method: write call(self, x)")

    def add_weight(
        self, shape: tuple[int, ...], initializer: Any = "glorot_uniform", trainable: bool = True, name: str = "weight",
        regularizer: Any = None,
    ) -> Tensor:  # fmt: skip
        """A new weight: a Tensor called ``layer/name``, drawn by the initializer (a name, an object, or a function of shape and dtype).
        The ``regularizer`` (a name, an object, or a function of the weight) is added to the loss."""
        self.require_init()
        array = np.asarray(initializers.get(initializer)(tuple(shape), dtype=self.dtype)).astype(self.dtype)
        if array.shape != tuple(shape):
            raise ValueError(f"the initializer of {name} gave an array of shape {array.shape}, it must be {tuple(shape)}")
        weight = variables.Variable(backend.move(array, used()), trainable, f"{self.name}/{name}")
        self._own_weights.append(weight)
        if rule := regularizers.get(regularizer):
            self._regularized.append((weight, rule))
        return weight

    def add_loss(self, loss: Any) -> None:
        """To be called in ``call``: ``loss``, one number, is added to what the model is trained for."""
        told, loss = _told.get(), loss if isinstance(loss, Tensor) else Tensor(loss)
        if told is None:
            raise RuntimeError("add_loss is for what a layer's call method computes: call it there")
        if loss.ndim:
            raise ValueError(f"add_loss takes one number, got shape {loss.shape}: sum it, or take its mean")
        told.append(loss)

    @property
    def losses(self) -> list[Tensor]:
        """What is added to the loss: what `add_loss` got in the last call, here and in the layers inside; and the penalties of weights."""
        return [*self._told, *self._penalties().values()]

    def _penalties(self) -> dict[Tensor, Tensor]:
        """The penalty of each trainable weight that has a regularizer."""
        own = {weight: rule(weight) for weight, rule in self._regularized if self.trainable and weight.requires_grad}
        for layer in self.sublayers if self.trainable else ():
            own |= layer._penalties()
        return own

    # ---------------------------------------------------------------- calling it

    def __call__(self, *inputs: Any, training: bool | None = None) -> Any:
        """The layer's output for Tensors or arrays (or symbols, to connect it). ``training=None``: as around it, or the default."""
        self.require_init()
        if any(isinstance(x, Symbol) for x in flat(inputs)):
            return self.connect(*inputs).told(training)
        inputs = map_structure(self._as_tensor, inputs)
        if any(x.ndim == 0 for x in flat(inputs)):
            raise ValueError(f"layer {self.name!r} ({type(self).__name__}): expected a batch of examples, got one number")
        shapes = map_structure(lambda x: (None, *x.shape[1:]), inputs[0] if len(inputs) == 1 else list(inputs))
        outer, told = _told.get(), list[Tensor]()
        with switch(_training, _training.get() if training is None else bool(training)), switch(_told, told):
            try:
                self._build_once(shapes)
                self._check(shapes)
                y = self.call(*inputs, **_training_option(type(self).call, _training.get()))
                if rule := self.activity_regularizer:
                    told += [rule(one) / one.shape[0] for one in flat(y)]
            except ValueError as error:
                raise _located(error, self) from error
        vars(self)["_told"] = tuple(told)
        if outer is not None:
            outer += told
        return y

    def _as_tensor(self, x: Any) -> Tensor:
        """Arrays become Tensors of the layer's dtype; Tensors are used as they are."""
        if isinstance(x, Tensor):
            return x
        first = next(self.each_weight(), None) if self.built else None
        return Tensor(as_array(x).astype(self.dtype if first is None else first.dtype, copy=False))

    def connect(self, *inputs: Any) -> Call:
        """What happens when it is called on symbols: it runs once on an empty example, to learn the shapes, and that is remembered."""
        try:
            self._build_once(map_structure(lambda s: s.shape, inputs[0] if len(inputs) == 1 else list(inputs)))
        except ValueError as error:
            raise _located(error, self) from error
        with no_grad():
            outputs = self(*map_structure(lambda s: backend.move(s.zeros(), home_of(self)), inputs), training=False)
        call = Call(self, inputs)
        call.result = map_structure(lambda y: call.add_output((None, *y.shape[1:])), outputs)
        return call

    def require_init(self) -> None:
        """RuntimeError if a subclass forgot to call this class's ``__init__``."""
        if not hasattr(self, "_own_weights"):
            raise RuntimeError(f"{type(self).__name__}.__init__ must call super().__init__() first")

    def _build_once(self, shapes: Any) -> None:
        if self.built:
            return
        if isinstance(shapes, list) and (self.input_rank or self.fixed_axes):
            raise ValueError(f"expected one input, got {len(shapes)}")
        before = len(self._own_weights)
        try:
            self.build(shapes)
        except BaseException:
            del self._own_weights[before:]  # so that another try does not make them twice
            raise
        self.built, self._built_shape = True, shapes

    def _check(self, shapes: Any) -> None:
        """Compare an input's shape with what the layer was built for."""
        if not isinstance(shapes, tuple):
            return
        built = self._built_shape if isinstance(self._built_shape, tuple) else shapes
        wrong = self.input_rank is not None and len(shapes) != self.input_rank
        if wrong or any(len(shapes) < 2 or len(built) < 2 or shapes[axis] != built[axis] for axis in self.fixed_axes):
            rank = self.input_rank or len(built)
            fixed = {axis % rank: built[axis] for axis in self.fixed_axes} if len(built) == rank else {}
            expected = ", ".join(["batch", *(str(fixed.get(i, "any")) for i in range(1, rank))])
            raise ValueError(f"expected an input of shape ({expected}), got {('batch', *shapes[1:])}".replace("'", ""))
    # ---------------------------------------------------------------- its weights
    def __setattr__(self, name: str, value: Any) -> None:
        if _may_hold(value):
            vars(self).pop("_holders", None)
        super().__setattr__(name, value)

    def _attributes(self, kind: type) -> list[Any]:
        """The objects of that kind among the attributes, and in the lists, tuples and dictionaries among them; each once."""
        found: dict[Any, None] = {}
        attributes = vars(self)
        names, count = attributes.get("_holders", ((), -1))  # kept, because weights and layers are looked for in every step
        if count != len(attributes):
            names = [name for name, value in attributes.items() if _may_hold(value) and name not in ("_config", "_own_weights", "_holders")]
            attributes["_holders"] = tuple(names), len(attributes.keys() | {"_holders"})
        for name in names:
            _collect(kind, attributes[name], found)
        return list(found)

    @property
    def sublayers(self) -> list["Layer"]:
        """The layers among its attributes, also in lists, tuples and dictionaries."""
        return self._attributes(Layer)

    @property
    def own_weights(self) -> list[Tensor]:
        """The weights that are its own, not those of layers in it: trainable ones first."""
        found = [t for t in self._attributes(Tensor) if t.requires_grad and t.node is None]
        return sorted(dict.fromkeys([*self._own_weights, *found]), key=lambda t: not t.requires_grad)

    @property
    def weights(self) -> list[Tensor]:
        """All weights in Keras' order: its own, then those of the layers in it; each once."""
        return list(dict.fromkeys(self.each_weight()))

    def each_weight(self) -> Iterator[Tensor]:
        """The weights one by one, a shared one as often as it is found."""
        yield from self.own_weights
        for layer in self.sublayers:
            yield from layer.each_weight()

    @property
    def trainable_variables(self) -> list[Tensor]:
        """The weights that training changes: none if ``trainable`` is False."""
        if not self.trainable:
            return []
        own = [w for w in self.own_weights if w.requires_grad]
        return list(dict.fromkeys([*own, *(w for layer in self.sublayers for w in layer.trainable_variables)]))

    @property
    def non_trainable_variables(self) -> list[Tensor]:
        trainable = set(self.trainable_variables)
        return [w for w in self.weights if w not in trainable]

    variables = weights
    trainable_weights, non_trainable_weights = trainable_variables, non_trainable_variables

    @property
    def trainable(self) -> bool:
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.sublayers:
            layer.trainable = value

    def freeze_alone(self, frozen: bool = True) -> None:
        """Freeze or unfreeze this layer, but not the layers in it (as setting ``trainable`` does)."""
        self._trainable = not frozen

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        return sum(w.size for w in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights as NumPy arrays, in Keras' order."""
        return [w.numpy().copy() for w in self.weights]

    def set_weights(self, arrays: Any) -> None:
        """Take over NumPy arrays as weights, in the order of ``get_weights``; they stay on their device and keep their dtype."""
        weights, arrays = self.weights, [as_array(a) for a in arrays]
        if len(arrays) != len(weights):
            built = "" if self.built else " (it is not built yet: call it on data first)"
            raise ValueError(f"layer {self.name!r} has {len(weights)} weights{built}, got {len(arrays)} arrays")
        for weight, array in zip(weights, arrays):
            if weight.shape != array.shape:
                raise ValueError(f"weight {weight.name!r} has shape {weight.shape}, got an array of shape {array.shape}")
        for weight, array in zip(weights, arrays):  # only now, when all are known to fit
            weight[...] = backend.move(array.astype(weight.dtype), backend.owner(weight.data))

    def to(self, name: str) -> Self:
        """Move the weights to the backend of that name, in place."""
        home = backend.named(name)
        for weight in self.weights:
            weight.data = backend.move(weight.data, home)
            weight.grad = None if weight.grad is None else weight.grad.to(name)
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


@cache
def _training_option(call: Callable[..., Any], training: bool | None) -> dict[str, Any]:
    own = inspect.signature(call).parameters.get("training")
    return {} if own is None else {"training": own.default is not own.empty and own.default if training is None else training}


def _may_hold(value: Any) -> bool:
    return isinstance(value, (Tensor, Layer, list, dict)) or isinstance(value, tuple) and any(map(_may_hold, value))


def _collect(kind: type, value: Any, found: dict[Any, None]) -> None:
    if isinstance(value, kind):
        found[value] = None
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            _collect(kind, item, found)


class LayerError(ValueError):
    """An error that happened in a layer, which it names."""


def _located(error: ValueError, layer: Layer) -> ValueError:
    """The same error, beginning with the innermost layer in which it happened."""
    return error if isinstance(error, LayerError) else LayerError(f"layer {layer.name!r} ({type(layer).__name__}): {error}")
