"""Durations as people write them."""
import pytest

from minidl.durations import in_words, seconds_in


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(90, 90), (0.5, 0.5), ("90", 90), ("90 s", 90), ("90s", 90), ("1.5 min", 90), ("2 minutes", 120), (" 1 H ", 3600), (".5h", 1800)],
)
def test_seconds(written, seconds):
    assert seconds_in("time_budget", written) == seconds


@pytest.mark.parametrize("written", ["", "soon", "5 days", "-5 s", "0 s", 0, -1, float("nan"), "1 h 30 min", None, True, [5], "1e3 s"])
def test_what_is_no_duration_is_explained(written):
    with pytest.raises(ValueError, match="time_budget"):
        seconds_in("time_budget", written)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.5e-5, "25 µs"), (0.0042, "4.2 ms"), (0.9996, "1e+03 ms"), (1, "1 s"), (12.34, "12.3 s"), (59.97, "1 min"), (75, "1 min 15 s"),
     (120, "2 min"), (3599.9, "1 h"), (9000, "2 h 30 min"), (7200, "2 h"), (3.6e6, "1,000 h")],
)  # fmt: skip
def test_words(seconds, words):
    assert in_words(seconds) == words
