"""The explorer in a browser."""
import json
import re

import numpy as np
import pytest
from browser import serious

import minidl
from minidl import optimizers
from minidl.data import house_prices
from minidl.explorer import explorer_page, write

X, Y = house_prices.load_data()


def loss(w, b):
    return ((w * X + b - Y) ** 2).mean()


@pytest.fixture
def page(open_page):
    return open_page(explorer_page())


def state(page):
    return page.evaluate("() => { const { w, b, t, rows, path } = explorer.state(); return { w, b, t, rows, path }; }")


def test_the_loss_is_the_librarys(page):
    points = np.random.default_rng(0).uniform([-5, -60], [20, 60], (200, 2))
    found = page.evaluate("points => points.map(([w, b]) => [explorer.loss(w, b), ...explorer.gradient(w, b)])", points.tolist())
    for (w, b), (value, dw, db) in zip(points, found):
        ledger = minidl.descend(loss, {"w": w, "b": b}, "sgd", 1)
        np.testing.assert_allclose([value, dw, db], [ledger[name][0] for name in ("loss", "w.grad", "b.grad")], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "make"),
    [("SGD", optimizers.SGD), ("Momentum", optimizers.Momentum), ("Adagrad", optimizers.Adagrad), ("RMSprop", optimizers.RMSprop),
     ("Adam", optimizers.Adam)],
)  # fmt: skip
def test_its_ledger_is_the_librarys(page, name, make):
    page.get_by_label("Optimiser").select_option(name)
    for _ in range(12):
        page.get_by_role("button", name="Step", exact=True).click()
    shown = state(page)
    exponent = float(page.locator("#rate").input_value())
    ledger = minidl.descend(loss, dict(zip("wb", shown["path"][0])), make(10**exponent), 12)
    assert set(shown["rows"][0]) == set(ledger)
    for column in ledger:
        np.testing.assert_allclose([row[column] for row in shown["rows"]], ledger[column], rtol=1e-9, err_msg=column)
    np.testing.assert_allclose(shown["w"], ledger.end["w"], rtol=1e-12)
    assert f"update 12, {name}" in page.locator("#formula").inner_text()
    assert len(page.locator("#ledger tbody tr").all()) == 12


def test_sliders_and_the_loss_beside_them(page):
    for id_, value in (("#w", "8"), ("#b", "3")):
        page.locator(id_).fill(value)
    assert page.locator("#loss").inner_text() == "599.41"
    assert page.locator("#w-value").inner_text() == "= 8" and state(page)["t"] == 0


def test_a_click_on_the_surface_starts_there(page):
    box = page.locator("#surface").bounding_box()
    page.mouse.click(box["x"] + 52 + 0.25 * (box["width"] - 66), box["y"] + 10 + 0.5 * (box["height"] - 48))
    given = json.loads(page.locator("#given").inner_text())
    (w0, w1), (b0, b1) = given["w_range"], given["b_range"]
    shown = state(page)
    np.testing.assert_allclose([shown["w"], shown["b"]], [w0 + 0.25 * (w1 - w0), (b0 + b1) / 2], atol=0.01 * (b1 - b0))
    assert shown["path"] == [[shown["w"], shown["b"]]]
    page.locator("#surface").press("ArrowRight")
    assert state(page)["w"] > shown["w"]


def test_run_pause_reset(page):
    run = page.get_by_role("button", name=re.compile("Run|Pause"))
    start = state(page)
    run.click()
    page.wait_for_timeout(500)
    assert run.get_attribute("aria-pressed") == "true"
    run.click()
    assert state(page)["t"] > 1 and run.get_attribute("aria-pressed") == "false"
    page.get_by_role("button", name="Reset").click()
    assert (state(page)["w"], state(page)["t"]) == (start["w"], 0)


def test_too_large_a_rate_is_said(page):
    page.locator("#rate").fill("0")
    assert "diverges" in page.locator("#advice").inner_text()
    for _ in range(3):
        page.get_by_role("button", name="Step", exact=True).click()
    assert "too large" in page.locator("#advice").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_it_is_accessible_and_fits(open_page, theme, width, height):
    page = open_page(explorer_page(), width, height, theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.get_by_role("button", name="Step", exact=True).click()
    assert serious(page) == []
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") != theme


def test_data_of_ones_own(open_page, tmp_path):
    x, y = [1.0, 2.0, 4.0], [10.0, 30.0, 20.0]
    file = write(tmp_path / "new" / "mine.html", x, y, "</script><b>hours", "marks")
    page = open_page(file.read_text(encoding="utf-8"))
    w, b = np.polyfit(x, y, 1)
    np.testing.assert_allclose(page.evaluate("b => explorer.loss(...b)", [w, b]), np.mean((w * np.array(x) + b - y) ** 2), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1e9])
def test_a_loss_of_any_size_is_told_in_few_digits(open_page, scale):
    page = open_page(explorer_page([1.0, 2.0, 4.0], [scale, 3 * scale, 2 * scale]))
    said = page.locator("#loss").inner_text().replace("−", "-")
    w, b = page.evaluate("() => JSON.parse(document.getElementById('given').textContent).start")
    exact = np.mean((w * np.array([1.0, 2.0, 4.0]) + b - np.array([1.0, 3.0, 2.0]) * scale) ** 2)
    np.testing.assert_allclose(float(said), exact, rtol=1e-3)
    assert len(said) < 12


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [([1], [2], "same length"), ([1, 2], [1], "same length"), ([1, 1], [1, 2], "different values"), ([1, np.inf], [1, 2], "finite"),
     (None, [1, 2], "both x and y"), (range(2001), range(2001), "2,000")],
)  # fmt: skip
def test_mistakes_are_explained(x, y, message):
    with pytest.raises(ValueError, match=message):
        explorer_page(x if x is None else list(x), list(y))
