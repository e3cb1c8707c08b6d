"""What the tests of the page do over and over."""

import time
from typing import Any


def press(page: Any, name: str, times: int = 1) -> None:
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).click()


def go(page: Any, position: int) -> None:
    page.get_by_label("Step number").fill(str(position))


def position(page: Any) -> int:
    return int(page.get_by_label("Step number").input_value())


def state(page: Any) -> str:
    """Everything that the page shows of a position: the graph and the panel."""
    return str(page.evaluate("() => document.getElementById('graph').innerHTML + document.getElementById('panel').innerHTML"))


def value(text: str) -> float:
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace("infinity", "inf"))


def exact(page: Any, selector: str) -> list[float]:
    """The exact numbers, from the titles of the elements that a selector finds."""
    return [value(cell.get_attribute("title").split()[-1]) for cell in page.locator(selector).all()]


def wait_for_step(page: Any, wanted: int) -> None:
    """Until the page plays to a step. (Playwright's own wait_for_function needs eval, which the page forbids.)"""
    deadline = time.monotonic() + 20
    while position(page) != wanted:
        assert time.monotonic() < deadline, f"at step {position(page)}, not {wanted}"
        page.wait_for_timeout(50)
