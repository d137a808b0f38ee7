"""One equation: a name, the formula of its value, and the value that the tape holds.

What is printed must hold for those who work it out again from the printed digits. Where it does not, because digits
were rounded away, the equation says what the printed numbers give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet.read.digits import EXACT, Digits, as_printed, spell
from glassnet.read.formula import FUNCTIONS, Call, Formula, Symbol, evaluate


@dataclass(eq=False)
class Equation:
    """`symbol` = `formula` = `value`; `numeric` is the same slope found by differences, if that was asked for."""

    symbol: Symbol
    formula: Formula
    value: Any
    kind: Any = np.float64
    numeric: float | None = None

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

    def remark(self, digits: Digits) -> str | None:
        """What there is to say when the printed numbers give something else."""
        if is_opaque(self.formula):
            return "as the operation gave it; it has no formula here"
        again = self.recomputed(digits)
        if self._agrees(again, digits):
            return None
        if digits == EXACT:
            return (
                f"rounded to {np.dtype(self.kind)} at every step; these numbers give {_with_sign(spell(again, EXACT))}"
            )
        short = spell(again, digits)
        if short == self.printed(digits):  # half way between two: one digit more tells
            short = spell(again, min(int(digits) + 1, 15))
        return f"rounded; the digits shown give {_with_sign(short)}"


def _with_sign(text: str) -> str:
    return "−" + text[1:] if text.startswith("-") else text


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
