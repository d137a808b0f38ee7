"""PyTorch's functions that move numbers about: other shapes, joins, cuts, and picking by index."""

from __future__ import annotations

import builtins
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.core import dtypes, ops, shapes
from glassnet.core.into import into, takes_out
from glassnet.core.kinds import ARRAYS, SEQUENCES, TUPLES, WORDS
from glassnet.core.mode import mode
from glassnet.core.naming import called, shown_as
from glassnet.core.tensor import Tensor, as_tensor_like, constant, wrap
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


def axis(dim: int, ndim: int) -> int:
    """A possibly negative axis as one from 0 to ndim - 1."""
    if not -builtins.max(ndim, 1) <= dim < builtins.max(ndim, 1):
        raise ValueRangeError(
            f"got dim={dim} for {ndim} {'axis' if ndim == 1 else 'axes'}; expected {-ndim} to {ndim - 1}. Try "
            f"dim={ndim - 1}."
        )
    return dim % builtins.max(ndim, 1)


def numpy_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which now takes NumPy's `axis` and `keepdims` for `dim` and `keepdim`, as PyTorch's do."""

    @functools.wraps(function)
    def either(*args: Any, **kwargs: Any) -> Any:
        if "axis" in kwargs:
            kwargs["dim"] = kwargs.pop("axis")
        if "keepdims" in kwargs:
            kwargs["keepdim"] = kwargs.pop("keepdims")
        return function(*args, **kwargs)

    return either


def axes(dim: Any, x: Tensor) -> tuple[int, ...] | None:
    """The axes a reduction runs over, ordered; None for all."""
    if dim is None or (isinstance(dim, SEQUENCES) and not dim):
        return None
    if x.array.ndim == 0:
        return None
    return tuple(sorted({axis(d, x.array.ndim) for d in (dim if isinstance(dim, SEQUENCES) else (dim,))}))


@takes_out
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """input where condition holds, else other; with the condition alone, the places where it holds."""
    if input is None:
        return tuple(nonzero(condition).unbind(1))
    if condition.dtype not in (dtypes.bool, dtypes.uint8):
        raise DTypeError(
            complain(
                f"where: got a condition of {condition.dtype}",
                "expected a boolean tensor, True where input is taken",
                "Try a comparison such as condition != 0",
            )
        )
    a, b = (as_tensor_like(v, next((t for t in (input, other) if isinstance(t, Tensor)), None)) for v in (input, other))
    if a.array.dtype != b.array.dtype:
        common = dtypes.promote([a.array, b.array])
        a, b = (t if t.array.dtype == common else ops.cast(t, dtype=common) for t in (a, b))
    return ops.where(condition if condition.array.dtype.kind == "b" else ops.ne(condition, 0), a, b)


@takes_out
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the numbers that are not zero, one row each; or one tensor per axis (as_tuple)."""
    places = np.nonzero(input.read("nonzero")) if input.array.ndim else np.nonzero(input.read("nonzero").reshape(1))
    if as_tuple:
        return tuple(wrap(p) for p in places)
    return wrap(np.stack(places, 1)[:, : input.array.ndim])


# ---- shape --------------------------------------------------------------------------------------------------------


def _shape(shape: tuple[Any, ...], named: Any = None) -> tuple[int, ...]:
    """Sizes or axes, given one by one, in one tuple, or by their keyword."""
    shape = shape if named is None else (named,)
    given = shape[0] if len(shape) == 1 and isinstance(shape[0], SEQUENCES) else shape
    return shapes.sizes(given)


def reshape(input: Tensor, *given: Any, shape: Any = None) -> Tensor:
    """The same numbers in another shape; one size may be -1."""
    y = ops.reshape(input, shape=_shape(given, shape))
    if not input.array.flags.c_contiguous and not np.may_share_memory(y.array, input.array):
        called(y, "UnsafeViewBackward0", input)
    return y


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start_dim to end_dim joined into one."""
    n = input.array.ndim
    if n == 0:
        return input.reshape(1)
    a, b = axis(start_dim, n), axis(end_dim, n)
    s = input.array.shape
    if a == b:
        return input
    return ops.reshape(input, shape=(*s[:a], math.prod(s[a : b + 1]), *s[b + 1 :]))


@numpy_names
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without axes of length 1 (all of them, or the named ones)."""
    over = axes(dim, input) if dim is not None else tuple(range(input.array.ndim))
    y = ops.reshape(input, shape=tuple(n for i, n in enumerate(input.array.shape) if n != 1 or i not in (over or ())))
    return called(y, f"SqueezeBackward{int(dim is not None)}", input)


