"""What a Tensor is made from and turned into: numbers, lists, NumPy's functions, text. (Knows Tensors by their ``requires_grad``.)"""
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from minidl import backend
from minidl.backend import Array


def as_array(x: Any, requires_grad: bool = False) -> Array:
    """``x`` (an array, number or nested list) as an array of real numbers in this machine's byte order; of floats, if a gradient is
    wanted. Else TypeError."""
    if hasattr(x, "requires_grad"):
        raise TypeError("expected an array, got a Tensor: take its .data")
    if _holds_tensor(x):
        raise TypeError("a list of Tensors would lose their gradients: join them with ops.stack or ops.concatenate")
    array = x if backend.is_array(x) else np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"expected real numbers, got {type(x).__name__} with dtype {array.dtype}")
    if requires_grad and array.dtype.kind != "f":
        raise TypeError(f"only a float Tensor can require a gradient, this one is {array.dtype}: use .astype(float)")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def plain(x: Any) -> Any:
    """What an op receives for an input that is no Tensor. A number stays Python's: a float64 scalar would promote float32 arrays."""
    x = x.item() if isinstance(x, np.generic) else x
    return x if x is None or isinstance(x, (bool, int, float)) else as_array(x)


def _holds_tensor(x: Any) -> bool:
    return hasattr(x, "requires_grad") or (isinstance(x, (list, tuple)) and any(map(_holds_tensor, x)))


def as_numpy(t: Any, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    """What ``np.asarray(t)`` gives: asked for by name, so it may leave the graph."""
    return np.array(t.numpy(), dtype, copy=copy)


def call_numpy(function: Callable[..., Any], args: Any, options: Any, recorded: bool) -> Any:
    """Call NumPy's ``function`` on the arrays of the Tensors among its arguments; TypeError if a gradient would be lost."""

    def arrays(x: Any) -> Any:
        if isinstance(x, (list, tuple)):
            return type(x)(map(arrays, x))
        if not hasattr(x, "requires_grad"):
            return x
        if x.requires_grad and recorded:
            raise TypeError(f"np.{function.__name__} would lose the gradient: use minidl.ops, or .numpy() if none is needed")
        return x.numpy()

    return function(*arrays(args), **{name: arrays(x) for name, x in options.items()})


def fitting(new: Any, old: Any) -> Any:
    """``new``, if it can be written into ``old`` in place without losing anything; else TypeError."""
    if new.shape != old.shape or (new.dtype.kind == "f" and old.dtype.kind != "f"):
        raise TypeError(f"the result, {new.dtype} of shape {new.shape}, does not fit in place into {old.dtype} of shape {old.shape}")
    return new


def explained(error: Exception, function: Callable[..., Any], takes_xp: bool, arrays: list[Any], metadata: dict[str, Any]) -> Exception:
    """A better error where an op was called with arguments that do not fit its definition, or with shapes that do not fit each other."""
    signature, name = inspect.signature(function), function.__name__
    if not isinstance(error, TypeError):
        return _explained_shapes(error, name, [getattr(a, "shape", ()) for a in arrays])
    try:
        signature.bind(*([None] if takes_xp else []), *arrays, **metadata)
    except TypeError:
        arguments = [*signature.parameters.values()]
        if takes_xp and (not arguments or arguments.pop(0).name != "xp"):
            return TypeError(f"the first argument of an op's function is xp, the arrays' own module: def {name}(xp, …)")
        call = f"{name}{signature.replace(parameters=arguments, return_annotation=inspect.Signature.empty)}"
        return TypeError(f"{_misfit(name, arguments, len(arrays), metadata)}: {call}")
    return error


def _misfit(name: str, arguments: list[inspect.Parameter], given: int, metadata: dict[str, Any]) -> str:
    """What is wrong with a call that does not fit these arguments."""
    if unknown := sorted(metadata.keys() - {p.name for p in arguments}):
        return f"{name} has no argument {unknown[0]!r}"
    wanted = [p for p in arguments if p.kind is p.POSITIONAL_OR_KEYWORD]
    least = sum(p.default is p.empty for p in wanted)
    if given < least or given > len(wanted) and all(p.kind is not p.VAR_POSITIONAL for p in arguments):
        count = least if given < least else len(wanted)
        keywords = given > count and any(p.kind is p.KEYWORD_ONLY for p in arguments)
        return f"{name} takes {count} array{'s' if count > 1 else ''}, got {given}{'; everything else is a keyword' if keywords else ''}"
    return "arrays are positional, everything else is a keyword"


def _explained_shapes(error: Exception, name: str, shapes: list[tuple[int, ...]]) -> Exception:
    """NumPy's errors about shapes with the op's name, the whole shapes, and the rule that they break; any other as it is."""
    if "core dimension" in str(error):
        rule = "the rows of the first must be as long as the columns of the second"
    elif "enough dimensions" in str(error):
        rule = "a single number has no rows and columns, use * for it"
    elif "broadcast" in str(error):
        rule = "to be broadcast, axes counted from the right must be equally long, or one of them 1"
    else:
        return error
    return ValueError(f"{name}: the shapes {' and '.join(map(str, shapes))} do not fit; {rule}")


def describe(t: Any) -> str:
    """A Tensor's ``repr``: values, dtype, name, and the op that made it."""
    values = np.array2string(t.numpy(), separator=", ", prefix="Tensor(", threshold=100)
    source = f", made by {t.node.op.name}" if t.node else ", requires_grad=True" if t.requires_grad else ""
    return f"Tensor({values}, {t.dtype}{f', name={t.name!r}' if t.name else ''}{source})"
