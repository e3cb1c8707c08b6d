"""Keras' drawing of a model, with its arguments: `minidl.plots.architecture` draws it."""
import os
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from minidl.checks import number
from minidl.plots.boxes import architecture


def plot_model(
    model: Any, to_file: str | os.PathLike[str] | None = "model.png", show_shapes: bool = True, show_layer_names: bool = True,
    rankdir: str = "TB", dpi: float = 200,
) -> Figure:  # fmt: skip
    """The layers as boxes and arrows, written to ``to_file`` (None: not; missing folders are made) and returned.

    Names and shapes are always shown, from top to bottom: TypeError if ``show_shapes``, ``show_layer_names`` or ``rankdir`` ask for
    something else. ``dpi``: pixels of the file for each inch."""
    for name, value, only in (("show_shapes", show_shapes, True), ("show_layer_names", show_layer_names, True), ("rankdir", rankdir, "TB")):
        if value != only:
            raise TypeError(f"plot_model has no argument {name!r} for {value!r}: minidl has {name}={only!r} only")
    figure = architecture(model)
    if to_file is not None:
        Path(to_file).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(to_file, dpi=number("dpi", dpi, above=0))
    return figure
