"""How much memory a process needed at its worst moment."""
import sys
from contextlib import suppress
from pathlib import Path

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident_peak() -> int | None:
    """The most bytes of this process that were in memory at once; None where the system does not tell."""
    if STATUS.exists():
        line = next((line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")), None)
        if line:
            return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Peak:
    """The growth of that peak from here on. On Linux the old peak is forgotten first: what an import needed for a moment does not count."""

    def __init__(self) -> None:
        with suppress(OSError):  # elsewhere the growth is counted from the highest peak so far
            RESET.write_text("5")
        self.before = resident_peak()

    def growth(self) -> int | None:
        """In bytes."""
        after = resident_peak()
        return None if after is None or self.before is None else after - self.before
