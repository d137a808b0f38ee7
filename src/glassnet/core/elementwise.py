"""More of PyTorch's functions that work number by number, made of the primitives in `ops.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.core import dtypes, ops
from glassnet.core.functions import clamp, trunc
from glassnet.core.into import takes_out
from glassnet.core.layout import where
from glassnet.core.naming import shown_as
from glassnet.core.tensor import Tensor, as_tensor_like, wrap
from glassnet.errors import DTypeError, ValueRangeError, complain

__all__ = [
    "acosh",
    "asinh",
    "atanh",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "clamp_max",
    "clamp_min",
    "copysign",
    "deg2rad",
    "digamma",
    "float_power",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "gcd",
    "heaviside",
    "hypot",
    "isneginf",
    "isposinf",
    "isreal",
    "lcm",
    "ldexp",
    "logaddexp",
    "logaddexp2",
    "logit",
    "mvlgamma",
    "polygamma",
    "positive",
    "rad2deg",
    "round",
    "sgn",
    "signbit",
    "sinc",
    "xlogy",
]


@takes_out
@shown_as("ClampMinBackward0")
def clamp_min(input: Tensor, min: Any) -> Tensor:
    """Raise every number to at least min."""
    return clamp(input, min=min)


@takes_out
@shown_as("ClampMaxBackward0")
def clamp_max(input: Tensor, max: Any) -> Tensor:
    """Lower every number to at most max."""
    return clamp(input, max=max)


@takes_out
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Round to the nearest whole number, halves to the even one; or to so many decimals."""
    if decimals == 0:
        return ops.round(input)
    scale = 10.0**decimals
    return ops.round(input * scale) / scale


@takes_out
@shown_as("FracBackward0")
def frac(input: Tensor) -> Tensor:
    """What is left of each number after its whole part."""
    return input - trunc(input)


@takes_out
def fmod(input: Tensor, other: Any) -> Tensor:
    """The remainder of input / other, with the sign of input."""
    return ops.fmod(input, other)


def positive(input: Tensor) -> Tensor:
    """The tensor itself."""
    return input


@takes_out
@shown_as("SgnBackward0")
def sgn(input: Tensor) -> Tensor:
    """-1, 0 or 1."""
    return ops.sign(input)


@takes_out
@shown_as("CopysignBackward0")
def copysign(input: Tensor, other: Any) -> Tensor:
    """The size of input with the sign of other (-0.0 counts as negative)."""
    sign = wrap(np.copysign(np.ones((), input.array.dtype), as_tensor_like(other, input).array))
    return ops.abs(input) * sign


@takes_out
def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 below 0, 1 above, and `values` at 0."""
    return where(ops.eq(input, 0), values, ops.cast(ops.gt(input, 0), dtype=input.array.dtype))


@takes_out
@shown_as("HypotBackward0")
def hypot(input: Tensor, other: Tensor) -> Tensor:
    """sqrt(input^2 + other^2), without overflow."""
    big = ops.maximum(ops.abs(input), ops.abs(other)).detach()
    scale = where(ops.eq(big, 0), 1.0, big)
    return ops.sqrt(ops.square(input / scale) + ops.square(other / scale)) * scale


@takes_out
@shown_as("FmaxBackward0")
def fmax(input: Tensor, other: Tensor) -> Tensor:
    """The larger of each pair; NaN only where both are."""
    return where(ops.isnan(input), other, where(ops.isnan(other), input, ops.maximum(input, other)))


@takes_out
@shown_as("FminBackward0")
def fmin(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of each pair; NaN only where both are."""
    return where(ops.isnan(input), other, where(ops.isnan(other), input, ops.minimum(input, other)))


@takes_out
def float_power(input: Any, exponent: Any) -> Tensor:
    """input ** exponent in float64."""
    base, power = (v.double() if isinstance(v, Tensor) else v for v in (input, exponent))
    return ops.pow(base, power)


