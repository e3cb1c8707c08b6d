"""The plan of the house, held by reading the imports: who may know whom, and how much a student has to read."""

import ast
import io
import subprocess
import sys
import tokenize
import tomllib
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import minidl

PACKAGE = Path(minidl.__file__).parent
PROJECT = PACKAGE.parent

# A module imports from smaller rows, or from its own row without a cycle. A package's row is that of all its modules.
ROWS = {
    0: ["gpu", "backend", "switches", "conversion", "random_numbers", "config", "checks", "durations", "sizes", "devices"],
    1: ["tensor"],
    2: ["ops"],
    3: ["autograd", "higher_order"],
    4: ["checking", "doctor", "tracing", "recorder", "traced_numbers", "hooks", "detecting"],
    5: ["notes", "spellings", "registry", "arguments", "labels", "symbolic", "resampling", "resizing", "augmentation", "merging",
        "explaining", "variables", "initializers", "activations", "regularizers", "layers", "losses", "metrics", "optimizers"],
    6: ["kernels", "data", "saving"],
    7: ["tapes", "machine", "plan", "graph", "styles", "joining", "batches", "objective", "callbacks", "recorded", "captured",
        "summary", "training", "models", "nets", "ledger"],
    8: ["pages", "stepper", "attribution", "plots", "dashboard", "explorer", "distributed", "wrappers", "testing"],
    9: ["keras", "image", "math", "nn", "random", "cli", "lesson_runner"],
}
ROW = {name: row for row, names in ROWS.items() for name in names}
DOORS = {"", "__main__"}  # minidl/__init__.py and python -m minidl: they may know all
CORE = ["backend", "tensor", "autograd"]
STUDENTS_READ = [*CORE, "ops", "layers", "losses", "optimizers", "training"]
BUILDING_BLOCKS_KNOW_NOTHING_OF = {"autograd", "higher_order", "checking", "doctor"}


@cache
def modules() -> dict[str, Path]:
    """Every module by its name below minidl ("ops.shapes"; a package by its own name), with its file."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(node: ast.AST, late: bool = False):
    """(import statement, whether it stands inside a function) for all below ``node``, those for type checkers left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, late
        elif not _for_types_only(child):
            yield from imports(child, late or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))


def absolute(name: str, statement: ast.ImportFrom) -> str:
    """The full name of the module that ``from … import`` names, dots resolved."""
    if not statement.level:
        return statement.module or ""
    package = ["minidl", *name.split(".")] if name else ["minidl"]
    if modules()[name].name != "__init__.py":
        package = package[:-1]
    return ".".join([*package[: len(package) - statement.level + 1], *([statement.module] if statement.module else [])])


