"""assert_gradients raises with the report."""

import numpy as np
import pytest

from minidl.testing import assert_gradients


def test_it_raises_with_the_report():
    with pytest.raises(AssertionError, match=r"WRONG[\s\S]*sign"):
        assert_gradients((np.cos, lambda g, x: g * np.sin(x)), np.linspace(0.1, 1, 4))


def test_it_is_silent_where_all_is_right():
    assert assert_gradients(lambda x: x.exp(), np.linspace(0.1, 1, 4), order=2).ok
