"""TensorFlow's functions of Tensors, under its names and with its order of arguments: what ``import minidl as tf`` has beside ``tf.keras``.

Each is a line over `minidl.ops`, so a gradient passes through it. Arrays, numbers and lists are taken where Tensors are; Python's floats
become float32 and its whole numbers int32, as in TensorFlow."""
import logging
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minidl import metrics, ops
from minidl.keras.naming import found, homes
from minidl.random_numbers import random_generator
from minidl.tapes import tensor_of
from minidl.tensor import Tensor

Array = Any  # a Tensor, an array, a number or a nested list
Axis = int | tuple[int, ...] | list[int] | None

newaxis = None
float16, float32, float64, int8, int16, int32, int64, uint8, bool_ = map(
    np.dtype, ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
)

NAMES = homes(
    "minidl.keras.tensorflow",
    "abs", "add", "argmax", "argmin", "cast", "clip_by_value", "concat", "constant", "convert_to_tensor", "cos", "divide", "equal",
    "executing_eagerly", "exp", "expand_dims", "eye", "float16", "float32", "float64", "function", "get_logger", "greater",
    "identity", "int16", "int32", "int64", "int8", "is_tensor", "less", "linspace", "matmul", "maximum", "minimum", "multiply",
    "newaxis", "norm", "not_equal", "one_hot", "ones", "ones_like", "pow", "range", "rank", "reduce_max", "reduce_mean", "reduce_min",
    "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance", "reshape", "round", "shape", "sign", "sin", "size", "sqrt",
    "square", "squeeze", "stack", "subtract", "transpose", "uint8", "where", "zeros", "zeros_like", bool="bool_",
) | homes("minidl.tapes", "GradientTape", "Variable") | homes("minidl.ops", "sigmoid", "tanh") | {
    name: f"minidl.{name}" for name in ("image", "keras", "math", "nn", "random")
}  # fmt: skip
LEFT_OUT = {
    "io": "tf.keras.utils.load_img reads a picture, Python's open a file",
    "saved_model": "minidl writes .keras files: model.save('x.keras'), and load_model reads them",
    "lite": "minidl writes .keras files, which TensorFlow's converter reads",
    "train": "model.save('x.keras') keeps a model, minidl.optimizers has the optimisers",
    "distribute": "minidl computes on one machine",
    "estimator": "use a model, with compile and fit",
    "compat": "minidl has what TensorFlow 2 has",
    "strings": "minidl computes with numbers",
    "string": "minidl computes with numbers",
    "linalg": "NumPy has it, and minidl.ops matmul and transpose",
    "signal": "NumPy has it",
    "map_fn": "write a loop, and tf.stack what it gives",
    "while_loop": "write Python's while",
    "cond": "write Python's if",
    "Module": "subclass tf.keras.layers.Layer or tf.keras.Model, which find their Variables themselves",
    "print": "write Python's print, everything is computed at once",
    "device": "minidl.use_backend chooses where is computed",
    "test": "tf.config.list_physical_devices('GPU') says whether there is a GPU",
    **dict.fromkeys(("clip_by_norm", "clip_by_global_norm"), "give the optimizer clipnorm=… or global_clipnorm=…"),
    **dict.fromkeys((
        "random_normal_initializer", "random_uniform_initializer", "zeros_initializer", "ones_initializer", "constant_initializer",
    ), "tf.keras.initializers has it"),
    **dict.fromkeys((
        "gather", "gather_nd", "tile", "repeat", "split", "unstack", "reverse", "boolean_mask", "pad", "tensordot", "einsum", "argsort",
        "sort", "unique", "cumsum", "slice", "fill", "meshgrid", "floor", "logical_and", "logical_or", "logical_not",
    ), "index the Tensor, or use NumPy, which takes Tensors: np.asarray(x)"),
}


def named(name: str, also: Iterable[str] = ()) -> Any:
    """What ``tf.name`` means; AttributeError with the nearest names, those that minidl has itself (``also``) among them."""
    return found("minidl", name, NAMES, LEFT_OUT, also)


# ---------------------------------------------------------------- Tensors


def constant(value: Array, dtype: Any = None, shape: Any = None) -> Tensor:
    """A Tensor of these numbers; with ``shape``, in that shape, one number repeated."""
    made = tensor_of(value, dtype)
    if shape is None:
        return made
    return ops.broadcast_to(made, shape=tuple(shape)) if made.size == 1 else made.reshape(tuple(shape))


def convert_to_tensor(value: Array, dtype: Any = None) -> Tensor:
    return tensor_of(value, dtype)


def is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor)


def cast(x: Array, dtype: Any) -> Tensor:
    return tensor_of(x).astype(np.dtype(dtype))


def identity(input: Array) -> Tensor:
    return tensor_of(input)


def zeros(shape: Any, dtype: Any = "float32") -> Tensor:
    return Tensor(np.zeros(_sizes(shape), dtype))


