"""Convolution opened up: every patch, product and sum that the page shows equals NumPy's, for any stride, dilation and padding."""

import numpy as np
import pytest

from . import tapes
from .pages import exact, go, press
from .tapes import Convolution

GRID = {
    "plain": {}, "strided": {"strides": (2, 1)}, "dilated": {"dilation": (2, 2), "image": (7, 8)}, "padded": {"padding": (1, 1, 0, 1)},
    "all at once": {"image": (7, 9), "strides": (2, 3), "dilation": (1, 2), "padding": (1, 2, 2, 1), "activation": "relu"},
    "one pixel": {"image": (3, 2), "window": (3, 2), "channels": 1, "filters": 1, "activation": None},
    "1 × 1": {"window": (1, 1), "channels": 3, "activation": "linear"},
}  # fmt: skip


def pick(page, r, c, f=None, m=None):
    page.get_by_label("Row", exact=True).fill(str(r))
    page.get_by_label("Row", exact=True).press("Tab")
    page.get_by_label("Column", exact=True).fill(str(c))
    page.get_by_label("Column", exact=True).press("Tab")
    if f is not None:
        page.get_by_label("Output channel").select_option(str(f))
    if m is not None:
        page.get_by_label("Input channel").select_option(str(m))


def inside(convolution, r, c):
    """Which elements of the window lie on the image, not on the padding."""
    top, bottom, left, right = convolution.padding
    marked = np.pad(np.ones(convolution.x.shape[:2], bool), ((top, bottom), (left, right)))
    return marked[convolution.where(r, c)]


@pytest.mark.parametrize("name", GRID)
def test_every_window_is_numpys(show, name):
    convolution = Convolution(**GRID[name])
    page = show(convolution.tape())
    press(page, "End")
    rows, columns, filters = convolution.y.shape
    channels = convolution.x.shape[2]
    close = {"rtol": 0, "atol": 1e-12}
    places = {(0, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)}
    for turn, (r, c) in enumerate(sorted(places)):
        f, m = turn % filters, turn % channels
        pick(page, r, c, f, m)
        patch, lies = convolution.patches[r, c], inside(convolution, r, c)
        np.testing.assert_allclose(exact(page, ".row-of-im2col .number"), patch.ravel(), **close)
        weights = convolution.kernel[..., f].ravel()
        np.testing.assert_allclose(exact(page, ".column-of-filter .number"), weights, **close)
        np.testing.assert_allclose(exact(page, ".row-of-products .number"), patch.ravel() * weights, **close)
        first = ".window-detail > .equation >> nth=0 >> "
        np.testing.assert_allclose(exact(page, f"{first}.patch .number:not(.pad)"), patch[:, :, m][lies], **close)
        np.testing.assert_allclose(exact(page, ".filter .number"), convolution.kernel[:, :, m, f].ravel(), **close)
        products = patch[:, :, m] * convolution.kernel[:, :, m, f]
        np.testing.assert_allclose(exact(page, ".products .number"), products.ravel(), **close)
        total = (patch * convolution.kernel[..., f]).sum()
        np.testing.assert_allclose(exact(page, ".the-sum"), [total], **close)
        np.testing.assert_allclose(exact(page, ".before"), [total + convolution.bias[f]], **close)
        np.testing.assert_allclose(exact(page, ".tape-y"), [convolution.y[r, c, f]], **close)
        np.testing.assert_allclose(exact(page, ".the-g"), [convolution.g[r, c, f]], **close)
        given = convolution.delta[r, c, f] * patch[:, :, m]
        np.testing.assert_allclose(exact(page, ".to-filter .number:not(.pad)"), given.ravel(), **close)
        np.testing.assert_allclose(exact(page, ".filter-total .number"), convolution.dkernel[:, :, m, f].ravel(), **close)
        back = np.einsum("f,ijf->ij", convolution.delta[r, c], convolution.kernel[:, :, m])
        np.testing.assert_allclose(exact(page, ".to-input .number:not(.pad)"), back[lies], **close)
        assert page.locator(".verdict.same").count() == 3 and page.locator(".verdict.differs").count() == 0
        assert exact(page, ".worst-y")[0] <= 1e-12 and exact(page, ".worst-dx")[0] <= 1e-12


