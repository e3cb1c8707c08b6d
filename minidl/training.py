"""Training, written out: the six steps of the training cycle are `train_step`, the rest of this file repeats and reports them."""
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minidl import backend, losses, metrics, optimizers
from minidl.autograd import grad
from minidl.batches import ArrayBatches, Batch, GivenBatches, arrays_of, as_batch, check_finite, is_iterable_of_batches
from minidl.callbacks import Callback, CallbackList, History, ProgressBar
from minidl.config import keep_freed_memory, one_blas_thread
from minidl.layers.checks import number, whole
from minidl.layers.symbolic import flat, map_structure
from minidl.registry import explain_keywords, nearest
from minidl.switches import no_grad
from minidl.tensor import Tensor

Logs = dict[str, float]


class Trainer:
    """What a model can do besides computing: compile, fit, evaluate, predict."""

    optimizer: Any = None
    stop_training = False
    history: History | None = None

    @explain_keywords
    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None) -> None:
        """Choose how to train.

        ``optimizer``: a name or an object. ``loss``: a name, an object or a function of ``(y_true, y_pred)``; for several outputs a
        list or a dictionary by output name (None: no loss for that output), with ``loss_weights`` likewise. ``metrics``: one or a
        list of names, objects or functions; for several outputs a list of lists or a dictionary."""
        self.optimizer = optimizers.get(optimizer)
        names = self.output_names
        self._losses = [None if one is None else losses.get(one) for one in self._per_output(loss, "loss")]
        weights = [1.0] * len(names) if loss_weights is None else self._per_output(loss_weights, "loss_weights")
        self._loss_weights = [number("loss_weights", w) for w in weights]
        self._metrics = [_metric_objects(given) for given in self._per_output(metrics, "metrics", lists=True)]
        self._loss_means = [_mean("loss"), *(_mean(f"{name}_loss") for name in names)]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs; for a subclassed model just "output"."""
        return [symbol.name for symbol in self.outputs] or ["output"]  # type: ignore[attr-defined]

    def _per_output(self, given: Any, what: str, lists: bool = False) -> list[Any]:
        """``given`` as one entry for each output."""
        names = self.output_names
        if isinstance(given, dict):
            for name in given:
                if name not in names:
                    raise ValueError(f"{what}: the model has no output {name!r}: {nearest(str(name), names)}")
            return [given.get(name) for name in names]
        if len(names) == 1:
            return [given[0] if isinstance(given, (list, tuple)) and not lists and len(given) == 1 else given]
        if given is None:
            return [None] * len(names)
        if isinstance(given, (list, tuple)):
            if len(given) != len(names):
                raise ValueError(f"{what}: the model has {len(names)} outputs ({', '.join(names)}), got {len(given)} entries")
            return list(given)
        return [given] * len(names)

    # ---------------------------------------------------------------- one step

    def train_step(self, data: Any) -> Logs:
        """The training cycle, once around. Override it to train in another way; what it returns is logged."""
        x, y, sample_weight = as_batch(data)
        weights = self.trainable_variables  # type: ignore[attr-defined]
        y_pred = self(x, training=True)  # type: ignore[operator]     1. forward propagation, of all samples of the batch (4.) at once
        loss = self.compute_loss(y, y_pred, sample_weight)  #         2. the loss, averaged over the samples
        gradients = grad(loss, weights)  #                            3. back propagation: the loss is a mean, so these are average gradients
        self.optimizer.apply(gradients, weights)  #                   5. update every weight and bias
        return self.update_logs(loss, y, y_pred, sample_weight)  #    6. start again, with the next batch

    def test_step(self, data: Any) -> Logs:
        """The loss and metrics of one batch, without training."""
        x, y, sample_weight = as_batch(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        return self.update_logs(self.compute_loss(y, y_pred, sample_weight), y, y_pred, sample_weight)

    def compute_loss(self, y: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch, a 0-d Tensor: for several outputs the weighted sum of their losses."""
        total: Any = None
        self._last_losses: list[Any] = []
        for loss, weight, (target, output, w) in zip(self._losses, self._loss_weights, self._aligned(y, y_pred, sample_weight)):
            value = None if loss is None else loss(target, output, w)
            self._last_losses.append(value)
            if value is not None:
                value = value if weight == 1 else value * weight
                total = value if total is None else total + value
        if total is None:
            raise ValueError("the model was compiled without a loss: compile(optimizer, loss=…)")
        return total  # type: ignore[no-any-return]

    def update_logs(self, loss: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Logs:
        """Add a batch to the running means of loss and metrics, and return them."""
        outputs = self._aligned(y, y_pred, sample_weight)
        n = outputs[0][1].shape[0]
        several = len(outputs) > 1
        for mean, value in zip(self._loss_means, [loss, *(self._last_losses if several else [])]):
            if value is not None:
                mean.update_state(value.detach(), n)
        for measures, (target, output, w) in zip(self._metrics, outputs):
            for metric in measures:
                metric.update_state(target, output.detach(), w)
        return self._logs()

    def _logs(self) -> Logs:
        several, names = len(self._metrics) > 1, self.output_names
        logs = {"loss": self._loss_means[0].result()}
        if several:
            logs |= {mean.name: mean.result() for mean, loss in zip(self._loss_means[1:], self._losses) if loss is not None}
        for name, measures in zip(names, self._metrics):
            logs |= {(f"{name}_" if several else "") + metric.name: metric.result() for metric in measures}
        return logs

    def _reset_logs(self) -> None:
        for metric in [*self._loss_means, *(metric for measures in self._metrics for metric in measures)]:
            metric.reset_state()

    def _aligned(self, y: Any, y_pred: Any, sample_weight: Any) -> list[tuple[Any, Any, Any]]:
        """(target, output, weights) for each output."""
        outputs = list(flat(y_pred))
        if len(outputs) != len(self._losses):
            raise ValueError(f"the model was compiled for {len(self._losses)} outputs, and gave {len(outputs)}")
        names = self.output_names
        if isinstance(y_pred, dict) and isinstance(y, dict):
            targets = [y.get(key) for key in y_pred]
        elif isinstance(y, dict):
            if unknown := set(y) - set(names):
                raise ValueError(f"y: the model has no output {min(unknown)!r}: {nearest(min(unknown), names)}")
            targets = [y.get(name) for name in names]
        else:
            targets = list(y) if isinstance(y, (list, tuple)) else [y]
        if len(targets) != len(outputs):
            raise ValueError(f"y: the model has {len(outputs)} outputs ({', '.join(names)}), got {len(targets)} arrays")
        if any(target is None and loss is not None for target, loss in zip(targets, self._losses)):
            raise ValueError("there is a loss, but no y to compare the predictions with")
        weights = sample_weight if isinstance(sample_weight, (list, tuple)) else [sample_weight] * len(outputs)
        if isinstance(sample_weight, dict):
            weights = [sample_weight.get(name) for name in names]
        return list(zip(targets, outputs, weights))

    # ---------------------------------------------------------------- many steps

    @explain_keywords
    @one_blas_thread()
    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
        class_weight: dict[int, float] | None = None, sample_weight: Any = None, initial_epoch: int = 0,
        steps_per_epoch: int | None = None, validation_steps: int | None = None,
    ) -> History:  # fmt: skip
        """Train for ``epochs`` rounds through the data, and return the `History`. Called again, it goes on from where it was.

        ``x``, ``y``: arrays (or lists or dictionaries of them), or ``x`` is an iterable of batches ``(x, y)`` or ``(x, y,
        sample_weight)``. ``batch_size``: 32 if not given. ``validation_data``: ``(x, y)``, ``(x, y, sample_weight)`` or an iterable of
        batches; or ``validation_split``, the last part of x and y, 0 to 1, which is then not trained on. ``class_weight``: how much
        each class counts, 1 where it is missing. ``initial_epoch``: the number of the first round, counted from 0; training ends
        with round ``epochs``. ``verbose``: 0 silent, 1 a progress bar, 2 a line for each epoch."""
        self._needs_compile()
        epochs, initial_epoch = whole("epochs", epochs, 0), whole("initial_epoch", initial_epoch, 0)
        if validation_split:
            if validation_data is not None:
                raise ValueError("give validation_split or validation_data, not both")
            x, y, sample_weight, validation_data = _split_off(x, y, sample_weight, validation_split)
        batches = _batches(x, y, sample_weight, batch_size, shuffle, steps_per_epoch, "x")
        validation = None if validation_data is None else _validation(validation_data, batch_size, validation_steps)
        weigh = self._class_weigher(class_weight)
        self.history, self.stop_training = History(), False
        bars = [ProgressBar()] if _verbosity(verbose) else []
        moments = CallbackList([self.history, *_callback_list(callbacks), *bars], self, epochs=epochs, steps=_length(batches), verbose=_verbosity(verbose))
        keep_freed_memory()
        moments.on_train_begin({})
        try:
            for epoch in range(initial_epoch, epochs):
                moments.on_epoch_begin(epoch, {})
                self._reset_logs()
                logs: Logs = {}
                for step, batch in enumerate(batches):
                    moments.on_train_batch_begin(step, {})
                    logs = _floats(self.train_step(weigh(self._prepared(batch))))
                    moments.on_train_batch_end(step, logs)
                    if self.stop_training:
                        break
                if validation is not None:
                    logs = logs | {f"val_{name}": value for name, value in self._evaluate(validation, moments).items()}
                moments.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
        finally:
            moments.on_train_end(logs if epochs > initial_epoch else {})
        return self.history

    @explain_keywords
    @one_blas_thread()
    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto", sample_weight: Any = None,
        steps: int | None = None, callbacks: Any = None, return_dict: bool = False,
    ) -> Any:  # fmt: skip
        """The loss (a float), a list ``[loss, metrics…]``, or with ``return_dict`` a dictionary, over all the data given."""
        self._needs_compile()
        batches = _batches(x, y, sample_weight, batch_size, False, steps, "x")
        bars = [ProgressBar()] if _verbosity(verbose) else []
        moments = CallbackList([*_callback_list(callbacks), *bars], self, epochs=1, steps=_length(batches), verbose=_verbosity(verbose))
        logs = self._evaluate(batches, moments)
        return logs if return_dict else _as_list(logs)

    def _evaluate(self, batches: Any, moments: CallbackList) -> Logs:
        self._reset_logs()
        logs: Logs = {}
        moments.on_test_begin({})
        with no_grad():
            for step, batch in enumerate(batches):
                moments.on_test_batch_begin(step, {})
                logs = _floats(self.test_step(self._prepared(batch)))
                moments.on_test_batch_end(step, logs)
        moments.on_test_end(logs)
        return logs

    @explain_keywords
    @one_blas_thread()
    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None, callbacks: Any = None) -> Any:
        """The outputs for ``x`` (arrays, or an iterable of batches) as NumPy arrays; without dropout, nothing is recorded."""
        batches = _batches(x, None, None, batch_size, False, steps, "x")
        bars = [ProgressBar()] if _verbosity(verbose) else []
        moments = CallbackList([*_callback_list(callbacks), *bars], self, epochs=1, steps=_length(batches), verbose=_verbosity(verbose))
        outputs: list[Any] = []
        moments.on_predict_begin({})
        with no_grad():
            for step, batch in enumerate(batches):
                moments.on_predict_batch_begin(step, {})
                outputs.append(map_structure(Tensor.numpy, self(self._prepared(Batch(batch.x, None, None)).x, training=False)))  # type: ignore[operator]
                moments.on_predict_batch_end(step, {})
        moments.on_predict_end({})
        return _joined(outputs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        with no_grad():
            return map_structure(Tensor.numpy, self(self._prepared(Batch(arrays_of(x, "x"), None, None)).x, training=False))  # type: ignore[operator]

    @explain_keywords
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: dict[int, float] | None = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch: its loss as a float; with metrics a list; with ``return_dict`` a dictionary."""
        self._needs_compile()
        return self._one_batch(self.train_step, x, y, sample_weight, class_weight, return_dict)

    @explain_keywords
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and metrics of one batch, as `train_on_batch` returns them, without training."""
        self._needs_compile()
        with no_grad():
            return self._one_batch(self.test_step, x, y, sample_weight, None, return_dict)

    def _one_batch(self, step: Callable[..., Logs], x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool) -> Any:
        batch = next(iter(_batches(x, y, sample_weight, np.iinfo(int).max, False, None, "x")))
        self._reset_logs()
        logs = _floats(step(self._class_weigher(class_weight)(self._prepared(batch))))
        return logs if return_dict else _as_list(logs)

    # ---------------------------------------------------------------- getting a batch ready

    def _prepared(self, batch: Batch) -> Batch:
        """The batch on the model's backend, x in the dtype of its weights; ValueError if x or y holds nan or infinity."""
        check_finite(batch.x, "x")
        check_finite(batch.y, "y")
        weight = next(self.each_weight(), None)  # type: ignore[attr-defined]
        home = backend.owner(None if weight is None else weight.data)
        dtype = np.dtype("float32") if weight is None else weight.dtype

        def ready(array: Any) -> Any:
            return Tensor(backend.move(array.astype(dtype, copy=False), home))

        def moved(array: Any) -> Any:
            return None if array is None else backend.move(array, home)

        return Batch(map_structure(ready, batch.x), map_structure(moved, batch.y), map_structure(moved, batch.sample_weight))

    def _class_weigher(self, class_weight: dict[int, float] | None) -> Callable[[Batch], Batch]:
        """A function that turns class weights into sample weights."""
        if not class_weight:
            return lambda batch: batch
        if len(self.output_names) > 1:
            raise ValueError("class_weight is for models with one output: use sample_weight")
        given = {whole("class_weight's classes", key, 0): number("class_weight", value, 0) for key, value in class_weight.items()}

        outputs = self.outputs  # type: ignore[attr-defined]

        def weigh(batch: Batch) -> Batch:
            one_hot = batch.y.ndim > 1 and batch.y.shape[-1] > 1
            classes = batch.y.shape[-1] if one_hot else max(2, outputs[0].shape[-1] if outputs else max(given) + 1)
            if max(given) >= classes:
                raise ValueError(f"class_weight has a class {max(given)}, but the classes are 0 to {classes - 1}")
            xp = backend.owner(batch.y).module
            labels = xp.argmax(batch.y, axis=-1) if one_hot else batch.y.reshape(-1).astype(int)
            weights = xp.asarray(np.array([given.get(c, 1.0) for c in range(classes)], "float32"))[labels]
            return batch._replace(sample_weight=weights if batch.sample_weight is None else weights * batch.sample_weight)

        return weigh

    def _needs_compile(self) -> None:
        if self.optimizer is None:
            raise RuntimeError("the model is not compiled yet: call compile(optimizer, loss, metrics) first")


def _mean(name: str) -> Any:
    return metrics.Mean(name=name)


def _metric_objects(given: Any) -> list[Any]:
    """A bare metric, or a list of them, as a list of metric objects."""
    many = given if isinstance(given, (list, tuple)) else [] if given is None else [given]
    return [metrics.get(one) for one in many]


def _callback_list(callbacks: Any) -> Sequence[Callback]:
    return [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())


def _verbosity(verbose: Any) -> int:
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose must be 'auto', 0 (silent), 1 (progress bar) or 2 (a line for each epoch); got {verbose!r}")
    return 1 if verbose == "auto" else int(verbose)


def _batches(x: Any, y: Any, sample_weight: Any, batch_size: int | None, shuffle: bool, steps: int | None, what: str) -> Any:
    steps = None if steps is None else whole("steps", steps)
    if is_iterable_of_batches(x):
        if y is not None or sample_weight is not None or batch_size is not None:
            raise ValueError("an iterable of batches brings its own y, sample_weight and batch size")
        return GivenBatches(x, steps, what)
    if x is None:
        raise ValueError("there is no x: give arrays or an iterable of batches")
    size = 32 if batch_size is None else whole("batch_size", batch_size)
    batches = ArrayBatches(arrays_of(x, "x"), arrays_of(y, "y"), arrays_of(sample_weight, "sample_weight"), size, bool(shuffle))
    return batches if steps is None else GivenBatches(batches, steps, what)


def _validation(data: Any, batch_size: int | None, steps: int | None) -> Any:
    if is_iterable_of_batches(data):
        return GivenBatches(data, steps, "validation_data")
    if not isinstance(data, (list, tuple)) or len(data) not in (2, 3):
        raise ValueError("validation_data is (x, y), (x, y, sample_weight) or an iterable of batches")
    return _batches(data[0], data[1], data[2] if len(data) > 2 else None, batch_size, False, steps, "validation_data")


def _split_off(x: Any, y: Any, sample_weight: Any, share: float) -> tuple[Any, Any, Any, tuple[Any, Any, Any]]:
    """The first part of the data for training and the last ``share`` of it for validation."""
    share = number("validation_split", share, 0, 1)
    data = Batch(arrays_of(x, "x"), arrays_of(y, "y"), arrays_of(sample_weight, "sample_weight"))
    n = ArrayBatches(*data, batch_size=1, shuffle=False).n
    first = int(n * (1 - share))
    if first in (0, n):
        raise ValueError(f"validation_split={share} of {n} examples leaves none for {'training' if first == 0 else 'validation'}")
    train, validation = (map_structure(lambda a, part=part: a if a is None else a[part], list(data)) for part in (slice(first), slice(first, None)))
    return *train, tuple(validation)  # type: ignore[return-value]


def _length(batches: Any) -> int | None:
    try:
        return len(batches)
    except TypeError:
        return None


def _floats(logs: Any) -> Logs:
    """What a step returned, as Python floats."""
    if not isinstance(logs, dict):
        raise TypeError(f"train_step and test_step return a dictionary of numbers, like {{'loss': loss}}; got {type(logs).__name__}")
    return {name: float(value) for name, value in logs.items()}


def _as_list(logs: Logs) -> Any:
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _joined(outputs: list[Any]) -> Any:
    """The outputs of several batches as one array, or a list or dictionary of arrays."""
    first = outputs[0]
    if isinstance(first, dict):
        return {key: _joined([output[key] for output in outputs]) for key in first}
    if isinstance(first, (list, tuple)):
        return [_joined([output[i] for output in outputs]) for i in range(len(first))]
    return np.concatenate(outputs)
