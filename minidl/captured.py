"""The whole training step as one recording: on a GPU, starting the kernels one by one costs more than a small net's work.

A step is run twice, then recorded (nothing is computed then), and from there on only played: Python does nothing between the first kernel
and the last. What changes from step to step is read by the kernels from the GPU's memory: the batch from arrays that each new batch is
copied into; the number of the update and the learning rate; the state of the random numbers; the sums that metrics keep. One array of
results is read at the end of a step, if somebody asks for it then."""
import logging
from collections.abc import Callable
from functools import cache
from operator import is_
from typing import Any

from minidl import labels
from minidl.backend import Backend, owner
from minidl.batches import ArrayBatches
from minidl.devices import fused_updates, home_of, recorders, recording, tf32_allowed
from minidl.layers.symbolic import flat, map_structure
from minidl.metrics import MeanMetric
from minidl.random_numbers import random_generator
from minidl.switches import kernels_on, switch
from minidl.tensor import Tensor

log = logging.getLogger("minidl")
WARM_UP = 2  # steps of a shape that are run before it is recorded: kernels get compiled, memory gets taken
MOST_RECORDINGS = 8  # further shapes are run as always
SCALARS = (int, float, bool, str, tuple, type(None))


class CapturedSteps:
    """The recorded steps of a compiled model: one for each shape of batch. Called instead of its ``train_step``.

    ``capture``: "auto" records where it is known to be safe, True wherever it works, False nowhere. Whatever cannot be recorded is run as
    always, and the log (``logging.getLogger("minidl")``) says why."""

    def __init__(self, trainer: Any, capture: Any):
        if capture not in ("auto", True, False) or isinstance(capture, int) and not isinstance(capture, bool):
            raise ValueError(f"capture must be 'auto', True or False; got {capture!r}")
        self.trainer, self.capture = trainer, capture
        self.recordings: dict[Any, Recording] = {}
        self.refused = "capture=False" if capture is False else ""
        self.examined = False
        self.holders: list[dict[str, Any]] = []  # the attributes of all layers,
        self.seen: list[Any] = []  # the objects in them,
        self.settings: tuple[Any, ...] = ()  # and those that a recording depends on

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"recordings": {}, "holders": [], "seen": []}  # a copy of the model records for itself

    def __call__(self, data: tuple[Any, ...], checked: bool = False) -> Any:
        """One training step; ``checked``: the labels are known to be labels."""
        if self.refused or not kernels_on.get():
            return self.trainer.train_step(data)
        arrays = list(_arrays(data))
        home = owner(*arrays)
        if home.name not in recorders:
            return self.trainer.train_step(data)
        if not self.examined:
            self.examined = True
            if reason := _why_not(self.trainer, home, careful=self.capture == "auto"):
                return self._refuse(reason, data)
        if not checked:
            check_labels(self.trainer, data)
        key = self._key(arrays)
        known = self.recordings.get(key)
        if known is None or not known.fits():
            if known is None and len(self.recordings) >= MOST_RECORDINGS:
                return self.trainer.train_step(data)
            known = self.recordings[key] = Recording(self.trainer, data, home)
        try:
            return known.step(data)
        except CannotRecord as error:
            return self._refuse(str(error), data)

    def check(self, batches: Any) -> bool:
        """Whether all labels of these batches are known to be labels (ValueError if not); so that not each batch has to be looked at."""
        if not isinstance(batches, ArrayBatches) or batches.data.y is None or home_of(self.trainer).name not in recorders or self.refused:
            return False
        check_labels(self.trainer, tuple(batches.data))
        return True

    def _refuse(self, reason: str, data: Any) -> Any:
        self.refused = reason
        self.recordings.clear()
        log.info("the training step of %r is not recorded: %s", self.trainer.name, reason)
        return self.trainer.train_step(data)

    def _key(self, arrays: list[Any]) -> Any:
        seen = [value for attributes in self.holders for value in attributes.values()]
        if not self.holders or len(seen) != len(self.seen) or not all(map(is_, seen, self.seen)):  # else the settings are as they were
            self.holders = [vars(layer) for layer in _layers(self.trainer)]
            self.seen = [value for attributes in self.holders for value in attributes.values()]
            self.settings = _settings(self.holders, "stop_training")
        optimizer = _settings([vars(self.trainer.optimizer)], "iterations", "_learning_rate")
        return tuple((a.shape, a.dtype) for a in arrays), tf32_allowed(), id(random_generator()), optimizer, self.settings


class CannotRecord(Exception):
    """Why a step could not be recorded."""


class Later:
    """A number that a step reports, read from the device when it becomes a float; all numbers of the step are read at once."""

    def __init__(self, read: Callable[[], list[float]], place: int):
        self.read, self.place = read, place

    def __float__(self) -> float:
        return self.read()[self.place]


