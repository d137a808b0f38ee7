"""The log-normal distribution."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import NONE, Distribution
from glassnet.distributions.normal import Normal


class LogNormal(Distribution):
    """Numbers above 0 whose logarithm is normal with mean loc and standard deviation scale.

    loc and scale are tensors that broadcast, or numbers; ValueRangeError for a scale that is not above 0.

    >>> import glassnet as torch
    >>> torch.distributions.LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    arg_constraints: Any = MappingProxyType({"loc": constraints.real, "scale": constraints.positive})
    support = constraints.positive
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.base_dist = Normal(loc, scale, validate_args=validate_args)
        super().__init__(self.base_dist.batch_shape, validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        """The mean of the logarithm."""
        return self.base_dist.loc

    @property
    def scale(self) -> Tensor:
        """The standard deviation of the logarithm."""
        return self.base_dist.scale

    def expand(self, batch_shape: Sequence[int]) -> Any:
        """The same distribution repeated to another batch_shape."""
        new = super().expand(batch_shape)
        new.base_dist = self.base_dist.expand(batch_shape)
        return new

    @property
    def mean(self) -> Tensor:
        """exp(loc + scale^2 / 2)."""
        return (self.loc + self.scale.pow(2) / 2).exp()

    @property
    def mode(self) -> Tensor:
        """exp(loc - scale^2)."""
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Tensor:
        """(exp(scale^2) - 1) exp(2 loc + scale^2)."""
        spread = self.scale.pow(2)
        return spread.expm1() * (2 * self.loc + spread).exp()

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """exp of a normal draw: gradients flow on to loc and scale."""
        return self.base_dist.rsample(sample_shape).exp()

    def log_prob(self, value: Tensor) -> Tensor:
        """The normal log-density of log(x), less log(x)."""
        if self._validate_args:
            self._validate_sample(value)
        log = value.log()
        return self.base_dist.log_prob(log) - log

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw up to a value."""
        if self._validate_args:
            self._validate_sample(value)
        return self.base_dist.cdf(value.log())

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which draws have a probability."""
        return self.base_dist.icdf(value).exp()

    def entropy(self) -> Tensor:
        """That of the normal, plus loc."""
        return self.base_dist.entropy() + self.loc

    def __repr__(self) -> str:
        return "LogNormal()"
