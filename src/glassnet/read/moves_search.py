"""Where a line search looks next: the lowest point of the cubic through two points and their slopes.

Reference: Nocedal and Wright (2006), algorithm 3.6 and equation 3.59.
"""

from __future__ import annotations

import math
from typing import Any

from glassnet.read.equation import Equation
from glassnet.read.formula import Call, Formula, Number, Symbol, Value, minus, over, plus, raised, times

_FURTHER, _OFF = (0.01, 10.0), 0.1  # as the line search has them: how far beyond, and how far off an end


class Cubic:
    """The cubic through two points of a line and their slopes; they are called by their numbers."""

    def __init__(self, a: Any, b: Any, numbers: list[int], kind: Any) -> None:
        self.a, self.b, self.numbers, self.kind = a, b, numbers, kind

    def _of(self, letter: str, which: int) -> Value:
        point, number = (self.a, self.b)[which], self.numbers[which]
        number_of = {"t": point.t, "L": point.loss, "slope": point.slope}[letter]
        return Value(numbered(letter, number) if number or letter == "t" else Symbol(letter), number_of)

    def tell(self, k: int, wider: bool) -> tuple[list[Equation], float]:
        """The equations that lead to the lowest point, and where it is."""
        a, b = self.a, self.b
        bounds = self._bounds(wider)
        low, high = (float(value) for _, value in bounds)
        d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t) if a.t != b.t else math.nan
        inside = d1 * d1 - a.slope * b.slope
        left, right = (0, 1) if a.t <= b.t else (1, 0)
        d2 = math.sqrt(inside) if inside >= 0 else 0.0
        ends = ((a, b)[left], (a, b)[right])
        bottom = ends[1].slope - ends[0].slope + 2 * d2
        if not inside >= 0 or bottom == 0:
            middle = over(plus(bounds[0][0], bounds[1][0]), Number(2.0))
            return [Equation(numbered("t", k), middle, (low + high) / 2, self.kind)], (low + high) / 2
        t = ends[1].t - (ends[1].t - ends[0].t) * ((ends[1].slope + d2 - d1) / bottom)
        found = min(max(t, low), high)
        return [*self._roots(d1, d2), self._lowest(k, d1, d2, (left, right), bounds, found)], found

    def _roots(self, d1: Any, d2: Any) -> list[Equation]:
        fall = over(
            times(Number(3.0), minus(self._of("L", 0), self._of("L", 1))), minus(self._of("t", 0), self._of("t", 1))
        )
        first = minus(plus(self._of("slope", 0), self._of("slope", 1)), fall)
        square = raised(Value(Symbol("u"), d1), Number(2.0))
        second = Call("sqrt", (minus(square, times(self._of("slope", 0), self._of("slope", 1))),))
        return [Equation(Symbol("u"), first, d1, self.kind), Equation(Symbol("v"), second, d2, self.kind)]

    def _lowest(self, k: int, d1: Any, d2: Any, order: tuple[int, int], bounds: Any, found: Any) -> Equation:
        left, right = order
        u, v = Value(Symbol("u"), d1), Value(Symbol("v"), d2)
        width = minus(self._of("t", right), self._of("t", left))
        top = minus(plus(self._of("slope", right), v), u)
        below = plus(minus(self._of("slope", right), self._of("slope", left)), times(Number(2.0), v))
        t = minus(self._of("t", right), times(width, over(top, below)))
        return Equation(numbered("t", k), Call("clamp", (t, bounds[0][0], bounds[1][0])), found, self.kind)

    def _bounds(self, wider: bool) -> list[tuple[Formula, float]]:
        a, b = self.a, self.b
        if not wider:
            order = (0, 1) if a.t <= b.t else (1, 0)
            return [(self._of("t", which), (a, b)[which].t) for which in order]
        step = times(Number(_FURTHER[0]), minus(self._of("t", 1), self._of("t", 0)))
        return [(plus(self._of("t", 1), step), b.t + _FURTHER[0] * (b.t - a.t)),
                (times(Number(_FURTHER[1]), self._of("t", 1)), b.t * _FURTHER[1])]  # fmt: skip

    def aside(self, k: int, t: Any) -> list[Equation]:
        """A tenth of the bracket off the end that is nearer."""
        left, right = (0, 1) if self.a.t <= self.b.t else (1, 0)
        width = times(Number(_OFF), minus(self._of("t", right), self._of("t", left)))
        ends = (self.a, self.b)[left].t, (self.a, self.b)[right].t
        near_right = abs(t - ends[1]) < abs(t - ends[0])
        formula = minus(self._of("t", right), width) if near_right else plus(self._of("t", left), width)
        return [Equation(numbered("t", k), formula, t, self.kind)]


def numbered(letter: str, number: int) -> Symbol:
    """A letter with a number below it."""
    return Symbol(letter, "", (number,))
