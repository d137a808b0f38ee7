"""How NumPy carries out the primitives that are more than one of its own functions.

Each kernel follows NumPy's calling convention, `kernel(*arrays, out=None, **attributes)`. A `*_calls` function spells
the same work as plain NumPy calls into arrays made in advance: `[(function, arguments, out), ...]`. That is what replay
runs, so both must give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError

Array = np.ndarray[Any, np.dtype[Any]]
Call = tuple[Callable[..., Any], tuple[Any, ...], Any]
Dims = tuple[int, ...] | None


def constant(value: float, like: Array) -> Array:
    """A 0-d array: it keeps NumPy on its short path, where a Python number would be converted at every call."""
    return np.asarray(value, like.dtype)


# ---- elementwise --------------------------------------------------------------------------------------------------


def sigmoid(a: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-a)). For very negative a, exp overflows to inf and 1/inf is the right 0."""
    if out is None:
        out = np.empty_like(a, a.dtype if a.dtype.kind == "f" else np.float32)
    np.negative(a, out=out)
    np.exp(out, out=out)
    np.add(out, constant(1, out), out=out)
    return np.divide(constant(1, out), out, out=out)


def sigmoid_calls(out: Array, a: Array) -> list[Call]:
    """The calls that make up `sigmoid`."""
    one = constant(1, a)
    return [(np.negative, (a,), out), (np.exp, (out,), out), (np.add, (out, one), out), (np.divide, (one, out), out)]


def softplus(a: Array, out: Array | None = None) -> Array:
    """log(1 + exp(a)) without overflow: max(a, 0) + log1p(exp(-|a|))."""
    tail = np.abs(a, out=np.empty_like(a))
    np.negative(tail, out=tail)
    np.exp(tail, out=tail)
    np.log1p(tail, out=tail)
    return np.add(np.maximum(a, constant(0, a)), tail, out=out)


def softplus_calls(out: Array, a: Array) -> list[Call]:
    """The calls that make up `softplus`."""
    t = np.empty_like(a)
    top = np.empty_like(a)
    return [
        (np.abs, (a,), t),
        (np.negative, (t,), t),
        (np.exp, (t,), t),
        (np.log1p, (t,), t),
        (np.maximum, (a, constant(0, a)), top),
        (np.add, (top, t), out),
    ]


def relu(a: Array, out: Array | None = None) -> Array:
    """max(a, 0)."""
    return np.maximum(a, constant(0, a), out=out)


def relu_calls(out: Array, a: Array) -> list[Call]:
    """The calls that make up `relu`."""
    return [(np.maximum, (a, np.zeros_like(a)), out)]  # against an array of zeros NumPy keeps to its vector loop


def pass_where_positive(g: Array, y: Array, out: Array | None = None) -> Array:
    """g where y is positive, else 0, even of an inf or nan."""
    out = np.empty(np.broadcast_shapes(g.shape, y.shape), g.dtype) if out is None else out
    np.multiply(bits(g), np.greater(y, constant(0, y)), out=bits(out))
    return out


def pass_where_positive_calls(out: Array, g: Array, y: Array) -> list[Call]:
    """The calls that make up `pass_where_positive`."""
    mask = np.empty_like(y, dtype=bool)
    return [(np.greater, (y, constant(0, y)), mask), (np.multiply, (bits(g), mask), bits(out))]


def power(a: Array, out: Array | None = None, *, exponent: float) -> Array:
    """a ** exponent for a fixed exponent."""
    if exponent == 2:
        return np.square(a, out=out)
    if exponent == 0.5:
        return np.sqrt(a, out=out)
    return np.power(a, constant(exponent, a), out=out)


def power_calls(out: Array, a: Array, *, exponent: float) -> list[Call]:
    """The calls that make up `power`."""
    if exponent == 2:
        return [(np.multiply, (a, a), out)]
    if exponent == 0.5:
        return [(np.sqrt, (a,), out)]
    return [(np.power, (a, constant(exponent, a)), out)]


def clamp(a: Array, out: Array | None = None, *, low: float | None, high: float | None) -> Array:
    """min(max(a, low), high); an absent bound does not bind."""
    out = np.empty_like(a) if out is None else out
    np.maximum(a, constant(low, a), out=out) if low is not None else np.copyto(out, a)
    return np.minimum(out, constant(high, a), out=out) if high is not None else out


def within(a: Array, out: Array | None = None, *, low: float | None, high: float | None) -> Array:
    """Where low <= a <= high; an absent bound does not bind."""
    above = np.greater_equal(a, constant(-np.inf if low is None else low, a), out=out)
    return np.logical_and(above, np.less_equal(a, constant(np.inf if high is None else high, a)), out=out)


def log10(a: Array, out: Array | None = None) -> Array:
    """In float64, so that the logarithm of 1000 is 3 in float32, too."""
    y = np.log10(a, dtype=np.float64)
    return y.astype(a.dtype) if out is None else np.positive(y, out=out, casting="same_kind")


