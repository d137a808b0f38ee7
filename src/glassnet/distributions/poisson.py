"""The Poisson distribution: how many events come in a time."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from glassnet.core import factories
from glassnet.core.elementwise import xlogy
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import NONE, Distribution, broadcast_all


class Poisson(Distribution):
    """Counts of events of which `rate` come on average: probability rate^k exp(-rate) / k!.

    rate is a tensor or a number; ValueRangeError for one below 0.

    >>> import glassnet as torch
    >>> torch.distributions.Poisson(2.0).log_prob(torch.tensor([0.0, 2.0]))
    tensor([-2.0000, -1.3069])
    """

    arg_constraints: Any = MappingProxyType({"rate": constraints.nonnegative})
    support = constraints.nonnegative_integer
    rate: Tensor

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """rate."""
        return self.rate

    @property
    def mode(self) -> Tensor:
        """rate, rounded down."""
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        """rate."""
        return self.rate

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Counts of shape sample_shape + batch_shape."""
        with no_grad():
            return factories.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """k log(rate) - rate - log(k!)."""
        if self._validate_args:
            self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return xlogy(value, rate) - rate - (value + 1).lgamma()
