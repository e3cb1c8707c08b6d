"""The results as a picture: minidl's time by each peer's, and how times grow with the net."""
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.cases import GROWTH
from benchmarks.contestants import TITLES
from benchmarks.report import label

COLOURS = {
    "minidl": "#0072B2", "torch": "#D55E00", "torch tuned": "#E69F00", "jax": "#009E73", "keras": "#CC79A7", "dezero": "#56B4E9",
    "bare step": "#767676",
}  # fmt: skip
MARKS = {"minidl": "o", "torch": "o", "torch tuned": "s", "jax": "^", "keras": "D", "dezero": "v", "bare step": "x"}


def save(results: dict[str, Any], path: Path) -> None:
    """Write the picture, if there is anything to show."""
    compared = [case for case in results["cases"] if case["kind"] in ("step", "fit", "memory")]
    grown = [case for case in results["cases"] if case["kind"] == "growth"]
    if not compared and not grown:
        return
    heights = [0.34 * len(compared) + 1.2] * bool(compared) + [3.6] * bool(grown)
    figure = Figure(figsize=(11, sum(heights) + 0.6), layout="constrained", dpi=120)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    if compared:
        _ratios(parts[0].subplots(), compared)
    if grown:
        for axes, (name, points) in zip(parts[-1].subplots(1, len(GROWTH), sharey=True), GROWTH.items()):
            _growth(axes, name, points, grown)
    figure.suptitle(f"minidl beside its peers · {results['machine']['cpu']} · {results['date']}", x=0.01, ha="left", weight="bold")
    figure.savefig(path)


def _ratios(axes: Axes, cases: list[dict[str, Any]]) -> None:
    seen: dict[str, Any] = {}
    for y, case in enumerate(cases):
        for group in (name for name in TITLES if name in case["minidl by"] and name != "product"):
            ratio = case["minidl by"][group]
            axes.plot([ratio["low"], ratio["high"]], [y, y], color=COLOURS[group], linewidth=2, alpha=0.5)
            (seen[group],) = axes.plot(ratio["median"], y, MARKS[group], color=COLOURS[group], markersize=6, linestyle="none")
    axes.axvline(1, color="#1A1A1A", linewidth=1)
    axes.set_xscale("log")
    ticks = [t for t in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(cases)), [f"{_kind(case)}{label(case)}" for case in cases])
    axes.invert_yaxis()
    axes.grid(axis="x", color="#E6E6E6")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("minidl / peer (time; memory): left of 1, minidl is ahead. Lines: quartiles over the rounds")
    axes.legend(list(seen.values()), [TITLES[name] for name in seen], loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _kind(case: dict[str, Any]) -> str:
    return {"fit": "fit: ", "memory": "memory: "}.get(case["kind"], "")


def _growth(axes: Axes, name: str, points: list[Any], cases: list[dict[str, Any]]) -> None:
    sizes = {(net.name, batch): getattr_of(name, net, batch) for net, batch in points}
    mine = [case for case in cases if (case["net"], case["batch"]) in sizes]
    mine.sort(key=lambda case: sizes[case["net"], case["batch"]])
    x = [sizes[case["net"], case["batch"]] for case in mine]
    for group in ("minidl", "torch"):
        taking_part = [case for case in mine if group in ("minidl", *case["minidl by"])]
        best = ["minidl" if group == "minidl" else case["minidl by"][group]["best"] for case in taking_part]
        if len(best) == len(mine):
            times = [1e3 * case["numbers"][who]["median"] for who, case in zip(best, mine)]
            axes.loglog(x, times, marker=MARKS[group], color=COLOURS[group], label=TITLES[group])
    axes.set_xticks(x, [f"{size:g}" for size in x])
    axes.minorticks_off()
    axes.set_xlabel(name)
    axes.grid(color="#E6E6E6")
    axes.spines[["top", "right"]].set_visible(False)
    if name == "batch":
        axes.set_ylabel("ms a training step")
        axes.legend(frameon=False)


def getattr_of(name: str, net: Any, batch: int) -> int:
    """The size that grows along this axis of GROWTH."""
    depth = sum(type(layer).__name__ == "Conv" for layer in net.layers)
    return {"batch": batch, "image": net.image[0], "channels": net.layers[0].filters, "depth": depth}[name]
