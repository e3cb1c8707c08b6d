"""For the tests of those who write ops, layers or rules of their own."""

from typing import Any

from minidl.checking import Report, gradcheck


def assert_gradients(f: Any, *arrays: Any, order: int = 1, seed: int = 0, rtol: float = 1e-6, atol: float = 1e-9) -> Report:
    """`minidl.gradcheck` for a test: AssertionError with the whole report if a gradient is wrong, else the report."""
    report = gradcheck(f, *arrays, order=order, seed=seed, rtol=rtol, atol=atol)
    if not report:
        raise AssertionError(str(report))
    return report
