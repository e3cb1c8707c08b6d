"""The same weights and masks in every run."""
import pytest

import minidl


@pytest.fixture(autouse=True)
def _seed():
    minidl.set_seed(0)