@takes_out
@shown_as("LogaddexpBackward0")
def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(exp(input) + exp(other)), without overflow."""
    return ops.maximum(input, other) + ops.log1p(ops.exp(-ops.abs(input - other)))


@takes_out
@shown_as("Logaddexp2Backward0")
def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """log2(2 ** input + 2 ** other), without overflow."""
    return ops.maximum(input, other) + ops.log1p(ops.exp2(-ops.abs(input - other))) * (1 / math.log(2))


@takes_out
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """input * 2 ** other."""
    return input * ops.exp2(other)


@takes_out
@shown_as("LogitBackward0")
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(x / (1 - x)), the inverse of the sigmoid; eps keeps x between eps and 1 - eps.

    >>> import glassnet as torch
    >>> torch.logit(torch.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    x = input if eps is None else ops.clamp(input, low=eps, high=1 - eps)
    return ops.log(x / (1.0 - x))


@takes_out
@shown_as("XlogyBackward0")
def xlogy(input: Any, other: Any) -> Tensor:
    """input * log(other), and 0 where input is 0, even times log(0)."""
    x = as_tensor_like(input, other if isinstance(other, Tensor) else None)
    y = as_tensor_like(other, x)
    infinite = ops.logical_or(ops.le(y, 0), ops.isinf(y))  # its logarithm, or no number
    return x * ops.log(where(ops.logical_and(ops.eq(x, 0), infinite), 1.0, y))


@takes_out
@shown_as("DigammaBackward0")
def digamma(input: Tensor) -> Tensor:
    """The derivative of lgamma.

    >>> import glassnet as torch
    >>> torch.digamma(torch.tensor([1.0, 2.0]))
    tensor([-0.5772,  0.4228])
    """
    return ops.polygamma(input, order=0)


@takes_out
def polygamma(n: int, input: Tensor) -> Tensor:
    """The derivative of order n of digamma; from order 2 on, for numbers above 0 (NaN below).

    >>> import glassnet as torch
    >>> torch.polygamma(1, torch.tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    if n < 0:
        got = f"polygamma: got n={n}"
        raise ValueRangeError(complain(got, "expected an order of 0 or more", "Try torch.digamma, which is order 0"))
    return ops.polygamma(input, order=int(n))


@takes_out
@shown_as("MvlgammaBackward0")
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the gamma function of p dimensions: p(p-1)/4 ln(pi) + the sum of lgamma(x - j/2) for j < p."""
    if p < 1:
        got = f"mvlgamma: got p={p}"
        raise ValueRangeError(complain(got, "expected 1 dimension or more", "Try torch.lgamma, which is p=1"))
    total = ops.lgamma(input)
    for j in range(1, p):
        total = total + ops.lgamma(input - j / 2)
    return total + p * (p - 1) / 4 * math.log(math.pi)


@takes_out
@shown_as("SincBackward0")
def sinc(input: Tensor) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0."""
    x = where(ops.eq(input, 0), 1.0, input) * math.pi
    return where(ops.eq(input, 0), 1.0, ops.sin(x) / x)


@takes_out
@shown_as("AsinhBackward0")
def asinh(input: Tensor) -> Tensor:
    """The inverse of sinh."""
    size = ops.abs(input)
    return ops.sign(input) * ops.log1p(size + ops.square(size) / (1.0 + ops.sqrt(ops.square(size) + 1.0)))


@takes_out
@shown_as("AcoshBackward0")
def acosh(input: Tensor) -> Tensor:
    """The inverse of cosh, from 1 on."""
    return ops.log(input + ops.sqrt(input - 1.0) * ops.sqrt(input + 1.0))


@takes_out
@shown_as("AtanhBackward0")
def atanh(input: Tensor) -> Tensor:
    """The inverse of tanh, between -1 and 1."""
    return 0.5 * (ops.log1p(input) - ops.log1p(-input))


@takes_out
def deg2rad(input: Tensor) -> Tensor:
    """Degrees as radians."""
    return input * (math.pi / 180)


@takes_out
def rad2deg(input: Tensor) -> Tensor:
    """Radians as degrees."""
    return input * (180 / math.pi)


# ---- signs and infinities -------------------------------------------------------------------------------------------


@takes_out
def signbit(input: Tensor) -> Tensor:
    """Whether each number is negative; -0.0 counts.

    >>> import glassnet as torch
    >>> torch.signbit(torch.tensor([-0.0, 0.0, -3.0]))
    tensor([ True, False,  True])
    """
    return wrap(np.asarray(np.signbit(input.read("signbit"))))


@takes_out
def isposinf(input: Tensor) -> Tensor:
    """Whether each number is inf."""
    return ops.eq(input, math.inf)


@takes_out
def isneginf(input: Tensor) -> Tensor:
    """Whether each number is -inf."""
    return ops.eq(input, -math.inf)


def isreal(input: Tensor) -> Tensor:
    """Whether each number is real: all are."""
    return wrap(np.ones(input.array.shape, bool))


# ---- whole numbers --------------------------------------------------------------------------------------------------


@takes_out
def gcd(input: Tensor, other: Tensor) -> Tensor:
    """The greatest common divisor of each pair of whole numbers."""
    return _of_whole(np.gcd, input, other)


@takes_out
def lcm(input: Tensor, other: Tensor) -> Tensor:
    """The least common multiple of each pair of whole numbers."""
    return _of_whole(np.lcm, input, other)


def _of_whole(function: np.ufunc, input: Tensor, other: Tensor) -> Tensor:
    for x in (input, other):
        if x.array.dtype.kind not in "iu":
            got = f"{function.__name__}: got {x.dtype} numbers"
            raise DTypeError(complain(got, "expected whole numbers", "Try x.long()"))
    return wrap(np.asarray(function(input.read(function.__name__), other.read(function.__name__))))


# ---- bits -----------------------------------------------------------------------------------------------------------


@takes_out
def bitwise_and(input: Any, other: Any) -> Tensor:
    """The bits set in both."""
    return ops.bit_and(input, other)


@takes_out
def bitwise_or(input: Any, other: Any) -> Tensor:
    """The bits set in either."""
    return ops.bit_or(input, other)


@takes_out
def bitwise_xor(input: Any, other: Any) -> Tensor:
    """The bits set in one only."""
    return ops.bit_xor(input, other)


@takes_out
def bitwise_not(input: Tensor) -> Tensor:
    """Every bit turned over."""
    return ops.bit_not(input)


@takes_out
def bitwise_left_shift(input: Tensor, other: Any) -> Tensor:
    """input * 2 ** other, for whole numbers."""
    return input * ops.pow(_whole(input, 2), _whole_other(input, other))


@takes_out
def bitwise_right_shift(input: Tensor, other: Any) -> Tensor:
    """input / 2 ** other, rounded down, for whole numbers."""
    return ops.floor_divide(input, ops.pow(_whole(input, 2), _whole_other(input, other)))


def _whole(input: Tensor, value: int) -> Tensor:
    if input.array.dtype.kind not in "iu":
        raise DTypeError(f"shift: got {input.dtype} numbers; expected whole numbers. Try x.long().")
    return wrap(np.asarray(value, input.array.dtype))


def _whole_other(input: Tensor, other: Any) -> Tensor:
    places = as_tensor_like(other, input)
    return (
        places if places.array.dtype == input.array.dtype else ops.cast(places, dtype=dtypes.numpy_dtype(input.dtype))
    )
