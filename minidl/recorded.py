"""One training step, recorded: on a GPU, starting the kernels one by one costs more than a small net's work.

A step is run twice, then recorded (nothing is computed then), and from there on only played: Python does nothing between the first kernel
and the last. What changes from step to step is read by the kernels from the GPU's memory: the batch from arrays that each new batch is
copied into; the number of the update and the learning rate; the state of the random numbers; the sums that metrics keep. One array of
results is read at the end of a step, if somebody asks for it then."""
from collections.abc import Callable
from functools import cache
from operator import is_
from typing import Any

from minidl import labels
from minidl.backend import Backend
from minidl.devices import fused_updates, recorders, recording
from minidl.metrics import MeanMetric
from minidl.random_numbers import random_generator
from minidl.switches import switch
from minidl.symbolic import flat, map_structure
from minidl.tensor import Tensor

WARM_UP = 2  # steps of a shape that are run before it is recorded: kernels get compiled, memory gets taken


class CannotRecord(Exception):
    """Why a step could not be recorded. ``logs``: what it returned, if it was done all the same."""

    def __init__(self, reason: str, logs: Any = None):
        super().__init__(reason)
        self.logs = logs


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
        self.memory = self._memory()
        self.generator = random_generator()  # kept, so that nobody else gets its id
        self.fused = fused_updates[home.name, type(trainer.optimizer).update]
        self.sums = [Sums(metric, home) for metric in _metrics(trainer)]
        self.data: Any = None
        self.results: Any = None  # the numbers that the step reports, in the device's memory
        self.replay: Any = None
        self.runs, self.names = 0, list[str]()

    def fits(self) -> bool:
        """Whether the weights and the optimiser's state are still in the memory that the recording works on."""
        return self.replay is None or all(map(is_, self._memory(), self.memory))

    def _memory(self) -> list[Any]:
        states = self.trainer.optimizer._state
        return [w.data for w in self.weights] + [array for w in self.weights for array in states.get(w, {}).values()]

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
        for place, new in zip(arrays_in(self.data), arrays_in(data)):
            place[...] = new

    def _work(self) -> Any:
        """The step, with nothing read: all results in one array."""
        with switch(recording, True), switch(labels.checking, False):
            logs = self.trainer.train_step(self.data)
            for sums in self.sums:
                sums.take()  # the step made new arrays
            if numbers := [name for name, value in logs.items() if not isinstance(value, Tensor)]:
                raise CannotRecord(f"train_step returned a Python number for {numbers[0]!r}", logs)
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
        self.memory = self._memory()
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

    def restore(self) -> None:
        """Forget new arrays that were never computed."""
        for name, place in self.places.items():
            setattr(self.metric, name, place)


def arrays_in(data: Any) -> Any:
    """The arrays of a batch, one by one."""
    return (x.data if isinstance(x, Tensor) else x for x in flat(list(data)))


def _metrics(trainer: Any) -> list[Any]:
    objective = trainer.objective
    return [*objective.means, *(metric for measures in objective.metrics for metric in measures)]


def _copy(x: Any) -> Any:
    return None if x is None else Tensor(x.data.copy()) if isinstance(x, Tensor) else x.copy()
