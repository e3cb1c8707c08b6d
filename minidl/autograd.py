"""Backpropagation: walk from a result back to what it was made of, one op at a time, and multiply by each op's derivative."""
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from minidl import backend
from minidl.switches import kernels_on, recording, switch
from minidl.tensor import Composite, Node, Tensor, made

class Step(NamedTuple):
    """One op passed backwards."""
    output: Tensor
    g: Tensor  # dL/doutput, complete: every op that used the output has been passed
    inputs: list[Any]
    grads: list[Tensor | None]  # what this op adds to each dL/dinput; None where no gradient is wanted

def backward_steps(y: Tensor, grad: Any = None) -> Iterator[Step]:
    """Yield a `Step` for every op between y and the Tensors that require a gradient, youngest op first. ``grad`` is dL/dy, 1 if y is
    one number. The graph is kept, and no ``.grad`` is touched."""
    return _walk({y: _seed(y, grad)}, _order(y, ()), keep_graph=True)

def backward(y: Tensor, grad: Any = None, keep_graph: bool = False) -> None:
    """Add dy/dx to the ``.grad`` of every x that y was made of and that requires one. The graph is forgotten, unless ``keep_graph``."""
    if y.node is None:
        raise RuntimeError("backward() on a Tensor that nothing was recorded for: has any input requires_grad=True? See minidl.why_no_grad")
    grads = {y: _seed(y, grad)}
    for _ in _walk(grads, _order(y, ()), keep_graph): del _  # so that its arrays are freed
    for x, g in grads.items():
        x.grad = g.detach() if x.grad is None else x.grad + g  # an array of its own

Tensor.backward = backward  # type: ignore[attr-defined]

def grad(y: Tensor, xs: Any, seed: Any = None, create_graph: bool = False, keep_graph: bool | None = None) -> tuple[Any, ...]:
    """dy/dx for each x in ``xs`` (one Tensor or several), None where no recorded path leads from y to x. No ``.grad`` is touched.

    ``seed``: dL/dy, 1 if y is one number; ``create_graph``: record the gradients, for further ones; ``keep_graph``: forget nothing."""
    if not (xs := (xs,) if isinstance(xs, Tensor) else tuple(xs)): return ()
    for x in (x for x in xs if not getattr(x, "requires_grad", False)):
        raise ValueError(f"{x!r:.60} requires no gradient: make it a float Tensor with requires_grad=True")
    grads = {y: _seed(y, seed)}
    for _ in _walk(grads, _order(y, xs), create_graph if keep_graph is None else keep_graph, create_graph, keep=xs): del _
    return tuple(g if g is None or create_graph else g.detach() for g in map(grads.get, xs))

def _seed(y: Tensor, seed: Any) -> Tensor:  # dL/dy
    if seed is None and y.size != 1:
        raise ValueError(f"a gradient starts from one number, y has shape {y.shape}: sum it, or give the gradient of y")
    seed = backend.owner(y.data).module.ones_like(y.data) if seed is None else seed
    seed = seed if isinstance(seed, Tensor) else Tensor(seed)
    if seed.shape != y.shape:
        raise ValueError(f"the gradient of y must have y's shape {y.shape}, got {seed.shape}")
    return _fit(seed, y, "the seed")

def _tensors(inputs: Any) -> Iterator[Tensor]: return (x for x in inputs or () if isinstance(x, Tensor) and x.requires_grad)

def _order(y: Tensor, xs: Sequence[Tensor]) -> list[Tensor]:
    """The Tensors on the ways from y to the xs (without xs: to all that require a gradient), oldest first. An op's output is younger
    than its inputs, so from young to old every use of a Tensor comes before the Tensor; and nothing older than the xs is visited."""
    oldest = min((x.born for x in xs), default=-1)
    found, todo = {y}, [y]
    while todo:
        t = todo.pop()
        if t.node and t.born > oldest:
            if t.node.inputs is None:
                raise RuntimeError(f"{t.node.op.name} forgot its inputs when a gradient passed: use keep_graph=True the first time")
            new = set(_tensors(t.node.inputs)) - found
            found |= new
            todo += new
    order, leading = sorted(found, key=lambda t: t.born), set(xs)
    for t in order:
        if not xs or t.node and not leading.isdisjoint(_tensors(t.node.inputs)):
            leading.add(t)
    return [t for t in order if t in leading]

