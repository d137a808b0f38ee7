"""PyTorch's functions of tensors, by their names and with their arguments, made of the primitives in `ops.py`.

`dim` may be negative or several; `keepdim` keeps reduced axes with length 1.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from glassnet.core import dtypes, ops
from glassnet.core.dtypes import numpy_dtype
from glassnet.core.tensor import Tensor, as_tensor_like, mode, wrap
from glassnet.errors import DTypeError, ShapeError, ValueRangeError


class ValuesAndIndices(NamedTuple):
    """What `max`, `min`, `sort` and `topk` along an axis return."""

    values: Tensor
    indices: Tensor


def axis(dim: int, ndim: int) -> int:
    """A possibly negative axis as one from 0 to ndim - 1."""
    if not -builtins.max(ndim, 1) <= dim < builtins.max(ndim, 1):
        raise ValueRangeError(
            f"got dim={dim} for a tensor with {ndim} axes; expected {-ndim} to {ndim - 1}. Try dim={ndim - 1}."
        )
    return dim % builtins.max(ndim, 1)


def axes(dim: Any, x: Tensor) -> tuple[int, ...] | None:
    """The axes a reduction runs over, ordered; None for all."""
    if dim is None or (isinstance(dim, Sequence) and not dim):
        return None
    if x.array.ndim == 0:
        return None
    return tuple(sorted({axis(d, x.array.ndim) for d in (dim if isinstance(dim, Sequence) else (dim,))}))


def need_float(x: Tensor, name: str) -> None:
    """Refuse integers where PyTorch does."""
    if x.array.dtype.kind != "f":
        raise DTypeError(f"{name}: got {x.dtype} numbers; expected floating point. Try tensor.float().{name}().")


# ---- arithmetic ---------------------------------------------------------------------------------------------------


def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input + alpha * other."""
    return ops.add(input, other if alpha == 1 else ops.mul(other, alpha))


def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input - alpha * other."""
    return ops.sub(input, other if alpha == 1 else ops.mul(other, alpha))


def mul(input: Any, other: Any) -> Tensor:
    """input * other, number by number."""
    return ops.mul(input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, number by number; rounding_mode is None, "floor" or "trunc"."""
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    quotient = ops.div(input, other)
    return trunc(quotient) if rounding_mode == "trunc" else quotient


def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent, number by number."""
    if isinstance(exponent, int | float) and isinstance(input, Tensor):
        if input.array.dtype.kind == "f":
            return ops.power(input, exponent=exponent)
        if isinstance(exponent, int):
            return ops.pow(input, exponent)
        return ops.power(input.to(dtypes.get_default_dtype()), exponent=exponent)
    return ops.pow(input, exponent)


def rsub(other: Any, input: Any) -> Tensor:
    """input - other: the subtraction with its sides exchanged."""
    return ops.sub(input, other)


def trunc(input: Tensor) -> Tensor:
    """Round towards zero."""
    return ops.sign(input) * ops.floor(ops.abs(input))


def reciprocal(input: Tensor) -> Tensor:
    """1 / input."""
    return ops.div(1.0, input)


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input)."""
    return ops.power(input, exponent=-0.5)


def tan(input: Tensor) -> Tensor:
    """Tangent."""
    return ops.sin(input) / ops.cos(input)


def log2(input: Tensor) -> Tensor:
    """Logarithm to base 2."""
    return ops.log(input) * (1 / math.log(2))


def log10(input: Tensor) -> Tensor:
    """Logarithm to base 10."""
    return ops.log(input) * (1 / math.log(10))


def exp2(input: Tensor) -> Tensor:
    """2 ** input."""
    return ops.exp(input * math.log(2))


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Hold every number between min and max; either may be left out, or be a tensor."""
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        y = input if min is None else ops.maximum(input, min)
        return y if max is None else ops.minimum(y, max)
    return ops.clamp(input, low=min, high=max)


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input)."""
    return input + (end - input) * weight


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 * tensor2."""
    return input + tensor1 * tensor2 * value


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 / tensor2."""
    return input + tensor1 / tensor2 * value


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """input where condition holds, else other; with the condition alone, the places where it holds."""
    if input is None:
        return tuple(nonzero(condition).unbind(1))
    a, b = (as_tensor_like(v, next((t for t in (input, other) if isinstance(t, Tensor)), None)) for v in (input, other))
    if a.array.dtype != b.array.dtype:
        common = dtypes.promote([a.array, b.array])
        a, b = (t if t.array.dtype == common else ops.cast(t, dtype=common) for t in (a, b))
    return ops.where(condition if condition.array.dtype.kind == "b" else ops.ne(condition, 0), a, b)


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """input with value where the mask holds."""
    return where(mask, as_tensor_like(value, input), input)


