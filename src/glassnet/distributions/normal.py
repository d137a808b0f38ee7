"""The normal distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

from glassnet.core import factories, ops, random
from glassnet.core.tensor import Tensor
from glassnet.distributions.distribution import NONE
from glassnet.distributions.location_scale import LocationScale


class Normal(LocationScale):
    """Numbers around loc with standard deviation scale: density exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi)).

    loc and scale are tensors that broadcast, or numbers; ValueRangeError for a scale that is not above 0.

    >>> import glassnet as torch
    >>> _ = torch.manual_seed(0)
    >>> n = torch.distributions.Normal(torch.tensor([0.0, 10.0]), 2.0)
    >>> n.sample()
    tensor([3.0820, 9.4131])
    >>> n.log_prob(torch.tensor([0.0, 12.0]))
    tensor([-1.6121, -2.1121])
    """

    @property
    def stddev(self) -> Tensor:
        """scale."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """scale^2."""
        return self.scale.pow(2)

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """loc + scale z with standard normal z: gradients flow on to loc and scale.

        D. P. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR 2014.
        """
        shape = tuple(self._extended_shape(sample_shape))
        return self.loc + factories.draw(random.normal, shape=shape, dtype=self.loc.array.dtype) * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw up to a value: (1 + erf((value - loc) / (scale sqrt 2))) / 2."""
        if self._validate_args:
            self._validate_sample(value)
        return 0.5 * (1 + ((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)).erf())

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which draws have a probability: loc + scale sqrt(2) erfinv(2 value - 1)."""
        return self.loc + self.scale * ops.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Tensor:
        """(1 + log(2 pi)) / 2 + log(scale)."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()