def _walk(grads: dict[Tensor, Tensor], order: list[Tensor], keep_graph: bool, create_graph: bool = False, keep: Any = ()) -> Iterator[Step]:
    """Pass every op once, youngest first. ``grads`` holds the dL/dt still to be used; in the end those of leaves and ``keep``."""
    wanted, keep = set(order), set(keep)
    while order:
        wanted.discard(t := order.pop())  # and let go of it: what it holds is needed no more
        needs = [isinstance(x, Tensor) and x in wanted for x in t.node.inputs or ()] if t.node else []
        if t.node is None or t not in grads or not any(needs):
            continue
        g = grads[t] if t in keep else grads.pop(t)
        inputs = t.node.inputs or []
        with switch(recording, create_graph):
            dxs = [_fit(dx() if callable(dx) else dx, x, t.node.op.name) if need and dx is not None else None
                   for x, need, dx in zip(inputs, needs, _rule(t, t.node, g, inputs, needs, create_graph))]
            for x, dx in zip(inputs, dxs):
                if dx is not None: grads[x] = grads[x] + dx if x in grads else dx
        if not keep_graph: t.node.inputs = t.node.saved = None
        yield Step(t, g, inputs, dxs)

def _rule(y: Tensor, node: Node, g: Tensor, inputs: list[Any], needs: list[bool], create_graph: bool) -> Sequence[Any]:
    """dL/dinput for each input: from the kernel that ran, from the body of a composite, or from the rule beside the op."""
    if y.version or node.version != sum(x.version for x in inputs if isinstance(x, Tensor)):
        raise RuntimeError(f"an input or the output of {node.op.name} was changed in place after it was used: its gradient would be wrong")
    if node.kernel and kernels_on.get() and not create_graph:
        return [a if a is None else made(a, None) for a in node.kernel.vjp(g.data, node.saved, needs)]
    if isinstance(node.op, Composite):
        with switch(recording, True):
            copies = [x.reshape(x.shape) if need else x for x, need in zip(inputs, needs)]  # so that the walk ends at this op's inputs
            again = node.op.function(*copies, **node.metadata)
        found = iter(grad(again, [x for x, need in zip(copies, needs) if need], g, create_graph))
        return [next(found) if need else None for need in needs]
    if node.op.rule is None:
        raise NotImplementedError(f"op {node.op.name} has no gradient rule: write one with @{node.op.name}.vjp")
    result = node.op.rule(g, y, *inputs, **node.metadata)
    result = result if isinstance(result, (tuple, list)) else (result,)
    if len(result) != len(inputs):
        raise ValueError(f"the rule of {node.op.name} must give {len(inputs)} gradients, one for each input; it gave {len(result)}")
    return result

def _fit(g: Any, x: Tensor, name: str) -> Tensor:
    """``g`` with the shape, dtype and backend of ``x``: undoes broadcasting and promotion, once for all ops."""
    if isinstance(g, Tensor) and (a := g.data).shape == (b := x.data).shape and a.dtype == b.dtype and type(a) is type(b): return g
    if not isinstance(g, Tensor) or x.dtype.kind != "f":
        raise TypeError(f"{name}: a gradient is a Tensor of a float Tensor, got {type(g).__name__} for an input of dtype {x.dtype}")
    if g.shape != x.shape:
        extra = g.ndim - x.ndim
        if extra < 0 or any(n not in (1, m) for n, m in zip(x.shape, g.shape[extra:])):
            raise ValueError(f"{name}: a gradient of shape {g.shape} does not fit an input of shape {x.shape}")
        g = g.sum(axis=tuple(i for i in range(g.ndim) if i < extra or x.shape[i - extra] == 1)).reshape(x.shape)
    if type(g.data) is not type(x.data): g = g.to(backend.owner(x.data).name)
    return g if g.dtype == x.dtype else g.astype(x.dtype)  # type: ignore[no-any-return]
