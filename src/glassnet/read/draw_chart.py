"""Charts: axes with round numbers, lines, points and shaded grounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import ValueRangeError, complain
from glassnet.read.digits import spell
from glassnet.read.draw_svg import LETTER, SERIES, Svg

Span = tuple[float, float]
Box = tuple[Span, Span]
Point = tuple[float, float]
CLASS_STYLES = ("n panell", "p panell", "k panell", "s4 panell", "s5 panell", "s6 panell", "soft panell", "ink panell")
_FINE = 1e-12
_FEW_DECADES = 2.5  # an axis of fewer powers of ten has numbers in between


def as_box(box: Any, who: str) -> Box:
    """A part of the plane as two spans, of which each rises; four numbers in a row are two spans too.

    >>> as_box((-1, 1, 0, 2), "folds")
    ((-1.0, 1.0), (0.0, 2.0))
    """
    try:
        spans = np.asarray(box, np.float64).reshape(2, 2)
        fits = bool(np.isfinite(spans).all() and (spans[:, 0] < spans[:, 1]).all())
    except (TypeError, ValueError):
        fits, spans = False, np.zeros((2, 2))
    if not fits:
        raise ValueRangeError(complain(f"{who}: got the box {box}", "expected two spans", "Try ((-1, 1), (-1, 1))"))
    (a, b), (c, d) = spans.tolist()
    return (a, b), (c, d)


class Axes:
    """A rectangle of a picture with its own coordinates; `log` counts the upright axis in powers of ten."""

    def __init__(
        self, svg: Svg, corner: Point, size: Point, xs: Span, ys: Span, log: bool = False, log_x: bool = False
    ) -> None:
        self.svg, (self.left, self.top), (self.w, self.h) = svg, corner, size
        self.log, self.log_x = log, log_x
        self.xs, self.ys = _wide(xs, log_x), _wide(ys, log)

    def at(self, x: float, y: float) -> Point:
        """Where a point lies in the picture."""
        fx = (_scaled(x, self.log_x) - self.xs[0]) / (self.xs[1] - self.xs[0])
        fy = (_scaled(y, self.log) - self.ys[0]) / (self.ys[1] - self.ys[0])
        return self.left + fx * self.w, self.top + (1 - fy) * self.h

    def frame(self, title: str = "", x_name: str = "", y_name: str = "") -> None:
        """The border, round numbers along it, and what they count."""
        self.svg.box(self.left, self.top, self.w, self.h, "no linel", 2)
        foot = self.top + self.h
        for value in ticks(self.xs, self.log_x, max(4, int(self.w / 70))):
            x = self.at(value, 10.0 ** self.ys[0] if self.log else self.ys[0])[0]
            self.svg.line([(x, foot), (x, foot + 4)], "linel", 1)
            self.svg.text(x, foot + 17, tick_text(value), "soft sm", "middle")
        for value in ticks(self.ys, self.log, max(4, int(self.h / 45))):
            y = self.at(10.0 ** self.xs[0] if self.log_x else self.xs[0], value)[1]
            self.svg.line([(self.left - 4, y), (self.left, y)], "linel", 1)
            self.svg.text(self.left - 7, y + 4, tick_text(value), "soft sm", "end")
        self.svg.text(self.left, self.top - 8, title, "ink b")
        self.svg.text(self.left + self.w / 2, foot + 33, x_name, "soft", "middle")
        self.svg.text(self.left - 42, self.top + self.h / 2, y_name, "soft", "middle", turn=True)

    def line(self, xs: Any, ys: Any, style: str, width: float = 2.0) -> None:
        """A line through points, cut off at the frame and broken where there are no numbers."""
        pieces: list[list[Point]] = [[]]
        for x, y in zip(np.asarray(xs, float), np.asarray(ys, float), strict=True):
            if not math.isfinite(y) or (y <= 0 and self.log):
                pieces.append([])
                continue
            px, py = self.at(x, y)
            held = min(max(py, self.top), self.top + self.h)
            if held == py:
                pieces[-1].append((px, py))
            else:  # the way to the border is drawn, the way along it is not
                pieces[-1].append((px, held))
                pieces.append([(px, held)])
        for piece in pieces:
            if len({y for _, y in piece}) > 1 or (len(piece) > 1 and self.top < piece[0][1] < self.top + self.h):
                self.svg.line(piece, style, width)

    def segment(self, a: Point, b: Point, style: str, width: float = 1.5) -> None:
        """A straight piece between two points inside the frame."""
        self.svg.line([self.at(*a), self.at(*b)], style, width)

    def border(self, weight: Sequence[float], bias: float, style: str = "inkl", width: float = 2.0) -> None:
        """The line on which weight·(x, y) + bias = 0, as far as it lies inside the frame."""
        ends = line_in_box(weight, bias, (self.xs, self.ys))
        if ends is not None:
            self.segment(*ends, style, width)

    def dots(self, points: np.ndarray, classes: np.ndarray | None = None, r: float = 3.0) -> None:
        """Points `(n, 2)`, coloured by class, those outside the frame left out."""
        inside = [self.xs[0] <= x <= self.xs[1] and self.ys[0] <= y <= self.ys[1] for x, y in points]
        for k, point in enumerate(points):
            if inside[k]:
                style = CLASS_STYLES[0 if classes is None else int(classes[k]) % len(CLASS_STYLES)]
                self.svg.dot(*self.at(*point), r, style)

    def shade(self, values: np.ndarray) -> None:
        """Numbers from -1 to 1 on a grid over the whole frame; row 0 is the lowest."""
        self.svg.shade(self.left, self.top, self.w, self.h, values[::-1])


def _scaled(v: float, log: bool) -> float:
    return math.log10(max(v, 1e-300)) if log else v


def _wide(span: Span, log: bool) -> Span:
    """A span that is not empty; in powers of ten, if so wanted."""
    low, high = (_scaled(v, log) for v in span)
    room = 0.5 if high - low < _FINE else 0.0
    return low - room, high + room


def ticks(span: Span, log: bool, most: int) -> list[float]:
    """Round numbers within a span: multiples of 1, 2 or 5 times a power of ten; for `log` the span is of exponents.

    >>> ticks((-1.0, 1.0), False, 5)
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    >>> ticks((-3.0, 0.5), True, 5), ticks((0.3, 1.4), True, 5)
    ([0.001, 0.01, 0.1, 1.0], [2.0, 5.0, 10.0, 20.0])
    """
    low, high = span
    if log and 0.5 < high - low < _FEW_DECADES:
        round_ones = (k * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for k in (1, 2, 5))
        return [v for v in round_ones if 10 ** (low - _FINE) <= v <= 10 ** (high + _FINE)]
    if log and high - low >= _FEW_DECADES:
        step = max(1, math.ceil((high - low) / most))
        return [10.0**k for k in range(math.ceil(low - _FINE), math.floor(high + _FINE) + 1, step)]
    low, high = (10**low, 10**high) if log else (low, high)
    rough = (high - low) / max(1, most)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


def tick_text(value: float) -> str:
    """A round number in few letters."""
    return spell(value, 3).replace("-", "−")


def line_in_box(weight: Sequence[float], bias: float, box: tuple[Span, Span]) -> tuple[Point, Point] | None:
    """The ends of the line weight·(x, y) + bias = 0 within a box, if it meets it.

    >>> line_in_box((1.0, 1.0), -1.5, ((0.0, 1.0), (0.0, 1.0)))
    ((1.0, 0.5), (0.5, 1.0))
    """
    (x0, x1), (y0, y1) = box
    (a, b), ends = weight, list[Point]()
    if b:
        ends += [(x, y) for x in (x0, x1) if y0 <= (y := -(a * x + bias) / b) <= y1]
    if a:
        ends += [(x, y) for y in (y0, y1) if x0 <= (x := -(b * y + bias) / a) <= x1]
    apart = [e for e in ends if math.dist(e, ends[0]) > 1e-9]
    return (ends[0], apart[-1]) if apart else None


def legend(
    svg: Svg, x: float, y: float, names: Sequence[str], most_wide: float, styles: Sequence[str] = SERIES
) -> float:
    """Names beside their colours, in rows; how high they are together."""
    left, row = x, 0
    for k, name in enumerate(names):
        width = 26 + len(name) * LETTER + 14
        if left + width > x + most_wide and left > x:
            left, row = x, row + 1
        svg.line([(left, y + row * 18 - 4), (left + 18, y + row * 18 - 4)], f"{styles[k % len(styles)]}l", 3)
        svg.text(left + 24, y + row * 18, name, "soft")
        left += width
    return (row + 1) * 18.0


def signed(values: np.ndarray) -> np.ndarray:
    """Numbers as shares of the largest, from -1 to 1."""
    most = float(np.abs(np.nan_to_num(values)).max(initial=0.0))
    return np.nan_to_num(values) / (most or 1.0)


def spanned(points: np.ndarray, share: float = 0.1) -> tuple[Span, Span]:
    """The box around points `(n, 2)`, a share of its size wider on each side; never flat."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.maximum((high - low) * share, 1e-9 + 0.05 * (high - low == 0))
    (x0, y0), (x1, y1) = (low - room).tolist(), (high + room).tolist()
    return (x0, x1), (y0, y1)
