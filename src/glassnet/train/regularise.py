"""What keeps a network from learning its examples by heart; each piece is usable by itself in any training step.

All of it consists of tensor operations, so a step that contains it is recorded and replayed like any other:

>>> import glassnet as torch
>>> from glassnet import nn
>>> model = nn.Linear(2, 1)
>>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
>>> average = Average(model.parameters(), decay=0.9)
>>> @torch.compile
... def step(x, y):
...     optimizer.zero_grad()
...     loss = nn.functional.mse_loss(model(x), y)
...     (loss + penalty(model.parameters(), l2=0.001)).backward()
...     nn.utils.clip_grad_norm_(model.parameters(), 1.0)
...     optimizer.step()
...     max_norm_(model.parameters(), 2.0)
...     average.update()
...     return loss.detach()
>>> losses = [step(torch.ones(4, 2), torch.ones(4, 1)) for _ in range(5)]
>>> step.replays > 0, int(average.updates)
(True, 5)
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from glassnet.core import ops, random
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor, touched, wrap
from glassnet.errors import ValueRangeError, complain
from glassnet.nn.utils.shortening import shortening

_SAFE = 1e-7  # keeps a row of zeros from being divided by its length


def matrices(parameters: Iterable[Tensor]) -> list[Tensor]:
    """The weights among parameters: those of more than one axis. Biases and scales are left free."""
    return [p for p in parameters if p.array.ndim > 1]


def penalty(parameters: Iterable[Tensor], l1: float = 0.0, l2: float = 0.0) -> Tensor | float:
    """l1·Σ|W| + l2·ΣW² over all weights, biases left out: add it to the loss. 0.0 if both are 0.

    >>> import glassnet as torch
    >>> penalty([torch.tensor([[3.0, -4.0]]), torch.tensor([5.0])], l1=0.1, l2=0.01)
    tensor(0.9500)

    References: Tikhonov (1943) for squares; Tibshirani (1996) for absolute values.
    """
    total: Tensor | float = 0.0
    for W in matrices(parameters):
        if l1:
            total = total + l1 * W.abs().sum()
        if l2:
            total = total + l2 * (W * W).sum()
    return total


def max_norm_(parameters: Iterable[Tensor], longest: float) -> None:
    """Shorten, in place, the weights that come into a unit (a row of W) to at most `longest`.

    w ← w · min(1, longest / ‖w‖).

    >>> import glassnet as torch
    >>> W = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> max_norm_([W], 1.0)
    >>> W
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])

    Reference: Srebro and Shraibman (2005); Srivastava et al. (2014).
    """
    if not longest > 0:
        raise ValueRangeError(complain(f"max_norm_: got {longest}", "expected a length above 0", "Try 3.0"))
    with no_grad():
        for W in matrices(parameters):
            W.mul_(row_shares(row_lengths(W), W, longest))


def row_lengths(W: Tensor) -> Tensor:
    """The length of all that comes into each unit, `(units,)`: the rows of `max_norm_`."""
    rows = W.detach().reshape(W.array.shape[0], -1)  # (units, all that comes in), whatever the axes of W
    return (rows * rows).sum(1).sqrt()


def row_shares(lengths: Tensor, W: Tensor, longest: float) -> Tensor:
    """What is left of each row, shaped so that W can be multiplied by it."""
    return shortening(lengths, longest, _SAFE).reshape(-1, *[1] * (W.array.ndim - 1))


def mixed(x: Tensor, share: Tensor) -> Tensor:
    """Each example mixed with its partner: share·x + (1 − share)·(x from last to first).

    In a batch in random order the partner is a random one.

    >>> import glassnet as torch
    >>> mixed(torch.tensor([[0.0], [1.0]]), torch.tensor(0.75))
    tensor([[0.2500],
            [0.7500]])

    Reference: Zhang et al. (2018).
    """
    return mixture(x, x.flip(0), share)


def mixture(own: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Of one's own the share, of the other the rest: examples are mixed so, and their losses."""
    return share * own + (1 - share) * other


