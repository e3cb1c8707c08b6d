"""What layers and optimisers of Keras understand beside the arguments that each of them lists."""
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from minidl.notes import note
from minidl.registry import Configured
from minidl.spellings import OPTIMIZERS_ONLY, take_only
from minidl.symbolic import map_structure


class asked:
    """A decorator: an attribute that is computed when it is asked for, unless the object was given one of that name."""

    def __init__(self, function: Callable[[Any], Any]):
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, owner: Any, kind: type) -> Any:
        return self if owner is None else self.function(owner)


class LayerArguments(Configured):
    """Layers take ``input_shape`` (or ``input_dim``, ``batch_input_shape``): what the first layer of a `Sequential` is given. Connected,
    they tell what flows in and out: ``Model(model.inputs, model.get_layer("conv2d").output)`` is a model up to that layer."""

    given_shape: ClassVar[tuple[int, ...] | None] = None  # of an example, without the batch

    @classmethod
    def understand(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        super().understand(kwargs)
        given = [name for name in ("input_shape", "input_dim", "batch_input_shape") if name in kwargs]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} say the same: give one of them")
        if not given:
            return {}
        value = kwargs.pop(given[0])
        shape = tuple(value) if isinstance(value, (list, tuple)) else (value,)
        shape = shape[1:] if given[0] == "batch_input_shape" else shape
        if any(isinstance(n, bool) or not hasattr(n, "__index__") or n < 1 for n in shape):
            raise ValueError(f"{given[0]} is whole numbers ≥ 1, like (32, 32, 3); got {value!r}")
        if cls.__name__ == "InputLayer":
            kwargs["shape"] = shape
            return {}
        return {"given_shape": tuple(map(int, shape))}

    @asked
    def input(self) -> Any:
        """The symbol (or the symbols) that it was last connected to."""
        inputs = _last_call(self).inputs
        return _last_call(self).result if not inputs else inputs[0] if len(inputs) == 1 else list(inputs)

    @asked
    def output(self) -> Any:
        """The symbol that it gave when it was last connected."""
        return _last_call(self).result

    @asked
    def output_shape(self) -> Any:
        """The shape of `output`, with None for the batch."""
        return map_structure(lambda symbol: symbol.shape, self.output)

    @asked
    def input_shape(self) -> Any:
        """The shape of `input`, with None for the batch."""
        return map_structure(lambda symbol: symbol.shape, self.input)


def _last_call(layer: Any) -> Any:
    if "last_call" not in vars(layer):
        raise AttributeError(f"layer {layer.name!r} has no input and output: it was not connected, only called on numbers at most")
    return layer.last_call


class OptimizerArguments(Configured):
    """Optimisers take ``lr``, the older name of ``learning_rate``, and have `apply_gradients`, the older form of ``apply``."""

    @classmethod
    def understand(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        take_only(cls, kwargs, OPTIMIZERS_ONLY)
        if "lr" in kwargs:
            if "learning_rate" in kwargs:
                raise ValueError("lr and learning_rate are the same: give learning_rate")
            note("lr= is the old name of learning_rate=, which Keras has refused since 2.11")
            kwargs["learning_rate"] = kwargs.pop("lr")
        if decay := kwargs.pop("decay", None):
            schedule = f"learning_rate=InverseTimeDecay(start, 1, {decay!r})"
            raise ValueError(f"decay= is left out, as in Keras since 2.11: {schedule} is the same")
        return {}

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]]) -> None:
        """Update the parameters with pairs (gradient, parameter), like ``zip(grads, params)``."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [param for _, param in pairs])  # type: ignore[attr-defined]

    def states(self) -> list[dict[str, Any]]:
        """The state arrays of each parameter that was updated so far, by their names."""
        return list(self._state.values())  # type: ignore[attr-defined]

    @property
    def lr(self) -> float:
        """The older name of ``learning_rate``."""
        return self.learning_rate  # type: ignore[no-any-return]

    @lr.setter
    def lr(self, rate: Any) -> None:
        self.learning_rate = rate
