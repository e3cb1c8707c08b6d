"""to_categorical and normalize: every shape of labels, and what is refused."""

import numpy as np
import pytest

from minidl.data import normalize, to_categorical
from minidl.tensor import Tensor


@pytest.mark.parametrize(
    ("labels", "shape"),
    [
        ([0, 2, 1], (3, 3)),
        (np.array([[0], [2], [1]], "uint8"), (3, 3)),
        (Tensor([0.0, 2.0, 1.0]), (3, 3)),
        (np.array([[0, 1], [2, 0]]), (2, 2, 3)),
        (np.array([[[0], [1]], [[2], [0]]]), (2, 2, 3)),
        (2, (3,)),
        ([2], (1, 3)),
    ],
)
def test_a_one_at_the_label(labels, shape):
    rows = to_categorical(labels)
    assert rows.shape == shape and rows.dtype == np.float32
    np.testing.assert_array_equal(rows.argmax(-1).ravel(), np.asarray(labels).ravel())
    np.testing.assert_array_equal(rows.sum(-1), np.ones(shape[:-1]))
    assert to_categorical(labels, 7, dtype="int8").shape == (*shape[:-1], 7) and to_categorical(labels, 7, "int8").dtype == np.int8


def test_none_and_empty():
    assert to_categorical(np.zeros((0, 1), int), 4).shape == (0, 4)
    with pytest.raises(ValueError, match="num_classes must be given when there are no labels"):
        to_categorical([])


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 3], 3, "labels must lie in 0…2 for 3 classes, got 3"),
        ([0, -1], 3, "got -1"),
        ([0.5], 3, "labels must be whole numbers, got 0.5"),
        ([np.nan], 3, "labels must be whole numbers, got nan"),
        (["cat"], None, "labels must be whole numbers, got an array of <U3"),
        ([0], 2.5, "num_classes must be a whole number"),
    ],
)
def test_labels_that_are_none(labels, classes, message):
    with pytest.raises(ValueError, match=message):
        to_categorical(labels, classes)


def test_keywords():
    with pytest.raises(TypeError, match="did you mean 'num_classes'"):
        to_categorical([0], numclasses=3)


def test_vectors_of_length_one():
    x = np.array([[3, 4], [0, 0], [-5, 12]])
    np.testing.assert_allclose(normalize(x), [[0.6, 0.8], [0, 0], [-5 / 13, 12 / 13]])
    np.testing.assert_allclose(normalize(x, order=1), [[3 / 7, 4 / 7], [0, 0], [-5 / 17, 12 / 17]])
    np.testing.assert_allclose(np.linalg.norm(normalize(x, axis=0), axis=0), 1)
    assert normalize(x.astype("float32")).dtype == np.float32 and normalize(Tensor(x)).dtype == np.float64
    for call, message in ((lambda: normalize(x, axis=2), "no axis 2"), (lambda: normalize(x, order=0), "order must be")):
        with pytest.raises(ValueError, match=message):
            call()
