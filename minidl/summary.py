"""The table of a model's layers."""
import io
from typing import Any

from minidl.symbolic import flat


def summary_text(model: Any, line_length: int | None = None) -> str:
    """Keras 3's table: layers, output shapes, parameters; then how many parameters there are and how much memory they take."""
    from rich import box  # only for this table: training needs NumPy alone
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HEAVY_HEAD, show_lines=True, expand=True)
    for title, justify in (("Layer (type)", "left"), ("Output Shape", "left"), ("Param #", "right")):
        table.add_column(Text(title, style="bold"), justify=justify)  # type: ignore[arg-type]
    branches = len(model.inputs) > 1 or any(len(_sources(call)) > 1 for call in model.calls)
    if branches:
        table.add_column(Text("Connected to", style="bold"))
    for layer in model.layers:
        row = [f"{layer.name} ({type(layer).__name__})", _output_shapes(model, layer), f"{layer.count_params():,}"]
        if branches:
            row.append(", ".join(dict.fromkeys(name for call in model.calls if call.layer is layer for name in _sources(call))))
        table.add_row(*map(Text, row))
    width = line_length or 80
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(Text(f'Model: "{model.name}"', style="bold"))
    console.print(table)
    for what, weights in (
        ("Total", model.weights),
        ("Trainable", model.trainable_variables),
        ("Non-trainable", model.non_trainable_variables),
    ):
        console.print(f" {what} params: {sum(w.size for w in weights):,} ({_size(sum(w.data.nbytes for w in weights))})", markup=False)
    return str(console.file.getvalue()).rstrip()  # type: ignore[attr-defined]


def _sources(call: Any) -> list[str]:
    """The names of the layers that feed a call."""
    return [symbol.name for symbol in flat(call.inputs)]


def _output_shapes(model: Any, layer: Any) -> str:
    shapes = [str(symbol.shape) for call in model.calls if call.layer is layer for symbol in call.outputs]
    return ", ".join(dict.fromkeys(shapes)) or ("?" if layer.built else "? (not built)")


def _size(n: float) -> str:
    for unit in ("B", "KB", "MB"):
        if n < 1024:
            return f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} GB"
