"""More of PyTorch's functions that join, cut and pick."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.core import ops
from glassnet.core.dtypes import Size, numpy_dtype
from glassnet.core.into import takes_out
from glassnet.core.kinds import SEQUENCES
from glassnet.core.layout import axis, cat, index_select, numpy_names, permute, where
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, as_tensor_like, constant, wrap
from glassnet.errors import ShapeError, ValueRangeError, complain

__all__ = [
    "argwhere",
    "atleast_1d",
    "atleast_2d",
    "block_diag",
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "column_stack",
    "combinations",
    "diag_embed",
    "diagonal",
    "dstack",
    "fliplr",
    "flipud",
    "hstack",
    "index_copy",
    "index_fill",
    "index_put",
    "movedim",
    "narrow",
    "ravel",
    "repeat_interleave",
    "rot90",
    "select",
    "take_along_dim",
    "tensor_split",
    "tile",
    "tril_indices",
    "triu_indices",
    "unflatten",
    "unfold",
    "vander",
    "vstack",
]


def _count(n: int) -> np.ndarray:
    """0 to n - 1."""
    return np.arange(n, dtype=np.int64)


# ---- joining --------------------------------------------------------------------------------------------------------


def atleast_1d(*tensors: Any) -> Any:
    """The tensor, a single number as a line of one."""
    given = tensors[0] if len(tensors) == 1 else tensors
    if isinstance(given, Tensor):
        return given if given.array.ndim else given.reshape(1)
    return tuple(atleast_1d(t) for t in given)


def atleast_2d(*tensors: Any) -> Any:
    """The tensor, a line as a matrix of one row."""
    given = tensors[0] if len(tensors) == 1 else tensors
    if isinstance(given, Tensor):
        return given if given.array.ndim > 1 else given.unsqueeze(0) if given.array.ndim else given.reshape(1, 1)
    return tuple(atleast_2d(t) for t in given)


@takes_out
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Rows on top of each other; a line is a row.

    >>> import glassnet as torch
    >>> torch.vstack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat(atleast_2d(*tensors) if len(tensors) > 1 else [atleast_2d(tensors[0])], 0)


@takes_out
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side; lines end to end."""
    parts = [atleast_1d(t) for t in tensors]
    return cat(parts, 0 if parts[0].array.ndim == 1 else 1)


@takes_out
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other, along a third axis."""
    parts = [atleast_2d(t) for t in tensors]
    return cat([p.unsqueeze(2) if p.array.ndim == 2 else p for p in parts], 2)


@takes_out
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side; a line is a column."""
    return cat([t.reshape(-1, 1) if t.array.ndim < 2 else t for t in tensors], 1)


