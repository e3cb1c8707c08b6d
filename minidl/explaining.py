"""One update of an optimiser as its formula, with the numbers put in.

A rule is a list of lines ``(left side, formula)``. In a formula, what stands in braces is put in as a number: ``{β₁}`` a setting, ``{g}``
the gradient, ``{v}`` what the update before left in v, ``{v'}`` what this one makes of it. For a parameter of several numbers one of them
is shown."""
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

Line = tuple[str, str]
FEW = 64  # numbers in all parameters together, so that each update is noted
SYMBOLS = {  # what the formulas call the state arrays of each rule
    "SGD": {"momentum": "v"},
    "Adagrad": {"accumulator": "a"},
    "RMSprop": {"velocity": "v", "average_gradient": "a", "momentum": "u"},
    "Adam": {"momentum": "m", "velocity": "v", "velocity_hat": "v_max"},
}


class Explained:
    """What an optimiser has to be able to explain its last update."""

    _last: str | list[dict[str, Any]] = "no update was made yet"

    @contextmanager
    def noting(self, params: Sequence[Any], grads: Sequence[Any]) -> Iterator[None]:
        """Note an update of few numbers; of many, that it was one of many."""
        size, here = sum(p.size for p in params), all(isinstance(p.data, np.ndarray) for p in params)
        if size > FEW or not here:  # reading a GPU would make it wait
            what = f"one of {size:,} numbers" if here else "made on another device"
            self._last = f"the last update was {what}: write a minidl.Ledger, and ask ledger.explain(row, name)"
            yield
            return
        optimizer: Any = self
        noted, t = [(p, g) for p, g in zip(params, grads) if p.size], optimizer.iterations + 1
        notes: list[dict[str, Any]] = []
        together = optimizer.clip == "global_clipnorm"
        for i, (p, g) in enumerate(noted):
            norm = norm_of(grads if together else [g]) if optimizer.clip else None
            first = {"w": _first(p.data), "g": _first(g), "before": _slots(optimizer, p), "norm": norm}
            notes.append({"name": p.name or f"parameter {i}", "t": t, "rate": optimizer._learning_rate, **first})
        yield
        for note, (p, _) in zip(notes, noted):
            note["after"], note["end"] = _slots(optimizer, p), _first(p.data)
        self._last = notes

    def explain(self) -> str:
        """The last update as its formula with the numbers put in: for each parameter, of its first number. RuntimeError if there was none,
        or if it was one of more than 64 numbers or made on a GPU (a `minidl.Ledger` explains those)."""
        if isinstance(self._last, str):
            raise RuntimeError(self._last)
        for note in self._last:  # a schedule is asked only now: somebody may count its calls
            note["rate"] = note["rate"](note["t"] - 1) if callable(note["rate"]) else note["rate"]
        return "\n".join(explain_update(self, **note) for note in self._last)


def _first(array: Any) -> float:
    return float(array.flat[0])


def _slots(optimizer: Any, param: Any) -> dict[str, float]:
    return {slot: _first(array) for slot, array in optimizer.state_of(param).items()}


def norm_of(gradients: Sequence[Any]) -> float:
    """Of all together."""
    return float(np.sqrt(sum(np.sum(np.square(g, dtype=float)) for g in gradients)))


def rule_of(optimizer: Any) -> str:
    """The name in `SYMBOLS` of the rule that it follows; "" for a rule of its own."""
    for kind in type(optimizer).__mro__:
        if "update" in vars(kind):
            return kind.__name__ if kind.__name__ in SYMBOLS and kind.__module__.startswith("minidl.") else ""
    return ""


def symbol_of(optimizer: Any, slot: str) -> str:
    """What the formulas call a state array: "m", "v", …; an unknown one keeps its name."""
    return SYMBOLS.get(rule_of(optimizer), {}).get(slot, slot)


def show(value: float) -> str:
    """A number with six digits, the minus sign as printed."""
    return f"{value:.6g}".replace("-", "−")


