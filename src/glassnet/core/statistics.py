"""PyTorch's functions that sum data up: quantiles, counts, running values, covariances."""

from __future__ import annotations

import builtins
from typing import Any, NamedTuple

import numpy as np

from glassnet.core import ops
from glassnet.core.functions import ValuesAndIndices, mean, need_float, std, sum, var
from glassnet.core.layout import axes, axis, cat, index_select, numpy_names, split, where
from glassnet.core.tensor import Tensor, as_tensor_like, wrap
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
    x = input.reshape(-1) if dim is None else input
    d = axis(0 if dim is None else dim, x.array.ndim)
    fractions = np.atleast_1d(as_tensor_like(q, input).read("quantile"))
    if not ((fractions >= 0) & (fractions <= 1)).all():
        raise ValueRangeError(complain(f"quantile: got q={q}", "expected 0 to 1", "Try q=0.5"))
    line = x.sort(d).values.transpose(d, -1)
    at = fractions.astype(np.float64) * (line.array.shape[-1] - 1)
    low, share = _between(at, interpolation)
    under, over = (line[..., wrap(i)] for i in (low, np.minimum(low + 1, line.array.shape[-1] - 1)))
    y = under + (over - under) * wrap(share.astype(x.array.dtype))
    y = y.transpose(d, -1) if keepdim and dim is not None else y
    if keepdim:
        ones = input.array.shape if dim is None else y.array.shape
        parts = [part for part in split(y, 1, 0 if dim is None else d)]
        shape = (1,) * len(ones) if dim is None else (*ones[:d], 1, *ones[d + 1 :])
        y = cat([part.reshape(1, *shape) for part in parts], 0)
    else:
        y = y.permute(y.array.ndim - 1, *range(y.array.ndim - 1))
        if dim is not None and d != x.array.ndim - 1:  # the last axis stands where dim was
            order = list(range(1, y.array.ndim))
            order.insert(x.array.ndim - 2, order.pop(d))
            y = y.permute(0, *order)
    return y if isinstance(q, Tensor) and q.ndim else y[0]


_ROUNDINGS = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}


def _between(at: np.ndarray, interpolation: str) -> tuple[np.ndarray, np.ndarray]:
    """The place below each position, and how far it is from there to the next."""
    if interpolation in _ROUNDINGS:
        at = _ROUNDINGS[interpolation](at)
    elif interpolation not in ("linear", "midpoint"):
        known = "linear, lower, higher, nearest, midpoint"
        got = f"quantile: got interpolation={interpolation!r}"
        raise ValueRangeError(complain(got, f"expected one of {known}", "Try 'linear'"))
    low = np.floor(at).astype(np.int64)
    share = at - low
    return low, np.where(share > 0, 0.5, 0.0) if interpolation == "midpoint" else share
