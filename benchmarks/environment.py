"""The environment that children run in: nothing inherited may choose a BLAS kernel or a number of threads."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A BLAS kernel forced by the environment can halve the speed of one peer and not touch another.
TUNING_PREFIXES = (
    "BLIS_",
    "GOMP_",
    "GOTO_",
    "JAX_",
    "KERAS_",
    "KMP_",
    "MKL_",
    "NUMEXPR_",
    "NVPL_",
    "OMP_",
    "OPENBLAS_",
    "TORCH",
    "VECLIB_",
    "XLA_",
)

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def removed_variables(inherited: Mapping[str, str] = os.environ) -> list[str]:
    """The inherited variables that no child gets.

    >>> removed_variables({"OPENBLAS_CORETYPE": "Haswell", "HOME": "/home/ada"})
    ['OPENBLAS_CORETYPE']
    """
    return sorted(name for name in inherited if name.startswith(TUNING_PREFIXES))


def child_environment(threads: int | None = None, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a child; None threads leaves each library its own choice.

    >>> child_environment(1, {"OMP_WAIT_POLICY": "active"})["OMP_NUM_THREADS"]
    '1'
    """
    removed = removed_variables(inherited)
    kept = {name: value for name, value in inherited.items() if name not in removed}
    chosen = {} if threads is None else dict.fromkeys(THREAD_VARIABLES, str(threads))
    # the comparison is between CPUs, and `import torch` or `import jax` would look for more
    return {**kept, **chosen, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "PYTHONIOENCODING": "utf-8"}


def python(*arguments: str) -> list[str]:
    """The command that runs this same Python."""
    return [sys.executable, *arguments]
