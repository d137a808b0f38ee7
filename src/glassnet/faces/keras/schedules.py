"""Rates that change with the number of steps taken, by Keras's names: each is called with that number."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence


class ExponentialDecay:
    """initial * rate ** (step / decay_steps); `staircase` counts whole stretches of decay_steps only.

    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.025
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False):
        self.initial, self.steps, self.rate, self.staircase = initial_learning_rate, decay_steps, decay_rate, staircase

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return self.initial * self.rate ** self._stretches(step)

    def _stretches(self, step: int) -> float:
        return step // self.steps if self.staircase else step / self.steps


class InverseTimeDecay(ExponentialDecay):
    """initial / (1 + rate * step / decay_steps)."""

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return self.initial / (1 + self.rate * self._stretches(step))


class PolynomialDecay:
    """From initial to end over decay_steps, along (1 - step / decay_steps) ** power."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 1e-4, power: float = 1.0
    ) -> None:
        self.initial, self.steps, self.end, self.power = initial_learning_rate, decay_steps, end_learning_rate, power

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return (self.initial - self.end) * (1 - min(step, self.steps) / self.steps) ** self.power + self.end


class CosineDecay:
    """From initial to alpha * initial over decay_steps, along half a cosine (I. Loshchilov and F. Hutter, 2017)."""

    def __init__(self, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0) -> None:
        self.initial, self.steps, self.alpha = initial_learning_rate, decay_steps, alpha

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(step, self.steps) / self.steps))
        return self.initial * ((1 - self.alpha) * cosine + self.alpha)


class PiecewiseConstantDecay:
    """values[i] until step boundaries[i] (and in it), then the next.

    >>> schedule = PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01])
    >>> schedule(10), schedule(11), schedule(99)
    (0.1, 0.05, 0.01)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float]) -> None:
        self.boundaries, self.values = list(boundaries), list(values)

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return self.values[bisect.bisect_left(self.boundaries, step)]
