"""What is off in a training, in words, each with what to try. It reads what the dashboard has seen, and nothing else."""
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Numbers = Sequence[float]


class Finding(NamedTuple):
    """``kind``: flat, diverged, exploding, vanishing, dead, over-fitting, saturated."""

    kind: str
    sentence: str
    advice: str


def findings(
    history: Mapping[str, Numbers], layers: Sequence[Mapping[str, Any]], units: Mapping[str, float], surest: Numbers
) -> list[Finding]:
    """``history``: by quantity, a number for each epoch. ``layers``: from the first to the last, ``name`` and the lists ``gradient`` (its
    norm) and ``ratio`` (of an update to its weights). ``units``: the share of dead units of each ReLU layer. ``surest``: for wrong answers,
    the probability they were given with."""
    found = [_diverged(history), _flat(history), _over_fitting(history), _exploding(layers), _vanishing(layers), _steps(layers)]
    return [one for one in [*found, _dead(units), _saturated(surest)] if one]


def _diverged(history: Mapping[str, Numbers]) -> Finding | None:
    losses = history.get("loss", ())
    if any(not math.isfinite(loss) for loss in losses):
        return Finding("diverged", "The loss is not a number any more.", "Start again with a learning rate ten times smaller.")
    return None


def _flat(history: Mapping[str, Numbers]) -> Finding | None:
    losses = history.get("loss", ())
    if len(losses) < 3 or not all(map(math.isfinite, losses)):
        return None
    gained, start = losses[0] - min(losses), abs(losses[0]) or 1.0
    if gained < 0.02 * start and losses[-1] > 0.05:
        return Finding("flat", f"The loss hardly moves: from {losses[0]:.3g} to {losses[-1]:.3g} in {len(losses)} epochs.",
                        "Try a learning rate ten times larger, and look whether the labels belong to the pictures.")  # fmt: skip
    return None


def _over_fitting(history: Mapping[str, Numbers]) -> Finding | None:
    train, validation = history.get("loss", ()), history.get("val_loss", ())
    if len(validation) < 3 or len(train) != len(validation):
        return None
    best = min(range(len(validation)), key=validation.__getitem__)
    since = len(validation) - 1 - best
    if since >= 2 and validation[-1] > 1.03 * validation[best] and train[-1] < train[best]:
        rise = f"from {validation[best]:.3g} to {validation[-1]:.3g}"
        return Finding("over-fitting", f"Since epoch {best + 1} the validation loss rises, {rise}, while the training loss falls: "
                       "the net learns the examples by heart.",
                        f"Stop at epoch {best + 1}, or try dropout, augmentation, or more examples.")  # fmt: skip
    return None


def _exploding(layers: Sequence[Mapping[str, Any]]) -> Finding | None:
    for layer in layers:
        norms = layer["gradient"]
        if norms and (not math.isfinite(norms[-1]) or len(norms) >= 4 and norms[-1] > 100 * _middle(norms[: len(norms) // 2])):
            return Finding("exploding", f"The gradient of {layer['name']} grows without bound: its norm is {norms[-1]:.3g}.",
                            "Try a smaller learning rate, or clipnorm=1 in the optimiser.")  # fmt: skip
    return None


def _vanishing(layers: Sequence[Mapping[str, Any]]) -> Finding | None:
    known = [layer for layer in layers if layer["gradient"] and layer.get("kernel")]
    if len(known) < 3:
        return None
    first, last = (_middle(layer["gradient"][-5:]) for layer in (known[0], known[-1]))
    if last > 0 and first < 1e-4 * last:
        part = f"1/{last / first:,.0f}" if first else "nothing"
        return Finding("vanishing", f"Hardly any gradient reaches {known[0]['name']}: {part} of that of {known[-1]['name']}.",
                        "Try ReLU in place of sigmoid or tanh, He initialisation, batch normalization, or fewer layers.")  # fmt: skip
    return None


def _steps(layers: Sequence[Mapping[str, Any]]) -> Finding | None:
    for layer in layers:
        if layer.get("kernel") and len(layer["ratio"]) >= 3 and _middle(layer["ratio"][-5:]) > 0.05:
            return Finding("exploding", f"Each update changes {layer['name']} by {100 * _middle(layer['ratio'][-5:]):.0f} % of its size.",
                            "A tenth of a per cent is usual: try a smaller learning rate.")  # fmt: skip
    return None


def _dead(units: Mapping[str, float]) -> Finding | None:
    worst = max(units, key=lambda name: units[name], default="")
    if worst and units[worst] > 0.4:
        share = f"{100 * units[worst]:.0f} % of the units of {worst}"
        return Finding("dead", f"{share} are 0 for all pictures looked at: no gradient passes them.",
                        "Try a smaller learning rate, He initialisation, or LeakyReLU.")  # fmt: skip
    return None


def _saturated(surest: Numbers) -> Finding | None:
    if len(surest) >= 3 and _middle(surest) > 0.99:
        return Finding("saturated", "Its mistakes are as sure as its right answers: half of them at over "
                       f"{min(100 * _middle(surest), 99.9):.1f} %.",
                        "The softmax is saturated: try label smoothing, weight decay, or fewer epochs.")  # fmt: skip
    return None


def _middle(values: Numbers) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0
