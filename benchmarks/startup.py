"""How long it takes until a framework can be used: a new process that imports it, less a new process that imports nothing."""
import subprocess
import time
from collections.abc import Callable
from typing import Any

from benchmarks.contestants import MINIDL, Contestant
from benchmarks.peers import PEERS, PROJECT, python_of
from benchmarks.statistics import paired_ratios, spread

MINIDL_PROGRAM = "import minidl; minidl.Model, minidl.layers, minidl.optimizers"


def measure(peers: list[str], rounds: int, cores: int, tick: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of each framework's import, for minidl with what a training script uses; interleaved. The first round is not counted: it
    reads the files from the disk."""
    everybody = [MINIDL, *(Contestant(name, name, name) for name in peers)]
    numbers: dict[str, list[float]] = {c.name: [] for c in everybody}
    for turn in range(rounds + 1):
        for contestant in everybody:
            tick(contestant.name)
            name = contestant.framework
            program = PEERS[name].program if name in PEERS else MINIDL_PROGRAM
            seconds = _seconds(contestant, program, cores) - _seconds(contestant, "pass", cores)
            if turn:
                numbers[contestant.name].append(max(seconds, 1e-4))
    return {
        "kind": "import", "title": "import", "unit": "seconds",
        "numbers": {name: {**spread(values).as_json(), "rounds": values} for name, values in numbers.items()},
        "minidl by": {name: {"best": name, **paired_ratios(numbers["minidl"], numbers[name]).as_json()} for name in peers},
    }  # fmt: skip


def _seconds(contestant: Contestant, program: str, cores: int) -> float:
    command = [str(python_of(contestant.framework)), "-c", program]
    start = time.perf_counter()
    subprocess.run(command, cwd=PROJECT, env=contestant.environment_for(cores, cores), check=True, capture_output=True)
    return time.perf_counter() - start
