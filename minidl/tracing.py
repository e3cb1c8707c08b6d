"""Why a parameter has no gradient: the function is run once more, and every way out of the graph is noted."""
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minidl import random_numbers
from minidl.autograd import grad
from minidl.backend import to_numpy
from minidl.recorder import Cut, Recorder, nudged, record
from minidl.tensor import Tensor
from minidl.traced_numbers import Cuts

HOW = {  # what happened, and what to do
    "data": ("was taken out of the graph by .data", "use the Tensor itself and ops from minidl.ops"),
    "detach": ("was taken out of the graph by .detach()", "leave out .detach() where a gradient is wanted"),
    "numpy": ("was turned into a NumPy array (.numpy() or np.asarray)", "use the Tensor itself and ops from minidl.ops"),
    "item": ("was turned into a Python number (.item() or float())", "keep the 0-d Tensor: it can be used like a number"),
    "new Tensor": ("was wrapped in a fresh Tensor(…), which starts a new graph", "use the Tensor that is there already"),
    "no_grad": ("was computed under no_grad(), where nothing is recorded", "move this line out of the no_grad() block"),
    "unknown": ("left the graph in a way that could not be followed", "compute with Tensors and ops from minidl.ops from here on"),
}


@dataclass(frozen=True)
class Finding:
    """Why one parameter has no gradient."""

    parameter: str | int  # its name, or its place among the parameters
    tensor: Tensor
    way: str  # a key of `HOW`
    op: str  # the op whose result was cut, or the parameter itself
    file: str
    line: int
    others: tuple["Finding", ...] = ()  # further cuts on other paths to the same parameter

    @property
    def sentence(self) -> str:
        happened, advice = HOW[self.way]
        label = _label(self.parameter)
        what = label if self.op == label else f"the result of {self.op}"
        more = "".join(f"; also cut at {os.path.basename(f.file)}:{f.line} ({f.way})" for f in self.others)
        return f"{label} gets no gradient: {what} {happened} at {self.file}:{self.line}{more}. What to do: {advice}."


@dataclass(frozen=True)
class Report:
    """What `why_no_grad` found: true if any parameter is left without a gradient through a cut."""

    findings: tuple[Finding, ...]
    note: str = "no cut found: every parameter that the result depends on has a recorded path to it"  # what to say without findings

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, i: int) -> Finding:
        return self.findings[i]

    def __str__(self) -> str:
        return "\n".join(finding.sentence for finding in self.findings) or self.note


def why_no_grad(f: Any, *args: Any, parameters: Sequence[Tensor] | None = None) -> Report:
    """Run ``f(*args)`` once more, and say for each trainable parameter that the result depends on, but that gets no gradient, where the
    path was cut: by ``.data``, ``.detach()``, ``.numpy()``, ``.item()``, a fresh ``Tensor(…)`` or ``no_grad``.

    ``f`` returns the loss and does not call ``backward``; or it is a pair ``(model, loss)``, and ``args`` are x and y. ``parameters``:
    all leaves with ``requires_grad`` that are met, if not given. The numbers are followed through NumPy and ``math``; where they get
    lost (a list handed to another library), f is run again for each place in question, with its numbers changed a little there: if the
    result changes, that was the place. Chance is the same in every run. TypeError for anything else."""
    if isinstance(f, tuple):
        return _of_model(f, args, parameters)
    if isinstance(f, Tensor) or not callable(f):
        raise TypeError(f"why_no_grad runs the function that computes the loss: why_no_grad(lambda: …); got {type(f).__name__}")
    if hasattr(f, "trainable_variables") and len(args) > 1:
        raise TypeError("why_no_grad of a model takes its loss too: why_no_grad((model, loss), x, y)")
    runs = _Runs(lambda: f(*args))
    result, recorder = runs.traced()
    listed = list(recorder.met) if parameters is None else list(parameters)
    missing = _without_gradient(result, recorder, listed)
    reached = _cuts_in(result, recorder)
    found: dict[Tensor, list[Cut]] = {p: [cut for cut in recorder.cuts if cut in reached and p in cut.params] for p in missing}
    if lost := [p for p, cuts in found.items() if not cuts]:
        found |= runs.tried(lost, recorder)
    labels = {p: p.name or i for i, p in enumerate(listed)}
    return Report(tuple(_finding(p, cuts, labels) for p, cuts in found.items() if cuts), _without_cuts(result, listed))


