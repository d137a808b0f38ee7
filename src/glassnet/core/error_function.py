"""The error function, on NumPy arrays: polynomials and a Chebyshev series, worked out by `tools/make_erf.py`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from glassnet.core.kernels import Array, constant

ERF_P64 = (
    1.1283791670955123,
    -0.37612638903181167,
    0.11283791670802087,
    -0.026866170604442272,
    0.005223977049573062,
    -0.0008548278441674433,
    0.00012052698579231024,
    -1.4829316840524698e-05,
    1.4019185934676504e-06,
    2.7116444110485253e-07,
    -5.267725598918565e-07,
    4.6099589916512734e-07,
    -2.5743209641568743e-07,
    8.435593084801162e-08,
    -1.2322130502885366e-08,
)
ERF_C64 = (
    -0.7317872550321467,
    0.28311386326019067,
    0.005397116432340561,
    -0.0008146705547105474,
    -5.626487471302172e-05,
    6.284190248704484e-06,
    6.056840794951024e-07,
    -7.56183495962936e-08,
    -6.4763604583523325e-09,
    1.1257685567346478e-09,
    5.5954747528224316e-11,
    -1.7544776715510773e-11,
    -7.990569608080812e-14,
    2.528201012097058e-13,
    -1.1704525585869711e-14,
    -2.579460458794976e-15,
    2.703574754104158e-16,
    2.0839389129884206e-16,
    1.1811221129817754e-17,
    8.259114366670514e-17,
    -3.454547992928994e-16,
    1.3072716147181699e-16,
    -3.3587962701068774e-16,
    -2.472821853233894e-16,
    -3.9727870757490748e-16,
    1.4612650583995082e-16,
    -3.526993596565418e-16,
)
ERF_P32 = (
    1.12837916951898,
    0.18504811840012347,
    0.05428299461007106,
    0.003841751927903116,
    0.00037890269197885147,
    4.667776394459951e-06,
    -1.3093398941263602e-08,
)
ERF_Q32 = (
    1.0,
    0.49732804275157105,
    0.11388252176430737,
    0.015443606102944752,
    0.0013050670818943518,
    6.2956850735561e-05,
)


def erf(a: Array, out: Array | None = None) -> Array:
    """The error function, within 6 units in the last place."""
    y = _erf32(a) if a.dtype == np.float32 else _erf64(np.asarray(a, np.float64))
    return y.astype(a.dtype, copy=False) if out is None else np.positive(y, out=out, casting="same_kind")


def _erf32(a: Array) -> Array:
    x = np.clip(a, -3.92, 3.92).astype(np.float32)  # beyond, it is 1 to the last bit
    u = x * x
    return np.clip(x * _polynomial(u, ERF_P32) / _polynomial(u, ERF_Q32), -1, 1)


def _erf64(a: Array) -> Array:
    x = np.abs(a)
    below = x * _polynomial(np.minimum(x, 1.0) ** 2, ERF_P64)
    x = np.clip(x, 1.0, 6.5)
    t, series = _erfc_series(x)
    above = 1 - t * np.exp(series - x * x)
    return np.where(np.isnan(a), a, np.copysign(np.where(np.abs(a) < 1, below, above), a))


def _erfc_series(x: Array) -> tuple[Array, Array]:
    """t and s with 1 - erf(x) = t exp(s - x²), for x from 1 to 6.5."""
    low, high = 2 / 8.5, 2 / 3
    t = 2 / (2 + x)
    return t, _chebyshev((2 * t - low - high) / (high - low), ERF_C64)


def erfc_between(x: Array) -> Array:
    """(1 - erf(x)) exp(x²), for x from 1 to 6.5."""
    t, series = _erfc_series(x)
    return t * np.exp(series)


def _polynomial(u: Array, coefficients: Sequence[float]) -> Array:
    y = np.full_like(u, coefficients[-1])
    for c in coefficients[-2::-1]:
        y *= u
        y += constant(c, u)
    return y


def _chebyshev(s: Array, coefficients: Sequence[float]) -> Array:
    """Clenshaw's recurrence (1955)."""
    b1 = b2 = np.zeros_like(s)
    for c in coefficients[:0:-1]:
        b1, b2 = 2 * s * b1 - b2 + c, b1
    return s * b1 - b2 + coefficients[0]


TANH_GELU = math.sqrt(2 / math.pi), 0.044715  # the constants of its approximation


def gelu(a: Array, out: Array | None = None, *, approximate: str) -> Array:
    """x times the share of a normal distribution below x (Hendrycks and Gimpel, 2016)."""
    if approximate == "tanh":
        k, c = TANH_GELU
        share = 1 + np.tanh(k * (a + c * a * a * a))
    else:
        share = 1 + erf(a * constant(math.sqrt(0.5), a))
    return np.multiply(a * constant(0.5, a), share, out=out)
