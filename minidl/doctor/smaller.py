"""Make a case small, so that whole Jacobians can be compared: the one op that is wrong instead of a net, few rows instead of many."""

import inspect
from collections.abc import Iterator
from copy import copy
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from minidl.backend import is_array
from minidl.doctor.differences import Ruler, Values, directions, scale, slope
from minidl.doctor.examination import ESCAPES, a_little_off, examine
from minidl.doctor.orders import GradientOf
from minidl.doctor.subjects import StudentPair, Subject, TensorFunction
from minidl.tensor import Node, Tensor

SMALL = 256  # outputs, and entries of an argument, up to which whole Jacobians are compared
LENGTHS = (6, 4, 3)  # to which long axes are cut


class OneOp(TensorFunction):
    """A call of an op that was recorded, as a function of those of its inputs that required a gradient."""

    def __init__(self, node: Node):
        self.node = node
        self.inputs = list(node.inputs or ())
        self.moving = [i for i, x in enumerate(self.inputs) if isinstance(x, Tensor) and x.requires_grad]
        super().__init__(self._again, [self.inputs[i].data for i in self.moving])
        self.names = [*self.moving]

    def _again(self, *arrays: Any) -> Tensor:
        inputs = [x.detach() if isinstance(x, Tensor) else x for x in self.inputs]
        for i, x in zip(self.moving, arrays):
            inputs[i] = x
        return self.node.op(*inputs, **self.node.metadata)

    @property
    def where(self) -> str:
        """The op's name, and where its rule stands."""
        rule = self.node.kernel.vjp if self.node.kernel else self.node.op.rule or self.node.op.function
        code = inspect.unwrap(rule).__code__
        return f"op {self.node.op.name!r} (its rule: {code.co_filename}:{code.co_firstlineno})"


def wrong_op(subject: Subject, values: Values, rng: np.random.Generator) -> OneOp | None:
    """The first op on the way whose own gradient is wrong; None if none is, or if f is nothing but that op."""
    if not isinstance(subject, TensorFunction) or isinstance(subject, GradientOf):
        return None
    nodes = list(_nodes(subject.call(subject.tensors(values))))
    for node in nodes if len(nodes) > 1 else ():
        op = OneOp(node)
        if op.values and all(v.size for v in op.values) and not _agrees(op, rng):
            return op
    return None


def _nodes(y: Tensor) -> Iterator[Node]:
    """The recorded calls that made y, oldest first."""
    found, todo = {y}, [y]
    while todo:
        node = todo.pop().node
        new = {x for x in (node.inputs or () if node else ()) if isinstance(x, Tensor)} - found
        found |= new
        todo += new
    return (t.node for t in sorted(found, key=lambda t: t.born) if t.node)


def _agrees(op: OneOp, rng: np.random.Generator) -> bool:
    """Whether the op's gradient fits differences along one direction for each argument, a little beside its arrays: off ties and zeros."""
    for values in (a_little_off(op.values, rng), op.values):
        y = op.forward(values)
        if np.isfinite(y).all() and y.size:
            c = np.asarray(rng.standard_normal(y.shape))
            (grads,) = op.backward(values, [c])
            if any(isinstance(g, str) or g.shape != x.shape for g, x in zip(grads, values)):
                return False
            ruler = Ruler(op, values, y, [c], [grads], 1e-6, 1e-9)
            wrong = [(a, v) for a, x in enumerate(values) for v in directions(x.shape, 1, rng) if not ruler.compare(a, v)[0].ok]
            return all(ruler.kink(0, a, v) is not None for a, v in wrong)
    return True


def off_kinks(subject: Subject, values: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """These values, or some beside them, near which no argument meets a kink; these if none are found."""
    for tried in (values, *(a_little_off(values, rng) for _ in range(ESCAPES))):
        if all(_smooth(subject, tried, a, v) for a, x in enumerate(tried) for v in directions(x.shape, 1, rng)):
            return tried
    return values


def _smooth(subject: Subject, values: Values, a: int, v: np.ndarray) -> bool:
    """Whether two steps give the same slope, and the smaller one less difference between right and left."""
    (one, bend), (other, less) = (slope(subject, values, a, v, h * scale(values[a])) for h in (1e-3, 3e-4))
    size = np.abs(one).sum()
    return bool(np.abs(one - other).sum() <= 1e-6 * size + 1e-9 and np.abs(less).sum() <= 0.6 * np.abs(bend).sum() + 1e-6 * size)


def smaller(subject: Subject, rng: np.random.Generator) -> Subject | None:
    """The same function of arrays cut short, if it is still wrong for them; None if the arrays are small or cannot be cut."""
    if all(x.size <= SMALL for x in subject.values) and subject.forward(subject.values).size <= SMALL:
        return None
    for longest in LENGTHS:
        small = _cut(subject, longest)
        if small is None or any(x.size > SMALL for x in small.values):
            continue
        try:
            found = examine(small, small.values, rng, 1e-6, 1e-9)
        except (ValueError, ArithmeticError, IndexError, TypeError):
            continue
        if found.worst is not None and not found.kinks and small.forward(small.values).size <= SMALL:
            return small
    return None


def _cut(subject: Subject, longest: int) -> Subject | None:
    """The subject's function, of arrays whose axes are cut to ``longest``, equal lengths alike. A length that is a product of others
    (of what was flattened) stays that product; indices stay within what is left. None for a function with weights."""
    if isinstance(subject, OneOp):
        moving = dict(zip(subject.moving, subject.values))
        inputs = [moving.get(i, x.data if isinstance(x, Tensor) else x) for i, x in enumerate(subject.inputs)]
        small = copy(subject.node)
        small.inputs = [Tensor(x, requires_grad=i in moving) if is_array(x) else x for i, x in enumerate(_shortened(inputs, longest))]
        return OneOp(small)
    if isinstance(subject, StudentPair):
        values = dict(zip(subject.names, subject.values))
        return StudentPair(*subject.functions, _shortened([values.get(i, x) for i, x in enumerate(subject.arrays)], longest))
    if type(subject) is TensorFunction and not subject.weights:
        values = dict(zip(subject.names, subject.values))
        return TensorFunction(subject.f, _shortened([values.get(i, x) for i, x in enumerate(subject.arrays)], longest))
    return None


def _shortened(arrays: list[Any], longest: int) -> list[Any]:
    shapes = [a.shape for a in arrays if is_array(a)]
    lengths = {n: min(n, longest) for shape in shapes for n in shape}
    for shape in shapes:
        for first, last in combinations(range(len(shape) + 1), 2):
            run = shape[first:last]
            if last - first > 1 and (product := prod(run)) in lengths and product not in run:
                lengths[product] = prod(lengths[n] for n in run)
    found = []
    for a in arrays:
        cut = a[tuple(slice(lengths[n]) for n in a.shape)] if is_array(a) else a
        found.append(np.minimum(cut, longest - 1) if is_array(a) and a.dtype.kind in "iu" else cut)
    return found
