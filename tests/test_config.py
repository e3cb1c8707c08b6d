"""Settings of the process."""
import contextvars
import os
import platform
import signal
import subprocess
import sys
from threading import Event, Thread

import pytest
import threadpoolctl

from minidl import config


def blas_threads():
    """Of NumPy's BLAS; other tests may have loaded another one since."""
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas" and "numpy" in pool["filepath"]}


def test_computing_is_given_back_also_after_an_error():
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        with config.computing:
            assert blas_threads() == {1}
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError), config.computing:
            raise ZeroDivisionError
        assert blas_threads() == before


def test_overlapping_limits_are_restored_by_the_last():
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        with config.computing:
            with config.computing:
                pass
            assert blas_threads() == {1}
        assert blas_threads() == before


def test_any_thread_can_compute():
    """Also after another one has, and when the one that came first is not the last to go."""
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        with config.computing:
            pass
        inside, leave, seen = Event(), Event(), []

        def other():
            with config.computing:
                seen.append(blas_threads())
                inside.set()
                leave.wait(10)
            seen.append(blas_threads())

        with config.computing:
            thread = Thread(target=other)
            thread.start()
            inside.wait(10)
        assert blas_threads() == {1}
        leave.set()
        thread.join()
        assert seen == [{1}, before]
        thread = Thread(target=lambda: seen.append(config.computing(blas_threads)()))
        thread.start()
        thread.join()
        assert seen[2] == {1} and blas_threads() == before


def test_what_an_interrupt_left_behind_inside_a_decorated_function_ends_with_it():
    @config.computing
    def interrupted():
        config.computing.__enter__()
        raise KeyboardInterrupt

    before = config.computing.users
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert config.computing.users == before
    with config.computing:
        assert config.computing.users == before + 1


def test_a_thread_that_was_started_in_a_decorated_function_counts_for_itself():
    context = config.computing(contextvars.copy_context)()
    before, seen = config.computing.users, []

    def work():
        with config.computing:
            seen.append(config.computing.users)

    thread = Thread(target=context.run, args=(work,))
    thread.start()
    thread.join()
    assert seen == [before + 1]


def test_freed_memory_is_kept_on_glibc_only_and_as_the_settings_say(monkeypatch):
    here = platform.libc_ver()[0] == "glibc"
    assert config.keep_freed_memory() is here
    with config.using(keep_freed_memory=False):
        assert config.keep_freed_memory() is False
    assert config.keep_freed_memory() is here

    asked = []
    monkeypatch.setattr(platform, "libc_ver", lambda: asked.append(1) or ("", ""))
    monkeypatch.setitem(config._kept, "wanted", False)
    monkeypatch.setitem(config._kept, "now", False)
    config._mallopt.cache_clear()
    assert [config.keep_freed_memory() for _ in range(3)] == [False] * 3
    with config.using(keep_freed_memory=False):
        assert config.keep_freed_memory() is False
    assert len(asked) == 1  # reading it costs more than a small step
    monkeypatch.undo()
    config._mallopt.cache_clear()


def test_memory_is_kept_where_glibc_is_older(monkeypatch):
    calls = []

    def mallopt(what, value):
        calls.append((what, value))
        return not (what == config.M_MMAP_THRESHOLD and value > 2**25)

    monkeypatch.setattr(config, "_mallopt", lambda: mallopt)
    monkeypatch.setitem(config._kept, "wanted", False)
    monkeypatch.setitem(config._kept, "now", False)
    assert config.keep_freed_memory() is True
    assert calls == [(config.M_MMAP_THRESHOLD, 2**30), (config.M_MMAP_THRESHOLD, 2**25), (config.M_TRIM_THRESHOLD, 2**31 - 1)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_forked_while_something_is_computed_is_free():
    """Also while another thread is about to begin: its lock is not held for ever in the child."""
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = blas_threads()
        with config.computing, config.computing.lock:
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                free = blas_threads() == before
                with config.computing:
                    os._exit(0 if free and blas_threads() == {1} else 1)
        assert os.waitpid(child, 0)[1] == 0


def test_nothing_is_set_at_import():
    program = (
        "import threadpoolctl, numpy; f = lambda: [p['num_threads'] for p in threadpoolctl.threadpool_info()]; a = f();"
        "import minidl; minidl.models; from minidl import config; assert f() == a;"
        "assert not config._kept['now'] and config.computing.libraries is None"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_settings_are_restored():
    suggested = config.settings()
    assert suggested.threads == min(4, config.cores()) and suggested.block_bytes > 0
    with config.using(threads=3, block_bytes=1000) as inner:
        assert config.settings() == inner == config.Settings(threads=3, block_bytes=1000)
        with config.using(threads=1):
            assert config.settings().threads == 1 and config.settings().block_bytes == 1000
        with pytest.raises(ZeroDivisionError), config.using(threads=1):
            raise ZeroDivisionError
        assert config.settings().threads == 3
    assert config.settings() == suggested
    try:
        config.configure(threads=5)
        assert config.settings().threads == 5
        with config.using(block_bytes=2000):
            assert (config.settings().threads, config.settings().block_bytes) == (5, 2000)
    finally:
        config.restore()
    assert config.settings() == suggested


def test_blocks_go_with_the_threads_unless_somebody_chose_them():
    with config.using(threads=1) as alone, config.using(threads=2) as beside:
        assert alone.block_bytes == config.block_bytes_for(1) < beside.block_bytes == config.block_bytes_for(2)
        with config.using(block_bytes=3000), config.using(threads=1) as chosen:
            assert chosen.block_bytes == 3000


@pytest.mark.parametrize(
    "changes",
    [
        *({"threads": n} for n in (0, 1.5, True, 10**9)),
        *({"block_bytes": n} for n in (0, 2**40)),
        {"keep_freed_memory": 1},
    ],
)
def test_settings_that_cannot_be_are_refused(changes):
    before = config.settings()
    with pytest.raises(ValueError, match=next(iter(changes))):
        config.configure(**changes)
    with pytest.raises(ValueError, match=next(iter(changes))), config.using(**changes):
        pass
    assert config.settings() == before


def test_an_unknown_setting_is_refused():
    for change in (config.configure, lambda **changes: config.using(**changes).__enter__()):
        with pytest.raises(TypeError, match="no setting 'thread_count'; there are threads, block_bytes"):
            change(thread_count=1)


@pytest.mark.parametrize(("text", "size"), [("512K", 2**19), ("1M\n", 2**20), ("16K", 2**18), ("1G", 2**20), ("", 2**20), (None, 2**20)])
def test_the_cache_of_a_core(monkeypatch, text, size):
    def read(self):
        if text is None:
            raise FileNotFoundError
        return text

    monkeypatch.setattr(config.Path, "read_text", read)
    assert config.core_cache() == size
