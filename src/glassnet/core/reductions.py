"""PyTorch's functions that shorten axes or put them in order: sums, means, extremes, norms, softmax, sort.

`dim` may be negative or several; `keepdim` keeps reduced axes with length 1.
"""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from glassnet.core import dtypes, ops
from glassnet.core.dtypes import numpy_dtype
from glassnet.core.into import into, takes_out
from glassnet.core.kinds import TUPLES
from glassnet.core.layout import axes, axis, cat, numpy_names, where
from glassnet.core.naming import called, shown_as
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


class ValuesAndIndices(NamedTuple):
    """What `max`, `min`, `median`, `sort` and `topk` along an axis return, each under its own name."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


Max, Min, Median, Sort, Topk = (type(n, (ValuesAndIndices,), {}) for n in ("max", "min", "median", "sort", "topk"))


def along_axes(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function along an axis, which a single number is given to as a line of one."""

    @functools.wraps(function)
    def of_numbers_too(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        if input.array.ndim:
            return function(input, *args, **kwargs)
        y = function(input.reshape(1), *args, **kwargs)
        return type(y)(*(part.reshape(()) for part in y)) if isinstance(y, TUPLES) else y.reshape(())

    return of_numbers_too


def need_float(x: Tensor, name: str) -> None:
    """Refuse integers where PyTorch does."""
    if x.array.dtype.kind != "f":
        raise DTypeError(f"{name}: got {x.dtype} numbers; expected floating point. Try tensor.float().{name}().")


def summed_as(input: Tensor, dtype: Any) -> Tensor:
    """The numbers as another dtype, or whole numbers as int64, in which they are added up and multiplied."""
    if dtype is not None:
        return input.to(dtype)
    return input if input.array.dtype.kind == "f" else ops.cast(input, dtype=np.dtype(np.int64))


# ---- reductions ---------------------------------------------------------------------------------------------------


@numpy_names
def sum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Tensor | None = None
) -> Tensor:
    """The sum over the given axes, or over all."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    y = ops.sum(input, dim=axes(dim, input), keepdim=keepdim)
    return y if out is None else into(out, y)


@numpy_names
def mean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, out: Tensor | None = None
) -> Tensor:
    """The mean over the given axes, or over all."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "mean")
    y = ops.mean(input, dim=axes(dim, input), keepdim=keepdim)
    return y if out is None else into(out, y)


