"""A real browser for the page: Debian's Chromium, driven by Playwright on a file from disk. No network is used, and none allowed."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from minidl.stepper.assemble import page as assembled

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
Open = Callable[..., Any]


@pytest.fixture(scope="module")  # not longer: while it is up, no other test in this process could run an event loop
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("MINIDL_REQUIRE_BROWSER"):
            pytest.fail("MINIDL_REQUIRE_BROWSER is set, and there is no Chromium: apt install chromium")
        pytest.skip("there is no Chromium here (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=60_000)
        yield browser
        browser.close()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """show(tape, …): the page of a tape, opened from disk. Nothing may be said on the console, raised, or asked of a network."""
    contexts, complaints = [], []

    def open_page(tape: dict[str, Any], width: int = 1280, height: int = 800, theme: str = "light") -> Any:
        file = tmp_path / f"step{len(contexts)}.html"
        file.write_text(assembled(tape), encoding="utf-8")
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce", offline=True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
