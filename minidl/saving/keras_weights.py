"""Which group of an HDF5 file belongs to which layer.

Keras walks from a model to what hangs on it, and names each group by the way that led there. In a model, that is the attribute which holds
the layers, then the class of the layer, counted: ``layers/dense_1``; in a layer of one's own, the names of its attributes. The versions of
Keras differ in that first attribute and in what they count, see `WAYS`."""
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minidl import backend
from minidl.layers import Layer
from minidl.optimizers import Optimizer
from minidl.saving.keras_names import STATE, group_name

Groups = dict[str, list[np.ndarray]]
Children = Callable[[Any], list[Layer]]  # the layers of a model, in the order of the file


class Way(NamedTuple):
    """How a version of Keras names groups. ``again``: whether a layer that has a group already is counted where it is met again.
    ``twice``: whether each layer with weights is met twice in its model."""

    attribute: str
    again: bool
    twice: bool


WAYS = {
    "3": Way("layers", True, False),
    "2.15": Way("layers", False, False),
    "2.14": Way("_layer_checkpoint_dependencies", False, False),
    "2.13": Way("_layer_checkpoint_dependencies", True, True),
}
# Attributes of minidl's own machinery, where no layers of Keras' are
OURS = {
    "_config", "_own_weights", "_holders", "_stack", "_layers", "_steps", "_told", "_regularized", "inputs", "outputs", "calls",
    "input_structure", "output_structure", "compile_arguments", "history", "optimizer", "objective", "captured", "initializers",
}  # fmt: skip
NOT_LAYERS = ("optimizer", "metrics", "loss", "compile_metrics", "_compile_metrics", "_compile_loss")
RANDOM = ("seed_generator", "_random_generator")  # what Keras keeps of random numbers
STATE_GROUP = "optimizer"


def layers_of(model: Any) -> list[Layer]:
    """The layers of a model, inputs included (in Keras, those of a Sequential are not)."""
    layers: list[Layer] = model.layers
    return layers


def places(layer: Any, way: Way, children: Children = layers_of, path: str = "", seen: Any = None) -> Iterator[tuple[str, Layer]]:
    """(group, layer) for the layer and all that is in it; "" is the group of the layer itself. ``seen``: the layers so far."""
    seen = set[Any]() if seen is None else seen
    if layer in seen:
        return
    seen.add(layer)
    yield path, layer
    for attribute, held in _attributes(layer, way, children):
        inner = f"{path}/{attribute}".lstrip("/")
        if isinstance(held, Layer):
            yield from places(held, way, children, inner, seen)
        else:
            yield from _in_list(held, way, children, inner, seen)


def _attributes(layer: Any, way: Way, children: Children) -> list[tuple[str, Any]]:
    """What to look at, in Keras' order: names with _ come last."""
    held = [(name, value) for name, value in vars(layer).items() if name not in OURS and isinstance(value, (Layer, list, tuple, dict))]
    if hasattr(layer, "calls"):
        layers = [one for one in children(layer) for _ in range(1 + bool(way.twice and one.weights))]
        if layer.calls or not held:
            held.insert(0, (way.attribute, layers))
            return held[:1] + sorted(held[1:], key=_key)
        held.append(("layers", layers))  # a model of one's own: an attribute among others
    return sorted(held, key=_key)


def _key(attribute: tuple[str, Any]) -> tuple[bool, str]:
    return attribute[0].startswith("_"), attribute[0]


def _in_list(held: Any, way: Way, children: Children, path: str, seen: set[Any]) -> Iterator[tuple[str, Layer]]:
    count: Counter[str] = Counter()
    for one in held.values() if isinstance(held, dict) else held:
        if not isinstance(one, (Layer, list, tuple, dict)) or isinstance(one, Layer) and one in seen and not way.again:
            continue
        name = group_name(class_name(one)) if isinstance(one, Layer) else "container"
        count[name] += 1
        inner = f"{path}/{name}" if count[name] == 1 else f"{path}/{name}_{count[name] - 1}"
        if isinstance(one, Layer):
            yield from places(one, way, children, inner, seen)
        else:
            yield from _in_list(one, way, children, inner, seen)


def class_name(layer: Any) -> str:
    """Keras calls a plain Model a Functional."""
    name = type(layer).__name__
    return "Functional" if name == "Model" and hasattr(layer, "calls") else name


def groups_of(model: Any) -> dict[str, tuple[str | None, list[np.ndarray]]]:
    """What Keras 3 would write: for each group the layer's name and weights."""
    return {path: (layer.name, [weight.numpy() for weight in layer.own_weights]) for path, layer in places(model, WAYS["3"])}


