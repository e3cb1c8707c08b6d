"""Inputs for every op. The ops come from the registry: one without inputs here, and too unusual for the default ones, fails a test."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minidl import ops
from minidl.activations import linear
from minidl.backend import owner
from minidl.tensor import Composite, Op, registry

SHAPES = [(), (1,), (7,), (3, 5), (2, 1, 3), (0, 3)]


class Case(NamedTuple):
    """One call: ``f(op, *inputs)`` with arrays made by a generator, so that no test changes another's numbers."""

    name: str
    label: str
    inputs: Callable[[np.random.Generator], list[Any]]
    f: Callable[..., Any] = lambda op, *xs: op(*xs)

    def __call__(self, *xs: Any) -> Any:
        return self.f(registry[self.name], *xs)

    def arrays(self) -> list[Any]:
        return self.inputs(np.random.default_rng(len(self.label) + 100 * len(self.name)))


def spread(rng: np.random.Generator, shape: Any) -> np.ndarray:
    """Floats of both signs, away from 0 (where kinks are) and from each other (so that no maximum changes hands in a difference)."""
    size = int(np.prod(shape))
    sizes = 0.3 + 1.7 * (rng.permutation(size) + rng.uniform(0.25, 0.75, size)) / max(size, 1)
    return (sizes * rng.choice([-1.0, 1.0], size)).reshape(shape)


def positive(rng: np.random.Generator, shape: Any) -> np.ndarray:
    return np.abs(spread(rng, shape)) + 0.3


def probabilities(rng: np.random.Generator, shape: Any) -> np.ndarray:
    return rng.uniform(0.1, 0.9, shape)


def one(kind: Callable[..., np.ndarray], *shapes: Any) -> Callable[[np.random.Generator], list[Any]]:
    return lambda rng: [kind(rng, shape) for shape in shapes]


def elsewhere(x: Any) -> str:
    """A backend that x is not on."""
    return "strictgpu" if owner(x.data).name == "numpy" else "numpy"


def ops_of_minidl() -> list[Op]:
    """What ``import minidl.ops`` registers; never what a test or a learner added."""
    return [op for op in registry.values() if op.function.__module__.startswith(ops.__name__ + ".")]


