"""The frameworks that minidl is held against, each in a virtual environment of its own below .venv-bench/."""
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[1]
HOME = PROJECT / ".venv-bench"


@dataclass(frozen=True)
class Peer:
    """What ``pip install`` gets, and the program that imports it."""

    name: str
    title: str
    program: str
    requirements: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        """Of its virtual environment."""
        return HOME / self.name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


PEERS = {peer.name: peer for peer in (
    Peer("torch", "PyTorch", "import torch", ("torch==2.13.0", "numpy>=2")),
    Peer("jax", "JAX", "import jax", ("jax[cpu]>=0.5",), {"JAX_PLATFORMS": "cpu"}),
    Peer("keras", "Keras on TensorFlow", "import keras", ("keras>=3.5", "tensorflow>=2.17"),
         {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}),
    Peer("dezero", "DeZero", "import numpy; numpy.int = int; import dezero.layers",  # it was written for an older NumPy
         ("dezero==0.0.13", "numpy>=2", "matplotlib", "threadpoolctl")),
)}  # fmt: skip


def install(peer: Peer, say: Callable[[str], None], seconds: float = 900) -> str:
    """Make its environment if need be. An empty string if it can be imported there, else the reason why not."""
    if not peer.python.exists():
        say(f"{peer.title}: making {peer.python.parents[1].relative_to(PROJECT)} (once)")
        try:
            venv.create(peer.python.parents[1], with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            return f"no virtual environment could be made: {error}"
    if _imports(peer):
        say(f"{peer.title}: installing {', '.join(peer.requirements)}")
        reason = _run([peer.python, "-m", "pip", "install", "--quiet", *peer.requirements], seconds)
        if reason:
            return f"pip install {' '.join(peer.requirements)} failed: {reason}"
    return _imports(peer)


def _imports(peer: Peer) -> str:
    reason = _run([peer.python, "-c", peer.program], 300, peer.environment)
    return f"{peer.program!r} failed: {reason}" if reason else ""


def _run(command: list[str | Path], seconds: float, environment: dict[str, str] | None = None) -> str:
    """An empty string if the command went well, else the last line that it wrote."""
    try:
        done = subprocess.run(
            [*map(str, command)], cwd=PROJECT, env={**os.environ, **(environment or {})}, timeout=seconds, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it took more than {seconds:.0f} s"
    except OSError as error:
        return str(error)
    lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"it ended with {done.returncode}"]
    errors = [line for line in lines if line.startswith("ERROR")]
    return "" if done.returncode == 0 else (errors or lines)[-1].strip()


def python_of(name: str) -> Path:
    """The Python that runs a framework: minidl's is the one that runs this."""
    return PEERS[name].python if name in PEERS else Path(sys.executable)