def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices along the diagonal, zeros elsewhere."""
    blocks: list[Tensor] = [atleast_2d(t) for t in tensors]
    width = sum(b.array.shape[1] for b in blocks)
    rows: list[Tensor] = []
    left = 0
    for b in blocks:
        w = b.array.shape[1]
        rows.append(ops.pad(b, widths=((0, 0), (left, width - left - w)), value=0))
        left += w
    return cat(rows, 0)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes have together.

    >>> import glassnet as torch
    >>> torch.broadcast_shapes((2, 1), (1, 3))
    torch.Size([2, 3])
    """
    try:
        return Size(np.broadcast_shapes(*shapes))
    except ValueError:
        got = f"broadcast_shapes: got {', '.join(str(tuple(s)) for s in shapes)}"
        expected = "expected sizes that are equal, or 1, counted from the end"
        raise ShapeError(complain(got, expected, "Try an unsqueeze of one of them")) from None


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All of them repeated to their common shape."""
    shape = np.broadcast_shapes(*(t.array.shape for t in tensors))
    return tuple(t.expand(shape) for t in tensors)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every choice of one number from each line, a row each."""
    if len(tensors) == 1:
        return tensors[0]
    places = np.indices([t.array.size for t in tensors]).reshape(len(tensors), -1)
    return cat([t[wrap(p)].reshape(-1, 1) for t, p in zip(tensors, places, strict=True)], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every choice of r numbers of a line, a row each."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(choose(range(input.array.size), r)), np.int64).reshape(-1, r)
    return input[wrap(places)]


@shown_as("RepeatBackward0")
def tile(input: Tensor, *given: Any, dims: Any = None) -> Tensor:
    """The whole tensor repeated along each axis, counted from the last."""
    dims = given if dims is None else (dims,)
    times = dims[0] if len(dims) == 1 and isinstance(dims[0], SEQUENCES) else dims
    return input.repeat(*([1] * (input.array.ndim - len(times))), *times)


@shown_as("ViewBackward0")
@numpy_names
def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Each entry along an axis repeated so many times, in its place.

    >>> import glassnet as torch
    >>> torch.repeat_interleave(torch.tensor([5, 7]), torch.tensor([1, 3]))
    tensor([5, 7, 7, 7])
    """
    x, d = (input.reshape(-1), 0) if dim is None else (input, axis(dim, input.array.ndim))
    times = repeats.read("repeat_interleave") if isinstance(repeats, Tensor) else np.asarray(repeats)
    made = wrap if isinstance(repeats, Tensor) else constant
    return index_select(x, d, made(np.repeat(_count(x.array.shape[d]), times)))


# ---- cutting --------------------------------------------------------------------------------------------------------


@numpy_names
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """A window of the given length along one axis."""
    d, first = axis(dim, input.array.ndim), int(start)
    n = input.array.shape[d]
    first += n if first < 0 else 0
    if not 0 <= first <= first + length <= n:
        got = f"narrow: got start={start}, length={length}"
        raise ValueRangeError(complain(got, f"expected them within 0 and {n}, the length of axis {dim}", "Try 0, 1"))
    return input[(slice(None),) * d + (slice(first, first + length),)]


@numpy_names
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One slice along an axis, without the axis."""
    return input[(slice(None),) * axis(dim, input.array.ndim) + (int(index),)]


@numpy_names
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """So many pieces of as equal a size as can be, or pieces that end before the given indices."""
    d = axis(dim, input.array.ndim)
    n, cuts = input.array.shape[d], indices_or_sections
    if isinstance(cuts, int):
        small, more = divmod(n, cuts)
        ends = list(itertools.accumulate(small + (i < more) for i in range(cuts)))
    else:
        ends = [*(int(c) for c in cuts), n]
    lead = (slice(None),) * d
    return tuple(input[(*lead, slice(a, b))] for a, b in itertools.pairwise([0, *ends]))


def ravel(input: Tensor) -> Tensor:
    """All numbers on one line."""
    return input.reshape(-1)


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One axis cut into several."""
    d = axis(dim, input.array.ndim)
    known = math.prod(n for n in sizes if n != -1)
    parts = [input.array.shape[d] // known if n == -1 else n for n in sizes]
    if math.prod(parts) != input.array.shape[d]:
        got = f"unflatten: got sizes {tuple(sizes)} for axis {dim} of length {input.array.shape[d]}"
        raise ShapeError(complain(got, "expected sizes whose product is that length", "Try -1 for one of them"))
    return input.reshape(*input.array.shape[:d], *parts, *input.array.shape[d + 1 :])


@shown_as("UnfoldBackward0")
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Every window of a size along one axis, step apart, along a new last axis: a view.

    >>> import glassnet as torch
    >>> torch.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    d = axis(dimension, input.array.ndim)
    if not (0 <= size <= input.array.shape[d] and step > 0):
        got = f"unfold: got size={size}, step={step}"
        expected = f"expected at most {input.array.shape[d]}, the length of axis {dimension}, and a step of 1 or more"
        raise ValueRangeError(complain(got, expected, "Try size=1, step=1"))
    return ops.slide(input, dim=d, size=size, step=step)


# ---- turning --------------------------------------------------------------------------------------------------------


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places; the rest keep their order."""
    n = input.array.ndim
    places = (
        (source,) if isinstance(source, int) else source,
        (destination,) if isinstance(destination, int) else destination,
    )
    moved, to = ([axis(d, n) for d in dims] for dims in places)
    order = [d for d in range(n) if d not in moved]
    for place, d in sorted(zip(to, moved, strict=True)):
        order.insert(place, d)
    return permute(input, order)


def fliplr(input: Tensor) -> Tensor:
    """Left and right exchanged."""
    return input.flip(1)


def flipud(input: Tensor) -> Tensor:
    """Up and down exchanged."""
    return input.flip(0)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by k quarters from the first axis towards the second."""
    a, b = (axis(d, input.array.ndim) for d in dims)
    for _ in range(k % 4):
        input = input.transpose(a, b).flip(a)
    return input


@shown_as("DiagonalBackward0")
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two axes, along a new last axis: a view, so that `a.diagonal().add_(1)` changes a."""
    return ops.diagonal(movedim(input, (dim1, dim2), (-2, -1)), offset=offset)


@shown_as("DiagEmbedBackward0")
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Each line along the last axis as the diagonal of a matrix, whose rows and columns are axes dim1 and dim2."""
    n = input.array.shape[-1] + abs(offset)
    here = np.eye(n, n, offset, dtype=input.array.dtype)
    if offset < 0:
        padded = ops.pad(input, widths=((0, 0),) * (input.array.ndim - 1) + ((-offset, 0),), value=0)
    else:
        padded = ops.pad(input, widths=((0, 0),) * (input.array.ndim - 1) + ((0, offset),), value=0)
    made = padded.unsqueeze(-1) * constant(here)
    return made if (dim1, dim2) == (-2, -1) else movedim(made, (-2, -1), (dim1, dim2))


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The places of the lower triangle, as (2, n)."""
    return wrap(np.stack(np.tril_indices(row, offset, col)).astype(np.int64 if dtype is None else numpy_dtype(dtype)))


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """The places of the upper triangle, as (2, n)."""
    return wrap(np.stack(np.triu_indices(row, offset, col)).astype(np.int64 if dtype is None else numpy_dtype(dtype)))


def vander(x: Tensor, N: int | None = None, *, increasing: bool = False) -> Tensor:
    """Each number's powers, a row each, from the highest to 0."""
    n = x.array.size if N is None else N
    powers = wrap(np.arange(n) if increasing else np.arange(n)[::-1].copy())
    return ops.pow(x.unsqueeze(-1), powers.to(x.dtype))


# ---- picking and putting --------------------------------------------------------------------------------------------


def argwhere(input: Tensor) -> Tensor:
    """The places of the numbers that are not zero, one row each."""
    return input.nonzero()


@takes_out
@shown_as("GatherBackward0")
@numpy_names
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """The entries that indices name along one axis; other axes are matched."""
    x, at = (input.reshape(-1), indices.reshape(-1)) if dim is None else (input, indices)
    d = axis(0 if dim is None else dim, x.array.ndim)
    shape = list(np.broadcast_shapes(_without(x, d), _without(at, d)))
    return x.expand(_with(shape, d, x)).gather(d, at.expand(_with(shape, d, at)))


def _without(x: Tensor, d: int) -> tuple[int, ...]:
    return (*x.array.shape[:d], 1, *x.array.shape[d + 1 :])


def _with(shape: list[int], d: int, x: Tensor) -> tuple[int, ...]:
    return (*shape[:d], x.array.shape[d], *shape[d + 1 :])


def _hit(input: Tensor, d: int, index: Tensor) -> Tensor:
    """A mask of the slices that index names along axis d."""
    named = ops.scatter_add(
        wrap(np.ones(index.array.shape, np.float32)), index.reshape(-1), dim=0, shape=(input.array.shape[d],)
    )
    return ops.ne(named, 0.0).reshape([-1 if i == d else 1 for i in range(input.array.ndim)])


@shown_as("IndexFillBackward0")
@numpy_names
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """input with a value in the slices that index names along one axis."""
    return where(_hit(input, axis(dim, input.array.ndim), index), as_tensor_like(value, input), input)


@takes_out
@shown_as("IndexCopyBackward0")
@numpy_names
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """input with the slices of source in the places that index names along one axis."""
    d = axis(dim, input.array.ndim)
    at = (slice(None),) * d + ([0],)
    put = ops.unpick(source, index, at=at, shape=tuple(input.array.shape))
    return where(_hit(input, d, index), put, input)


@shown_as("IndexPutBackward0")
def index_put(input: Tensor, indices: Sequence[Tensor], values: Any, accumulate: bool = False) -> Tensor:
    """input with values in the places that indices name; accumulate adds them up there."""
    y = input.clone()
    at = tuple(indices)
    if not accumulate:
        y[at] = values
        return y
    picked = y[at]
    source = as_tensor_like(values, input).expand(picked.array.shape)
    masks = [i for i in at if i.array.dtype.kind == "b"]
    if masks:
        at = tuple(j for i in at for j in ((wrap(n) for n in np.nonzero(i.read("index_put"))) if i in masks else (i,)))
    spots = tuple([i] for i in range(len(at)))
    return input + ops.unpick(source, *at, at=spots, shape=tuple(input.array.shape))
