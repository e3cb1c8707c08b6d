"""Every wrong form of a function that the operators make, with a name that stays, and a way to put it in the function's place.

The targets are found where they live: the rules of ops in the registry, the helpers that rules call, or every function of a module
(of kernels, say). A mutant is installed by giving the function the code of its wrong form, so that whoever imported
the function has the wrong form too."""

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from minidl.tensor import Op

from .operators import OPERATORS, Place

Function = ast.FunctionDef | ast.Lambda
Path_ = tuple[tuple[str, int | None], ...]  # the fields, and indices in lists, from a function's node to the node in question
NOT_MUTATED = (ast.Raise, ast.Assert, ast.JoinedStr, ast.arg)  # messages are for people; assertions guard, they compute nothing


HOW_MUCH_AT_A_TIME = {"parts_of", "row_blocks", "blocks", "scratch", "work", "bytes_", "fewer"}  # in kernels: calls and names


@cache
def tree_of(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


def node_of(code: CodeType) -> Function:
    """The definition that a function's code was made from."""
    for node in ast.walk(tree_of(code.co_filename)):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            if first == code.co_firstlineno and getattr(node, "name", "<lambda>") == code.co_name:
                return node
    raise LookupError(f"no definition of {code.co_qualname} in line {code.co_firstlineno} of {code.co_filename}")


@dataclass(frozen=True)
class Target:
    """One definition to mutate."""

    name: str  # "divide", "matmul: _swap", "checking.gradcheck"
    functions: tuple[FunctionType, ...]  # that were made from it: usually one
    ops: tuple[str, ...] = ()  # whose gradients it may change
    g: str = ""  # what a rule calls dL/dy, and y; "" in other functions, and y is "" in the rule of a kernel
    y: str = ""

    @property
    def code(self) -> CodeType:
        return self.functions[0].__code__


@dataclass(frozen=True)
class Mutant:
    target: Target
    operator: str
    line: int
    old: str
    new: str
    path: Path_
    node: ast.AST
    copy: int  # there may be several with the same words in one function

    @property
    def id(self) -> str:
        """Its stable name: no line number."""
        again = f" #{self.copy}" if self.copy > 1 else ""
        return f"{self.target.name} | {self.operator} | {self.old} → {self.new}{again}"


# ---------------------------------------------------------------- what is mutated


def rules(ops: list[Op]) -> list[Target]:
    """The gradient rules of the ops; ops may share one."""
    found: dict[CodeType, list[Op]] = {}
    for op in ops:
        if op.rule is not None:
            found.setdefault(op.rule.__code__, []).append(op)
    return [
        Target(mine[0].name, tuple(op.rule for op in mine if op.rule), tuple(op.name for op in mine), *_first_arguments(mine[0].rule))
        for mine in found.values()
    ]


def _first_arguments(rule: Any) -> list[str]:
    return [*inspect.signature(rule).parameters][:2]


def helpers(targets: list[Target]) -> list[Target]:
    """The plain functions of the same modules that these rules call by name."""
    callers: dict[FunctionType, list[Target]] = {}
    for target in targets:
        names = {n.func.id for n in ast.walk(node_of(target.code)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        for name in sorted(names):
            helper = target.functions[0].__globals__.get(name)
            if isinstance(helper, FunctionType) and helper.__code__.co_filename == target.code.co_filename:
                callers.setdefault(helper, []).append(target)
    return [
        Target(helper.__name__, (helper,), tuple(op for target in users for op in target.ops))
        for helper, users in callers.items()
    ]


def functions_of(module: ModuleType) -> list[Target]:
    """Every function and method written in a module; those called …vjp are rules."""
    found = []
    for owner in [module, *(c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__)]:
        for value in vars(owner).values():
            function = inspect.unwrap(getattr(value, "fget", None) or getattr(value, "__func__", None) or value) if value else value
            if isinstance(function, FunctionType) and function.__code__.co_filename == module.__file__ and function.__name__ != "<lambda>":
                g = _first_arguments(function)[0] if function.__name__.endswith("vjp") else ""
                found.append(Target(f"{module.__name__.removeprefix('minidl.')}.{function.__qualname__}", (function,), g=g))
    return found


# ---------------------------------------------------------------- the mutants


def _gradients(rule: Function) -> set[int]:
    """The ids of the nodes that stand for one gradient each."""
    inner = {n.name for n in ast.walk(rule) if isinstance(n, ast.FunctionDef) and n is not rule}
    found = [n.body for n in ast.walk(rule) if isinstance(n, ast.Lambda)]
    for value in (n.value for n in ast.walk(rule) if isinstance(n, ast.Return)):
        found += value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    others = (ast.Lambda, ast.ListComp)
    return {id(n) for n in found if not (isinstance(n, others) or isinstance(n, ast.Name) and n.id in inner or _is_none(n))}


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _walk(node: ast.AST, path: Path_ = ()) -> Iterator[tuple[ast.AST, ast.AST, str, Path_]]:
    """Every node below with its parent, the field it stands in, and the path to it."""
    for field, value in ast.iter_fields(node):
        if field in ("decorator_list", "returns", "annotation"):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not isinstance(child, NOT_MUTATED) and not _only_of_speed(child):
                here = (*path, (field, i))
                yield child, node, field, here
                yield from _walk(child, here)


def _only_of_speed(node: ast.AST) -> bool:
    """How much is done at a time, and whether a kernel or the readable op does it, which compute the same: see HandedBack."""
    if isinstance(node, ast.If):
        return any(isinstance(n, ast.Return) and ast.unparse(n) == "return HANDED_BACK" for n in node.body)
    name = node.func if isinstance(node, ast.Call) else node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(name, ast.Name) and name.id in HOW_MUCH_AT_A_TIME


def _put(function: ast.AST, path: Path_, new: ast.AST) -> None:
    *way, (field, i) = path
    parent = function
    for name, position in way:
        parent = getattr(parent, name) if position is None else getattr(parent, name)[position]
    if i is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[i] = new


def mutants_of(target: Target) -> list[Mutant]:
    """All mutants of one target; two operators that write the same words make one mutant."""
    function = node_of(target.code)
    gradients = _gradients(function) if target.g else set()
    found, programs, names = [], {ast.unparse(function)}, dict[Any, int]()
    for node, parent, field, path in [*_walk(function)]:
        for name, operator in OPERATORS.items():
            for new in operator(node, Place(parent, field, id(node) in gradients, target.g, target.y)):
                _put(function, path, new)
                program = ast.unparse(function)
                _put(function, path, node)
                if program not in programs and ast.dump(new) != ast.dump(node):
                    programs.add(program)
                    words = (name, _words(node), _words(new))
                    names[words] = names.get(words, 0) + 1
                    found.append(Mutant(target, *words[:1], node.lineno, *words[1:], path, new, names[words]))
    return found


def _words(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def all_mutants(targets: list[Target]) -> list[Mutant]:
    return [mutant for target in targets for mutant in mutants_of(target)]


# ---------------------------------------------------------------- in the place of the right one


def install(mutant: Mutant) -> None:
    """From now on, in this process, the function is wrong. There is no way back: do it in a child."""
    tree, function, code = tree_of(mutant.target.code.co_filename), node_of(mutant.target.code), mutant.target.code
    _put(function, mutant.path, mutant.node)
    for node in ast.walk(function):
        if isinstance(node, (ast.expr, ast.stmt)) and not hasattr(node, "lineno"):
            ast.copy_location(node, function)
    for value in vars(sys.modules[mutant.target.functions[0].__module__]).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()  # what was remembered came from the right one
    wrong = _find(compile(ast.fix_missing_locations(tree), code.co_filename, "exec", dont_inherit=True), code)
    assert wrong is not None, mutant.id
    for f in mutant.target.functions:
        f.__code__ = wrong
        arguments = function.args
        if f.__defaults__:
            f.__defaults__ = tuple(_value(d, f) for d in arguments.defaults)
        if f.__kwdefaults__:
            f.__kwdefaults__ = {a.arg: _value(d, f) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults) if d is not None}


def _find(code: CodeType, like: CodeType) -> CodeType | None:
    if (code.co_qualname, code.co_firstlineno) == (like.co_qualname, like.co_firstlineno):
        return code
    return next(filter(None, (_find(c, like) for c in code.co_consts if isinstance(c, CodeType))), None)


def _value(default: ast.expr, function: FunctionType) -> Any:
    return eval(compile(ast.Expression(default), "<default>", "eval"), function.__globals__)