def ones(shape: Any, dtype: Any = "float32") -> Tensor:
    return Tensor(np.ones(_sizes(shape), dtype))


def zeros_like(input: Array, dtype: Any = None) -> Tensor:
    x = tensor_of(input)
    return Tensor(np.zeros(x.shape, dtype or x.dtype))


def ones_like(input: Array, dtype: Any = None) -> Tensor:
    x = tensor_of(input)
    return Tensor(np.ones(x.shape, dtype or x.dtype))


def eye(num_rows: int, num_columns: int | None = None, dtype: Any = "float32") -> Tensor:
    return Tensor(np.eye(num_rows, num_columns, dtype=dtype))


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Tensor:
    first, last = (0, start) if limit is None else (start, limit)
    return tensor_of(np.arange(first, last, delta).tolist(), dtype)


def linspace(start: Any, stop: Any, num: int) -> Tensor:
    """``num`` numbers at equal distances, the first and the last ``start`` and ``stop``."""
    first, last = tensor_of(start), tensor_of(stop)
    dtype = first.dtype if first.dtype.kind == "f" else "float64"  # as TensorFlow does
    return Tensor(np.linspace(first.item(), last.item(), num).astype(dtype))


def one_hot(indices: Array, depth: int, dtype: Any = "float32") -> Tensor:
    """A one at each index, along a new last axis; a row of zeros for what is no index."""
    return Tensor((np.arange(depth) == tensor_of(indices).numpy()[..., None]).astype(dtype))


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float32", seed: int | None = None) -> Tensor:
    return Tensor(random_generator(seed).normal(mean, stddev, _sizes(shape)).astype(dtype))


def random_uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: int | None = None) -> Tensor:
    """Evenly from ``minval`` to ``maxval`` (1 if not given), which whole numbers do not reach."""
    generator, whole = random_generator(seed), np.dtype(dtype).kind in "iu"
    if whole and maxval is None:
        raise ValueError("random whole numbers need a maxval")
    low, high = minval, 1 if maxval is None else maxval
    drawn = generator.integers(low, high, _sizes(shape)) if whole else generator.uniform(low, high, _sizes(shape))
    return Tensor(drawn.astype(dtype))


def random_shuffle(value: Array, seed: int | None = None) -> Tensor:
    x = tensor_of(value)
    return x[random_generator(seed).permutation(len(x))]


def _sizes(shape: Any) -> tuple[int, ...]:
    sizes = np.asarray(shape).reshape(-1)
    return tuple(int(n) for n in sizes)


# ---------------------------------------------------------------- their shapes


def shape(input: Array) -> Tensor:
    """The sizes, as a Tensor of int32."""
    return Tensor(np.array(tensor_of(input).shape, "int32"))


def size(input: Array) -> Tensor:
    return Tensor(np.int32(tensor_of(input).size))


def rank(input: Array) -> Tensor:
    return Tensor(np.int32(tensor_of(input).ndim))


def reshape(tensor: Array, shape: Any) -> Tensor:
    return tensor_of(tensor).reshape(_sizes(shape))


def transpose(a: Array, perm: Any = None) -> Tensor:
    return ops.transpose(tensor_of(a), axes=None if perm is None else _sizes(perm))


def expand_dims(input: Array, axis: int) -> Tensor:
    """A new axis of size 1 at that place."""
    x = tensor_of(input)
    if not -x.ndim - 1 <= axis <= x.ndim:
        raise ValueError(f"axis must lie between {-x.ndim - 1} and {x.ndim} for a Tensor of shape {x.shape}; got {axis}")
    place = axis % (x.ndim + 1)
    return x.reshape((*x.shape[:place], 1, *x.shape[place:]))


def squeeze(input: Array, axis: Axis = None) -> Tensor:
    """Without the axes of size 1, or without those named, which must be."""
    x = tensor_of(input)
    places = [i for i, n in enumerate(x.shape) if n == 1] if axis is None else [i % x.ndim for i in np.atleast_1d(axis)]
    if any(x.shape[i] != 1 for i in places):
        raise ValueError(f"only axes of size 1 can be left out; axis {axis} of shape {x.shape} is none")
    return x.reshape(tuple(n for i, n in enumerate(x.shape) if i not in places))


def concat(values: Any, axis: int) -> Tensor:
    return ops.concatenate(*map(tensor_of, values), axis=axis)


def stack(values: Any, axis: int = 0) -> Tensor:
    return ops.stack(*map(tensor_of, values), axis=axis)


# ---------------------------------------------------------------- numbers made of numbers


def _of_one(op: Callable[..., Any], name: str) -> Callable[..., Tensor]:
    def call(x: Array) -> Tensor:
        made: Tensor = op(tensor_of(x))
        return made

    call.__name__ = call.__qualname__ = name
    return call


def _of_two(op: Callable[..., Any], name: str) -> Callable[..., Tensor]:
    def call(x: Array, y: Array) -> Tensor:
        made: Tensor = op(*_together(x, y))
        return made

    call.__name__ = call.__qualname__ = name
    return call


