"""Which learning rate? A short trial in which the rate rises from almost nothing until the loss explodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet import nn, optim
from glassnet.core.random import fork_rng
from glassnet.errors import DataError, ValueRangeError, complain
from glassnet.train.feeds import feed_of
from glassnet.train.judging import loss_named
from glassnet.train.sanity import kept_optimizer
from glassnet.train.steps import Step, put

_FADING = 0.9  # of the running mean that smooths the losses
_EXPLODED = 4.0  # times the lowest loss: further up there is nothing to learn
_CLEAR = 5  # times its noise: a loss that has fallen this much has fallen
_AFTER_START = 5  # steps before the running mean means something


@dataclass(frozen=True, eq=False)
class RateTest:
    """The curve of a range test: `losses` (smoothed) at `rates`, and what it suggests.

    `suggestion` is the rate in the middle of the fall, `largest` the one at which the loss was lowest: above that
    training falls apart. A schedule that rises, such as one-cycle, may go up to a third of `largest`.
    """

    rates: np.ndarray
    losses: np.ndarray

    @property
    def lowest(self) -> int:
        """The place of the lowest loss; where it never fell beyond its noise, the place where it begins to rise."""
        start, noise = self.start()
        lowest = int(np.argmin(self.losses[_AFTER_START:])) + _AFTER_START
        if self.losses[lowest] < start - _CLEAR * noise:
            return lowest
        return int(np.flatnonzero(self.losses <= start + _CLEAR * noise)[-1])

    @property
    def largest(self) -> float:
        """The rate at which the loss was lowest."""
        return float(self.rates[self.lowest])

    @property
    def suggestion(self) -> float:
        """The rate in the middle of the fall, half-way down to the lowest loss: where the curve is steepest.

        A slope would be read off a few noisy steps; the middle is not. Without a clear fall, a tenth of `largest`.
        """
        start, noise = self.start()
        before = self.losses[: self.lowest + 1]
        if before[-1] >= start - _CLEAR * noise:
            return self.largest / 10
        above = np.flatnonzero(before > (start + float(before[-1])) / 2)
        return float(self.rates[int(above[-1]) if len(above) else 0])

    def start(self) -> tuple[float, float]:
        """The loss at rates that are too small to change anything, and how far it strays there."""
        third = self.losses[_AFTER_START : max(_AFTER_START + 2, len(self.losses) // 3)]
        middle = float(np.median(third))
        return middle, float(np.median(np.abs(third - middle)))

    def __repr__(self) -> str:
        return f"RateTest({len(self.rates)} steps: try {self.suggestion:.2g}, never above {self.largest:.2g})"


def find_rate(
    model: nn.Module,
    loss: Any,
    optimizer: optim.Optimizer,
    train: Any,
    *,
    smallest: float = 1e-6,
    largest: float = 10.0,
    steps: int = 200,
    batch_size: int = 32,
    prepare: Any = None,
) -> RateTest:
    """Train for some steps while the rate rises evenly on a logarithmic scale, and watch the loss.

    Model, optimiser and random numbers are afterwards what they were before. `train` is what `Trainer.fit` takes.

    Raises `ValueRangeError` for a range that does not rise, `DataError` when the loss is never a number.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> x = torch.randn(256, 4)
    >>> model = torch.nn.Linear(4, 1)
    >>> test = find_rate(model, "mse", torch.optim.SGD(model.parameters(), lr=0.1), (x, x.sum(1, keepdim=True)))
    >>> 0.01 < test.suggestion < test.largest < 3
    True

    Reference: Smith (2015), Cyclical learning rates for training neural networks, arXiv:1506.01186.
    """
    if not 0 < smallest < largest or steps < 20:
        got = f"find_rate: got rates from {smallest:g} to {largest:g} in {steps} steps"
        raise ValueRangeError(
            complain(got, "expected a range that rises, in 20 or more steps", "Try 1e-6 to 10 in 200")
        )
    numbers = {name: t.array.copy() for name, t in model.state_dict().items()}
    training = model.training
    rates = np.geomspace(smallest, largest, steps)
    with fork_rng(), kept_optimizer(optimizer):
        model.train()
        feed = feed_of(train, batch_size, prepare=prepare)
        losses = _climb(Step(model, loss_named(loss), optimizer), optimizer, feed, rates)
    model.train(training)
    for name, t in model.state_dict().items():
        put(t, numbers[name])
    if len(losses) <= _AFTER_START + 2:
        got = f"find_rate: got a loss that is not a number after {len(losses)} steps"
        raise DataError(complain(got, "expected one that can be followed", "Try a smaller range, or check the data"))
    return RateTest(rates[: len(losses)], np.array(losses))


def _climb(step: Step, optimizer: optim.Optimizer, feed: Any, rates: np.ndarray) -> list[float]:
    """The smoothed loss at each rate, until it explodes. Groups keep the proportions of their rates."""
    first = float(optimizer.param_groups[0]["lr"])
    shares = [float(group["lr"]) / first if first else 1.0 for group in optimizer.param_groups]
    mean, losses = 0.0, list[float]()
    for i, (rate, batch) in enumerate(zip(rates, _endless(feed), strict=False)):
        for group, share in zip(optimizer.param_groups, shares, strict=True):
            group["lr"] = float(rate) * share
        put(step.total, 0.0)
        step(*batch)
        now = float(step.total.array)
        mean = _FADING * mean + (1 - _FADING) * now
        smooth = mean / (1 - _FADING ** (i + 1))
        if not math.isfinite(now) or (i > _AFTER_START and smooth > _EXPLODED * min(losses[_AFTER_START:])):
            break
        losses.append(smooth)
    return losses


def _endless(feed: Any) -> Any:
    while True:
        yield from feed.passing()
