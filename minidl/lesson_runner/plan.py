"""What the grader runs, in which order: a student's cells, and between them the lesson's own checks.

A student's copy of a check is not run, so that changing it changes nothing. Cells of the lesson that no exercise
needs (a long training that is only looked at) are left out."""
import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from minidl.lesson_runner.format import Cell, Lesson, cells, unspoilt
from minidl.lesson_runner.reading import parsed


@dataclass(frozen=True)
class Item:
    """``kind``: "code" or "check"; ``exercise``: the name, of a check; ``file``: what errors call the file, or the cell of a notebook."""

    kind: str
    source: str
    line: int
    file: str
    exercise: str = ""

    def place(self, line: int) -> str:
        return f"{self.file}, line {line}" if re.fullmatch(r"cell \d+", self.file) else f"line {line}"


def plan(lesson: Lesson, student: Sequence[Cell], name: str) -> list[Item]:
    """Every check of the lesson once: where the student's file has it, but not before the function that it checks."""
    own = [cell for cell in cells(lesson.text) if cell.kind != "markdown"]
    checks = {exercise: cell for cell in own if cell.kind == "check" for exercise in checked(cell.source)}
    items: list[Item] = []
    for cell in student:
        if cell.kind != "markdown":
            items += _pieces(cell, checks, name)
    for exercise, names in _written(own).items():
        at = [number for number, item in enumerate(items) if item.exercise == exercise]
        code = [(number, item.source) for number, item in enumerate(items) if item.kind == "code"]
        after = max([*at[-1:], *(next((number for number, source in code if defines(source, one)), -1) for one in names)], default=-1)
        after = len(items) - 1 if after < 0 else after
        items.insert(after + 1, Item("check", checks[exercise].source, 1, f"<check of {exercise}>", exercise))
        items = [item for number, item in enumerate(items) if number not in at]
    return _needed(items, own)


def checked(source: str) -> list[str]:
    """The exercises whose checks stand in that text."""
    return re.findall(r"\bExercise\(\s*(?:name\s*=\s*)?[\"'](\w+)[\"']", source)


def imports(lesson: Lesson) -> str:
    """The lesson's imports: its checks get them in any case, whatever a student's file makes of these names."""
    trees = [ast.parse(cell.source) for cell in cells(lesson.text) if cell.kind != "markdown"]
    return "\n".join(ast.unparse(node) for tree in trees for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))


def hidden(lesson: Lesson) -> list[str]:
    """Python's own names that the lesson leaves alone: ``sum = 0`` in a student's file shall not harm the checks."""
    bound = {name for cell in cells(lesson.text) if cell.kind != "markdown" for name in _names(cell.source).binds}
    return sorted(set(dir(builtins)) - bound)


def defines(source: str, name: str) -> bool:
    return bool(re.search(rf"^[ \t]*(?:(?:async\s+)?def|class)\s+{name}\b|^[ \t]*{name}[ \t]*(?::[^=\n]*)?=[^=]", source, re.MULTILINE))


def _pieces(cell: Cell, checks: dict[str, Cell], name: str) -> list[Item]:
    """A student's cell, cut where it holds the text of a check: cells may have been merged, and marks lost."""
    lines = [line.rstrip() for line in cell.source.split("\n")]
    found, code = [], lines[:]
    for exercise, check in checks.items():
        for form in {check.source, unspoilt(check.source)}:
            wanted = [line.rstrip() for line in form.split("\n")]
            for at in range(len(lines) - len(wanted) + 1):
                if lines[at : at + len(wanted)] == wanted:
                    found.append((at, exercise))
                    code[at : at + len(wanted)] = [""] * len(wanted)
    file = cell.place or name
    items, begin = [], 0
    for at, exercise in [*sorted(found), (len(lines), "")]:
        rest = "\n".join(code[begin:at])
        if rest.strip():
            items.append(Item("code", rest, cell.line + begin, file))
            items += [Item("check", "", 1, "", one) for one in checked(rest) if one in checks]
        if exercise:
            items.append(Item("check", "", 1, "", exercise))
        begin = at
    return items


def _written(own: Sequence[Cell]) -> dict[str, set[str]]:
    """For each exercise the names that its solution defines."""
    found: dict[str, set[str]] = {}
    names: set[str] = set()
    for cell in own:
        if cell.kind == "check":
            found |= dict.fromkeys(checked(cell.source), names)
            names = set()
        elif cell.has_solution:
            tree = ast.parse(cell.source)
            names = names | {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return found


# ---------------------------------------------------------------- what no exercise needs


@dataclass(frozen=True)
class _Names:
    """What code does with the file's global names: ``touches`` are those of objects that it may change, by a method or an index."""

    uses: frozenset[str]
    binds: frozenset[str]
    imports: frozenset[str]
    touches: frozenset[str]


def _needed(items: list[Item], own: Sequence[Cell]) -> list[Item]:
    """Without those of the lesson's cells, left as they were, that change nothing which another cell uses."""
    plain = [cell.source for cell in own if cell.kind == "code" and not cell.has_solution]
    given = {form: _names(form) for source in plain for form in {source, unspoilt(source)}}
    modules = {name for names in given.values() for name in names.imports}
    keep = {number for number, item in enumerate(items) if item.source not in given}
    used = {name for number in keep for name in _names(items[number].source).uses}
    maybe = {number: given[item.source] for number, item in enumerate(items) if number not in keep}
    while found := {number for number, names in maybe.items() if number not in keep and (names.binds | names.touches - modules) & used}:
        keep |= found
        used |= {name for number in found for name in maybe[number].uses}
    return [items[number] for number in sorted(keep)]


def _names(source: str) -> _Names:
    tree = parsed(source)
    try:
        table = symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None:  # it may use whatever it mentions
        return _Names(frozenset(re.findall(r"\w+", source)), frozenset(), frozenset(), frozenset())
    symbols = table.get_symbols()
    inside = {symbol.get_name() for part in _parts(table) for symbol in part.get_symbols() if symbol.is_global()}
    touches = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and (isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load)):
            base: ast.expr = node
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                base = base.value
            touches |= {base.id} if isinstance(base, ast.Name) else set()
    return _Names(
        frozenset({symbol.get_name() for symbol in symbols if symbol.is_referenced()} | inside),
        frozenset(symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()),
        frozenset(symbol.get_name() for symbol in symbols if symbol.is_imported()),
        frozenset(touches),
    )


def _parts(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """The functions and classes inside, and what is inside them."""
    for part in table.get_children():
        yield part
        yield from _parts(part)
