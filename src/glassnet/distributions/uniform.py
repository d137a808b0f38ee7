"""The uniform distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.core import factories, random
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import NONE, Distribution, broadcast_all


class Uniform(Distribution):
    """Numbers from low to high, high itself left out, all equally likely: density 1 / (high - low).

    low and high are tensors that broadcast, or numbers; ValueRangeError unless low < high.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.distributions.Uniform(0.0, 2.0).sample((3,))
    tensor([0.9925, 1.5364, 0.1770])
    """

    has_rsample = True
    low: Tensor
    high: Tensor

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)

    @property
    def arg_constraints(self) -> Any:
        """low below high."""
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @property
    def support(self) -> constraints.Constraint:
        """low to high."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Tensor:
        """The middle."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Tensor:
        """NaN: no value is likelier than others."""
        return float("nan") * self.high

    @property
    def stddev(self) -> Tensor:
        """(high - low) / sqrt(12)."""
        return (self.high - self.low) / 12**0.5

    @property
    def variance(self) -> Tensor:
        """(high - low)^2 / 12."""
        return (self.high - self.low).pow(2) / 12

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """low + (high - low) u with u from 0 to 1: gradients flow on to low and high."""
        shape = tuple(self._extended_shape(sample_shape))
        u = factories.draw(random.uniform, shape=shape, dtype=self.low.array.dtype)
        return self.low + u * (self.high - self.low)

    def log_prob(self, value: Tensor) -> Tensor:
        """-log(high - low); outside, where nothing is checked, -inf."""
        if self._validate_args:
            self._validate_sample(value)
        inside = (self.low.le(value) & self.high.gt(value)).to(self.low.dtype)
        return inside.log() - (self.high - self.low).log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw up to a value."""
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which draws have a probability."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        """log(high - low)."""
        return (self.high - self.low).log()