def round_off(a: Array, out: Array | None = None) -> Array:
    """To the nearest whole number, halves to even; whole numbers stay as they are."""
    if a.dtype.kind == "f":
        return np.rint(a, out=out)
    return a.copy() if out is None else cast(a, out=out, dtype=a.dtype)


def whole(function: Callable[..., Any]) -> Callable[..., Array]:
    """A division whose result is whole, or what is left of it; whole numbers cannot be divided by 0."""

    def divided(a: Array, b: Array, out: Array | None = None) -> Array:
        if b.dtype.kind in "iu" and not b.all():
            raise ValueRangeError(
                f"got a division of whole numbers ({b.dtype}) by 0; expected another divisor, because they have no "
                "inf. Try .float() first, or torch.where for the zeros."
            )
        return function(a, b, out=out)

    return divided


def order(a: Array, dim: int, descending: bool) -> Array:
    """The indices that sort a; equal numbers keep their order, and nan counts as the largest."""
    if not descending:
        return np.argsort(a, axis=dim, kind="stable")
    backward = np.argsort(np.flip(a, dim), axis=dim, kind="stable")
    return np.flip(a.shape[dim] - 1 - backward, dim)


def bits(a: Array) -> Array:
    """The same memory as whole numbers: times 0 they are 0 even where a is inf or nan, times 1 they are themselves."""
    return a.view(f"i{a.itemsize}")


def where(c: Array, a: Array, b: Array, out: Array | None = None) -> Array:
    """a where c holds, else b."""
    if out is None:
        return np.where(c, a, b)
    np.copyto(out, b)
    np.copyto(out, a, where=c)
    return out


def cast(a: Array, out: Array | None = None, *, dtype: np.dtype[Any]) -> Array:
    """The same numbers as another dtype."""
    if out is None:
        return a.astype(dtype)
    np.copyto(out, a, casting="unsafe")
    return out


# ---- reductions ---------------------------------------------------------------------------------------------------


def kept(shape: tuple[int, ...], dim: Dims) -> tuple[int, ...]:
    """The shape after a reduction that keeps reduced axes with length 1."""
    return tuple(1 if dim is None or i in dim else n for i, n in enumerate(shape))


