"""Grey images drawn with half blocks: a character cell shows two pixels, one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from glassnet.cli.terminal import Terminal

_INK = 96  # from here on a pixel is ink, where there are no greys
_FAINT = 32  # below this nothing is lost at the edges
_GREYS = 232  # the first of 24 greys among a terminal's 256 colours
_RAMP = " .:-=+*#%@"
_MARGIN = 1


def draw(image: np.ndarray, terminal: Terminal) -> list[str]:
    """The lines that show an image `(height, width)` of bytes; each is `width` columns wide.

    >>> import io
    >>> terminal = Terminal(io.StringIO(), environ={})
    >>> draw(np.array([[255, 0, 255, 0], [0, 255, 255, 0]], np.uint8), terminal)
    ['▀▄█ ']
    """
    if len(image) % 2:
        image = np.vstack([image, np.zeros_like(image[:1])])
    draw_line = _greys if terminal.colour and terminal.unicode else _blocks if terminal.unicode else _letters
    return [draw_line(upper, lower) for upper, lower in zip(image[::2].tolist(), image[1::2].tolist(), strict=True)]


def _greys(upper: list[int], lower: list[int]) -> str:
    """Every pixel in its grey; neighbours alike share one colour code."""
    shades = [(_GREYS + u * 23 // 255, _GREYS + w * 23 // 255) for u, w in zip(upper, lower, strict=True)]
    runs = ((pair, len(list(cells))) for pair, cells in groupby(shades))
    return "".join(f"\x1b[38;5;{u};48;5;{w}m" + "▀" * count for (u, w), count in runs) + "\x1b[0m"


def _blocks(upper: list[int], lower: list[int]) -> str:
    return "".join(" ▄▀█"[2 * (u >= _INK) + (w >= _INK)] for u, w in zip(upper, lower, strict=True))


def _letters(upper: list[int], lower: list[int]) -> str:
    return "".join(_RAMP[(u + w) * (len(_RAMP) - 1) // 510] for u, w in zip(upper, lower, strict=True))


def cropped(images: np.ndarray) -> np.ndarray:
    """The images `(n, height, width)` without the empty margin that all of them have.

    >>> images = np.zeros((1, 6, 6), np.uint8)
    >>> images[0, 2, 2] = 255
    >>> cropped(images).shape
    (1, 4, 3)
    """
    ink = np.argwhere((images >= _FAINT).any(axis=0))
    rows, columns = np.unique(ink[:, 0]), np.unique(ink[:, 1])
    if not len(rows):
        return images
    top, left = max(rows[0] - _MARGIN, 0), max(columns[0] - _MARGIN, 0)
    height = min(images.shape[1] - top, rows[-1] + 1 + _MARGIN - top)
    height += height % 2 if top + height < images.shape[1] else 0  # two pixels fit into a cell
    return images[:, top : top + height, left : columns[-1] + 1 + _MARGIN]


def side_by_side(blocks: Sequence[Sequence[str]], widths: Sequence[int], gap: int = 3) -> list[str]:
    """Blocks of lines next to each other; `widths` are their columns, which colour codes hide from `len`.

    >>> side_by_side([["ab", "cd"], ["x"]], [2, 1], gap=1)
    ['ab x', 'cd']
    """
    height = max(map(len, blocks), default=0)
    lines: list[str] = []
    for row in range(height):
        line, due = "", 0
        for block, width in zip(blocks, widths, strict=True):
            if row < len(block):
                line += " " * due + block[row]
                due = gap + max(0, width - visible(block[row]))
            else:
                due += width + gap
        lines.append(line)
    return lines


def visible(text: str) -> int:
    """How many columns a text takes: colour codes take none.

    >>> visible("\\x1b[1mbold\\x1b[0m")
    4
    """
    length, inside = 0, False
    for character in text:
        if character == "\x1b":
            inside = True
        elif inside:
            inside = character != "m"
        else:
            length += 1
    return length