class Recording:
    """The step for one shape of batch."""

    def __init__(self, trainer: Any, data: tuple[Any, ...], home: Backend):
        self.trainer, self.home, self.recorder = trainer, home, recorders[home.name]()
        self.weights = trainer.weights
        self.memory = [w.data for w in self.weights]
        self.generator = random_generator()  # kept, so that nobody else gets its id
        self.fused = fused_updates[home.name, type(trainer.optimizer).update]
        self.sums = [Sums(metric, home) for metric in _metrics(trainer)]
        self.data: Any = None
        self.results: Any = None  # the numbers that the step reports, in the device's memory
        self.replay: Any = None
        self.runs, self.names = 0, list[str]()

    def fits(self) -> bool:
        """Whether the weights are still in the memory that the recording works on."""
        return all(w.data is array for w, array in zip(self.weights, self.memory))

    def step(self, data: tuple[Any, ...]) -> dict[str, Any]:
        """Do the step, or start it; what it reports is read when somebody asks for it."""
        self.run(data)
        own = self.results.copy()  # where no later step writes: not while the recorder is active, whose memory the recording reuses
        read = cache(lambda: own.get().tolist())
        return {name: Later(read, i) for i, name in enumerate(self.names)}

    def run(self, data: tuple[Any, ...]) -> None:
        """Do the step, or start it: nothing is read, so the device may still be at it."""
        with self.recorder.active():
            self._take(data)
            for sums in self.sums:
                sums.take()
            clock = self.fused.clock(self.trainer.optimizer, self.home)
            clock.set(self.trainer.optimizer.iterations, self.trainer.optimizer.learning_rate)
            if self.replay is not None:
                self.replay()
                self._count(clock)
            elif self.runs < WARM_UP:
                self.results = self._work()
            else:
                self._record(clock)
            self.runs += 1

    def _take(self, data: tuple[Any, ...]) -> None:
        if self.data is None:
            self.data = map_structure(_copy, data)
            return
        for place, new in zip(_arrays(self.data), _arrays(data)):
            place[...] = new

    def _work(self) -> Any:
        """The step, with nothing read: all results in one array."""
        with switch(recording, True), switch(labels.checking, False):
            logs = self.trainer.train_step(self.data)
            for sums in self.sums:
                sums.give()
            if numbers := [name for name, value in logs.items() if not isinstance(value, Tensor)]:
                raise CannotRecord(f"train_step returned a Python number for {numbers[0]!r}")
            self.names = list(logs)
            return self.home.module.stack([value.data.astype("float64").reshape(()) for value in logs.values()])

    def _record(self, clock: Any) -> None:
        optimizer, before = self.trainer.optimizer, self.trainer.optimizer.iterations
        try:
            self.results, self.replay = self.recorder.record(self._work)
        except Exception as error:  # whatever it is, the step can be run as always
            optimizer.iterations = before
            clock.forget()
            for sums in self.sums:
                sums.restore()
            raise CannotRecord(f"{type(error).__name__}: {error}") from error
        self.replay()

    def _count(self, clock: Any) -> None:
        """What the recorded step did in Python."""
        self.trainer.optimizer.iterations += 1
        clock.advanced()
        for weight in self.weights:
            weight.version += 1


class Sums:
    """A metric's two sums, at one place in the device's memory for the whole training."""

    def __init__(self, metric: MeanMetric, home: Backend):
        self.metric = metric
        self.places = {name: home.module.zeros((), "float64") for name in ("total", "count")}

    def take(self) -> None:
        """Bring the sums there, if they are elsewhere (after a reset: 0)."""
        for name, place in self.places.items():
            if (value := getattr(self.metric, name)) is not place:
                place[...] = value
                setattr(self.metric, name, place)

    def give(self) -> None:
        """The same at the end of a step, which made new arrays."""
        self.take()

    def restore(self) -> None:
        """Forget new arrays that were never computed."""
        for name, place in self.places.items():
            setattr(self.metric, name, place)


def check_labels(trainer: Any, data: tuple[Any, ...]) -> None:
    """ValueError if y does not hold what the losses need; a recorded step cannot look."""
    if not trainer.outputs or len(data) < 2 or data[1] is None:
        return
    first = next(_arrays(data[1:2]))
    xp, n = owner(first).module, first.shape[0]
    outputs = [xp.broadcast_to(xp.zeros((), "float32"), (n, *symbol.shape[1:])) for symbol in trainer.outputs]
    for loss, (y, output, _) in zip(trainer.objective.losses, trainer.objective.pairs(data[1], outputs, None)):
        if loss is not None:
            loss.prepare(y, output)


def _why_not(trainer: Any, home: Backend, careful: bool) -> str:
    """Why this model's step cannot be recorded; "" if it may be tried."""
    optimizer, objective = trainer.optimizer, trainer.objective
    if (home.name, type(optimizer).update) not in fused_updates:
        return f"{type(optimizer).__name__} has no update that can be recorded on {home.name}"
    if strange := [m for measures in objective.metrics for m in measures if not isinstance(m, MeanMetric)]:
        return f"metric {strange[0].name!r} may keep what it knows in Python"
    if not trainer.outputs:
        return "the model is not made of Input and layers"
    if not careful:
        return ""
    parts = [trainer, optimizer, *_layers(trainer), *objective.losses, *(m for measures in objective.metrics for m in measures)]
    for part in parts:
        for thing in (part, *(v for v in vars(part).values() if callable(v))) if part is not None else ():
            home_module = getattr(thing if hasattr(thing, "__qualname__") else type(thing), "__module__", None) or ""
            if home_module.split(".")[0] != "minidl":
                what = getattr(thing, "__name__", type(thing).__name__)
                return f"{what} is not minidl's own, and a recording would not run its Python again (capture=True records it all the same)"
    return ""


def _settings(holders: list[dict[str, Any]], *but: str) -> tuple[Any, ...]:
    return tuple(v for attributes in holders for k, v in attributes.items() if type(v) in SCALARS and k not in but)


def _layers(trainer: Any) -> list[Any]:
    found, todo = dict[Any, None](), [trainer]
    while todo:
        layer = todo.pop()
        if layer not in found:
            found[layer] = None
            todo += layer.sublayers
    return list(found)


def _metrics(trainer: Any) -> list[Any]:
    objective = trainer.objective
    return [*objective.means, *(metric for measures in objective.metrics for metric in measures)]


def _arrays(data: Any) -> Any:
    return (x.data if isinstance(x, Tensor) else x for x in flat(list(data)))


def _copy(x: Any) -> Any:
    return None if x is None else Tensor(x.data.copy()) if isinstance(x, Tensor) else x.copy()