@shown_as("UnsqueezeBackward0")
@numpy_names
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of length 1 at dim."""
    d = axis(dim, input.array.ndim + 1)
    return ops.reshape(input, shape=(*input.array.shape[:d], 1, *input.array.shape[d:]))


def permute(input: Tensor, *given: Any, dims: Any = None) -> Tensor:
    """The axes in another order."""
    return ops.permute(input, dims=tuple(axis(d, input.array.ndim) for d in _shape(given, dims)))


@shown_as("TransposeBackward0")
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged."""
    n = input.array.ndim
    order = list(range(n))
    a, b = axis(dim0, n), axis(dim1, n)
    order[a], order[b] = order[b], order[a]
    return ops.permute(input, dims=tuple(order))


@shown_as("TBackward0")
def t(input: Tensor) -> Tensor:
    """A matrix turned on its side."""
    if input.array.ndim > 2:
        got = f"t(): got a tensor of {input.array.ndim} axes"
        raise ShapeError(complain(got, "expected at most 2", "Try .transpose(-2, -1)"))
    return ops.permute(input, dims=tuple(range(input.array.ndim))[::-1])


def expand(input: Tensor, *given: Any, size: Any = None) -> Tensor:
    """Axes of length 1 repeated to the given sizes; -1 keeps one as it is."""
    want = _at_least(input, _shape(given, size), "expand")
    have = (1,) * (len(want) - input.array.ndim) + input.array.shape
    return ops.expand(input, shape=tuple(h if w == -1 else w for w, h in zip(want, have, strict=True)))


def broadcast_to(input: Tensor, shape: Any) -> Tensor:
    """The tensor repeated to that shape."""
    return expand(input, *shape)


@shown_as("RepeatBackward0")
def repeat(input: Tensor, *given: Any, repeats: Any = None) -> Tensor:
    """The whole tensor repeated along each axis."""
    times = _at_least(input, _shape(given, repeats), "repeat")
    y = input.reshape((1,) * (len(times) - input.array.ndim) + input.array.shape)
    for i, n in enumerate(times):
        y = cat([y] * n, i) if n > 1 else ops.window(y, index=(slice(None),) * i + (slice(0, n),)) if n == 0 else y
    return y


def _at_least(input: Tensor, sizes: tuple[int, ...], name: str) -> tuple[int, ...]:
    """The sizes, if there is one for every axis."""
    if len(sizes) < input.array.ndim:
        got = f"{name}: got {len(sizes)} sizes {sizes} for a tensor of shape {input.array.shape}"
        hint = f"Try {name}{(1,) * (input.array.ndim - len(sizes)) + sizes}"
        raise ShapeError(complain(got, f"expected at least {input.array.ndim}, one for every axis", hint))
    return sizes


def _some(tensors: Sequence[Tensor], name: str) -> Sequence[Tensor]:
    """The tensors, if there are any."""
    if isinstance(tensors, Tensor) or len(tensors) == 0:
        got = f"{name}: got {'one tensor' if isinstance(tensors, Tensor) else 'an empty list'}"
        raise ShapeError(complain(got, "expected a list of at least one tensor", f"Try {name}([a, b])"))
    return tensors


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors end to end along an existing axis."""
    if out is not None:
        return into(out, cat(tensors, dim))
    tensors = [x for x in _some(tensors, "cat") if x.array.shape != (0,)] or list(tensors)
    common = dtypes.promote([x.array for x in tensors])
    same = [x if x.array.dtype == common else ops.cast(x, dtype=common) for x in tensors]
    return ops.concat(*same, dim=axis(dim, same[0].array.ndim))


@shown_as("StackBackward0")
@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The tensors along a new axis."""
    if out is not None:
        return into(out, stack(tensors, dim))
    first = _some(tensors, "stack")[0].array
    for x in tensors:
        if x.array.shape != first.shape:
            got = f"stack: got shapes {first.shape} and {x.array.shape}"
            hint = "Try torch.cat, for pieces of different length"
            raise ShapeError(complain(got, "expected tensors of one shape", hint))
    return cat([unsqueeze(x, dim) for x in tensors], axis(dim, first.ndim + 1))


