"""Arrays in few words: numbers as short as their dtype, statistics, slices."""

import base64
import json

import numpy as np
import pytest

from minidl.stepper import arrays
from minidl.stepper.arrays import array_data, number, raw, statistics, text


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_numbers_are_the_shortest_that_give_the_entry_back(dtype):
    values = np.random.default_rng(0).normal(size=50).astype(dtype)
    for value, written in zip(values, array_data(values)["values"]):
        assert np.dtype(dtype).type(written) == value
        assert len(repr(written)) <= {"float16": 8, "float32": 14, "float64": 24}[dtype]
    assert array_data(np.array([0.1], dtype))["values"] == [0.1]


def test_strange_numbers():
    assert array_data(np.array([np.nan, np.inf, -np.inf, 1]))["values"] == ["nan", "inf", "-inf", 1.0]
    assert array_data(np.array([True, False]))["values"] == [True, False]
    assert array_data(np.array([2**62, -1]))["values"] == [2**62, -1]
    assert array_data(np.array(1.5))["values"] == [1.5] and array_data(np.array(1.5))["shape"] == []
    json.dumps(array_data(np.array([1e-300, 1e300, np.nan])), allow_nan=False)


def test_statistics_are_over_the_finite():
    found = statistics(np.array([1.0, np.nan, np.inf, -3.0, 0.0, 0.0]))
    assert found == {"nan": 1, "inf": 1, "zeros": 0.333333, "min": -3.0, "max": 1.0, "mean": -0.5, "std": 1.5, "norm": np.sqrt(10)}
    assert statistics(np.zeros((0, 3))) is None
    assert statistics(np.full(3, np.nan))["min"] is None
    assert statistics(np.array([3, 5], "uint8"))["mean"] == 4.0 and statistics(np.array([True]))["max"] is True
    assert statistics(np.array([1e300, 1e300]))["norm"] == "inf"


def test_float32_statistics_have_no_more_digits_than_float32():
    found = statistics(np.random.default_rng(0).normal(size=100).astype("float32"))
    assert all(np.float32(value) == np.float32(str(value)) and len(str(value)) <= 13 for value in found.values())


def test_text_shows_no_more_than_there_is():
    third = 1 / 3
    assert text(np.float64(third), digits=9) == text(np.float32(third), digits=9) == "0.333333"
    assert text(np.float16(third), digits=9) == "0.333"
    assert text(-0.5) == "−0.5" and text(np.array(3)) == "3" and text(np.nan) == "nan" and text(True) == "True"


def test_large_arrays_are_summarised():
    assert array_data(np.zeros(64))["slices"] is None and array_data(np.zeros(64))["values"] is not None
    assert array_data(np.zeros(65))["values"] is None and array_data(np.zeros(65))["slices"][0]["columns"] == 65
    assert array_data(np.zeros(65), drawn=False)["slices"] is None


def drawn(one):
    return np.frombuffer(base64.b64decode(one["bytes"]), np.uint8).reshape(one["rows"], one["columns"], -1)


def test_a_matrix_is_drawn():
    (one,) = array_data(np.linspace(0, 1, 100).reshape(10, 10))["slices"]
    assert one["kind"] == "heat" and (one["low"], one["high"], one["index"]) == (0.0, 1.0, [None, None])
    assert drawn(one)[0, 0, 0] == 0 and drawn(one)[9, 9, 0] == 255


def test_mixed_signs_have_zero_in_the_middle():
    (one,) = array_data(np.array([[-1.0, 0, 3.0]] * 30))["slices"]
    assert (one["low"], one["high"]) == (-3.0, 3.0)
    assert drawn(one)[0, :, 0].tolist() == [85, 128, 255]


def test_a_large_matrix_is_cut_and_says_so():
    (one,) = array_data(np.zeros((100, 70)))["slices"]
    assert (one["rows"], one["columns"]) == (64, 64)
    assert one["title"] == "the first 64 of 100 rows, the first 64 of 70 columns"


def test_images_of_a_batch():
    colours = np.random.default_rng(0).random((2, 8, 9, 3))
    (one,) = array_data(colours)["slices"]
    assert one["kind"] == "image" and drawn(one).shape == (8, 9, 3) and one["title"] == "image 0"
    assert np.array_equal(drawn(one), np.round(colours[0] * 255))
    maps = array_data(np.random.default_rng(0).normal(size=(2, 8, 9, 16)))["slices"]
    assert [m["index"] for m in maps] == [[0, None, None, c] for c in (0, 5, 10, 15)]
    assert [m["title"] for m in array_data(np.zeros((1, 8, 9, 2)))["slices"]] == ["image 0, channel 0", "image 0, channel 1"]


def test_kernels_are_drawn_by_filter():
    found = array_data(np.zeros((3, 3, 8, 16)), kernel=True)["slices"]
    assert [one["index"] for one in found] == [[None, None, 0, f] for f in (0, 5, 10, 15)]
    assert all((one["rows"], one["columns"]) == (3, 3) for one in found)


def test_other_shapes_are_drawn():
    for shape in [(5, 6, 7), (2, 3, 4, 5, 6, 7), (200,), (1, 1, 1, 100)]:
        data = array_data(np.random.default_rng(0).normal(size=shape))
        assert all(len(drawn(one)) == one["rows"] for one in data["slices"]) and data["slices"]


def test_nan_and_infinity_are_drawn():
    (one,) = array_data(np.array([np.nan, np.inf, -np.inf, 1.0] * 20))["slices"]
    assert (one["low"], one["high"]) == (1.0, 1.0) and drawn(one).shape == (1, 80, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "float16", "int64", "bool"])
def test_raw_is_exact(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    data = raw(array.T)
    back = np.frombuffer(base64.b64decode(data["data"]), np.dtype(data["dtype"]).newbyteorder("<")).reshape(data["shape"])
    assert data["dtype"] in ("float32", "float64", "uint8") and np.array_equal(back, array.T)
    assert raw(np.zeros(arrays.MOST_RAW + 1)) is None and raw(None) is None


def test_number_of_python():
    assert number(0.1, np.dtype("float32")) == 0.1 and number(3, np.dtype(int)) == 3
