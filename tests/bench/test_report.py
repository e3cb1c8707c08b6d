"""Tables, the picture and the README's table, from made-up results."""
import json

import pytest
from rich.console import Console

from benchmarks import __main__ as command
from benchmarks import plot, readme, report
from benchmarks.cases import GROWTH, Case
from benchmarks.nets import NETS, step_operations
from benchmarks.rounds import Result


def made_up():
    groups = {"minidl": "minidl", "torch channels_last": "torch", "product": "product"}
    numbers = {"minidl": [0.002, 0.004], "torch channels_last": [0.004, 0.008], "product": [0.01, 0.02]}
    step = Result(Case("step", NETS["intro"], 32, 2), numbers, groups)
    step.described = {"minidl": {"versions": {"numpy": "2.4", "minidl": "0.1"}, "threads": 2, "settings": {}, "environment": {"A": "1"}}}
    step.failed = {"jax jit": "jax jit: RuntimeError: no"}
    memory = Result(Case("memory", NETS["xray"], 16, 2), {"minidl": [2**20], "t": [2**22]}, {"minidl": "minidl", "t": "torch"})
    grown = [Result(Case("growth", net, batch, 2), numbers, groups) for points in GROWTH.values() for net, batch in points]
    start = {"kind": "import", "title": "import", "unit": "seconds", "numbers": {"minidl": {"median": 0.1}}, "minidl by": {}}
    machine = {"cpu": "A CPU", "cores": 2, "blas": "openblas 0.3 (Zen kernels)"}
    made = [step.as_json(), memory.as_json(), *(r.as_json() for r in grown), start]
    results = {"cases": made, "machine": machine, "date": "2026-01-02", "rounds": 2, "absent": {"dezero": "pip install dezero failed"}}
    return json.loads(json.dumps(results))


def printed(results):
    console = Console(width=200)
    with console.capture() as captured:
        for table in report.tables(results):
            console.print(table)
    return captured.get()


def test_tables():
    text = printed(made_up())
    line = next(line for line in text.splitlines() if "intro, batch 32, 2 threads" in line)
    assert "3 ms" in line and "6 ms   0.50 (0.50–0.50)" in line and f"{0.2 * 2 * 1024**3 / step_operations(NETS['intro'], 32):.1f}" in line
    assert "X-ray, batch 16" in text and "1.0 MB" in text and "4.0 MB   0.25" in text


def test_settings_and_failures_are_said():
    assert report.settings(made_up()) == ["minidl: numpy 2.4, minidl 0.1, A=1; threads in use: 2 for 2"]
    assert report.failures(made_up()) == ["DeZero is absent: pip install dezero failed", "jax jit: jax jit: RuntimeError: no"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(3 * 2**20, "bytes", "3.0 MB"), (1.5, "seconds", "1.5 s"), (0.00234, "seconds", "2.34 ms"), (2.5e-6, "seconds", "2.5 µs"),
     (0.1234, "seconds", "123 ms")],
)  # fmt: skip
def test_amounts(value, unit, text):
    assert report.amount(value, unit) == text


def test_the_section_of_the_readme():
    text = readme.section(made_up())
    assert "| intro, batch 32, 2 threads | 3 ms | 0.50 |" in text
    assert "| X-ray, batch 16 | 1.0 MB | 0.25 |" in text
    assert "A CPU, 2 cores, openblas 0.3 (Zen kernels); numpy 2.4; 2026-01-02" in text


def test_only_what_is_between_the_markers_is_replaced():
    text = f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n"
    once = readme.replaced(text, "new")
    assert once == f"before\n{readme.BEGIN}\n\nnew\n\n{readme.END}\nafter\n"
    assert readme.replaced(once, "new") == once
    for wrong in ("", readme.BEGIN, text + text, f"{readme.END}{readme.BEGIN}"):
        with pytest.raises(ValueError, match="once each"):
            readme.replaced(wrong, "new")


def test_the_readme_has_its_markers():
    text = (command.PROJECT / "README.md").read_text(encoding="utf-8")
    assert "new" in readme.replaced(text, "new")


def test_the_picture(tmp_path):
    plot.save(made_up(), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000
    plot.save(made_up() | {"cases": []}, tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()


def test_options():
    chosen = command.options(["--quick", "--only", "intro,vgg", "--peers", "torch, jax"])
    assert (chosen.nets, chosen.peers, chosen.rounds) == (["intro", "vgg"], ["torch", "jax"], 3)
    assert command.options(["--peers", ""]).peers == []
    with pytest.raises(SystemExit, match="no net is called 'intr': did you mean 'intro'"):
        command.options(["--only", "intr"])
    with pytest.raises(SystemExit, match="rounds"):
        command.options(["--rounds", "0"])
