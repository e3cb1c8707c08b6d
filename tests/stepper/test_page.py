"""The page in a browser: stepping, jumping, keys, themes, small screens, and whatever a tape may hold."""

import re
import time

import numpy as np
import pytest
from browser import serious

from minidl.stepper.assemble import page as assembled

from . import tapes
from .pages import go, position, press, state, value, wait_for_step

SCALAR = tapes.scalar()
STEPS = len(SCALAR["steps"])


def test_stepping_to_the_end_and_back_shows_the_same(show):
    page = show(SCALAR)
    there = [state(page)]
    for _ in range(STEPS):
        press(page, "Step")
        there.append(state(page))
    assert position(page) == STEPS and len(set(there)) == STEPS + 1
    for seen in reversed(there[:-1]):
        press(page, "Back")
        assert state(page) == seen
    press(page, "End")
    assert state(page) == there[-1]
    press(page, "Start")
    assert state(page) == there[0]
    go(page, 4)
    assert state(page) == there[4]


def test_the_numbers_are_those_of_the_tape(show):
    page = show(SCALAR)
    for at, step in enumerate(SCALAR["steps"], 1):
        press(page, "Step")
        if step["phase"] == "update":
            continue
        shown = page.locator("#panel .scalar .number").all_inner_texts()
        result = SCALAR["tensors"][step["output"]]["value"]
        wanted = [result] if step["phase"] == "forward" else [array for array in step["grads"] if array]
        for array in wanted:
            assert any(value(text) == float(f"{array['values'][0]:.6g}") for text in shown), (at, array, shown)
        assert all(len(re.sub(r"^[−0.]+|e.*|\.", "", text)) <= 6 for text in shown)


def test_a_float16_shows_three_digits(show):
    tape = tapes.Recorder()
    w = tape.tensor("w", np.float16(1 / 3))
    tape.forward("negative", [w], "y", -0.125)
    page = show(tape.tape)
    press(page, "Step")
    assert "0.333" in page.locator("#panel").inner_text() and "0.3333" not in page.locator("#panel").inner_text()
    assert "−0.125" in page.locator("#panel").inner_text()


def test_gradients_appear_grow_and_are_complete(show):
    page = show(SCALAR)
    w = page.locator("[data-unit=t0]")
    press(page, "Step", 7)
    assert "no gradient yet" in w.text_content()
    press(page, "Step")
    assert "so far" in w.text_content() and "so far" in page.locator("#panel").inner_text()
    press(page, "Step", 2)
    assert "so far" not in w.text_content() and "complete" in page.locator("#panel").inner_text()
    total = SCALAR["steps"][9]["totals"][0]["values"][0]
    assert f"∂ {total:.6g}".replace("-", "−") in w.text_content()


def test_the_chain_rule_the_rule_and_the_line_stand_there(show):
    page = show(SCALAR)
    go(page, 9)
    panel = page.locator("#panel").inner_text()
    chain = SCALAR["steps"][8]["chain"][0]
    for text in ("upstream", *(chain[name] for name in ("upstream", "local", "text")), "downstream"):
        assert text in panel
    for text in ("def tanh", "g * (1 - y * y)", "lesson.py, line 2"):
        assert text in panel
    assert page.locator(".line.here").inner_text().split()[0] == "2"


def test_the_lit_op_is_in_view(show):
    page = show(tapes.chain(30), width=900, height=620)
    for at in (1, 30, 45, 60):
        go(page, at)
        box, view = page.locator(".op.lit").bounding_box(), page.locator(".view").bounding_box()
        assert view["y"] <= box["y"] and box["y"] + box["height"] <= view["y"] + view["height"]
        assert page.locator("[aria-current=step]").count() == 1


def test_the_list_of_steps_finds_and_jumps(show):
    page = show(SCALAR)
    field = page.get_by_role("combobox", name="Find a step")
    field.fill("tanh backward")
    page.get_by_role("option").first.click()
    assert position(page) == 9
    field.fill("3")
    field.press("Enter")
    assert position(page) == 3
    field.fill("nothing like it")
    assert "No such step" in page.get_by_role("listbox").inner_text()
    field.press("Escape")
    assert page.get_by_role("listbox").count() == 0
    page.locator(".node.op").nth(1).click()
    assert position(page) == 2


