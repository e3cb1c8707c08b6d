"""The process that runs one framework: ``python -m benchmarks.worker torch '{"threads": 1, "layout": "channels_last"}'``.

It reads one request a line from standard input, {"do": "name of a method of Worker", arguments…}, and writes one answer a line,
{"answer": …} or {"error": …}. What the framework prints itself goes to standard error."""
import json
import os
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.memory import Peak
from benchmarks.nets import Net, pictures, start_weights

CLASSES = {"minidl": "Minidl", "torch": "Torch", "jax": "Jax", "keras": "Keras", "dezero": "DeZero", "product": "Product"}


class Worker:
    """Its methods are the requests."""

    def __init__(self, name: str, settings: dict[str, Any]):
        self.framework = getattr(import_module(f"benchmarks.frameworks.with_{name}"), CLASSES[name])(settings)

    def describe(self) -> dict[str, Any]:
        """Versions, and the number of threads that the framework itself reports."""
        return {"versions": self.framework.versions(), "threads": self.framework.threads_in_use()}

    def build(self, net: dict[str, Any], batch: int) -> None:
        """Make the net, with the weights and the batch that everybody gets."""
        made = Net.from_json(net)
        self.framework.build(made, start_weights(made))
        self.framework.load(*pictures(made, batch))

    def losses(self, steps: int) -> list[float]:
        """The losses of the next steps."""
        return [float(self.framework.step()) for _ in range(steps)]

    def steps(self, seconds: float) -> list[float]:
        """How long each step took, in seconds: three steps at least, and more until the time is over. One before them is not counted."""
        self.framework.step()
        return timed(self.framework.step, seconds)

    def fit(self, net: dict[str, Any], batch: int, steps: int) -> list[float]:
        """Seconds of each step of an epoch of ``fit``, as a list of one."""
        if not hasattr(self, "epoch"):
            self.epoch = pictures(Net.from_json(net), batch * steps)
            self.framework.fit(*self.epoch, batch)
        start = time.perf_counter()
        self.framework.fit(*self.epoch, batch)
        return [(time.perf_counter() - start) / steps]

    def memory(self, net: dict[str, Any], batch: int) -> int | None:
        """Bytes by which the peak of resident memory grew from after a first forward of one image to after five steps."""
        self.build(net, batch)
        self.framework.forward(pictures(Net.from_json(net), 1)[0])
        peak = Peak()
        self.losses(5)
        return peak.growth()

    def recorded_addition(self, seconds: float) -> list[float]:
        """How long one recorded a + b took, of each of many runs of a thousand."""
        add = self.framework.recorded_addition()

        def thousand() -> None:
            for _ in range(1000):
                add()

        return [t / 1000 for t in timed(thousand, seconds)]


def timed(function: Any, seconds: float, at_least: int = 3) -> list[float]:
    """The duration of each call of ``function``."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < at_least or time.perf_counter() < end:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    """Answer until there is no more request."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        worker: Any = None
        for line in sys.stdin:
            request = json.loads(line)
            try:
                worker = worker or Worker(sys.argv[1], json.loads(sys.argv[2]))
                answer = {"answer": getattr(worker, request.pop("do"))(**request)}
            except Exception as error:  # it is told to the other side, which decides
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer, default=_plain), file=answers, flush=True)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"cannot send {type(value).__name__}")


if __name__ == "__main__":
    main()
