"""PyTorch's functions that sum data up: quantiles, counts, running values, covariances."""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple

import numpy as np

from glassnet.core import dtypes, ops
from glassnet.core.into import takes_out
from glassnet.core.layout import axes, axis, cat, numpy_names, stack, where
from glassnet.core.naming import shown_as
from glassnet.core.reductions import ValuesAndIndices, along_axes, mean, need_float, std, sum, summed_as, var
from glassnet.core.tensor import Tensor, wrap
from glassnet.errors import DataError, ValueRangeError, complain

__all__ = [
    "aminmax",
    "bucketize",
    "corrcoef",
    "count_nonzero",
    "cov",
    "cummax",
    "cummin",
    "cumprod",
    "diff",
    "histc",
    "isin",
    "kthvalue",
    "logcumsumexp",
    "mode",
    "msort",
    "nanmean",
    "nansum",
    "quantile",
    "searchsorted",
    "std_mean",
    "trapezoid",
    "unique_consecutive",
    "var_mean",
]

Cummax, Cummin, Kthvalue, Mode = (type(n, (ValuesAndIndices,), {}) for n in ("cummax", "cummin", "kthvalue", "mode"))


class MinAndMax(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor

    def __repr__(self) -> str:
        return f"torch.return_types.aminmax(\nmin={self.min!r},\nmax={self.max!r})"


# ---- order ----------------------------------------------------------------------------------------------------------


@takes_out
@numpy_names
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The numbers below which the fractions q lie; between two of them it goes in a straight line (or as told).

    Several fractions q make a new first axis.

    >>> import glassnet as torch
    >>> torch.quantile(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.5, 0.75]))
    tensor([2., 3.])
    """
    need_float(input, "quantile")
    dim = dim if input.array.ndim else None
    x = input.reshape(-1) if dim is None else input
    d = axis(0 if dim is None else dim, x.array.ndim)
    fractions = np.atleast_1d(q.read("quantile") if isinstance(q, Tensor) else np.float64(q))
    if not ((fractions >= 0) & (fractions <= 1)).all():
        raise ValueRangeError(complain(f"quantile: got q={q}", "expected 0 to 1", "Try q=0.5"))
    line = x.sort(d).values
    parts = [_between(line, d, at, interpolation) for at in (fractions * (x.array.shape[d] - 1.0)).tolist()]
    if keepdim:
        parts = [p if dim is not None else p.reshape((1,) * input.array.ndim) for p in parts]
    else:
        parts = [p.squeeze(d) for p in parts]
    return stack(parts) if isinstance(q, Tensor) and q.array.ndim else parts[0]


def _between(line: Tensor, d: int, at: float, interpolation: str) -> Tensor:
    """The number at a place along axis d that need not be whole."""
    if interpolation in _ROUNDINGS:
        at = float(_ROUNDINGS[interpolation](at))
    elif interpolation not in ("linear", "midpoint"):
        known = "linear, lower, higher, nearest, midpoint"
        got = f"quantile: got interpolation={interpolation!r}"
        raise ValueRangeError(complain(got, f"expected one of {known}", "Try 'linear'"))
    low = int(at)
    lead = (slice(None),) * d
    under = line[(*lead, slice(low, low + 1))]
    if at == low:
        return under
    over = line[(*lead, slice(low + 1, low + 2))]
    return under + (over - under) * (0.5 if interpolation == "midpoint" else at - low)


_ROUNDINGS = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}


@takes_out
@shown_as("KthvalueBackward0")
@numpy_names
@along_axes
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
    """The k-th smallest number along one axis (k from 1), and where it is."""
    d = axis(dim, input.array.ndim)
    n = input.array.shape[d] if input.array.ndim else 1
    if not 1 <= k <= n:
        got = f"kthvalue: got k={k}"
        raise ValueRangeError(complain(got, f"expected 1 to {n}, the length of axis {dim}", f"Try k={n}"))
    values, places = input.sort(d)
    at = (slice(None),) * d + (slice(k - 1, k),)
    return Kthvalue(values[at], places[at]) if keepdim else Kthvalue(values[at].squeeze(d), places[at].squeeze(d))


@takes_out
@numpy_names
@along_axes
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> ValuesAndIndices:
    """The most frequent number along one axis (the smallest of several), and the last place where it is."""
    d = axis(dim, input.array.ndim)
    lines = np.moveaxis(input.read("mode"), d, -1)
    places = np.array([_last_of_most_frequent(line) for line in lines.reshape(-1, lines.shape[-1])], np.int64)
    at = wrap(np.expand_dims(places.reshape(lines.shape[:-1]), d))
    values = ops.gather(input, at, dim=d)
    return Mode(values, at) if keepdim else Mode(values.squeeze(d), at.squeeze(d))


def _last_of_most_frequent(line: np.ndarray) -> int:
    values, counts = np.unique(line, return_counts=True)
    return int(np.flatnonzero(line == values[counts.argmax()])[-1])


@takes_out
def msort(input: Tensor) -> Tensor:
    """Sorted along the first axis."""
    return input.sort(0).values


@takes_out
@numpy_names
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> MinAndMax:
    """The smallest and the largest number."""
    over = axes(dim, input)
    return MinAndMax(ops.amin(input, dim=over, keepdim=keepdim), ops.amax(input, dim=over, keepdim=keepdim))


@takes_out
def searchsorted(
    sorted_sequence: Tensor, values: Any, *, right: bool = False, side: str | None = None, out_int32: bool = False
) -> Tensor:
    """Where each value would have to stand in the sorted numbers: before its equals, or after them (right)."""
    after = right or side == "right"
    edges = sorted_sequence.read("searchsorted")
    asked = values.read("searchsorted") if isinstance(values, Tensor) else np.asarray(values)
    if edges.ndim == 1:
        found = np.searchsorted(edges, asked, "right" if after else "left")
    else:
        lines = asked[..., None, :]
        found = (edges[..., :, None] <= lines if after else edges[..., :, None] < lines).sum(-2)
    return wrap(np.asarray(found, np.int32 if out_int32 else np.int64))


@takes_out
def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The bucket between the boundaries that each number falls into.

    >>> import glassnet as torch
    >>> torch.bucketize(torch.tensor([0.5, 2.0, 9.0]), torch.tensor([1.0, 2.0, 3.0]))
    tensor([0, 1, 3])
    """
    return searchsorted(boundaries, input, right=right, out_int32=out_int32)


