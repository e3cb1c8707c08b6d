"""The dashboard in a browser: live, and as a report."""
import threading

import numpy as np
import pytest
from browser import serious

import minidl
from minidl.dashboard import Dashboard

from .test_dashboard import X, Y, net, watched


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_a_report(open_page, theme, width, height):
    model, dashboard = watched()
    page = open_page(dashboard.page(), width, height, theme)
    assert page.locator("#title").inner_text() == model.name and "finished after 3 of 3 epochs" in page.locator("#status").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(page.locator("#panel figure").all()) == 5 and len(page.locator("#filters img").all()) == 4
    answers = model.predict(X[:5], verbose=0)
    for figure, p, true in zip(page.locator("#panel figure").all(), answers, Y[:5]):
        text = figure.inner_text()
        assert ("✓" if p.argmax() == true else "✗") + " " + "abc"[p.argmax()] in text and f"{round(100 * float(p.max()))} %" in text
    loss = model.history.history["loss"][-1]
    assert f"training {loss:.3g}" in page.locator("#curve-loss").get_attribute("aria-label")
    assert len(page.locator("#curves canvas").all()) == 2
    assert serious(page) == []
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") != theme


def test_what_is_off_is_on_top(open_page):
    model = net()
    model.optimizer.learning_rate = 1.0
    with np.errstate(all="ignore"):
        _, dashboard = watched(model)
    findings = dashboard.data()["warnings"]
    assert findings, "a rate of 1 does harm"
    shown = open_page(dashboard.page()).locator(".warning").all()
    assert [one.locator("strong").inner_text() for one in shown] == [finding["sentence"] for finding in findings]


def test_live(open_page):
    """The page is opened while the training waits in its first epoch, and follows it to its end."""
    opened, go_on = threading.Event(), threading.Event()

    class Wait(minidl.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            opened.set()
            assert go_on.wait(60)

    dashboard = Dashboard(panel=(X[:2], Y[:2]), every=0)
    training = threading.Thread(target=net().fit, args=(X, Y), kwargs={"epochs": 3, "verbose": 0, "callbacks": [dashboard, Wait()]})
    training.start()
    try:
        assert opened.wait(60)
        page = open_page(url=dashboard.url)
        assert "of 3" in page.locator("#status").inner_text()
        page.wait_for_timeout(1500)
        assert "training" in page.locator("#curve-loss").get_attribute("aria-label")
    finally:
        page.close()  # before the server goes: a page that asks in vain complains
        go_on.set()
        training.join(60)
    assert not training.is_alive()
