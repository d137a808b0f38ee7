"""What a run writes down about the machine, and the warning about older kernels."""

import os
import subprocess
import sys

import pytest

from glassnet.files import strict_json
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


def test_it_agrees_with_threadpoolctl():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["internal_api"] == "openblas"]
    blas = Blas()
    assert (blas.core, blas.threads) in [(pool["architecture"], pool["num_threads"]) for pool in pools] or not pools


@pytest.mark.parametrize(
    ("sizes", "batch", "threads"),
    [((2, 10, 1), 200, 1), ((784, 128, 64, 10), 128, 1), ((784, 1024, 1024, 10), 256, 10), ((784, 10), 60_000, 18)],
)
def test_only_large_products_are_shared_among_threads(sizes, batch, threads):
    assert threads_that_pay(sizes, batch) == threads
