"""The Dirichlet distribution: shares of a whole."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from glassnet.core import factories, rejection
from glassnet.core.elementwise import digamma, xlogy
from glassnet.core.layout import where
from glassnet.core.mode import no_grad
from glassnet.core.tensor import Tensor
from glassnet.distributions import constraints
from glassnet.distributions.distribution import NONE, Distribution
from glassnet.distributions.gamma import need_constant
from glassnet.errors import ShapeError, complain
from glassnet.nn.functional import one_hot


class Dirichlet(Distribution):
    """Vectors of shares that add up to 1, with density proportional to Π x_i^(c_i - 1): the concentrations c.

    concentration is (..., shares), every number above 0. Draws are PyTorch's, but no gradient flows through them:
    `rsample` refuses a concentration that asks for one.

    >>> import glassnet as torch
    >>> torch.distributions.Dirichlet(torch.tensor([1.0, 2.0, 3.0])).mean
    tensor([0.1667, 0.3333, 0.5000])
    """

    arg_constraints: Any = MappingProxyType({"concentration": constraints.independent(constraints.positive, 1)})
    support = constraints.simplex
    has_rsample = True
    _param_dims = 1
    concentration: Tensor

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            got = "Dirichlet: got a concentration without an axis"
            raise ShapeError(complain(got, "expected one for each share", "Try torch.ones(3)"))
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args)

    @property
    def mean(self) -> Tensor:
        """The concentrations over their sum."""
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        """What is above 1 in each concentration, over the sum; all in the first of the shares if nothing is."""
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        nothing = self.concentration.lt(1).all(-1, True)
        corner = one_hot(mode.argmax(-1), self._event_shape[0]).to(mode.dtype)
        return where(nothing, corner, mode)

    @property
    def variance(self) -> Tensor:
        """c (s - c) / (s^2 (s + 1)), where s is the sum of the concentrations."""
        c, total = self.concentration, self.concentration.sum(-1, True)
        return c * (total - c) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Gamma numbers over their sum."""
        need_constant("Dirichlet", self.concentration)
        return self.sample(sample_shape)

    def sample(self, sample_shape: Sequence[int] = NONE) -> Tensor:
        """Gamma numbers over their sum."""
        with no_grad():
            each = self.concentration.expand(self._extended_shape(sample_shape)).read("Dirichlet.sample")
            return factories.draw(rejection.dirichlet, concentration=each)

    def log_prob(self, value: Tensor) -> Tensor:
        """Σ (c_i - 1) log(x_i) + log Γ(Σ c_i) - Σ log Γ(c_i)."""
        if self._validate_args:
            self._validate_sample(value)
        c = self.concentration
        return xlogy(c - 1.0, value).sum(-1) + c.sum(-1).lgamma() - c.lgamma().sum(-1)

    def entropy(self) -> Tensor:
        """Σ log Γ(c_i) - log Γ(s) - (k - s) ψ(s) - Σ (c_i - 1) ψ(c_i), where s is the sum of k concentrations."""
        c, total = self.concentration, self.concentration.sum(-1)
        spread = c.lgamma().sum(-1) - total.lgamma() - (c.shape[-1] - total) * digamma(total)
        return spread - ((c - 1.0) * digamma(c)).sum(-1)