# ---- running values -------------------------------------------------------------------------------------------------


@takes_out
@shown_as("CumprodBackward0")
@numpy_names
def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The running product along one axis, by doubling strides, so that zeros do no harm to the gradient."""
    d = axis(dim, input.array.ndim)
    if not input.array.ndim:
        return summed_as(input, dtype)
    y, step = summed_as(input, dtype), 1
    while step < input.array.shape[d]:
        whole, lead = input.array.shape[d], (slice(None),) * d
        earlier = y[(*lead, slice(0, whole - step))]
        y = cat([y[(*lead, slice(0, step))], y[(*lead, slice(step, whole))] * earlier], d)
        step *= 2
    return y


@takes_out
@shown_as("CummaxBackward0")
@numpy_names
@along_axes
def cummax(input: Tensor, dim: int) -> ValuesAndIndices:
    """The largest number so far along one axis, and where it is (the last of several)."""
    return _running(input, dim, np.maximum, Cummax)


@takes_out
@shown_as("CumminBackward0")
@numpy_names
@along_axes
def cummin(input: Tensor, dim: int) -> ValuesAndIndices:
    """The smallest number so far along one axis, and where it is (the last of several)."""
    return _running(input, dim, np.minimum, Cummin)


def _running(input: Tensor, dim: int, better: Any, result: Any) -> ValuesAndIndices:
    d = axis(dim, input.array.ndim)
    array = input.read("a running extreme")
    best = better.accumulate(array, d)
    count = np.indices(array.shape, np.int64, sparse=True)[d] if array.ndim else np.zeros((), np.int64)
    at = wrap(np.maximum.accumulate(np.where(array == best, count, 0), d))
    return result(ops.gather(input, at, dim=d), at)


@takes_out
@numpy_names
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """log(exp(x_0) + ... + exp(x_i)), without overflow."""
    d = axis(dim, input.array.ndim)
    top = ops.amax(input, dim=(d,), keepdim=True).detach()
    return ops.log(ops.cumsum(ops.exp(input - top), dim=d)) + top


@takes_out
@numpy_names
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Each number less the one before it, n times over; first, more numbers may be put before or after them.

    >>> import glassnet as torch
    >>> torch.diff(torch.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    ends = [t for t in (prepend, input, append) if t is not None]
    input = cat(ends, dim) if len(ends) > 1 else input
    lead = (slice(None),) * axis(dim, input.array.ndim)
    for _ in range(n):
        input = input[(*lead, slice(1, None))] - input[(*lead, slice(None, -1))]
    return input


@numpy_names
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1.0, dim: int = -1) -> Tensor:
    """The area under a line through the points."""
    d = axis(dim, y.array.ndim)
    lead = (slice(None),) * d
    height = (y[(*lead, slice(1, None))] + y[(*lead, slice(None, -1))]) / 2
    if x is None:
        return sum(height * dx, d)
    step = diff(x, dim=d if x.array.ndim == y.array.ndim else -1)
    return sum(
        height * (step if step.array.ndim > 1 else step.reshape([-1 if i == d else 1 for i in range(y.array.ndim)])), d
    )


# ---- sums and counts ------------------------------------------------------------------------------------------------


@shown_as("StdMeanBackward0")
@numpy_names
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean."""
    if isinstance(dim, bool):  # PyTorch's std_mean(unbiased)
        dim, unbiased = None, dim
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


