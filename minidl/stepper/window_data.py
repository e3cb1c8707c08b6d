"""The windows of a convolution, pooling or dropout as data: exact numbers of the first image, for the page to compute with."""
from typing import Any

from minidl.backend import to_numpy
from minidl.stepper.again import Bodies
from minidl.stepper.arrays import raw
from minidl.stepper.geometry import Geometry
from minidl.stepper.steps import Backward, Forward
from minidl.stepper.windows import CONVOLUTIONS, OPENED, Parts, parts

KINDS = {"max_pool2d": "max_pool", "average_pool2d": "average_pool"}


def window_data(step: Forward | Backward, bodies: Bodies, of: int | None = None) -> dict[str, Any] | None:
    """The data of one step; a `Backward` whose forward step is in place ``of`` refers to it. None where an op has no windows."""
    if step.op.name not in OPENED or step.output.array.size == 0 or isinstance(step, Backward) and step.forward is None:
        return None
    if step.op.name == "dropout":
        return _dropout(step, of)
    if not all(value is None or value.array.dtype.kind in "fiub" for value in step.inputs):
        return None
    p = parts(step, bodies)
    if isinstance(step, Backward):
        grads = [None if g is None else to_numpy(g) for g in step.grads]
        convolution = step.op.name in CONVOLUTIONS
        found: dict[str, Any] = {
            "g": _first(p.gy), "dx": _first(grads[0]), "dkernel": raw(grads[1]) if convolution else None,
            "dbias": raw(grads[2]) if convolution and len(grads) > 2 else None, "g_sum": _first(p.g) if convolution else None,
        }  # fmt: skip
        return {"of": of, **found} if of is not None else {**_forward(step.op.name, p), **found}
    return _forward(step.op.name, p)


def _first(array: Any) -> dict[str, Any] | None:
    return None if array is None else raw(array[0])


def _forward(name: str, p: Parts) -> dict[str, Any]:
    geometry = p.convolution or p.pooling
    assert geometry is not None
    return {
        "kind": "convolution" if name in CONVOLUTIONS else KINDS[name], "x": _first(p.x), "kernel": raw(p.kernel), "bias": raw(p.bias),
        "activation": p.activation, "y": _first(p.y), "g": None, "dx": None, "dkernel": None, "mask": None,
        "strides": list(geometry.strides), "dilation": list(geometry.dilation), "padding": _padding(geometry),
        "pool": list(p.pooling.size) if p.pooling else None, "pool_strides": list(p.pooling.strides) if p.pooling else None,
        "pool_padding": _padding(p.pooling) if p.pooling else None, "image": 0,
    }  # fmt: skip


def _padding(geometry: Geometry) -> list[int]:
    return [*geometry.padding[0], *geometry.padding[1]]


def _dropout(step: Forward | Backward, of: int | None) -> dict[str, Any] | None:
    x, mask = (to_numpy(value.array) for value in step.inputs[:2] if value is not None)
    if x.ndim < 2 or mask.shape != x.shape:
        return None
    if isinstance(step, Backward):
        own = step.grads[0]
        found = {"g": raw(to_numpy(step.g)[0]), "dx": None if own is None else raw(to_numpy(own)[0]), "dkernel": None}
        if of is not None:
            return {"of": of, **found}
    else:
        found = {"g": None, "dx": None, "dkernel": None}
    return {
        "kind": "dropout", "x": raw(x[0]), "kernel": None, "bias": None, "activation": None,
        "y": raw(to_numpy(step.output.array)[0]), **found, "mask": raw(mask[0]),
        "strides": [1, 1], "dilation": [1, 1], "padding": [0, 0, 0, 0], "pool": None, "image": 0,
    }  # fmt: skip