def positional(op: Op) -> list[inspect.Parameter]:
    parameters = [p for p in inspect.signature(op.function).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    return parameters if isinstance(op, Composite) else parameters[1:]  # without xp


def takes_one_array(op: Op) -> bool:
    """The default inputs will do: one array, and nothing else that must be given."""
    needed = [p for p in inspect.signature(op.function).parameters.values() if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    mine = positional(op)
    return len(mine) == 1 and mine[0].kind is mine[0].POSITIONAL_OR_KEYWORD and not needed


def allowed(name: str, shape: Any) -> bool:
    return not ((shape == () and name in NEEDS_AN_AXIS) or (0 in shape and name in NOT_EMPTY))


def all_cases() -> list[Case]:
    cases = []
    for op in ops_of_minidl():
        special = SPECIAL.get(op.name, [])
        cases += [Case(op.name, label, *rest) for label, *rest in special]
        if op.name not in NO_DEFAULTS and takes_one_array(op):
            kind = positive if op.name in ("sqrt", "log") else spread
            cases += [Case(op.name, f"shape {shape}", one(kind, shape)) for shape in SHAPES if allowed(op.name, shape)]
    return cases


def meta(label: str, *shapes: Any, kind: Any = spread, **metadata: Any) -> Any:
    """A case with arrays of these shapes and metadata."""
    return label, one(kind, *shapes), lambda op, *xs: op(*xs, **metadata)


PAIRS = [((3, 5), (3, 5)), ((3, 5), (5,)), ((3, 1), (1, 7)), ((), (2, 3)), ((1,), (3, 1)), ((2, 3, 1), (5,)), ((0, 3), (1, 3))]


def binary(left: Any = spread, right: Any = spread) -> list[Any]:
    def apart(rng: np.random.Generator, shape_a: Any, shape_b: Any) -> list[Any]:  # so that no a and b change their order
        while True:
            a, b = left(rng, shape_a), right(rng, shape_b)
            if np.abs(a - b).min(initial=1) > 0.02:
                return [a, b]

    mirrored = [(b, a) for a, b in PAIRS[1:3]]
    return [
        *((f"{a} and {b}", lambda rng, a=a, b=b: apart(rng, a, b)) for a, b in [*PAIRS, *mirrored]),
        ("with itself", lambda rng: [left(rng, (3, 2))], lambda op, a: op(a, a * 1.01 + 0.1)),
        ("a number on the left", lambda rng: [right(rng, (4,))], lambda op, b: op(1.5, b)),
        ("a number on the right", lambda rng: [left(rng, (4,))], lambda op, a: op(a, 2.0)),
    ]


def indexed(label: str, shape: Any, index: Any) -> Any:
    return label, one(spread, shape), lambda op, x: op(x, index=index)


def scattered(label: str, shape: Any, index: Any, into: Any) -> Any:
    return label, one(spread, shape), lambda op, x: op(x, index=index, shape=into)


REDUCTIONS = [
    meta("axis 0", (3, 5), axis=0),
    meta("axis -1, kept", (3, 5), axis=-1, keepdims=True),
    meta("axes (0, 2)", (2, 3, 5), axis=(0, 2)),
    meta("axes (-1, 0)", (2, 3, 5), axis=(-1, 0)),
    meta("all, kept", (2, 3), keepdims=True),
    meta("axis of size 1", (3, 1), axis=1),
    meta("axis 1 of an empty batch", (0, 3), axis=1),
]
CONVOLUTIONS = [
    meta("valid", (2, 5, 4, 3), (3, 3, 3, 2)),
    meta("same, strides 2", (2, 5, 7, 2), (3, 3, 2, 3), strides=2, padding="same"),
    meta("same, even window", (1, 5, 5, 1), (2, 2, 1, 2), padding="same"),
    meta("strides (1, 3), dilation (2, 1)", (1, 7, 7, 2), (2, 3, 2, 1), strides=(1, 3), dilation=(2, 1)),
    meta("same, dilation 2", (1, 4, 3, 1), (3, 2, 1, 1), dilation=2, padding="same"),
    meta("strides beyond the window", (1, 7, 5, 1), (1, 1, 1, 2), strides=3),
    meta("1×1 image", (2, 1, 1, 1), (1, 1, 1, 1)),
    meta("no images", (0, 3, 3, 1), (2, 2, 1, 2)),
]
POOLS = [
    meta("window 2", (2, 4, 4, 2)),
    meta("odd image", (1, 5, 7, 2)),
    meta("window 3, strides 2, same", (1, 5, 6, 2), pool_size=3, strides=2, padding="same"),
    meta("window (2, 3), strides (3, 1)", (1, 5, 5, 1), pool_size=(2, 3), strides=(3, 1)),
    meta("window 3, strides 1, same", (1, 3, 3, 1), pool_size=3, strides=1, padding="same"),
    meta("window 1", (1, 3, 2, 1), pool_size=1),
    meta("no images", (0, 4, 4, 1)),
]
SOFTMAXES = [
    meta("axis 0", (3, 5), axis=0),
    meta("middle axis", (2, 3, 2), axis=1),
    meta("large scores", (2, 3), kind=lambda rng, s: 4 * spread(rng, s)),
]
CONDITION = np.array([[True, False, True], [False, False, True]])

SPECIAL: dict[str, list[Any]] = {
    "add": binary(),
    "subtract": binary(),
    "multiply": binary(),
    "divide": binary(),
    "maximum": binary(),
    "minimum": binary(),
    "dropout": binary(),
    "power": [
        *binary(positive, spread),
        ("squares", one(spread, (3, 2)), lambda op, a: op(a, 2)),
        ("cubes", one(spread, (3, 2)), lambda op, a: op(a, 3)),
        ("roots", one(positive, (5,)), lambda op, a: op(a, 0.5)),
        ("exponent 0", one(spread, (3,)), lambda op, a: op(a, 0)),
        ("exponent −1", one(spread, (3,)), lambda op, a: op(a, -1)),
        ("exponents 0, 1, 2, 3", lambda rng: [spread(rng, (4,)), np.arange(4)]),
    ],
    **{name: binary() for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")},
    "sign": [meta(str(s), s) for s in SHAPES],
    "step": [meta(str(s), s) for s in SHAPES],
    "ones_like": [meta(str(s), s) for s in SHAPES],
    "clip": [
        meta("both sides", (3, 5), low=-1.0, high=0.9),
        meta("one number", (), low=-1.0, high=0.5),
        meta("empty", (0, 2), low=0, high=1),
    ],
    "where": [
        ("same shapes", lambda rng: [CONDITION, spread(rng, (2, 3)), spread(rng, (2, 3))]),
        ("broadcast", lambda rng: [CONDITION, spread(rng, (3,)), spread(rng, (2, 1))]),
        ("a number", lambda rng: [CONDITION, spread(rng, (2, 3))], lambda op, c, a: op(c, a, 0)),
        ("condition broadcast", lambda rng: [CONDITION[:1], spread(rng, (4, 1)), spread(rng, (4, 3))]),
        ("condition from the input", one(spread, (7,)), lambda op, x: op(x > 0, x * x, -x)),
    ],
    "astype": [meta("to float64", (3, 2), dtype=np.float64), meta("by name", (3,), dtype="float64"), meta("0-d", (), dtype="float64")],
    "to": [
        ("0-d", one(spread, ()), lambda op, x: op(x, backend=owner(x.data).name)),
        ("where it is", one(spread, (3, 2)), lambda op, x: op(x, backend=owner(x.data).name)),
        ("there and back", one(spread, (3,)), lambda op, x: op(op(x, backend=elsewhere(x)) ** 2, backend=owner(x.data).name)),
    ],
    "leaky_relu": [meta("slope 0.01", (7,), negative_slope=0.01)],
    "elu": [meta("alpha 0.5", (7,), alpha=0.5)],
    "gelu": [meta("by tanh", (3, 5), approximate=True)],
    "erf": [meta("tails", (5,), kind=lambda rng, s: np.array([-7.0, -3.2, 0.1, 2.9, 6.5]))],
    "reshape": [
        meta("to a vector", (3, 5), shape=(15,)),
        meta("with −1", (2, 3, 4), shape=(4, -1)),
        meta("an int", (2, 3), shape=6),
        meta("to 0-d", (1, 1), shape=()),
        meta("empty", (0, 3), shape=(3, 0)),
    ],
    "transpose": [
        meta("rotated", (2, 3, 5), axes=(1, 2, 0)),
        meta("negative axes", (2, 3, 5), axes=(-1, 0, -2)),
        meta("a list", (2, 3), axes=[1, 0]),
    ],
    "broadcast_to": [
        meta("new axis", (3,), shape=(2, 3)),
        meta("size 1", (3, 1), shape=(3, 5)),
        meta("a number", (), shape=(2, 2)),
        meta("to nothing", (1, 3), shape=(0, 3)),
    ],
    "concatenate": [
        meta("last axis", (2, 3), (2, 1), (2, 2)),
        meta("axis 0", (2, 3), (1, 3), axis=0),
        meta("axis −2", (2, 3), (5, 3), axis=-2),
        meta("one", (3,)),
        meta("an empty one", (2, 0), (2, 3)),
        ("twice the same", one(spread, (2, 2)), lambda op, x: op(x, x, axis=0)),
    ],
    "stack": [
        meta("axis 0", (2, 3), (2, 3)),
        meta("axis −1", (3,), (3,), (3,), axis=-1),
        meta("axis 1", (2, 3), (2, 3), axis=1),
        meta("numbers", (), ()),
    ],
    "pad": [
        meta("uneven", (2, 3), widths=((1, 0), (2, 3))),
        meta("none", (3,), widths=((0, 0),)),
        meta("images", (1, 2, 3, 1), widths=((0, 0), (1, 2), (0, 1), (0, 0))),
    ],
    "getitem": [
        indexed("an int", (3, 5), 1),
        indexed("a negative int", (3, 5), -1),
        indexed("ints", (3, 5), (0, 3)),
        indexed("a slice", (7, 2), slice(1, 6, 2)),
        indexed("backwards", (5,), slice(None, None, -1)),
        indexed("ellipsis", (2, 3, 5), (..., 2)),
        indexed("a new axis", (3, 2), (slice(None), None, 1)),
        indexed("a list with repeats", (5, 2), [0, 3, 3, 0]),
        indexed("an empty slice", (5, 2), slice(2, 2)),
        indexed("lists", (4, 5), ([0, 1, 1], [2, 2, 2])),
        ("an array with repeats", lambda rng: [spread(rng, (5, 3)), np.array([[4, 0], [0, 4]])], lambda op, x, i: op(x, index=i)),
        (
            "arrays of rows and columns",
            lambda rng: [spread(rng, (5, 3)), np.array([1, 1, 2]), np.array([0, 0, 2])],
            lambda op, x, r, c: op(x, index=(r, c)),
        ),
        ("a mask", lambda rng: [spread(rng, (2, 3)), CONDITION], lambda op, x, m: op(x, index=m)),
        ("a mask of rows", lambda rng: [spread(rng, (3, 2)), np.array([True, False, True])], lambda op, x, m: op(x, index=m)),
        ("a mask made from the input", one(spread, (7,)), lambda op, x: op(x, index=x > 0)),
    ],
    "add_at": [
        scattered("a slice", (3, 2), slice(1, 4), (5, 2)),
        scattered("a list with repeats", (3, 2), [1, 1, 0], (4, 2)),
        scattered("an int", (3,), 2, (4, 3)),
        ("an array with repeats", lambda rng: [spread(rng, (4,)), np.array([0, 2, 2, 2])], lambda op, x, i: op(x, index=i, shape=(3,))),
    ],
    "matmul": [
        meta("matrices", (3, 5), (5, 2)),
        meta("vectors", (5,), (5,)),
        meta("matrix and vector", (3, 5), (5,)),
        meta("vector and matrix", (5,), (5, 3)),
        meta("stacks", (2, 3, 5), (2, 5, 1)),
        meta("a stack and a matrix", (2, 3, 5), (5, 2)),
        meta("a matrix and a stack", (3, 5), (2, 5, 2)),
        meta("a stack and a vector", (2, 3, 5), (5,)),
        meta("a vector and a stack", (5,), (2, 5, 3)),
        meta("stacks broadcast", (2, 1, 3, 2), (3, 2, 1)),
        meta("size 1", (1, 1), (1, 1)),
        meta("an empty batch", (0, 3), (3, 2)),
        meta("nothing summed", (2, 0), (0, 3)),
        ("with itself", one(spread, (3, 3)), lambda op, a: op(a, a)),
    ],
    "dense_layer": [
        ("with bias", one(spread, (3, 5), (5, 2), (2,)), lambda op, *xs: op(*xs, activation=ops.tanh)),
        ("without", one(spread, (3, 5), (5, 2)), lambda op, x, k: op(x, k, None, activation=linear)),
        ("one of each", one(spread, (1, 1), (1, 1), (1,)), lambda op, *xs: op(*xs, activation=ops.sigmoid)),
    ],
    "sum": REDUCTIONS,
    "mean": REDUCTIONS,
    "max": REDUCTIONS,
    "argmax_mask": [meta(str(s), s) for s in [(), (1,), (7,), (3, 5)]]
    + [meta("axes (0, 2)", (2, 3, 5), axis=(0, 2)), meta("axis −1", (3, 5), axis=-1)],
    "im2col": [
        meta("window 2", (2, 4, 3, 2), window=(2, 2)),
        meta("strides, dilation", (1, 7, 5, 1), window=(2, 3), strides=(2, 1), dilation=(3, 2)),
        meta("window 1", (1, 1, 1, 1), window=(1, 1)),
        meta("no images", (0, 3, 3, 1), window=(2, 2)),
    ],
    "col2im": [
        meta("window 2", (2, 3, 2, 2, 2, 2), image=(4, 3)),
        meta("strides, dilation", (1, 2, 1, 2, 3, 1), image=(7, 5), strides=(2, 1), dilation=(3, 2)),
        meta("rows left over", (1, 2, 2, 2, 2, 1), image=(5, 5), strides=(2, 2)),
        meta("no images", (0, 2, 2, 2, 2, 1), image=(3, 3)),
    ],
    "conv2d": CONVOLUTIONS,
    "convolution_layer": [
        (
            "with bias",
            one(spread, (1, 4, 4, 2), (2, 2, 2, 3), (3,)),
            lambda op, *xs: op(*xs, strides=1, padding="same", dilation=1, activation=ops.sigmoid),
        ),
        (
            "without",
            one(spread, (1, 3, 3, 1), (2, 2, 1, 1)),
            lambda op, x, k: op(x, k, None, strides=1, padding="valid", dilation=1, activation=linear),
        ),
        (
            "stride 2",
            one(spread, (2, 5, 4, 1), (3, 2, 1, 2), (2,)),
            lambda op, *xs: op(*xs, strides=2, padding="same", dilation=1, activation=ops.tanh),
        ),
    ],
    "convolution_and_pooling": [
        (
            "same",
            one(spread, (1, 4, 4, 1), (3, 2, 1, 2), (2,)),
            lambda op, x, k, b: op(
                x, k * 0.2, b,
                convolution={"strides": 1, "padding": "same", "dilation": 1, "activation": ops.softplus},
                pooling={"pool_size": 2, "strides": None, "padding": "valid"},
            ),
        ),
        (
            "without bias",
            one(spread, (1, 5, 5, 1), (2, 2, 1, 2)),
            lambda op, x, k: op(
                x, k, None,
                convolution={"strides": 2, "padding": "same", "dilation": 1, "activation": linear},
                pooling={"pool_size": (1, 2), "strides": (2, 1), "padding": "same"},
            ),
        ),
        (
            "windows of 2",
            one(spread, (2, 5, 6, 2), (2, 3, 2, 2), (2,)),
            lambda op, *xs: op(
                *xs,
                convolution={"strides": 1, "padding": "same", "dilation": 1, "activation": linear},
                pooling={"pool_size": 2, "strides": None, "padding": "valid"},
            ),
        ),
    ],
    "max_pool2d": POOLS,
    "average_pool2d": POOLS,
    "global_average_pool2d": [meta("images", (2, 3, 5, 2)), meta("1×1", (1, 1, 1, 1)), meta("none", (0, 2, 2, 1))],
    "pool_winners": [
        (
            "window 2",
            one(spread, (1, 4, 4, 2)),
            lambda op, x: op(x, ops.max_pool2d(x), window=(2, 2), strides=(2, 2), widths=((0, 0), (0, 0))),
        ),
        (
            "window 3 and 2",
            one(spread, (2, 6, 4, 1)),
            lambda op, x: op(x, ops.max_pool2d(x, pool_size=(3, 2)), window=(3, 2), strides=(3, 2), widths=((0, 0), (0, 0))),
        ),
        (
            "one window",
            one(spread, (1, 2, 2, 1)),
            lambda op, x: op(x, ops.max_pool2d(x), window=(2, 2), strides=(2, 2), widths=((0, 0), (0, 0))),
        ),
    ],
    "batch_normalization": [
        (
            "images",
            lambda rng: [
                spread(rng, (2, 2, 2, 3)),
                spread(rng, (3,)),
                positive(rng, (3,)),
                spread(rng, (3,)),
                spread(rng, (3,)),
            ],
            lambda op, *xs: op(*xs, epsilon=1e-3),
        ),
        (
            "all",
            lambda rng: [spread(rng, (4, 3)), spread(rng, (3,)), positive(rng, (3,)), spread(rng, (3,)), spread(rng, (3,))],
            lambda op, *xs: op(*xs, epsilon=1e-3),
        ),
        (
            "plain",
            lambda rng: [spread(rng, (5, 2)), spread(rng, (2,)), positive(rng, (2,))],
            lambda op, *xs: op(*xs, None, None, epsilon=1e-3),
        ),
    ],
    "softmax": SOFTMAXES,
    "log_softmax": SOFTMAXES,
    "softmax_crossentropy": [
        ("rows", lambda rng: [spread(rng, (3, 5)), probabilities(rng, (3, 5))]),
        ("axis 0", lambda rng: [spread(rng, (3, 2)), probabilities(rng, (3, 2))], lambda op, x, t: op(x, t, axis=0)),
        ("two classes of one", lambda rng: [spread(rng, (3, 1)), np.ones((3, 1))]),
    ],
    "crossentropy": [
        ("rows", lambda rng: [probabilities(rng, (3, 5)), probabilities(rng, (3, 5))]),
        ("axis 0", lambda rng: [probabilities(rng, (3, 2)), probabilities(rng, (3, 2))], lambda op, p, t: op(p, t, axis=0)),
        ("one example", lambda rng: [probabilities(rng, (1, 2)), probabilities(rng, (1, 2))]),
    ],
    "sigmoid_crossentropy": [
        (f"of shape {s}", lambda rng, s=s: [spread(rng, s), probabilities(rng, s)]) for s in [(3, 5), (4,), (2, 1, 3)]
    ],
    "binary_crossentropy": [
        (f"of shape {s}", lambda rng, s=s: [probabilities(rng, s), probabilities(rng, s)]) for s in [(3, 5), (2, 3), (1, 4)]
    ],
}
NOT_EMPTY = {"mean", "max"}  # of no number there is neither
NO_DEFAULTS = {"max_pool2d", "average_pool2d", "global_average_pool2d", "argmax_mask"}  # one array, but not of any shape
NEEDS_AN_AXIS = {"softmax", "log_softmax", "getitem"}  # not for single numbers
