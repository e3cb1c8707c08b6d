import pytest

from minidl.sizes import bytes_in_words


@pytest.mark.parametrize(("n", "words"), [
    (0, "0.0 KB"), (1000, "1.0 KB"), (2**20 - 1, "1,024.0 KB"), (2**20, "1.0 MB"), (3 * 2**30, "3.0 GB"), (5e15, "4,656,612.9 GB"),
])  # fmt: skip
def test_bytes_in_words(n, words):
    assert bytes_in_words(n) == words
