"""What is checked, in one form: a function with float arguments, its value, and what it claims its gradients to be.

`TensorFunction` holds a function of Tensors, a layer or a model; `StudentPair` a forward and a backward in plain NumPy."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np

from minidl import backend
from minidl.autograd import grad
from minidl.ops import concatenate
from minidl.tensor import Tensor

PLAIN = "plain NumPy is checked as a pair (forward, backward)"
Argument = int | str  # the place among the arrays, or the name of a weight


class Subject:
    """``values``: the float arguments, as float64 copies; ``names``: what to call them. Use it in a ``with`` block."""

    names: list[Argument]
    values: list[np.ndarray]
    output_dtype: Any = np.dtype(float)
    gradient_dtypes: Sequence[Any] = ()

    def forward(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """The result at these arguments."""
        raise NotImplementedError

    def backward(
        self, values: Sequence[np.ndarray], cotangents: Sequence[np.ndarray], before: Sequence[np.ndarray] | None = None
    ) -> list[list[Any]]:
        """For each cotangent g = dL/dy the claimed dL/dx of every argument: an array of any shape, or the sentence why there is none.

        ``before``: other arguments, for which a pair's forward is called first, so that what it remembered of earlier calls shows."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def is_float(x: Any) -> bool:
    return backend.is_array(x) and x.dtype.kind == "f"


def as_plain(x: Any) -> Any:
    """A Tensor's array; numbers and lists as arrays."""
    x = x.data if isinstance(x, Tensor) else x
    return x if backend.is_array(x) else np.asarray(x)


class TensorFunction(Subject):
    """``f(*arrays)`` for a function of Tensors. ``weights`` are Tensors that f uses: in the ``with`` block they hold float64 copies,
    and those that require a gradient are arguments too."""

    def __init__(self, f: Callable[..., Any], arrays: Sequence[Any], weights: Sequence[Tensor] = ()):
        self.f, self.arrays, self.weights = f, [as_plain(a) for a in arrays], [w for w in weights if is_float(w.data)]
        self.places = [i for i, a in enumerate(self.arrays) if is_float(a)]
        self.trainable = [w for w in self.weights if w.requires_grad]
        self.owner = backend.owner(*self.arrays, *(w.data for w in self.weights))
        self.names = [*self.places, *(w.name or f"weight {i}" for i, w in enumerate(self.trainable))]
        self.values = [float64(a) for a in [*(self.arrays[i] for i in self.places), *(w.data for w in self.trainable)]]
        self.kept: list[tuple[Any, int]] = []

    def __enter__(self) -> Self:
        self.kept = [(w.data, w.version) for w in self.weights]
        for w in self.weights:
            w.data = w.data.astype(np.float64)
        return self

    def __exit__(self, *error: object) -> None:
        for w, (array, version) in zip(self.weights, self.kept):
            w.data, w.version = array, version

    def tensors(self, values: Sequence[np.ndarray]) -> list[Tensor]:
        """The arguments as Tensors; the weights take their values."""
        moved = [backend.move(np.array(v), self.owner) for v in values]
        for w, value in zip(self.trainable, moved[len(self.places) :]):
            w.data = value
        return [*(Tensor(v, requires_grad=True) for v in moved[: len(self.places)]), *self.trainable]

    def call(self, tensors: Sequence[Tensor]) -> Tensor:
        """f, with the arrays that are no floats in their places."""
        inputs: list[Any] = list(self.arrays)
        for i, t in zip(self.places, tensors):
            inputs[i] = t
        try:
            y = self.f(*inputs)
        except TypeError as error:
            if "__array_ufunc__" not in str(error):
                raise
            raise TypeError(f"gradcheck: f hands a Tensor to a function of NumPy: use that of minidl.ops ({PLAIN})") from error
        if isinstance(y, (list, tuple)) and y and all(isinstance(part, Tensor) for part in y):
            y = concatenate(*(part.reshape(-1) for part in y), axis=0)
        if not isinstance(y, Tensor):
            kind = type(y).__name__
            raise TypeError(f"gradcheck: f must return a Tensor, it returned {kind}; {PLAIN}")
        return y

    def forward(self, values: Sequence[np.ndarray]) -> np.ndarray:
        return self._noted(self.call(self.tensors(values)))

    def _noted(self, y: Tensor) -> np.ndarray:
        self.output_dtype = y.dtype
        return float64(y.data)

    def backward(
        self, values: Sequence[np.ndarray], cotangents: Sequence[np.ndarray], before: Sequence[np.ndarray] | None = None
    ) -> list[list[Any]]:
        if before is not None:
            self.call(self.tensors(before))
        xs = self.tensors(values)
        y = self.call(xs)
        found: list[list[Any]] = []
        for c in cotangents:
            try:
                grads: Any = [None] * len(xs)
                if y.requires_grad:
                    grads = grad(y, xs, seed=backend.move(np.array(c, y.dtype), self.owner), keep_graph=True)
            except (ValueError, TypeError) as error:  # a rule gave a gradient of the wrong shape or type
                found.append([str(error)] * len(xs))
            else:
                found.append([np.zeros(x.shape) if g is None else float64(g.data) for x, g in zip(xs, grads)])
        return found


