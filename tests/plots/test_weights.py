import numpy as np
import pytest

from minidl import Tensor, plots

from .conftest import check_layout, texts


@pytest.mark.parametrize("shape", [
    (3, 3, 3, 32), (3, 3, 3, 1), (7, 7, 3, 70), (1, 1, 3, 5), (3, 5, 3, 7), (3, 3, 1, 1), (5, 5, 1, 16), (3, 3, 1, 64),
    (3, 3, 2, 4), (3, 3, 24, 20), (1, 1, 4, 3),
])  # fmt: skip
def test_every_shape(shape, rng):
    figure = plots.filters(rng.normal(size=shape))
    check_layout(figure)
    count = min(shape[3], 64) if shape[2] in (1, 3) else min(shape[3], 16)
    assert texts(figure, "number") == [str(k) for k in range(count)]
    assert len(figure.axes[0].images) == count * (1 if shape[2] in (1, 3) else min(shape[2], 16))
    assert f"{shape[3]} filter" in texts(figure, "title")[0]


def test_colour_filters_are_scaled_around_grey():
    kernel = np.zeros((2, 2, 3, 2))
    kernel[0, 0, 0, 0], kernel[1, 1, 2, 0] = 4, -2
    first, second = (image.get_array() for image in plots.filters(kernel).axes[0].images)
    np.testing.assert_allclose(first[0, 0], [1, 0.5, 0.5])
    np.testing.assert_allclose(first[1, 1], [0.5, 0.5, 0.25])
    np.testing.assert_array_equal(second, np.full((2, 2, 3), 0.5))  # nothing but zeros is grey


def test_heat_maps_share_one_scale_around_zero():
    kernel = np.arange(8.0).reshape(2, 2, 1, 2) - 2
    figure = plots.filters(kernel)
    for k, image in enumerate(figure.axes[0].images):
        assert image.get_clim() == (-5, 5)
        np.testing.assert_array_equal(image.get_array(), kernel[:, :, 0, k])
    check_layout(plots.filters(np.zeros((3, 3, 1, 2))))


def test_rows_are_filters_and_columns_channels(rng):
    kernel = rng.normal(size=(3, 3, 2, 4))
    figure = plots.filters(kernel)
    assert texts(figure, "channel") == ["0", "1"]
    np.testing.assert_array_equal(figure.axes[0].images[5].get_array(), kernel[:, :, 1, 2])


def test_tensors_are_taken(rng):
    kernel = rng.normal(size=(3, 3, 3, 4))
    figure = plots.filters(Tensor(kernel, requires_grad=True), count=2)
    assert texts(figure, "number") == ["0", "1"]
    assert "the first 2 of 4 filters" in plots.alt_text(figure)


@pytest.mark.parametrize(("kernel", "message"), [
    (np.zeros((3, 3, 3)), r"\(kh, kw, c_in, c_out\)"),
    (np.zeros((3, 3, 3, 0)), r"\(kh, kw, c_in, c_out\)"),
    (np.full((3, 3, 3, 2), np.nan), "not finite"),
])  # fmt: skip
def test_what_does_not_fit_is_explained(kernel, message):
    with pytest.raises(ValueError, match=message):
        plots.filters(kernel)
