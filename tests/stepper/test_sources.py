"""What docstrings, sources and the learner's files say."""

import minidl
from minidl import ops, optimizers
from minidl.stepper import sources
from minidl.tensor import registry


def test_the_maths_of_a_docstring():
    assert sources.maths(ops.tanh) == ("y = tanh x", {"x": "g (1 − y²)"})
    assert sources.maths(ops.multiply) == ("y = a · b", {"a": "g b", "b": "g a"})
    assert sources.maths(ops.convolution_layer)[0] == "y = activation(x ∗ kernel + bias)"


def test_every_op_of_minidl_says_something():
    for op in list(registry.values()):
        if op.__module__.startswith("minidl.ops"):
            says, _ = sources.maths(op)
            assert says and "``" not in says and "\n" not in says and len(says) < 200, (op, says)
            assert sources.source(op.function), op


def test_an_op_without_a_docstring():
    def twice(xp, x):
        return 2 * x

    assert sources.maths(minidl.op(twice)) == ("y = twice(x)", {})


def test_names_of_inputs():
    assert sources.input_names(ops.conv2d) == ("x", "kernel") and sources.input_names(ops.tanh) == ("x",)
    assert [sources.input_name(ops.concatenate, i) for i in (0, 2)] == ["xs[0]", "xs[2]"]


def test_where_a_rule_stands():
    file, line = sources.place(ops.tanh.function)
    assert file == "minidl/ops/nonlinearities.py" and line > 1
    assert sources.place(test_where_a_rule_stands)[0] == "test_sources.py"
    assert sources.place(len) == (None, None) and sources.source(len) is None


def test_update_rules():
    assert sources.update_rule(optimizers.SGD()) == "w ← w − η g"
    assert sources.update_rule(optimizers.Momentum()) == "w ← w − η g"

    class Own(optimizers.Optimizer):
        """Mine."""

    assert "←" in sources.update_rule(Own())


def test_metadata():
    assert sources.metadata_text({"axis": None, "activation": ops.relu, "inner": {"a": 1}}) == "axis=None, activation=relu, inner={a=1}"

    class Broken:
        def __repr__(self):
            raise ValueError

    assert sources.metadata_text({"x": Broken()}) == "x=<Broken>"
    assert len(sources.metadata_text({"x": list(range(1000))})) < 100


def test_files_with_one_name_are_told_apart():
    names = sources.file_names([("/a/train.py", 1), ("/b/train.py", 2), ("C:\\c\\net.py", 3)])
    assert names == {"/a/train.py": "train.py", "/b/train.py": "b/train.py", "C:\\c\\net.py": "net.py"}


def test_cells_of_a_notebook():
    names = sources.file_names([("/tmp/ipykernel_12/345.py", 1), ("/tmp/ipykernel_12/678.py", 2), ("<ipython-input-3-abc>", 1)])
    assert list(names.values()) == ["cell 1", "cell 2", "cell 3"]


def test_lines_around(tmp_path):
    file = tmp_path / "x.py"
    file.write_text("a = 1\n  b = 2\nc = 3\nd = 4\ne = 5\nf = 6\n")
    assert sources.around(str(file), [2]) == {"1": "a = 1", "2": "  b = 2", "3": "c = 3", "4": "d = 4"}
    assert sources.line_text((str(file), 2)) == "b = 2" and sources.line_text(("nowhere.py", 3)) == ""
