"""Penalties on large weights, by Keras's names; they are added to the loss."""

from __future__ import annotations

import functools
from typing import Any

from glassnet.core import ops
from glassnet.core.tensor import Tensor
from glassnet.faces.keras.lookup import made_by
from glassnet.faces.keras.recorded import Recorded


class L1L2(Recorded):
    """l1 * sum |w| + l2 * sum w^2.

    >>> import glassnet as torch
    >>> L1L2(l2=0.5)(torch.tensor([1.0, 2.0]))
    tensor(2.5000)
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = l1, l2

    def __call__(self, w: Tensor) -> Tensor:
        """The penalty for a weight."""
        parts = [(self.l1, ops.abs), (self.l2, ops.square)]
        penalties = [share * size(w).sum() for share, size in parts if share]
        return functools.reduce(ops.add, penalties) if penalties else w.new_zeros(())


class L1(L1L2):
    """l1 * sum |w|."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=float(l1))


class L2(L1L2):
    """l2 * sum w^2."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=float(l2))


l1, l2, l1_l2 = L1, L2, L1L2
Regularizer = L1L2
NAMES: dict[str, Any] = {"l1": L1, "l2": L2, "l1_l2": lambda: L1L2(0.01, 0.01), "L1L2": L1L2}


def get(identifier: Any) -> Any:
    """The regularizer that a name or a configuration stands for; None and callables are taken as they are."""
    return made_by("regularizer", identifier, NAMES)