@shown_as("VarMeanBackward0")
@numpy_names
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> tuple[Tensor, Tensor]:
    """The variance and the mean."""
    if isinstance(dim, bool):  # PyTorch's var_mean(unbiased)
        dim, unbiased = None, dim
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim)


@takes_out
@shown_as("NansumBackward0")
@numpy_names
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum of the numbers that are not NaN."""
    return sum(where(ops.isnan(input), 0.0, input), dim, keepdim, dtype=dtype)


@takes_out
@numpy_names
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean of the numbers that are not NaN."""
    input = input if dtype is None else input.to(dtype)
    there = ops.logical_not(ops.isnan(input))
    return nansum(input, dim, keepdim) / sum(there, dim, keepdim)


@numpy_names
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many numbers are not zero."""
    return sum(ops.ne(input, 0), dim)


@takes_out
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many numbers fall into each of so many bins between min and max (if both are 0: those of the data)."""
    array = input.read("histc")
    ends = (
        (min, max)
        if (min, max) != (0, 0)
        else (array.min(initial=0), array.max(initial=0))
        if array.size == 0
        else (array.min(), array.max())
    )
    return wrap(np.histogram(array, bins, ends)[0].astype(array.dtype))


@takes_out
def isin(elements: Any, test_elements: Any, *, invert: bool = False) -> Tensor:
    """Whether each number is among the others."""
    a, b = (v.read("isin") if isinstance(v, Tensor) else np.asarray(v) for v in (elements, test_elements))
    return wrap(np.asarray(np.isin(a, b, invert=invert)))


def unique_consecutive(input: Tensor, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """The numbers on one line without repetitions in a row; on request, where each went, and how often it came."""
    line = input.read("unique_consecutive").reshape(-1)
    starts = np.flatnonzero(np.concatenate([[True], line[1:] != line[:-1]])) if line.size else np.arange(0)
    counts: Any = np.diff(np.append(starts, line.size))
    inverse = np.repeat(np.arange(starts.size), counts).reshape(input.array.shape)
    told: list[Any] = [line[starts], *([inverse] if return_inverse else []), *([counts] if return_counts else [])]
    return wrap(told[0]) if len(told) == 1 else tuple(wrap(np.asarray(t)) for t in told)


# ---- how rows go together -------------------------------------------------------------------------------------------


def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariances of the rows: mean product of their distances from their means, over n - correction.

    `fweights` says how often each column was seen, `aweights` how much it counts.
    """
    input = input if input.array.dtype.kind == "f" else input.to(dtypes.get_default_dtype())
    x = input.reshape(1, -1) if input.array.ndim < 2 else input
    if x.array.ndim > 2:
        raise DataError(complain(f"cov: got {x.array.ndim} axes", "expected one row per variable", "Try x.flatten(1)"))
    if fweights is None and aweights is None:
        away = x - ops.mean(x, dim=(1,), keepdim=True)
        return (away @ away.T / float(builtins.max(x.array.shape[1] - correction, 0))).squeeze()
    times = [w.to(x.dtype) for w in (fweights, aweights) if w is not None]
    w = times[0] if len(times) == 1 else times[0] * times[1]
    total = sum(w)
    away = x - sum(x * w, 1, True) / total
    lost = correction if aweights is None else sum(w * aweights.to(x.dtype)) / total * correction
    return ((away * w) @ away.T / (total - lost)).squeeze()


def corrcoef(input: Tensor) -> Tensor:
    """The correlations of the rows, from -1 to 1.

    >>> import glassnet as torch
    >>> torch.corrcoef(torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(input)
    if c.array.ndim == 0:
        return c / c
    spread = ops.sqrt(c.diag())
    return ops.clamp(c / spread.reshape(-1, 1) / spread.reshape(1, -1), low=-1.0, high=1.0)