def nan_to_num(input: Tensor, nan: float = 0.0) -> Tensor:
    """input with NaN replaced."""
    return where(ops.isnan(input), nan, input)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol |other| everywhere."""
    return bool(np.allclose(input.read("allclose"), other.read("allclose"), rtol, atol, equal_nan))


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol |other|."""
    return wrap(np.isclose(input.read("isclose"), other.read("isclose"), rtol, atol, equal_nan))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same numbers."""
    return bool(np.array_equal(input.read("equal"), other.read("equal")))


# ---- reductions ---------------------------------------------------------------------------------------------------


def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over the given axes, or over all."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    return ops.sum(input, dim=axes(dim, input), keepdim=keepdim)


def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over the given axes, or over all."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "mean")
    return ops.mean(input, dim=axes(dim, input), keepdim=keepdim)


def var(input: Tensor, dim: Any = None, *, unbiased: bool = True, correction: int | None = None, keepdim: bool = False) -> Tensor:
    """The mean squared distance from the mean, divided by n - correction (1 unless told)."""
    need_float(input, "var")
    correction = int(unbiased) if correction is None else correction
    over = axes(dim, input)
    count = input.array.size if over is None else math.prod(input.array.shape[i] for i in over)
    away = input - ops.mean(input, dim=over, keepdim=True)
    total = ops.sum(ops.square(away), dim=over, keepdim=keepdim)
    return total / float(builtins.max(count - correction, 0))


def std(input: Tensor, dim: Any = None, *, unbiased: bool = True, correction: int | None = None, keepdim: bool = False) -> Tensor:
    """The square root of the variance."""
    return ops.sqrt(var(input, dim, unbiased=unbiased, correction=correction, keepdim=keepdim))


def prod(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The product, by halves, so that zeros among the factors do no harm to the gradient."""
    x = input.reshape(-1) if dim is None else input
    d = 0 if dim is None else axis(dim, x.array.ndim)
    lead = (slice(None),) * d
    if x.array.shape[d] == 0:
        return wrap(np.ones(x.array.shape[:d] + x.array.shape[d + 1 :], x.array.dtype))
    while (n := x.array.shape[d]) > 1:
        half = x[(*lead, slice(0, n // 2))] * x[(*lead, slice(n // 2, 2 * (n // 2)))]
        x = cat([half, x[(*lead, slice(n - 1, n))]], d) if n % 2 else half
    return x if keepdim and dim is not None else x.squeeze(d)


def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest number; with dim, values and indices; with a second tensor, the larger of each pair."""
    return _extreme(input, dim, keepdim, ops.amax, ops.argmax, ops.maximum)


def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest number; with dim, values and indices; with a second tensor, the smaller of each pair."""
    return _extreme(input, dim, keepdim, ops.amin, ops.argmin, ops.minimum)


def _extreme(input: Tensor, dim: Any, keepdim: bool, whole: Any, place: Any, pairwise: Any) -> Any:
    if isinstance(dim, Tensor):
        return pairwise(input, dim)
    if input.array.size == 0:
        raise ShapeError(f"max/min: got an empty tensor of shape {input.array.shape}; expected at least one number. Try checking numel() first.")
    if dim is None:
        return whole(input, dim=None, keepdim=False)
    d = axis(dim, input.array.ndim)
    if input.array.ndim == 0:
        return ValuesAndIndices(input, wrap(np.asarray(0)))
    indices = place(input, dim=d, keepdim=True)
    values = ops.gather(input, indices, dim=d)
    return ValuesAndIndices(values, indices) if keepdim else ValuesAndIndices(values.squeeze(d), indices.squeeze(d))


def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The largest number over the given axes; its gradient is shared equally among ties."""
    return ops.amax(input, dim=axes(dim, input), keepdim=keepdim)


def amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The smallest number over the given axes; its gradient is shared equally among ties."""
    return ops.amin(input, dim=axes(dim, input), keepdim=keepdim)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest number (the first, if several)."""
    return ops.argmax(input, dim=None if dim is None else axis(dim, input.array.ndim), keepdim=keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest number (the first, if several)."""
    return ops.argmin(input, dim=None if dim is None else axis(dim, input.array.ndim), keepdim=keepdim)


def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether any number is not zero."""
    return ops.any(input, dim=axes(dim, input), keepdim=keepdim)


def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether no number is zero."""
    return ops.all(input, dim=axes(dim, input), keepdim=keepdim)


def cumsum(input: Tensor, dim: int) -> Tensor:
    """The running sum along one axis."""
    return ops.cumsum(input, dim=axis(dim, input.array.ndim))


def norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p): p = 2 is the length, inf the largest magnitude."""
    over = axes(dim, input)
    if p in (2, 2.0, "fro", None):
        return ops.norm(input, dim=over, keepdim=keepdim)
    size = ops.abs(input)
    if p == 1:
        return ops.sum(size, dim=over, keepdim=keepdim)
    if p in (math.inf, -math.inf):
        return (ops.amax if p > 0 else ops.amin)(size, dim=over, keepdim=keepdim)
    if p == 0:
        return ops.sum(ops.cast(ops.ne(input, 0.0), dtype=input.array.dtype), dim=over, keepdim=keepdim)
    return ops.power(ops.sum(ops.power(size, exponent=p), dim=over, keepdim=keepdim), exponent=1 / p)


def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(input))), without overflow."""
    return ops.logsumexp(input, dim=axes(dim, input), keepdim=keepdim)


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """exp(input) / sum(exp(input)) along one axis, without overflow."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "softmax")
    return ops.softmax(input, dim=axis(dim, input.array.ndim))


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """log(softmax(input)) along one axis, without overflow or loss of small probabilities."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "log_softmax")
    return ops.log_softmax(input, dim=axis(dim, input.array.ndim))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The indices that would sort the tensor."""
    return ops.argsort(input, dim=axis(dim, input.array.ndim), descending=descending)


def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> ValuesAndIndices:
    """The sorted numbers, and where each came from."""
    d = axis(dim, input.array.ndim)
    order = ops.argsort(input, dim=d, descending=descending)
    return ValuesAndIndices(ops.gather(input, order, dim=d), order)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesAndIndices:
    """The k largest (or smallest) numbers along one axis, in order."""
    d = axis(dim, input.array.ndim)
    if k > input.array.shape[d]:
        raise ValueRangeError(f"topk: got k={k}; expected at most {input.array.shape[d]}, the length of axis {dim}. Try k={input.array.shape[d]}.")
    first = (slice(None),) * d + (slice(0, k),)
    order = ops.argsort(input, dim=d, descending=largest)[first]
    return ValuesAndIndices(ops.gather(input, order, dim=d), order)


def nonzero(input: Tensor) -> Tensor:
    """The indices of the numbers that are not zero, one row each."""
    return wrap(np.argwhere(input.read("nonzero")).astype(np.int64))


def unique(input: Tensor, return_counts: bool = False) -> Any:
    """The different numbers, sorted."""
    if return_counts:
        values, counts = np.unique(input.read("unique"), return_counts=True)
        return wrap(values), wrap(counts)
    return wrap(np.unique(input.read("unique")))


def bincount(input: Tensor, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 occurs."""
    return wrap(np.bincount(input.read("bincount"), minlength=minlength).astype(np.int64))


# ---- products -----------------------------------------------------------------------------------------------------


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product; vectors and batches of matrices as in NumPy."""
    if input.array.dtype != other.array.dtype:
        raise DTypeError(f"matmul: got {input.dtype} @ {other.dtype}; expected the same dtype on both sides. Try .to({input.dtype}) on the right one.")
    left, right = input.array.ndim == 1, other.array.ndim == 1
    a = input.reshape(1, -1) if left else input
    b = other.reshape(-1, 1) if right else other
    y = ops.matmul(a, b)
    if not (left or right):
        return y
    return y.reshape(tuple(n for i, n in enumerate(y.array.shape) if not (left and i == y.array.ndim - 2) and not (right and i == y.array.ndim - 1)))


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors."""
    return matmul(input, tensor)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every product of a number of the first with one of the second."""
    return input.reshape(-1, 1) * vec2.reshape(1, -1)


# ---- shape --------------------------------------------------------------------------------------------------------


def _shape(shape: tuple[Any, ...]) -> tuple[int, ...]:
    given = shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    return tuple(int(n) for n in given)


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same numbers in another shape; one size may be -1."""
    return ops.reshape(input, shape=_shape(shape))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start_dim to end_dim joined into one."""
    n = input.array.ndim
    if n == 0:
        return input.reshape(1)
    a, b = axis(start_dim, n), axis(end_dim, n)
    s = input.array.shape
    return ops.reshape(input, shape=(*s[:a], math.prod(s[a : b + 1]), *s[b + 1 :]))


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without axes of length 1 (all of them, or the named ones)."""
    over = axes(dim, input) if dim is not None else tuple(range(input.array.ndim))
    return ops.reshape(input, shape=tuple(n for i, n in enumerate(input.array.shape) if n != 1 or i not in (over or ())))


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of length 1 at dim."""
    d = axis(dim, input.array.ndim + 1)
    return ops.reshape(input, shape=(*input.array.shape[:d], 1, *input.array.shape[d:]))


def permute(input: Tensor, *dims: Any) -> Tensor:
    """The axes in another order."""
    return ops.permute(input, dims=tuple(axis(d, input.array.ndim) for d in _shape(dims)))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged."""
    n = input.array.ndim
    order = list(range(n))
    a, b = axis(dim0, n), axis(dim1, n)
    order[a], order[b] = order[b], order[a]
    return ops.permute(input, dims=tuple(order))


def t(input: Tensor) -> Tensor:
    """A matrix turned on its side."""
    if input.array.ndim > 2:
        raise ShapeError(f"t(): got {input.array.ndim} axes; expected at most 2. Try .transpose(-2, -1).")
    return ops.permute(input, dims=tuple(range(input.array.ndim))[::-1])


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """Axes of length 1 repeated to the given sizes; -1 keeps one as it is."""
    want = _shape(sizes)
    have = (1,) * (len(want) - input.array.ndim) + input.array.shape
    return ops.expand(input, shape=tuple(h if w == -1 else w for w, h in zip(want, have, strict=True)))


def broadcast_to(input: Tensor, shape: Any) -> Tensor:
    """The tensor repeated to that shape."""
    return expand(input, *shape)


def repeat(input: Tensor, *sizes: Any) -> Tensor:
    """The whole tensor repeated along each axis."""
    y = input
    for i, n in enumerate(_shape(sizes)):
        while y.array.ndim < len(_shape(sizes)):
            y = y.unsqueeze(0)
        y = cat([y] * n, i) if n != 1 else y
    return y


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors end to end along an existing axis."""
    tensors = [x for x in tensors if x.array.shape != (0,)] or list(tensors)
    common = dtypes.promote([x.array for x in tensors])
    same = [x if x.array.dtype == common else ops.cast(x, dtype=common) for x in tensors]
    return ops.concat(*same, dim=axis(dim, same[0].array.ndim))


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors along a new axis."""
    return cat([unsqueeze(x, dim) for x in tensors], axis(dim, tensors[0].array.ndim + 1))


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given size (the last may be shorter) or sizes."""
    d = axis(dim, tensor.array.ndim)
    n, size = tensor.array.shape[d], split_size_or_sections
    sizes = list(size) if isinstance(size, Sequence) else [builtins.min(size, n - i) for i in range(0, n, size)] or [0]
    if builtins.sum(sizes) != n:
        raise ShapeError(f"split: got sizes {sizes} (together {builtins.sum(sizes)}); expected them to add up to {n}, the length of axis {dim}. Try other sizes.")
    ends = np.cumsum([0, *sizes]).tolist()
    return tuple(ops.window(tensor, index=(slice(None),) * d + (slice(a, b),)) for a, b in zip(ends, ends[1:], strict=False))


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most that many pieces of equal size (the last may be shorter)."""
    return split(input, builtins.max(-(-input.array.shape[dim] // chunks), 1), dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along one axis."""
    d = axis(dim, input.array.ndim)
    return tuple(ops.window(input, index=(slice(None),) * d + (i,)) for i in range(input.array.shape[d]))


def flip(input: Tensor, dims: Any) -> Tensor:
    """Back to front along the given axes."""
    return ops.flip(input, dims=axes(dims, input))


def roll(input: Tensor, shifts: int, dims: int | None = None) -> Tensor:
    """Shifted round along one axis."""
    x = input.reshape(-1) if dims is None else input
    d = 0 if dims is None else axis(dims, x.array.ndim)
    k = shifts % builtins.max(x.array.shape[d], 1)
    n = x.array.shape[d]
    y = cat(list(reversed(split(x, [n - k, k], d))), d)
    return y.reshape(input.array.shape)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle, zeros above."""
    return input * wrap(np.tril(np.ones(input.array.shape, input.array.dtype), diagonal))


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle, zeros below."""
    return input * wrap(np.triu(np.ones(input.array.shape, input.array.dtype), diagonal))


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A vector as a diagonal matrix, or the diagonal of a matrix."""
    if input.array.ndim == 2:
        rows = np.arange(len(np.diagonal(input.array, diagonal)))
        return input[rows + builtins.max(-diagonal, 0), rows + builtins.max(diagonal, 0)]
    n = input.array.size + builtins.abs(diagonal)
    rows = np.arange(input.array.size)
    at = (wrap(rows + builtins.max(-diagonal, 0)), wrap(rows + builtins.max(diagonal, 0)))
    return ops.unpick(input, *at, at=([0], [1]), shape=(n, n))


def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal."""
    return ops.sum(diag(input), dim=None, keepdim=False)


# ---- picking ------------------------------------------------------------------------------------------------------


def getitem(input: Tensor, index: Any) -> Tensor:
    """input[index]: a window for slices and whole numbers, a copy for tensors of indices and masks."""
    parts = index if isinstance(index, tuple) else (index,)
    if builtins.all(isinstance(i, slice | int | np.integer | type(None) | type(...)) and not isinstance(i, bool) for i in parts):
        return ops.window(input, index=parts)
    at: list[Any] = []
    indices: list[Tensor] = []
    for part in parts:
        for spot in _index_arrays(part):
            at.append([len(indices)] if isinstance(spot, Tensor) else spot)
            indices += [spot] if isinstance(spot, Tensor) else []
    return ops.pick(input, *indices, at=tuple(at))


def _index_arrays(part: Any) -> list[Any]:
    """One entry of an index; a mask becomes the places where it holds."""
    if isinstance(part, Sequence) and not isinstance(part, str):
        part = wrap(np.asarray([int(p) if isinstance(p, Tensor) else p for p in part]))
    if isinstance(part, np.ndarray):
        part = wrap(part)
    if not isinstance(part, Tensor):
        return [part]
    if part.array.dtype.kind == "b":
        if mode.trace is not None:
            mode.trace.stop("a mask picks a number of entries that depends on the data")
        return [wrap(i) for i in np.nonzero(part.array)]
    if part.array.dtype.kind == "f":
        raise DTypeError(f"got {part.dtype} numbers as an index; expected integers or a mask. Try index.long().")
    return [part if part.array.dtype == np.int64 else ops.cast(part, dtype=np.dtype(np.int64))]


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """y[i][j] = input[i][index[i][j]] for dim = 1."""
    return ops.gather(input, index, dim=axis(dim, input.array.ndim))


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """input with src added where index points along one axis."""
    d = axis(dim, input.array.ndim)
    return input + ops.scatter_add(src, index, dim=d, shape=tuple(input.array.shape))


def scatter(input: Tensor, dim: int, index: Tensor, src: Any) -> Tensor:
    """input with src in the places where index points along one axis."""
    d = axis(dim, input.array.ndim)
    values = src if isinstance(src, Tensor) else wrap(np.full(index.array.shape, src, input.array.dtype))
    hit = ops.scatter_add(wrap(np.ones(index.array.shape, input.array.dtype)), index, dim=d, shape=tuple(input.array.shape))
    return where(ops.eq(hit, 0), input, ops.scatter_add(values, index, dim=d, shape=tuple(input.array.shape)))


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices that index names along one axis."""
    return getitem(input, (slice(None),) * axis(dim, input.array.ndim) + (index,))


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The numbers where the mask holds, on one line."""
    return getitem(input, mask)


def take(input: Tensor, index: Tensor) -> Tensor:
    """The numbers at those places of the flattened tensor."""
    return getitem(input.reshape(-1), index)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Rows of zeros with a 1 at the label."""
    classes = num_classes if num_classes > 0 else int(tensor.read("one_hot without num_classes").max()) + 1
    return ops.one_hot(tensor, classes=classes)
