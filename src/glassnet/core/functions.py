"""PyTorch's functions of tensors, by their names and with their arguments, made of the primitives in `ops.py`.

`dim` may be negative or several; `keepdim` keeps reduced axes with length 1.
"""

from __future__ import annotations

import builtins
import math
from typing import Any, NamedTuple

import numpy as np

from glassnet.core import dtypes, ops, shapes
from glassnet.core.dtypes import numpy_dtype
from glassnet.core.layout import axes, axis, cat, diag, numpy_names, where
from glassnet.core.tensor import Tensor, as_tensor_like, wrap
from glassnet.errors import DTypeError, ShapeError, ValueRangeError, complain


class ValuesAndIndices(NamedTuple):
    """What `max`, `min`, `median`, `sort` and `topk` along an axis return, each under its own name."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


Max, Min, Median, Sort, Topk = (type(n, (ValuesAndIndices,), {}) for n in ("max", "min", "median", "sort", "topk"))


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


def _whole(x: Any) -> bool:
    return as_tensor_like(x, None).array.dtype.kind in "iu"


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, number by number; rounding_mode is None, "floor" or "trunc"."""
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode == "trunc" and builtins.all(_whole(v) for v in (input, other)):
        return ops.floor_divide(ops.sub(input, ops.fmod(input, other)), other)
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
    return ops.trunc(input)


