"""PyTorch's functions that put a tensor's numbers into another: a copy of the one, with the other in its places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core import ops, windows
from glassnet.core.arranging import atleast_2d, diagonal, tensor_split
from glassnet.core.into import takes_out
from glassnet.core.layout import axis, diag, split, where
from glassnet.core.naming import called, shown_as
from glassnet.core.tensor import Tensor, constant, wrap
from glassnet.errors import NotSupportedError, ShapeError, ValueRangeError, complain

__all__ = [
    "as_strided",
    "atleast_3d",
    "diagflat",
    "diagonal_scatter",
    "dsplit",
    "hsplit",
    "index_reduce",
    "masked_scatter",
    "scatter_reduce",
    "select_scatter",
    "slice_scatter",
    "split_with_sizes",
    "unravel_index",
    "vsplit",
]


# ---- a copy with other numbers in some places ---------------------------------------------------------------------


@takes_out
@shown_as("SliceScatterBackward0")
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of input with src in place of the slice start:end:step along one axis.

    >>> import glassnet as torch
    >>> torch.slice_scatter(torch.zeros(4), torch.ones(2), start=1, end=3)
    tensor([0., 1., 1., 0.])
    """
    at = (slice(None),) * axis(dim, input.array.ndim) + (slice(start, end, step),)
    return _with(input, src, lambda y: y[at])


@shown_as("SelectScatterBackward0")
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of input with src in place of one slice along an axis."""
    at = (slice(None),) * axis(dim, input.array.ndim) + (int(index),)
    return _with(input, src, lambda y: y[at])


@shown_as("DiagonalScatterBackward0")
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of input with src on a diagonal."""
    return _with(input, src, lambda y: diagonal(y, offset, dim1, dim2))


def _with(input: Tensor, src: Tensor, window: Callable[[Tensor], Tensor]) -> Tensor:
    y = ops.copy(input)
    place = window(y)
    if place.array.shape != src.array.shape:
        got = f"got a source of shape {tuple(src.shape)} for a place of shape {tuple(place.shape)}"
        raise ShapeError(complain(got, "expected the same shape", "Try .expand or .reshape"))
    if not np.may_share_memory(place.array, y.array):  # a choice of places, which a change would not reach
        return windows.stored(y, window(wrap(np.arange(y.array.size).reshape(y.array.shape))), src)
    place.copy_(src)
    return y


