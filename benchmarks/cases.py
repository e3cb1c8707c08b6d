"""What is measured, and who takes part."""
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.contestants import ALL, BARE_STEP, MINIDL, PRODUCT, Contestant
from benchmarks.nets import NETS, Net, growing


@dataclass(frozen=True)
class Case:
    """One comparison. ``kind``: "step", a training step; "fit", a step of an epoch of ``fit`` with data and accuracy; "memory", the growth
    of the peak of memory in five steps; "addition", one recorded a + b; "growth", a training step of a net of growing size."""

    kind: str
    net: Net
    batch: int
    threads: int

    @property
    def title(self) -> str:
        if self.kind == "addition":
            return "recorded a + b"
        return f"{self.net.name}, batch {self.batch}" if self.net.name != "xray" else f"X-ray, batch {self.batch}"


BATCHES = {"intro": (32, 128), "dropout": (32, 128), "xray": (16,), "vgg": (32, 128)}
GROWTH = {
    "batch": [(growing(), batch) for batch in (1, 4, 16, 64, 256)],
    "image": [(growing(image=size), 16) for size in (16, 32, 64, 128, 256)],
    "channels": [(growing(channels=n), 32) for n in (4, 8, 16, 32, 64, 128)],
    "depth": [(growing(depth=n), 32) for n in (1, 2, 4, 8, 16)],
}
FITS = ("intro",)
KINDS = ("step", "fit", "memory", "addition", "growth", "import")


def cases(kinds: list[str], nets: list[str], cores: int, quick: bool) -> Iterator[Case]:
    """All cases of these kinds with these nets, on one thread and on all."""
    counts = [cores] if quick else sorted({1, cores})
    pairs = [(NETS[name], batch) for name in nets for batch in BATCHES[name][: 1 if quick else None]]
    for threads in counts:
        if "step" in kinds:
            yield from (Case("step", net, batch, threads) for net, batch in pairs)
        if "fit" in kinds:
            yield from (Case("fit", net, batch, threads) for net, batch in pairs if net.name in FITS)
    if "memory" in kinds:
        yield from (Case("memory", net, batch, cores) for net, batch in pairs)
    if "addition" in kinds:
        yield Case("addition", NETS["intro"], 1, 1)
    if "growth" in kinds:
        for points in GROWTH.values():
            yield from (Case("growth", net, batch, cores) for net, batch in points[:: 2 if quick else 1])


def contestants(case: Case, peers: list[str]) -> list[Contestant]:
    """Who takes part: minidl first, then the peers of whom this can be asked."""
    beside = {"step": [PRODUCT], "fit": [BARE_STEP]}.get(case.kind, [])
    return [MINIDL, *(c for c in ALL if c.framework in peers and takes_part(case, c)), *beside]


def takes_part(case: Case, contestant: Contestant) -> bool:
    """Memory and growth are compared with PyTorch only; only Keras has a ``fit``; DeZero is too slow for the larger nets."""
    framework = contestant.framework
    if case.kind in ("memory", "growth", "addition"):
        once = contestant.name != "torch channels_first" if case.kind == "addition" else True
        return framework == "torch" and once and (contestant.group == "torch" or case.kind == "memory")
    if case.kind == "fit":
        return framework == "keras"
    return framework != "dezero" or case.net.name in ("intro", "dropout")