@takes_out
@shown_as("VarBackward0")
@numpy_names
def var(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> Tensor:
    """The mean squared distance from the mean, divided by n - correction (1 unless told)."""
    away, over, freedom = _deviations(input, "var", dim, unbiased, correction)
    return ops.sum(ops.square(away), dim=over, keepdim=keepdim) / freedom


def _deviations(
    input: Tensor, name: str, dim: Any, unbiased: bool, correction: int | None
) -> tuple[Tensor, Any, float]:
    """The distances from the mean, the axes they are spread over, and n - correction."""
    need_float(input, name)
    if isinstance(dim, bool):  # PyTorch's var(unbiased)
        dim, unbiased = None, dim
    over = axes(dim, input)
    count = input.array.size if over is None else math.prod(input.array.shape[i] for i in over)
    freedom = count - (int(unbiased) if correction is None else correction)
    return input - ops.mean(input, dim=over, keepdim=True), over, float(builtins.max(freedom, 0))


@takes_out
@shown_as("StdBackward0")
@numpy_names
def std(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> Tensor:
    """The square root of the variance."""
    away, over, freedom = _deviations(input, "std", dim, unbiased, correction)
    return ops.norm(away, dim=over, keepdim=keepdim) / math.sqrt(freedom)


@takes_out
@numpy_names
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product, by halves, so that zeros among the factors do no harm to the gradient."""
    x = summed_as(input, dtype)
    x = x.reshape(-1) if dim is None else x
    d = 0 if dim is None else axis(dim, x.array.ndim)
    lead = (slice(None),) * d
    if x.array.shape[d] == 0:
        return wrap(np.ones(x.array.shape[:d] + x.array.shape[d + 1 :], x.array.dtype))
    while (n := x.array.shape[d]) > 1:
        half = x[(*lead, slice(0, n // 2))] * x[(*lead, slice(n // 2, 2 * (n // 2)))]
        x = cat([half, x[(*lead, slice(n - 1, n))]], d) if n % 2 else half
    y = x if keepdim and dim is not None else x.squeeze(d)
    return called(y, f"ProdBackward{int(dim is not None)}", input)


@takes_out
@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest number; with dim, values and indices; with a second tensor, the larger of each pair."""
    return _extreme(input, dim, keepdim, ops.amax, ops.argmax, ops.maximum)


@takes_out
@numpy_names
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest number; with dim, values and indices; with a second tensor, the smaller of each pair."""
    return _extreme(input, dim, keepdim, ops.amin, ops.argmin, ops.minimum)


def _extreme(input: Tensor, dim: Any, keepdim: bool, whole: Any, place: Any, pairwise: Any) -> Any:
    if isinstance(dim, Tensor):
        return pairwise(input, dim)
    if input.array.size == 0:
        raise ShapeError(
            f"max/min: got an empty tensor of shape {input.array.shape}; expected at least one number. Try checking "
            "numel() first."
        )
    result = Max if whole is ops.amax else Min
    name = result.__name__.capitalize()
    if dim is None:
        return called(whole(input, dim=None, keepdim=False), f"{name}Backward1", input)
    d = axis(dim, input.array.ndim)
    if input.array.ndim == 0:
        return result(input, wrap(np.asarray(0)))
    indices = place(input, dim=d, keepdim=True)
    values = ops.gather(input, indices, dim=d)
    values, indices = (values, indices) if keepdim else (values.squeeze(d), indices.squeeze(d))
    return result(called(values, f"{name}Backward0", input), indices)


@takes_out
@numpy_names
@along_axes
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle number in order, the lower of the two middle ones if their count is even; with dim, and its index."""
    x = input.reshape(-1) if dim is None else input
    d = axis(0 if dim is None else dim, x.array.ndim)
    middle = (slice(None),) * d + (slice((x.array.shape[d] - 1) // 2, (x.array.shape[d] + 1) // 2),)
    places = ops.argsort(x, dim=d, descending=False)[middle]
    values = ops.gather(x, places, dim=d)
    if dim is None:
        return called(values.reshape(()), "MedianBackward0", input)
    values, places = (values, places) if keepdim else (values.squeeze(d), places.squeeze(d))
    return Median(called(values, "MedianBackward1", input), places)


@takes_out
@numpy_names
def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The largest number over the given axes; its gradient is shared equally among ties."""
    return ops.amax(input, dim=axes(dim, input), keepdim=keepdim)


@takes_out
@numpy_names
def amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The smallest number over the given axes; its gradient is shared equally among ties."""
    return ops.amin(input, dim=axes(dim, input), keepdim=keepdim)


@takes_out
@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest number (the first, if several)."""
    return ops.argmax(input, dim=None if dim is None else axis(dim, input.array.ndim), keepdim=keepdim)


@takes_out
@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest number (the first, if several)."""
    return ops.argmin(input, dim=None if dim is None else axis(dim, input.array.ndim), keepdim=keepdim)


@takes_out
@numpy_names
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether any number is not zero."""
    return ops.any(input, dim=axes(dim, input), keepdim=keepdim)


@takes_out
@numpy_names
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether no number is zero."""
    return ops.all(input, dim=axes(dim, input), keepdim=keepdim)


@takes_out
@numpy_names
def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running sum along one axis."""
    if not input.array.ndim:
        return cumsum(input.reshape(1), dim, dtype=dtype).reshape(())
    input = input if dtype is None else input.to(dtype)
    return ops.cumsum(input, dim=axis(dim, input.array.ndim))


@takes_out
@shown_as("LinalgVectorNormBackward0")
@numpy_names
def norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(sum |x|^p)^(1/p): p = 2 is the length, inf the largest magnitude."""
    input = input if dtype is None else input.to(dtype)
    need_float(input, "norm")
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
    total = ops.sum(ops.power(size, exponent=p), dim=over, keepdim=keepdim)
    nothing = ops.eq(total, 0.0)  # where the root has no slope, but the norm is taken to have the slope 0
    return where(nothing, total, ops.power(where(nothing, 1.0, total), exponent=1 / p))


@takes_out
@numpy_names
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(input))), without overflow."""
    input = input if input.array.dtype.kind == "f" else input.to(dtypes.get_default_dtype())
    return ops.logsumexp(input, dim=axes(dim, input), keepdim=keepdim)


@takes_out
@numpy_names
@along_axes
def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """exp(input) / sum(exp(input)) along one axis, without overflow."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "softmax")
    return ops.softmax(input, dim=axis(dim, input.array.ndim))


@takes_out
@numpy_names
@along_axes
def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """log(softmax(input)) along one axis, without overflow or loss of small probabilities."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "log_softmax")
    return ops.log_softmax(input, dim=axis(dim, input.array.ndim))


# ---- order ----------------------------------------------------------------------------------------------------------


@takes_out
@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The indices that would sort the tensor."""
    return ops.argsort(input, dim=axis(dim, input.array.ndim), descending=descending)


@takes_out
@shown_as("SortBackward0")
@numpy_names
@along_axes
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> ValuesAndIndices:
    """The sorted numbers, and where each came from."""
    d = axis(dim, input.array.ndim)
    order = ops.argsort(input, dim=d, descending=descending)
    return Sort(ops.gather(input, order, dim=d), order)


@takes_out
@shown_as("TopkBackward0")
@numpy_names
@along_axes
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesAndIndices:
    """The k largest (or smallest) numbers along one axis, in order."""
    d = axis(dim, input.array.ndim)
    if k > input.array.shape[d]:
        raise ValueRangeError(
            f"topk: got k={k}; expected at most {input.array.shape[d]}, the length of axis {dim}. Try "
            f"k={input.array.shape[d]}."
        )
    first = (slice(None),) * d + (slice(0, k),)
    order = ops.argsort(input, dim=d, descending=largest)[first]
    return Topk(ops.gather(input, order, dim=d), order)


@numpy_names
def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different numbers (or slices along dim), sorted; on request, where each went, and how often it came."""
    told = np.unique(input.read("unique"), False, return_inverse, return_counts, dim)
    return tuple(wrap(t) for t in told) if isinstance(told, tuple) else wrap(told)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 occurs, or the sum of the weights that stand beside it."""
    counted = input.read("bincount")
    if counted.ndim != 1 or counted.dtype.kind == "f" or (counted.size and counted.min() < 0):
        got = f"bincount: got {input.dtype} numbers of shape {counted.shape}, the least of them {counted.min()}"
        hint = "Try x - x.min()" if counted.min() < 0 else "Try .reshape(-1).long()"
        raise ValueRangeError(complain(got, "expected one line of whole numbers from 0", hint))
    if weights is None:
        return wrap(np.bincount(counted, minlength=minlength).astype(np.int64))
    kind = weights.array.dtype if weights.array.dtype == np.float32 else np.dtype(np.float64)
    return wrap(np.bincount(counted, weights.read("bincount"), minlength).astype(kind))
