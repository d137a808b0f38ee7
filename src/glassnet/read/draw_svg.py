"""Pictures as SVG text that reads well on light and dark pages, without a library.

Colours are classes: amber is negative, blue positive, teal what matters; a reader in dark mode gets the dark set. The
ground is painted, so that words never lie on somebody else's colour.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

_LIGHT = {"paper": "#f6f6f3", "panel": "#ffffff", "ink": "#1d2126", "soft": "#5b636d", "line": "#d5d5cf",
          "n": "#b45f06", "p": "#1f66ad", "k": "#0b6b6f", "s4": "#7b4fa3", "s5": "#a3324e",
          "s6": "#5f7a1f"}  # fmt: skip
_DARK = {"paper": "#131519", "panel": "#1b1e24", "ink": "#e9eaec", "soft": "#9aa3ae", "line": "#3a414b",
         "n": "#f0a04b", "p": "#6cb0f2", "k": "#38b2ac", "s4": "#b993dd", "s5": "#ef8aa0", "s6": "#a9c661"}  # fmt: skip
SERIES = ("p", "n", "k", "s4", "s5", "s6", "soft", "ink")  # the colours of lines, in order
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-−]?\d+)?(?![\w.]*\w)")
_FONT = 'ui-sans-serif,system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif'
LETTER = 6.7  # how wide a letter of 12 px is, on average


def _rules(colours: dict[str, str]) -> str:
    own = "".join(f".{name}{{fill:{c}}}.{name}l{{stroke:{c}}}" for name, c in colours.items())
    return own + f".box{{fill:{colours['panel']};stroke:{colours['line']}}}"


_STYLE = (
    f"text{{font:12px {_FONT};font-variant-numeric:tabular-nums}}.b{{font-weight:600}}.t{{font-size:15px}}"
    f".sm{{font-size:11px}}.no{{fill:none}}.dash{{stroke-dasharray:5 4}}"
    f"{_rules(_LIGHT)}@media(prefers-color-scheme:dark){{{_rules(_DARK)}}}"
)


class Svg:
    """A picture that is drawn on piece by piece, in px from the upper left corner."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.parts: list[str] = []

    def text(
        self, x: float, y: float, words: str, style: str = "ink", anchor: str = "start", turn: bool = False
    ) -> None:
        """Words with their foot at `y`; `turn` writes them upwards."""
        turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
        around = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"{around}{turned}>{escape(words)}</text>')

    def numbers(self, x: float, y: float, words: str, style: str = "soft", anchor: str = "start") -> None:
        """Words whose numbers are amber below 0 and blue above."""
        around = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"{around}>{coloured(words)}</text>')

    def title_line(self, x: float, y: float, name: str, sign: str) -> None:
        """A name, and beside it what stands for how it was made."""
        beside = f'<tspan class="soft" dx="7" font-weight="400">{escape(sign)}</tspan>' if sign else ""
        self.parts.append(
            f'<text class="ink" x="{x:.1f}" y="{y:.1f}"><tspan class="b">{escape(name)}</tspan>{beside}</text>'
        )

    def line(self, points: Iterable[tuple[float, float]], style: str = "softl", width: float = 1.5,
             closed: bool = False) -> None:  # fmt: skip
        """Straight from point to point."""
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        kind = "polygon" if closed else "polyline"
        self.parts.append(f'<{kind} class="no {style}" stroke-width="{width}" points="{way}"/>')

    def path(self, d: str, style: str = "softl", width: float = 1.5, extra: str = "", tip: str = "") -> None:
        """A path in SVG's own letters; `tip` is what a pointer on it is told."""
        inside = f"><title>{escape(tip)}</title></path>" if tip else "/>"
        self.parts.append(f'<path class="no {style}" stroke-width="{width}" d="{d}"{extra}{inside}')

    def box(self, x: float, y: float, w: float, h: float, style: str = "box", r: float = 0.0, extra: str = "") -> None:
        """A rectangle from its upper left corner."""
        self.parts.append(
            f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{r:g}"{extra}/>'
        )

    def dot(self, x: float, y: float, r: float = 3.0, style: str = "p panell") -> None:
        """A point with a rim that parts it from its ground."""
        self.parts.append(f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{r:g}"/>')

    def dots(self, points: Sequence[tuple[float, float]], r: float, style: str) -> None:
        """Many points alike."""
        self.parts += [f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{r:g}"/>' for x, y in points]

    def shade(self, x: float, y: float, w: float, h: float, values: np.ndarray) -> None:
        """Numbers from -1 to 1, `(rows, columns)`, as a soft amber and blue ground."""
        data = base64.b64encode(_png(_tints(values))).decode()
        self.parts.append(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{data}"/>'
        )

    def inside(self, other: Svg, x: float, y: float) -> None:
        """Another picture as a part of this one."""
        self.parts.append(f'<g transform="translate({x:.1f} {y:.1f})">')
        self.parts += [*other.parts, "</g>"]

    def render(self) -> str:
        """The whole as the text of a file."""
        w, h = f"{self.width:.0f}", f"{self.height:.0f}"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img">'
        lines = [head, f"<title>{escape(self.title)}</title>", f"<style>{_STYLE}</style>",
                 f'<rect class="paper" width="{w}" height="{h}"/>', *self.parts, "</svg>", ""]  # fmt: skip
        return "\n".join(lines)


def coloured(words: str) -> str:
    """The words as SVG text, numbers in their colour.

    >>> coloured("−2 of 3")
    '<tspan class="n">−2</tspan> of <tspan class="p">3</tspan>'
    """

    def paint(match: re.Match[str]) -> str:
        word = match[0]
        style = "n" if word[0] in "-−" else "p"
        return word if float(word.replace("−", "-").replace(",", "")) == 0 else f'<tspan class="{style}">{word}</tspan>'

    return _NUMBER.sub(paint, escape(words))


def _tints(values: np.ndarray) -> np.ndarray:
    """Bytes `(rows, columns, 4)`: the colour says the sign, how much it covers says the size."""
    sizes = np.clip(np.abs(np.nan_to_num(values)), 0, 1)
    blue, amber = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in ("#3d8bd4", "#dd8a2b"))
    pixels = np.empty((*values.shape, 4), np.uint8)
    pixels[..., :3] = np.where((values >= 0)[..., None], blue, amber)
    pixels[..., 3] = (sizes**0.8 * 165).astype(np.uint8)
    return pixels


def _png(pixels: np.ndarray) -> bytes:
    """A PNG file of bytes `(height, width, 4)` (ISO/IEC 15948)."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # filter 0 each
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
