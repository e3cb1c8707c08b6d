"""A step in maths: what is computed, with the actual numbers, and the chain rule, upstream × local = downstream."""
from typing import Any

import numpy as np

from minidl.backend import Array, to_numpy
from minidl.stepper import sources
from minidl.stepper.again import derivatives
from minidl.stepper.arrays import MOST_VALUES, text
from minidl.stepper.steps import Backward, Forward, Update

INFIX = {
    "add": "+", "subtract": "−", "multiply": "×", "divide": "/", "power": "^", "matmul": "@", "less": "<", "less_equal": "≤",
    "greater": ">", "greater_equal": "≥", "equal": "=", "not_equal": "≠",
}  # fmt: skip
DELTA = ", δ = g before the activation"
CONVOLUTION = {"x": "col2im(δ kernelᵀ)" + DELTA, "kernel": "im2col(x)ᵀ δ" + DELTA, "bias": "Σ δ" + DELTA}
COMPOSITES = {  # their rule is their body; this is what comes out
    "dense_layer": {"x": "δ kernelᵀ" + DELTA, "kernel": "xᵀ δ" + DELTA, "bias": "Σ δ" + DELTA},
    "conv2d": {"x": "col2im(g kernelᵀ)", "kernel": "im2col(x)ᵀ g"},
    "convolution_layer": CONVOLUTION,
    "convolution_and_pooling": CONVOLUTION,
    "softmax_crossentropy": {"x": "g (softmax(x) Σ targets − targets)"},
    "average_pool2d": {"x": "g / (numbers in the window), to all of them"},
    "global_average_pool2d": {"x": "g / (rows · columns), everywhere"},
}
BROADCASTING = {*INFIX, "maximum", "minimum", "where"} - {"matmul"}  # their smaller input is repeated, as NumPy does it
WRITTEN = 4  # entries of an array that are written out in a line


def shown(array: Array | None) -> str | None:
    """An array of few entries in a line; None of many."""
    if array is None or array.size > WRITTEN or array.size == 0:
        return None
    array = to_numpy(array)
    return text(array.ravel()[0]) if array.size == 1 else np.array2string(array, separator=", ", formatter={"all": text}).replace("\n", "")


def _signed(number: str) -> str:
    return f"({number})" if number.startswith("−") else number


def forward_numbers(step: Forward) -> str | None:
    """ "0.462 = tanh(0.5)", where all arrays have few entries."""
    result, inputs = shown(step.output.array), [shown(value.array) for value in step.inputs if value is not None]
    if result is None or None in inputs:
        return None
    written = [text or "" for text in inputs]
    if step.op.name in INFIX and len(written) == 2:
        return f"{result} = {_signed(written[0])} {INFIX[step.op.name]} {_signed(written[1])}"
    metadata = sources.metadata_text(step.metadata)
    return f"{result} = {step.op.name}({', '.join([*written, *([metadata] if metadata else [])])})"


def local_derivatives(step: Backward) -> list[np.ndarray | None]:
    """dy/dx for each input that wants a gradient, where the step is number by number: downstream = upstream · local, entry by entry. Else
    None. It is computed again, by the readable rule."""
    if step.forward is None or step.output.array.size > MOST_VALUES:
        return [None] * len(step.inputs)
    g = to_numpy(step.g)
    found: list[np.ndarray | None] = []
    for value, own, local in zip(step.inputs, step.grads, derivatives(step.op, step.inputs, step.forward.metadata)):
        fits = value is not None and own is not None and local is not None and (g.size == 1 or g.shape == value.array.shape)
        with np.errstate(all="ignore"):
            fits = fits and bool(np.allclose(to_numpy(own) if own is not None else 0, g * local, rtol=1e-5, atol=1e-30, equal_nan=True))
        found.append(local if fits else None)
    return found


