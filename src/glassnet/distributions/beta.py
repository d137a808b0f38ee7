"""The beta distribution: one share of a whole, between 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from glassnet.core import layout
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.dirichlet import Dirichlet
from glassnet.distributions.distribution import NONE, Distribution, broadcast_all
from glassnet.distributions.gamma import need_constant


class Beta(Distribution):
    """Numbers from 0 to 1 with density proportional to x^(a-1) (1-x)^(b-1): concentration1 a and concentration0 b.

    Both are tensors that broadcast, or numbers; ValueRangeError unless they are above 0. Draws are PyTorch's, but no
    gradient flows through them: `rsample` refuses parameters that ask for one.

    >>> import glassnet as torch
    >>> torch.distributions.Beta(2.0, 6.0).mean
    tensor(0.2500)
    """

    arg_constraints: Any = MappingProxyType(
        {"concentration1": constraints.positive, "concentration0": constraints.positive}
    )
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        shares = layout.stack(list(broadcast_all(concentration1, concentration0)), -1)
        self.shares = Dirichlet(shares, validate_args)
        super().__init__(self.shares.batch_shape, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int]) -> Any:
        """The same distribution repeated to another batch_shape."""
        new = super().expand(batch_shape)
        new.shares = self.shares.expand(batch_shape)
        return new

    @property
    def concentration1(self) -> Tensor:
        """The power of x, plus 1."""
        return self.shares.concentration[..., 0]

    @property
    def concentration0(self) -> Tensor:
        """The power of 1 - x, plus 1."""
        return self.shares.concentration[..., 1]

    @property
    def mean(self) -> Tensor:
        """a / (a + b)."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        """The most likely value."""
        return self.shares.mode[..., 0]

    @property
    def variance(self) -> Tensor:
        """a b / ((a + b)^2 (a + b + 1))."""
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """The first share of a Dirichlet draw."""
        need_constant("Beta", self.shares.concentration)
        return self.sample(sample_shape)

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """The first share of a Dirichlet draw."""
        return self.shares.sample(sample_shape)[..., 0]

    def log_prob(self, value: Tensor) -> Tensor:
        """(a - 1) log(x) + (b - 1) log(1 - x) - log B(a, b)."""
        if self._validate_args:
            self._validate_sample(value)
        return self.shares.log_prob(layout.stack([value, 1.0 - value], -1))

    def entropy(self) -> Tensor:
        """That of the two shares."""
        return self.shares.entropy()

    def __repr__(self) -> str:
        return "Beta()"