def explain_update(
    optimizer: Any, name: str, t: int, rate: float, w: float, g: float, before: Mapping[str, float], after: Mapping[str, float], end: float,
    norm: float | None = None,
) -> str:  # fmt: skip
    """Update ``t`` of the number ``w`` to ``end``: ``before`` and ``after`` are its state, by slot; ``rate`` is the learning rate; ``norm``
    that of the gradients that are clipped together, if it is known."""
    rule = rule_of(optimizer)
    settings = _settings(optimizer, rate)
    head = f"update {t} of {name}, {type(optimizer).__name__} ({', '.join(f'{k} = {show(v)}' for k, v in settings.items())})"
    seen, clipped = _clipped(optimizer, g, norm)
    given = {**settings, "g": seen, "t": t, "w": w}
    lines = [f"g = {show(g)}", *clipped]
    if decay := optimizer.weight_decay:
        given["w"] = w - rate * decay * w
        lines.append(f"w ← w − η λ w = {show(w)} − {show(rate)}·{show(decay)}·{_signed(w)} = {show(given['w'])}")
    for slot in before:
        given |= {symbol_of(optimizer, slot): before[slot], symbol_of(optimizer, slot) + "'": after[slot]}
    for left, formula in _LINES[rule](optimizer) if rule else []:
        symbol = left.removesuffix(" ←")
        freed = {"m̂": lambda: given["m'"] / (1 - optimizer.beta_1**t), "v̂": lambda: given[_v(optimizer)] / (1 - optimizer.beta_2**t)}
        result = end if symbol == "w" else freed[symbol]() if symbol in freed else given[symbol + "'"]
        lines.append(f"{left}{'' if left.endswith('←') else ' ='} {_symbols(formula)} = {_numbers(formula, given)} = {show(result)}")
    if not rule:
        lines += [f"{slot}: {show(before[slot])} → {show(after[slot])}" for slot in before]
        lines.append(f"w: {show(w)} → {show(end)}      ({type(optimizer).__name__} has a rule of its own)")
    return "\n    ".join([head, *lines])


def _clipped(optimizer: Any, g: float, norm: float | None) -> tuple[float, list[str]]:
    """The number that the rule sees, and what is said of it."""
    limit, name = optimizer.limit, f"{optimizer.clip}={show(optimizer.limit)}"
    if not optimizer.clip:
        return g, []
    if optimizer.clip == "clipvalue":
        seen = min(max(g, -limit), limit)
        return seen, [f"g ← {show(seen)}      ({name}: it is kept within ±{show(limit)})"]
    if norm is None:
        return g, [f"({name}: the rule may see a smaller g than this one)"]
    if norm <= limit:
        return g, [f"({name}: ‖g‖ = {show(norm)} is within, and g stays)"]
    seen = g * limit / norm
    return seen, [f"g ← g · {show(limit)} / ‖g‖ = {_signed(g)} · {show(limit)} / {show(norm)} = {show(seen)}      ({name})"]


def _settings(optimizer: Any, rate: float) -> dict[str, float]:
    names = {"momentum": "β", "rho": "ρ", "beta_1": "β₁", "beta_2": "β₂", "epsilon": "ε", "weight_decay": "λ"}
    found = {sign: float(getattr(optimizer, name, None) or 0) for name, sign in names.items()}
    return {"η": rate} | {sign: value for sign, value in found.items() if value}


def _v(optimizer: Any) -> str:
    """What Adam divides by: v, or the largest so far."""
    return "v_max'" if optimizer.amsgrad else "v'"


def _symbols(formula: str) -> str:
    return re.sub(r"\{(.+?)'?\}", r"\1", formula)


def _numbers(formula: str, given: Mapping[str, float]) -> str:
    return re.sub(r"\{(.+?)\}", lambda match: _signed(given.get(match[1], 0.0)), formula).replace("ᵗ", f"^{given['t']:.0f}")


def _signed(value: float) -> str:
    return f"({show(value)})" if value < 0 else show(value)


def _sgd(o: Any) -> list[Line]:
    if not o.momentum:
        return [("w ←", "{w} − {η} · {g}")]
    step = "{w} + {β} · {v'} − {η} · {g}" if o.nesterov else "{w} + {v'}"
    return [("v ←", "{β} · {v} − {η} · {g}"), ("w ←", step)]


def _adagrad(o: Any) -> list[Line]:
    return [("a ←", "{a} + {g}²"), ("w ←", "{w} − {η} · {g} / √({a'} + {ε})")]


def _rmsprop(o: Any) -> list[Line]:
    lines = [("v ←", "{ρ} · {v} + (1 − {ρ}) · {g}²")]
    root = "√({v'} + {ε})"
    if o.centered:
        lines.append(("a ←", "{ρ} · {a} + (1 − {ρ}) · {g}"))
        root = "√({v'} − {a'}² + {ε})"
    if o.momentum:
        return [*lines, ("u ←", "{β} · {u} + {η} · {g} / " + root), ("w ←", "{w} − {u'}")]
    return [*lines, ("w ←", "{w} − {η} · {g} / " + root)]


def _adam(o: Any) -> list[Line]:
    lines = [("m ←", "{β₁} · {m} + (1 − {β₁}) · {g}"), ("v ←", "{β₂} · {v} + (1 − {β₂}) · {g}²")]
    lines += [("v_max ←", "max({v_max}, {v'})")] * o.amsgrad
    v = "{" + _v(o) + "}"
    lines += [("m̂", "{m'} / (1 − {β₁}ᵗ)"), ("v̂", v + " / (1 − {β₂}ᵗ)")]
    return [*lines, ("w ←", "{w} − {η} · √(1 − {β₂}ᵗ) / (1 − {β₁}ᵗ) · {m'} / (√" + v + " + {ε})")]


_LINES: dict[str, Callable[[Any], list[Line]]] = {"SGD": _sgd, "Adagrad": _adagrad, "RMSprop": _rmsprop, "Adam": _adam}
