"""Curves and scattered points in a terminal, drawn with braille: a character cell holds two by four dots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from glassnet.cli.terminal import Terminal

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of U+2800, by row and column
_BRAILLE = 0x2800
_COLOURS = ("36", "33", "35", "32", "34", "31")
_SIGNS = "*o+x#%"
_MARGIN = 10  # columns for the numbers beside the picture
_WIDEST = 76


class Curve(NamedTuple):
    """A name and its points."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass
class Scale:
    """From numbers to places between 0 and 1, evenly or by their logarithms."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, numbers: np.ndarray, log: bool = False) -> Scale:
        """The scale that just holds the finite ones of some numbers."""
        finite = numbers[np.isfinite(numbers)]
        if log:
            finite = finite[finite > 0]
        if not finite.size:
            return cls(1.0, 2.0, log) if log else cls(0.0, 1.0)
        low, high = float(finite.min()), float(finite.max())
        if low == high:
            low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
        return cls(low, high, log)

    def places(self, numbers: np.ndarray) -> np.ndarray:
        """Where numbers lie: 0 at the low end, 1 at the high end, NaN where they have no place."""
        with np.errstate(all="ignore"):
            if self.log:
                span = math.log(self.high) - math.log(self.low)
                return (np.log(np.where(numbers > 0, numbers, np.nan)) - math.log(self.low)) / span
            return (numbers - self.low) / (self.high - self.low)


@dataclass
class Canvas:
    """Dots of several colours on a grid of cells; `dots[row, column]` are braille's bits, `colour` the last curve."""

    width: int  # in cells
    height: int
    dots: np.ndarray = field(init=False, repr=False)
    colour: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.dots = np.zeros((self.height, self.width), np.uint8)
        self.colour = np.full((self.height, self.width), -1)

    def dot(self, u: float, v: float, colour: int) -> None:
        """A dot at (u, v), both from 0 to 1, v upwards; outside nothing is drawn."""
        if not (0 <= u <= 1 and 0 <= v <= 1):  # NaN fails, too
            return
        x, y = round(u * (2 * self.width - 1)), round((1 - v) * (4 * self.height - 1))
        self.dots[y // 4, x // 2] |= _DOTS[y % 4][x % 2]
        self.colour[y // 4, x // 2] = colour

    def line(self, a: tuple[float, float], b: tuple[float, float], colour: int) -> None:
        """A straight line, dot by dot."""
        steps = max(abs(b[0] - a[0]) * 2 * self.width, abs(b[1] - a[1]) * 4 * self.height)
        if not math.isfinite(steps):
            return
        count = min(math.ceil(steps) + 1, 10_000)
        for i in range(count + 1):
            share = i / count
            self.dot(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), colour)

    def lines(self, terminal: Terminal, braille: bool) -> list[str]:
        """The picture, one line for each row of cells: in braille, or with a sign for each curve."""
        return ["".join(self._runs(row, braille, terminal)).rstrip() for row in range(self.height)]

    def _runs(self, row: int, braille: bool, terminal: Terminal) -> list[str]:
        cells: list[str] = []
        for bits, colour in zip(self.dots[row].tolist(), self.colour[row].tolist(), strict=True):
            sign = chr(_BRAILLE + bits) if braille else _SIGNS[colour % len(_SIGNS)]
            cells.append(terminal.paint(sign, _COLOURS[colour % len(_COLOURS)]) if bits else " ")
        return cells


def can_draw_braille(terminal: Terminal) -> bool:
    """Whether the stream can write braille."""
    try:
        "⣿".encode(getattr(terminal.stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return terminal.unicode


def chart(
    curves: Sequence[Curve],
    terminal: Terminal,
    *,
    height: int = 10,
    title: str = "",
    x_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
    joined: bool = True,
    bounds: tuple[float, float] | None = None,
    marks: Sequence[float] = (),
) -> list[str]:
    """The lines of a chart: a legend, the curves with the range of y beside them, `marks` on x, the range of x below.

    >>> import io
    >>> plain = Terminal(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), environ={})
    >>> plain.width = 30
    >>> print("\\n".join(chart([Curve("loss", [0, 1, 2], [2.0, 1.0, 0.0])], plain, height=3)))
              loss *
            2 ******
                   *******
            0            ******
              0               2
    """
    width = min(terminal.width, _WIDEST) - _MARGIN - 3
    xs, ys = (np.concatenate([np.asarray(c[i], float) for c in curves]) for i in (1, 2))
    across, up = Scale.around(xs, log_x), Scale(*bounds) if bounds else Scale.around(ys, log_y)
    canvas = Canvas(max(8, width), height)
    for i, curve in enumerate(curves):
        u, v = across.places(np.asarray(curve.x, float)).tolist(), up.places(np.asarray(curve.y, float)).tolist()
        for k, point in enumerate(zip(u, v, strict=True)):
            canvas.dot(*point, i)
            if joined and k:
                canvas.line((u[k - 1], v[k - 1]), point, i)
    braille = can_draw_braille(terminal) and (terminal.colour or len(curves) == 1)  # or nobody could tell them apart
    drawn = canvas.lines(terminal, braille)
    labels = [short(up.high), *[""] * (height - 2), short(up.low)]
    lines = [_legend(curves, terminal, title, braille)]
    lines += [f"{terminal.dim(f'{label:>{_MARGIN - 1}}')} {line}" for label, line in zip(labels, drawn, strict=True)]
    lines += [_marks(across, canvas.width, marks, terminal)] if marks else []
    return [*(line.rstrip() for line in lines), _axis(across, canvas.width, x_label, terminal)]


def mark(terminal: Terminal) -> str:
    """What points from below at a place of x."""
    return "▴" if terminal.unicode else "^"


def _marks(across: Scale, width: int, marks: Sequence[float], terminal: Terminal) -> str:
    """A row under the curves with a sign at each mark."""
    cells = [" "] * width
    for place in across.places(np.asarray(marks, float)).tolist():
        if 0 <= place <= 1:
            cells[round(place * (width - 1))] = mark(terminal)
    return " " * _MARGIN + terminal.dim("".join(cells).rstrip())


def _legend(curves: Sequence[Curve], terminal: Terminal, title: str, braille: bool) -> str:
    parts = [terminal.bold(title)] if title else []
    for i, curve in enumerate(curves):
        sign = _SIGNS[i % len(_SIGNS)] if not braille else "━━" if terminal.colour else ""
        parts.append(f"{curve.name} {terminal.paint(sign, _COLOURS[i % len(_COLOURS)])}".rstrip())
    return " " * _MARGIN + "  ".join(parts)


def _axis(across: Scale, width: int, label: str, terminal: Terminal) -> str:
    left, right = short(across.low), short(across.high)
    middle = f"{label:^{max(0, width - len(left) - len(right))}}"
    return " " * _MARGIN + terminal.dim(f"{left}{middle}{right}")


def short(number: float) -> str:
    """A number in at most nine columns.

    >>> short(0.25), short(1630.0), short(12345678.0), short(0.0)
    ('0.25', '1630', '1.23e+07', '0')
    """
    if 1000 <= abs(number) < 1e6:
        return f"{number:.0f}"
    text = f"{number:.3g}" if number else "0"
    return text if len(text) <= 9 else f"{number:.1e}"
