"""Values that a stranger may have written, as numbers and words of bounded length."""

from __future__ import annotations

import math
from typing import Any

MOST_SIGNS = 120


def number_of(value: Any) -> float | None:
    """A finite number, or None.

    >>> number_of(1), number_of(True), number_of("1"), number_of(float("nan"))
    (1.0, None, None, None)
    """
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if real else None


def text_of(value: Any) -> str:
    """A setting as words.

    >>> text_of([128, 64]), text_of(0.1), text_of(None)
    ('128, 64', '0.1', '')
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(text_of, value))[:MOST_SIGNS]
    return (f"{value:g}" if isinstance(value, float) else str(value))[:MOST_SIGNS]