def test_a_fused_convolution_and_pooling_is_two_stages(show):
    tape, convolution, y = tapes.fused()
    page = show(tape)
    press(page, "End")
    first, second = page.locator(".window").all()
    second.get_by_label("Row", exact=True).fill("1")
    second.get_by_label("Row", exact=True).press("Tab")
    second.get_by_label("Channel", exact=True).select_option("1")
    r, c = (int(second.get_by_label(name, exact=True).input_value()) for name in ("Row", "Column"))
    assert float(second.locator(".the-sum").get_attribute("title").replace("−", "-")) == pytest.approx(y[r, c, 1], abs=1e-12)
    won = [int(first.get_by_label(name, exact=True).input_value()) for name in ("Row", "Column", "Output channel")]
    assert convolution.y[tuple(won)] == pytest.approx(y[r, c, 1], abs=1e-12) and won[2] == 1  # the convolution shows the winner
    assert float(first.locator(".after").get_attribute("title")) == pytest.approx(y[r, c, 1], abs=1e-12)
    delta = first.locator(".delta").get_attribute("title").replace("−", "-")
    assert float(delta) == pytest.approx(convolution.delta[tuple(won)], abs=1e-12)
    assert page.locator(".verdict.same").count() == 3 and page.locator(".verdict.differs").count() == 0


def test_padding_is_left_out_of_a_mean(show):
    tape, y = tapes.average_pooling()
    page = show(tape)
    press(page, "End")
    for r, c in np.ndindex(2, 2):
        pick(page, r, c)
        assert exact(page, ".the-sum") == [y[r, c, 0]]
        assert page.locator(".verdict.same").count() == 3


def test_an_activation_that_the_page_does_not_know_is_said(show):
    convolution = Convolution(activation="tanh")
    tape = convolution.tape()
    tape["steps"][0]["window"]["activation"] = "gelu"
    page = show(tape)
    press(page, "Step")
    assert "gelu, which this page does not compute" in page.locator(".sum").inner_text() and page.locator(".verdict").count() == 0
    press(page, "Step")
    assert "what comes before it is not shown" in page.locator(".window").inner_text()
    tape["steps"][1]["window"]["g_sum"] = tapes.raw(convolution.delta)  # with it, the tape knows
    page = show(tape)
    press(page, "End")
    assert page.locator(".verdict.same").count() == 1 and "dL/dx" in page.locator(".verdict.same").inner_text()


def test_float32_agrees_as_far_as_float32_goes(show):
    page = show(Convolution(dtype="float32").tape())
    press(page, "End")
    assert page.locator(".verdict.same").count() == 3


def test_what_is_wrong_is_said(show):
    convolution = Convolution()
    convolution.y[0, 0, 0] += 0.25
    page = show(convolution.tape())
    press(page, "Step")
    assert page.locator(".verdict.differs").count() == 1
    pick(page, 0, 0, 0)
    assert page.locator(".verdict.differs").count() == 2


def test_a_pixel_is_picked_by_mouse_and_by_keyboard(show):
    page = show(Convolution(image=(6, 6), window=(3, 3)).tape())
    press(page, "Step")
    output = page.locator(".pickable")
    box = output.bounding_box()
    output.click(position={"x": box["width"] * 0.9, "y": 2})
    assert output.get_attribute("aria-label") == "output pixel, row 0, column 3"
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert output.get_attribute("aria-label") == "output pixel, row 2, column 2"
    assert page.evaluate("document.getElementById('slider').value") == "1"  # the arrows moved the pixel, not the step
    marked = page.locator(".picture:not(.pickable) .marked").first
    assert [marked.get_attribute(name) for name in ("x", "y", "width", "height")] == ["2", "2", "3", "3"]
    go(page, 2)
    assert page.locator(".pickable").get_attribute("aria-label") == "output pixel, row 2, column 2"


def test_max_pooling_names_the_winner(show):
    tape, x, y, dx = tapes.max_pooling()
    page = show(tape)
    press(page, "End")
    pick(page, 0, 0)
    assert "element [0, 0], pixel [0, 0]" in page.locator(".window").inner_text()  # of equals, the first
    np.testing.assert_array_equal(exact(page, ".to-input .number"), dx[:2, :2, 0].ravel())
    page.get_by_label("Channel", exact=True).select_option("1")
    pick(page, 1, 2)
    np.testing.assert_array_equal(exact(page, ".the-sum"), [y[1, 2, 1]])
    np.testing.assert_array_equal(exact(page, ".patch .number"), x[2:4, 4:6, 1].ravel())
    assert page.locator(".number.best").count() == 1 and page.locator(".verdict.same").count() == 3


def test_dropout_shows_its_mask(show):
    page = show(tapes.dropout())
    press(page, "End")
    window = page.locator(".window")
    assert "keeps 6 entries of 10, times 2" in window.inner_text()
    assert window.locator("canvas").count() == 5


def test_arrays_too_large_to_carry_are_said_to_be(show):
    tape = Convolution().tape()
    tape["steps"][0]["window"]["x"] = None
    page = show(tape)
    press(page, "Step")
    assert "too large to be carried" in page.locator("#panel").inner_text()
