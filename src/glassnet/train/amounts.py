"""Figures in a target's own units, as one would write them: prices as much as shares."""

from __future__ import annotations

_WHOLE, _HUGE = 999.95, 1e15


def amount(value: float) -> str:
    """Four digits, and all that stand before the point: thousands are written plainly.

    >>> [amount(v) for v in (587_100.4, -1234.5, 12.3456, 0.00012346, 1e20)]
    ['587,100', '-1,234', '12.35', '0.0001235', '1e+20']
    """
    return f"{value:,.0f}" if _WHOLE <= abs(value) < _HUGE else f"{value:.4g}"