# ---------------------------------------------------------------- into a model


def grouped(arrays: Mapping[str, np.ndarray]) -> Groups:
    """The arrays "path/vars/0", "path/vars/1", … by their path, in their order. ValueError for other names, and where one is missing."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        path, _, rest = f"/{name}".rpartition("/vars/")
        if not rest.isdigit() or "/vars" not in f"/{name}":
            raise ValueError(f"array {name!r} is not where Keras keeps weights")
        found.setdefault(path.lstrip("/"), {})[rest] = array
    for path, numbered in found.items():
        if set(numbered) != {str(i) for i in range(len(numbered))}:
            raise ValueError(f"group '{path}/vars' has arrays {', '.join(sorted(numbered))}: one is missing")
    return {path: [numbered[str(i)] for i in range(len(numbered))] for path, numbered in found.items()}


def put_weights(model: Any, groups: Groups, children: Children = layers_of) -> None:
    """Set all weights of the model, or none: ValueError that names layer and group if the file does not fit."""
    wanted = {path for path in groups if path.split("/")[0] not in NOT_LAYERS and path.split("/")[-1] not in RANDOM}
    candidates: list[tuple[int, int, dict[str, Layer]]] = []
    for way in WAYS.values():
        found = {path: layer for path, layer in places(model, way, children) if layer.own_weights}
        candidates.append((len(wanted ^ found.keys()), len(candidates), found))
    _, _, found = min(candidates)
    for path, layer in found.items():
        if path not in wanted:
            raise ValueError(f"{_named(layer)}: there are no weights for it, under {path!r}")
        shapes = [weight.shape for weight in layer.own_weights], [array.shape for array in groups[path]]
        if shapes[0] != shapes[1]:
            raise ValueError(f"{_named(layer)}: it needs weights of shapes {_shapes(shapes[0])}, {path!r} has {_shapes(shapes[1])}")
    if strange := sorted(wanted - found.keys()):
        unbuilt = "" if model.built else " (it is not built yet: call it on data first)"
        raise ValueError(f"the model has no layer for the weights under {strange[0]!r}{unbuilt}")
    for path, layer in found.items():
        for weight, array in zip(layer.own_weights, groups[path]):
            weight[...] = backend.move(array.astype(weight.dtype), backend.owner(weight.data))


def _named(layer: Any) -> str:
    return f"layer {layer.name!r} ({type(layer).__name__})"


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "none"


# ---------------------------------------------------------------- the optimizer's state


def _order(optimizer: Optimizer, count: int) -> list[int]:
    """The places of `Optimizer.state_arrays` in the order of Keras' files; ``count``: parameters."""
    slots = list(optimizer.slots)
    known = next((STATE[base.__name__] for base in type(optimizer).__mro__ if base.__name__ in STATE), (tuple(slots),))
    groups = [[slots.index(slot) for slot in group if slot in slots] for group in known]
    return [i * len(slots) + slot for group in groups for i in range(count) for slot in group]


def state_of(optimizer: Optimizer, params: list[Any], scheduled: bool) -> list[np.ndarray]:
    """Iterations, learning rate (where it is a number) and state, as Keras 3 keeps them."""
    arrays = optimizer.state_arrays(params)
    rate = [] if scheduled else [np.asarray(optimizer.learning_rate, "float32")]
    return [np.asarray(optimizer.iterations, "int64"), *rate, *(arrays[i] for i in _order(optimizer, len(params)))]


def put_state(optimizer: Optimizer, params: list[Any], arrays: list[np.ndarray]) -> str:
    """Take over what a file has; otherwise nothing, and return why not. (Keras does not take it then, either, and warns.)"""
    order = _order(optimizer, len(params))
    if not arrays:
        return "the file has none"
    if arrays[0].shape or arrays[0].dtype.kind not in "iu" or arrays[0] < 0:
        return "the number of updates is missing"
    iterations, state = int(arrays[0]), list(arrays[1:])
    if state and not state[0].shape and len(state) != len(order):
        state = state[1:]  # Keras 3: the learning rate, which its description has, too
    if not optimizer.slots or not state and not iterations:
        optimizer.iterations = iterations
        return ""
    if len(state) != len(order):
        return f"it has {len(state)} arrays, and {optimizer.name} needs {len(order)} for the weights that are trained"
    back = dict(zip(order, state))
    try:
        optimizer.load_state_arrays(params, [back[i] for i in range(len(order))], iterations)
    except ValueError as error:
        return str(error)
    return ""
