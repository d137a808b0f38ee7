"""How many digits of a number are shown.

`digits` counts digits after the point; numbers below 1 keep that many digits that count (0.000123). `"exact"` shows as
many as tell the number from every other of its kind, as Python does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain

Digits = int | str
EXACT = "exact"
_MOST = 15
_HUGE, _TINY = 1e9, 1e-5  # beyond these a number is written as 1.23e-6


class Fine(float):
    """A number that is shown with `more` digits than others, because much hangs on it: a factor of something large.

    >>> spell(Fine(-0.7392612, 4), 3), spell(Fine(0.5, 4), 3)
    ('-0.7392612', '0.5')
    """

    more: int

    def __new__(cls, value: float, more: int) -> Fine:
        fine = super().__new__(cls, value)
        fine.more = more
        return fine


def check_digits(digits: Digits) -> Digits:
    """The same digits, if they are a whole number from 1 to 15, or "exact"."""
    if digits == EXACT or (isinstance(digits, int) and not isinstance(digits, bool) and 1 <= digits <= _MOST):
        return digits
    got = f"explain: got digits={digits!r}"
    raise ValueRangeError(complain(got, f'expected a whole number from 1 to {_MOST}, or "exact"', "Try digits=3"))


def spell(value: Any, digits: Digits, kind: Any = np.float64) -> str:
    """A number in digits; `kind` is the dtype that it has on the tape.

    Zeros at the end are shown only where something was rounded away.

    >>> [spell(v, 3) for v in (0.9, 1.358118, 0.7000123, 0.00012345, 1e-9, 12345678.0, 0.30000000000000004)]
    ['0.9', '1.358', '0.700', '0.000123', '1e-9', '12345678', '0.3']
    >>> spell(0.1 + 0.2, "exact")
    '0.30000000000000004'
    """
    number = float(value)
    if not math.isfinite(number):
        return {math.inf: "inf", -math.inf: "-inf"}.get(number, "nan")
    if number == 0:
        return "0"
    more = value.more if isinstance(value, Fine) else 0
    text = _exactly(number, kind) if digits == EXACT else _rounded(number, min(int(digits) + more, _MOST), kind)
    return text if float(text) else "0"


def signed(value: Any, digits: Digits, kind: Any = np.float64) -> str:
    """The same with the minus sign of print, as it stands in words and tables.

    >>> signed(-0.5, 3)
    '−0.5'
    """
    return with_sign(spell(value, digits, kind))


def with_sign(text: str) -> str:
    """A spelled number with the minus sign of print."""
    return "−" + text[1:] if text.startswith("-") else text


def _exactly(number: float, kind: Any) -> str:
    kind = np.dtype(kind)
    text = repr(number) if kind.kind != "f" or kind.itemsize >= 8 else str(kind.type(number))
    return _short_exponent(text.removesuffix(".0"))


def _rounded(number: float, digits: int, kind: Any) -> str:
    size = abs(number)
    if size >= _HUGE or size < _TINY:
        text = f"{number:.{digits - 1}e}"
        text = text if math.isfinite(float(text)) else repr(number)  # the largest numbers cannot be rounded up
        return _short_exponent(_without_zeros(text) if _same(number, float(text), kind) else text)
    places = digits if size >= 1 else digits - 1 - math.floor(math.log10(size))
    text = f"{number:.{places}f}"
    return _without_zeros(text) if _same(number, float(text), kind) else text


def _same(a: float, b: float, kind: Any) -> bool:
    """Whether two numbers differ by no more than what a kind of number cannot hold."""
    fine = np.finfo(kind).eps if np.dtype(kind).kind == "f" else 1e-16
    return abs(a - b) <= 4 * float(fine) * abs(a)


def _without_zeros(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + e + exponent


def _short_exponent(text: str) -> str:
    """1e-9 for 1e-09."""
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def as_printed(value: Any, digits: Digits, kind: Any = np.float64) -> Any:
    """The number (or the array of numbers) that a reader of its digits has."""
    if isinstance(value, np.ndarray) and value.ndim:
        return np.array([float(spell(v, digits, value.dtype)) for v in value.ravel()]).reshape(value.shape)
    return float(spell(value, digits, kind))
