"""``minidl train``."""
import csv
import json
import math
import os
import platform
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

import minidl
from minidl import optimizers
from minidl.backend import named
from minidl.callbacks import Callback
from minidl.checks import number, whole
from minidl.cli.datasets import Pictures, choose, load
from minidl.cli.progress import LiveProgress
from minidl.dashboard import Dashboard
from minidl.data import one_hot
from minidl.devices import home_of, use_backend, used
from minidl.durations import in_words, seconds_in
from minidl.machine import memory_free
from minidl.nets import NETS
from minidl.plan import Plan
from minidl.random_numbers import set_seed
from minidl.registry import nearest
from minidl.sizes import bytes_in_words

console = Console(highlight=False, soft_wrap=True)
PANEL = 18  # pictures whose answers the report shows


class Options(NamedTuple):
    """The options of ``minidl train``."""

    model: str
    dataset: str
    data_dir: Path | None
    epochs: int | None
    batch_size: int | None
    optimizer: str
    learning_rate: float | None
    seed: int
    out: Path | None
    backend: str | None = None
    time_budget: str | None = None
    watch: bool = False


def run(options: Options) -> None:
    """Train, and write the run folder. Everything is checked before data are drawn or folders made."""
    if options.model not in NETS:
        raise ValueError(f"no net is called {options.model!r}: {nearest(options.model, NETS)}")
    home = used() if options.backend is None else named(options.backend)
    optimizer = optimizers.get(options.optimizer)
    if options.learning_rate is not None:
        optimizer.learning_rate = number("--learning-rate", options.learning_rate, 0)
    whole("--seed", options.seed, 0)
    dataset, sentence = choose(options.dataset, options.model, options.data_dir)
    epochs = whole("--epochs", (5 if dataset == "shapes10" else 10) if options.epochs is None else options.epochs, 0)
    batch_size = whole("--batch-size", (16 if options.model == "xray" else 32) if options.batch_size is None else options.batch_size)
    out = options.out or Path("runs") / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{options.model}"
    if out.exists():
        raise ValueError(f"{out} exists already, and nothing is overwritten: choose another --out")
    budget = None if options.time_budget is None else seconds_in("--time-budget", options.time_budget)
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ValueError(f"--out {out}: {parent} is no folder that can be written to")

    console.print(sentence)
    xray = options.model == "xray"
    pictures = load(dataset, options.data_dir, (256, 256) if xray else (32, 32), "grayscale" if xray else "rgb")
    set_seed(options.seed)
    with use_backend(home.name):
        model = NETS[options.model](pictures.train[0].shape[1:], len(pictures.class_names))
    model.compile(optimizer, "binary_crossentropy" if xray else "categorical_crossentropy", metrics=["accuracy"])
    model.summary()
    if home.name == "numpy":
        plan = model.plan(batch_size, epochs, len(pictures.train[0]))
        console.print(str(plan), markup=False)
        warn(plan, budget)
    settings = _settings(options, pictures, optimizer, epochs, batch_size, model)
    out.mkdir(parents=True)
    _write_json(out / "config.json", settings)

    record = Record(out)
    try:
        began = time.perf_counter()
        images, labels = pictures.validation
        dashboard = Dashboard((images[:PANEL], labels[:PANEL]), pictures.class_names, out / "report.html", serve=options.watch)
        stopped = _fit(model, pictures, batch_size, epochs, [record, dashboard], budget)
        seconds = time.perf_counter() - began
        if not record.best_epoch:  # no epoch was finished
            record.write()
            model.save(out / "weights.npz")
        model.load_weights(out / "weights.npz")
        probabilities, accuracy = measure(model, pictures.test)
    except BaseException:
        if not (out / "weights.npz").exists():
            shutil.rmtree(out)  # a run without weights is none, and would be in the way
        raise
    results = {"test_accuracy": accuracy, "seconds": round(seconds, 1), "epochs_done": len(record.rows), "best_epoch": record.best_epoch}
    _write_json(out / "config.json", settings | results)
    _draw(out, model, pictures, probabilities, record.rows)
    epochs_done = "1 epoch" if len(record.rows) == 1 else f"{len(record.rows)} epochs"
    trained = f"{stopped}trained on {len(pictures.train[0]):,} pictures for {epochs_done} in {seconds:.1f} s"
    console.print(trained if stopped else getattr(model.history, "ended", "") or trained)
    if record.best_epoch:
        console.print(f"kept the weights of epoch {record.best_epoch}, which has the lowest loss on the validation pictures")
    console.print(f"test accuracy {accuracy:.4f}")
    console.print(str(out))


