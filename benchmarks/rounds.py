"""The interleaved measurement: every round asks each contestant once, in an order of its own."""
import random
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks.cases import Case
from benchmarks.contestants import BARE_STEP, Contestant
from benchmarks.nets import parameters, step_operations
from benchmarks.statistics import Spread, paired_ratios, spread
from benchmarks.workers import Process, WorkerError

# How far the losses of the first steps may differ, relative to the loss. The first tells the forward pass, the second the gradients.
# Then differences grow: Adam's first steps are as large for a gradient of 1e-6 as for one of 1, and PyTorch adds ε elsewhere than Keras.
TOLERANCES = (1e-5, 1e-3, 1e-2, 1e-2, 1e-2)
MEMORY_ROUNDS = 3  # a new process each time, and hardly any spread
PAUSE = 0.1  # seconds: the threads of the one before have stopped waiting for work by then, which they do at full speed
FIT_STEPS = {32: 100, 128: 40}  # of an epoch of fit, by batch size


@dataclass
class Result:
    """What a case gave: for each contestant one number a round (seconds, or bytes), and its description."""

    case: Case
    numbers: dict[str, list[float]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)  # contestant → the name it is quoted under
    described: dict[str, Any] = field(default_factory=dict)
    losses: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def best(self, group: str) -> str | None:
        """The contestant of that group with the lowest median."""
        mine = [name for name in self.numbers if self.groups[name] == group]
        return min(mine, key=lambda name: statistics.median(self.numbers[name]), default=None)

    def of(self, group: str) -> Spread | None:
        """The numbers of the group's best contestant."""
        name = self.best(group)
        return None if name is None else spread(self.numbers[name])

    def ratio(self, group: str) -> Spread | None:
        """minidl's numbers by those of the group's best contestant, round by round."""
        name = self.best(group)
        return None if name is None or name == "minidl" else paired_ratios(self.numbers["minidl"], self.numbers[name])

    def as_json(self) -> dict[str, Any]:
        case = self.case
        ratios = {group: (self.best(group), self.ratio(group)) for group in dict.fromkeys(self.groups.values())}
        return {
            "kind": case.kind, "title": case.title, "net": case.net.name, "batch": case.batch, "threads": case.threads,
            "unit": "bytes" if case.kind == "memory" else "seconds", "parameters": parameters(case.net),
            "operations": step_operations(case.net, case.batch),
            "numbers": {name: {**spread(numbers).as_json(), "rounds": numbers} for name, numbers in self.numbers.items()},
            "minidl by": {group: {"best": best, **ratio.as_json()} for group, (best, ratio) in ratios.items() if ratio},
            "settings": self.described, "losses": self.losses, "failed": self.failed,
        }  # fmt: skip


class LossesDiffer(AssertionError):
    """The contestants do not train the same net, so nothing about their speed is said."""


def check_losses(losses: dict[str, list[float]]) -> None:
    """LossesDiffer if one's losses are not those of the first."""
    (first, expected), *others = losses.items()
    for name, got in others:
        for step, (a, b, tolerance) in enumerate(zip(expected, got, TOLERANCES, strict=True)):
            if not abs(a - b) <= tolerance * max(abs(a), 1e-3):
                raise LossesDiffer(f"step {step + 1}: the loss of {first} is {a:.6f}, that of {name} {b:.6f}")


def measure(case: Case, contestants: list[Contestant], rounds: int, seconds: float, cores: int, tick: Callable[[str], None]) -> Result:
    """Start everybody, check that they compute the same, and measure. A peer that fails is left out, with its reason; if minidl fails,
    WorkerError. ``tick`` is told about each contestant before it is measured."""
    result = Result(case)
    if case.kind == "memory":
        for _ in range(min(rounds, MEMORY_ROUNDS)):
            for contestant in contestants:
                tick(contestant.name)
                with Process(contestant, case.threads, cores) as worker:
                    _ask(result, contestant, worker, "memory", net=case.net.as_json(), batch=case.batch)
        return result
    with ExitStack() as stack:
        workers = {c: stack.enter_context(Process(c, case.threads, cores)) for c in contestants}
        for contestant, worker in list(workers.items()):
            tick(f"{contestant.name}: first steps")
            try:
                if case.kind != "addition":
                    worker.ask("build", net=case.net.without_dropout().as_json(), batch=case.batch)
                    if contestant.framework != "product":
                        result.losses[contestant.name] = worker.ask("losses", steps=len(TOLERANCES))
                    worker.ask("build", net=case.net.as_json(), batch=case.batch)
                result.described[contestant.name] = {
                    **worker.ask("describe"), "settings": contestant.settings, "environment": contestant.environment,
                }  # fmt: skip
                worker.ask(**request(case, contestant, seconds))
            except WorkerError as error:
                if contestant.framework == "minidl":
                    raise
                result.failed[contestant.name] = str(error)
                del workers[contestant]
        if result.losses:
            check_losses(result.losses)
        order = random.Random(0)
        for _ in range(rounds):
            for contestant, worker in order.sample(list(workers.items()), len(workers)):
                tick(contestant.name)
                time.sleep(PAUSE)
                _ask(result, contestant, worker, **request(case, contestant, seconds))
    return result


def request(case: Case, contestant: Contestant, seconds: float) -> dict[str, Any]:
    """What a worker is asked in each round."""
    if case.kind == "addition":
        return {"request": "recorded_addition", "seconds": seconds}
    if case.kind == "fit" and contestant is not BARE_STEP:
        return {"request": "fit", "net": case.net.as_json(), "batch": case.batch, "steps": FIT_STEPS[case.batch]}
    return {"request": "steps", "seconds": seconds}


def _ask(result: Result, contestant: Contestant, worker: Process, request: str, **arguments: Any) -> None:
    answer = worker.ask(request, **arguments)
    if answer is None:
        result.failed[contestant.name] = "this system does not tell how much memory a process needs"
        return
    result.groups[contestant.name] = contestant.group
    result.numbers.setdefault(contestant.name, []).append(statistics.median(answer) if isinstance(answer, list) else answer)