def _without_cuts(result: Any, params: list[Tensor]) -> str:
    """What to say where no cut is found."""
    if not isinstance(result, Tensor):
        return f"no cut found, but there is no gradient: the function returned {type(result).__name__}, and must return the loss, a Tensor"
    if not params:
        return "no parameter found: nothing that the function computes with was made with requires_grad=True"
    if not result.requires_grad:
        return (
            "no cut found, but there is no gradient: the result does not depend on the parameters, or only in steps that have no "
            "derivative (comparisons, whole numbers)"
        )
    return Report.note


def _of_model(pair: tuple[Any, ...], data: tuple[Any, ...], parameters: Sequence[Tensor] | None) -> Report:
    if len(pair) != 2 or not all(map(callable, pair)) or len(data) != 2:
        raise TypeError(
            "why_no_grad of a model takes a loss, as minidl.losses.MeanSquaredError(), x and y: why_no_grad((model, loss), x, y)"
        )
    (model, loss), (x, y) = pair, data
    if not model.built:
        model(x, training=False)
    before = model.get_weights()  # the running values of batch normalization change while it trains
    try:
        return why_no_grad(lambda: loss(y, model(x, training=True)), parameters=parameters or model.trainable_variables)
    finally:
        model.set_weights(before)


def _finding(p: Tensor, cuts: list[Cut], labels: dict[Tensor, Any]) -> Finding:
    def one(cut: Cut, others: tuple[Finding, ...] = ()) -> Finding:
        op = _label(labels.get(cut.at, "a parameter")) if isinstance(cut.at, Tensor) else cut.at
        return Finding(labels[p], p, cut.way, op, cut.file, cut.line, others)

    return one(cuts[0], tuple(map(one, cuts[1:])))


def _label(parameter: str | int) -> str:
    return parameter if isinstance(parameter, str) else f"parameter {parameter}"


def _without_gradient(result: Any, recorder: Recorder, params: list[Tensor]) -> list[Tensor]:
    if not isinstance(result, Tensor) or result.node is None:
        return params
    try:
        gradients = grad(result, params, np.ones(result.shape) if isinstance(result._data, np.ndarray) else None, keep_graph=True)
    except (RuntimeError, NotImplementedError):  # f has called backward, or an op has no rule: what was recorded must do
        reached = recorder.leaves_of(result)
        return [p for p in params if p not in reached]
    return [p for p, g in zip(params, gradients) if g is None]


def _cuts_in(result: Any, recorder: Recorder) -> Cuts:
    return recorder.cuts_of_tensor(result) if isinstance(result, Tensor) else recorder.memory.of(result)


class _Runs:
    """The function, run as often as needed, each time with the same random numbers."""

    def __init__(self, f: Callable[[], Any]) -> None:
        self.f = f
        self.chance = np.random.get_state(), random_numbers.random_generator().bit_generator.state  # noqa: NPY002  (the learner's)

    def traced(self, nudge: Any = None) -> tuple[Any, Recorder]:
        """The result, and what was noted; numbers that leave the graph at the site ``nudge`` are changed a little."""
        np.random.set_state(self.chance[0])  # noqa: NPY002
        random_numbers.random_generator().bit_generator.state = self.chance[1]
        with record(nudge) as recorder:
            return self.f(), recorder

    def value(self, nudge: Any = None) -> Any:
        result, _ = self.traced(nudge)
        with record():
            return to_numpy(result._data) if isinstance(result, Tensor) else np.asarray(result, float)

    def tried(self, lost: list[Tensor], recorder: Recorder) -> dict[Tensor, list[Cut]]:
        """The cuts of parameters whose numbers got lost: those where a change changes the result."""
        value = self.value()
        if not _same(value, self.value()):
            return {}  # another result each time: a change says nothing
        sites = dict.fromkeys(cut.site for cut in recorder.cuts if not cut.params.isdisjoint(lost))
        real = {site for site in sites if not _same(value, self.value(site))}
        found = {p: [cut for cut in recorder.cuts if cut.site in real and p in cut.params] for p in lost}
        for p in lost:
            if not found[p] and p not in recorder.met and not _same(value, self._with_changed(p)):
                code = getattr(self.f, "__code__", None)
                found[p] = [Cut("unknown", p, getattr(code, "co_filename", "?"), getattr(code, "co_firstlineno", 0), frozenset([p]))]
        return found

    def _with_changed(self, p: Tensor) -> Any:
        array = p._data.copy()
        try:
            p._data[...] = nudged(array)
            return self.value()
        finally:
            p._data[...] = array


def _same(a: Any, b: Any) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))
