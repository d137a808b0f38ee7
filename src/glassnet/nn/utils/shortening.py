"""The factor that makes what is too long as long as it may be, and leaves what is short alone."""

from __future__ import annotations

from glassnet.core import ops
from glassnet.core.tensor import Tensor

LEAST = 1e-6  # keeps the division defined where the length is 0


def shortening(length: Tensor, longest: float, least: float = LEAST) -> Tensor:
    """min(1, longest / (length + least)), for one length or many.

    >>> import glassnet as torch
    >>> shortening(torch.tensor([0.5, 4.0]), longest=1.0)
    tensor([1.0000, 0.2500])
    """
    return ops.minimum(ops.div(float(longest), length + least), 1.0)
