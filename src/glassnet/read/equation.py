"""One equation: a name, the formula of its value, and the value that the tape holds.

What is printed must hold for those who work it out again from the printed digits. Where it does not, because digits
were rounded away, the equation says what the printed numbers give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.read.digits import EXACT, Digits, as_printed, spell, with_sign
from glassnet.read.formula import FUNCTIONS, Call, Formula, Symbol, evaluate


@dataclass(eq=False)
class Equation:
    """`symbol` = `formula` = `value`; `numeric` is the same slope found by differences, if that was asked for."""

    symbol: Symbol
    formula: Formula
    value: Any
    kind: Any = np.float64
    numeric: float | None = None
    corner: bool = False  # whether the slope jumps here, so that differences give something in between

    def printed(self, digits: Digits) -> str:
        """The value in digits."""
        return spell(self.value, digits, self.kind)

    def recomputed(self, digits: Digits) -> float:
        """What the formula gives for whoever has its printed numbers; NaN if it cannot be worked out."""
        return float(evaluate(self.formula, lambda v: as_printed(v, digits, self.kind)))

    def holds(self, digits: Digits) -> bool:
        """Whether the printed numbers give the printed result, to its last digit."""
        return self._agrees(self.recomputed(digits), digits)

    def _agrees(self, again: float, digits: Digits) -> bool:
        value = float(self.value)
        if not (math.isfinite(again) and math.isfinite(value)):
            return again == value or (math.isnan(again) and math.isnan(value))
        if digits == EXACT:
            return bool(np.dtype(self.kind).type(again) == np.dtype(self.kind).type(value))
        return abs(again - float(self.printed(digits))) < 0.4999999 * last_place(value, int(digits))

    def by_differences(self, digits: Digits) -> str:
        """The slope found by differences, in digits; what lies beyond nine is noise."""
        assert self.numeric is not None
        return spell(self.numeric, 9 if digits == EXACT else digits)

    @property
    def at_corner(self) -> str:
        """What there is to say where differences cannot agree."""
        return ", at a corner where the slope jumps" if self.corner else ""

    def remark(self, digits: Digits) -> str | None:
        """What there is to say when the printed numbers give something else."""
        if is_opaque(self.formula):
            return "as the operation gave it; it has no formula here"
        again = self.recomputed(digits)
        if self._agrees(again, digits):
            return None
        if digits == EXACT:
            return (
                f"rounded to {np.dtype(self.kind)} at every step; these numbers give {with_sign(spell(again, EXACT))}"
            )
        short = spell(again, digits)
        if short == self.printed(digits):  # half way between two: one digit more tells
            short = spell(again, min(int(digits) + 1, 15))
        return f"rounded; the digits shown give {with_sign(short)}"


def whole_remark(formula: Formula, result: np.ndarray, digits: Digits) -> str | None:
    """What there is to say when the printed arrays of a formula do not give every number of the printed result."""
    if is_opaque(formula):
        return "as the operation gave it; it has no formula here"
    again = np.asarray(evaluate(formula, lambda v: as_printed(v, digits, result.dtype)), np.float64)
    if again.size == result.size:
        pairs = zip(again.ravel(), result.ravel(), strict=True)
        if all(Equation(Symbol(""), formula, v, result.dtype)._agrees(float(a), digits) for a, v in pairs):
            return None
    return "rounded; the digits shown give some other last digits"


def comes_out(formula: Formula, result: np.ndarray) -> bool:
    """Whether a formula of whole arrays gives the result, so that its numbers may be shown."""
    try:
        again = np.asarray(evaluate(formula), np.float64)
    except ValueError:  # arrays that were laid out anew in between
        return False
    fine = 1e-4 if result.dtype == np.float32 else 1e-9
    return again.size == result.size and np.allclose(
        again.ravel(), result.ravel(), rtol=fine, atol=fine, equal_nan=True
    )


def last_place(value: float, digits: int) -> float:
    """What one unit of the last digit shown is worth."""
    size = abs(value)
    if size == 0 or 1 <= size < 1e9:
        return 10.0**-digits
    return 10.0 ** (math.floor(math.log10(size)) - digits + 1)


def is_opaque(formula: Formula) -> bool:
    """Whether some part of a formula only names an operation, and so cannot be worked out."""
    if isinstance(formula, Call) and formula.function not in FUNCTIONS:
        return True
    return any(is_opaque(part) for part in formula.parts())