def reciprocal(input: Tensor) -> Tensor:
    """1 / input."""
    return ops.div(1.0, input)


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input)."""
    return pow(input, -0.5)


def tan(input: Tensor) -> Tensor:
    """Tangent."""
    return ops.tan(input)


def log2(input: Tensor) -> Tensor:
    """Logarithm to base 2."""
    return ops.log2(input)


def log10(input: Tensor) -> Tensor:
    """Logarithm to base 10."""
    return ops.log10(input)


def exp2(input: Tensor) -> Tensor:
    """2 ** input."""
    return ops.exp2(input)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """Hold every number between min and max; either may be left out, or be a tensor."""
    if min is None and max is None:
        raise ValueRangeError(complain("clamp: got no bound", "expected min, max or both", "Try clamp(min=0)"))
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        y = input if min is None else where(ops.lt(input, min), min, input)
        return y if max is None else where(ops.gt(y, max), max, y)
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


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """input with value where the mask holds."""
    return where(mask, as_tensor_like(value, input), input)


def nan_to_num(
    input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """input with NaN replaced, and infinities (by the largest and smallest finite numbers unless told)."""
    if input.array.dtype.kind != "f":
        return ops.copy(input)
    limits = dtypes.finfo(input.dtype)
    y = where(ops.isnan(input), 0.0 if nan is None else nan, input)
    y = where(ops.eq(input, math.inf), limits.max if posinf is None else posinf, y)
    return where(ops.eq(input, -math.inf), limits.min if neginf is None else neginf, y)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol |other| everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol |other|."""
    a, b = input.read("isclose"), other.read("isclose")
    try:
        return wrap(np.asarray(np.isclose(a, b, rtol, atol, equal_nan)))
    except ValueError as problem:
        raise shapes.mismatch("isclose", [a.shape, b.shape], {}, problem) from None


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same numbers."""
    return bool(np.array_equal(input.read("equal"), other.read("equal")))


# ---- reductions ---------------------------------------------------------------------------------------------------


@numpy_names
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over the given axes, or over all."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    return ops.sum(input, dim=axes(dim, input), keepdim=keepdim)


@numpy_names
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The mean over the given axes, or over all."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "mean")
    return ops.mean(input, dim=axes(dim, input), keepdim=keepdim)


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


@numpy_names
def std(
    input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
) -> Tensor:
    """The square root of the variance."""
    away, over, freedom = _deviations(input, "std", dim, unbiased, correction)
    return ops.norm(away, dim=over, keepdim=keepdim) / math.sqrt(freedom)


@numpy_names
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The product, by halves, so that zeros among the factors do no harm to the gradient."""
    x = input if input.array.dtype.kind == "f" else ops.cast(input, dtype=np.dtype(np.int64))
    x = x.reshape(-1) if dim is None else x
    d = 0 if dim is None else axis(dim, x.array.ndim)
    lead = (slice(None),) * d
    if x.array.shape[d] == 0:
        return wrap(np.ones(x.array.shape[:d] + x.array.shape[d + 1 :], x.array.dtype))
    while (n := x.array.shape[d]) > 1:
        half = x[(*lead, slice(0, n // 2))] * x[(*lead, slice(n // 2, 2 * (n // 2)))]
        x = cat([half, x[(*lead, slice(n - 1, n))]], d) if n % 2 else half
    return x if keepdim and dim is not None else x.squeeze(d)


@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest number; with dim, values and indices; with a second tensor, the larger of each pair."""
    return _extreme(input, dim, keepdim, ops.amax, ops.argmax, ops.maximum)


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
    if dim is None:
        return whole(input, dim=None, keepdim=False)
    d = axis(dim, input.array.ndim)
    result = Max if whole is ops.amax else Min
    if input.array.ndim == 0:
        return result(input, wrap(np.asarray(0)))
    indices = place(input, dim=d, keepdim=True)
    values = ops.gather(input, indices, dim=d)
    return result(values, indices) if keepdim else result(values.squeeze(d), indices.squeeze(d))


@numpy_names
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle number in order, the lower of the two middle ones if their count is even; with dim, and its index."""
    x = input.reshape(-1) if dim is None else input
    d = axis(0 if dim is None else dim, x.array.ndim)
    middle = (slice(None),) * d + (slice((x.array.shape[d] - 1) // 2, (x.array.shape[d] + 1) // 2),)
    places = ops.argsort(x, dim=d, descending=False)[middle]
    values = ops.gather(x, places, dim=d)
    if dim is None:
        return values.reshape(())
    return Median(values, places) if keepdim else Median(values.squeeze(d), places.squeeze(d))


@numpy_names
def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The largest number over the given axes; its gradient is shared equally among ties."""
    return ops.amax(input, dim=axes(dim, input), keepdim=keepdim)


@numpy_names
def amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The smallest number over the given axes; its gradient is shared equally among ties."""
    return ops.amin(input, dim=axes(dim, input), keepdim=keepdim)


@numpy_names
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest number (the first, if several)."""
    return ops.argmax(input, dim=None if dim is None else axis(dim, input.array.ndim), keepdim=keepdim)


@numpy_names
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest number (the first, if several)."""
    return ops.argmin(input, dim=None if dim is None else axis(dim, input.array.ndim), keepdim=keepdim)


@numpy_names
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether any number is not zero."""
    return ops.any(input, dim=axes(dim, input), keepdim=keepdim)


@numpy_names
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether no number is zero."""
    return ops.all(input, dim=axes(dim, input), keepdim=keepdim)


@numpy_names
def cumsum(input: Tensor, dim: int) -> Tensor:
    """The running sum along one axis."""
    return ops.cumsum(input, dim=axis(dim, input.array.ndim))


@numpy_names
def norm(input: Tensor, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p): p = 2 is the length, inf the largest magnitude."""
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


@numpy_names
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(input))), without overflow."""
    input = input if input.array.dtype.kind == "f" else input.to(dtypes.get_default_dtype())
    return ops.logsumexp(input, dim=axes(dim, input), keepdim=keepdim)


@numpy_names
def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """exp(input) / sum(exp(input)) along one axis, without overflow."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "softmax")
    return ops.softmax(input, dim=axis(dim, input.array.ndim))


@numpy_names
def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """log(softmax(input)) along one axis, without overflow or loss of small probabilities."""
    if dtype is not None:
        input = ops.cast(input, dtype=numpy_dtype(dtype))
    need_float(input, "log_softmax")
    return ops.log_softmax(input, dim=axis(dim, input.array.ndim))


@numpy_names
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The indices that would sort the tensor."""
    return ops.argsort(input, dim=axis(dim, input.array.ndim), descending=descending)


@numpy_names
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> ValuesAndIndices:
    """The sorted numbers, and where each came from."""
    d = axis(dim, input.array.ndim)
    order = ops.argsort(input, dim=d, descending=descending)
    return Sort(ops.gather(input, order, dim=d), order)


@numpy_names
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


def bincount(input: Tensor, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 occurs."""
    counted = input.read("bincount")
    if counted.ndim != 1 or counted.dtype.kind == "f" or (counted.size and counted.min() < 0):
        got = f"bincount: got {input.dtype} numbers of shape {counted.shape}, the least of them {counted.min()}"
        raise ValueRangeError(complain(got, "expected one line of whole numbers from 0", "Try .reshape(-1).long()"))
    return wrap(np.bincount(counted, minlength=minlength).astype(np.int64))


# ---- products -----------------------------------------------------------------------------------------------------


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product; vectors and batches of matrices as in NumPy."""
    if input.array.dtype != other.array.dtype:
        raise DTypeError(
            f"matmul: got {input.dtype} @ {other.dtype}; expected the same dtype on both sides. Try "
            f".to({input.dtype}) on the right one."
        )
    left, right = input.array.ndim == 1, other.array.ndim == 1
    a = input.reshape(1, -1) if left else input
    b = other.reshape(-1, 1) if right else other
    y = ops.matmul(a, b)
    if not (left or right):
        return y
    return y.reshape(
        tuple(
            n
            for i, n in enumerate(y.array.shape)
            if not (left and i == y.array.ndim - 2) and not (right and i == y.array.ndim - 1)
        )
    )


def _of_axes(name: str, *given: tuple[Tensor, int]) -> None:
    """Refuse tensors with another number of axes than the product is defined for."""
    for x, axes_wanted in given:
        if x.array.ndim != axes_wanted:
            got = f"{name}: got a tensor of shape {x.array.shape}, with {x.array.ndim} axes"
            hint = "Try torch.matmul, which takes any number of axes"
            raise ShapeError(complain(got, f"expected {axes_wanted}", hint))


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices."""
    _of_axes("mm", (input, 2), (mat2, 2))
    return matmul(input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector."""
    _of_axes("mv", (input, 2), (vec, 1))
    return matmul(input, vec)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of matrices, pair by pair."""
    _of_axes("bmm", (input, 3), (mat2, 3))
    return matmul(input, mat2)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors."""
    _of_axes("dot", (input, 1), (tensor, 1))
    return matmul(input, tensor)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Every product of a number of the first with one of the second."""
    _of_axes("outer", (input, 1), (vec2, 1))
    return input.reshape(-1, 1) * vec2.reshape(1, -1)


def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal."""
    return ops.sum(diag(input), dim=None, keepdim=False)