@shown_as("MaskedScatterBackward0")
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy of input with the first numbers of source, in order, where the mask holds.

    >>> import glassnet as torch
    >>> torch.zeros(4).masked_scatter(torch.tensor([True, False, True, False]), torch.tensor([5.0, 6.0, 7.0]))
    tensor([5., 0., 6., 0.])
    """
    holds = np.broadcast_to(mask.read("masked_scatter"), np.broadcast_shapes(mask.array.shape, input.array.shape))
    count = int(np.count_nonzero(holds))
    if source.array.size < count:
        got = f"masked_scatter: got {source.array.size} numbers for {count} places"
        raise ShapeError(complain(got, f"expected at least {count}", "Try a mask with fewer places"))
    places = np.maximum(np.cumsum(holds) - 1, 0).reshape(holds.shape)  # which number of the source comes next
    if not count:
        return ops.copy(input)
    return where(wrap(holds.copy()), source.reshape(-1)[wrap(places)], input)


@takes_out
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """The numbers of src that index sends to the same place, reduced to one: "sum", "mean", "prod", "amax" or "amin".

    `include_self` reduces what stood there before with them. Ties for an extreme share its gradient equally.

    >>> import glassnet as torch
    >>> torch.zeros(2).scatter_reduce(0, torch.tensor([0, 1, 1]), torch.tensor([5.0, 6.0, 8.0]), "sum")
    tensor([ 5., 14.])
    """
    if reduce not in ("sum", "mean", *_EXTREMES_AND_PRODUCTS):
        got = f"scatter_reduce: got reduce={reduce!r}"
        raise ValueRangeError(complain(got, "expected 'sum', 'mean', 'prod', 'amax' or 'amin'", "Try 'sum'"))
    d = axis(dim, input.array.ndim)
    part = src if src.array.shape == index.array.shape else src[tuple(slice(0, n) for n in index.array.shape)]
    if reduce in _EXTREMES_AND_PRODUCTS:
        return ops.scatter_reduce(input, part, index, dim=d, reduce=reduce, include_self=include_self)
    shape = tuple(input.array.shape)
    hits = ops.scatter_add(constant(np.ones(index.array.shape, input.array.dtype)), index, dim=d, shape=shape)
    before = input if include_self else where(ops.gt(hits, 0), 0.0, input)
    total = before + ops.scatter_add(part, index, dim=d, shape=shape)
    if reduce == "mean":
        count = hits + 1 if include_self else ops.maximum(hits, 1)
        total = total / count if input.array.dtype.kind == "f" else ops.floor_divide(total, count)
    return called(total, "ScatterReduceBackward0", input, src)


_EXTREMES_AND_PRODUCTS = ("prod", "amax", "amin")


@takes_out
@shown_as("IndexReduceBackward0")
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """The slices of source that index sends to the same place along one axis, reduced to one with what stood there.

    `reduce` is "mean", "prod", "amax" or "amin".

    >>> import glassnet as torch
    >>> torch.ones(2).index_reduce(0, torch.tensor([0, 1, 1]), torch.tensor([5.0, 6.0, 8.0]), "prod")
    tensor([ 5., 48.])
    """
    if reduce not in ("mean", *_EXTREMES_AND_PRODUCTS):
        got = f"index_reduce: got reduce={reduce!r}"
        hint = "Try index_add for a sum" if reduce == "sum" else "Try 'mean'"
        raise ValueRangeError(complain(got, "expected 'mean', 'prod', 'amax' or 'amin'", hint))
    d = axis(dim, input.array.ndim)
    spread = index.reshape([-1 if i == d else 1 for i in range(input.array.ndim)]).expand(source.array.shape)
    return scatter_reduce(input, d, spread, source, reduce, include_self=include_self)


@shown_as("AsStridedBackward0")
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The numbers of a tensor in memory order, read in steps of `stride` as another shape: a view.

    Raises NotSupportedError for a tensor that is not laid out row by row, ValueRangeError for places beyond it.

    >>> import glassnet as torch
    >>> torch.arange(5).as_strided((3, 3), (1, 1))
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    sizes, steps = tuple(int(n) for n in size), tuple(int(n) for n in stride)
    if not input.array.flags.c_contiguous:
        got = f"as_strided: got a tensor of strides {input.stride()}"
        raise NotSupportedError(complain(got, "expected one laid out row by row", "Try .contiguous() first"))
    start = 0 if storage_offset is None else storage_offset - input.storage_offset()
    last = start + sum((n - 1) * s for n, s in zip(sizes, steps, strict=True))
    inside = start >= 0 and min(steps, default=0) >= 0 and (0 in sizes or last < input.array.size)
    if not inside:
        got = f"as_strided: got places {start} to {last} in a tensor of {input.array.size} numbers"
        raise ValueRangeError(complain(got, "expected places within it", "Try a smaller size or stride"))
    return ops.strided(input, size=sizes, stride=steps, start=start)


# ---- cutting, widening --------------------------------------------------------------------------------------------


def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes."""
    return split(input, list(split_sizes), dim)


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Side by side pieces: so many of equal size, or cut before the given columns."""
    return _equal(input, indices_or_sections, 0 if input.array.ndim == 1 else 1)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces on top of each other: so many of equal size, or cut before the given rows.

    >>> import glassnet as torch
    >>> torch.vsplit(torch.arange(4).reshape(2, 2), 2)
    (tensor([[0, 1]]), tensor([[2, 3]]))
    """
    return _equal(input, indices_or_sections, 0)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along the third axis."""
    return _equal(input, indices_or_sections, 2)


def _equal(input: Tensor, parts: Any, d: int) -> tuple[Tensor, ...]:
    length = input.array.shape[axis(d, input.array.ndim)]
    if isinstance(parts, int) and (parts < 1 or length % parts):
        got = f"split: got {parts} pieces of {length} entries"
        raise ValueRangeError(complain(got, "expected pieces of equal size", "Try tensor_split"))
    return tensor_split(input, parts, d)


def atleast_3d(*tensors: Any) -> Any:
    """The tensor with three axes or more: a line lies along the second, a matrix along the first two."""
    given = tensors[0] if len(tensors) == 1 else tensors
    if isinstance(given, Tensor):
        return given if given.array.ndim > 2 else atleast_2d(given).unsqueeze(2)
    return tuple(atleast_3d(t) for t in given)


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """All numbers, on one line, as the diagonal of a matrix."""
    return diag(input.reshape(-1), offset)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The row, column, … of places that are counted row by row.

    >>> import glassnet as torch
    >>> torch.unravel_index(torch.tensor([4, 5]), (2, 3))
    (tensor([1, 1]), tensor([1, 2]))
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    try:
        return tuple(wrap(np.asarray(i)) for i in np.unravel_index(indices.read("unravel_index"), sizes))
    except ValueError:
        got = f"unravel_index: got places up to {indices.array.max()} in a shape of {sizes}"
        raise ValueRangeError(complain(got, "expected fewer than the product of the sizes", "Try a clamp")) from None
