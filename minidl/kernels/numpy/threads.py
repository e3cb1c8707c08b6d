"""A few threads that wait for work. NumPy lets go of the interpreter's lock while it computes, so long calls run side by side."""
import contextvars
import os
import queue
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from minidl import config
from minidl.kernels.numpy.memory import forget_scratch

WORTH = 5e6  # multiply-adds for each thread: handing over costs some 50 µs, as much as this work


class _Worker:
    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, daemon=True, name="minidl")
        self.thread.start()

    def _work(self) -> None:
        while (job := self.jobs.get()) is not None:
            context, function, arguments = job
            try:
                self.done.put((context.run(function, *arguments), None))
            except BaseException as error:
                self.done.put((None, error))
            del job, context, function, arguments


class _Team:
    """The workers of the process. Whoever finds them busy does their part of the work too."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []
        self.busy = threading.Lock()
        self.possible = True

    def hire(self, n: int) -> list[_Worker]:
        """n workers, or as many as this system lets us have."""
        while self.possible and len(self.workers) < n:
            try:
                self.workers.append(_Worker())
            except RuntimeError:  # no threads here (in a browser, say), or no more
                self.possible = False
        return self.workers[:n]


_team = _Team()


def _forget() -> None:
    global _team
    _team = _Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # threads do not live on in a forked process


def parts_of(n: int, work: float) -> list[tuple[int, int]]:
    """0…n divided into as many parts as there are threads, or fewer where the ``work`` (multiply-adds) is too little for them."""
    if work < 2 * WORTH:
        return [(0, n)]
    count = min(config.settings().threads, n, int(work / WORTH))
    ends = [n * i // count for i in range(count + 1)]
    return list(pairwise(ends))


def run_parts(function: Callable[[int, int, int], Any], parts: list[tuple[int, int]]) -> list[Any]:
    """[function(i, start, end)] for the parts: the first in this thread, the others beside it. What a part raises is raised."""
    if len(parts) == 1:
        return [function(0, *parts[0])]
    team = _team
    if not team.busy.acquire(blocking=False):
        return [function(i, *part) for i, part in enumerate(parts)]
    try:
        workers = team.hire(len(parts) - 1)
        for i, worker in enumerate(workers, 1):
            worker.jobs.put((contextvars.copy_context(), function, (i, *parts[i])))
        outcomes = [_tried(function, 0, parts[0])]
        outcomes += [worker.done.get() for worker in workers]
        outcomes += [_tried(function, i, parts[i]) for i in range(len(workers) + 1, len(parts))]
    except BaseException:  # an interrupt while it waited: what these workers still bring must not be taken for the next results
        _forget()
        forget_scratch()  # they may still write into it
        for worker in team.workers:
            worker.jobs.put(None)  # they end when they are done
        raise
    finally:
        team.busy.release()
    for _, error in outcomes:
        if error is not None:
            raise error
    return [result for result, _ in outcomes]


def forget_scratch_everywhere() -> None:
    """All threads let go of what they have kept for kernels: it will be allocated again, and can be counted."""
    run_parts(lambda *_: forget_scratch(), [(i, i + 1) for i in range(config.settings().threads)])


def _tried(function: Callable[[int, int, int], Any], i: int, part: tuple[int, int]) -> tuple[Any, BaseException | None]:
    try:
        return function(i, *part), None
    except BaseException as error:
        return None, error
