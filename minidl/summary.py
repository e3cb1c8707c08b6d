"""The table of a model's layers, in the words and the widths of three versions of Keras: byte for byte what ``model.summary()`` prints
there. (Facts: keras/utils/layer_utils.py of Keras 2.12.0 and 2.14.0, keras/src/utils/summary_utils.py of Keras 3.)"""
import io
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from minidl.graph import steps_to_outputs
from minidl.styles import checked
from minidl.symbolic import Symbol, flat, map_structure

BREAKS = ("),", "},", "],", "',")  # after which Keras 2 rather goes to the next line


@dataclass
class Row:
    """A layer of the table. ``depth``: of how many models in the model it is a part; ``last``: whether it is the last of such a one."""

    layer: Any
    shape: Any  # a tuple, or a list of them; None where it is not known
    sources: list[str]
    depth: int
    last: bool = False


def summary_text(
    model: Any, line_length: int | None = None, positions: Sequence[float] | None = None, expand_nested: bool = False,
    show_trainable: bool = False, style: str | None = None,
) -> str:  # fmt: skip
    """The lines, with a newline at the end of each: layers, output shapes, parameters; then how many parameters there are and, but for
    "keras2.12", how much memory they take (``style``: see `minidl.styles`)."""
    style = checked(style)
    if style != "keras3" and not model.built:
        raise ValueError(f"model {model.name!r} is not built yet: call build(…) or call it on data first")
    branches = not _is_chain(model)
    rows = list(_rows(model, expand_nested))
    write = _boxes if style == "keras3" else _lines
    return write(model, rows, branches, style, line_length, positions, show_trainable)


# ---------------------------------------------------------------- what is told


def _is_chain(model: Any) -> bool:
    """Whether the layers come one after the other, each once: else the table says what is connected with what."""
    if type(model).__name__ == "Sequential" or not model.calls:
        return True
    depths = Counter(steps_to_outputs(model.calls).values())
    layers = Counter(call.layer for call in model.calls)
    return max(depths.values()) == max(layers.values()) == 1 and all(len(flat(call.inputs)) < 2 for call in model.calls)


def _rows(model: Any, expand_nested: bool, depth: int = 0) -> Iterator[Row]:
    layers = model.layers
    for i, layer in enumerate(layers):
        calls = [call for call in model.calls if call.layer is layer]
        sources = [f"{symbol.name}[{_times_before(model, symbol)}][{symbol.call.outputs.index(symbol)}]"
                   for call in calls for symbol in flat(call.inputs)]  # fmt: skip
        yield Row(layer, _shape(layer, calls), sources, depth, last=depth > 0 and i == len(layers) - 1)
        if expand_nested and getattr(layer, "layers", None):
            yield from _rows(layer, expand_nested, depth + 1)


def _times_before(model: Any, symbol: Symbol) -> int:
    """How often the layer that makes ``symbol`` was used before, in this model."""
    calls = [call for call in model.calls if call.layer is symbol.call.layer]
    return calls.index(symbol.call)


def _shape(layer: Any, calls: list[Any]) -> Any:
    if calls:
        return map_structure(lambda symbol: _Shape(symbol.shape), calls[-1].result)
    built = getattr(layer, "_built_shape", None)
    if not isinstance(built, tuple):
        return None
    try:  # a layer of a model that was written as a class: its input shape is known
        return map_structure(lambda symbol: _Shape(symbol.shape), layer.connect(Symbol(built, None)).result)  # type: ignore[arg-type]
    except (ValueError, TypeError, NotImplementedError):
        return None


def _kind(layer: Any) -> str:
    """What it is called in the table: its class, and Keras' name for a Model that is no subclass."""
    name = type(layer).__name__
    return "Functional" if name == "Model" else name


class _Shape(str):
    """A shape in words: no structure to go into."""

    def __new__(cls, shape: tuple[int | None, ...]) -> "_Shape":
        return super().__new__(cls, str(shape))

    __repr__ = str.__str__


def _totals(model: Any) -> list[tuple[str, int, int]]:
    """(name, parameters, bytes); the optimiser counts, as in Keras 3, once it has something: two numbers beside its arrays."""
    parts = [(what, sum(w.size for w in weights), sum(w.data.nbytes for w in weights))
             for what, weights in (("Trainable", model.trainable_variables), ("Non-trainable", model.non_trainable_variables))]  # fmt: skip
    if model.optimizer is not None and model.optimizer.iterations:
        arrays = [array for state in model.optimizer.states() for array in state.values()]
        parts.append(("Optimizer", 2 + sum(a.size for a in arrays), 12 + sum(a.nbytes for a in arrays)))
    return [("Total", sum(n for _, n, _ in parts), sum(size for _, _, size in parts)), *parts]


def _size(n: float, smallest: str) -> str:
    for unit in (smallest, "KB", "MB", "GB", "TB"):
        if n < 1024:
            return f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} PB"


# ---------------------------------------------------------------- Keras 3


