"""The derivative along each edge, by the rules that train: with 1 for the slope of the result they are the local ones."""

from __future__ import annotations

import numpy as np

from glassnet.core import ops, tape
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, wrap

_LARGEST = 1024  # numbers of a local derivative that is a matrix


def flow_back(y: Tensor, i: int, upstream: Tensor) -> np.ndarray | None:
    """What comes back to operand i of y when `upstream` arrives at y; None where nothing flows."""
    inputs = tape.inputs_of(y)
    rule = y.op.rule(i) if y.op is not None and inputs[i].needs_grad and y.op.vjp else None
    if rule is None:
        return None
    with no_grad():
        return np.asarray(rule(upstream, y, *inputs, **y.attrs).array)


def local_slope(y: Tensor, i: int) -> np.ndarray | None:
    """The derivative of y along its operand i, in the form that `GraphEdge.local` has."""
    x = tape.inputs_of(y)[i]
    assert y.op is not None
    if y.array.size == 1 or (y.op.elementwise and x.array.shape == y.array.shape):
        slope = flow_back(y, i, _ones(y))
        single = slope is not None and slope.size == y.array.size == 1
        return slope.reshape(()) if single and slope is not None else slope
    if y.array.size * x.array.size > _LARGEST:
        return None
    return jacobian(y, i)


def jacobian(y: Tensor, i: int) -> np.ndarray | None:
    """Every number of y along every number of its operand i: `y.shape + x.shape`."""
    rows: list[np.ndarray] = []
    for k in range(y.array.size):
        seed = np.zeros(y.array.size, y.array.dtype)
        seed[k] = 1
        row = flow_back(y, i, wrap(seed.reshape(y.array.shape)))
        if row is None:
            return None
        rows.append(row)
    shape = (*y.array.shape, *tape.inputs_of(y)[i].array.shape)
    return np.array(rows).reshape(shape)


def _ones(y: Tensor) -> Tensor:
    return ops.full(shape=tuple(y.array.shape), value=1.0, dtype=y.array.dtype)
