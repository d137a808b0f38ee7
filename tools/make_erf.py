"""Work out the coefficients of the error function in `core/error_function.py` (needs mpmath; prints them).

float32: erf(x) = x P(x^2) / Q(x^2) for |x| <= 3.9, fitted by repeated weighted least squares.
float64: erf(x) = x P(x^2) below 1, and 1 - t exp(-x^2 + C(t)) above, t = 2 / (2 + x), both by Chebyshev interpolation.
"""

import mpmath as mp
import numpy as np
from numpy.polynomial import chebyshev, polynomial

mp.mp.dps = 40


def at(f, points):
    return np.array([float(f(mp.mpf(float(p)))) for p in points])


def small64(degree=14):
    def f(u):
        return mp.erf(mp.sqrt(u)) / mp.sqrt(u) if u else 2 / mp.sqrt(mp.pi)

    nodes = 0.5 + 0.5 * np.cos(np.pi * (np.arange(40) + 0.5) / 40)
    fit = chebyshev.Chebyshev.fit(nodes, at(f, nodes), degree, domain=[0, 1])
    return fit.convert(kind=polynomial.Polynomial).coef


def large64(degree=26):
    low, high = 2 / (2 + 6.5), 2 / 3.0  # t at x = 6.5 and x = 1

    def f(t):
        x = 2 / mp.mpf(t) - 2
        return mp.log(mp.erfc(x) / t) + x * x

    nodes = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(60) + 0.5) / 60)
    return chebyshev.Chebyshev.fit(nodes, at(f, nodes), degree, domain=[low, high]).coef


def small32(p=6, q=5, limit=3.9):
    x = limit * np.cos(np.pi * (np.arange(400) + 0.5) / 800)
    u, r = x * x, at(mp.erf, x) / x
    weight = np.ones_like(u)
    for _ in range(30):
        rows = np.hstack([u[:, None] ** np.arange(p + 1), -r[:, None] * u[:, None] ** np.arange(1, q + 1)])
        scale = weight / r
        c, *_ = np.linalg.lstsq(rows * scale[:, None], r * scale, rcond=None)
        weight = 1 / np.abs(1 + (u[:, None] ** np.arange(1, q + 1)) @ c[p + 1 :])
    return c[: p + 1], np.concatenate([[1.0], c[p + 1 :]])


if __name__ == "__main__":
    for name, coefficients in (
        ("ERF_P64", small64()),
        ("ERF_C64", large64()),
        *zip(("ERF_P32", "ERF_Q32"), small32(), strict=True),
    ):
        print(f"{name} = (" + ", ".join(repr(float(c)) for c in coefficients) + ")")