def beta(a: float) -> float:
    """A draw from the distribution Beta(a, a) on 0 to 1, from the default stream.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> 0 < beta(0.2) < 1
    True

    Reference: Marsaglia and Tsang (2000), for the two gammas it is made of.
    """
    first, second = _gamma(a), _gamma(a)
    return first / (first + second) if first + second else 0.5


def _gamma(a: float) -> float:
    if a < 1:
        return _gamma(a + 1) * float(random.uniform((), dtype=np.float64)) ** (1 / a)
    d = a - 1 / 3
    while True:
        z, u = float(random.normal((), dtype=np.float64)), float(random.uniform((), dtype=np.float64))
        v = (1 + z / (9 * d) ** 0.5) ** 3
        if v > 0 and np.log(max(u, 1e-300)) < 0.5 * z * z + d - d * v + d * np.log(v):
            return d * v


def moved(mean: Tensor, w: Tensor, keep: Tensor) -> Tensor:
    """An average on its way to new weights, of which it takes what it does not keep of itself."""
    return mean + (1 - keep) * (w - mean)


class Average:
    """An average of parameters over a training: fading (`decay`), or the plain mean of all updates (`decay=None`).

    - With a decay: mean ← mean + (1 − d)·(w − mean), where d = min(decay, (1 + t)/(10 + t)) after t updates, so that
      the first weights are soon forgotten. To be updated after every step: an exponential moving average (EMA).
    - Without: mean ← mean + (w − mean)/t. To be updated after every epoch: stochastic weight averaging (SWA).

    >>> import glassnet as torch
    >>> w = torch.tensor([1.0], requires_grad=True)
    >>> mean = Average([w])
    >>> mean.update()
    >>> w.data[0] = 3.0
    >>> mean.update()
    >>> with mean.in_place():
    ...     w
    tensor([2.], requires_grad=True)
    >>> w
    tensor([3.], requires_grad=True)

    References: Polyak and Juditsky (1992); Izmailov et al. (2018).
    """

    def __init__(self, parameters: Iterable[Tensor], decay: float | None = None) -> None:
        if decay is not None and not 0 <= decay < 1:
            got = f"Average: got decay={decay}"
            raise ValueRangeError(complain(got, "expected at least 0 and below 1", "Try decay=0.999"))
        self.parameters: Sequence[Tensor] = list(parameters)
        self.decay = decay
        self.mean = wrap(np.concatenate([p.array.reshape(-1) for p in self.parameters]))
        self.updates = wrap(np.zeros((), np.float32))
        self.mean.name, self.updates.name = "average", "t"

    def update(self) -> None:
        """Take the present weights into the average."""
        with no_grad():
            self.updates.add_(1.0)
            w = ops.pack(*[p.detach() for p in self.parameters])
            self.mean.copy_(moved(self.mean, w, self.keeps(self.updates)))

    def keeps(self, t: Tensor) -> Tensor:
        """What the average keeps of itself at update t: d."""
        return 1 - 1 / t if self.decay is None else ops.minimum((1 + t) / (10 + t), self.decay)

    @contextmanager
    def in_place(self) -> Generator[None]:
        """Within the block the parameters are the average; afterwards they are themselves again."""
        kept = [p.array.copy() for p in self.parameters]
        self.apply()
        try:
            yield
        finally:
            for p, array in zip(self.parameters, kept, strict=True):
                _put(p, array)

    def apply(self) -> None:
        """Make the parameters the average, for good. Before the first update this changes nothing."""
        if not self.updates.array:
            return
        at = 0
        for p in self.parameters:
            _put(p, self.mean.array[at : at + p.array.size].reshape(p.array.shape))
            at += p.array.size

    def state_dict(self) -> dict[str, Any]:
        """The average so far, and of how many updates."""
        return {"mean": self.mean.array.copy(), "updates": float(self.updates.array)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from them."""
        _put(self.mean, state["mean"])
        _put(self.updates, state["updates"])


def _put(t: Tensor, values: Any) -> None:
    """New numbers in the memory that is there: recorded steps go on with it."""
    t.array[...] = values
    touched(t)
