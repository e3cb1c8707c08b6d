"""The package as a whole: light to import, and little of the engine in it."""

import ast
import subprocess
import sys
from pathlib import Path

import minidl.data

PACKAGE = Path(minidl.data.__file__).parent


def test_importing_it_loads_neither_pillow_nor_pooch():
    heavy = ("PIL", "pooch", "rich", "requests")
    code = f"import sys, minidl.data; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent.parent
    )
    assert done.stdout.strip() == "[]"


# What iterates gives Tensors and draws random numbers; checks and the names of arguments are the library's. It knows no layers or models.
ALLOWED = {"minidl.checks", "minidl.random_numbers", "minidl.registry", "minidl.resampling", "minidl.switches", "minidl.tensor"}


def test_it_imports_little_of_minidl_but_itself():
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1, (file.name, node.module)
                assert not (node.module or "").startswith("minidl") or node.module in ALLOWED, (file.name, node.module)
            if isinstance(node, ast.Import):
                assert not any(name.name.startswith("minidl") for name in node.names), file.name


def test_its_public_names_exist():
    for name in minidl.data.__all__:
        assert getattr(minidl.data, name).__doc__


def test_names_of_tensorflow():
    assert minidl.data.AUTOTUNE == minidl.data.experimental.AUTOTUNE == -1
    assert minidl.data.experimental.cardinality(minidl.data.Dataset.range(3)) == 3
    assert minidl.data.experimental.cardinality(minidl.data.Dataset.range(3).repeat()) == minidl.data.INFINITE_CARDINALITY
