"""The default stream of random numbers by PyTorch's names: `torch.random.manual_seed`, states, `fork_rng`."""

from __future__ import annotations

from typing import Any

from glassnet.core import generator
from glassnet.core.generator import default_generator, fork_rng, initial_seed, manual_seed, seed
from glassnet.core.tensor import Tensor

__all__ = ["default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


def get_rng_state() -> Tensor:
    """Where the default stream stands, as the 5056 bytes that PyTorch gives for the same stream.

    >>> import glassnet as torch
    >>> state = torch.get_rng_state()
    >>> first = torch.rand(3)
    >>> torch.set_rng_state(state)
    >>> torch.equal(first, torch.rand(3))
    True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Take the default stream back to a state from `get_rng_state`, here or in PyTorch."""
    generator.set_rng_state(new_state)
