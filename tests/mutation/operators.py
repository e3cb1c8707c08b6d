"""The mistakes that are tried: each operator takes one place of the syntax tree and yields what could wrongly stand there."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Mutations = Iterator[ast.AST]
MASKS = {"step", "sign", "argmax_mask", "pool_winners"}  # ops that give 0, 1 or −1, to multiply with
COMMUTE = {"max", "min", "np.add", "np.multiply", "np.maximum"}  # (of numbers and arrays; the op maximum gives ties to its first)
OPPOSITE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


@dataclass(frozen=True)
class Place:
    """Where in a function a node stands."""

    parent: ast.AST
    field: str  # of the parent
    gradient: bool = False  # it is what a rule returns for one input
    g: str = ""  # what the rule calls dL/dy and y; "" outside rules
    y: str = ""  # (nor in the rules of kernels, which get no y and return no Tensors)


def number(node: ast.AST) -> int | float | None:
    """The number written here, if there is one: 3, 0.5, −1."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand)
        return None if value is None else -value
    is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
    return node.value if is_number else None  # type: ignore[attr-defined]


def plus(node: ast.expr, n: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if n > 0 else ast.Sub(), ast.Constant(abs(n)))


def minus(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)


def drop(node: ast.AST, place: Place) -> Mutations:
    """One term of a sum, one factor of a product, one half of a condition."""
    if isinstance(node, ast.BinOp):
        yield node.left
        yield minus(node.right) if isinstance(node.op, ast.Sub) else node.right
    if isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = node.values[:i] + node.values[i + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def sign(node: ast.AST, place: Place) -> Mutations:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and number(node) is None:
        yield node.operand
    elif place.gradient and isinstance(node, ast.expr):
        yield minus(node)


def plus_minus(node: ast.AST, place: Place) -> Mutations:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield ast.BinOp(node.left, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add(), node.right)


def times_divide(node: ast.AST, place: Place) -> Mutations:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        yield ast.BinOp(node.left, ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult(), node.right)


def operands(node: ast.AST, place: Place) -> Mutations:
    """The two sides, or two neighbouring arguments, the other way round (where that matters)."""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Add, ast.Mult)):
        yield ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.Call) and ast.unparse(node.func) not in COMMUTE:
        for i in range(len(node.args) - 1):
            a, b = node.args[i : i + 2]
            yield ast.Call(node.func, [*node.args[:i], b, a, *node.args[i + 2 :]], node.keywords)


def constant(node: ast.AST, place: Place) -> Mutations:
    """0 ↔ 1, −1 ↔ −2, k ± 1 for whole numbers; 2k for all."""
    value = number(node)
    if value is None or isinstance(place.parent, ast.UnaryOp):
        return
    others = {value + 1, value - 1} if isinstance(value, int) else set()
    for other in sorted(others | {2 * value if value else 1} - {value}):
        yield ast.Constant(other) if other >= 0 else minus(ast.Constant(-other))


def scale(node: ast.AST, place: Place) -> Mutations:
    if place.gradient and isinstance(node, ast.expr):
        yield ast.BinOp(ast.Constant(2), ast.Mult(), node)


def result(node: ast.AST, place: Place) -> Mutations:
    """The gradient is g, the forward value, nothing, or a constant (right once, but without a derivative of its own)."""
    if place.gradient and isinstance(node, ast.expr):
        yield ast.Name(place.g, ast.Load())
        yield ast.Constant(None)
        if place.y:
            yield ast.Name(place.y, ast.Load())
            yield ast.Call(ast.Attribute(node, "detach", ast.Load()), [], [])


def nothing(node: ast.AST, place: Place) -> Mutations:
    """g, where there is no gradient."""
    if place.g and isinstance(node, ast.Constant) and node.value is None and isinstance(place.parent, (ast.Tuple, ast.List, ast.Return)):
        yield ast.Name(place.g, ast.Load())


def mask(node: ast.AST, place: Place) -> Mutations:
    """A mask that lets all through, or nothing; a choice that is always the same."""
    if isinstance(node, ast.Compare):
        yield ast.Constant(True)
        yield ast.Constant(False)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in MASKS:
            yield ast.Constant(1)
        if node.func.id == "where":
            yield from node.args[1:]


def branch(node: ast.AST, place: Place) -> Mutations:
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    if isinstance(node, ast.If):
        for answer in (True, False):
            yield ast.If(ast.Constant(answer), node.body, node.orelse)


def compare(node: ast.AST, place: Place) -> Mutations:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in OPPOSITE[type(node.ops[0])]:
            yield ast.Compare(node.left, [other()], node.comparators)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def index(node: ast.AST, place: Place) -> Mutations:
    """An index or a bound one off."""
    if isinstance(node, ast.Slice):
        yield ast.Slice(plus(node.lower, 1) if node.lower else ast.Constant(1), node.upper, node.step)
        yield ast.Slice(node.lower, plus(node.upper, -1) if node.upper else minus(ast.Constant(1)), node.step)
        if node.upper:
            yield ast.Slice(node.lower, plus(node.upper, 1), node.step)
    elif isinstance(place.parent, ast.Subscript) and place.field == "slice" and isinstance(node, (ast.Name, ast.BinOp)):
        yield plus(node, 1)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("range", "slice"):
        for i, argument in enumerate(node.args):
            if not isinstance(argument, (ast.Constant, ast.Starred)):
                for n in (1, -1):
                    yield ast.Call(node.func, [*node.args[:i], plus(argument, n), *node.args[i + 1 :]], node.keywords)


def gradients(node: ast.AST, place: Place) -> Mutations:
    """The gradients in another order."""
    if not (place.g and isinstance(place.parent, ast.Return)):
        return
    if isinstance(node, (ast.Tuple, ast.List)):
        for i in range(len(node.elts) - 1):
            a, b = node.elts[i : i + 2]
            yield type(node)([*node.elts[:i], b, a, *node.elts[i + 2 :]], ast.Load())
    if isinstance(node, (ast.ListComp, ast.Name)):
        yield ast.Subscript(node, ast.Slice(step=minus(ast.Constant(1))), ast.Load())


def keyword(node: ast.AST, place: Place) -> Mutations:
    """A keyword forgotten: axis=…, keepdims=…, strides=…"""
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])


def call(node: ast.AST, place: Place) -> Mutations:
    """A function forgotten: its first argument alone."""
    if isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]


def statement(node: ast.AST, place: Place) -> Mutations:
    """A statement forgotten, where the names it binds are bound without it."""
    if isinstance(node, (ast.AugAssign, ast.If)) or isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    if isinstance(node, ast.Assign):
        bound = {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        if bound <= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}:
            yield ast.Pass()


OPERATORS: dict[str, Callable[[ast.AST, Place], Mutations]] = {
    operator.__name__: operator
    for operator in (
        *(drop, sign, plus_minus, times_divide, operands, constant, scale, result, nothing),
        *(mask, branch, compare, index, gradients, keyword, call, statement),
    )
}
