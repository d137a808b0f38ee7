"""What every story of a figure is made of: steps with one equation each, sums that show their largest terms.

An index is the number that the words beside it and the options use: examples and classes are counted from 0, epochs
and layers from 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from glassnet.read.document import Step
from glassnet.read.equation import Equation
from glassnet.read.formula import Formula, Rest, Symbol, Value, over, plus

PART = "figure"


def value(letter: str, number: Any, *index: int) -> Value:
    """A named number; with an index, one of several."""
    return Value(Symbol(letter, "", index), float(number))


def told(words: str, symbol: Symbol | str, formula: Formula, number: Any) -> Step:
    """One step: what is worked out, from what, and the number that it comes to."""
    symbol = Symbol(symbol) if isinstance(symbol, str) else symbol
    line = Equation(symbol, formula, float(number))
    return Step(PART, words, symbol, formula, np.array(float(number)), lines=[line])


def percent(share: float) -> str:
    """A share in percent, as figures of a report are written."""
    return f"{100 * share:.2f} %"


def largest(values: np.ndarray, most: int) -> np.ndarray:
    """The places of the numbers that matter most, in their order."""
    return np.sort(np.argsort(-np.abs(values), kind="stable")[:most])


def largest_of(
    parts: Iterable[np.ndarray], most: int, by: Callable[[np.ndarray], np.ndarray] = np.abs
) -> tuple[dict[int, float], int]:
    """The numbers that matter most in an array that comes in parts, by their places, and how many numbers it has.

    >>> largest_of([np.array([1.0, -5.0]), np.array([4.0, 0.5])], 2)
    ({1: -5.0, 2: 4.0}, 4)
    """
    places, kept, count = np.empty(0, np.int64), np.empty(0), 0
    for part in parts:
        flat = np.asarray(part, np.float64).reshape(-1)
        some = largest(by(flat), most)
        places, kept = np.concatenate([places, count + some]), np.concatenate([kept, flat[some]])
        best = largest(by(kept), most)
        places, kept, count = places[best], kept[best], count + len(flat)
    return dict(zip(places.tolist(), kept.tolist(), strict=True)), count


def terms_of(letter: str, values: np.ndarray, shown: np.ndarray, total: float | None = None) -> list[Formula]:
    """The terms of a sum: those that are shown, and what all others add."""
    terms: list[Formula] = [value(letter, values[i], int(i)) for i in shown]
    if len(shown) < len(values):
        rest = math.fsum(np.delete(values, shown)) if total is None else total - math.fsum(values[shown])
        terms.append(Rest(len(values) - len(shown), rest))
    return terms


def mean_of_largest(words: str, symbol: str, letter: str, shown: dict[int, float], count: int, mean: float) -> Step:
    """The mean of so many numbers, of which the largest are shown."""
    terms: list[Formula] = [value(letter, number, i) for i, number in shown.items()]
    if len(shown) < count:
        terms.append(Rest(count - len(shown), mean * count - math.fsum(shown.values())))
    return told(words, symbol, over(plus(*terms), value("n", count)), mean)


def mean_step(
    words: str, symbol: str, letter: str, values: np.ndarray, shown: Sequence[int] | np.ndarray, mean: float
) -> Step:
    """The mean of many numbers, the largest of which are shown."""
    terms = terms_of(letter, values, np.asarray(shown, int), mean * len(values))
    return told(words, symbol, over(plus(*terms), value("n", len(values))), mean)
