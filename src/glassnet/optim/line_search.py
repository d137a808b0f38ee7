"""Line search: how far to go along a direction.

A point is good enough under the strong Wolfe conditions: the loss fell by a fair share of what the slope promised, and
the slope there is flat enough (Wolfe 1969; Nocedal and Wright 2006, algorithms 3.5 and 3.6).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_FALL, _FLATTEN = 1e-4, 0.9  # the shares of the promised fall, and of the first slope, that are asked for
_FURTHER = (0.01, 10.0)  # a wider look goes beyond the last by a hundredth of the way between, to ten times as far
_OFF = 0.1  # how far from the ends of a bracket, as a share of it, a point is put that was very near one


class Point(NamedTuple):
    """A place on the line: its distance, the loss, the gradient, and the slope along the line."""

    t: Any
    loss: float
    g: np.ndarray
    slope: Any


Between = Callable[[Point, Point], None]


def _nobody(a: Point, b: Point) -> None:
    """Nobody asks between which points the next one is looked for."""


def strong_wolfe(
    look: Callable[[Any], Point],
    start: Point,
    t: Any,
    d: np.ndarray,
    least: float,
    most: int,
    between: Between = _nobody,
) -> tuple[Point, int]:
    """A good point on the line, and how many points were looked at; `most` bounds the search.

    `between` is told the two points that each further one is chosen by, before it is looked at.
    """
    now = look(t)
    bracket, tries = _bracket(look, start, now, most, between)
    asked = 1 + tries
    if len(bracket) == 1 or tries >= most:
        return min(bracket, key=lambda p: p.loss), asked
    best, more = _zoom(look, start, bracket, least / np.abs(d).max(), most - tries, between)
    return best, asked + more


def _too_high(p: Point, start: Point) -> bool:
    return bool(p.loss > start.loss + _FALL * p.t * start.slope)


def _flat_enough(p: Point, start: Point) -> bool:
    return bool(abs(p.slope) <= -_FLATTEN * start.slope)


def _bracket(
    look: Callable[[Any], Point], start: Point, now: Point, most: int, between: Between
) -> tuple[list[Point], int]:
    """Two points with a good one between them, or a good one by itself; and how often the line was looked at."""
    before = start
    for tries in range(most):
        if _too_high(now, start) or (tries > 1 and now.loss >= before.loss):
            return [before, now], tries
        if _flat_enough(now, start):
            return [now], tries
        if now.slope >= 0:
            return [before, now], tries
        further = cubic_minimum(before, now, now.t + _FURTHER[0] * (now.t - before.t), now.t * _FURTHER[1])
        between(before, now)
        before, now = now, look(further)
    return [start, now], most


def _zoom(
    look: Callable[[Any], Point], start: Point, ends: list[Point], least: Any, most: int, between: Between
) -> tuple[Point, int]:
    """Narrow the bracket down; `low` is the better of its ends."""
    low, high = _by_loss(ends)
    stuck = False
    for tries in range(most):
        if abs(ends[1].t - ends[0].t) < least:
            return ends[low], tries
        t, stuck = _off_the_ends(cubic_minimum(ends[0], ends[1]), ends, stuck)
        between(ends[0], ends[1])
        now = look(t)
        if _too_high(now, start) or now.loss >= ends[low].loss:
            ends[high] = now
            low, high = _by_loss(ends)
            continue
        if _flat_enough(now, start):
            return now, tries + 1
        if now.slope * (ends[high].t - ends[low].t) >= 0:
            ends[high] = ends[low]
        ends[low] = now
    return ends[low], most


def _by_loss(ends: list[Point]) -> tuple[int, int]:
    return (0, 1) if ends[0].loss <= ends[1].loss else (1, 0)


def _off_the_ends(t: Any, ends: list[Point], stuck: bool) -> tuple[Any, bool]:
    """A point very near an end teaches little: the second time in a row, stay a tenth of the bracket away."""
    left, right = sorted(p.t for p in ends)
    margin = _OFF * (right - left)
    if min(right - t, t - left) >= margin:
        return t, False
    if not stuck and left < t < right:
        return t, True
    return (right - margin if abs(t - right) < abs(t - left) else left + margin), False


def cubic_minimum(a: Point, b: Point, low: Any = None, high: Any = None) -> Any:
    """Where the cubic through two points and their slopes is lowest, held between low and high (or the points).

    >>> from glassnet.optim.line_search import Point, cubic_minimum
    >>> float(cubic_minimum(Point(0.0, 1.0, None, -2.0), Point(2.0, 1.0, None, 2.0)))
    1.0
    """
    if low is None:
        low, high = sorted((a.t, b.t))
    if a.t == b.t:  # steps so short that both ends are one number: there is no cubic
        return (low + high) / 2.0
    left, right = (a, b) if a.t <= b.t else (b, a)
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    inside = d1 * d1 - a.slope * b.slope
    d2 = math.sqrt(inside) if inside >= 0 else 0.0
    bottom = right.slope - left.slope + 2 * d2
    if not inside >= 0 or bottom == 0:  # the cubic has no minimum
        return (low + high) / 2.0
    t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / bottom)
    return min(max(t, low), high)
