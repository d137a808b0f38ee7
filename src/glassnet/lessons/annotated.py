"""Code whose lines say what they do and why, when a pointer rests on them or the keyboard reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = "padding:2px 8px;border-left:3px solid #0877bd;margin:1px 0;white-space:pre;font-family:monospace"


class Annotated:
    """Lines of code, each with what it does and why; a notebook shows them on hovering, a terminal beside each other.

    >>> Annotated([("w -= rate * slope", "moves w downhill", "the slope points uphill")])
    w -= rate * slope    moves w downhill: the slope points uphill
    """

    def __init__(self, lines: Sequence[tuple[str, str, str]]) -> None:
        self.lines = list(lines)

    def __repr__(self) -> str:
        width = max((len(code) for code, _, _ in self.lines), default=0)
        return "\n".join(f"{code:<{width}}    {what}: {why}" for code, what, why in self.lines)

    def _repr_html_(self) -> str:
        rows = [
            f'<div tabindex="0" style="{_STYLE}" title="{escape(f"{what}: {why}")}">{escape(code)}</div>'
            for code, what, why in self.lines
        ]
        return f"<div>{''.join(rows)}</div>"
