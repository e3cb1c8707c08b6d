"""The fuzzing target, replayed with plain Python; and, where atheris is installed, for a few seconds as it is meant to run."""
import importlib.util
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.saving.fuzz_keras_file import corpus, replay, try_one


def test_the_corpus_and_what_is_near():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a state that does not fit
        replay(60)


def test_the_target_finds_what_is_no_value_error(monkeypatch):
    import tests.saving.fuzz_keras_file as target

    def broken(path):
        raise KeyError(path)

    monkeypatch.setattr(target, "load", broken)
    with pytest.raises(KeyError):
        try_one(next(iter(corpus())))


def test_fuzzing():
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: the corpus was replayed without it")
    options = ["-max_total_time=4", "-timeout=60", "-rss_limit_mb=4096", "-verbosity=0"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.saving.fuzz_keras_file", *options],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
