"""How a recording watches the engine from outside. Nothing stays in it: `hooks.replaced` puts all back."""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minidl import autograd
from minidl.captured import CapturedSteps
from minidl.hooks import Replacement, replaced
from minidl.joining import ConvolutionAndPooling
from minidl.layers.base import Layer
from minidl.losses import Loss
from minidl.objective import Objective
from minidl.optimizers import Optimizer
from minidl.stepper.recorder import Recorder, current, inside, walking
from minidl.switches import recording, switch
from minidl.symbolic import Symbol, flat
from minidl.tensor import Op, Tensor


@contextmanager
def observed(recorder: Recorder) -> Iterator[None]:
    """What this thread does in the block goes to ``recorder``."""
    with replaced(_hooks), switch(current, recorder):
        yield


def _observer() -> Recorder | None:
    recorder = current.get()
    return None if recorder is None or recorder.full_at else recorder


def _hooks() -> list[Replacement]:
    old = {name: vars(Tensor)[name] for name in ("_in_place", "__setitem__", "data")}
    old_call, old_walk, old_apply = vars(Op)["__call__"], autograd._walk, vars(Optimizer)["apply"]
    old_step = vars(CapturedSteps)["__call__"]
    old_update, old_connect = vars(Objective)["update"], vars(Layer)["connect"]

    def call(self: Op, *inputs: Any, **metadata: Any) -> Any:
        recorder = _observer()
        return old_call(self, *inputs, **metadata) if recorder is None else recorder.called(old_call, self, inputs, metadata)

    def walk(grads: Any, order: Any, keep_graph: bool, create_graph: bool = False, keep: Any = ()) -> Iterator[autograd.Step]:
        recorder, steps = _observer(), old_walk(grads, order, keep_graph, create_graph, keep)
        return steps if recorder is None or walking() else recorder.walked(steps, grads, create_graph)

    def apply(self: Optimizer, grads: Any, params: Any) -> None:
        recorder = _observer()
        if recorder is None or isinstance(params, Tensor):
            return old_apply(self, grads, params)  # type: ignore[no-any-return]
        grads, params = list(grads), list(params)
        if not all(isinstance(param, Tensor) for param in params):
            return old_apply(self, grads, params)  # type: ignore[no-any-return]
        return recorder.updated(old_apply, self, grads, params)

    def connect(self: Layer, *inputs: Any) -> Any:  # a run on zeros, to learn the shapes, is not the learner's
        with switch(current, None):
            return old_connect(self, *inputs)

    def step_of_model(self: CapturedSteps, data: Any, *options: Any, **more: Any) -> Any:  # a GPU would play it without Python
        return old_step(self, data, *options, **more) if _observer() is None else self.trainer.train_step(data)

    def update_metrics(self: Objective, *arguments: Any, **more: Any) -> None:  # what `fit` reports is no part of training
        with switch(current, None):
            old_update(self, *arguments, **more)

    def in_place(self: Tensor, op: Op, b: Any) -> Tensor:
        recorder = _observer()
        if recorder is None or recording.get() and (self.node or isinstance(b, Tensor) and b.requires_grad):
            return old["_in_place"](self, op, b)  # type: ignore[no-any-return]
        with recorder.moving(self), switch(current, None):
            return old["_in_place"](self, op, b)  # type: ignore[no-any-return]

    def setitem(self: Tensor, index: Any, value: Any) -> None:
        if recorder := _observer():
            with recorder.moving(self):
                return old["__setitem__"](self, index, value)  # type: ignore[no-any-return]
        return old["__setitem__"](self, index, value)  # type: ignore[no-any-return]

    def set_data(self: Tensor, array: Any) -> None:
        if recorder := _observer():
            with recorder.moving(self, done=True):
                return old["data"].fset(self, array)  # type: ignore[no-any-return]
        return old["data"].fset(self, array)  # type: ignore[no-any-return]

    new = {"_in_place": in_place, "__setitem__": setitem, "data": property(old["data"].fget, set_data)}
    tensors = [(Tensor, name, function) for name, function in new.items()]
    engine = [(Op, "__call__", call), (autograd, "_walk", walk), (Optimizer, "apply", apply)]
    engine += [(CapturedSteps, "__call__", step_of_model), (Objective, "update", update_metrics), (Layer, "connect", connect)]
    return [*engine, *tensors, *(_grouped(kind) for kind in (Layer, Loss, ConvolutionAndPooling))]


def _grouped(kind: Any) -> Replacement:
    """The ``__call__`` of a layer or loss, whose steps become a group."""
    old_call = vars(kind)["__call__"]

    def call(self: Any, *inputs: Any, **options: Any) -> Any:
        if _observer() is None or any(isinstance(x, Symbol) for x in flat(inputs)):
            return old_call(self, *inputs, **options)
        both = isinstance(self, ConvolutionAndPooling)
        name = f"{self.convolution.name} + {self.pooling.name}" if both else getattr(self, "name", None)
        title = "Conv2D + MaxPooling2D" if both else type(self).__name__
        with inside(str(name or title), title):
            return old_call(self, *inputs, **options)

    return kind, "__call__", call
