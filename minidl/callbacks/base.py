"""The moments of training, and who is told about them."""
from collections.abc import Callable, Iterable
from typing import Any

from minidl.objective import floats

Function = Callable[..., Any] | None


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
        has a method of its own for that moment, "on_train_batch_end", also under its older name.)"""
        names = {moment, moment.replace("_train_batch_", "_batch_")}
        return any(getattr(getattr(self, name), "__func__", None) is not getattr(Callback, name) for name in names)

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None: ...
    def on_train_end(self, logs: dict[str, float] | None = None) -> None: ...
    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None: ...
    def on_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None: ...  # older names
    def on_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None: ...

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.on_batch_end(batch, logs)

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


class LambdaCallback(Callback):
    """Functions in the place of methods: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs["loss"]))``. They are called with
    what the methods of `Callback` are called with, but for the callback itself; it is ``callback.model`` that is trained."""

    def __init__(
        self,
        on_epoch_begin: Function = None, on_epoch_end: Function = None, on_train_begin: Function = None, on_train_end: Function = None,
        on_train_batch_begin: Function = None, on_train_batch_end: Function = None, on_batch_begin: Function = None,
        on_batch_end: Function = None, on_test_begin: Function = None, on_test_end: Function = None, on_test_batch_begin: Function = None,
        on_test_batch_end: Function = None, on_predict_begin: Function = None, on_predict_end: Function = None,
        on_predict_batch_begin: Function = None, on_predict_batch_end: Function = None,
    ):  # fmt: skip
        given = {name: value for name, value in locals().items() if name.startswith("on_") and value is not None}
        for name, value in given.items():
            if not callable(value):
                raise TypeError(f"{name} must be a function; got {value!r}")
        vars(self).update(given)
