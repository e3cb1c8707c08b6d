"""What a model is trained for: a loss for each output, and the numbers that are reported."""
from collections.abc import Callable, Sequence
from typing import Any

from minidl import labels, losses, metrics
from minidl.checks import number
from minidl.devices import recording
from minidl.notes import about_a_bare_metric, before_training
from minidl.registry import nearest
from minidl.switches import switch
from minidl.symbolic import flat
from minidl.tensor import Tensor

Logs = dict[str, float]


class Objective:
    """Losses with their weights, and metrics, for each output of a model; with running means of all of them.

    ``names``: the names of the outputs. ``loss``, ``loss_weights``, ``measures`` (its ``metrics``): as `Trainer.compile` takes them."""

    def __init__(self, names: list[str], loss: Any, loss_weights: Any, measures: Any):
        if _are_metrics(loss_weights):  # compile("adam", "mse", ["mae"]): Keras 2 had metrics before loss_weights
            loss_weights, measures = measures, loss_weights
        if measures is not None and not isinstance(measures, (list, tuple, dict)) and len(names) == 1:
            about_a_bare_metric()
            measures = [measures]
        self.names, self.arguments = names, {"loss": loss, "loss_weights": loss_weights, "metrics": measures}
        self.losses = [None if one is None else losses.get(one) for one in self._per_output(loss, "loss")]
        weights = [1.0] * len(names) if loss_weights is None else self._per_output(loss_weights, "loss_weights")
        self.loss_weights = [number("loss_weights", weight) for weight in weights]
        self.looked = False  # at the first batch, for what might be meant otherwise (see `minidl.notes`)
        self.metrics = [_metric_objects(given) for given in self._per_output(measures, "metrics")]
        self.doubts: list[labels.Doubt] = []  # about labels on a device
        self.means = [metrics.Mean(name="loss"), *(metrics.Mean(name=f"{name}_loss") for name in names if len(names) > 1)]

    def _per_output(self, given: Any, what: str) -> list[Any]:
        """``given`` as one entry for each output."""
        if isinstance(given, dict):
            for name in given:
                if name not in self.names:
                    raise ValueError(f"{what}: the model has no output {name!r}: {nearest(str(name), self.names)}")
            return [given.get(name, 1.0 if what == "loss_weights" else None) for name in self.names]
        if len(self.names) == 1:
            single = isinstance(given, (list, tuple)) and what != "metrics" and len(given) == 1
            return [given[0] if single else given]
        if isinstance(given, (list, tuple)):
            if len(given) != len(self.names):
                raise ValueError(f"{what}: the model has {len(self.names)} outputs ({', '.join(self.names)}), got {len(given)} entries")
            return list(given)
        return [given] * len(self.names)

    def loss(self, y: Any, y_pred: Any, sample_weight: Any = None, penalties: Sequence[Tensor] = ()) -> tuple[Tensor, list[Any]]:
        """The loss of a batch, a 0-d Tensor (the weighted sum over the outputs, and the ``penalties``: the model's ``losses``), and the
        loss of each output."""
        self._look()  # at what a step of one's own left
        rows = zip(self.losses, self.pairs(y, y_pred, sample_weight))
        with switch(labels.doubts, self.doubts):
            parts = [None if loss is None else loss(target, output, weights) for loss, (target, output, weights) in rows]
        for name, part in zip(self.names, parts):
            if part is not None and part.ndim:
                raise ValueError(f"training needs one number; the loss of {name!r} gives {part.shape}: take a reduction other than 'none'")
        weighted = [part if weight == 1 else part * weight for part, weight in zip(parts, self.loss_weights) if part is not None]
        weighted += penalties
        if not weighted:
            raise ValueError("the model was compiled without a loss: compile(optimizer, loss=…)")
        return sum(weighted[1:], start=weighted[0]), parts

    def update(self, loss: Tensor, parts: list[Any], y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch to the running means."""
        pairs = self.pairs(y, y_pred, sample_weight)
        for mean, value in zip(self.means, [loss, *parts]):
            if value is not None:
                mean.update_state(value.detach(), pairs[0][1].shape[0])
        with switch(labels.doubts, self.doubts):
            for measures, (target, output, _) in zip(self.metrics, pairs):
                for metric in measures:
                    metric.update_state(target, output.detach())  # without sample_weight, as Keras does

    def logs(self) -> Logs:
        """The running means: ``loss``, and with several outputs ``name_loss`` and ``name_metric``. A device is read once for all of them
        and for the labels there: ValueError if those were wrong."""
        several = len(self.names) > 1
        found: dict[str, Any] = {"loss": self.means[0]}
        if several:
            found |= {mean.name: mean for mean, loss in zip(self.means[1:], self.losses) if loss is not None}
        for name, measures in zip(self.names, self.metrics):
            found |= {(f"{name}_" if several else "") + metric.name: metric for metric in measures}
        plain = [metric for metric in found.values() if type(metric).result is metrics.MeanMetric.result]
        if recording.get():  # nothing may be read now
            simple = [metric for metric in plain if type(metric).mean is metrics.MeanMetric.mean]
            unread = {name: Tensor(m.total / m.count) if m in simple else m.result() for name, m in found.items()}
            return unread  # type: ignore[return-value]
        numbers = iter(self._look([number for metric in plain for number in (metric.total, metric.count)]))
        return {name: metric.mean(next(numbers), next(numbers)) if metric in plain else metric.result() for name, metric in found.items()}

    def _look(self, numbers: Sequence[Any] = ()) -> list[float]:
        """These numbers, read together with what was put off; ValueError if a label was wrong."""
        doubts, self.doubts[:] = [*self.doubts], []
        read = metrics.read([*(wrong for wrong, _ in doubts), *numbers])
        for wrong, (_, error) in zip(read, doubts):
            if wrong:
                raise error()
        return read[len(doubts) :]

    def looking(self, model: Any, weigh: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """``weigh`` (what is done with each batch), which also looks at the first one for what is hardly meant: see `minidl.notes`."""
        return before_training(model, weigh)

    def own(self) -> list[Any]:
        """The running mean of the loss, those of each output's, and the metrics."""
        return [*self.means, *(metric for measures in self.metrics for metric in measures)]

    def reset(self, model: Any = None) -> None:
        """Start the running means anew; also those that a ``model`` with a step of its own lists as its ``metrics``."""
        for metric in dict.fromkeys([*self.own(), *getattr(model, "metrics", ())]):
            metric.reset_state()

    def pairs(self, y: Any, y_pred: Any, sample_weight: Any) -> list[tuple[Any, Any, Any]]:
        """(target, output, weights) for each output."""
        outputs = flat(y_pred)
        if len(outputs) != len(self.losses):
            raise ValueError(f"the model was compiled for {len(self.losses)} outputs, and gave {len(outputs)}")
        keys = list(y_pred) if isinstance(y_pred, dict) else self.names
        targets, weights = _as_list(y, keys, "y"), _as_list(sample_weight, keys, "sample_weight")
        if len(weights) == 1:
            weights *= len(outputs)
        if len(targets) != len(outputs):
            raise ValueError(f"y: the model has {len(outputs)} outputs ({', '.join(self.names)}), got {len(targets)} arrays")
        if any(target is None and loss is not None for target, loss in zip(targets, self.losses)):
            raise ValueError("there is a loss, but no y to compare the predictions with")
        return list(zip(targets, outputs, weights))


def named(logs: Any) -> dict[str, Any]:
    """What a step returned; TypeError if it is not a dictionary."""
    if not isinstance(logs, dict):
        raise TypeError(f"train_step and test_step return a dictionary of numbers, like {{'loss': loss}}; got {type(logs).__name__}")
    return logs


def floats(logs: Any) -> Logs:
    """What a step returned, as Python floats. (On a GPU: here Python waits for the step.)"""
    return {name: float(value) for name, value in named(logs).items()}


def _as_list(given: Any, names: list[str], what: str) -> list[Any]:
    if not isinstance(given, dict):
        return list(given) if isinstance(given, (list, tuple)) else [given]
    for name in given:
        if name not in names:
            raise ValueError(f"{what}: the model has no output {name!r}: {nearest(str(name), names)}")
    return [given.get(name) for name in names]


def _are_metrics(given: Any) -> bool:
    """Whether this is a metric, or a list of them: no numbers."""
    one = next(iter(given), None) if isinstance(given, (list, tuple)) else given
    return isinstance(one, (str, metrics.Metric)) or callable(one)


def _metric_objects(given: Any) -> list[Any]:
    """A bare metric, or a list of them, as a list of metric objects."""
    many = given if isinstance(given, (list, tuple)) else [] if given is None else [given]
    return [metrics.get(one) for one in many]
