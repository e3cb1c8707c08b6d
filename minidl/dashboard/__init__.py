"""A training to watch: ``model.fit(…, callbacks=[Dashboard()])``, live in the browser or the notebook, and a report afterwards."""
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minidl.attribution import probabilities, silent_units
from minidl.backend import to_numpy
from minidl.batches import arrays_of
from minidl.callbacks import Callback
from minidl.checks import number
from minidl.dashboard.advice import findings
from minidl.dashboard.pictures import filter_pictures, png
from minidl.dashboard.server import LocalServer
from minidl.devices import home_of
from minidl.durations import in_words
from minidl.hooks import Around
from minidl.layers import Conv2D
from minidl.pages import as_json, assembled, framed
from minidl.symbolic import flat
from minidl.tensor import Tensor

__all__ = ["Dashboard"]
SCRIPTS = ("dashboard",)
FRAME_HEIGHT = 760  # pixels, in a notebook
WAITING = "This dashboard has seen no training yet: model.fit(…, callbacks=[dashboard])"
SHARE = 0.02  # of the time that looking may take


class Dashboard(Callback):
    """Shows a training while it runs: curves, the gradient and the size of updates of each layer, the answers for a fixed panel of
    pictures, the filters; and warnings in words. In a notebook it is live in the cell, else on a page that only this machine can open
    (``url``), which closes with the training.

    ``panel``: pictures and their labels ``(x, y)``, at most 24; ``class_names``: of the labels. ``report``: a file that tells the whole
    training when it has ended. ``serve``: whether there is a page; ``port``: where (0: any that is free). ``every``: seconds between two
    looks, more where looking would take over 2 % of the time."""

    def __init__(
        self, panel: Any = None, class_names: Any = None, report: Any = None, serve: bool = True, port: int = 0, every: float = 0.5
    ):
        self.panel = None if panel is None else _panel(*panel)
        self.class_names = None if class_names is None else [str(name) for name in class_names]
        self.report, self.serve, self.port = None if report is None else Path(report), serve, port
        self.every = number("every", every, at_least=0)
        self.url = ""
        self._server: LocalServer | None = None
        self._cell: Any = None

    # ---------------------------------------------------------------- what is known

    def data(self) -> dict[str, Any]:
        """All that the page shows, as JSON takes it. RuntimeError before a training."""
        if self.model is None:
            raise RuntimeError(WAITING)
        answers = [] if self._answers is None else [*map(self._answer, self._answers, self.panel[1])]  # type: ignore[index]
        wrong = [answer["p"] for answer in answers if not answer["right"] and answer["p"] is not None]
        layers = self._layers.values()
        seen = [layer | {key: [*layer[key].values()] for key in ("gradient", "ratio")} for layer in layers]
        warnings = findings(self._history, seen, self._dead, wrong)
        looks = range(len(self._at))
        return {
            "title": self.model.name, "finished": self._finished, "status": self._status(), "facts": self._facts,
            "history": {name: [_plain(v) for v in values] for name, values in self._history.items()},
            "running": self._running,
            "layers": [layer | {key: [_plain(layer[key].get(k)) for k in looks] for key in ("gradient", "ratio")} for layer in layers],
            "at": self._at,
            "panel": [{"picture": picture, **answer} for picture, answer in zip(self._pictures, answers)],
            "filters": {"name": self._filters_of, "pictures": self._filters},
            "warnings": [warning._asdict() for warning in warnings],
        }  # fmt: skip

    def _answer(self, p: np.ndarray, true: int) -> dict[str, Any]:
        said, names = int(p.argmax()), self._names
        name, truth = (names[k] if k < len(names) else str(k) for k in (said, int(true)))
        return {"name": name, "p": _plain(float(p.max())), "truth": truth, "right": said == int(true)}

    def page(self, live: bool = False) -> str:
        """The page as text; ``live``: it asks for news every second."""
        return assembled("minidl.dashboard", SCRIPTS, self.data() | {"live": live})

    def _repr_html_(self) -> str:
        return f"<p>{WAITING}</p>" if self.model is None else framed(self.page(), "Training dashboard", FRAME_HEIGHT)

    def _status(self) -> str:
        spent = in_words(max(time.perf_counter() - self._began if not self._finished else self._seconds, 1e-3))
        if self._finished:
            return f"finished after {self._epoch} of {self.params['epochs']} epochs and {spent}"
        of = f" of {self.params['steps']}" if self.params.get("steps") else ""
        return f"epoch {min(self._epoch + 1, self.params['epochs'])} of {self.params['epochs']}, step {self._step}{of}, {spent}"

    # ---------------------------------------------------------------- looking

    def on_train_begin(self, logs: Any = None) -> None:
        model = self.model
        self._began = self._looked = self._drawn = self._panel_seen = time.perf_counter()
        self._cost, self._panel_cost = 0.0, 0.0
        self._finished, self._seconds, self._epoch, self._step = False, 0.0, 0, 0
        self._history: dict[str, list[float]] = {}
        self._running: dict[str, list[Any]] = {"at": [], "loss": []}
        self._layers: dict[Tensor, dict[str, Any]] = {}  # of each parameter, by the number of the look; not each update has all
        self._at: list[float] = []
        self._dead: dict[str, float] = {}
        self._answers: np.ndarray | None = None
        self._filters: list[str] = []
        self._filters_of = ""
        self._pictures = [] if self.panel is None else [png(picture) for picture in self.panel[0]]
        outputs = model.outputs[0].shape[-1] if model.outputs else 0
        self._names = self.class_names or [str(k) for k in range(max(outputs or 0, 2))]
        optimizer = model.optimizer
        self._facts = [["model", model.name], ["parameters", _size_of(model)],
                       ["optimiser", f"{type(optimizer).__name__}, η = {optimizer.learning_rate:g}"],
                       ["epochs", str(self.params["epochs"])], ["steps an epoch", str(self.params.get("steps") or "?")]]  # fmt: skip
        self._look_at_panel()
        self._open()
        here = home_of(model).name == "numpy"  # a GPU would wait for each look, and its steps are played from a recording
        self._around = Around(optimizer, "apply", self._watched) if here else None

    def _watched(self, apply: Callable[[Any, Any], None], grads: Any, params: Any) -> None:
        """An update; if it is time for a look, with the norms of gradients and updates."""
        start = time.perf_counter()
        if self._at and start - self._looked < max(self.every, self._cost / SHARE):
            apply(grads, params)
            return
        params, grads = list(params), list(grads)
        before = [p.data.copy() for p in params]
        copied = time.perf_counter() - start
        apply(grads, params)
        start = time.perf_counter()
        for i, (p, g, old) in enumerate(zip(params, grads, before)):
            layer = self._layers.setdefault(p, {"name": p.name or f"parameter {i}", "kernel": p.ndim > 1, "gradient": {}, "ratio": {}})
            size, moved = float(np.linalg.norm(old)), float(np.linalg.norm(p.data - old))
            layer["gradient"][len(self._at)] = 0.0 if g is None else float(np.linalg.norm(to_numpy(getattr(g, "data", g))))
            layer["ratio"][len(self._at)] = moved / size if size else 0.0
        self._at.append(round(self._epoch + self._share(), 4))
        self._looked = time.perf_counter()
        self._cost = copied + self._looked - start

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._step = batch + 1
        now = time.perf_counter()
        if logs and "loss" in logs and (not self._running["at"] or now - self._drawn > self.every):
            self._drawn = now
            self._running["at"].append(round(self._epoch + self._share(), 4))
            self._running["loss"].append(_plain(float(logs["loss"])))

    def wants_logs(self, moment: str) -> bool:
        return not self._running["at"] or time.perf_counter() - self._drawn > self.every

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for name, value in (logs or {}).items():
            self._history.setdefault(name, []).append(float(value))
        self._epoch, self._step = epoch + 1, 0
        if time.perf_counter() - self._panel_seen > self._panel_cost / SHARE:
            self._look_at_panel()
            self._refresh()

    def on_train_end(self, logs: Any = None) -> None:
        if self._around is not None:
            self._around.off()
        self._facts[1][1] = _size_of(self.model)  # the first batch may have built it
        self._finished, self._seconds = True, time.perf_counter() - self._began
        self._look_at_panel()
        if self._server is not None:
            self._server.close()
            self._server = None
        if self.report is not None:
            self.report.parent.mkdir(parents=True, exist_ok=True)
            self.report.write_text(self.page(), encoding="utf-8")
        self._refresh()

    def _share(self) -> float:
        """Of the epoch that is done."""
        steps = self.params.get("steps")
        return self._step / steps if steps else 0.0

    def _look_at_panel(self) -> None:
        start, model = time.perf_counter(), self.model
        if not model.built:
            return
        kernel = next((layer for layer in model.layers if isinstance(layer, Conv2D)), None)
        if kernel is not None:
            self._filters_of, self._filters = f"{kernel.name}/kernel", filter_pictures(kernel.kernel.numpy())
        if self.panel is not None:
            self._ask()
        self._panel_seen = time.perf_counter()
        self._panel_cost = self._panel_seen - start

    def _ask(self) -> None:
        """What the model answers for the panel, and which of its units are silent."""
        model = self.model
        assert self.panel is not None
        outputs = flat(model.predict(self.panel[0], verbose=0))
        able = [output for output in outputs if output.ndim == 2]
        if not able:
            return  # it answers with no classes: pictures, say
        self._answers = probabilities(able[0])
        if getattr(model, "calls", None):
            self._dead = {name: float(silent.mean()) for name, silent in silent_units(model, self.panel[0]).items()}

    # ---------------------------------------------------------------- showing

    def _open(self) -> None:
        if not self.serve:
            return
        if _in_notebook():
            from IPython.display import display

            self._cell = display(self, display_id=True)  # not as its HTML: that warns of any <iframe>
            return
        self._server = LocalServer(lambda: self.page(live=True), lambda: as_json(self.data()), self.port)
        self.url = self._server.url
        print(f"watch the training at {self.url}")

    def _refresh(self) -> None:
        if self._cell is not None:
            self._cell.update(self)


def _panel(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = to_numpy(arrays_of(x, "panel")), to_numpy(arrays_of(y, "panel"))
    if x.ndim != 4 or len(x) != len(y) or not 1 <= len(x) <= 24:
        raise ValueError(f"panel must be 1 to 24 pictures (n, H, W, C) and as many labels; got shapes {x.shape} and {y.shape}")
    return x, y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)


def _size_of(model: Any) -> str:
    return f"{model.count_params():,}" if model.built else "not built yet"


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell else None
    return type(found).__name__ == "ZMQInteractiveShell"


def _plain(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
