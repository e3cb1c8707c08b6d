"""The built site: its links, what it loads, and its pages in Chromium. Skipped where no site is built (make site)."""

import importlib.util
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import serious

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
LESSONS = sorted(file.relative_to(SITE).as_posix() for file in (SITE / "lessons").glob("*.html"))
OTHERS = ["index.html", "concepts.html", "api/index.html", "api/minidl.ops.html", "api/minidl.layers.html", "gpu.html"]
needs_site = pytest.mark.skipif(not (SITE / "index.html").exists(), reason="no site is built here: make site")


@pytest.fixture(scope="module")
def check():
    spec = importlib.util.spec_from_file_location("site_check", ROOT / "docs" / "site" / "check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    """The site on this machine's own address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


@pytest.fixture
def visit(open_page, server):
    """visit("concepts.html#concept-3", …): a page of the site."""
    return lambda address, **options: open_page(url=f"{server}/{address}", **options)


# ---------------------------------------------------------------- without a browser


@needs_site
def test_every_link_resolves_and_nothing_comes_from_elsewhere(check):
    assert check.problems(SITE) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<a href="other.html">x</a>', "leads nowhere"),
        ('<a href="#there">x</a>', "no such place"),
        ('<a href="index.html#there">x</a>', "no such place"),
        ('<script src="https://example.org/a.js"></script>', "loads https://example.org/a.js"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "loads //example.org/a.css"),
        ('<iframe src="http://example.org"></iframe>', "loads http://example.org"),
        ('<img src="https://example.org/a.png" alt="a">', "loads https://example.org/a.png"),
        ("<style>a { background: url('https://example.org/a.png') }</style>", "style loads"),
        ('<style>@import "https://example.org/a.css";</style>', "style loads"),
        ('<img src="index.html">', "is not described"),
        ('<p id="a"></p><p id="a"></p>', "two elements"),
    ],
)
def test_the_check_finds_what_is_wrong(check, tmp_path, body, problem):
    (tmp_path / "index.html").write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    (found,) = check.problems(tmp_path)
    assert problem in found


def test_the_check_accepts_what_is_right(check, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<p id="ŷ"></p><a href="../index.html">x</a>', encoding="utf-8")
    addresses = ("b/#%C5%B7", "b/index.html", "https://example.org", "mailto:a@example.org")
    links = "".join(f'<a href="{address}">x</a>' for address in addresses)
    text = links + '<img src="data:image/png;base64,AA" alt="a">'
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    assert check.problems(tmp_path) == []


@needs_site
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_hides_its_answers(name):
    text = (SITE / name).read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" not in text and "<details open" not in text
    assert text.count('<details class="solution">') >= 3 and text.count('<details class="hint">') >= 9
    assert "Show the answer" in text and 'Prediction</span><span class="p">(' not in text
    bare = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    assert "YOUR CODE HERE" in bare
    assert all(f"downloads/{Path(name).stem}.{ending}" in text for ending in ("py", "ipynb"))


# ---------------------------------------------------------------- in Chromium


@needs_site
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark"), (1920, "light")])
@pytest.mark.parametrize("name", [*OTHERS, *LESSONS])
def test_a_page_fits_and_is_accessible(visit, name, width, theme):
    page = visit(name, width=width, height=900, theme=theme)
    page.wait_for_function("() => [...document.querySelectorAll('.math')].every(one => one.querySelector('mjx-container'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("mjx-merror").count() == 0
    assert serious(page) == []


@needs_site
@pytest.mark.parametrize("name", LESSONS)
def test_frames_follow_the_theme(visit, name):
    page = visit(name, theme="light")
    shown = page.locator(".frame iframe")
    for number in range(min(shown.count(), 2)):
        shown.nth(number).scroll_into_view_if_needed()
        inside = shown.nth(number).content_frame
        if not inside.locator("#theme").count():
            continue
        root = inside.locator("html")
        for theme in ("dark", "light"):
            page.evaluate("theme => { document.body.dataset.theme = theme }", theme)
            root.and_(inside.locator(f"html[data-theme={theme}]")).wait_for(state="attached")


@needs_site
def test_it_can_be_read_from_disk(open_page):
    page = open_page(url=(SITE / LESSONS[-1]).as_uri())
    page.locator("mjx-container").first.wait_for()
    page.get_by_role("link", name="Concepts").first.click()
    page.wait_for_url("**/concepts.html")


@needs_site
def test_solutions_and_hints_open(visit):
    page = visit(LESSONS[-1])
    solution = page.locator("details.solution").first
    assert not solution.locator(".highlight").first.is_visible()
    solution.locator("summary").click()
    assert solution.locator(".highlight").first.is_visible()
    hint = page.locator("details.hint").first
    hint.locator("summary").click()
    assert hint.locator("p").is_visible()


@needs_site
def test_a_concept_leads_to_its_cell(visit):
    page = visit("concepts.html")
    link = page.locator("dl.concepts a").first
    link.click()
    page.wait_for_url("**/lessons/*#concept-*")
    seen = "name => { const y = document.getElementById(name).getBoundingClientRect().y; return y >= 0 && y < innerHeight; }"
    page.wait_for_function(seen, arg=page.url.rpartition("#")[2])


@needs_site
def test_the_search_finds_a_lesson(visit):
    page = visit("index.html")
    page.get_by_placeholder("Search").fill("gradient")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=gradient*")
    page.locator("ul.search li a[href*='lessons/']").first.wait_for()


@needs_site
def test_large_type_stays(visit):
    page = visit(LESSONS[-1], width=1920, height=1080)
    size = "parseFloat(getComputedStyle(document.querySelector('article p')).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("button", name="Large type").click()
    assert page.evaluate(size) >= 1.25 * before and page.evaluate("document.documentElement.scrollWidth") <= 1920
    page.reload()
    assert page.evaluate(size) >= 1.25 * before