def chain(step: Backward) -> list[dict[str, Any]]:
    """For each input that gets a gradient: upstream × local = downstream, in symbols and, where it is number by number, in numbers."""
    formulas = sources.maths(step.op)[1] or COMPOSITES.get(step.op.name, {})
    rows = []
    for i, (own, local) in enumerate(zip(step.grads, local_derivatives(step))):
        if own is None:
            continue
        name = sources.input_name(step.op, i)
        formula = formulas.get(name) or (formulas.get("x") if len(formulas) == 1 and "[" in name else None)
        repeated = step.op.name in BROADCASTING and own.shape != step.g.shape and local is None
        summed = f", summed to the shape of {name}" if repeated else ""
        symbols = {"input": i, "upstream": "dL/dy", "local": _local(name, formula, local is not None) + summed}
        rows.append(symbols | {"text": _numbers(step.g, local, own)})
    return rows


def _local(name: str, formula: str | None, number_by_number: bool) -> str:
    if formula is None:
        return f"dy/d{name}" if number_by_number else f"dL/d{name} = what the rule says"
    if number_by_number and formula in ("g", "-g", "−g"):
        return f"dy/d{name} = {'1' if formula == 'g' else '−1'}"
    if number_by_number and formula.startswith(("g ", "−g ", "-g ")):
        sign, rest = ("" if formula[0] == "g" else "−"), formula.split("g ", 1)[1].strip()
        rest = rest[2:] if rest.startswith("· ") else rest
        whole = rest.startswith("(") and rest.endswith(")") and rest.count("(") == 1 and not sign
        rest = "1 " + rest if rest.startswith(("/", "where ", "for ")) else rest[1:-1] if whole else rest
        return f"dy/d{name} = {sign}{rest}"
    return f"dL/d{name} = {formula}"


def _numbers(g: Array, local: np.ndarray | None, own: Array) -> str | None:
    if local is None:
        return None
    upstream, factor, downstream = shown(g), shown(local), shown(own)
    if upstream is not None and factor is not None and downstream is not None:
        return f"{downstream} = {_signed(upstream)} × {_signed(factor)}"
    if own.size == 0:
        return None
    at = np.unravel_index(int(np.argmax(np.abs(np.nan_to_num(to_numpy(own).astype(float))))), own.shape)
    there = [text(to_numpy(a)[at] if a.shape == own.shape else to_numpy(a).ravel()[0]) for a in (own, g, local)]
    return f"at {list(map(int, at))}: {there[0]} = {_signed(there[1])} × {_signed(there[2])}"


def update_numbers(step: Update) -> str | None:
    """ "0.51 = 0.5 − 0.1 × (−0.1)"; "0.51 = 0.5 + 0.01" where there is more to it."""
    after, before = shown(step.after.array), shown(step.before)
    if after is None or before is None:
        return None
    factor = gradient_factor(step)
    if factor is not None:
        return f"{after} = {before} − {text(factor)} × {_signed(shown(step.g) or '')}"
    return f"{after} = {before} + {_signed(shown(step.change) or '')}"


def gradient_factor(step: Update) -> float | None:
    """η, if the update was w − η g, to rounding."""
    if step.g is None or step.g.size == 0 or step.g.shape != step.before.shape:
        return None
    g, change = to_numpy(step.g).astype(float), to_numpy(step.before).astype(float) - to_numpy(step.after.array).astype(float)
    with np.errstate(all="ignore"):
        factor = float((change * g).sum() / (g * g).sum())
        rounding = 8 * np.finfo(step.before.dtype).eps * np.abs(to_numpy(step.before)).max()
        if not np.isfinite(factor) or not np.allclose(change, factor * g, rtol=1e-4, atol=rounding):
            return None
    if step.learning_rate is not None and np.isclose(factor, step.learning_rate, rtol=1e-3):
        return step.learning_rate
    return float(f"{factor:.3g}") if np.allclose(change, float(f"{factor:.3g}") * g, rtol=1e-4, atol=rounding) else factor


def update_says(step: Update) -> str:
    """The rule: of an optimiser, from its docstring; of the learner's own line, what it looks like."""
    if step.optimizer is not None:
        return sources.update_rule(step.optimizer)
    factor = gradient_factor(step)
    return "w changed in place" if factor is None else f"w ← w − {text(factor)} g"


def says(step: Forward | Backward | Update) -> str:
    """What a step does, as maths."""
    return update_says(step) if isinstance(step, Update) else sources.maths(step.op)[0]
