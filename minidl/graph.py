"""The connections of a model: which calls lead from the inputs to the outputs, in which order, and what the ends are called."""
from collections import Counter
from collections.abc import Sequence
from typing import Any

from minidl.layers.base import Layer
from minidl.symbolic import Call, Symbol, flat


def names_of(structure: Any) -> list[str]:
    """The names of symbols: the keys of a dictionary, else those of the layers that make them; a second "p" is called "p_1"."""
    if isinstance(structure, dict):
        return [str(key) for key in structure]
    seen: Counter[str] = Counter()
    names = []
    for symbol in flat(structure):
        names.append(f"{symbol.name}_{seen[symbol.name]}" if seen[symbol.name] else symbol.name)
        seen[symbol.name] += 1
    return names


def calls_between(inputs: list[Symbol], outputs: list[Symbol]) -> list[Call]:
    """The calls that lead from the inputs to the outputs, in an order that computes them."""
    found: dict[Call, None] = {}
    todo = list(outputs)
    while todo:
        symbol = todo.pop()
        if symbol.call in found:
            continue
        if symbol not in inputs and not symbol.call.inputs:
            raise ValueError(f"the outputs need the input {symbol.name!r}, which is not among the model's inputs")
        found[symbol.call] = None
        if symbol not in inputs:
            todo.extend(flat(symbol.call.inputs))
    for symbol in inputs:
        if symbol.call not in found:
            raise ValueError(f"the outputs do not depend on the input {symbol.name!r}")
    return sorted(found, key=lambda call: call.born)


def steps_to_outputs(calls: Sequence[Call]) -> dict[Call, int]:
    """For each call (given in an order that computes them), the most steps from it to an output."""
    steps: dict[Call, int] = {}
    of_layer: dict[Any, int] = {}
    for call in reversed(calls):
        steps[call] = of_layer[call.layer] = max(steps.get(call, 0), of_layer.get(call.layer, 0))
        for symbol in flat(call.inputs):
            steps[symbol.call] = max(steps.get(symbol.call, 0), steps[call] + 1)
    return steps


def in_keras_order(calls: list[Call], outputs: list[Symbol]) -> list[Layer]:
    """The layers of the calls, those first that are most steps away from the outputs; of equally far ones, the first that is met when
    one goes back from the outputs, first inputs first."""
    steps = steps_to_outputs(calls)
    of_layer = {call.layer: steps[call] for call in reversed(calls)}  # the first call of a layer is the farthest
    met: dict[Call, None] = {}
    todo = outputs[::-1]
    while todo:
        call = todo.pop().call
        if call not in met and call in steps:
            met[call] = None
            todo += flat(call.inputs)[::-1]
    return sorted(dict.fromkeys(call.layer for call in met), key=lambda layer: -of_layer[layer])
