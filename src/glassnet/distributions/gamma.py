"""The gamma distribution."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from glassnet.core import dtypes, factories, rejection
from glassnet.core.elementwise import digamma, xlogy
from glassnet.core.mode import mode, no_grad
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import NONE, Distribution, broadcast_all
from glassnet.errors import GradientError, complain


def need_constant(kind: str, *parameters: Tensor) -> None:
    """Refuse a draw through which a gradient is asked for, where there is no formula for it."""
    if mode.grad and any(p.requires_grad for p in parameters):
        got = f"{kind}.rsample: got parameters that gradients flow to"
        hint = "Try sample(), and log_prob(draw) times what the draw was worth"
        raise GradientError(complain(got, "expected constants, because glassnet has no slope of such a draw", hint))


class Gamma(Distribution):
    """Numbers above 0 with density rate^c x^(c-1) exp(-rate x) / Γ(c), where c is the concentration.

    Both are tensors that broadcast, or numbers; ValueRangeError unless they are above 0. Draws are PyTorch's, but no
    gradient flows through them: `rsample` refuses parameters that ask for one.

    >>> import glassnet as torch
    >>> torch.distributions.Gamma(2.0, 1.0).log_prob(torch.tensor(1.0))
    tensor(-1.)
    """

    arg_constraints: Any = MappingProxyType({"concentration": constraints.positive, "rate": constraints.positive})
    support = constraints.nonnegative
    has_rsample = True
    concentration: Tensor
    rate: Tensor

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """concentration / rate."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        """(concentration - 1) / rate, or 0."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        """concentration / rate^2."""
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Draws at rate 1, over rate."""
        need_constant("Gamma", self.concentration, self.rate)
        return self.sample(sample_shape)

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Draws at rate 1, over rate."""
        with no_grad():
            each = self.concentration.expand(self._extended_shape(sample_shape)).read("Gamma.sample")
            drawn = factories.draw(rejection.gamma, concentration=each)
            return (drawn / self.rate).clamp(min=dtypes.finfo(self.rate.dtype).tiny)

    def log_prob(self, value: Tensor) -> Tensor:
        """c log(rate) + (c - 1) log(x) - rate x - log Γ(c)."""
        if self._validate_args:
            self._validate_sample(value)
        c = self.concentration
        return xlogy(c, self.rate) + xlogy(c - 1, value) - self.rate * value - c.lgamma()

    def entropy(self) -> Tensor:
        """c - log(rate) + log Γ(c) + (1 - c) ψ(c), where ψ is the slope of log Γ."""
        c = self.concentration
        return c - self.rate.log() + c.lgamma() + (1.0 - c) * digamma(c)