def _boxes(model: Any, rows: list[Row], branches: bool, style: str, length: int | None, positions: Any, show_trainable: bool) -> str:
    from rich.console import Console  # only for this table: training needs NumPy alone
    from rich.table import Column, Table
    from rich.text import Text

    header = ["Layer (type)", "Output Shape", "Param #", *(["Connected to"] if branches else [])]
    positions = positions or ([0.3, 0.56, 0.74, 1.0] if branches else [0.45, 0.8, 1.0])
    standard = 108 if branches else 88
    if show_trainable:
        header, standard, positions = [*header, "Trainable"], standard + 12, [*(0.9 * p for p in positions), 1.0]
    length = length or min(standard, shutil.get_terminal_size().columns - 4)
    ends, current, widths = [int(p * length) for p in positions], 0, []
    for end in ends:
        widths.append(end - current)
        current = end
    if min(widths) < 4:
        raise ValueError(f"line_length={length} is too little for a summary")
    justify: dict[str, Any] = {"Param #": "right", "Trainable": "center"}
    columns = [Column(Text(name), justify=justify.get(name, "left"), width=width) for name, width in zip(header, widths)]
    table = Table(*columns, width=length, show_lines=True)
    for row in rows:
        name = f"{'   ' * row.depth + '└ ' if row.depth else ''}{row.layer.name} ({_kind(row.layer)})"
        shape = "?" if row.shape is None else str(row.shape)
        cells = [name, shape, f"{row.layer.count_params():,}" if row.layer.built else "0 (unbuilt)"]
        cells += [", ".join(row.sources) or "-"] if branches else []
        cells += ["-" if not row.layer.weights else "Y" if row.layer.trainable else "N"] if show_trainable else []
        table.add_row(*map(Text, cells))
    width = max(length, shutil.get_terminal_size().columns)
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(Text(f'Model: "{model.name}"'))
    console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text + "".join(f" {what} params: {n:,} ({_size(size, 'B')})\n" for what, n, size in _totals(model))


# ---------------------------------------------------------------- Keras 2


def _lines(model: Any, rows: list[Row], branches: bool, style: str, length: int | None, positions: Any, show_trainable: bool) -> str:
    old = style == "keras2.12"
    length = length or (98 if branches else 65)
    if not positions:
        positions = ([0.33, 0.55, 0.67, 1.0] if old else [0.3, 0.6, 0.7, 1.0]) if branches else [0.45, 0.85, 1.0]
    ends = [int(length * p) for p in positions] if positions[-1] <= 1 else list(positions)
    header = ["Layer (type)", "Output Shape", "Param #", *(["Connected to"] if branches else [])]
    if show_trainable:
        length, header = length + 11, [*header, "Trainable"]
        ends.append(length)
    lines = [f'Model: "{model.name}"', "_" * length, *_cells(header, ends, 0, old), "=" * length]
    for row, after in pairwise([*rows, None]):
        assert row is not None
        name = f"{row.layer.name} ({_kind(row.layer)})"
        is_input = type(row.layer).__name__ == "InputLayer"
        shape = "multiple" if row.shape is None else f"[{row.shape}]" if is_input else str(row.shape)
        cells: list[Any] = [name, shape, row.layer.count_params() if row.layer.built else "0 (unused)"]
        cells += [row.sources] if branches else []
        cells += ["Y" if row.layer.trainable else "N"] if show_trainable else []
        lines += _cells(cells, ends, row.depth, old)
        next_depth = after.depth if after else 0
        if next_depth > row.depth:  # the layers of a model in the model
            lines.append("|" * next_depth + "¯" * (length - 2 * next_depth) + "|" * next_depth)
        elif not row.last:
            lines.append("|" * row.depth + " " * (length - 2 * row.depth) + "|" * row.depth)
        for depth in range(row.depth - 1, next_depth - 1, -1):
            lines.append("|" * depth + "¯" * (length - 2 * depth) + "|" * depth)
    lines.append("=" * length)
    for what, n, size in _without_optimizer(model):
        lines.append(f"{what} params: {n:,}" if old else f"{what} params: {n} ({_size(size, 'Byte')})")
    return "\n".join([*lines, "_" * length]) + "\n"


def _without_optimizer(model: Any) -> list[tuple[str, int, int]]:
    (_, *parts) = _totals(model)
    parts = parts[:2]
    return [("Total", sum(n for _, n, _ in parts), sum(size for _, _, size in parts)), *parts]


def _cells(cells: list[Any], ends: list[int], depth: int, old: bool) -> Iterator[str]:
    """The lines of a row: what does not fit into a cell goes on in the next line. From 2.13 on a cell is one narrower, and those of a model
    in the model again by its depth."""
    left = [str(cell) for cell in cells]
    while any(left):
        line = ""
        for i, (start, end) in enumerate(pairwise([0, *ends])):
            last = i == len(ends) - 1
            space = 0 if last else 2
            cut = end - start - space
            if not old:
                cut -= (not last) + (depth if i == 0 else 0)
            fits = left[i][:cut]
            if places := [fits.find(mark) + len(mark) for mark in BREAKS if mark in fits]:
                cut = min(places)
                fits = fits[:cut]
            line += ("|" * depth + " " if i == 0 else "") + fits + " " * space
            left[i] = left[i][cut:]
            narrower = depth if depth and (old or last) else 0
            line += " " * (end - len(line) - narrower)
        yield line + "|" * depth
