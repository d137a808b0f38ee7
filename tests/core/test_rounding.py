"""Sums and products in one rounding, against exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from glassnet.core import rounding

singles = st.floats(-(2.0**40), 2.0**40, width=32).filter(lambda v: v == 0 or abs(v) > 2.0**-40)
doubles = st.floats(-(2.0**60), 2.0**60).filter(lambda v: v == 0 or abs(v) > 2.0**-60)


def nearest(exact: Fraction, bits: int) -> float:
    """The number of so many significant bits nearest to a fraction; of two equally near, the even one."""
    if exact == 0:
        return 0.0
    exponent = exact.numerator.bit_length() - exact.denominator.bit_length() - bits
    step = Fraction(2) ** exponent
    while abs(exact) / step >= 2**bits:
        step *= 2
    return float(round(exact / step) * step)


@given(singles, singles, singles)
@example(1 + 2.0**-23, 1 + 2.0**-23, 2.0**-40)
def test_single_precision_rounds_once(x, a, b):
    exact = Fraction(x) * Fraction(a) + Fraction(b)
    assert rounding.fused32(np.float32([x]), np.float32(a), np.float32(b))[0] == nearest(exact, 24)


def odd(low, high):
    return st.integers(low // 2, high // 2 - 1).map(lambda k: 2 * k + 1)


@given(odd(2**12, 2**13), odd(2**12, 2**13), st.sampled_from([-1, 1]), st.integers(30, 100))
def test_single_precision_sees_what_double_precision_loses(x, a, sign, power):
    """The product, an odd number of 25 bits, lies halfway between two float32 numbers, and b decides."""
    assume(2**24 < x * a < 2**25)
    b = sign * 2.0**-power
    assert rounding.fused32(np.float32([x]), np.float32(a), np.float32(b))[0] == x * a + sign


@given(doubles, doubles, doubles)
@example(1 + 2.0**-30, 1 - 2.0**-30, -1.0)
@example(1 + 2.0**-52, 1 + 2.0**-52, 2.0**-60)
def test_double_precision_rounds_once(x, a, b):
    exact = Fraction(x) * Fraction(a) + Fraction(b)
    assert rounding.fused64(np.array([x]), a, b)[0] == nearest(exact, 53)


@given(odd(2**26, 2**27), odd(2**26, 2**27), st.sampled_from([-1, 1]), st.integers(30, 200))
def test_double_precision_sees_what_lies_behind_a_tie(x, a, sign, power):
    """The same with an odd product of 54 bits."""
    assume(2**53 < x * a < 2**54)
    assert rounding.fused64(np.array([float(x)]), float(a), sign * 2.0**-power)[0] == x * a + sign


def test_factors_too_large_to_cut_in_halves():
    assert rounding.fused64(np.array([0.5]), 1e300, 0.0)[0] == 5e299


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_arrays_are_cut_and_joined(dtype):
    x = np.linspace(-1, 1, 3 * rounding.CHUNK + 5, dtype=dtype).reshape(-1, 1)
    y = rounding.fused(x, 3.7, 0.1)
    assert (y.dtype, y.shape) == (dtype, x.shape)
    assert y[-1, 0] == rounding.fused(x[-1:], 3.7, 0.1)[0, 0]
    np.testing.assert_allclose(y, x * 3.7 + 0.1, rtol=1e-6, atol=1e-6)


fractions = st.integers(1, 2**24).map(lambda k: np.float32(k * 2.0**-24))


@given(fractions)
def test_logarithm_is_near_the_true_one(x):
    assert abs(float(rounding.log(np.array([x]))[0]) - math.log(x)) <= 1e-7 * max(1, -math.log(x))


@given(fractions)
def test_sine_and_cosine_are_near_the_true_ones(u):
    angle = np.float32(2 * math.pi) * u
    sine, cosine = rounding.sine_cosine(np.array([angle]))
    assert abs(float(sine[0]) - math.sin(angle)) < 2e-7
    assert abs(float(cosine[0]) - math.cos(angle)) < 2e-7


def test_double_precision_functions_are_the_c_librarys():
    x = np.array([[0.1, 0.7], [1.0, 2.0**-50]])
    assert rounding.log(x).tolist() == [[math.log(v) for v in row] for row in x.tolist()]
    sine, cosine = rounding.sine_cosine(x)
    assert sine.tolist() == [[math.sin(v) for v in row] for row in x.tolist()]
    assert cosine.tolist() == [[math.cos(v) for v in row] for row in x.tolist()]