def _together(x: Array, y: Array) -> tuple[Tensor, Tensor]:
    """Both as Tensors; what is no Tensor or array takes the dtype of the other."""
    if isinstance(x, (Tensor, np.ndarray)) and not isinstance(y, (Tensor, np.ndarray)):
        return tensor_of(x), tensor_of(y, x.dtype)
    if isinstance(y, (Tensor, np.ndarray)) and not isinstance(x, (Tensor, np.ndarray)):
        return tensor_of(x, y.dtype), tensor_of(y)
    return tensor_of(x), tensor_of(y)


abs, exp, log, sqrt, square, sin, cos, sign, round = (
    _of_one(op, name) for name, op in dict[str, Any]({
        "abs": ops.abs, "exp": ops.exp, "log": ops.log, "sqrt": ops.sqrt, "square": ops.square, "sin": ops.sin, "cos": ops.cos,
        "sign": lambda x: Tensor(np.sign(x.numpy())), "round": lambda x: Tensor(np.round(x.numpy())),
    }).items()
)  # fmt: skip
add, subtract, multiply, divide, maximum, minimum, pow, matmul, equal, not_equal, greater, less = (
    _of_two(op, name) for name, op in {
        "add": ops.add, "subtract": ops.subtract, "multiply": ops.multiply, "divide": ops.divide, "maximum": ops.maximum,
        "minimum": ops.minimum, "pow": ops.power, "matmul": ops.matmul, "equal": ops.equal, "not_equal": ops.not_equal,
        "greater": ops.greater, "less": ops.less,
    }.items()
)  # fmt: skip


def clip_by_value(t: Array, clip_value_min: float, clip_value_max: float) -> Tensor:
    return ops.clip(tensor_of(t), low=clip_value_min, high=clip_value_max)


def where(condition: Array, x: Array = None, y: Array = None) -> Tensor:
    """x where the condition holds, else y; without them, the indices where it does, (n, axes)."""
    if (x is None) != (y is None):
        raise ValueError("where takes both x and y, or neither")
    if x is None:
        return Tensor(np.argwhere(tensor_of(condition).numpy()))
    return ops.where(tensor_of(condition), *_together(x, y))


def reduce_sum(input_tensor: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    return tensor_of(input_tensor).sum(_axes(axis), keepdims)


def reduce_mean(input_tensor: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean; of whole numbers a whole number, rounded towards 0, as in TensorFlow."""
    x = tensor_of(input_tensor)
    mean = x.mean(_axes(axis), keepdims)
    return mean if x.dtype.kind == "f" else Tensor(np.trunc(mean.numpy()).astype(x.dtype))


def reduce_max(input_tensor: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    return tensor_of(input_tensor).max(_axes(axis), keepdims)


def reduce_min(input_tensor: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    return -(-tensor_of(input_tensor)).max(_axes(axis), keepdims)


def reduce_prod(input_tensor: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product, without a gradient."""
    return Tensor(np.prod(tensor_of(input_tensor).detach().numpy(), axis=_axes(axis), keepdims=keepdims))


def reduce_variance(input_tensor: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    x = tensor_of(input_tensor)
    return reduce_mean(ops.square(x - x.mean(_axes(axis), keepdims=True)), axis, keepdims)


def reduce_std(input_tensor: Array, axis: Axis = None, keepdims: bool = False) -> Tensor:
    return ops.sqrt(reduce_variance(input_tensor, axis, keepdims))


def norm(tensor: Array) -> Tensor:
    """The length √Σx² of all numbers as one vector."""
    return ops.sqrt(ops.square(tensor_of(tensor)).sum())


def argmax(input: Array, axis: int | None = 0, output_type: Any = "int64") -> Tensor:
    """Where the largest number lies along the axis (the first one by default), the first of equals."""
    return Tensor(tensor_of(input).numpy().argmax(0 if axis is None else axis).astype(output_type))


def argmin(input: Array, axis: int | None = 0, output_type: Any = "int64") -> Tensor:
    return Tensor(tensor_of(input).numpy().argmin(0 if axis is None else axis).astype(output_type))


def confusion_matrix(labels: Array, predictions: Array, num_classes: int | None = None) -> Tensor:
    """How often class i was taken for class j, at [i, j]; int32."""
    return Tensor(metrics.confusion_matrix(tensor_of(labels), tensor_of(predictions), num_classes).astype("int32"))


def _axes(axis: Axis) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


# ---------------------------------------------------------------- the rest


def function(func: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """``@tf.function``: the function as it is; minidl computes at once. (TensorFlow's options choose how it is compiled.)"""
    return (lambda given: given) if func is None else func


def executing_eagerly() -> bool:
    """Whether everything is computed at once: yes."""
    return True


def get_logger() -> logging.Logger:
    """The logger called "minidl"."""
    return logging.getLogger("minidl")
