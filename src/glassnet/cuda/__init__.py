"""There is no GPU here: programs that ask first get an honest answer and run on the CPU.

>>> import glassnet as torch
>>> torch.device("cuda" if torch.cuda.is_available() else "cpu")
device(type='cpu')
"""

from __future__ import annotations

from typing import Any

from glassnet.cuda import amp as amp


def is_available() -> bool:
    """Whether a GPU can be used: no."""
    return False


def device_count() -> int:
    """How many GPUs can be used: none."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed the GPU's random numbers; there are none."""


manual_seed_all = manual_seed


def synchronize(device: Any = None) -> None:
    """Wait for the GPU; there is nothing to wait for."""


def empty_cache() -> None:
    """Give memory back to the GPU; there is none to give."""
