"""``minidl info``."""
from rich.console import Console
from rich.table import Table

from minidl import machine
from minidl.kernels.handed_back import CASES_HANDED_BACK
from minidl.sizes import bytes_in_words

console = Console(highlight=False, soft_wrap=True)


def show() -> None:
    """Print what the machine has, then what is badly set."""
    found = machine.look()
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, text in rows(found):
        table.add_row(name, text)
    console.print(table)
    sentences = machine.advice(found)
    console.print()
    if not sentences:
        console.print("Nothing is badly set.")
    for sentence in sentences:
        console.print(f"Advice: {sentence}", markup=False)


def rows(found: machine.Machine) -> list[tuple[str, str]]:
    """Names and texts of the table."""
    blas = found.blas
    threads = "unknown" if blas.threads is None else str(blas.threads)
    return [
        ("CPU", found.cpu),
        ("cores", f"{found.cores} (that this process may use)"),
        ("SIMD", ", ".join(found.simd) or "unknown"),
        ("BLAS", f"{blas.name} {blas.version}, kernels for {blas.kernels}, threads: {threads}"),
        ("products", f"{_rate(found.rate_one_thread)} on one thread, {_rate(found.rate_all_threads)} on all (1024×1024, float32)"),
        ("memory", f"{_size(found.memory)}, of which {_size(found.memory_free)} are free"),
        ("GPU", found.gpu),
        ("CuPy", found.cupy),
        ("system", found.system),
        ("versions", ", ".join(f"{name} {version}" for name, version in found.versions.items())),
        ("set", ", ".join(f"{name}={value}" for name, value in found.environment.items()) or "no variable for BLAS or threads"),
    ]


def show_kernels() -> None:
    """Print where a kernel hands back to the readable op, and the figure why."""
    if not CASES_HANDED_BACK:
        console.print("No kernel leaves a case to the readable ops.")
        return
    table = Table(title="Cases that a kernel leaves to the readable op, which is as fast there", title_justify="left")
    for column in ("op", "case", "measured"):
        table.add_column(column, overflow="fold")
    for op, case, figure in sorted(CASES_HANDED_BACK):
        table.add_row(op, case, figure)
    console.print(table)


def _rate(rate: float | None) -> str:
    return "unknown" if rate is None else f"{rate / 1e9:,.0f} GFLOP/s"


def _size(size: int | None) -> str:
    return "an unknown amount" if size is None else bytes_in_words(size)
