"""Rows of a table that whole numbers name, one by one and by the bag."""

from __future__ import annotations

import numpy as np

from glassnet.core import factories, inplace, layout, ops, reductions
from glassnet.core.mode import mode, no_grad
from glassnet.core.naming import called
from glassnet.core.tensor import Tensor, constant
from glassnet.errors import DTypeError, NotSupportedError, ShapeError, ValueRangeError, complain
from glassnet.nn.checks import need_tensors, shape_of


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of weight (entries, size) that input names: (...) -> (..., size).

    The row `padding_idx` gets no gradient. Rows that are named and longer than `max_norm` (by the norm of order
    `norm_type`) are shortened to it first, in the table itself. Raises ValueRangeError for an index outside the table.

    >>> import glassnet as torch
    >>> embedding(torch.tensor([1, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    need_tensors("embedding", input=input, weight=weight)
    _refuse("embedding", scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
    at = _whole("embedding", input)
    if max_norm is not None:
        _shorten_rows(weight, at, max_norm, norm_type)
    y = ops.embedding(weight, at)
    if padding_idx is None:
        return y
    learnt = layout.unsqueeze(ops.ne(at, padding_idx % weight.array.shape[0]), -1)
    return called(ops.where(learnt, y, y.detach()), "EmbeddingBackward0", weight)


def _refuse(call: str, **options: bool) -> None:
    for name, given in options.items():
        if given:
            expected = "expected neither scale_grad_by_freq nor sparse, which glassnet leaves out"
            raise NotSupportedError(complain(f"{call}: got {name}={given}", expected, f"Try without {name}"))


def _whole(call: str, input: Tensor) -> Tensor:
    if input.array.dtype.kind not in "iu":
        got = f"{call}: got indices of {input.dtype}"
        raise DTypeError(complain(got, "expected whole numbers", "Try input.long()"))
    return input if input.array.dtype == np.int64 else ops.cast(input, dtype=np.dtype(np.int64))


_LEAST_LENGTH = 1e-7  # keeps the division defined


@no_grad()
def _shorten_rows(weight: Tensor, at: Tensor, max_norm: float, norm_type: float) -> None:
    """Bring the rows that are named down to max_norm, in place; one that is named twice is written twice, the same."""
    at = ops.reshape(at, shape=(-1,))
    rows = ops.embedding(weight, at)
    if mode.trace is None:
        inplace.setitem(weight, at, rows * _share(rows, max_norm, norm_type))
        return
    # A replay has no way to write to named rows: the whole table is multiplied, by 1 where no row is named.
    ones = factories.ones(at.array.size, dtype=weight.dtype)
    named = ops.gt(ops.scatter_add(ones, at, dim=0, shape=(len(weight.array),)), 0.0)
    share = ops.where(layout.unsqueeze(named, 1), _share(weight, max_norm, norm_type), 1.0)
    weight.copy_(weight * share)


def _share(rows: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """What each row is to be multiplied by so that it is no longer than max_norm."""
    length = reductions.norm(rows, float(norm_type), 1, keepdim=True)
    return ops.where(ops.gt(length, float(max_norm)), float(max_norm) / (length + _LEAST_LENGTH), 1.0)


# ---- bags -----------------------------------------------------------------------------------------------------------

_MODES = ("sum", "mean", "max")


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or largest numbers of the rows of weight that each bag names: (bags, size).

    A bag is a row of input (bags, n), or the stretch of input (n,) that begins at an entry of `offsets` and ends before
    the next (with `include_last_offset` the last entry is the end). Entries equal to `padding_idx` do not count; of an
    empty bag come zeros. `per_sample_weights`, shaped as input, multiply the rows of a sum. Of equal numbers in a
    maximum, the first gets the gradient; in bags made by `offsets` they share it.

    >>> import glassnet as torch
    >>> table = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> embedding_bag(torch.tensor([0, 2, 1]), table, torch.tensor([0, 2]))
    tensor([[3., 4.],
            [3., 4.]])
    """
    need_tensors("embedding_bag", input=input, weight=weight)
    _refuse("embedding_bag", scale_grad_by_freq=scale_grad_by_freq, sparse=sparse)
    _check_bags(input, offsets, mode, per_sample_weights, include_last_offset)
    at = _whole("embedding_bag", input)
    rows = embedding(at, weight, None, max_norm, norm_type)  # (bags, n, size) or (n, size)
    if per_sample_weights is not None:
        rows = rows * layout.unsqueeze(per_sample_weights, -1)
    counted = None if padding_idx is None else ops.ne(at, padding_idx % weight.array.shape[0])
    if offsets is None:
        y = _of_rows(rows, counted, mode)
    else:
        y = _of_stretches(rows, counted, mode, _whole("embedding_bag", offsets))
        y = y[:-1] if include_last_offset else y
    return called(y, "EmbeddingBagBackward0", weight)


def _left_out(rows: Tensor, counted: Tensor | None, value: float) -> Tensor:
    """rows, with a value in those that do not count."""
    return rows if counted is None else ops.where(layout.unsqueeze(counted, -1), rows, value)


def _of_rows(rows: Tensor, counted: Tensor | None, mode: str) -> Tensor:
    """(bags, size) of (bags, n, size)."""
    if mode == "max" and rows.array.shape[1]:
        y = reductions.max(_left_out(rows, counted, -np.inf), 1).values
        return y if counted is None else ops.where(ops.eq(y, -np.inf), 0.0, y)
    total = ops.sum(_left_out(rows, counted, 0.0), dim=(1,), keepdim=False)
    if mode != "mean":
        return total
    if counted is None:
        return total / float(max(rows.array.shape[1], 1))
    return total / ops.maximum(ops.sum(ops.cast(counted, dtype=rows.array.dtype), dim=(1,), keepdim=True), 1.0)


def _of_stretches(rows: Tensor, counted: Tensor | None, mode: str, offsets: Tensor) -> Tensor:
    """(bags, size) of (n, size), where each bag begins at its offset; a replay finds the bags of new offsets."""
    n, size = shape_of(rows)
    bags = len(offsets.array)
    begins = ops.scatter_add(constant(np.ones(bags, np.int64)), offsets, dim=0, shape=(n + 1,))
    bag = ops.cumsum(begins, dim=0)[:n] - 1  # which bag each entry lies in
    if mode == "max":
        spread = ops.expand(layout.unsqueeze(bag, 1), shape=(n, size))
        zeros = constant(np.zeros((bags, size), rows.array.dtype))
        kept = _left_out(rows, counted, -np.inf)
        y = ops.scatter_reduce(zeros, kept, spread, dim=0, reduce="amax", include_self=False)
        return y if counted is None else ops.where(ops.eq(y, -np.inf), 0.0, y)
    total = ops.unpick(_left_out(rows, counted, 0.0), bag, at=([0],), shape=(bags, size))
    if mode == "sum":
        return total
    ones = constant(np.ones(n, rows.array.dtype)) if counted is None else ops.cast(counted, dtype=rows.array.dtype)
    return total / layout.unsqueeze(ops.maximum(ops.unpick(ones, bag, at=([0],), shape=(bags,)), 1.0), 1)


def _check_bags(
    input: Tensor, offsets: Tensor | None, mode: str, weights: Tensor | None, include_last_offset: bool
) -> None:
    """Raise for what does not make bags; of the offsets, what a recorded step saw is looked at."""
    if mode not in _MODES:
        got = f"embedding_bag: got mode={mode!r}"
        raise ValueRangeError(complain(got, "expected 'sum', 'mean' or 'max'", "Try mode='mean'"))
    if weights is not None and (mode != "sum" or weights.array.shape != input.array.shape):
        got = f"embedding_bag: got per_sample_weights of shape {shape_of(weights)} with mode={mode!r}"
        expected = f"expected the shape {shape_of(input)} of the indices, and mode='sum'"
        raise ValueRangeError(complain(got, expected, "Try mode='sum', or torch.ones_like(input).float()"))
    axes = input.array.ndim
    if axes not in (1, 2) or (axes == 1) != (offsets is not None):
        beside = "with" if offsets is not None else "without"
        got = f"embedding_bag: got indices of shape {shape_of(input)} {beside} offsets"
        expected = "expected (n,) with offsets, or (bags, n) without"
        raise ShapeError(complain(got, expected, "Try offsets=torch.tensor([0]) for one bag of them all"))
    if offsets is None:
        return
    starts = offsets.array
    if starts.ndim != 1 or (include_last_offset and not starts.size):
        got = f"embedding_bag: got offsets of shape {starts.shape}"
        raise ShapeError(complain(got, "expected one line of them", "Try offsets.reshape(-1)"))
    if starts.size and (starts[0] != 0 or (starts[1:] < starts[:-1]).any() or starts[-1] > input.array.size):
        got = f"embedding_bag: got offsets from {starts[0]} to {starts[-1]} for {input.array.size} indices"
        expected = f"expected them in order, from 0 to at most {input.array.size}"
        raise ValueRangeError(complain(got, expected, "Try the bags' lengths, with a 0 before, .cumsum(0)[:-1]"))