def _fit(model: Any, pictures: Pictures, batch_size: int, epochs: int, callbacks: list[Any], budget: float | None) -> str:
    """Train; what is to be said if the user stopped it."""
    try:
        model.fit(
            pictures.train[0], targets(pictures.train[1], model), batch_size=batch_size, epochs=epochs, verbose=0,
            validation_data=(pictures.validation[0], targets(pictures.validation[1], model)),
            callbacks=[*callbacks, LiveProgress(console, len(pictures.train[0]))], time_budget=budget,
        )  # fmt: skip
    except KeyboardInterrupt:
        return f"stopped in epoch {len(callbacks[0].rows) + 1}; "
    return ""


def warn(plan: Plan, budget: float | None) -> None:
    """Say what the plan means for this machine and this budget."""
    free = memory_free()
    if free is not None and plan.peak_bytes > free:
        console.print(f"That is more memory than the {bytes_in_words(free)} that are free: try a smaller --batch-size.")
    if budget and plan.seconds is not None and plan.seconds > budget:
        console.print(f"The time budget of {in_words(budget)} will probably end it before.")


class Record(Callback):
    """Writes ``history.csv`` after every epoch, and the model whenever it is the best so far: an interrupted run keeps both."""

    def __init__(self, out: Path):
        self.out, self.rows = out, list[dict[str, float]]()
        self.best_epoch, self.best_loss = 0, math.inf

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.rows.append({"epoch": epoch + 1, **(logs or {}), "seconds": round(time.perf_counter() - self.began, 3)})
        self.write()
        loss = self.rows[-1]["val_loss"]
        if not math.isfinite(loss):
            raise ValueError(f"the training diverged in epoch {epoch + 1}, the loss is {loss}: try a smaller --learning-rate")
        if loss < self.best_loss:
            self.best_epoch, self.best_loss = epoch + 1, loss
            self.model.save(self.out / "weights.npz")

    def write(self) -> None:
        """Write the table as it is now."""
        with open(self.out / "history.csv", "w", newline="", encoding="utf-8") as file:
            columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"]
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self.rows)


def targets(labels: np.ndarray, model: Any) -> np.ndarray:
    """Labels as the model's loss wants them: one-hot, or 0 and 1 where there is one output."""
    outputs = model.outputs[0].shape[-1]
    return labels[:, None].astype("float32") if outputs == 1 else one_hot(labels, outputs)


def measure(model: Any, test: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, float]:
    """The probability of each class for each test picture, and the share of pictures told right."""
    probabilities = model.predict(test[0], batch_size=256 if test[0].shape[1] <= 64 else 16, verbose=0)
    if probabilities.shape[1] == 1:
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    return probabilities, float((probabilities.argmax(axis=1) == test[1]).mean())


def _settings(options: Options, pictures: Pictures, optimizer: Any, epochs: int, batch_size: int, model: Any) -> dict[str, Any]:
    return {
        "model": options.model, "dataset": str(Path(pictures.name).resolve()) if Path(pictures.name).is_dir() else pictures.name,
        "data_dir": str(options.data_dir.resolve()) if options.data_dir else None, "class_names": list(pictures.class_names),
        "input_shape": list(pictures.train[0].shape[1:]), "parameters": model.count_params(), "epochs": epochs, "batch_size": batch_size,
        "optimizer": options.optimizer.lower(), "learning_rate": optimizer.learning_rate, "seed": options.seed,
        "backend": home_of(model).name, "time_budget": options.time_budget,
        "train": len(pictures.train[0]), "validation": len(pictures.validation[0]), "test": len(pictures.test[0]),
        "minidl": minidl.__version__, "numpy": np.__version__, "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _draw(out: Path, model: Any, pictures: Pictures, probabilities: np.ndarray, rows: list[dict[str, float]]) -> None:
    from minidl import plots

    images, labels = pictures.test
    history = {name: [row[name] for row in rows] for name in (rows[0] if rows else ()) if name not in ("epoch", "seconds")}
    kernel = next(layer for layer in model.layers if hasattr(layer, "kernel")).kernel.numpy()
    figures = {
        "pictures.png": plots.gallery(*pictures.train, pictures.class_names, rows=5),
        "confusion.png": plots.confusion_matrix((labels, probabilities.argmax(axis=1)), pictures.class_names),
        "predictions.png": plots.predictions(images, labels, probabilities, pictures.class_names),
        "filters.png": plots.filters(kernel),
    } | ({"curves.png": plots.learning_curves(history)} if rows else {})
    for name, figure in figures.items():
        figure.savefig(out / name, dpi=150)
