"""The other end of worker.py: start a process, ask it, end it."""
import json
import subprocess
import tempfile
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from benchmarks.contestants import Contestant
from benchmarks.peers import PROJECT, python_of


class WorkerError(RuntimeError):
    """What went wrong in a worker, in its own words."""


class Process:
    """A worker for a contestant: ``with Process(contestant, threads, cores) as worker: worker.ask("describe")``."""

    def __init__(self, contestant: Contestant, threads: int, cores: int):
        self.contestant = contestant
        settings = json.dumps({"threads": threads, **contestant.settings})
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  (__exit__ closes it)
        self.process = subprocess.Popen(
            [str(python_of(contestant.framework)), "-m", "benchmarks.worker", contestant.framework, settings],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, encoding="utf-8", cwd=PROJECT,
            env=contestant.environment_for(threads, cores),
        )  # fmt: skip

    def ask(self, request: str, **arguments: Any) -> Any:
        """The answer; WorkerError if there is none."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            print(json.dumps({"do": request, **arguments}), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.process.wait()
            self.errors.seek(0)
            last = [line for line in self.errors.read().splitlines() if line.strip()][-1:]
            raise WorkerError(f"{self.contestant.name} ended with {self.process.returncode}: {' '.join(last)}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.contestant.name}: {answer['error']}")
        return answer["answer"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.errors.close()
