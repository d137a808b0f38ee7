"""The Laplace distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.core import factories, random
from glassnet.core.tensor import Tensor
from glassnet.distributions.distribution import NONE
from glassnet.distributions.location_scale import LocationScale


class Laplace(LocationScale):
    """Numbers around loc with exponential tails on both sides: density exp(-|x - loc| / scale) / (2 scale).

    loc and scale are tensors that broadcast, or numbers; ValueRangeError for a scale that is not above 0.

    >>> import glassnet as torch
    >>> torch.distributions.Laplace(0.0, 2.0).log_prob(torch.tensor([0.0, -2.0]))
    tensor([-1.3863, -2.3863])
    """

    @property
    def variance(self) -> Tensor:
        """2 scale^2."""
        return 2 * self.scale.pow(2)

    @property
    def stddev(self) -> Tensor:
        """scale sqrt(2)."""
        return 2**0.5 * self.scale

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """loc - scale sign(u) log(1 - |u|) with u from -1 to 1: gradients flow on to loc and scale."""
        shape, dtype = tuple(self._extended_shape(sample_shape)), self.loc.array.dtype
        low = float(np.finfo(dtype).eps) - 1  # so that 1 - |u| is never 0
        u = factories.draw(random.uniform, shape=shape, low=low, high=1.0, dtype=dtype)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw up to a value."""
        if self._validate_args:
            self._validate_sample(value)
        away = value - self.loc
        return 0.5 - 0.5 * away.sign() * (-away.abs() / self.scale).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        """The value up to which draws have a probability."""
        away = value - 0.5
        return self.loc - self.scale * away.sign() * (-2 * away.abs()).log1p()

    def entropy(self) -> Tensor:
        """1 + log(2 scale)."""
        return 1 + (2 * self.scale).log()
