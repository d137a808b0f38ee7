"""What weights are held to after every step, by Keras's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.tensor import Tensor
from glassnet.faces.keras.lookup import made_by
from glassnet.faces.keras.recorded import Recorded

TINY = 1e-7


class Constraint(Recorded):
    """From a kernel (inputs, units) to one that keeps to a rule."""

    def __call__(self, w: Tensor) -> Tensor:
        """The kernel as it has to be."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method __call__(w). Try writing one.")


class NonNeg(Constraint):
    """Nothing below 0."""

    def __call__(self, w: Tensor) -> Tensor:
        """max(w, 0)."""
        return ops.relu(w)


class UnitNorm(Constraint):
    """Every unit's weights of length 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Tensor) -> Tensor:
        """w / |w|."""
        return w / (TINY + _length(w, self.axis))


class MaxNorm(Constraint):
    """Every unit's weights of a length of max_value at most (N. Srivastava et al., 2014).

    >>> import glassnet as torch
    >>> MaxNorm(1.0)(torch.tensor([[3.0, 0.3], [4.0, 0.4]]))
    tensor([[0.6000, 0.3000],
            [0.8000, 0.4000]])
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Tensor) -> Tensor:
        """w, made shorter where it is too long."""
        length = _length(w, self.axis)
        return w * (ops.clamp(length, low=0.0, high=float(self.max_value)) / (TINY + length))


class MinMaxNorm(Constraint):
    """Every unit's weights brought towards a length from min_value to max_value, by a share of the way."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Tensor) -> Tensor:
        """w, made shorter or longer."""
        length = _length(w, self.axis)
        wanted = ops.clamp(length, low=float(self.min_value), high=float(self.max_value))
        return w * ((self.rate * wanted + (1 - self.rate) * length) / (TINY + length))


def _length(w: Tensor, axis: Any) -> Tensor:
    axes = (axis,) if isinstance(axis, int | np.integer) else tuple(axis)
    return ops.sqrt(ops.square(w).sum(axes, keepdim=True))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
NAMES = {"max_norm": MaxNorm, "non_neg": NonNeg, "unit_norm": UnitNorm, "min_max_norm": MinMaxNorm}


def get(identifier: Any) -> Any:
    """The constraint that a name or a configuration stands for; None and callables are taken as they are."""
    return made_by("constraint", identifier, NAMES)