class StudentPair(Subject):
    """``y = forward(*arrays)`` and ``grads = backward(g, *arrays)``; or ``forward`` returns ``(y, cache)`` and it is
    ``backward(g, cache)``. Both get copies; what they return is copied."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], arrays: Sequence[Any]):
        self.functions, self.arrays = (forward, backward), [as_plain(a) for a in arrays]
        self.names = [i for i, a in enumerate(self.arrays) if is_float(a)]
        self.owner = backend.owner(*self.arrays)
        self.values = [float64(self.arrays[i]) for i in self.names if isinstance(i, int)]

    def inputs(self, values: Sequence[np.ndarray]) -> list[Any]:
        """The arrays of one call: copies, so that nobody else's numbers can change."""
        found: list[Any] = [a.copy() for a in self.arrays]
        for i, v in zip(self.names, values):
            found[int(i)] = backend.move(np.array(v), self.owner)
        return found

    def _run(self, values: Sequence[np.ndarray]) -> tuple[Any, tuple[Any, ...]]:  # y, and () or (cache,)
        y = self.functions[0](*self.inputs(values))
        cached = isinstance(y, tuple)
        if cached and len(y) != 2:
            raise TypeError(f"gradcheck: forward must return y, or (y, cache); it returned a tuple of {len(y)}")
        y, cache = (y[0], (y[1],)) if cached else (y, ())
        y = as_plain(y)
        if y.dtype.kind not in "fiub":
            raise TypeError(f"gradcheck: forward must return an array of numbers (or one number), it returned {y.dtype}")
        self.output_dtype = y.dtype
        return y, cache

    def forward(self, values: Sequence[np.ndarray]) -> np.ndarray:
        return float64(self._run(values)[0])

    def backward(
        self, values: Sequence[np.ndarray], cotangents: Sequence[np.ndarray], before: Sequence[np.ndarray] | None = None
    ) -> list[list[Any]]:
        if before is not None:
            self._run(before)
        found = []
        for c in cotangents:
            y, cache = self._run(values)  # anew: backward may use up what forward kept
            g = backend.move(np.array(c, float).reshape(y.shape), self.owner)
            found.append(self._sorted(self.functions[1](g, *(cache or self.inputs(values)))))
        return found

    def _sorted(self, grads: Any) -> list[Any]:
        """One gradient for each float argument, copied."""
        count, floats = len(self.arrays), [int(i) for i in self.names]
        grads = tuple(grads) if isinstance(grads, Iterator) else grads
        if isinstance(grads, dict):
            return [f"backward returned a dict: it must return a tuple of {count} arrays, one for each, in their order"] * len(floats)
        if not isinstance(grads, (tuple, list)) or (count == 1 and isinstance(grads, list) and np.shape(grads) == self.values[0].shape):
            grads = (grads,)  # (a list may be the gradient itself)
        if len(grads) == count:
            grads = [grads[i] for i in floats]
        if len(grads) != len(floats):
            sentence = f"backward returned {len(grads)} gradients for {count} arrays: it must return one for each, in their order"
            return [sentence] * len(floats)
        arrays = [np.zeros(v.shape) if g is None else as_plain(g) for g, v in zip(grads, self.values)]
        self.gradient_dtypes = [a.dtype for a in arrays]
        found: list[Any] = []
        for a in arrays:
            found.append(float64(a) if a.dtype.kind in "fiub" else f"a gradient holds {a.dtype}, not numbers")
        return found


def float64(array: Any) -> np.ndarray:
    """A NumPy copy in float64."""
    return np.array(backend.to_numpy(array), dtype=np.float64)


def make_subject(f: Any, arrays: Sequence[Any]) -> Subject:
    """The subject that f stands for: see `minidl.gradcheck`. TypeError for anything else, ValueError without any float argument."""
    subject: Subject
    if isinstance(f, tuple) and len(f) == 2 and _is_layer(f[0]):
        model, loss = f
        if not callable(loss) or len(arrays) < 2:
            raise TypeError(
                "gradcheck of (model, loss) takes a loss, as minidl.losses.MeanSquaredError(), x and y: gradcheck((model, loss), x, y)"
            )
        *xs, y_true = arrays
        _build(model, xs)
        subject = TensorFunction(lambda *xs: loss(y_true, _apply(model, xs)), xs, model.weights)
    elif isinstance(f, tuple) and len(f) == 2 and callable(f[0]) and callable(f[1]):
        subject = StudentPair(f[0], f[1], arrays)
    elif _is_layer(f):
        if len(arrays) == len(getattr(f, "inputs", None) or arrays) + 1:
            raise TypeError("gradcheck of a model with labels takes its loss too: gradcheck((model, loss), x, y)")
        _build(f, arrays)
        subject = TensorFunction(lambda *xs: _apply(f, xs), arrays, f.weights)
    elif callable(f):
        subject = TensorFunction(f, arrays)
    else:
        raise TypeError(f"gradcheck takes a function of Tensors, a layer, (model, loss) or (forward, backward); got {type(f).__name__}")
    if not subject.values:
        given = ", ".join(str(as_plain(a).dtype) for a in arrays)
        found = f"none of the arguments is an array of floats (got {given}): use .astype(float)" if arrays else "no arguments"
        raise ValueError(f"gradcheck(f, *arrays): {found}, so there is no gradient to check")
    return subject


def _is_layer(f: Any) -> bool:
    return hasattr(f, "trainable_variables") and callable(f)


def _apply(layer: Any, xs: Sequence[Any]) -> Any:
    several = len(xs) > 1 and hasattr(layer, "inputs")  # a model takes its inputs as a list, a layer as arguments
    options = {"training": False} if "training" in inspect.signature(layer).parameters else {}
    return layer([*xs], **options) if several else layer(*xs, **options)


def _build(layer: Any, arrays: Sequence[Any]) -> None:
    if not layer.built:
        _apply(layer, [as_plain(a) for a in arrays])
