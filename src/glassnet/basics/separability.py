"""Is there a line between two classes? Either the line, or a proof that there is none: both in exact fractions.

A line w·x + b with w·x + b >= 1 for class 1 and <= -1 for class 0 asks for s_i (w·x_i + b) >= 1 with s = ±1. By Farkas'
lemma (1902) exactly one of two things exists: such a line, or weights l_i >= 0, not all 0, with

    sum l_i s_i x_i = 0   and   sum l_i s_i = 0.

Adding up the inequalities with those weights gives 0 >= sum l_i > 0: the contradiction that is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from glassnet.errors import DataError, ShapeError, complain

Row = list[Fraction]
_MOST = 200  # examples: fractions grow


@dataclass(frozen=True)
class Separation:
    """A line (`weight`, `bias`), or the `proof` weights of the examples that rule every line out."""

    x: tuple[tuple[Fraction, ...], ...]
    y: tuple[int, ...]
    weight: tuple[Fraction, ...] | None
    bias: Fraction | None
    proof: tuple[Fraction, ...] | None

    @property
    def exists(self) -> bool:
        """Whether a line parts the classes."""
        return self.weight is not None

    def tell(self) -> str:
        """The line, or the contradiction step by step."""
        if self.weight is not None and self.bias is not None:
            return f"{_sum(self.weight)} + ({self.bias}) is positive for class 1 and negative for class 0"
        used = [(f, x, y) for f, x, y in zip(self.proof or (), self.x, self.y, strict=True) if f]
        lines = ["a line would need:"]
        for share, x, y in used:
            times = "" if share == 1 else f"   (taken {share} times)"
            lines.append(f"  {_at(x)} {'> 0' if y else '< 0'}   for {_point(x)} -> {y}{times}")
        ones, zeros = (" + ".join(_times(f, _point(x)) for f, x, y in used if y == k) for k in (1, 0))
        lines += [
            f"but {ones} = {zeros}, with as many examples on each side:",
            "the left sides of the first kind and of the second add up to the same number,",
            "which cannot be above 0 and below 0: there is no such line",
        ]
        return "\n".join(lines)


def separate(x: Any, y: Any) -> Separation:
    """The line between the examples of class 1 and those of class 0, or the proof that there is none.

    `x` is `(examples, features)` and `y` `(examples,)` of 0 and 1; at most 200 examples, as the arithmetic is exact.

    >>> gates = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> separate(gates, [0, 0, 0, 1]).exists
    True
    >>> print(separate(gates, [0, 1, 1, 0]).tell())
    a line would need:
      b < 0   for (0, 0) -> 0
      w2 + b > 0   for (0, 1) -> 1
      w1 + b > 0   for (1, 0) -> 1
      w1 + w2 + b < 0   for (1, 1) -> 0
    but (0, 1) + (1, 0) = (0, 0) + (1, 1), with as many examples on each side:
    the left sides of the first kind and of the second add up to the same number,
    which cannot be above 0 and below 0: there is no such line
    """
    points, labels = _exact(x, y)
    signs = [1 if label else -1 for label in labels]
    # one column for each example: s x on top, s below, 1 at the foot; the shares l make them (0, …, 0, 1)
    columns = [[s * v for v in (*p, Fraction(1))] + [Fraction(1)] for s, p in zip(signs, points, strict=True)]
    shares, prices = _feasible(columns, [Fraction(0)] * (len(points[0]) + 1) + [Fraction(1)])
    if shares is not None:
        least = min(f for f in shares if f)
        return Separation(points, labels, None, None, tuple(f / least for f in shares))
    *w, b = (-p / prices[-1] for p in prices[:-1])
    return Separation(points, labels, tuple(w), b, None)


def _feasible(columns: list[Row], target: Row) -> tuple[Row | None, Row]:
    """Shares >= 0 of the columns that add up to the target, or prices that show why there are none.

    The first phase of the simplex method (Dantzig 1947) with Bland's rule (1977), which cannot cycle.
    """
    height, count = len(target), len(columns)
    rows = [[c[i] for c in columns] + [Fraction(i == j) for j in range(height)] + [target[i]] for i in range(height)]
    zero = Fraction(0)
    cost = [-sum((row[j] for row in rows), zero) for j in (*range(count), -1)]
    cost[-1:-1] = [zero] * height
    basis = list(range(count, count + height))
    while (enter := next((j for j in range(count) if cost[j] < 0), None)) is not None:
        bounds = [(row[-1] / row[enter], basis[i], i) for i, row in enumerate(rows) if row[enter] > 0]
        leave = min(bounds)[2]
        _pivot(rows, cost, leave, enter)
        basis[leave] = enter
    if cost[-1] == 0:
        shares = [Fraction(0)] * count
        for i, j in enumerate(basis):
            if j < count:
                shares[j] = rows[i][-1]
        return shares, []
    return None, [1 - cost[count + i] for i in range(height)]


def _pivot(rows: list[Row], cost: Row, at: int, enter: int) -> None:
    """Solve one row for one unknown and put it into the others."""
    pivot = rows[at][enter]
    rows[at] = [v / pivot for v in rows[at]]
    for row in (*(r for i, r in enumerate(rows) if i != at), cost):
        factor = row[enter]
        if factor:
            row[:] = [v - factor * w for v, w in zip(row, rows[at], strict=True)]


def _exact(x: Any, y: Any) -> tuple[tuple[tuple[Fraction, ...], ...], tuple[int, ...]]:
    x, y = np.asarray(x, np.float64), np.asarray(y)
    if x.ndim != 2 or y.shape != (len(x),) or not 0 < len(x) <= _MOST:
        got = f"separate: got x of shape {x.shape} and y of shape {y.shape}"
        expected = f"expected (examples, features) and (examples,), 1 to {_MOST} examples"
        raise ShapeError(complain(got, expected, f"Try the first {_MOST} examples"))
    if not np.isfinite(x).all() or not np.isin(y, (0, 1)).all():
        raise DataError(
            complain("separate: got other values", "expected finite numbers, and labels 0 or 1", "Try y == 1")
        )
    return tuple(tuple(Fraction(float(v)) for v in row) for row in x), tuple(int(v) for v in y)


def _sum(weight: Sequence[Fraction]) -> str:
    return " + ".join(f"({w}) x{i}" for i, w in enumerate(weight, 1))


def _at(x: Sequence[Fraction]) -> str:
    terms = [f"w{i}" if v == 1 else f"{v} w{i}" for i, v in enumerate(x, 1) if v]
    return " + ".join([*terms, "b"])


def _point(x: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, x))})"


def _times(share: Fraction, text: str) -> str:
    return text if share == 1 else f"{share} {text}"