def test_every_key(show):
    page = show(SCALAR)
    moves = [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", STEPS), ("ArrowRight", STEPS), ("Home", 0), ("ArrowLeft", 0)]
    for key, expected in moves:
        page.keyboard.press(key)
        assert position(page) == expected, key
    page.keyboard.press("?")
    assert page.get_by_role("button", name="Quiz").get_attribute("aria-pressed") == "true"
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"


def test_all_controls_are_reached_by_tab_and_show_focus(show):
    page = show(SCALAR)
    names = []
    for _ in range(60):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()"))
        if names[-1] == "Step number":
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert {"Start", "Back", "Step", "End", "Play", "Quiz", "Theme", "Step number", "Find a step", "Help"} <= set(names)
    assert any(name.startswith("w ()") for name in names)  # the graph's nodes, too


def test_the_names_of_the_controls_are_theirs_alone(show):
    page = show(tapes.dense())
    for at in range(len(tapes.dense()["steps"]) + 1):
        go(page, at)
        for name in ("Start", "Back", "Step", "End", "Play", "Quiz", "Theme"):  # also as parts of names, in any case
            assert page.get_by_role("button", name=name).count() == 1, (at, name)


def test_play_runs_to_the_end_and_stops(show):
    page = show(SCALAR)
    page.get_by_label("Speed").select_option("200")
    press(page, "Play")
    assert page.get_by_role("button", name="Play").get_attribute("aria-pressed") == "true"
    wait_for_step(page, STEPS)
    assert page.get_by_role("button", name="Play").get_attribute("aria-pressed") == "false"


def test_the_step_is_announced(show):
    page = show(SCALAR)
    press(page, "Step", 2)
    assert page.locator("#announcement").text_content() == "Step 2 of 11. Forward: tanh, h = 0.905148."
    go(page, 9)
    gradient = f"{SCALAR['steps'][8]['grads'][0]['values'][0]:.6g}".replace("-", "−")
    assert page.locator("#announcement").text_content() == f"Step 9 of 11. Backward: tanh, h. dL/d(multiply 1): {gradient}"


def test_the_focus_is_not_lost_when_the_panel_changes(show):
    page = show(SCALAR)
    go(page, 9)
    page.get_by_role("link", name="Its forward step, 2").press("Enter")
    assert position(page) == 2 and page.evaluate("document.activeElement.id") == "panel"


def test_layers_fold_and_open(show):
    page = show(tapes.dense())
    page.get_by_role("button", name="Fold dense · Dense", exact=True).click()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Open dense · Dense")
    press(page, "Step")
    assert "now: matmul" in page.locator(".folded.lit").text_content()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert "now: SGD" in page.locator(".folded.lit").text_content()  # the parameter is in there
    page.keyboard.press("Home")
    page.get_by_role("button", name="Open dense · Dense").press("Enter")
    assert page.locator(".folded").count() == 0
    press(page, "Fold all")
    assert page.locator(".folded").count() == 2


def test_a_tensor_can_be_looked_at(show):
    page = show(tapes.dense())
    page.locator("[data-unit=t1]").press("Enter")
    card = page.locator(".card.inspected")
    assert "dense/kernel" in card.inner_text() and "No gradient yet" in card.inner_text()
    assert card.locator("td").count() == 6
    press(page, "End")
    assert card.locator("td").count() == 12
    page.get_by_role("button", name="Close dense/kernel").click()
    assert card.count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_follows_the_system_and_the_button(show, theme):
    page = show(SCALAR, theme=theme)
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    press(page, "Theme")
    assert page.evaluate("document.documentElement.dataset.theme") != theme and page.evaluate(ground) != before


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["scalar", "dense", "convolution", "nan", "empty"])
def test_axe_finds_nothing_serious(show, name, theme):
    tape = {"scalar": tapes.scalar, "dense": tapes.dense, "convolution": lambda: tapes.Convolution().tape(), "nan": tapes.not_a_number,
            "empty": lambda: tapes.Recorder().tape}[name]()  # fmt: skip
    page = show(tape, theme=theme)
    assert serious(page) == []
    backward = [at for at, step in enumerate(tape["steps"], 1) if step["phase"] == "backward"]
    for at in {*backward[-1:], len(tape["steps"])} if backward else ():
        go(page, at)
        assert serious(page) == []
    if backward:
        press(page, "Quiz")
        go(page, backward[0])
        page.get_by_role("combobox", name="Find a step").focus()
        assert serious(page) == []


