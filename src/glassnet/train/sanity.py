"""Can the network learn anything at all? Before a long training, let it learn one batch by heart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet import nn, optim
from glassnet.core.random import fork_rng
from glassnet.train.feeds import feed_of
from glassnet.train.judging import loss_named
from glassnet.train.steps import Step, put

_GOAL = 0.05  # of the first loss: what is left when a batch is known by heart


@dataclass(frozen=True, eq=False)
class Overfit:
    """What came of learning one batch by heart: the first and last loss, and after how many steps."""

    passed: bool
    first: float
    last: float
    steps: int
    losses: np.ndarray

    def __str__(self) -> str:
        word = "PASS" if self.passed else "FAIL"
        return f"{word}: loss {self.first:.4g} → {self.last:.4g} in {self.steps} steps on one batch"


def overfit_one_batch(
    model: nn.Module,
    loss: Any,
    optimizer: optim.Optimizer,
    batch: Any,
    *,
    steps: int = 500,
    goal: float = _GOAL,
    prepare: Any = None,
) -> Overfit:
    """Learn one batch `(x, y)` until its loss has fallen to `goal` times the first, in at most so many steps.

    Dropout rests meanwhile, for it would stand in the way. Model, optimiser and random numbers are afterwards what they
    were before. A network that fails has a wrong loss, rate or start, or layers through which no gradient comes.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    >>> x, y = torch.randn(8, 2), torch.tensor([0, 1] * 4)
    >>> check = overfit_one_batch(model, "cross_entropy", torch.optim.Adam(model.parameters(), lr=0.05), (x, y))
    >>> check.passed
    True
    """
    numbers = {name: t.array.copy() for name, t in model.state_dict().items()}
    training, resting = model.training, [m for m in model.modules() if type(m).__name__.endswith("Dropout")]
    with fork_rng(), kept_optimizer(optimizer):
        model.train()
        for layer in resting:
            layer.eval()
        x = next(iter(feed_of(batch, 0, shuffle=False, prepare=prepare)))
        losses = _learn(Step(model, loss_named(loss), optimizer), x, steps, goal)
        model.train(training)
    for name, t in model.state_dict().items():
        put(t, numbers[name])
    return Overfit(losses[-1] <= goal * losses[0], losses[0], losses[-1], len(losses), np.array(losses))


def _learn(step: Step, batch: Any, steps: int, goal: float) -> list[float]:
    losses: list[float] = []
    for _ in range(steps):
        put(step.total, 0.0)
        step(*batch)
        losses.append(float(step.total.array))
        if not math.isfinite(losses[-1]) or losses[-1] <= goal * losses[0]:
            break
    return losses


class kept_optimizer:  # noqa: N801 - used like a function
    """Within the block an optimiser may learn; afterwards its state and its rates are what they were."""

    def __init__(self, optimizer: optim.Optimizer) -> None:
        self.optimizer = optimizer

    def __enter__(self) -> None:
        from glassnet.train.saving import copied

        self.state = copied(self.optimizer.state_dict())

    def __exit__(self, *exc: object) -> None:
        self.optimizer.load_state_dict(self.state)
