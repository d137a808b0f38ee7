"""Numbers for and against drawn as a picture: blue where they are positive, amber where they are negative."""

from __future__ import annotations

import numpy as np

from glassnet.cli.terminal import Terminal

_BLUES = (232, 17, 18, 19, 20, 26, 32, 39, 75, 117)  # of a terminal's 256 colours, from black on
_AMBERS = (232, 52, 94, 130, 136, 172, 178, 208, 214, 221)


def draw_signed(values: np.ndarray, terminal: Terminal) -> list[str]:
    """The lines that show numbers `(height, width)`, two rows in each; without colours + and - say the sign.

    >>> import io
    >>> draw_signed(np.array([[1.0, 0.0, -1.0], [1.0, 0.0, 0.0]]), Terminal(io.StringIO(), environ={}))
    ['+ -']
    """
    if len(values) % 2:
        values = np.vstack([values, np.zeros_like(values[:1])])
    shares = values / (np.abs(values).max() or 1.0)
    draw_line = _coloured if terminal.colour and terminal.unicode else _signs
    return [draw_line(upper, lower) for upper, lower in zip(shares[::2], shares[1::2], strict=True)]


def _coloured(upper: np.ndarray, lower: np.ndarray) -> str:
    cells = (f"\x1b[38;5;{_colour(u)};48;5;{_colour(w)}m▀" for u, w in zip(upper, lower, strict=True))
    return "".join(cells) + "\x1b[0m"


def _colour(share: float) -> int:
    scale = _BLUES if share >= 0 else _AMBERS
    return scale[min(len(scale) - 1, round(abs(float(share)) ** 0.5 * (len(scale) - 1)))]


def _signs(upper: np.ndarray, lower: np.ndarray) -> str:
    return "".join(_sign(u if abs(u) >= abs(w) else w) for u, w in zip(upper, lower, strict=True))


def _sign(share: float) -> str:
    if abs(share) < 0.1:
        return " "
    return "+" if share > 0 else "-"
