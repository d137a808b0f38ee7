"""The derivative along each edge, by the rules that train: given a slope of 1 they are the local ones."""

from __future__ import annotations

import numpy as np

from glassnet.core import ops, tape
from glassnet.core.mode import no_grad, recording
from glassnet.core.tensor import Tensor, wrap
from glassnet.read.elements import Reader
from glassnet.read.labels import Labels
from glassnet.read.story import Node, Story
from glassnet.read.text import formula_text

_LARGEST = 1024  # numbers of a local derivative that is a matrix
_LONGEST = 60  # letters of a formula


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


def slope_formula(story: Story, labels: Labels, node: Node, place: int) -> str:
    """The local derivative in symbols, read off the tape of its rule, such as ŷ·(1 − ŷ) for a sigmoid ŷ.

    Empty where its formula is longer than a line.
    """
    y, rule = node.tensor, node.op.rule(place) if node.op is not None and node.op.vjp else None
    if rule is None:
        return ""
    with recording() as trace, no_grad():
        slope = rule(_ones(y), y, *tape.inputs_of(y), **y.attrs)
    story.tell(list(trace.nodes), {})
    words = formula_text(Reader(labels).whole(story.node(slope)), "symbols")
    if node.op is not None and node.op.name in ("linear", "matmul"):
        words = words.removeprefix("1ᵀ ").removeprefix("1 ").removesuffix(" 1")  # the slope that it was given
    return words if len(words) <= _LONGEST and words.isprintable() else ""


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
