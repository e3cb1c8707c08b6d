"""Padding, cropping, enlarging."""
import numpy as np
import pytest
from layers.helpers import check_layer_gradients

from minidl import Input, Tensor
from minidl.layers import Cropping2D, GlobalMaxPooling2D, UpSampling2D, ZeroPadding2D

RNG = np.random.default_rng(5)
X = RNG.random((2, 3, 4, 2))


@pytest.mark.parametrize(
    ("padding", "widths"),
    [
        (1, ((1, 1), (1, 1))), ((2, 0), ((2, 2), (0, 0))), (((1, 2), (0, 3)), ((1, 2), (0, 3))), (0, ((0, 0), (0, 0))),
        ((1, (0, 2)), ((1, 1), (0, 2))),
    ],
)  # fmt: skip
def test_padding_and_cropping_undo_each_other(padding, widths):
    padded = ZeroPadding2D(padding)(X.astype("float32")).numpy()
    np.testing.assert_array_equal(padded, np.pad(X.astype("float32"), ((0, 0), *widths, (0, 0))))
    np.testing.assert_array_equal(Cropping2D(padding)(padded).numpy(), X.astype("float32"))
    assert ZeroPadding2D(padding)(Input((3, 4, 2))).shape == (None, *padded.shape[1:])
    assert Cropping2D(padding)(Input(padded.shape[1:])).shape == (None, 3, 4, 2)


@pytest.mark.parametrize("given", [-1, 1.5, "1", (1, 2, 3), ((1, 2),), ((1, 2, 3), (1, 2)), None, True])
def test_margins_are_checked(given):
    for layer in (ZeroPadding2D, Cropping2D):
        with pytest.raises(ValueError, match=r"^(padding|cropping) "):
            layer(given)


def test_something_must_be_left():
    with pytest.raises(ValueError, match=r"layer 'crop'.*nothing is left of a picture of 3 × 4 pixels without \(\(1, 2\), \(0, 0\)\)"):
        Cropping2D(((1, 2), (0, 0)), name="crop")(X)


def test_nearest_repeats_pixels():
    y = UpSampling2D((2, 3))(X.astype("float32")).numpy()
    np.testing.assert_array_equal(y, X.astype("float32").repeat(2, axis=1).repeat(3, axis=2))
    assert UpSampling2D((2, 3))(Input((3, 4, 2))).shape == (None, 6, 12, 2)


def test_bilinear_draws_lines():
    row = np.array([0.0, 4.0, 2.0])[None, None, :, None]
    y = UpSampling2D((1, 4), interpolation="bilinear")(row).numpy().ravel()
    np.testing.assert_allclose(y, [0, 0, 0.5, 1.5, 2.5, 3.5, 3.75, 3.25, 2.75, 2.25, 2, 2])
    column = UpSampling2D((4, 1), interpolation="bilinear")(row.transpose(0, 2, 1, 3)).numpy().ravel()
    np.testing.assert_allclose(column, y)
    flat = np.full((1, 3, 5, 2), 0.7)
    np.testing.assert_allclose(UpSampling2D(3, interpolation="bilinear")(flat).numpy(), 0.7, rtol=1e-6)


def test_upsampling_arguments():
    with pytest.raises(ValueError, match="interpolation must be 'nearest' or 'bilinear'; got 'bicubic'"):
        UpSampling2D(interpolation="bicubic")
    with pytest.raises(ValueError, match="size must be a whole number ≥ 1"):
        UpSampling2D(0)
    with pytest.raises(ValueError, match="expected an input of shape"):
        UpSampling2D()(np.zeros((2, 3, 4)))


@pytest.mark.parametrize(
    "layer",
    [
        ZeroPadding2D(((0, 2), (1, 0))), Cropping2D(((1, 0), (0, 2))), UpSampling2D((2, 3)), UpSampling2D((3, 2), interpolation="bilinear"),
        UpSampling2D(1, interpolation="bilinear"), GlobalMaxPooling2D(), GlobalMaxPooling2D(keepdims=True),
    ],
    ids=lambda layer: layer.name,
)  # fmt: skip
@pytest.mark.parametrize("shape", [(2, 3, 4, 2), (1, 2, 3, 1)])
def test_gradients(layer, shape):
    check_layer_gradients(type(layer).from_config(layer.get_config()), shape)


def test_the_largest_of_a_picture():
    np.testing.assert_array_equal(GlobalMaxPooling2D()(X).numpy(), X.max(axis=(1, 2)).astype("float32"))
    assert GlobalMaxPooling2D(keepdims=True)(X).shape == (2, 1, 1, 2)
    assert GlobalMaxPooling2D()(Input((3, 4, 2))).shape == (None, 2)


def test_on_every_backend(backend):
    x = Tensor(X.astype("float32"))
    for layer in (ZeroPadding2D(2), Cropping2D(1), UpSampling2D(2), UpSampling2D(2, interpolation="bilinear"), GlobalMaxPooling2D()):
        there = layer(x.to(backend.name))
        assert isinstance(there.data, backend.array_type)
        np.testing.assert_allclose(there.numpy(), layer(x).numpy(), rtol=1e-6)