@pytest.mark.parametrize("make", [tapes.scalar, tapes.dense, tapes.not_a_number, lambda: tapes.Convolution().tape()])
def test_no_page_is_wider_than_the_screen_and_the_controls_are_on_it(show, make):
    tape = make()
    page = show(tape)
    for width, height in ((390, 844), (900, 620), (1280, 800), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        for at in range(len(tape["steps"]) + 1):
            go(page, at)
            assert page.evaluate("Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) <= window.innerWidth")
            box = page.get_by_role("button", name="Step", exact=True).bounding_box()
            assert min(box["x"], box["y"]) >= 0 and box["x"] + box["width"] <= width and box["y"] + box["height"] <= height


def test_markup_in_names_is_text_and_nan_is_said(show):
    tape = tapes.not_a_number()
    page = show(tape)
    for at in range(3):
        go(page, at)
        assert page.title().startswith("<script>")
        assert page.locator("img").count() == 0 and page.locator("main script").count() == 0
        assert tape["tensors"][0]["name"] in page.locator("#notes").inner_text()
    page.get_by_role("combobox", name="Find a step").focus()
    panel = page.locator("#panel").inner_text()
    assert "NaN" in panel and "−infinity" in panel and "1 entry not a number (NaN), 2 infinite" in panel
    assert page.locator("#panel .number.bad").count() >= 3
    assert page.title() != "run"


def test_an_empty_tape_says_so_and_has_nothing_to_press(show):
    page = show(tapes.Recorder().tape)
    assert "Nothing was recorded" in page.locator("#panel").inner_text()
    for name in ("Start", "Back", "Step", "End", "Play", "Quiz"):
        assert page.get_by_role("button", name=name, exact=True).is_disabled()
    assert page.get_by_label("Step number").is_disabled()
    page.keyboard.press("ArrowRight")
    press(page, "Theme")


def test_a_tape_without_backward_and_with_an_error_says_so(show):
    tape = tapes.Recorder()
    tape.tape["notes"] = ["The script stopped in line 3: ValueError: shapes (2,) and (3,)"]
    tape.forward("negative", [tape.tensor("w", 2.0)], "y", -2.0)
    page = show(tape.tape)
    notes = page.locator("#notes").inner_text()
    assert "The script stopped in line 3" in notes and "No backward pass was recorded" in notes
    press(page, "End")
    assert "no gradient yet" not in page.locator("#graph").inner_text()


def test_an_empty_array_and_a_large_one(show):
    tape = tapes.Recorder()
    large = np.random.default_rng(0).normal(size=(20, 30))
    tape.forward("tanh", [tape.tensor("empty", [[]]), tape.tensor("large", large)], "y", large)
    page = show(tape.tape)
    press(page, "Step")
    panel = page.locator("#panel").inner_text()
    assert "it has no entries" in panel and f"{large.max():.6g}" in panel
    assert page.locator("#panel canvas").count() == 2
    assert page.locator("#panel canvas").first.get_attribute("aria-label").startswith("heat map")


def test_the_first_difference_is_marked(show):
    tape = tapes.scalar()
    tape["differs"] = 2
    tape["steps"][2]["difference"] = {"value": 0.5, "relative": 1.0, "text": "y differs by 0.5"}
    page = show(tape)
    page.get_by_role("link", name="Go to the first difference").click()
    assert position(page) == 3 and "y differs by 0.5" in page.locator("#panel").inner_text()
    assert page.locator("#segments .difference").count() == 1


def test_it_runs_in_a_notebooks_frame_without_storage(show):
    page = show(tapes.Recorder().tape, width=900, height=700)
    page.set_content("<iframe id=frame sandbox=allow-scripts width=880 height=620></iframe>")
    page.evaluate("(text) => { document.getElementById('frame').srcdoc = text }", assembled(SCALAR))
    frame = page.frame_locator("#frame")
    for name in ("Theme", "Step", "Step", "Quiz"):
        frame.get_by_role("button", name=name, exact=True).click()
    assert frame.get_by_label("Step number").input_value() == "2"


def test_ten_thousand_ops_stay_usable(show):
    tape = tapes.chain(10_000)
    start = time.monotonic()
    page = show(tape)
    press(page, "Step")
    assert time.monotonic() - start < 15  # making the file included; the browser's part is measured below
    assert page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd") < 6000  # 0.6 s where nothing else runs
    assert page.locator(".node").count() < 200
    for at in (5_000, 10_000, 15_000, 20_000):
        go(page, at)
        assert page.locator(".op.lit").count() == 1 and page.locator(".node").count() < 300
    assert "20000" in page.locator(".counter").inner_text()
