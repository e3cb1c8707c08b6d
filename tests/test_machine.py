"""What a machine has, and what is said about made-up ones."""
import json
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import threadpoolctl

from minidl import config, machine
from minidl.machine import Blas, Machine, advice

GOOD = Machine(
    cpu="A CPU", simd=("SSE2", "AVX2", "FMA3"), cores=4, blas=Blas("openblas", "0.3.31", "Haswell", 4), memory=16 * 2**30,
    memory_free=8 * 2**30, gpu="none found", cupy="not installed", system="Linux", versions={}, rate_one_thread=1e11,
    rate_all_threads=3.5e11,
)  # fmt: skip


def test_this_machine():
    found = machine.look(measure=False)
    assert found.cores >= 1
    assert found.versions["numpy"] == np.__version__
    assert found.cpu and found.gpu and found.cupy and found.system
    assert found.memory is None or found.memory_free is None or 0 < found.memory_free <= found.memory
    assert found.rate_one_thread is found.rate_all_threads is None


def test_the_rate_is_measured_and_threads_are_as_before():
    before = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    assert 1e7 < machine.product_rate(1, repeats=2) < 1e14
    assert [pool["num_threads"] for pool in threadpoolctl.threadpool_info()] == before


def test_a_good_machine_needs_no_advice():
    assert advice(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"simd": ("SSE2", "AVX2", "AVX512F"), "environment": {"OPENBLAS_CORETYPE": "Haswell"}},
         "Haswell kernels with 256 bits, but the CPU has registers of 512 bits. OPENBLAS_CORETYPE=Haswell forces them: unset it"),
        ({"blas": Blas("openblas", "0.2", "Nehalem", 4)}, "Nehalem kernels with 128 bits.*--upgrade numpy"),
        ({"blas": Blas("openblas", "0.3", "Haswell", 1), "environment": {"OMP_NUM_THREADS": "1"}},
         "1 thread, and there are 4 cores. OMP_NUM_THREADS=1 limits them"),
        ({"blas": Blas("openblas", "0.3", "Haswell", 2)}, "2 threads, and there are 4 cores. Something in this process"),
        ({"blas": Blas("openblas", "0.3", "Haswell", 8)}, "may use 4 cores: they wait .*OPENBLAS_NUM_THREADS=4"),
        ({"blas": Blas()}, "No BLAS"),
        ({"rate_all_threads": 1.1e11}, "other programs"),
        ({"memory_free": 2**28}, "Only 256.0 MB"),
        ({"gpu": "NVIDIA X, 8 GB"}, "CuPy is not installed"),
    ],
)  # fmt: skip
def test_what_is_badly_set_is_said(changes, sentence):
    said = advice(replace(GOOD, **changes))
    assert len(said) == 1
    assert re.search(sentence, said[0])


def test_what_is_unknown_is_not_judged():
    unknown = replace(GOOD, simd=(), memory=None, memory_free=None, rate_one_thread=None, rate_all_threads=None, gpu="unknown")
    assert advice(unknown) == []
    assert advice(replace(GOOD, blas=Blas("openblas", "0.3", "NEOVERSEN1", 4), simd=("NEON", "ASIMD"))) == []
    assert advice(replace(GOOD, blas=Blas("accelerate"))) == []


def test_a_system_that_tells_nothing(monkeypatch):
    """Neither files nor commands nor counters: everything is unknown, nothing fails."""

    def nothing(*arguments, **keywords):
        raise OSError("no")

    for owner, name in ((machine.Path, "read_text"), (subprocess, "run"), (machine.os, "sysconf"), (machine, "distributions")):
        monkeypatch.setattr(owner, name, nothing)
    monkeypatch.setattr(machine.shutil, "which", lambda name: "nvidia-smi")
    monkeypatch.setattr(machine.threadpoolctl, "threadpool_info", nothing)
    monkeypatch.setattr(machine.np, "show_config", nothing)
    monkeypatch.setattr(machine.sys, "platform", "plan9")
    found = machine.look(measure=False)
    assert (found.cpu, found.gpu, found.cupy, found.memory, found.memory_free) == ("unknown", "unknown", "unknown", None, None)
    assert found.blas == Blas()


def test_accelerate_is_known_by_how_numpy_was_built(monkeypatch):
    monkeypatch.setattr(machine.threadpoolctl, "threadpool_info", list)
    built = {"Build Dependencies": {"blas": {"name": "accelerate", "found": True, "version": "1"}}}
    monkeypatch.setattr(machine.np, "show_config", lambda mode: built)
    assert machine._blas() == Blas("accelerate", "1", "unknown", None)


def test_the_summary_can_be_written_as_json():
    assert json.loads(json.dumps(machine.summary()))["cores"] == config.cores()
