"""When a training step is recorded, and which recording is played: see ``recorded.py`` for what that is."""
import logging
from collections.abc import Callable, Iterator
from operator import is_
from typing import Any

from minidl.backend import Backend, owner
from minidl.batches import ArrayBatches, resident
from minidl.devices import fused_updates, home_of, recorders, tf32_allowed
from minidl.layers import Layer
from minidl.losses import Loss
from minidl.metrics import MeanMetric, Metric
from minidl.objective import Objective, named
from minidl.optimizers import Optimizer
from minidl.random_numbers import random_generator
from minidl.recorded import CannotRecord, Recording, arrays_in
from minidl.regularizers import Regularizer
from minidl.switches import kernels_on
from minidl.symbolic import flat

log = logging.getLogger("minidl")
MOST_RECORDINGS = 8  # what is further needed is run as always
LIVE = {  # attributes that change from step to step, or that no step reads
    "iterations", "_learning_rate", "_state", "_warned", "_last", "total", "count", "doubts", "history", "stop_training", "captured",
    "compile_arguments", "_config", "_holders", "_told",
}  # fmt: skip


class CapturedSteps:
    """The recorded steps of a compiled model: one for each form of batch, and for all that it depends on. Called instead of its
    ``train_step``.

    ``capture``: "auto" records where it is known to be safe, True wherever it works, False nowhere. Whatever cannot be recorded is run as
    always, and the log (``logging.getLogger("minidl")``) says why."""

    def __init__(self, trainer: Any, capture: Any):
        if capture not in ("auto", True, False) or isinstance(capture, int) and not isinstance(capture, bool):
            raise ValueError(f"capture must be 'auto', True or False; got {capture!r}")
        self.trainer, self.capture = trainer, capture
        self.recordings: dict[Any, Recording] = {}
        self.refused = "capture=False" if capture is False else ""
        self.failed = capture is False  # it was tried, and cannot be
        self.parts: list[Any] = []  # the model and all that it is trained with,
        self.seen: list[Any] = []  # what was found in their attributes,
        self.settings: Any = ()  # and the same as a key

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"recordings": {}, "parts": [], "seen": [], "settings": ()}  # a copy of the model records for itself

    def __call__(self, data: tuple[Any, ...], checked: bool = False) -> Any:
        """One training step; ``checked``: the labels are known to be labels."""
        if self.failed or not kernels_on.get() or "apply" in vars(self.trainer.optimizer):  # the last: somebody watches it
            return self.trainer.train_step(data)
        home = owner(*arrays_in(data))
        if home.name not in recorders:
            return self.trainer.train_step(data)
        self._look(home)
        if self.refused:
            return self.trainer.train_step(data)
        if not checked:
            check_labels(self.trainer, data)
        key = _form(data), tf32_allowed(), id(random_generator()), self.settings
        known = self.recordings.get(key)
        if known is None or not known.fits():
            if known is None and len(self.recordings) >= MOST_RECORDINGS:
                return self.trainer.train_step(data)
            known = self.recordings[key] = Recording(self.trainer, data, home)
        try:
            return known.step(data)
        except CannotRecord as error:
            self.failed = True
            self._refuse(str(error))
            return self.trainer.train_step(data) if error.logs is None else error.logs

    def ready(self, batches: Any) -> tuple[Any, Callable[[tuple[Any, ...]], dict[str, Any]]]:
        """What `fit` works with: the batches, whose arrays move to the GPU at once where they fit; and ``train_step``, recorded where that
        may be. ValueError if the labels of the batches are none (so that not each batch has to be looked at)."""
        home = home_of(self.trainer)
        checked = isinstance(batches, ArrayBatches) and batches.data.y is not None and home.name in recorders and not self.refused
        if checked:
            check_labels(self.trainer, tuple(batches.data))
        return resident(batches, home), lambda data: named(self(data, checked))

    def _look(self, home: Backend) -> None:
        """Look at the model again if something in it is another object than before."""
        seen = [home, *_seen(self.parts)]
        if not self.parts or len(seen) != len(self.seen) or not all(map(is_, seen, self.seen)):
            self.parts = _parts(self.trainer)
            self.seen = [home, *_seen(self.parts)]
            self.settings = tuple((k, _frozen(v)) for part in self.parts for k, v in vars(part).items() if k not in LIVE)
            self._refuse(_why_not(self.trainer, self.parts, home, careful=self.capture == "auto"))

    def _refuse(self, reason: str) -> None:
        if reason and reason != self.refused:
            self.recordings.clear()
            log.info("the training step of %r is not recorded: %s", self.trainer.name, reason)
        self.refused = reason


