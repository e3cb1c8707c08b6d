"""A real browser for the tests of pages: Debian's Chromium, driven by Playwright. No network is used, and none allowed but this machine."""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

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
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """open_page(text, …): a page, opened from disk; or with ``url``, from a server on this machine. Nothing may be said on the console,
    raised, or asked of a network."""
    contexts, complaints = [], []

    def opened(text: str = "", width: int = 1280, height: int = 800, theme: str = "light", url: str = "") -> Any:
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce", offline=not url)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: complaints.append(message.text) if _matters(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        home = "/".join(url.split("/")[:3])
        asked = lambda address: address.startswith("http") and not (url and address.startswith(home))  # noqa: E731
        page.on("request", lambda request: complaints.append(request.url) if asked(request.url) else None)
        if not url:
            file = tmp_path / f"page{len(contexts)}.html"
            file.write_text(text, encoding="utf-8")
        page.goto(url or file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _matters(message: Any) -> bool:
    """Errors and warnings; but axe-core's question to a sandboxed frame, which has no origin, is no fault of the page."""
    asked = "postMessage" in message.text and "recipient window's origin ('null')" in message.text
    return message.type in ("error", "warning") and not asked


def serious(page: Any) -> list[str]:
    """The serious and critical findings of axe-core."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {node['html'][:200]} {node.get('failureSummary')}" for one in grave for node in one["nodes"][:3]]
