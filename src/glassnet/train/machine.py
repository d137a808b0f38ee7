"""What the numbers depend on besides the seed: versions, the BLAS behind NumPy, its kernels and its threads.

Looking at it must cost next to nothing, for every run writes it down. OpenBLAS, which NumPy's own wheels carry, is
asked directly through the library that is loaded already; only another BLAS needs threadpoolctl, and its import.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from glassnet.version import __version__

# OpenBLAS' x86 kernels, in the order of what they need of a processor.
_LEVELS = (
    ("SSE42", ("Prescott", "Core2", "Penryn", "Dunnington", "Atom", "Nehalem", "Barcelona", "Bobcat", "Opteron")),
    ("AVX", ("Sandybridge", "Bulldozer", "Piledriver", "Steamroller")),
    ("AVX2", ("Excavator", "Haswell", "Zen")),
    ("AVX512_SKX", ("SkylakeX", "Cooperlake", "SapphireRapids")),
)  # fmt: skip
_WORTH_A_THREAD = 50e6  # operations in a product: below, waiting for each other costs what sharing gains
_PREFIXES, _SUFFIXES = ("scipy_openblas_", "openblas_"), ("64_", "")


class Blas:
    """The BLAS that NumPy uses: `core` names the kernels, `threads` says how many it may use. None where unknown."""

    def __init__(self) -> None:
        self._library = _numpy_library()
        self.name = "OpenBLAS" if self._find("get_corename") else None
        self.core = self._text("get_corename")
        self.version = (self._text("get_config") or "OpenBLAS ").split()[1:2]
        self._pools: list[dict[str, Any]] = []
        if self.name is None:
            self._ask_threadpoolctl()

    @property
    def threads(self) -> int | None:
        """How many threads a product of matrices may use at present."""
        count = self._find("get_num_threads")
        if count is not None:
            return int(count())
        return next((pool["num_threads"] for pool in self._pools), None)

    @threads.setter
    def threads(self, count: int) -> None:
        setter = self._find("set_num_threads")
        if setter is not None:
            setter(ctypes.c_int(count))
            return
        with suppress(ImportError):
            import threadpoolctl

            threadpoolctl.threadpool_limits(count, user_api="blas")

    def as_dict(self) -> dict[str, Any]:
        """What a result writes down."""
        version = self.version[0] if self.version else None
        return {"name": self.name, "version": version, "core": self.core, "threads": self.threads}

    def _find(self, function: str) -> Any:
        names = (f"{prefix}{function}{suffix}" for prefix in _PREFIXES for suffix in _SUFFIXES)
        return next((getattr(self._library, name) for name in names if hasattr(self._library, name)), None)

    def _text(self, function: str) -> str | None:
        found = self._find(function)
        if found is None:
            return None
        found.restype = ctypes.c_char_p
        text = found()
        return text.decode("ascii", "replace") if text else None

    def _ask_threadpoolctl(self) -> None:
        try:
            import threadpoolctl  # 15 ms, and the only way for a BLAS that is not OpenBLAS, and on Windows
        except ImportError:
            return
        self._pools = [pool for pool in threadpoolctl.threadpool_info() if pool.get("user_api") == "blas"]
        for pool in self._pools[:1]:
            self.name, self.core = pool.get("internal_api"), pool.get("architecture")
            self.version = [str(pool.get("version"))]


def _numpy_library() -> Any:
    """NumPy's compiled core: what it is linked with can be asked through it, except on Windows."""
    try:
        return ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None


@contextmanager
def threads_at(count: int | None) -> Iterator[None]:
    """Within the block BLAS uses so many threads, as the rounding of a result depends on them; None: as many as before.

    >>> before = Blas().threads
    >>> with threads_at(1):
    ...     Blas().threads in (1, None)
    True
    >>> Blas().threads == before
    True
    """
    blas = Blas()
    before = blas.threads
    if count is None or before is None:
        yield
        return
    blas.threads = count
    try:
        yield
    finally:
        blas.threads = before


def processors() -> int:
    """How many processors this process may run on.

    >>> processors() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_is_spare() -> bool:
    """Whether a processor is left over while BLAS multiplies: a thread beside it would only take turns with BLAS."""
    return (Blas().threads or 1) < processors()


def threads_that_pay(sizes: Sequence[int], batch: int) -> int:
    """How many threads the products of a network with layers of these sizes are worth.

    A product shared among threads ends with the slowest of them. For small products two threads on an idle machine
    gain a quarter, but lose two thirds as soon as anything else runs; and the rounding of a result depends on their
    number. So small networks use one, whatever the machine.

    >>> threads_that_pay((784, 128, 64, 10), 128), threads_that_pay((784, 1024, 1024, 10), 256)
    (1, 10)
    """
    largest = max(2.0 * batch * rows * columns for rows, columns in itertools.pairwise(sizes))
    return max(1, int(largest / _WORTH_A_THREAD))


def lowered_kernels(core: str | None, environ: Any = os.environ, features: dict[str, bool] | None = None) -> str | None:
    """A warning, if a variable of the environment makes OpenBLAS use older kernels than the processor allows.

    >>> print(lowered_kernels("Haswell", {"OPENBLAS_CORETYPE": "Haswell"}, {"AVX2": True, "AVX512_SKX": True}))
    OPENBLAS_CORETYPE=Haswell keeps OpenBLAS from using this processor's AVX-512 and can halve the speed. Try unset
    OPENBLAS_CORETYPE.
    """
    asked = environ.get("OPENBLAS_CORETYPE")
    if not asked or core is None:
        return None
    if features is None:
        core_module = getattr(getattr(np, "_core", None), "_multiarray_umath", None)
        features = getattr(core_module, "__cpu_features__", {})
    allowed = dict(features or {})
    level = next((i for i, (_, cores) in enumerate(_LEVELS) if core.lower() in map(str.lower, cores)), None)
    best = max((i for i, (feature, _) in enumerate(_LEVELS) if allowed.get(feature)), default=None)
    if level is None or best is None or level >= best:
        return None
    better = _LEVELS[best][0].replace("AVX512_SKX", "AVX-512")
    return (
        f"OPENBLAS_CORETYPE={asked} keeps OpenBLAS from using this processor's {better} and can halve the speed. "
        "Try unset OPENBLAS_CORETYPE."
    )


def describe_machine(blas: Blas) -> dict[str, Any]:
    """Versions, processor count and BLAS, for `result.json`."""
    return {
        "glassnet": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "platform": sys.platform,
        "processors": os.cpu_count(),
        "blas": blas.as_dict(),
    }
