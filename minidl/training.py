"""Training, written out: the six steps of the training cycle are `train_step`, the rest of this file repeats and reports them."""
from collections.abc import Callable, Iterator
from typing import Any, Self

import numpy as np

from minidl import backend, optimizers
from minidl.autograd import grad
from minidl.batches import Batch, arrays_of, as_batch, check_finite, class_weigher, is_iterable_of_batches
from minidl.batches import joined, length_of, make_batches, split_off, validation_batches
from minidl.callbacks import Callback, CallbackList, History, ProgressBar, within
from minidl.captured import CapturedSteps
from minidl.checks import whole
from minidl.config import computing
from minidl.devices import used
from minidl.layers.base import Layer
from minidl.symbolic import Symbol, map_structure
from minidl.objective import Logs, Objective, floats
from minidl.registry import explain_keywords
from minidl.switches import no_grad
from minidl.tensor import Tensor


class Trainer(Layer):
    """A layer that can be trained: compile, fit, evaluate, predict."""

    optimizer: Any = None
    outputs: list[Symbol]
    output_names: Any  # a property of models
    stop_training = False
    history: History | None = None

    @explain_keywords
    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
                capture: Any = "auto") -> None:  # fmt: skip
        """Choose how to train.

        ``optimizer``: a name or an object. ``loss``: a name, an object or a function of ``(y_true, y_pred)``; for several outputs a
        list or a dictionary by output name (None: no loss for that output), with ``loss_weights`` likewise. ``metrics``: one or a
        list of names, objects or functions; for several outputs a list of lists or a dictionary.
        ``capture``: whether a GPU records the step once for each shape and then plays it: "auto" (where that is safe), True, False."""
        self.require_init()
        self.optimizer = optimizers.get(optimizer)
        self.objective = Objective(self.output_names, loss, loss_weights, metrics)
        self.captured = CapturedSteps(self, capture)
        self.compile_arguments = self.objective.arguments

    def to(self, name: str) -> Self:
        """Move the weights and the optimiser's state to the backend of that name, in place."""
        if self.optimizer is not None:
            self.optimizer.to(name)
        return super().to(name)

    # ---------------------------------------------------------------- one step

    def train_step(self, data: Any) -> Any:
        """The training cycle, once around. Override it to train in another way; the dictionary that it returns is logged."""
        x, y, sample_weight = as_batch(data)
        y_pred = self(x, training=True)  #                               1. forward propagation
        weights = self.trainable_variables  #                            (not earlier: the first batch may build the model)
        loss, parts = self.objective.loss(y, y_pred, sample_weight, self.losses)  # 2. the loss, a mean over the samples, and penalties
        gradients = grad(loss, weights)  #                               3. back propagation, for all samples of the batch at once (4.)
        self.optimizer.apply(gradients, weights)  #                      5. update with the average gradients
        self.objective.update(loss, parts, y, y_pred, sample_weight)
        return self.objective.logs()  #                                  6. start again with the next batch: `fit` does

    def test_step(self, data: Any) -> Any:
        """The loss and metrics of one batch, without training."""
        x, y, sample_weight = as_batch(data)
        y_pred = self(x, training=False)
        loss, parts = self.objective.loss(y, y_pred, sample_weight, self.losses)
        self.objective.update(loss, parts, y, y_pred, sample_weight)
        return self.objective.logs()

    # ---------------------------------------------------------------- many steps

    @explain_keywords
    @computing
    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
        class_weight: dict[int, float] | None = None, sample_weight: Any = None, initial_epoch: int = 0,
        steps_per_epoch: int | None = None, validation_steps: int | None = None, time_budget: float | str | None = None,
    ) -> History:  # fmt: skip
        """Train for ``epochs`` rounds through the data, and return the `History`. Called again, it goes on from where it was.

        ``x``, ``y``: arrays (or lists or dictionaries of them), or ``x`` is an iterable of batches ``(x, y)`` or ``(x, y,
        sample_weight)``. ``batch_size``: 32 if not given. ``validation_data``: ``(x, y)``, ``(x, y, sample_weight)`` or an iterable of
        batches; or ``validation_split``, the last part of x and y, 0 to 1, which is not trained on then. ``class_weight``: how much
        each class counts (1 if missing). ``initial_epoch``: the number of the first round, counted from 0, of ``epochs``. ``verbose``:
        0 silent, 1 a progress bar, 2 a line for each epoch. ``time_budget``: to end within "90 s", "5 min", "1 h" (see `History`)."""
        self._needs_compile()
        epochs, initial_epoch = whole("epochs", epochs, 0), whole("initial_epoch", initial_epoch, 0)
        if validation_steps is not None and validation_data is None:
            raise ValueError("validation_steps says how much of validation_data is used, and there is none")
        if validation_split:
            if is_iterable_of_batches(x):
                raise ValueError("validation_split is for arrays: with an iterable of batches, give validation_data")
            if validation_data is not None:
                raise ValueError("give validation_split or validation_data, not both")
            x, y, sample_weight, validation_data = split_off(x, y, sample_weight, validation_split)
        batches = make_batches(x, y, sample_weight, batch_size, shuffle, steps_per_epoch)
        validation = None if validation_data is None else validation_batches(validation_data, batch_size, validation_steps)
        batches, train_step = self.captured.ready(batches)  # self.train_step; on a GPU, recorded
        weigh, self.history, self.stop_training = self._class_weigher(class_weight), History(), False
        told = self._callbacks(within(time_budget, validation), callbacks, verbose, batches, epochs, [self.history])
        logs: Logs = {}
        told.on_train_begin({})
        try:
            for epoch in range(initial_epoch, epochs):
                told.on_epoch_begin(epoch, {})
                self.objective.reset(self)
                for step, batch in enumerate(self.prepared(batches)):
                    told.on_train_batch_begin(step, {})
                    logs = train_step(_data(weigh(batch)))
                    told.on_train_batch_end(step, logs)
                    if self.stop_training:
                        break
                logs = floats(logs)
                if validation is not None:
                    logs |= {f"val_{name}": value for name, value in self._evaluate(validation, told).items()}
                told.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
        finally:
            told.on_train_end(floats(logs))
        return self.history

    @explain_keywords
    @computing
    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto", sample_weight: Any = None,
        steps: int | None = None, callbacks: Any = None, return_dict: bool = False,
    ) -> Any:  # fmt: skip
        """The loss (a float), a list ``[loss, metrics…]``, or with ``return_dict`` a dictionary, over all the data given."""
        self._needs_compile()
        batches = make_batches(x, y, sample_weight, batch_size, False, steps)
        told = self._callbacks([], callbacks, verbose, batches)
        logs = self._evaluate(batches, told)
        return logs if return_dict else _as_list(logs)

    def _evaluate(self, batches: Any, told: CallbackList) -> Logs:
        self.objective.reset(self)
        logs: Logs = {}
        told.on_test_begin({})
        with no_grad():
            for step, batch in enumerate(self.prepared(batches)):
                told.on_test_batch_begin(step, {})
                logs = floats(self.test_step(_data(batch)))
                told.on_test_batch_end(step, logs)
        told.on_test_end(logs)
        return logs

    @explain_keywords
    @computing
    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None, callbacks: Any = None) -> Any:
        """The outputs for ``x`` (arrays, or an iterable of batches) as NumPy arrays; without dropout, nothing is recorded."""
        batches = make_batches(x, None, None, batch_size, False, steps)
        told = self._callbacks([], callbacks, verbose, batches)
        outputs: list[Any] = []
        told.on_predict_begin({})
        with no_grad():
            for step, batch in enumerate(batches):
                told.on_predict_batch_begin(step, {})
                outputs.append(self._outputs(batch.x))
                told.on_predict_batch_end(step, {"outputs": outputs[-1]})
        told.on_predict_end({})
        return joined(outputs)

    @computing
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        with no_grad():
            return self._outputs(arrays_of(x, "x"))

    def _outputs(self, x: Any) -> Any:
        (batch,) = self.prepared([Batch(x, None, None)])
        return map_structure(Tensor.numpy, self(batch.x, training=False))

    @explain_keywords
    @computing
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: dict[int, float] | None = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch: its loss as a float; with metrics a list; with ``return_dict`` a dictionary."""
        self._needs_compile()
        return self._one_batch(self.captured, x, y, sample_weight, class_weight, return_dict)

    @explain_keywords
    @computing
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """The loss and metrics of one batch, as `train_on_batch` returns them, without training."""
        self._needs_compile()
        with no_grad():
            return self._one_batch(self.test_step, x, y, sample_weight, None, return_dict)

    def _one_batch(self, step: Callable[..., Logs], x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool) -> Any:
        batch = next(self.prepared(make_batches(x, y, sample_weight, 2**62, False, None)))
        self.objective.reset(self)
        logs = floats(step(_data(self._class_weigher(class_weight)(batch))))
        return logs if return_dict else _as_list(logs)

    # ---------------------------------------------------------------- getting a batch ready

    def prepared(self, batches: Any) -> Iterator[Batch]:
        """The batches on the model's backend, x in the dtype of its weights; ValueError if x or y holds nan or infinity."""
        dtype, home = self._place()

        def ready(array: Any) -> Any:
            with np.errstate(over="ignore"):  # what becomes infinite is found in the next line
                array = array.astype(dtype, copy=False)
            check_finite(array, "x")
            return Tensor(backend.move(array, home))

        def moved(array: Any) -> Any:
            return None if array is None else backend.move(array, home)

        for step, batch in enumerate(batches):
            if step == 1:
                dtype, home = self._place()  # the first batch may have built the model
            check_finite(batch.y, "y")
            yield Batch(map_structure(ready, batch.x), map_structure(moved, batch.y), map_structure(moved, batch.sample_weight))

    def _place(self) -> tuple[Any, backend.Backend]:
        """The dtype and the backend of the weights."""
        weight = next(self.each_weight(), None)
        return (np.dtype("float32"), used()) if weight is None else (weight.dtype, backend.owner(weight.data))

    def _class_weigher(self, class_weight: Any) -> Callable[[Batch], Batch]:
        if class_weight and len(self.output_names) > 1:
            raise ValueError("class_weight is for models with one output: use sample_weight")
        return self.objective.looking(self, class_weigher(class_weight, self.outputs[0].shape[-1] if self.outputs else None))

    def _callbacks(self, first: Any, callbacks: Any, verbose: Any, batches: Any, epochs: int = 1, last: Any = ()) -> CallbackList:
        """Everybody who is told about the moments of training: those of the user may add to the logs; the progress bar comes last."""
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', 0 (silent), 1 (progress bar) or 2 (a line for each epoch); got {verbose!r}")
        verbose = 1 if verbose == "auto" else int(verbose)
        given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        bars: list[Callback] = [ProgressBar()] if verbose else []
        return CallbackList([*first, *given, *last, *bars], self, epochs=epochs, steps=length_of(batches), verbose=verbose)

    def _needs_compile(self) -> None:
        if self.optimizer is None:
            raise RuntimeError("the model is not compiled yet: call compile(optimizer, loss, metrics) first")


def _data(batch: Batch) -> tuple[Any, ...]:
    """What train_step and test_step receive: (x, y), or (x, y, sample_weight)."""
    return tuple(batch) if batch.sample_weight is not None else (batch.x, batch.y)


def _as_list(logs: Logs) -> Any:
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
