"""How the learning rate changes while training goes on: factors of the highest rate, as functions of the time.

`t` runs from 0 at the first step to 1 at the end. `rate_at` puts a rise in front of any of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

_LOWEST = 1 / 25  # of the highest rate: where one-cycle starts


def _one_cycle(t: float) -> float:
    """A rise for three tenths of the time, then a fall to nothing, both along a cosine (Smith and Topin, 2017)."""
    if t < 0.3:
        return _LOWEST + (1 - _LOWEST) * (1 - math.cos(math.pi * t / 0.3)) / 2
    return _cosine((t - 0.3) / 0.7)


def _cosine(t: float) -> float:
    """Half a wave, from 1 to 0 (Loshchilov and Hutter, 2017)."""
    return (1 + math.cos(math.pi * t)) / 2


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda t: 1.0,
    "linear": lambda t: 1.0 - t,
    "cosine": _cosine,
    "one-cycle": _one_cycle,
    "step": lambda t: 0.1 ** int(3 * t),  # a tenth after each third
    "exponential": lambda t: 0.01**t,
}


def rate_at(name: str, highest: float, t: float, warm_up: float = 0.0) -> float:
    """The learning rate at the time t, `0 <= t <= 1`, of which the first `warm_up` are a straight rise from 0.

    >>> [round(rate_at("linear", 0.1, t, warm_up=0.5), 3) for t in (0, 0.25, 0.5, 0.75, 1)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """
    if t < warm_up:
        return highest * t / warm_up
    return highest * SCHEDULES[name]((t - warm_up) / (1 - warm_up))
