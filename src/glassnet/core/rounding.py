"""Arithmetic that rounds where PyTorch's own loops round, so that random numbers agree to the last bit.

Processors multiply and add in one rounding (fused); NumPy rounds twice. The C library's functions and PyTorch's vector
versions of them round otherwise than NumPy's. Here are both, on plain arrays; float32 results are float32 arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray

CHUNK = 8192  # numbers at a time, so that what lies between the steps stays in the processor's cache


def fused(x: Array, a: Any, b: Any) -> Array:
    """x * a + b in one rounding, for float32 or float64 arrays x and numbers a and b.

    >>> x = np.array([1 + 2.0**-30])
    >>> (fused(x, 1 - 2.0**-30, -1.0) == -(2.0**-60)).all(), x * (1 - 2.0**-30) - 1
    (np.True_, array([0.]))
    """
    rule, y = fused32 if x.dtype == np.float32 else fused64, np.empty(x.size, x.dtype)
    for start in range(0, x.size, CHUNK):
        part = slice(start, start + CHUNK)
        y[part] = rule(x.reshape(-1)[part], x.dtype.type(a), x.dtype.type(b))
    return y.reshape(x.shape)


def fused32(x: Any, a: Any, b: Any) -> Array:
    """In float64 the product is exact; rounding the sum twice goes wrong only halfway between two float32 numbers."""
    product = np.multiply(x, a, dtype=np.float64)
    total = product + b
    halfway = (total.view(np.int64) & 0x1FFFFFFF) == 0x10000000
    if halfway.any():
        _lean(total, _lost(product, np.float64(b), total), halfway)
    return total.astype(np.float32)


def fused64(x: Array, a: Any, b: Any) -> Array:
    """Exact product and sum in three parts, of which the two small ones are rounded so that no half is lost.

    S. Boldo and G. Melquiond, Emulation of a FMA and correctly rounded sums, IEEE Trans. on Computers 57(4), 2008.
    """
    product = x * a
    if b == 0 or a in (0.0, 1.0) or not abs(a) < 1e290:  # one rounding anyway, or too large to be cut in halves
        return product + b
    product_rest = _product_rest(x, a, product)
    middle = b + product_rest
    total = product + middle
    rest, tail = _lost(b, product_rest, middle), _lost(product, middle, total)
    small = rest + tail
    _lean(small, _lost(rest, tail, small), (small.view(np.int64) & 1) == 0)
    return total + small


def _product_rest(x: Array, a: float, product: Array) -> Array:
    """What rounding took from product = x * a (T. J. Dekker, 1971)."""
    (x_high, x_low), (a_high, a_low) = _halves(x), _halves(a)
    return x_low * a_low - (((product - x_high * a_high) - x_low * a_high) - x_high * a_low)


def _halves(x: Any) -> tuple[Any, Any]:
    """Two numbers of 26 bits each that add up to x."""
    scaled = x * (2.0**27 + 1)
    high = scaled - (scaled - x)
    return high, x - high


def _lost(a: Any, b: Any, total: Array) -> Array:
    """What rounding took from total = a + b (D. E. Knuth, 1969)."""
    part = total - a
    return (a - (total - part)) + (b - part)


def _lean(x: Array, lost: Array, where: Array) -> None:
    """Move rounded numbers one place towards what they lost, so that the next rounding sees on which side they were."""
    np.nextafter(x, np.copysign(np.inf, lost), out=x, where=where & (lost != 0))


def each(function: Callable[[float], float], x: Array) -> Array:
    """The C library's function (from `math`) of every number of a float64 array."""
    return np.fromiter(map(function, x.ravel().tolist()), np.float64, x.size).reshape(x.shape)


# Polynomials on a short interval, highest power first, as float32 takes them.
# S. L. Moshier, Methods and Programs for Mathematical Functions (Cephes), 1989.
LOG = np.array(
    [
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
    np.float32,
)  # fmt: skip
COSINE = np.array([2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2], np.float32)
SINE = np.array([-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1], np.float32)
LOG_2 = np.array([0.693359375, -2.12194440e-4], np.float32)  # ln 2 in two parts
QUARTER_TURN = np.array([1.5703125, 4.837512969970703125e-4, 7.54978995489188216e-8], np.float32)  # pi / 2 in three


def log(x: Array) -> Array:
    """ln x of positive numbers: in float32 as PyTorch's vector loops have it, in float64 the C library's."""
    if x.dtype != np.float32:
        return each(math.log, x)
    m, e = np.frexp(x)  # ln x = ln m + e ln 2, with m from 1/sqrt(2) to sqrt(2)
    small = m < np.float32(math.sqrt(0.5))
    m = np.where(small, m + m, m) - np.float32(1)
    e = (e - small).astype(np.float32)
    square = m * m
    tail = fused32(_polynomial(m, LOG) * m, square, e * LOG_2[1]) - square * np.float32(0.5)
    return fused32(e, LOG_2[0], m + tail)


def sine_cosine(x: Array) -> tuple[Array, Array]:
    """Both of one angle, 0 to 2 pi: in float32 as PyTorch's vector loops have them, in float64 the C library's."""
    if x.dtype != np.float32:
        return each(math.sin, x), each(math.cos, x)
    quarters = ((x * np.float32(4 / math.pi)).astype(np.int32) + 1) >> 1
    for part in QUARTER_TURN:
        x = fused32((-quarters).astype(np.float32), part, x)
    square = x * x
    cosine = fused32(_polynomial(square, COSINE) * square, square, square * np.float32(-0.5)) + np.float32(1)
    sine = fused32(_polynomial(square, SINE) * square, x, x)
    odd = (quarters & 1).astype(bool)  # an odd number of quarter turns makes a sine of a cosine
    sine, cosine = np.where(odd, cosine, sine), np.where(odd, sine, cosine)
    return np.where(quarters & 2, -sine, sine), np.where((quarters + 1) & 2, -cosine, cosine)


def _polynomial(x: Array, coefficients: Array) -> Array:
    y: Any = coefficients[0]
    for c in coefficients[1:]:
        y = fused32(y, x, c)
    return y
