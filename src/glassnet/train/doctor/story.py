"""The story of a training in a few lines: how the losses stood, and what a doctor would have said at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from glassnet.train.doctor.case import Epoch
from glassnet.train.doctor.in_learning import LEARNT, forgets


class Moment(NamedTuple):
    """How it stood after an epoch."""

    epoch: float
    loss: float
    held_loss: float
    verdict: str


def story(epochs: Sequence[Epoch], most: int = 8) -> list[Moment]:
    """What was to be said after each epoch, from what was known by then; of many epochs, a few that tell it.

    The first, the last and the best are always among them; the others lie at growing distances, as learning slows down.

    >>> for moment in story([Epoch(1, 2.3, 2.3), Epoch(10, 0.1, 0.3), Epoch(50, 0.001, 0.5)]):
    ...     print(*moment)
    1 2.3 2.3 starting
    10 0.1 0.3 learning well
    50 0.001 0.5 overfitting
    """
    told = [Moment(e.epoch, e.loss, e.held_loss, _verdict(epochs[: i + 1])) for i, e in enumerate(epochs)]
    return [told[i] for i in _places(epochs, most)]


def _verdict(known: Sequence[Epoch]) -> str:
    first, last = known[0], known[-1]
    best = min(known, key=lambda e: e.held_loss)
    if len(known) == 1:
        return "starting"
    if forgets(best, last):
        return "overfitting"
    fell = last.loss < LEARNT * first.loss and last.held_loss < LEARNT * first.held_loss
    return "learning well" if fell else "no progress"


def _places(epochs: Sequence[Epoch], most: int) -> list[int]:
    n = len(epochs)
    if n <= most:
        return list(range(n))
    best = min(range(n), key=lambda i: epochs[i].held_loss)
    growing = {round(n ** (k / (most - 2))) - 1 for k in range(most - 1)}
    return sorted({0, best, n - 1, *growing})