def check_labels(trainer: Any, data: tuple[Any, ...]) -> None:
    """ValueError if y does not hold what the losses need; a recorded step cannot look."""
    if not trainer.outputs or len(data) < 2 or data[1] is None:
        return
    first = next(arrays_in(data[1:2]))
    xp, n = owner(first).module, first.shape[0]
    outputs = [xp.broadcast_to(xp.zeros((), "float32"), (n, *symbol.shape[1:])) for symbol in trainer.outputs]
    for loss, (y, output, _) in zip(trainer.objective.losses, trainer.objective.pairs(data[1], outputs, None)):
        if loss is not None:
            loss.prepare(y, output)


def _why_not(trainer: Any, parts: list[Any], home: Backend, careful: bool) -> str:
    """Why this model's step cannot be recorded; "" if it may be tried."""
    optimizer = trainer.optimizer
    if (home.name, type(optimizer).update) not in fused_updates:
        return f"{type(optimizer).__name__} has no update that can be recorded on {home.name}"
    if strange := [m for measures in trainer.objective.metrics for m in measures if not isinstance(m, MeanMetric)]:
        return f"metric {strange[0].name!r} may keep what it knows in Python"
    if not trainer.outputs:
        return "the model is not made of Input and layers"
    if drawing := [part for part in parts if getattr(part, "draws_in_python", False)]:
        return f"layer {drawing[0].name!r} draws random numbers in Python, and a recording would repeat them"
    if not careful:
        return ""
    for part in parts:
        for thing in (part, *(v for k, v in vars(part).items() if callable(v) and k not in LIVE), *_rules(part)):
            home_module = getattr(thing if hasattr(thing, "__qualname__") else type(thing), "__module__", None) or ""
            if home_module.split(".")[0] != "minidl":
                what = getattr(thing, "__name__", type(thing).__name__)
                return f"{what} is not minidl's own, and a recording would not run its Python again (capture=True records it all the same)"
    return ""


def _rules(part: Any) -> list[Any]:
    """The regularizers of a layer's weights."""
    return [rule for _, rule in getattr(part, "_regularized", ())]


class Itself:
    """An object as part of a key: equal to itself alone, and kept, so that no other gets its place in memory."""

    def __init__(self, thing: Any):
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _form(data: Any) -> Any:
    """What of a batch a recording depends on: shapes and dtypes, and what they are called."""
    if isinstance(data, dict):
        return tuple((name, _form(one)) for name, one in data.items())
    if isinstance(data, (list, tuple)):
        return tuple(map(_form, data))
    return None if data is None else (data.shape, data.dtype)


def _frozen(value: Any) -> Any:
    """An attribute's value as part of a key: numbers and texts by value, also in lists and dictionaries; other things are themselves."""
    if isinstance(value, dict):
        return tuple((_frozen(key), _frozen(one)) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    return value if isinstance(value, int | float | str | None) else Itself(value)


def _parts(trainer: Any) -> list[Any]:
    """The model, its layers, the optimiser, losses and metrics, wherever one holds another."""
    found, todo = dict[int, Any](), [trainer]
    while todo:
        part = todo.pop()
        if id(part) not in found:
            found[id(part)] = part
            held = flat([value for name, value in vars(part).items() if name not in LIVE])
            todo += [one for one in held if isinstance(one, Layer | Optimizer | Objective | Loss | Metric | Regularizer)]
    return list(found.values())


def _seen(parts: list[Any]) -> Iterator[Any]:
    """The objects in all attributes, and in lists there."""
    for part in parts:
        for name, value in vars(part).items():
            if name not in LIVE:
                yield value
                if type(value) is list:
                    yield from value
