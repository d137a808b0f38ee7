"""Drawings as SVG: axes, marks and words, put together by a few functions and shown by any browser."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
BLUE, ORANGE, GREY, INK = "#0877bd", "#e8881a", "#8a929c", "#30363d"
_RIM = 'stroke="white" stroke-width="3" stroke-linejoin="round" paint-order="stroke"'
_WIDEST = 880.0  # what a notebook shows without a scroll bar
COLOURS = (BLUE, ORANGE, "#2d8a4e", "#8e4ec6", "#c43d4b", "#6b6f76", "#0e8f8f", "#a06a2c", "#d05aa3", "#4d6bd8")


@dataclass
class Picture:
    """An SVG of so many pixels; Jupyter and browsers show it, `save` writes it.

    >>> Picture(100, 50, "nothing yet")
    <picture: nothing yet>
    """

    width: float
    height: float
    title: str = ""
    parts: list[str] = field(default_factory=list[str])

    def add(self, part: str) -> None:
        """Draw something on top."""
        self.parts.append(part)

    def text(self, x: float, y: float, words: str, size: float = 12, anchor: str = "middle", colour: str = INK) -> None:
        """Words at a place, with a white rim, so that a line behind them does not strike them out."""
        if words:
            self.add(
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{colour}" {_RIM}>'
                f"{escape(words)}</text>"
            )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = GREY, width: float = 1) -> None:
        """A straight line."""
        self.add(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width:.2f}"/>'
        )

    def dot(self, x: float, y: float, colour: str = BLUE, radius: float = 3.5, edge: str = "white") -> None:
        """A disc."""
        self.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}" stroke="{edge}"/>')

    def image(self, pixels: Array, x: float, y: float, width: float, height: float) -> None:
        """An array of bytes, `(rows, columns, 3)`, stretched over a box without smoothing."""
        data = base64.b64encode(png(pixels)).decode()
        self.add(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
        )

    def svg(self) -> str:
        """The drawing as an SVG element."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:g}" height="{self.height:g}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" font-family="system-ui, sans-serif" role="img">'
            f"<title>{escape(self.title)}</title>"
            f'<rect width="{self.width:g}" height="{self.height:g}" fill="white"/>'
        )
        return head + "".join(self.parts) + "</svg>"

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<picture: {self.title or 'without a title'}>"

    def save(self, path: str) -> None:
        """Write it as an SVG file."""
        from glassnet.files.atomic import write_atomic

        write_atomic(path, self.svg().encode())


def beside(*pictures: Picture) -> Picture:
    """Several pictures in one row, made smaller where the row would be too wide for a notebook.

    >>> beside(Picture(100, 50, "left"), Picture(100, 80, "right")).width
    200
    """
    wide = sum(p.width for p in pictures)
    scale = min(1, _WIDEST / wide)
    row = Picture(scale * wide, scale * max(p.height for p in pictures))
    row.title = ", ".join(p.title for p in pictures if p.title)
    x = 0.0
    for picture in pictures:
        move = f"translate({x:g},0)" + (f" scale({scale:.4g})" if scale < 1 else "")
        row.add(f'<g transform="{move}">{"".join(picture.parts)}</g>')
        x += scale * picture.width
    return row


def png(pixels: Array) -> bytes:
    """A PNG file of bytes `(rows, columns, 3)` (ISO/IEC 15948, 2004).

    >>> png(np.zeros((2, 2, 3), np.uint8))[:4]
    b'\\x89PNG'
    """
    rows, columns = pixels.shape[:2]
    raw = np.concatenate((np.zeros((rows, 1), np.uint8), pixels.astype(np.uint8).reshape(rows, -1)), axis=1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(raw.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@dataclass
class Axes:
    """A box with a scale along each side, in which a picture's marks stand."""

    picture: Picture
    x: tuple[float, float]
    y: tuple[float, float]
    log: bool = False  # along y
    left: float = 52
    top: float = 28
    right: float = 14
    bottom: float = 36

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height in pixels."""
        wide, high = self.picture.width, self.picture.height
        return self.left, self.top, wide - self.left - self.right, high - self.top - self.bottom

    @property
    def clip(self) -> str:
        """The name of the box in the file; boxes of one name are alike, so pictures on one page cannot meddle."""
        return "box-" + "-".join(f"{v:g}" for v in self.box)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point in pixels."""
        left, top, width, height = self.box
        low, high = (math.log10(v) for v in self.y) if self.log else self.y
        y = math.log10(max(y, 1e-300)) if self.log else y
        return (
            left + (x - self.x[0]) / (self.x[1] - self.x[0]) * width,
            top + (1 - (y - low) / (high - low)) * height,
        )

    def frame(self, x_label: str = "", y_label: str = "") -> None:
        """The box, its scales and its title."""
        left, top, width, height = self.box
        picture = self.picture
        picture.add(
            f'<clipPath id="{self.clip}"><rect x="{left}" y="{top}" width="{width}" height="{height}"/></clipPath>'
        )
        picture.add(
            f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="{GREY}" opacity="0.6"/>'
        )
        for v in ticks(*self.x):
            x, _ = self.at(v, self.y[0])
            picture.text(x, top + height + 14, f"{v:g}", 10, colour=GREY)
        for v in decades(*self.y) if self.log else ticks(*self.y):
            _, y = self.at(self.x[0], v)
            picture.text(left - 5, y + 3, f"{v:g}", 10, "end", GREY)
            picture.line(left, y, left + width, y, "#e6e8eb", 0.7)
        picture.text(left + width / 2, 16, picture.title, 13)
        picture.text(left + width / 2, picture.height - 5, x_label, 11)
        if y_label:
            picture.add(
                f'<text transform="translate(12,{top + height / 2:.1f}) rotate(-90)" font-size="11" '
                f'text-anchor="middle" fill="{INK}">{escape(y_label)}</text>'
            )

    def curve(self, x: Sequence[float] | Array, y: Sequence[float] | Array, colour: str, width: float = 1.8) -> None:
        """A line through points; where a value is not finite the line breaks."""
        runs: list[list[str]] = [[]]
        for a, b in zip(np.asarray(x, float), np.asarray(y, float), strict=True):
            if not np.isfinite(b) or (self.log and b <= 0):
                runs.append([])
                continue
            px, py = self.at(float(a), float(b))
            runs[-1].append(f"{px:.1f},{min(max(py, -1e4), 1e4):.1f}")
        for run in runs:
            if len(run) > 1:
                self.picture.add(
                    f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" stroke-width="{width:g}" '
                    f'clip-path="url(#{self.clip})"/>'
                )


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two others.

    >>> ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    raw = span / most
    size = 10.0 ** math.floor(math.log10(raw))
    step = min((m * size for m in (1, 2, 5, 10)), key=lambda s: abs(s - raw))
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def decades(low: float, high: float) -> list[float]:
    """Powers of ten between two numbers, at most six of them.

    >>> decades(0.001, 1)
    [0.001, 0.01, 0.1, 1.0]
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / 6))
    return [10.0**k for k in range(first, last + 1, every)]
