"""What happens around the training: subclass `Callback` and write the methods that you need."""
import shutil
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from minidl.batches import length_of
from minidl.durations import in_words, seconds_in
from minidl.objective import floats


class Callback:
    """The moments of training. ``logs`` are the numbers so far: loss, metrics, at the end of an epoch also the ``val_`` ones.

    One of your own writes the moments that it needs, and is given to ``fit(…, callbacks=[…])``; ``self.model`` is the model:

        class StopAtNan(Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.model.stop_training = not np.isfinite(logs["loss"])
    """

    model: Any = None
    params: dict[str, Any]

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """``params``: epochs, steps (None where unknown), verbose."""
        self.params = params

    def wants_logs(self, moment: str) -> bool:
        """Whether this callback looks at ``logs`` at the end of this batch; if nobody does, a GPU is not made to wait. (By default: if it
        has a method of its own for that moment, "on_train_batch_end".)"""
        return getattr(getattr(self, moment), "__func__", None) is not getattr(Callback, moment)

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None: ...
    def on_train_end(self, logs: dict[str, float] | None = None) -> None: ...
    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_test_begin(self, logs: dict[str, float] | None = None) -> None: ...
    def on_test_end(self, logs: dict[str, float] | None = None) -> None: ...
    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_predict_begin(self, logs: dict[str, float] | None = None) -> None: ...
    def on_predict_end(self, logs: dict[str, float] | None = None) -> None: ...
    def on_predict_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_predict_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None: ...


class CallbackList:
    """Several callbacks as one: every moment is passed on to each."""

    def __init__(self, callbacks: Iterable[Callback], model: Any, **params: Any):
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks are objects of minidl.callbacks.Callback; got {callback!r}")
            callback.set_params(params)
            callback.set_model(model)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any]) -> None:
        """The numbers of a step are read only if somebody looks at them: on a GPU, Python would wait for them."""
        wanted = any(callback.wants_logs("on_train_batch_end") for callback in self.callbacks)
        read = floats(logs) if wanted else {}
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, read)

    def __getattr__(self, moment: str) -> Any:
        if not moment.startswith("on_"):
            raise AttributeError(moment)

        def tell(*args: Any) -> None:
            for callback in self.callbacks:
                getattr(callback, moment)(*args)

        return tell


class History(Callback):
    """What `fit` returns: ``history["loss"][epoch]`` and so on; ``epoch``, the list of epoch numbers; and for a training with a time
    budget ``ended``, a sentence that says what was trained."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.ended = ""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class TimeBudget(Callback):
    """Stops the training so that it ends within so many ``seconds``, with the validation that follows. One step is made in any case.

    ``validation_steps``: how many batches are validated; as long as it is not known how long this takes, each counts like a step.
    ``history.ended`` says what was trained."""

    EVERY = 0.1  # seconds between two looks at a GPU's numbers

    def __init__(self, seconds: float, validation_steps: int | None = None):
        self.seconds, self.validation_steps = seconds, validation_steps or 0
        self.validation: float | None = None  # seconds that the last one took
        self.recent: deque[float] = deque(maxlen=20)  # seconds of the last steps
        self.epochs = self.steps = 0  # whole epochs, and steps of the epoch that runs

    def wants_logs(self, moment: str) -> bool:
        """Ten times a second: so a GPU, which works behind Python's back, is at most that far behind the times measured here."""
        return time.perf_counter() - self.waited > self.EVERY

    def on_train_begin(self, logs: Any = None) -> None:
        self.began = self.last = self.waited = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.steps, self.last = 0, time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        self.waited = now if logs else self.waited
        self.recent.append(now - self.last)
        self.last, self.steps = now, batch + 1
        self._stop_if_late(now)

    def on_test_begin(self, logs: Any = None) -> None:
        self.test_began = time.perf_counter()

    def on_test_end(self, logs: Any = None) -> None:
        self.validation = time.perf_counter() - self.test_began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        whole = not self.model.stop_training if self.params["steps"] is None else self.steps == self.params["steps"]
        if whole:
            self.epochs, self.steps = self.epochs + 1, 0
        self._stop_if_late(time.perf_counter())

    def on_train_end(self, logs: Any = None) -> None:
        spent, steps = in_words(time.perf_counter() - self.began), self.params["steps"]
        done = f"{self.epochs} epoch{'s' if self.epochs != 1 else ''}"
        of = f" of {steps}" if steps else ""
        part = f" and {self.steps}{of} step{'s' if steps or self.steps > 1 else ''} of the next" if self.steps else ""
        self.model.history.ended = sentence = f"Trained {done}{part} in {spent}; the time budget is {in_words(self.seconds)}."
        if self.params["verbose"]:
            print(sentence)

    def _stop_if_late(self, now: float) -> None:
        """Stop if another step and the validation after it might take longer than what is left."""
        validation = self.validation_steps * statistics.median(self.recent) if self.validation is None else self.validation
        if now - self.began + max(self.recent) + 1.2 * validation > self.seconds:
            self.model.stop_training = True


