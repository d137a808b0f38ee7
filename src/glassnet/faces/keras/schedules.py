"""Rates that change with the number of steps taken, by Keras's names: each is called with that number."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Any

from glassnet.faces.keras.lookup import made_by
from glassnet.faces.keras.recorded import Recorded


class LearningRateSchedule(Recorded):
    """A rate for every step; one of your own has `__call__(self, step)`."""

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method __call__(step). Try writing one.")


class ExponentialDecay(LearningRateSchedule):
    """initial * rate ** (step / decay_steps); `staircase` counts whole stretches of decay_steps only.

    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
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


class PolynomialDecay(LearningRateSchedule):
    """From initial to end over decay_steps, along (1 - step / decay_steps) ** power; with `cycle`, over and over.

    In its second round it takes twice the steps, in its third three times as many, from the same height.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 1e-4,
        power: float = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial, self.steps, self.end, self.power = initial_learning_rate, decay_steps, end_learning_rate, power
        self.cycle = cycle

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        rounds = max(math.ceil(step / self.steps), 1) if self.cycle else 1
        steps = self.steps * rounds
        return (self.initial - self.end) * (1 - min(step, steps) / steps) ** self.power + self.end


class CosineDecay(LearningRateSchedule):
    """From initial to alpha * initial over decay_steps, along half a cosine (I. Loshchilov and F. Hutter, 2017).

    With `warmup_target`, the rate first climbs from initial to it over `warmup_steps`, and then falls from there.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str | None = None,
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial, self.steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.target, self.warmup = warmup_target, warmup_steps

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        if self.target is None:
            return self._fallen(step, self.initial)
        if step < self.warmup:
            return self.initial + (self.target - self.initial) * step / self.warmup
        return self._fallen(step - self.warmup, self.target)

    def _fallen(self, step: float, top: float) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * min(step, self.steps) / self.steps))
        return top * ((1 - self.alpha) * cosine + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine over first_decay_steps, then again, each time t_mul as long and from m_mul as high."""

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str | None = None,
    ) -> None:
        self.initial, self.first, self.alpha = initial_learning_rate, first_decay_steps, alpha
        self.t_mul, self.m_mul = t_mul, m_mul

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        begin, length, height = 0.0, float(self.first), 1.0
        while step >= begin + length:
            begin, length, height = begin + length, length * self.t_mul, height * self.m_mul
        cosine = 0.5 * height * (1 + math.cos(math.pi * (step - begin) / length))
        return self.initial * ((1 - self.alpha) * cosine + self.alpha)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] until step boundaries[i] (and in it), then the next.

    >>> schedule = PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01])
    >>> schedule(10), schedule(11), schedule(99)
    (0.1, 0.05, 0.01)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str | None = None) -> None:
        self.boundaries, self.values = list(boundaries), list(values)

    def __call__(self, step: int) -> float:
        """The rate of a step."""
        return self.values[bisect.bisect_left(self.boundaries, step)]


NAMES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(ExponentialDecay, InverseTimeDecay, PolynomialDecay),
        *(CosineDecay, CosineDecayRestarts, PiecewiseConstantDecay),
    )
}


def get(identifier: Any) -> Any:
    """The schedule of a configuration."""
    return made_by("schedule", identifier, NAMES)