def add_up(a: Array, out: Array | None = None, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """Sum over axes; whole numbers and truth values add up as int64."""
    kind = np.dtype(np.int64) if a.dtype.kind in "iub" else a.dtype
    return np.add.reduce(a, axis=dim, keepdims=keepdim, out=out, dtype=kind)


def add_up_calls(out: Array, a: Array, *, dim: Dims = None, keepdim: bool = False) -> list[Call] | None:
    """The calls that make up `add_up`."""
    if a.dtype.kind != "f":
        return None
    return _by_ones(out, a, dim, 1.0)


def cumsum(a: Array, out: Array | None = None, *, dim: int) -> Array:
    kind = a.dtype if a.dtype.kind == "f" else np.dtype(np.int64)
    return np.cumsum(a, axis=dim, dtype=kind, out=out)


def mean(a: Array, out: Array | None = None, *, dim: Dims = None, keepdim: bool = False) -> Array:
    """Sum over axes, divided by how many numbers went into each."""
    out = np.asarray(np.add.reduce(a, axis=dim, keepdims=keepdim, out=out))
    count = a.size // max(out.size, 1)
    return np.divide(out, constant(count, a), out=out)


def mean_calls(out: Array, a: Array, *, dim: Dims = None, keepdim: bool = False) -> list[Call] | None:
    """The calls that make up `mean`."""
    return _by_ones(out, a, dim, 1 / max(a.size // max(out.size, 1), 1))


def _by_ones(out: Array, a: Array, dim: Dims, scale: float) -> list[Call] | None:
    """A sum is a product with a row of ones: one BLAS call instead of a reduction."""
    if a.size >= 4096 and dim is None:
        return None
    flat = a.T if a.flags.f_contiguous and not a.flags.c_contiguous else a
    if dim is None and flat.flags.c_contiguous and a.size and out.ndim == 0:
        return [(np.dot, (flat.reshape(-1), np.full(a.size, scale, a.dtype)), out)]
    if dim == (0,) and a.ndim == 2 and out.flags.c_contiguous and out.size > 1:
        return [(np.dot, (np.full(a.shape[0], scale, a.dtype), a), out.reshape(-1))]
    return None


def sum_to(a: Array, out: Array | None = None, *, shape: tuple[int, ...]) -> Array:
    """Add up the axes along which an array of that shape was broadcast to a."""
    lead = a.ndim - len(shape)
    axes = tuple(i for i in range(a.ndim) if i < lead or (shape[i - lead] == 1 and a.shape[i] != 1))
    total = np.asarray(np.add.reduce(a, axis=axes)).reshape(shape)
    if out is None:
        return total
    np.copyto(out, total)
    return out


def sum_to_calls(out: Array, a: Array, *, shape: tuple[int, ...]) -> list[Call] | None:
    """The calls that make up `sum_to`."""
    if a.ndim == 2 and shape in ((a.shape[1],), (1, a.shape[1])) and a.shape[0] > 0:
        if a.shape[1] == 1:  # one column: an inner product
            return [(np.dot, (a.reshape(-1), np.ones(a.shape[0], a.dtype)), out.reshape(()))]
        return [(np.dot, (np.ones(a.shape[0], a.dtype), a), out.reshape(-1))]
    return None


def logsumexp(a: Array, out: Array | None = None, *, dim: Dims, keepdim: bool) -> Array:
    """max + log(sum(exp(a - max))); rows of nothing but -inf give -inf."""
    top = np.maximum.reduce(a, axis=dim, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, constant(0, a))
    total = np.log(np.add.reduce(np.exp(a - top), axis=dim, keepdims=True)) + top
    shape = (
        kept(a.shape, dim) if keepdim else tuple(n for i, n in enumerate(a.shape) if dim is not None and i not in dim)
    )
    return np.add(total.reshape(shape), constant(0, a), out=out)


def softmax(a: Array, out: Array | None = None, *, dim: int) -> Array:
    """exp(a - max) / sum(exp(a - max)) along one axis."""
    if not a.size:
        return np.positive(a, out=out)
    out = np.asarray(np.subtract(a, np.maximum.reduce(a, axis=dim, keepdims=True), out=out))
    np.exp(out, out=out)
    return np.divide(out, np.add.reduce(out, axis=dim, keepdims=True), out=out)


def softmax_calls(out: Array, a: Array, *, dim: int) -> list[Call] | None:
    """The calls that make up `softmax`."""
    if not a.size:
        return None
    col = np.empty(kept(a.shape, (dim,)), a.dtype)
    return [
        (np.maximum.reduce, (a, dim, None, col, True), None),
        (np.subtract, (a, col), out),
        (np.exp, (out,), out),
        (np.add.reduce, (out, dim, None, col, True), None),
        (np.divide, (out, col), out),
    ]


def log_softmax(a: Array, out: Array | None = None, *, dim: int) -> Array:
    """a - max - log(sum(exp(a - max))) along one axis."""
    if not a.size:
        return np.positive(a, out=out)
    out = np.asarray(np.subtract(a, np.maximum.reduce(a, axis=dim, keepdims=True), out=out))
    total = np.add.reduce(np.exp(out), axis=dim, keepdims=True)
    return np.subtract(out, np.log(total), out=out)


def log_softmax_calls(out: Array, a: Array, *, dim: int) -> list[Call] | None:
    """The calls that make up `log_softmax`."""
    if not a.size:
        return None
    col, e = np.empty(kept(a.shape, (dim,)), a.dtype), np.empty_like(out)
    return [
        (np.maximum.reduce, (a, dim, None, col, True), None),
        (np.subtract, (a, col), out),
        (np.exp, (out,), e),
        (np.add.reduce, (e, dim, None, col, True), None),
        (np.log, (col,), col),
        (np.subtract, (out, col), out),
    ]


def norm(a: Array, out: Array | None = None, *, dim: Dims, keepdim: bool) -> Array:
    """Euclidean length, scaled so that squares cannot overflow."""
    if a.dtype == np.float32:
        total = np.add.reduce(np.square(a, dtype=np.float64), axis=dim, keepdims=keepdim)
        return (
            np.sqrt(total, out=out, dtype=np.float64, casting="same_kind")
            if out is not None
            else np.sqrt(total).astype(a.dtype)
        )
    return np.sqrt(np.add.reduce(np.square(a), axis=dim, keepdims=keepdim), out=out)


# ---- products -----------------------------------------------------------------------------------------------------


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """Product of matrices, or of stacks of them."""
    return np.dot(a, b, out=out) if a.ndim == b.ndim == 2 else np.matmul(a, b, out=out)


def matmul_calls(out: Array, a: Array, b: Array) -> list[Call] | None:
    """The calls that make up `matmul`."""
    if a.ndim != 2 or b.ndim != 2:
        return None
    if not out.flags.c_contiguous:  # made column by column: the same product of the transposes
        return [(np.dot, (b.T, a.T), out.T)]
    return [(np.dot, (a, b), out)]


def linear(x: Array, w: Array, b: Array, out: Array | None = None) -> Array:
    """x w^T + b."""
    out = matmul(x, w.T, out=out)
    return np.add(out, b, out=out)


def linear_calls(out: Array, x: Array, w: Array, b: Array) -> list[Call]:
    """The calls that make up `linear`."""
    bias = b.reshape(()) if b.size == 1 else b
    if x.ndim != 2:
        return [(np.matmul, (x, w.T), out), (np.add, (out, bias), out)]
    if not out.flags.c_contiguous:
        return [(np.dot, (w, x.T), out.T), (np.add, (out.T, b.reshape(-1, 1)), out.T)]
    return [(np.dot, (x, w.T), out), (np.add, (out, bias), out)]