def within(time_budget: Any, validation: Any) -> list[Callback]:
    """The callback for a time budget as `fit` takes it, and the batches of its validation; nothing for None."""
    return [] if time_budget is None else [TimeBudget(seconds_in("time_budget", time_budget), length_of(validation))]


class ProgressBar(Callback):
    """The line that `fit`, `evaluate` and `predict` print: steps, time, loss and metrics. On a terminal it is live."""

    WIDTH, EVERY = 20, 0.1  # characters; seconds between two updates

    def on_train_begin(self, logs: Any = None) -> None:
        self.training = True

    def on_train_end(self, logs: Any = None) -> None:
        self.training = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.params["epochs"] > 1 or self.params["verbose"] == 2:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}")
        self._start()

    def on_test_begin(self, logs: Any = None) -> None:
        if not getattr(self, "training", False):
            self._start()

    on_predict_begin = on_test_begin

    def _start(self) -> None:
        self.began, self.shown, self.done, self.drawn = time.perf_counter(), 0.0, 0, ""

    def wants_logs(self, moment: str) -> bool:
        """Only when it is time to draw them."""
        return self.params["verbose"] == 1 and sys.stdout.isatty() and time.perf_counter() - self.shown > self.EVERY

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.done = batch + 1
        if (logs or not getattr(self, "training", False)) and self.wants_logs("on_train_batch_end"):
            self.shown = time.perf_counter()
            self._draw(logs or {}, end="")

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not getattr(self, "training", False):
            self.on_train_batch_end(batch, logs)

    on_predict_batch_end = on_test_batch_end

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._draw(logs or {}, end="\n")

    def on_test_end(self, logs: Any = None) -> None:
        if not getattr(self, "training", False):
            self._draw(logs or {}, end="\n")

    on_predict_end = on_test_end

    def _draw(self, logs: dict[str, float], end: str) -> None:
        steps, seconds = self.params.get("steps"), time.perf_counter() - self.began
        full = self.WIDTH * self.done // steps if steps else self.WIDTH
        bar = "━" * full + "╺" * (full < self.WIDTH) + " " * (self.WIDTH - full - 1)
        parts = [f"{self.done}/{steps or (self.done if end else '?')}", bar if self.params["verbose"] == 1 else "", _duration(seconds)]
        if not end and steps and self.done:
            parts.append(f"{_duration(seconds / self.done * (steps - self.done))} left")
        line = " ".join(part for part in [*parts, _step_time(seconds / max(1, self.done))] if part)
        line += "".join(f" - {name}: {_value(value)}" for name, value in _ordered(logs).items())
        live = sys.stdout.isatty() and self.params["verbose"] == 1
        if live:
            line = line[: shutil.get_terminal_size().columns - 1] if not end else line
            print(f"\r{line.ljust(len(self.drawn))}", end=end, flush=True)
            self.drawn = line
        elif end:
            print(line)


def _ordered(logs: dict[str, float]) -> dict[str, float]:
    """Metrics first, in alphabetical order, then the same for validation; as Keras prints them."""
    return dict(sorted(logs.items(), key=lambda item: (item[0].startswith("val_"), item[0])))


def _value(value: float) -> str:
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02.0f}" if hours else f"{minutes}:{seconds:02.0f}" if minutes else f"{seconds:.0f}s"


def _step_time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"