@shown_as("SplitBackward0")
@numpy_names
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given size (the last may be shorter) or sizes."""
    d = axis(dim, tensor.array.ndim)
    n, size = tensor.array.shape[d], split_size_or_sections
    if not isinstance(size, SEQUENCES) and size <= 0:
        raise ValueRangeError(complain(f"split: got pieces of size {size}", "expected 1 or more", f"Try {n or 1}"))
    sizes = list(size) if isinstance(size, SEQUENCES) else [builtins.min(size, n - i) for i in range(0, n, size)] or [0]
    if builtins.sum(sizes) != n:
        raise ShapeError(
            f"split: got sizes {sizes} (together {builtins.sum(sizes)}); expected them to add up to {n}, the length "
            f"of axis {dim}. Try other sizes."
        )
    ends = np.cumsum([0, *sizes]).tolist()
    return tuple(ops.window(tensor, index=(slice(None),) * d + (slice(a, b),)) for a, b in itertools.pairwise(ends))


@shown_as("SplitBackward0")
@numpy_names
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most that many pieces of equal size (the last may be shorter)."""
    if chunks <= 0:
        raise ValueRangeError(complain(f"chunk: got {chunks} chunks", "expected 1 or more", "Try 2"))
    if not input.array.shape[dim]:
        return (input,) * chunks
    return split(input, -(-input.array.shape[dim] // chunks), dim)


@shown_as("UnbindBackward0")
@numpy_names
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along one axis."""
    d = axis(dim, input.array.ndim)
    return tuple(ops.window(input, index=(slice(None),) * d + (i,)) for i in range(input.array.shape[d]))


def flip(input: Tensor, *given: Any, dims: Any = None) -> Tensor:
    """Back to front along the given axes."""
    return ops.flip(input, dims=tuple(axis(d, input.array.ndim) for d in _shape(given, dims)))


@shown_as("RollBackward0")
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Shifted round along one axis, or along several, each by its own number of places."""
    if isinstance(dims, SEQUENCES):
        for shift, dim in zip(shifts if isinstance(shifts, SEQUENCES) else [shifts], dims, strict=True):
            input = roll(input, shift, dim)
        return input
    x = input.reshape(-1) if dims is None else input
    d = 0 if dims is None else axis(dims, x.array.ndim)
    k = shifts % builtins.max(x.array.shape[d], 1)
    n = x.array.shape[d]
    y = cat(list(reversed(split(x, [n - k, k], d))), d)
    return y.reshape(input.array.shape)


@takes_out
@shown_as("TrilBackward0")
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle, zeros above."""
    return _keep(input, np.tril(np.ones(input.array.shape, bool), diagonal))


@takes_out
@shown_as("TriuBackward0")
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle, zeros below."""
    return _keep(input, np.triu(np.ones(input.array.shape, bool), diagonal))


def _keep(input: Tensor, mask: np.ndarray) -> Tensor:
    """input where the mask holds, else 0; a product would make NaN of infinities that are not kept."""
    return ops.where(constant(mask), input, constant(np.zeros((), input.array.dtype)))


@takes_out
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A vector as a diagonal matrix, or the diagonal of a matrix."""
    if input.array.ndim == 2:
        y = ops.pick(input, *_on_diagonal(len(np.diagonal(input.array, diagonal)), diagonal), at=([0], [1]))
        return called(y, "DiagonalBackward0_copy", input)
    n = input.array.size + builtins.abs(diagonal)
    y = ops.unpick(input, *_on_diagonal(input.array.size, diagonal), at=([0], [1]), shape=(n, n))
    return called(y, "DiagEmbedBackward0", input)


def _on_diagonal(count: int, diagonal: int) -> tuple[Tensor, Tensor]:
    """The rows and the columns of so many places on a diagonal."""
    places = np.arange(count)
    return constant(places + builtins.max(-diagonal, 0)), constant(places + builtins.max(diagonal, 0))


# ---- picking ------------------------------------------------------------------------------------------------------


def getitem(input: Tensor, index: Any) -> Tensor:
    """input[index]: a window for slices and whole numbers, a copy for tensors of indices and masks."""
    parts = index if isinstance(index, TUPLES) else (index,)
    if builtins.all(
        isinstance(i, slice | int | np.integer | type(None) | type(...)) and not isinstance(i, bool) for i in parts
    ):
        return ops.window(input, index=parts)
    at: list[Any] = []
    indices: list[Tensor] = []
    _check_masks(input, parts)
    for part in parts:
        for spot in _index_arrays(part):
            at.append([len(indices)] if isinstance(spot, Tensor) else spot)
            indices += [spot] if isinstance(spot, Tensor) else []
    return ops.pick(input, *indices, at=tuple(at))


def _check_masks(input: Tensor, parts: Sequence[Any]) -> None:
    """A mask must cover the axes that it stands for, neither more nor less."""
    masks = [p for p in parts if isinstance(p, Tensor) and p.array.dtype.kind == "b"]
    if len(masks) == 1 and len(parts) == 1 and masks[0].array.shape != input.array.shape[: masks[0].array.ndim]:
        got = f"got a mask of shape {masks[0].array.shape} for a tensor of shape {input.array.shape}"
        expected = f"expected {input.array.shape[: masks[0].array.ndim]}, the same length along every axis it covers"
        raise ShapeError(complain(got, expected, "Try a comparison of the tensor itself, such as x[x > 0]"))


def _index_arrays(part: Any) -> list[Any]:
    """One entry of an index; a mask becomes the places where it holds."""
    if isinstance(part, SEQUENCES) and not isinstance(part, WORDS):
        numbers = [int(p) if isinstance(p, Tensor) else p for p in part]
        part = wrap(np.asarray(numbers, None if numbers else np.int64))
    if isinstance(part, ARRAYS):
        part = wrap(part)
    if not isinstance(part, Tensor):
        return [part]
    if (
        part.array.dtype.kind == "b" or part.array.dtype == np.uint8
    ):  # PyTorch takes bytes for a mask, as its first versions had them
        if mode.trace is not None:
            mode.trace.stop("a mask picks a number of entries that depends on the data")
        return [wrap(i) for i in np.nonzero(part.array)]
    if part.array.dtype.kind == "f":
        raise DTypeError(f"got {part.dtype} numbers as an index; expected integers or a mask. Try index.long().")
    return [part if part.array.dtype == np.int64 else ops.cast(part, dtype=np.dtype(np.int64))]


@takes_out
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """y[i][j] = input[i][index[i][j]] for dim = 1."""
    return ops.gather(input, index, dim=axis(dim, input.array.ndim))


@takes_out
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """input with src added where index points along one axis."""
    d = axis(dim, input.array.ndim)
    placed = ops.scatter_add(_corner(src, index), index, dim=d, shape=tuple(input.array.shape))
    return called(input + placed, "ScatterAddBackward0", input, src)


def _corner(src: Tensor, index: Tensor) -> Tensor:
    """The part of src that index has places for."""
    want = index.array.shape
    return src if src.array.shape == want else getitem(src, tuple(slice(0, n) for n in want))


@takes_out
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, value: Any = None, *, reduce: str | None = None
) -> Tensor:
    """input with src (a tensor, or a value) in the places where index points along one axis.

    With `reduce`, "add" or "multiply", src is added to what stands there, or multiplied with it.
    """
    src = value if src is None else src
    if reduce is not None:
        return _scattered_with(input, dim, index, src, reduce)
    if not index.array.size:
        return called(ops.copy(input), "ScatterBackward0", input)
    d = axis(dim, input.array.ndim)
    shape = tuple(input.array.shape)
    hit = ops.scatter_add(wrap(np.ones(index.array.shape, input.array.dtype)), index, dim=d, shape=shape)
    placed = take(_corner(src, index), _latest(index, d, shape)) if isinstance(src, Tensor) else src
    return called(where(ops.eq(hit, 0), input, placed), "ScatterBackward0", input)


def _scattered_with(input: Tensor, dim: int, index: Tensor, src: Any, reduce: str) -> Tensor:
    if reduce not in ("add", "multiply"):
        got = f"scatter: got reduce={reduce!r}"
        raise ValueRangeError(complain(got, "expected 'add' or 'multiply'", "Try scatter_reduce for others"))
    if not isinstance(src, Tensor):
        src = wrap(np.full(index.array.shape, src, input.array.dtype))
    if reduce == "add":
        return scatter_add(input, dim, index, src)
    return input.scatter_reduce(dim, index, src, "prod")  # type: ignore[attr-defined]


def _latest(index: Tensor, d: int, shape: tuple[int, ...]) -> Tensor:
    """Which entry of index, counted row by row, is the last to name each place."""
    spots: list[Any] = [*np.ix_(*map(np.arange, index.array.shape))]
    spots[d] = index.read("scatter of a tensor")
    number = np.arange(index.array.size).reshape(index.array.shape)
    winner = np.zeros(shape, np.int64)
    winner[tuple(spots)] = number
    return wrap(winner)


@takes_out
@shown_as("IndexSelectBackward0")
@numpy_names
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices that index names along one axis."""
    return getitem(input, (slice(None),) * axis(dim, input.array.ndim) + (index,))


@takes_out
@shown_as("MaskedSelectBackward0")
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The numbers where the mask holds, on one line."""
    shape = np.broadcast_shapes(input.array.shape, mask.array.shape) or (1,)
    return getitem(expand(input, shape), expand(mask, shape))


@takes_out
@shown_as("TakeBackward0")
def take(input: Tensor, index: Tensor) -> Tensor:
    """The numbers at those places of the flattened tensor."""
    return getitem(input.reshape(-1), index)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Rows of zeros with a 1 at the label."""
    classes = num_classes if num_classes > 0 else int(tensor.read("one_hot without num_classes").max()) + 1
    return ops.one_hot(tensor, classes=classes)
