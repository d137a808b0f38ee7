"""What a run writes down about the machine, and the warning about older kernels."""

import os
import subprocess
import sys
import types

import pytest

from glassnet.files import strict_json
from glassnet.train import machine
from glassnet.train.machine import Blas, describe_machine, lowered_kernels, threads_that_pay

NEW, OLD = {"SSE42": True, "AVX": True, "AVX2": True, "AVX512_SKX": True}, {"SSE42": True, "AVX": True, "AVX2": True}


@pytest.mark.parametrize(
    ("core", "features", "better"),
    [
        ("Haswell", NEW, "AVX-512"),
        ("Zen", NEW, "AVX-512"),
        ("Sandybridge", NEW, "AVX-512"),
        ("Sandybridge", OLD, "AVX2"),
        ("Prescott", OLD, "AVX2"),
        ("nehalem", {"SSE42": True, "AVX": True}, "AVX"),
    ],
)
def test_kernels_below_what_the_processor_has_are_reported(core, features, better):
    warning = lowered_kernels(core, {"OPENBLAS_CORETYPE": core}, features)
    assert f"OPENBLAS_CORETYPE={core} keeps OpenBLAS from using this processor's {better} " in warning
    assert warning.endswith("Try unset OPENBLAS_CORETYPE.")


@pytest.mark.parametrize(
    ("core", "features"),
    [("SkylakeX", NEW), ("Haswell", OLD), ("Zen", OLD), ("NEOVERSEN1", {}), (None, NEW), ("Unknown", NEW)],
)
def test_kernels_that_fit_are_not_reported(core, features):
    assert lowered_kernels(core, {"OPENBLAS_CORETYPE": core or "x"}, features) is None


def test_without_the_variable_nothing_is_reported():
    assert lowered_kernels("Prescott", {}, NEW) is None


def test_the_machine_can_be_written_down():
    described = strict_json.loads(strict_json.dumps(describe_machine(Blas())))
    assert set(described["blas"]) == {"name", "version", "core", "threads"}
    assert described["processors"] == os.cpu_count()


def test_the_number_of_threads_is_what_was_set():
    code = (
        "from glassnet.train.machine import Blas\nblas = Blas()\nblas.threads = 1\nprint(blas.threads, Blas().threads)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() in (["1", "1"], ["None", "None"])  # None: a BLAS that cannot be asked


@pytest.fixture
def other_blas(monkeypatch):
    """A BLAS that is not OpenBLAS, seen through a threadpoolctl of the test's own."""
    pool = {"user_api": "blas", "internal_api": "mkl", "num_threads": 4, "version": "2026.0"}

    def limit(count, user_api):
        assert user_api == "blas"
        pool["num_threads"] = count

    fake = types.ModuleType("threadpoolctl")
    fake.threadpool_info, fake.threadpool_limits = lambda: [{"user_api": "openmp"}, dict(pool)], limit
    monkeypatch.setitem(sys.modules, "threadpoolctl", fake)
    monkeypatch.setattr(machine, "_numpy_library", lambda: None)


@pytest.mark.usefixtures("other_blas")
def test_another_blas_is_asked_through_threadpoolctl():
    blas = Blas()
    assert blas.as_dict() == {"name": "mkl", "version": "2026.0", "core": None, "threads": 4}
    blas.threads = 2
    assert Blas().threads == 2


def test_a_blas_that_nobody_can_ask_is_unknown_and_no_mistake(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)  # as if it were not installed
    monkeypatch.setattr(machine, "_numpy_library", lambda: None)
    blas = Blas()
    blas.threads = 3
    assert blas.as_dict() == {"name": None, "version": None, "core": None, "threads": None}


@pytest.mark.parametrize(
    ("sizes", "batch", "threads"),
    [((2, 10, 1), 200, 1), ((784, 128, 64, 10), 128, 1), ((784, 1024, 1024, 10), 256, 10), ((784, 10), 60_000, 18)],
)
def test_only_large_products_are_shared_among_threads(sizes, batch, threads):
    assert threads_that_pay(sizes, batch) == threads
