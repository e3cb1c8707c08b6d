"""Settings of the process."""
import platform
import subprocess
import sys

import pytest
import threadpoolctl

from minidl import config


def blas_threads():
    """Of NumPy's BLAS; other tests may have loaded another one since."""
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas" and "numpy" in pool["filepath"]}


def test_one_blas_thread_is_given_back_also_after_an_error():
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        with config.one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError), config.one_blas_thread():
            raise ZeroDivisionError
        assert blas_threads() == before


def test_overlapping_limits_are_restored_by_the_last():
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        first, second = config.one_blas_thread(), config.one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_threads() == {1}
        second.__exit__(None, None, None)
        assert blas_threads() == before


def test_freed_memory_is_kept_on_glibc_only(monkeypatch):
    here = platform.libc_ver()[0] == "glibc"
    assert config.keep_freed_memory() is here
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    config.keep_freed_memory.cache_clear()
    assert config.keep_freed_memory() is False
    config.keep_freed_memory.cache_clear()


def test_nothing_is_set_at_import():
    program = (
        "import threadpoolctl, numpy; f = lambda: [p['num_threads'] for p in threadpoolctl.threadpool_info()]; a = f();"
        "import minidl; minidl.models; from minidl import config; assert f() == a;"
        "assert not config.keep_freed_memory.cache_info().currsize"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