def targets(name: str, statement: ast.Import | ast.ImportFrom) -> list[str]:
    """The full names of what a statement imports: modules, where they are modules."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    source = absolute(name, statement)
    if source.split(".")[0] != "minidl":
        return [source]
    inner = source.removeprefix("minidl").removeprefix(".")
    found = []
    for alias in statement.names:
        deeper = f"{inner}.{alias.name}".lstrip(".")
        found.append(f"minidl.{deeper}" if deeper in modules() else source)
    return found


@cache
def graph() -> dict[str, frozenset[str]]:
    """What each module imports of minidl, late imports included."""
    edges = {}
    for name in modules():
        found = {target for statement, _ in imports(tree(name)) for target in targets(name, statement)}
        inner = {t.removeprefix("minidl").removeprefix(".") for t in found if t.split(".")[0] == "minidl"}
        edges[name] = frozenset(inner - {name})
    return edges


def top(name: str) -> str:
    return name.split(".")[0]


def row_of(name: str) -> int | None:
    return ROW.get(top(name))


EXISTING = sorted(modules())


@pytest.mark.parametrize("name", EXISTING)
def test_every_module_has_a_row(name):
    if name not in DOORS and top(name) != "lessons":
        assert row_of(name) is not None, f"minidl/{top(name)} is in no row: give it one here and in the design, or put it where it belongs"


def test_no_module_has_two_rows():
    names = [name for row in ROWS.values() for name in row]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", EXISTING)
def test_imports_go_up(name):
    if name in DOORS or row_of(name) is None:
        return
    for target in graph()[name]:
        assert target != "" or row_of(name) == 9 or _version_only(name), f"{name} imports from minidl itself: name the module instead"
        if target:
            assert row_of(target) is not None, f"{name} imports minidl.{target}, which is in no row"
            assert row_of(target) <= row_of(name), f"{name} (row {row_of(name)}) imports {target} (row {row_of(target)})"


def _version_only(name: str) -> bool:
    statements = [s for s, _ in imports(tree(name)) if isinstance(s, ast.ImportFrom) and absolute(name, s) == "minidl"]
    plain = [s for s, _ in imports(tree(name)) if isinstance(s, ast.Import) and any(a.name == "minidl" for a in s.names)]
    asked = {alias.name for s in statements for alias in s.names if alias.name not in modules()}
    return not plain and asked <= {"__version__"}


@pytest.mark.parametrize("name", [name for name in EXISTING if row_of(name) == 5])
def test_building_blocks_do_not_import_autograd(name):
    assert not {top(target) for target in graph()[name]} & BUILDING_BLOCKS_KNOW_NOTHING_OF


def test_no_cycles():
    inside = {name: {t for t in found if t != ""} for name, found in graph().items() if name not in DOORS}
    for name, found in inside.items():  # "from minidl.ops import relu" in ops/pooling.py would be a cycle with the package
        package = name.rpartition(".")[0]
        if package and modules()[package].name == "__init__.py":
            assert package not in found, f"{name} imports its own package: import the sibling module"
    try:
        TopologicalSorter(inside).prepare()
    except CycleError as error:
        pytest.fail(f"these modules import each other: {' → '.join(error.args[1])}")


def test_ops_name_no_backend():
    for name in (n for n in modules() if top(n) == "ops"):
        docstrings = {
            (node.value.lineno, node.value.col_offset)
            for node in ast.walk(tree(name))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        }
        source = modules()[name].read_text(encoding="utf-8")
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT or token.start in docstrings:
                continue
            words = {token.string} if token.type == tokenize.NAME else set(token.string.strip("rbfu'\"").lower().split())
            assert not words & {"numpy", "np", "cupy", "cp"}, (
                f"minidl/{name.replace('.', '/')}.py, line {token.start[0]}: {token.line.strip()}"
            )


def test_late_imports_are_few():
    """Only in minidl/__init__.py, the command line, for what is not always installed, for what reads and fetches files of pictures
    (pictures that minidl draws need none of it), for what asks after the libraries that are loaded, with the first
    kernel, for the table of a model's layers, and for files of weights, so that training needs NumPy alone, for the player in the
    terminal, and for what a notebook has loaded anyway."""
    optional = _optional_dependencies()
    when_needed = {"data": {"PIL", "pooch", "rich"}, "config": {"threadpoolctl"}, "summary": {"rich"}, "saving": {"h5py", "resource"},
                   "dashboard": {"IPython"}, "stepper": {"prompt_toolkit"}, "lesson_runner": {"resource"}}  # fmt: skip
    for name in modules():
        if name in DOORS or top(name) == "cli":
            continue
        for statement, late in imports(tree(name)):
            if late:
                late_names = {target.split(".")[0] for target in targets(name, statement)}
                allowed = optional | when_needed.get(top(name), set())
                assert late_names <= allowed, f"minidl/{name.replace('.', '/')}: import {', '.join(late_names)} at the top of the file"


def _optional_dependencies() -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {
        "".join(c if c.isalnum() else " " for c in line).split()[0] for extra in project["optional-dependencies"].values() for line in extra
    }
    return {{"scikit": "sklearn"}.get(name, name) for name in names} | {"sklearn", "torch", "tensorflow", "keras"}


def test_modules_loaded_by_name():
    """import_module is a late import too."""
    for name in modules():
        calls = [
            node
            for node in ast.walk(tree(name))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__"))
        ]
        if calls:
            assert name in DOORS or top(name) in ("cli", "keras", "lesson_runner"), f"minidl.{name} loads modules by name"


# ---------------------------------------------------------------- how much there is to read


def lines(name: str) -> int:
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for n, file in modules().items() if n == name or n.startswith(name + "."))


def test_the_core_is_read_in_one_sitting():
    counts = {name: lines(name) for name in CORE}
    assert sum(counts.values()) <= 350, counts


def test_what_students_read_stays_short():
    counts = {name: lines(name) for name in STUDENTS_READ}
    assert sum(counts.values()) <= 3000, counts


def test_files_are_no_gods():
    large = {name: lines(name) for name, file in modules().items() if len(file.read_text(encoding="utf-8").splitlines()) > 400}
    assert not large, f"has one of these two jobs? {large}"


# ---------------------------------------------------------------- import minidl


def fresh(code: str) -> str:
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=PROJECT, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


LOADED = "import sys; before = set(sys.modules); {}; print(*sorted({{m.split('.')[0] for m in set(sys.modules) - before}}))"


def test_import_minidl_costs_numpy_alone():
    loaded = set(fresh(LOADED.format("import minidl")).split())
    strange = {m for m in loaded if m not in sys.stdlib_module_names and m not in ("minidl", "numpy") and not m.startswith("_")}
    assert not strange
    assert "minidl" in loaded


def test_tensors_and_gradients_cost_numpy_alone():
    loaded = set(fresh(LOADED.format("import minidl.ops, minidl.autograd, minidl.higher_order")).split())
    strange = {m for m in loaded if m not in sys.stdlib_module_names and m not in ("minidl", "numpy") and not m.startswith("_")}
    assert not strange


def test_the_names_of_the_top_level_are_there():
    """Those whose module exists; asking for one loads it."""
    for name in minidl.__all__:
        home = minidl._homes.get(name, name)
        if home in modules():
            value = getattr(minidl, name)
            assert value is (getattr(sys.modules[f"minidl.{home}"], name) if home != name else sys.modules[f"minidl.{home}"])
            assert name in dir(minidl)
    with pytest.raises(AttributeError, match="no_such_name"):
        minidl.no_such_name  # noqa: B018
