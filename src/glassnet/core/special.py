"""The gamma function's logarithm and its derivatives, the error function's far end and its inverse, on NumPy arrays.

All are worked out in float64, whatever comes in, and given back in the dtype of the input.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.core.error_function import erf, erfc_between

Array = np.ndarray

_FAR = 10  # from here on the asymptotic series below are exact to float64
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)  # B2, B4, …


def _in_float64(function: Callable[..., Array]) -> Callable[..., Array]:
    """A function of float64 numbers in NumPy's calling convention, for numbers of any kind."""

    def run(a: Array, out: Array | None = None, **attributes: Any) -> Array:
        with np.errstate(all="ignore"):
            y = function(np.asarray(a, np.float64), **attributes)
            if out is None:
                return y.astype(a.dtype)
            np.copyto(out, y, casting="same_kind")
            return out

    run.__name__ = function.__name__.lstrip("_")
    return run


def _zeta(s: int, q: Array) -> Array:
    """Hurwitz' Σ 1/(q + k)^s over k = 0, 1, … for q > 0, by Euler and Maclaurin's formula."""
    total = np.zeros_like(q)
    for k in range(_FAR):
        total += (q + k) ** -s
    far = q + _FAR
    total += far ** (1 - s) / (s - 1) + 0.5 * far**-s
    factor = float(s)
    for j, b in enumerate(_BERNOULLI, 1):
        total += b / math.factorial(2 * j) * factor * far ** (1 - s - 2 * j)
        factor *= (s + 2 * j - 1) * (s + 2 * j)
    return total


_ZETA_LESS_1 = [float(_zeta(k, np.array(2.0))) for k in range(2, 30)]  # ζ(k) - 1


def _lgamma_beside_2(z: Array) -> Array:
    """ln Γ(2 + z) for |z| ≤ 1/2, exact beside its root, where a difference of logarithms is not."""
    total = np.zeros_like(z)
    for k in range(29, 1, -1):
        total = z * (total + (-1) ** k * _ZETA_LESS_1[k - 2] / k)
    return z * (total + 1.0 - np.euler_gamma)


def _lgamma_beyond(x: Array) -> Array:
    """ln Γ(x) for x > 0 by Stirling's series, after as many steps up as it takes."""
    steps = np.ones_like(x)
    for _ in range(_FAR):
        near = x < _FAR
        steps = np.where(near, steps * x, steps)
        x = np.where(near, x + 1, x)
    tail = sum(b / (2 * j * (2 * j - 1)) * x ** (1 - 2 * j) for j, b in enumerate(_BERNOULLI, 1))
    y = (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + tail
    return np.where(np.isposinf(x), np.inf, y - np.log(steps))


def _lgamma_positive(x: Array) -> Array:
    beside_1, beside_2 = np.abs(x - 1) < 0.5, np.abs(x - 2) <= 0.5
    z = np.where(beside_2, x - 2, np.where(beside_1, x - 1, 0.0))
    series = _lgamma_beside_2(z) - np.where(beside_2, 0.0, np.log1p(z))
    return np.where(beside_1 | beside_2, series, _lgamma_beyond(x))


def _lgamma(x: Array) -> Array:
    below = x < 0.5
    y = _lgamma_positive(np.where(below, 1 - x, x))
    mirrored = np.log(np.pi / np.abs(_sin_pi(x))) - y
    tiny = np.abs(x) < 1e-300  # π / sin(πx) overflows where its logarithm does not
    mirrored = np.where(tiny, -np.log(np.abs(x)), mirrored)
    return np.where(np.isinf(x), np.inf, np.where(below, mirrored, y))


def _sin_pi(x: Array) -> Array:
    """sin(πx), exactly 0 at whole numbers."""
    near = np.rint(x)
    return np.sin(np.pi * (x - near)) * np.where(np.remainder(near, 2) == 0, 1.0, -1.0)


def _digamma(x: Array) -> Array:
    below = x <= 0
    q = np.where(below, 1 - x, x)
    steps = np.zeros_like(q)
    for _ in range(_FAR):
        near = q < _FAR
        steps += np.where(near, 1 / q, 0.0)
        q = np.where(near, q + 1, q)
    tail = sum(b / (2 * j) * q ** (-2.0 * j) for j, b in enumerate(_BERNOULLI, 1))
    y = np.log(q) - 0.5 / q - tail - steps
    y = np.where(below, y - np.pi / np.tan(np.pi * (x - np.rint(x))), y)
    y = np.where(below & (x == np.rint(x)), np.nan, y)
    return np.where(x == 0, np.copysign(np.inf, -x), y)


def _polygamma(x: Array, *, order: int) -> Array:
    if order == 0:
        return _digamma(x)
    sign = -1.0 if order % 2 == 0 else 1.0
    y = sign * math.factorial(order) * _zeta(order + 1, np.where(x > 0, x, np.nan))
    if order == 1:
        mirrored = (np.pi / _sin_pi(x)) ** 2 - _zeta(2, np.where(x > 0, np.nan, 1 - x))
        return np.where(x > 0, y, mirrored)
    return np.where(x == 0, sign * np.inf, y)


def _exp_less_square(x: Array) -> Array:
    """exp(-x²) to the last bits: the square is taken in two pieces, of which the first is exact."""
    rough = x.astype(np.float32).astype(np.float64)
    return np.exp(-rough * rough) * np.exp((rough - x) * (rough + x))


def _erfc_far(x: Array) -> Array:
    """1 - erf(x) for x > 6.5 by its asymptotic series."""
    total, term = np.ones_like(x), np.ones_like(x)
    for k in range(1, 27):
        term = term * (1 - 2 * k) / (2 * x * x)
        total += term
    return _exp_less_square(x) / (x * math.sqrt(math.pi)) * total


def _erfc(x: Array) -> Array:
    middle = np.clip(x, 1.0, 6.5)
    y = np.where(x < 1, 1 - erf(x), erfc_between(middle) * _exp_less_square(middle))
    return np.where(x > 6.5, _erfc_far(np.clip(x, 6.5, 30.0)), y)  # at 30 it is 0 even as a denormal number


def _erfinv(y: Array) -> Array:
    size = np.abs(y)
    inside = np.where(size < 1, size, 0.0)
    log = np.log1p(-inside) + np.log1p(inside)  # ln(1 - y²)
    half = 2 / (np.pi * 0.147) + 0.5 * log
    x = np.sqrt(-log / 0.147 / (np.sqrt(half * half - log / 0.147) + half))  # Winitzki (2008), to 0.2 %
    for _ in range(3):  # Halley's steps; beside 1, the distance to 1 has the digits that the number itself has not
        beyond = np.where(inside > 0.5, (1 - inside) - _erfc(x), erf(x) - inside)
        step = beyond * (0.5 * math.sqrt(math.pi)) * np.exp(x * x)
        x = x - step / (1 + x * step)
    return np.copysign(np.where(size < 1, x, np.where(size == 1, np.inf, np.nan)), y)


lgamma = _in_float64(_lgamma)
polygamma = _in_float64(_polygamma)
erfc = _in_float64(_erfc)
erfinv = _in_float64(_erfinv)
