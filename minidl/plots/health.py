"""Is the training healthy? Weights and gradients layer by layer, gradients through depth, dead units, the size of updates."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minidl.attribution import layer_outputs, silent_units
from minidl.autograd import grad
from minidl.batches import as_batch
from minidl.ledger import Ledger
from minidl.tensor import Tensor

from .canvas import box, heading_height, listing, new_picture, percent, share_bar, write
from .inputs import Numbers
from .panels import LINES, end_labels, log_axis, name_axes, panels, short
from .style import BLUE, GREY, INK, MARGIN, ORANGE, SMALL, SUBTITLE, TEXT

SIDE, STEP_X, STEP_Y = 2.0, 2.65, 2.5  # inches: a small panel, and the way to the next


def weight_histograms(model: Any, x: Any = None, y: Any = None, columns: int = 3, title: str | None = None) -> Figure:
    """How the numbers of each kernel are spread, a panel for each; with a batch ``x``, ``y`` of a compiled model, how the gradients of its
    loss are spread, too."""
    kernels = [w for w in model.weights if w.ndim > 1]
    if not kernels:
        raise ValueError(f"model {model.name!r} has no kernels" + ("" if model.built else " yet: call it on data first"))
    gradients = dict(zip(kernels, _gradients(model, x, y, kernels))) if x is not None else {}
    with np.errstate(invalid="ignore", over="ignore"):  # of weights that are not finite
        spread = [float(w.numpy().std()) for w in kernels]
    headline = title or f"The weights of {len(kernels)} kernels"
    subtitle = "blue: weights   orange: their gradients" if gradients else ""
    bands = -(-len(kernels) // columns)
    columns = -(-len(kernels) // bands)  # as many in each row
    rows = bands * (2 if gradients else 1)
    told = listing([f"{w.name} {short(s, 2)}" for w, s in zip(kernels, spread)])
    figure = new_picture(
        max(columns * STEP_X - 0.2, 5.6), rows * STEP_Y - 0.1, headline, subtitle, f"{headline}. Standard deviations: {told}."
    )
    for i, w in enumerate(kernels):
        band, column = divmod(i, columns)
        for k, (values, colour, what) in enumerate([(w.numpy(), BLUE, "weight"), (gradients.get(w), ORANGE, "gradient")]):
            if values is None:
                continue
            left = MARGIN + 0.35 + column * STEP_X
            top = heading_height(subtitle) + 0.3 + (band * (2 if gradients else 1) + k) * STEP_Y
            axes = box(figure, left, top, SIDE, SIDE - 0.45, label=f"{w.name} {what}")
            finite = values[np.isfinite(values)]
            limit = float(np.abs(finite).max(initial=0)) or 1.0
            axes.hist(finite, bins=41, range=(-limit, limit), color=colour)
            axes.set(xlim=(-limit, limit), yticks=[], xticks=[-limit, 0, limit])
            axes.xaxis.set_major_formatter(lambda value, _: short(value, 2) if value else "0")
            axes.axvline(0, color=INK, linewidth=0.7, zorder=0)  # behind the bars: the highest one often stands there
            axes.set_ylabel("how many" if column == 0 else "")
            name = (w.name or "") if k == 0 else f"∂loss/∂{w.name}"
            write(figure, left, top - 0.12, name, size=SUBTITLE - 0.5, weight="bold", width=SIDE, gid="kernel")
            axes.margins(y=0.25)  # room for the text
            deviation = f"σ = {short(float(finite.std()), 2)}" if finite.size else ""
            if strange := values.size - finite.size:
                deviation += f"  {strange} not finite"
            write(axes, 0.03, 0.94, deviation, size=SMALL, color=GREY, va="top", transform=axes.transAxes, gid="spread")
    return figure


def gradient_flow(models: Any, x: Any, y: Any, title: str | None = None) -> Figure:
    """How much gradient reaches each layer: the mean |∂loss/∂output| on a batch, from the first layer to the last. ``models``: a compiled
    model, or several by label, to see what changes between them (sigmoid against ReLU, say)."""
    given: Mapping[str, Any] = models if isinstance(models, Mapping) else {"": models}
    if not given:
        raise ValueError("models is empty")
    curves: dict[str, Numbers] = {}
    for label, model in given.items():
        outputs = layer_outputs(model, x)
        losses, _ = model.objective.loss(as_batch((x, y)).y, outputs[model.outputs[0].call.layer.name])
        reached = grad(losses, list(outputs.values()))
        curves[str(label)] = np.array([0.0 if g is None else float(np.abs(g.numpy()).mean()) for g in reached])
    share = {label: float(values[0] / values[-1]) if values[-1] else 1.0 for label, values in curves.items()}
    least = min(share, key=share.__getitem__)
    who = f"{least}: the" if least else "The"
    part = share[least]
    strength = f"{short(part, 2)} times the" if part >= 0.1 else f"1/{1 / part:,.0f} of the" if part else "none of the"
    finding = f"{who} first layer gets {strength} gradient of the last"
    subtitle = "the mean of |∂loss/∂output| of each layer"
    figure, (axes,) = panels(1, title or finding, subtitle, f"{finding}.", width=6.0, height=3.6, room=1.3)
    for (label, values), (colour, line) in zip(curves.items(), cycle(LINES)):
        shown = np.where(values > 0, values, np.nan)
        axes.plot(np.arange(1, len(values) + 1), shown, color=colour, linestyle=line, marker="o", markersize=5, linewidth=2, label=label)
    log_axis(axes)
    longest = max(map(len, curves.values()))
    axes.set_xlim(0.7, longest + 0.3)
    axes.set_xticks(range(1, longest + 1, max(1, longest // 10)))
    name_axes(axes, "layer, from the input to the output", "gradient")
    end_labels(axes, {label: (float(values[-1]), label) for label, values in curves.items()})
    return figure


def dead_units(model: Any, x: Any, title: str | None = None) -> Figure:
    """The share of units in each ReLU layer that give 0 for every example of the batch ``x``: no gradient passes them, and they may never
    wake up. A unit of a convolution is a filter."""
    shares = {name: (int(silent.sum()), len(silent)) for name, silent in silent_units(model, x).items()}
    if not shares:
        raise ValueError(f"model {model.name!r} has no layer with ReLU")
    dead, units = (sum(pair[i] for pair in shares.values()) for i in (0, 1))
    finding = f"{dead} of {units} rectified units never answer" if dead else f"None of {units} rectified units is dead"
    count = len(x)
    subtitle = f"units that give 0 for all {count} examples"
    told = listing([f"{name}: {a} of {b}" for name, (a, b) in shares.items()])
    figure = new_picture(6.6, len(shares) * 0.5 + 0.1, title or finding, subtitle, f"{finding}, for {count} examples. {told}.")
    for i, (name, (a, b)) in enumerate(shares.items()):
        top = heading_height(subtitle) + i * 0.5
        write(figure, MARGIN, top + 0.14, name, size=TEXT, width=1.7, va="center", gid="layer")
        share_bar(figure, MARGIN + 1.85, top + 0.04, 3.2, 0.2, a / b, ORANGE)
        write(figure, MARGIN + 5.2, top + 0.14, f"{a} of {b}, {percent(a / b)}", size=TEXT, va="center", gid="share")
    return figure


def update_ratios(ledger: Ledger, title: str | None = None) -> Figure:
    """How large each update is beside what it updates: ‖Δw‖ / ‖w‖ for each parameter of more than one number, over the updates. Around
    1/1000 is healthy; far more is a learning rate too large, far less one too small."""
    ratios: dict[str, Numbers] = {}
    for name in ledger.names:
        if name in ledger and ledger[name].ndim > 2:
            norms = [np.linalg.norm(ledger[key].reshape(len(ledger[key]), -1), axis=1) for key in (f"{name}.update", name)]
            ratios[name] = np.divide(norms[0], norms[1], out=np.full(len(norms[0]), np.nan), where=norms[1] > 0)
    if not ratios:
        raise ValueError("the ledger holds no kernels: write one while a model is trained, fit(…, callbacks=[ledger])")
    middle = {name: float(np.nanmedian(values)) for name, values in ratios.items()}
    largest = max(middle, key=middle.__getitem__)
    finding = f"{largest} moves most: {short(middle[largest], 2)} of its size in an update"
    subtitle = "‖Δw‖ / ‖w‖; grey band: healthy, 1/3000 to 1/300"
    figure, (axes,) = panels(1, title or finding, subtitle, f"{finding}.", width=6.0, height=3.6, room=1.9)
    axes.axhspan(1 / 3000, 1 / 300, color="#EEF1F3", zorder=0)
    steps = ledger["step"]
    for (name, values), (colour, line) in zip(ratios.items(), cycle(LINES)):
        axes.plot(steps, np.where(values > 0, values, np.nan), color=colour, linestyle=line, linewidth=1.8, label=name)
    log_axis(axes)
    axes.set_xlim(steps[0] - 0.5, max(steps[-1], steps[0] + 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    name_axes(axes, "update", "ratio")
    end_labels(axes, {name: (float(values[-1]), name) for name, values in ratios.items()})
    return figure


def _gradients(model: Any, x: Any, y: Any, weights: list[Tensor]) -> list[Numbers]:
    if model.optimizer is None:
        raise ValueError("gradients need a loss: compile the model first")
    batch = as_batch((x, y))
    (ready,) = model.prepared([batch])
    loss, _ = model.objective.loss(ready.y, model(ready.x, training=False))
    wanted = [w for w in weights if w.requires_grad]
    found = dict(zip(wanted, grad(loss, wanted)))
    return [np.zeros(w.shape) if found.get(w) is None else found[w].numpy() for w in weights]


