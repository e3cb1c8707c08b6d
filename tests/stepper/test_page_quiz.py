"""Predict, then reveal: what is hidden is hidden everywhere, a right answer counts, and a wrong one gets the hint that fits."""

import numpy as np
import pytest

from . import tapes
from .pages import go, position, press, wait_for_step

SCALAR = tapes.scalar()
DENSE = tapes.dense()


def gradient(at, i=0, tape=SCALAR):
    return np.array(tape["steps"][at - 1]["grads"][i]["values"])


def answer(page, *texts):
    for text, field in zip(texts, page.locator(".guess").all(), strict=True):
        field.fill(str(text))
    press(page, "Check")


def quiz(show, tape, at):
    page = show(tape)
    press(page, "Quiz")
    go(page, at)
    return page


def whole(page):
    """All text and all attributes of the page, without the data."""
    attributes = "[...document.querySelectorAll('body *:not(script)')].flatMap((e) => [...e.attributes].map((a) => a.value)).join(' ')"
    return page.evaluate(f"() => {attributes} + document.body.innerText")


@pytest.mark.parametrize(("at", "i"), [(6, 0), (9, 0)])
def test_the_gradient_is_nowhere_until_it_is_predicted(show, at, i):
    page = quiz(show, SCALAR, at)
    shown = f"{abs(gradient(at, i).item()):.6f}"[:6]
    assert shown not in whole(page)
    assert "∂ ?" in page.locator("#graph").inner_text()
    page.get_by_label("Your prediction").fill("9")
    press(page, "Check")
    assert shown not in whole(page)
    press(page, "Reveal")
    assert shown in whole(page) and "0 of 1 right" in page.locator(".quiz").inner_text()


def test_a_gradient_that_a_later_step_uses_as_a_number_is_not_shown_before(show):
    tape = tapes.Recorder()
    w = tape.tensor("w", 2.0)
    tape.forward("square", [w], "loss", 4.0)
    tape.backward(0, 1.0, [4.25])
    tape.forward("negative", [tape.tensor("dL/dw", 4.25, "input")], "minus", -4.25)
    page = quiz(show, tape.tape, 2)
    assert "4.25" not in whole(page)


@pytest.mark.parametrize("write", ["{:.6g}", "{:.3g}", "  {:.5f} ", "[{}]", "({})", "{} * 1", "{}/1"])
def test_a_right_answer_counts(show, write):
    page = quiz(show, SCALAR, 9)
    answer(page, write.format(gradient(9).item()).replace("-", "−"))
    assert "Right" in page.locator(".quiz").inner_text() and "1 of 1 right" in page.locator(".quiz").inner_text()
    assert page.evaluate("document.activeElement.id") == "step"  # Enter goes on
    page.keyboard.press("Enter")
    assert position(page) == 10
    go(page, 9)
    assert page.locator(".guess").count() == 0


STEP = SCALAR["steps"][8]  # tanh: y = h, x = w · 3
T, G = STEP["grads"][0]["values"][0], STEP["g"]["values"][0]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [(-T, "sign"), (2 * T, "factor of 2"), (T / 2, "factor of 2"), (G, "upstream gradient: multiply"),
     (T / G, "forgot to multiply by the upstream"), (1.5, "value of this input"), (np.tanh(1.5), "value of the output"),
     (1.04 * T, "Close"), (77, "Not that"), ("what", "Type numbers"), ("", "Type your prediction"), ("1 2", "1 number expected"),
     ("nan", "not a number"), ("<b>1</b>", "Type numbers")],
)  # fmt: skip
def test_a_hint_says_what_slip_it_looks_like(show, typed, hint):
    page = quiz(show, SCALAR, 9)
    answer(page, typed)
    assert hint in page.locator(".feedback").inner_text()
    assert page.locator(".guess").get_attribute("aria-invalid") == "true"


def test_the_parts_of_a_product_can_be_swapped(show):
    page = quiz(show, SCALAR, 8)
    first, second = gradient(8, 0).item(), gradient(8, 1).item()
    answer(page, second, first)
    assert page.locator(".feedback").inner_text().count("swapped") == 2
    answer(page, first, second)
    assert "1 of 1 right" in page.locator(".quiz").inner_text()


def test_the_sum_so_far_is_not_what_this_step_adds(show):
    page = quiz(show, SCALAR, 10)
    answer(page, SCALAR["steps"][9]["totals"][0]["values"][0])
    assert "added up so far" in page.locator(".feedback").inner_text()


def test_a_matrix_is_asked_entry_by_entry_or_for_one_entry(show):
    page = quiz(show, DENSE, 6)  # y = h @ w: dL/dh is 4 × 2, dL/dw 2 × 2
    dh, dw = gradient(6, 0, DENSE).reshape(4, 2), gradient(6, 1, DENSE).reshape(2, 2)
    named = page.locator(".guess-row label").first.inner_text()
    r, c = map(int, named.split("[")[1].split("]")[0].split(","))
    answer(page, dh[r, c], " ".join(map(str, dw.T.ravel())))
    assert "transposed" in page.locator(".feedback").inner_text()
    answer(page, dh[r, c], dw.tolist())
    assert "1 of 1 right" in page.locator(".quiz").inner_text()


def test_a_forgotten_mean_is_a_factor(show):
    page = quiz(show, DENSE, 5)  # the mean of 4 × 2 numbers
    answer(page, 1 / 8 * 4)
    assert "factor of 4, the batch size" in page.locator(".feedback").inner_text()
    answer(page, 1)
    assert "upstream gradient" in page.locator(".feedback").inner_text()
    answer(page, "1/8")
    assert "1 of 1 right" in page.locator(".quiz").inner_text()


def test_of_a_large_array_the_shape_is_asked(show):
    page = quiz(show, tapes.Convolution(image=(8, 9), channels=2, filters=3).tape(), 2)
    assert "shape" in page.locator(".guess-row").first.inner_text()
    assert "hidden" in page.locator(".window").inner_text()
    answer(page, "2, 2", "3, 2, 2, 3", "3")
    assert "exactly the shape" in page.locator(".feedback").inner_text()
    answer(page, "(1, 8, 9, 2)", "3 2 2 3", "3,")
    assert "1 of 1 right" in page.locator(".quiz").inner_text()
    assert "col2im" in page.locator(".window").inner_text()


def test_playing_waits_for_the_answer_and_the_quiz_can_be_left(show):
    page = quiz(show, SCALAR, 5)
    page.get_by_label("Speed").select_option("200")
    press(page, "Play")
    wait_for_step(page, 6)
    page.wait_for_timeout(500)
    assert position(page) == 6 and page.get_by_role("button", name="Play").get_attribute("aria-pressed") == "false"
    press(page, "Quiz")
    assert page.locator(".guess").count() == 0 and "∂ ?" not in page.locator("#graph").inner_text()
    assert page.locator("#panel .number[title]").count() > 0
